//! Measures what the server promises, on servers that run as processes of their own.
//!
//! A run loads one server or several replicas, kills and disturbs them meanwhile, and writes down everything that was asked and answered. Load test and
//! correctness test are one: the checkers judge the whole history afterwards. Nothing of the server is linked, everything stays on the loopback interface,
//! and a run ends by itself.

#[path = "../../tests/cluster/cluster.rs"]
mod cluster;

pub mod arena;
pub mod bounds;
pub mod check;
pub mod clock;
mod cores;
pub mod database;
pub mod disturb;
pub mod enough;
pub mod hammer;
pub mod history;
pub mod holdings;
pub mod isolation;
pub mod load;
mod overload;
pub mod person;
pub mod probe;
pub mod process;
pub mod random;
pub mod run;
pub mod site;
mod strangers;
pub mod table;
pub mod wire;
