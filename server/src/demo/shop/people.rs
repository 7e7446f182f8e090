//! The customers.

use jiff::{ToSpan, civil::Date};
use rusqlite::{Connection, Result, params};

use super::{
    generate::large,
    words::{COUNTRIES, FIRST_NAMES, LAST_NAMES},
};
use crate::demo::random::Random;

/// A person, until it is known what they bought.
pub(super) struct Customer {
    pub(super) signed_up: String,
    pub(super) country: usize,
    pub(super) orders: i64,
    pub(super) spent_cents: i64,
}

/// Writes every customer under their place in the list, counted from 1.
pub(super) fn write(
    connection: &Connection,
    random: &mut Random,
    first: Date,
    customers: &[Customer],
) -> Result<()> {
    let mut insert = connection
        .prepare("INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for (index, customer) in customers.iter().enumerate() {
        let id = index as i64 + 1;
        let name = format!("{} {}", random.pick(FIRST_NAMES), random.pick(LAST_NAMES));
        let born = random
            .chance(580)
            .then(|| first.saturating_sub(random.between(18 * 365, 80 * 365).days()).to_string());
        insert.execute(params![
            id,
            large(random),
            name,
            format!("customer{id}@example.com"),
            COUNTRIES.0[customer.country],
            customer.signed_up,
            born,
            random.chance(410),
            customer.spent_cents / 100,
            customer.orders
        ])?;
    }
    Ok(())
}
