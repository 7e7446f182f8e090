//! The command `lookout`, run as a person or a script runs it, against the fake.

#![cfg(all(feature = "cli", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test fails where its premise does")]

mod call;
mod failures;
mod help;
mod query;
mod sign_in;
mod support;
mod tools;
