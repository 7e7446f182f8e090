//! What of the parser's tree only reads.

use sqlparser::ast::{DataType, Expr, Select, SelectFlavor};

/// The clause of a `SELECT` that is refused, if it has one.
pub(super) fn refused_clause(select: &Select) -> Option<&'static str> {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct: _,
        select_modifiers,
        top: _,
        top_before_distinct: _,
        projection: _,
        exclude: _,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify: _,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    if into.is_some() {
        return Some("SELECT … INTO");
    }
    let unknown = !lateral_views.is_empty()
        || !optimizer_hints.is_empty()
        || select_modifiers.is_some()
        || prewhere.is_some()
        || !connect_by.is_empty()
        || !cluster_by.is_empty()
        || !distribute_by.is_empty()
        || !sort_by.is_empty()
        || value_table_mode.is_some()
        || !matches!(flavor, SelectFlavor::Standard);
    unknown.then_some("A clause of SELECT that is not standard SQL")
}

/// Whether `:name` may be bound: what a parameter of a dashboard may be called, in either case.
pub(super) fn is_parameter_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Types whose name is part of the language. A name from a schema could stand for a type that looks things up while it converts.
#[rustfmt::skip]
pub(super) const fn is_plain(data_type: &DataType) -> bool {
    use DataType as T;
    matches!(
        data_type,
        T::Char(_) | T::Character(_) | T::CharacterVarying(_) | T::CharVarying(_) | T::Varchar(_) | T::Nvarchar(_) | T::Text
            | T::String(_) | T::Uuid | T::Blob(_) | T::Bytea | T::Binary(_) | T::Varbinary(_) | T::Bytes(_) | T::Numeric(_) | T::Decimal(_)
            | T::Dec(_) | T::BigNumeric(_) | T::Float(_) | T::Real | T::Double(_) | T::DoublePrecision | T::Float64 | T::TinyInt(_)
            | T::SmallInt(_) | T::MediumInt(_) | T::Int(_) | T::Integer(_) | T::BigInt(_) | T::Int64 | T::Bool | T::Boolean | T::Date
            | T::Time(_, _) | T::Datetime(_) | T::Timestamp(_, _) | T::Interval { .. } | T::JSON | T::JSONB
    )
}

/// Expressions that compute and nothing else. Function calls, casts and values are judged further before or after.
#[rustfmt::skip]
pub(super) const fn is_known(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. }
            | Expr::IsFalse(_) | Expr::IsNotFalse(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsNull(_) | Expr::IsNotNull(_)
            | Expr::IsUnknown(_) | Expr::IsNotUnknown(_) | Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) | Expr::InList { .. }
            | Expr::InSubquery { .. } | Expr::InUnnest { .. } | Expr::Between { .. } | Expr::BinaryOp { .. } | Expr::Like { .. }
            | Expr::ILike { .. } | Expr::SimilarTo { .. } | Expr::RLike { .. } | Expr::AnyOp { .. } | Expr::AllOp { .. }
            | Expr::UnaryOp { .. } | Expr::Cast { .. } | Expr::AtTimeZone { .. } | Expr::Extract { .. } | Expr::Ceil { .. }
            | Expr::Floor { .. } | Expr::Position { .. } | Expr::Substring { .. } | Expr::Trim { .. } | Expr::Overlay { .. }
            | Expr::Collate { .. } | Expr::Nested(_) | Expr::Value(_) | Expr::TypedString(_) | Expr::Case { .. } | Expr::Exists { .. }
            | Expr::Subquery(_) | Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) | Expr::Tuple(_) | Expr::Array(_)
            | Expr::Interval(_) | Expr::Wildcard(_) | Expr::QualifiedWildcard(..)
    )
}
