//! Judges the text of a statement before any engine sees it.
//!
//! The text is parsed in the warehouse's dialect and must be exactly one query whose every part is known to only read: no body that changes
//! data at any depth, no `INTO`, no lock, functions from the dialect's list, tables from the [`Catalogue`]. What does not parse, or parses into
//! something that this module does not know, is refused.
//!
//! Invariant: the verdict depends on the text, the [`Rules`] and the catalogue alone; nothing is executed.
//!
//! Deliberately absent: rewriting. The engine gets the text that was judged, so that positions in its messages stay true.

mod known;
mod rules;
mod walk;

use std::{collections::BTreeSet, sync::Arc, thread};

use sqlparser::{
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

pub use self::rules::{Rules, SQLITE};
use super::{Catalogue, Position, WarehouseError};

/// Longest statement, in characters.
const MAX_CHARS: usize = 50_000;
/// Deepest nesting of brackets, which is what makes a parser slow.
const MAX_BRACKETS: usize = 40;
/// Deepest recursion of the parser.
const RECURSION: usize = 100;
/// Longest message of the parser that is passed on, in characters.
const MAX_MESSAGE: usize = 300;
/// From this many tokens on a chain such as `1+1+…` may build a tree too deep for a caller's stack, so a thread with a large one is used.
const SMALL: usize = 600;
/// Enough for a statement of the longest length that nests with every second character.
const LARGE_STACK: usize = 256 << 20;

/// What a statement that passed uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Names of its `:name` placeholders, without the colon.
    pub parameters: BTreeSet<String>,
    /// Qualified names of the tables it reads.
    pub tables: BTreeSet<String>,
    /// Names that it defines by `WITH`, in lower case.
    pub defined: BTreeSet<String>,
}

/// The judge of one warehouse.
#[derive(Clone, Debug)]
pub struct Guard {
    rules: &'static Rules,
    catalogue: Arc<Catalogue>,
}

impl Guard {
    /// A guard for a dialect over the tables that may be read.
    #[must_use]
    pub const fn new(rules: &'static Rules, catalogue: Arc<Catalogue>) -> Self {
        Self { rules, catalogue }
    }

    /// Judges one statement.
    ///
    /// # Errors
    /// [`WarehouseError::ReadOnlyViolation`], [`WarehouseError::MultipleStatements`], [`WarehouseError::SqlSyntax`],
    /// [`WarehouseError::FunctionNotAllowed`], and the errors of [`Catalogue::resolve`].
    pub fn check(&self, sql: &str) -> Result<Checked, WarehouseError> {
        if sql.chars().nth(MAX_CHARS).is_some() {
            return Err(syntax(format!("it is longer than {MAX_CHARS} characters")));
        }
        if sql.contains('\0') {
            return Err(syntax("it holds a NUL character"));
        }
        let dialect = (self.rules.dialect)();
        let tokens = Tokenizer::new(&*dialect, sql).tokenize_with_location().map_err(|error| {
            WarehouseError::SqlSyntax {
                message: short(&error.message),
                position: position(error.location.line, error.location.column),
            }
        })?;
        let significant =
            tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).count();
        if deepest_brackets(&tokens) > MAX_BRACKETS {
            return Err(syntax(format!("its brackets nest deeper than {MAX_BRACKETS} levels")));
        }
        if significant <= SMALL {
            return self.judge(tokens);
        }
        thread::scope(|scope| {
            let judge = thread::Builder::new()
                .stack_size(LARGE_STACK)
                .spawn_scoped(scope, || self.judge(tokens));
            // A thread that cannot be had, or that ended without a verdict, must not let the statement through.
            judge
                .ok()
                .and_then(|judge| judge.join().ok())
                .unwrap_or(Err(WarehouseError::TooManyConcurrentQueries))
        })
    }

    fn judge(&self, tokens: Vec<TokenWithSpan>) -> Result<Checked, WarehouseError> {
        let dialect = (self.rules.dialect)();
        let statements = Parser::new(&*dialect)
            .with_recursion_limit(RECURSION)
            .with_tokens_with_locations(tokens)
            .parse_statements()
            .map_err(parse_error)?;
        let statement = match statements.as_slice() {
            [only] => only,
            [] => return Err(syntax("it is empty")),
            several => return Err(WarehouseError::MultipleStatements { count: several.len() }),
        };
        walk::statement(statement, self.rules, &self.catalogue)
    }
}

fn deepest_brackets(tokens: &[TokenWithSpan]) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for token in tokens {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn syntax(message: impl Into<String>) -> WarehouseError {
    WarehouseError::SqlSyntax { message: message.into(), position: None }
}

/// A message quotes the token it stumbled over, which may be as long as the statement.
fn short(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

/// The parser writes the position at the end of its message; a message about nothing in particular has none.
fn parse_error(error: ParserError) -> WarehouseError {
    let message = match error {
        ParserError::RecursionLimitExceeded => return syntax("it nests too deeply"),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let Some((text, place)) = message.rsplit_once(" at Line: ") else {
        return syntax(short(&message));
    };
    let position = place.split_once(", Column: ").and_then(|(line, column)| {
        position(line.trim().parse().ok()?, column.trim().parse().ok()?)
    });
    WarehouseError::SqlSyntax { message: short(text), position }
}

/// Zero means that the parser does not know.
const fn position(line: u64, column: u64) -> Option<Position> {
    if line == 0 { None } else { Some(Position { line, column }) }
}
