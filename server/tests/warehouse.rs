//! Warehouses from outside: what is refused, what comes back, and what stays bounded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod warehouse {
    mod bounds;
    mod cells;
    mod dialects;
    mod files;
    mod guard;
    mod limits;
    mod naming;
    mod refusals;
}
