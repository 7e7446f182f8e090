//! What one dialect allows, as data. Another dialect is another constant.

use std::fmt;

use sqlparser::dialect::{Dialect, SQLiteDialect};

/// The rules of one dialect.
pub struct Rules {
    /// The dialect's name, as shown to callers.
    pub name: &'static str,
    /// The grammar to parse with.
    pub dialect: fn() -> Box<dyn Dialect>,
    /// Functions that only compute, in lower case and sorted. Everything else is refused.
    pub functions: &'static [&'static str],
    /// Functions allowed in `FROM`, in lower case and sorted.
    pub table_functions: &'static [&'static str],
    /// Whether `EXPLAIN` of a query is safe. `EXPLAIN ANALYZE` runs the query and is always refused.
    pub explain: bool,
    /// Whether a common table expression may refer to itself without the word `RECURSIVE`.
    pub implicit_recursion: bool,
}

impl Rules {
    /// Whether a function may be called, by its name in lower case.
    #[must_use]
    pub fn allows_function(&self, name: &str) -> bool {
        self.functions.contains(&name)
    }

    /// Whether a function may stand in `FROM`, by its name in lower case.
    #[must_use]
    pub fn allows_table_function(&self, name: &str) -> bool {
        self.table_functions.contains(&name)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.name).finish()
    }
}

/// The embedded engine.
///
/// Left out on purpose: what reads files or code (`load_extension`, `readfile`, `edit`), what tells about the connection or the build
/// (`changes`, `last_insert_rowid`, `sqlite_version`, `sqlite_compileoption_get`), what allocates by a number alone (`zeroblob`, `randomblob`), and
/// `fts3_tokenizer`.
pub static SQLITE: Rules = Rules {
    name: "sqlite",
    dialect: || Box::new(SQLiteDialect {}),
    #[rustfmt::skip]
    functions: &[
        "abs", "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count", "cume_dist", "current_date", "current_time",
        "current_timestamp", "date", "datetime", "dense_rank", "exp", "first_value", "floor", "format", "glob", "group_concat", "hex", "if",
        "ifnull", "iif", "instr", "json", "json_array", "json_array_length", "json_extract", "json_group_array", "json_group_object",
        "json_object", "json_pretty", "json_quote", "json_type", "json_valid", "julianday", "lag", "last_value", "lead", "length", "like",
        "likelihood", "likely", "ln", "log10", "log2", "lower", "ltrim", "max", "min", "nth_value", "ntile", "nullif", "octet_length",
        "percent_rank", "pow", "power", "printf", "quote", "random", "rank", "replace", "round", "row_number", "rtrim", "sign", "sqrt",
        "strftime", "string_agg", "substr", "substring", "sum", "time", "timediff", "total", "trim", "trunc", "typeof", "unhex", "unicode",
        "unixepoch", "unlikely", "upper",
    ],
    table_functions: &["json_each", "json_tree"],
    explain: true,
    implicit_recursion: true,
};
