//! Warehouses from outside: what is refused, what comes back, and what stays bounded.

mod warehouse {
    mod cells;
    mod dialects;
    mod files;
    mod guard;
    mod limits;
    mod naming;
    mod refusals;
}
