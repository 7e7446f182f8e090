//! A model of an authorization server, and what it is compared with.
//!
//! Generated operations are carried out on the server under test. The model follows with a set of
//! worlds, each one way a conforming server of this profile may be; an answer that none of them
//! allows is a counterexample. Beside it a monitor that knows only approvals and endings watches
//! for life after death, so that a mistake in the model does not go unnoticed.
//!
//! The worlds, the monitor and the search for an order of concurrent operations are pure: they see
//! numbers and times, never a secret or a socket.

mod act;
pub(crate) mod event;
pub(crate) mod linear;
pub(crate) mod monitor;
pub(crate) mod narrate;
pub(crate) mod operation;
pub(crate) mod oracle;
pub(crate) mod play;
pub(crate) mod race;
pub(crate) mod rules;
pub(crate) mod stage;
mod step;
pub(crate) mod world;

#[cfg(test)]
mod tests;
