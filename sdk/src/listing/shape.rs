//! Checking a structured result against an output schema (JSON Schema 2020-12).
//!
//! Covers what says how a result is built. `pattern`, `format` and the `unevaluated…` keywords are not looked at, so that they refuse nothing;
//! a full validator would weigh more than the rest of this crate.
//! Nothing is fetched: a reference that leads out of the schema makes the check fail, and so does one that does not end.

use serde_json::{Map, Value};

/// How many steps a check may take, which bounds what a hostile schema can cost.
const MOST_STEPS: u32 = 200_000;
const DEEPEST: u32 = 100;

/// Why a result does not fit, or could not be checked.
pub(super) fn check(schema: &Value, value: &Value) -> Result<(), &'static str> {
    const KNOWN: [&str; 3] = ["draft/2020-12/", "draft/2019-09/", "draft-07/"];
    if let Some(dialect) = schema.get("$schema").and_then(Value::as_str)
        && !KNOWN.iter().any(|known| dialect.contains(&format!("json-schema.org/{known}schema")))
    {
        return Err("the schema is of a dialect that this client does not know");
    }
    let mut check = Check { root: schema, steps: MOST_STEPS };
    match check.fits(schema, value, DEEPEST)? {
        true => Ok(()),
        false => Err("it has another shape"),
    }
}

struct Check<'a> {
    root: &'a Value,
    steps: u32,
}

type Fits = Result<bool, &'static str>;

impl<'a> Check<'a> {
    fn fits(&mut self, schema: &'a Value, value: &Value, depth: u32) -> Fits {
        let (Some(steps), Some(depth)) = (self.steps.checked_sub(1), depth.checked_sub(1)) else {
            return Err("the schema takes too long to check");
        };
        self.steps = steps;
        let schema = match schema {
            Value::Bool(truth) => return Ok(*truth),
            Value::Object(schema) => schema,
            _ => return Err("the schema is not valid"),
        };
        if let Some(reference) = schema.get("$ref").or_else(|| schema.get("$dynamicRef")) {
            let target = self.resolve(reference)?;
            if !self.fits(target, value, depth)? {
                return Ok(false);
            }
        }
        Ok(is_of_type(schema, value)
            && is_within_bounds(schema, value)
            && self.composed(schema, value, depth)?
            && match value {
                Value::Object(members) => self.object(schema, members, depth)?,
                Value::Array(items) => self.array(schema, items, depth)?,
                _ => true,
            })
    }

    fn resolve(&self, reference: &Value) -> Result<&'a Value, &'static str> {
        let fragment = reference
            .as_str()
            .and_then(|text| text.strip_prefix('#'))
            .ok_or("the schema refers to another document, which is not fetched")?;
        let fragment = fragment.replace("%24", "$").replace("%25", "%");
        self.root.pointer(&fragment).ok_or("the schema refers to a part that it does not have")
    }

    fn composed(&mut self, schema: &'a Map<String, Value>, value: &Value, depth: u32) -> Fits {
        for (keyword, least, most) in
            [("allOf", usize::MAX, usize::MAX), ("anyOf", 1, usize::MAX), ("oneOf", 1, 1)]
        {
            let Some(Value::Array(schemas)) = schema.get(keyword) else { continue };
            let mut fitting = 0;
            for one in schemas {
                fitting += usize::from(self.fits(one, value, depth)?);
            }
            if !(least.min(schemas.len())..=most).contains(&fitting) {
                return Ok(false);
            }
        }
        if let Some(not) = schema.get("not")
            && self.fits(not, value, depth)?
        {
            return Ok(false);
        }
        let Some(condition) = schema.get("if") else { return Ok(true) };
        let branch = if self.fits(condition, value, depth)? { "then" } else { "else" };
        schema.get(branch).map_or(Ok(true), |branch| self.fits(branch, value, depth))
    }

    fn object(
        &mut self,
        schema: &'a Map<String, Value>,
        members: &Map<String, Value>,
        depth: u32,
    ) -> Fits {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut required = required.filter_map(Value::as_str);
        if !required.all(|name| members.contains_key(name)) {
            return Ok(false);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        // Which names a pattern covers is not known here, so then nothing counts as additional.
        let additional = schema
            .get("additionalProperties")
            .filter(|_| !schema.contains_key("patternProperties"));
        for (name, member) in members {
            let of_member = properties.and_then(|properties| properties.get(name)).or(additional);
            if let Some(of_member) = of_member
                && !self.fits(of_member, member, depth)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn array(&mut self, schema: &'a Map<String, Value>, items: &[Value], depth: u32) -> Fits {
        // Before 2020-12 the first items stood in `items` and the others in `additionalItems`.
        let (first, others) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(first)), others) => (first.as_slice(), others),
            (_, Some(Value::Array(first))) => (first.as_slice(), schema.get("additionalItems")),
            (_, others) => (&[][..], others),
        };
        for (index, item) in items.iter().enumerate() {
            let Some(of_item) = first.get(index).or(others) else { continue };
            if !self.fits(of_item, item, depth)? {
                return Ok(false);
            }
        }
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        if unique && items.len() <= 1000 {
            return Ok((1..items.len()).all(|index| !items[..index].contains(&items[index])));
        }
        Ok(true)
    }
}

fn is_of_type(schema: &Map<String, Value>, value: &Value) -> bool {
    let is = |kind: &Value| match (kind.as_str(), value) {
        (Some("integer"), Value::Number(number)) => {
            number.as_f64().is_none_or(|number| number.fract() == 0.0)
        }
        (Some("null"), Value::Null)
        | (Some("boolean"), Value::Bool(_))
        | (Some("number"), Value::Number(_))
        | (Some("string"), Value::String(_))
        | (Some("array"), Value::Array(_))
        | (Some("object"), Value::Object(_)) => true,
        _ => false,
    };
    let of_type = match schema.get("type") {
        None => true,
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
    };
    let enumerated = schema.get("enum").and_then(Value::as_array);
    of_type
        && enumerated.is_none_or(|values| values.iter().any(|one| same(one, value)))
        && schema.get("const").is_none_or(|one| same(one, value))
}

/// Equal as JSON is: 1 and 1.0 are the same number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn is_within_bounds(schema: &Map<String, Value>, value: &Value) -> bool {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let sized = |least: &str, most: &str, size: usize| {
        let size = size as f64;
        bound(least).is_none_or(|least| size >= least)
            && bound(most).is_none_or(|most| size <= most)
    };
    match value {
        Value::Number(number) => number.as_f64().is_none_or(|number| {
            bound("minimum").is_none_or(|least| number >= least)
                && bound("maximum").is_none_or(|most| number <= most)
                && bound("exclusiveMinimum").is_none_or(|least| number > least)
                && bound("exclusiveMaximum").is_none_or(|most| number < most)
        }),
        Value::String(text) => sized("minLength", "maxLength", text.chars().count()),
        Value::Array(items) => sized("minItems", "maxItems", items.len()),
        Value::Object(members) => sized("minProperties", "maxProperties", members.len()),
        Value::Null | Value::Bool(_) => true,
    }
}
