//! Types and signatures in rustdoc's JSON, written as in Rust; what is rare is written as JSON.

use serde_json::Value;

fn list(values: &Value, write: impl Fn(&Value) -> String, between: &str) -> String {
    let written: Vec<String> = values.as_array().into_iter().flatten().map(write).collect();
    written.join(between)
}

pub(super) fn type_name(value: &Value) -> String {
    let Some((kind, inner)) = value.as_object().and_then(|value| value.iter().next()) else {
        return match value {
            Value::Null => "()".to_owned(),
            other => plain(other),
        };
    };
    let text = |name: &str| inner[name].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "primitive" | "generic" => inner.as_str().unwrap_or_default().to_owned(),
        "resolved_path" => format!("{}{}", text("path"), arguments(&inner["args"])),
        "borrowed_ref" => {
            let lifetime = inner["lifetime"].as_str().map(|name| format!("{name} "));
            let mutable = if inner["is_mutable"] == true { "mut " } else { "" };
            format!("&{}{mutable}{}", lifetime.unwrap_or_default(), type_name(&inner["type"]))
        }
        "tuple" => format!("({})", list(inner, type_name, ", ")),
        "slice" => format!("[{}]", type_name(inner)),
        "array" => format!("[{}; {}]", type_name(&inner["type"]), text("len")),
        "impl_trait" => format!("impl {}", bounds(inner)),
        "dyn_trait" => {
            let traits = list(&inner["traits"], |one| path(&one["trait"]), " + ");
            let lifetime = inner["lifetime"].as_str().map(|name| format!(" + {name}"));
            format!("dyn {traits}{}", lifetime.unwrap_or_default())
        }
        "qualified_path" => {
            let of = type_name(&inner["self_type"]);
            format!("<{of} as {}>::{}", path(&inner["trait"]), text("name"))
        }
        _ => plain(value),
    }
}

fn path(value: &Value) -> String {
    format!("{}{}", value["path"].as_str().unwrap_or_default(), arguments(&value["args"]))
}

fn arguments(value: &Value) -> String {
    if let Some(called) = value.get("parenthesized") {
        let inputs = list(&called["inputs"], type_name, ", ");
        return format!("({inputs}) -> {}", type_name(&called["output"]));
    }
    let Some(angle) = value.get("angle_bracketed") else { return String::new() };
    let argument = |value: &Value| match value.as_object().and_then(|value| value.iter().next()) {
        Some((kind, inner)) if kind == "type" => type_name(inner),
        Some((kind, inner)) if kind == "lifetime" => inner.as_str().unwrap_or_default().to_owned(),
        _ => plain(value),
    };
    let constraint = |value: &Value| {
        let name = value["name"].as_str().unwrap_or_default();
        match value["binding"]["equality"].get("type") {
            Some(equal) => format!("{name} = {}", type_name(equal)),
            None => format!("{name}: {}", bounds(&value["binding"]["constraint"])),
        }
    };
    let mut all = list(&angle["args"], argument, ", ");
    let constraints = list(&angle["constraints"], constraint, ", ");
    if !all.is_empty() && !constraints.is_empty() {
        all.push_str(", ");
    }
    all.push_str(&constraints);
    if all.is_empty() { all } else { format!("<{all}>") }
}

pub(super) fn bounds(values: &Value) -> String {
    let bound = |value: &Value| match (value.get("trait_bound"), value.get("outlives")) {
        (Some(bound), _) => {
            let maybe = if bound["modifier"] == "maybe" { "?" } else { "" };
            format!("{maybe}{}", path(&bound["trait"]))
        }
        (_, Some(lifetime)) => lifetime.as_str().unwrap_or_default().to_owned(),
        _ => plain(value),
    };
    list(values, bound, " + ")
}

/// Parameters and where clauses.
pub(super) fn generics(value: &Value) -> String {
    let parameter = |value: &Value| {
        let name = value["name"].as_str().unwrap_or_default();
        let kind = &value["kind"];
        let Some(ty) = kind.get("type") else { return format!("{name} {}", plain(kind)) };
        let default = match &ty["default"] {
            Value::Null => String::new(),
            default => format!(" = {}", type_name(default)),
        };
        format!("{name}: {}{default}", bounds(&ty["bounds"]))
    };
    let clause = |value: &Value| match value.get("bound_predicate") {
        Some(bound) => format!("{}: {}", type_name(&bound["type"]), bounds(&bound["bounds"])),
        None => plain(value),
    };
    let parameters = list(&value["params"], parameter, ", ");
    let clauses = list(&value["where_predicates"], clause, ", ");
    let parameters = if parameters.is_empty() { parameters } else { format!("<{parameters}>") };
    if clauses.is_empty() { parameters } else { format!("{parameters} where {clauses}") }
}

pub(super) fn function(value: &Value) -> String {
    let mut words = String::new();
    for (flag, word) in [("is_const", "const "), ("is_async", "async "), ("is_unsafe", "unsafe ")] {
        if value["header"][flag] == true {
            words.push_str(word);
        }
    }
    let input = |value: &Value| {
        let name = value[0].as_str().unwrap_or_default();
        format!("{name}: {}", type_name(&value[1]))
    };
    let inputs = list(&value["sig"]["inputs"], input, ", ");
    let output = type_name(&value["sig"]["output"]);
    format!("{words}fn{}({inputs}) -> {output}", generics(&value["generics"]))
}

/// JSON without the numbers of items, which change from build to build.
fn plain(value: &Value) -> String {
    fn without_ids(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.iter().filter(|(name, _)| *name != "id");
                kept.map(|(name, value)| (name.clone(), without_ids(value))).collect()
            }
            Value::Array(all) => all.iter().map(without_ids).collect(),
            other => other.clone(),
        }
    }
    without_ids(value).to_string()
}
