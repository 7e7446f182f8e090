//! Walks the tree of one statement and refuses every node it does not know.
//!
//! Structures are taken apart by naming all their fields, so that a release of the parser that adds one does not compile until someone has
//! decided what it means here.

use std::{ops::ControlFlow, ptr};

use sqlparser::ast::{
    BinaryOperator, Cte, Expr, Function, FunctionArguments, ObjectName, ObjectNamePart, Query,
    Select, SetExpr, Statement, TableFactor, TableFunctionArgs, Value, ValueWithSpan, Visit,
    Visitor,
};

use super::{
    Checked, Rules,
    known::{self, is_known, is_parameter_name, is_plain},
    syntax,
};
use crate::warehouse::{Catalogue, WarehouseError, catalogue::NamePart};

type Flow = ControlFlow<WarehouseError>;

/// Judges a parsed statement.
pub(super) fn statement(
    statement: &Statement,
    rules: &'static Rules,
    catalogue: &Catalogue,
) -> Result<Checked, WarehouseError> {
    let query = match statement {
        Statement::Query(query) => query,
        Statement::Explain {
            describe_alias: _,
            analyze,
            verbose: _,
            query_plan: _,
            estimate: _,
            statement,
            format,
            options,
        } => match statement.as_ref() {
            _ if *analyze => {
                return Err(read_only("EXPLAIN ANALYZE, which runs what it explains,"));
            }
            Statement::Query(query) if rules.explain && format.is_none() && options.is_none() => {
                query
            }
            _ => return Err(read_only("This form of EXPLAIN")),
        },
        other => return Err(read_only(first_word(other))),
    };
    let mut walk = Walk {
        rules,
        catalogue,
        checked: Checked::default(),
        frames: Vec::new(),
        approved: ptr::null(),
    };
    match query.visit(&mut walk) {
        ControlFlow::Continue(()) => Ok(walk.checked),
        ControlFlow::Break(error) => Err(error),
    }
}

fn read_only(what: impl Into<String>) -> WarehouseError {
    WarehouseError::ReadOnlyViolation { what: what.into() }
}

fn refuse(what: impl Into<String>) -> Flow {
    ControlFlow::Break(read_only(what))
}

/// The word a statement begins with, which is what its writer would call it.
fn first_word(statement: &Statement) -> String {
    let text = statement.to_string();
    text.chars().take_while(|c| c.is_ascii_alphabetic()).take(32).collect::<String>().to_uppercase()
}

/// The names that one `WITH` defines and how many of them are in scope right now.
struct Frame {
    names: Vec<(String, *const Query)>,
    recursive: bool,
    visible: usize,
}

struct Walk<'a> {
    rules: &'static Rules,
    catalogue: &'a Catalogue,
    checked: Checked,
    frames: Vec<Frame>,
    /// The relation that the table factor just visited stands for. Any other relation is in a place this walk does not know.
    approved: *const ObjectName,
}

impl Walk<'_> {
    fn function(
        &mut self,
        name: &ObjectName,
        allowed: fn(&Rules, &str) -> bool,
        list: &'static [&'static str],
    ) -> Flow {
        // A schema in front may name a function that only looks like a listed one.
        let known = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => {
                ident.value.is_ascii() && allowed(self.rules, &ident.value.to_ascii_lowercase())
            }
            _ => false,
        };
        if known {
            return ControlFlow::Continue(());
        }
        let name = name.to_string().chars().take(64).collect();
        ControlFlow::Break(WarehouseError::FunctionNotAllowed {
            name,
            dialect: self.rules.name,
            allowed: list,
        })
    }

    fn relation(&mut self, name: &ObjectName) -> Flow {
        let mut parts = Vec::new();
        for part in &name.0 {
            let ObjectNamePart::Identifier(ident) = part else {
                return refuse("A computed table name");
            };
            parts.push(NamePart { text: ident.value.clone(), quoted: ident.quote_style.is_some() });
        }
        if let [bare] = parts.as_slice() {
            let key = self.catalogue.fold().key(bare);
            if self
                .frames
                .iter()
                .any(|frame| frame.names[..frame.visible].iter().any(|(name, _)| *name == key))
            {
                return ControlFlow::Continue(());
            }
        }
        match self.catalogue.resolve(&parts) {
            Ok(found) => {
                self.checked.tables.insert(found.table.qualified_name.clone());
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn body(&self, body: &SetExpr) -> Flow {
        match body {
            SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Query(_) => {
                ControlFlow::Continue(())
            }
            SetExpr::SetOperation { left, op: _, set_quantifier: _, right } => {
                // The left side of a long UNION is as deep as the UNION is long, so it is followed in a loop.
                let mut left = left;
                let mut right = right;
                loop {
                    self.body(right)?;
                    match left.as_ref() {
                        SetExpr::SetOperation { left: l, op: _, set_quantifier: _, right: r } => {
                            (left, right) = (l, r)
                        }
                        last => return self.body(last),
                    }
                }
            }
            SetExpr::Insert(_) => refuse("INSERT"),
            SetExpr::Update(_) => refuse("UPDATE"),
            SetExpr::Delete(_) => refuse("DELETE"),
            SetExpr::Merge(_) => refuse("MERGE"),
            SetExpr::Table(_) => refuse("TABLE"),
        }
    }
}

impl Visitor for Walk<'_> {
    type Break = WarehouseError;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Flow {
        refuse(first_word(statement))
    }

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        let Query {
            with,
            body,
            order_by: _,
            limit_clause: _,
            fetch: _,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() {
            return refuse("A locking clause (FOR UPDATE, FOR SHARE)");
        }
        if for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty()
        {
            return refuse("A clause after the query (FOR, SETTINGS, FORMAT, |>)");
        }
        self.body(body)?;
        // Entering the query of a common table expression: it sees the ones before it, and itself where recursion is on.
        for frame in &mut self.frames {
            if let Some(index) = frame.names.iter().position(|(_, own)| ptr::eq(*own, query)) {
                frame.visible = if frame.recursive {
                    frame.names.len()
                } else {
                    index + usize::from(self.rules.implicit_recursion)
                };
            }
        }
        let mut frame = Frame { names: Vec::new(), recursive: false, visible: 0 };
        if let Some(with) = with {
            frame.recursive = with.recursive;
            for Cte { alias, query, from, materialized: _, closing_paren_token: _ } in
                &with.cte_tables
            {
                if from.is_some() {
                    return refuse("FROM after a common table expression");
                }
                let part = NamePart {
                    text: alias.name.value.clone(),
                    quoted: alias.name.quote_style.is_some(),
                };
                self.checked.defined.insert(part.text.to_ascii_lowercase());
                frame.names.push((self.catalogue.fold().key(&part), ptr::from_ref(query.as_ref())));
            }
        }
        self.frames.push(frame);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> Flow {
        self.frames.pop();
        for frame in &mut self.frames {
            if let Some(index) = frame.names.iter().position(|(_, own)| ptr::eq(*own, query)) {
                frame.visible = index + 1;
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        known::refused_clause(select).map_or(ControlFlow::Continue(()), refuse)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        match factor {
            TableFactor::Table {
                name,
                alias: _,
                args,
                with_hints,
                version,
                with_ordinality: _,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                if !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_hints.is_empty()
                {
                    return refuse("A hint, version or sample on a table");
                }
                self.approved = name;
                match args {
                    None => self.relation(name),
                    Some(TableFunctionArgs { args: _, settings: None }) => self.function(
                        name,
                        Rules::allows_table_function,
                        self.rules.table_functions,
                    ),
                    Some(_) => refuse("A function with settings"),
                }
            }
            TableFactor::Function { lateral: _, name, args: _, with_ordinality: _, alias: _ } => {
                self.function(name, Rules::allows_table_function, self.rules.table_functions)
            }
            TableFactor::Derived { lateral: _, subquery: _, alias: _, sample: None }
            | TableFactor::NestedJoin { table_with_joins: _, alias: _ } => {
                ControlFlow::Continue(())
            }
            TableFactor::UNNEST { .. } if self.rules.allows_table_function("unnest") => {
                ControlFlow::Continue(())
            }
            _ => refuse("This form of FROM"),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Flow {
        if ptr::eq(self.approved, relation) {
            ControlFlow::Continue(())
        } else {
            refuse(format!("The object {relation} in this place"))
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        match expr {
            Expr::Function(Function {
                name,
                uses_odbc_syntax,
                parameters,
                args: _,
                within_group: _,
                filter: _,
                null_treatment: _,
                over: _,
            }) => {
                if *uses_odbc_syntax || !matches!(parameters, FunctionArguments::None) {
                    return refuse("This form of a function call");
                }
                self.function(name, Rules::allows_function, self.rules.functions)
            }
            Expr::BinaryOp {
                op: BinaryOperator::Custom(_) | BinaryOperator::PGCustomBinaryOperator(_),
                ..
            } => refuse("A custom operator"),
            Expr::Cast { data_type, .. } if !is_plain(data_type) => {
                refuse(format!("A cast to {data_type}"))
            }
            Expr::TypedString(typed) if !is_plain(&typed.data_type) => {
                refuse(format!("A cast to {}", typed.data_type))
            }
            expr if is_known(expr) => ControlFlow::Continue(()),
            _ => refuse("This form of expression"),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Flow {
        let Value::Placeholder(placeholder) = &value.value else {
            return ControlFlow::Continue(());
        };
        let name = placeholder.strip_prefix(':').filter(|name| is_parameter_name(name));
        let Some(name) = name else {
            return ControlFlow::Break(syntax(format!(
                "the placeholder {placeholder} has no name; write :name"
            )));
        };
        self.checked.parameters.insert(name.to_owned());
        ControlFlow::Continue(())
    }
}
