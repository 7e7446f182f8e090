//! The stores: SQLite and PostgreSQL give the same answers, and a throwaway PostgreSQL cluster to show it on.

mod throwaway;

#[path = "../cluster/cluster.rs"]
mod cluster;
