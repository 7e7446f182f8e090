//! The demonstration shop, its dashboards and its documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod demo {
    mod dashboards;
    mod documents;
    mod shop;
}
