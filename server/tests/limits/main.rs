//! What strangers can do to the server: slow, large, many, often; and what a stop does to those who are being answered.
//!
//! Every protection is shown twice: with it the attack ends, and without it (a limit that is never reached) the same attack succeeds.

mod bodies;
mod connections;
mod http2;
mod measuring;
mod overload;
mod peer;
mod rates;
mod slow;
mod stop;

#[path = "../loopback/serving.rs"]
mod serving;
