//! Turns what SQLite says into words that tell the caller what to do, and into nothing else.

use rusqlite::{Error, ErrorCode};

use super::session::{Denied, MAX_VALUE, Session};
use crate::warehouse::{Position, WarehouseError, catalogue::nearest, guard::SQLITE};

/// Longest message of the engine that is passed on, in characters.
const MAX_MESSAGE: usize = 300;

pub(super) fn of(session: &Session, sql: &str, error: &Error) -> WarehouseError {
    let (code, message, offset) = match error {
        Error::SqlInputError { error, msg, offset, .. } => {
            (error.code, msg.as_str(), usize::try_from(*offset).ok())
        }
        Error::SqliteFailure(error, message) => {
            (error.code, message.as_deref().unwrap_or("the engine gave no reason"), None)
        }
        Error::MultipleStatement => return WarehouseError::MultipleStatements { count: 2 },
        Error::NulError(_) => return syntax("it holds a NUL character", None),
        _ => return WarehouseError::WarehouseUnavailable,
    };
    let position = offset.and_then(|offset| position(sql, offset));
    match code {
        ErrorCode::AuthorizationForStatementDenied => match session.denied() {
            Some(Denied::Function(name)) => function(name),
            Some(Denied::Table(name)) => {
                WarehouseError::PermissionDeniedByWarehouse { what: format!("to read {name:?}") }
            }
            Some(Denied::Action) | None => {
                WarehouseError::ReadOnlyViolation { what: "This statement".to_owned() }
            }
        },
        ErrorCode::OperationInterrupted => WarehouseError::QueryTimeout { seconds: 0 },
        ErrorCode::ReadOnly => {
            WarehouseError::ReadOnlyViolation { what: "A statement that writes".to_owned() }
        }
        ErrorCode::TooBig => WarehouseError::ResultTooLarge { max_bytes: MAX_VALUE },
        ErrorCode::Unknown
        | ErrorCode::TypeMismatch
        | ErrorCode::ParameterOutOfRange
        | ErrorCode::ConstraintViolation => {
            if let Some(name) = message.strip_prefix("no such table: ") {
                return session
                    .catalogue
                    .find(name)
                    .map_or_else(|error| error, |_| WarehouseError::WarehouseUnavailable);
            }
            if let Some(name) = message.strip_prefix("no such function: ") {
                return function(name.chars().take(64).collect());
            }
            if let Some(name) = message.strip_prefix("no such column: ") {
                return syntax(&format!("{message}{}", nearest_columns(session, name)), position);
            }
            syntax(message, position)
        }
        _ => WarehouseError::WarehouseUnavailable,
    }
}

fn function(name: String) -> WarehouseError {
    WarehouseError::FunctionNotAllowed { name, dialect: SQLITE.name, allowed: SQLITE.functions }
}

fn syntax(message: &str, position: Option<Position>) -> WarehouseError {
    WarehouseError::SqlSyntax { message: message.chars().take(MAX_MESSAGE).collect(), position }
}

fn nearest_columns(session: &Session, written: &str) -> String {
    let name = written.rsplit('.').next().unwrap_or(written);
    let shown: Vec<(String, String)> = session
        .catalogue
        .tables()
        .iter()
        .flat_map(|t| {
            t.columns
                .iter()
                .map(|column| (column.name.clone(), format!("{}.{}", t.table.name, column.name)))
        })
        .collect();
    let close = nearest(name, shown.iter().map(|(name, shown)| (name.as_str(), shown.as_str())));
    if close.is_empty() {
        String::new()
    } else {
        format!(" (columns that are close: {})", close.join(", "))
    }
}

/// The engine counts bytes, people count lines and characters.
fn position(sql: &str, offset: usize) -> Option<Position> {
    let before = sql.get(..offset)?;
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() as u64 + 1;
    Some(Position { line, column })
}
