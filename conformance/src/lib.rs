//! A property-based conformance harness for MCP servers that are protected by OAuth 2.1.
//!
//! It acts as a client and as the person in the browser, over raw HTTP, against any server named
//! by its address: `lookout-conformance server --url http://127.0.0.1:8787`. The same run is a
//! function, [`run`].
//!
//! ```no_run
//! use lookout_conformance::{Options, Target, run};
//!
//! let target = Target::new("http://127.0.0.1:8787").with_person("ada@example.com", "password");
//! let report = run(&target, &Options::default())?;
//! assert_eq!(report.failures().count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Three rules hold everywhere. A claim fails only with a counterexample in hand. What could not be
//! tried is reported as not tested, never as passed. A server that drops the connection or answers
//! 5xx has refused nothing.
//!
//! This crate links no code of Lookout's server, client or schema, so it cannot share their
//! mistakes; what it knows of the tools it reads from the catalogue document.

pub mod catalogue;
pub mod check;
pub mod checks;
pub mod draft;
pub mod expected;
pub mod grade;
pub mod outcome;
pub mod profile;
pub mod replay;
pub mod report;
pub mod requirements;
pub mod secret;
pub mod serve;
pub mod target;

mod model;
mod peer;
mod probe;
mod property;
mod run;
mod transcript;

pub use crate::grade::{GradeError, GradeOptions, Launch, grade};
pub use crate::probe::Probe;
pub use crate::probe::site::Unusable;
pub use crate::report::Report;
pub use crate::run::{RunError, run, run_for, run_with};
pub use crate::target::{Options, Person, Target};
pub use crate::transcript::{Exchange, Party};
