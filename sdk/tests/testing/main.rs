//! The fake of `lookout_sdk::testing`, used as its users use it: every kind of answer and every fault, met by the real client.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a test fails where its premise does")]

mod answers;
mod faults;
mod signing_in;
mod wire;
