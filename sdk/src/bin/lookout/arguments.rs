//! A tool's arguments, read from its input schema.

use lookout_sdk::schema::ToolEntry;
use serde_json::Value;

/// The largest integer that every JSON reader gets right (RFC 8259 section 6); a limit of that size says nothing to a person.
const LARGEST: u64 = (1 << 53) - 1;

/// One argument of a tool.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Name on the wire.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) description: &'static str,
    /// The default and the limits, in words.
    pub(crate) limits: Vec<String>,
}

/// What an argument is on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Choice(Vec<&'static str>),
    Integer {
        least: Option<i64>,
        most: Option<i64>,
    },
    Number,
    Boolean,
    /// An object or a list, or a value of any type.
    Json,
}

impl Argument {
    /// The arguments of a tool: those that it needs first, otherwise in the order of the catalogue.
    pub(crate) fn all(tool: &'static ToolEntry) -> Vec<Self> {
        let schema = &tool.input_schema;
        let required = |name: &String| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
        };
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut all: Vec<_> = properties
            .map(|(name, property)| Self::read(name, property, required(name), schema))
            .collect();
        all.sort_by_key(|argument| !argument.required);
        all
    }

    fn read(
        name: &'static str,
        property: &'static Value,
        required: bool,
        root: &'static Value,
    ) -> Self {
        let target = property["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        let shape = target.and_then(|target| root.pointer(target)).unwrap_or(property);
        let description = property["description"].as_str().or(shape["description"].as_str());
        Self {
            name,
            kind: Kind::of(shape),
            required,
            description: description.unwrap_or_default(),
            limits: limits(property, shape),
        }
    }

    /// The flag, without its dashes.
    ///
    /// clap keeps names for as long as the program runs, so one that is not in the catalogue as it is stays in memory.
    pub(crate) fn flag(&self) -> &'static str {
        if self.name.contains('_') { String::leak(self.name.replace('_', "-")) } else { self.name }
    }

    /// What stands for the value in help.
    pub(crate) fn placeholder(&self) -> &'static str {
        match self.kind {
            Kind::Text => "TEXT",
            Kind::Choice(_) => "CHOICE",
            Kind::Integer { .. } | Kind::Number => "N",
            Kind::Boolean => "BOOL",
            Kind::Json => "JSON",
        }
    }
}

impl Kind {
    fn of(shape: &'static Value) -> Self {
        let values = shape["enum"].as_array();
        match (shape["type"].as_str(), values) {
            (Some("string"), Some(values)) => {
                Self::Choice(values.iter().filter_map(Value::as_str).collect())
            }
            (Some("string"), None) => Self::Text,
            (Some("integer"), _) => {
                Self::Integer { least: shape["minimum"].as_i64(), most: shape["maximum"].as_i64() }
            }
            (Some("number"), _) => Self::Number,
            (Some("boolean"), _) => Self::Boolean,
            _ => Self::Json,
        }
    }
}

fn limits(property: &Value, shape: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    let mut bounds =
        |least: &str, most: &str, unit: &str| match (shape[least].as_u64(), shape[most].as_u64()) {
            (Some(least), Some(most)) if most < LARGEST => {
                limits.push(format!("{least} to {most}{unit}"))
            }
            (Some(least), _) => limits.push(format!("at least {least}{unit}")),
            (None, Some(most)) => limits.push(format!("at most {most}{unit}")),
            (None, None) => {}
        };
    bounds("minimum", "maximum", "");
    bounds("minLength", "maxLength", " characters");
    bounds("minItems", "maxItems", " items");
    bounds("minProperties", "maxProperties", " members");
    if let Some(pattern) = shape["pattern"].as_str() {
        limits.push(format!("matches {pattern}"));
    }
    match property.get("default") {
        // A switch that is off by default says nothing new.
        None | Some(Value::Bool(false)) => {}
        Some(Value::String(text)) => limits.push(format!("default: {text}")),
        Some(value) => limits.push(format!("default: {value}")),
    }
    limits
}
