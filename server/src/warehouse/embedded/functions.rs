//! Arithmetic that analysts expect and this build of SQLite lacks.

use rusqlite::{Connection, Result, functions::FunctionFlags};

/// A function with its name in SQL.
type Named = (&'static str, fn(f64) -> f64);

/// Functions of one number. Outside its domain a function gives NULL, as in SQLite's own mathematics.
const OF_ONE: &[Named] = &[
    ("ceil", f64::ceil),
    ("ceiling", f64::ceil),
    ("exp", f64::exp),
    ("floor", f64::floor),
    ("ln", f64::ln),
    ("log10", f64::log10),
    ("log2", f64::log2),
    ("sqrt", f64::sqrt),
    ("trunc", f64::trunc),
];

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, compute) in OF_ONE {
        connection.create_scalar_function(*name, 1, flags, move |context| {
            Ok(context.get::<Option<f64>>(0)?.map(compute))
        })?;
    }
    for name in ["pow", "power"] {
        connection.create_scalar_function(name, 2, flags, |context| {
            Ok(context
                .get::<Option<f64>>(0)?
                .zip(context.get::<Option<f64>>(1)?)
                .map(|(base, exponent)| base.powf(exponent)))
        })?;
    }
    Ok(())
}
