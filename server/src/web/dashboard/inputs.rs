//! The parameters of a dashboard as a form: what its fields hold, and what was wrong with what was typed.
//!
//! The form is sent as a query, so that a page with its settings is an address that can be kept. A parameter that the query leaves out has its default.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use lookout_schema::{DashboardParameter, ParameterType};
use serde_json::{Map, Value, json};

use crate::authority::parameters::Parameters;
use crate::web::chart::words;
use crate::workspace::{PRESETS, check, resolve_time_range};

/// The choice of two days in place of a preset.
const CUSTOM: &str = "custom";
/// The choice of a default that is no preset.
const SAVED: &str = "saved";

/// The fields of the form, and the values that they stand for.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) fields: Vec<Field>,
    /// Values for the parameters that the query names.
    pub(super) given: Map<String, Value>,
}

/// A parameter as a field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) problem: Option<String>,
}

/// What a field looks like.
#[derive(Debug)]
pub(super) enum Kind {
    /// A time range: a preset, or two days.
    Range { options: Vec<Choice>, shown: String, from: Day, to: Day },
    /// One of several values.
    Select(Vec<Choice>),
    /// Text; `is_number` asks for another keyboard.
    Line { typed: String, is_number: bool },
}

/// An option of a list.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) is_chosen: bool,
}

/// A day as it was typed.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) typed: String,
    /// Browsers hide what is no day in a field for days.
    pub(super) is_day: bool,
}

impl Day {
    fn new(typed: &str) -> Self {
        Self { is_day: typed.is_empty() || day(typed).is_some(), typed: typed.to_owned() }
    }
}

impl Inputs {
    /// Reads the query of a page.
    pub(super) fn read(parameters: &[DashboardParameter], query: &Parameters) -> Self {
        let mut inputs = Self { fields: Vec::new(), given: Map::new() };
        for parameter in parameters {
            let sent = query.values(&parameter.name).next();
            let (kind, value) = match parameter.type_ {
                ParameterType::TimeRange => range(parameter, query, sent),
                ParameterType::Select => select(parameter, sent),
                ParameterType::Boolean => boolean(parameter, sent),
                _ => line(parameter, sent),
            };
            let value = if query.repeats(&parameter.name) {
                Err("The address names it twice. Choose a value and apply it again.".to_owned())
            } else {
                value
            };
            let default = parameter.default.as_ref().unwrap_or(&Value::Null);
            let problem = match value {
                Ok(value) if parameter.required && value.as_ref().unwrap_or(default).is_null() => {
                    Some("Give a value: this dashboard needs one.".to_owned())
                }
                Ok(value) => {
                    inputs.given.extend(value.map(|value| (parameter.name.clone(), value)));
                    None
                }
                Err(problem) => Some(problem),
            };
            let label = parameter.label.as_deref().filter(|label| !label.trim().is_empty());
            inputs.fields.push(Field {
                name: parameter.name.clone(),
                label: label.map_or_else(|| spelled(&parameter.name), words::plain),
                kind,
                problem,
            });
        }
        inputs
    }

    /// Whether something that was typed cannot be used.
    pub(super) fn are_refused(&self) -> bool {
        self.fields.iter().any(|field| field.problem.is_some())
    }
}

/// A name as words.
fn spelled(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

/// A value as an option holds it.
fn option_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

type Read = (Kind, Result<Option<Value>, String>);

fn range(parameter: &DashboardParameter, query: &Parameters, sent: Option<&str>) -> Read {
    let part = |part: &str| query.value(&format!("{}.{part}", parameter.name)).unwrap_or_default();
    let (from, to, shown) = (part("from"), part("to"), part("shown"));
    let default = parameter.default.as_ref().filter(|default| !default.is_null());
    let preset = default.and_then(Value::as_str);
    let usual = preset.unwrap_or(if default.is_some() { SAVED } else { "" });
    let chosen = sent.filter(|sent| !sent.is_empty()).unwrap_or(usual);
    // Days that were typed beside a preset that nobody changed are meant.
    let is_custom = chosen == CUSTOM
        || (!(from.is_empty() && to.is_empty()) && (chosen == shown || sent.is_none()));
    let value = if is_custom {
        two_days(from, to).map(Some)
    } else if chosen == usual {
        Ok(None)
    } else if PRESETS.contains(&chosen) {
        Ok(Some(json!(chosen)))
    } else {
        Err(format!(
            "“{}” is not one of the ranges. Choose one from the list, or two days.",
            words::plain(chosen)
        ))
    };
    let chosen = if is_custom { CUSTOM } else { chosen };
    let mut options = Vec::new();
    let mut add = |value: &str, label: String| {
        options.push(Choice { value: value.to_owned(), label, is_chosen: value == chosen });
    };
    if usual == SAVED {
        let saved = default.and_then(|default| resolve_time_range(default, Timestamp::now()).ok());
        let label = saved.map(|range| format!("As saved: {}", between(range.start, range.end)));
        add(SAVED, label.unwrap_or_else(|| "As saved".to_owned()));
    }
    if usual.is_empty() {
        add("", "All time".to_owned());
    }
    for preset in PRESETS {
        add(preset, spelled(preset));
    }
    add(CUSTOM, "From … to …".to_owned());
    if value.is_err() && !is_custom {
        // What was typed stays, even where it cannot be chosen.
        add(chosen, format!("“{}”", words::plain(chosen)));
    }
    // With a preset the days stay empty, so that days which are there were typed.
    let (from, to) = if is_custom { (from, to) } else { ("", "") };
    let kind =
        Kind::Range { options, shown: chosen.to_owned(), from: Day::new(from), to: Day::new(to) };
    (kind, value)
}

/// Two instants as a person reads them.
pub(super) fn between(start: Timestamp, end: Timestamp) -> String {
    format!("{} to {} UTC", start.strftime("%Y-%m-%d %H:%M"), end.strftime("%Y-%m-%d %H:%M"))
}

/// The range from the first moment of one day to the last of another.
fn two_days(from: &str, to: &str) -> Result<Value, String> {
    let read = |which: &str, typed: &str| match day(typed) {
        Some(day) => Ok(day),
        None if typed.is_empty() => Err(format!("{which} is missing. Give two days.")),
        None => Err(format!(
            "{which} is “{}”, which is not a day. Write it as 2026-01-31.",
            words::plain(typed)
        )),
    };
    let (first, last) = (read("“From”", from)?, read("“To”", to)?);
    if first > last {
        return Err(format!("“From” ({first}) is after “To” ({last}). Swap them."));
    }
    let after = last.checked_add(1.day()).map_err(|_| format!("“To” ({last}) is too late."))?;
    let range = json!({ "start": first.to_string(), "end": after.to_string() });
    resolve_time_range(&range, Timestamp::now())
        .map_err(|_| "These days are out of reach. Choose others.".to_owned())?;
    Ok(range)
}

fn choices(
    options: impl Iterator<Item = (String, Value)>,
    parameter: &DashboardParameter,
    sent: Option<&str>,
) -> Read {
    let default = parameter.default.as_ref().unwrap_or(&Value::Null);
    let chosen = sent.map_or_else(
        || if default.is_null() { String::new() } else { option_value(default) },
        str::to_owned,
    );
    let mut all = Vec::new();
    if !parameter.required || default.is_null() {
        all.push((String::new(), "(none)".to_owned(), Value::Null));
    }
    all.extend(options.map(|(label, value)| (option_value(&value), label, value)));
    let found = all.iter().find(|(value, ..)| *value == chosen).map(|(.., value)| value.clone());
    let value = match (sent, found) {
        (None, _) => Ok(None),
        (Some(_), Some(value)) => Ok(Some(value)),
        (Some(sent), None) => Err(format!(
            "“{}” is not one of the choices. Choose one from the list.",
            words::plain(sent)
        )),
    };
    let mut seen = std::collections::HashSet::new();
    let options = all.into_iter().filter(|(value, ..)| seen.insert(value.clone()));
    let choice = |(value, label, _): (String, String, Value)| Choice {
        is_chosen: value == chosen,
        label,
        value,
    };
    let mut options: Vec<Choice> = options.map(choice).collect();
    if value.is_err() {
        // What was typed stays, even where it cannot be chosen.
        let label = format!("“{}”", words::plain(&chosen));
        options.push(Choice { value: chosen, label, is_chosen: true });
    }
    (Kind::Select(options), value)
}

fn select(parameter: &DashboardParameter, sent: Option<&str>) -> Read {
    let option = |value: &Value| (words::cell(value), value.clone());
    choices(parameter.options.iter().map(option), parameter, sent)
}

fn boolean(parameter: &DashboardParameter, sent: Option<&str>) -> Read {
    let options = [("Yes".to_owned(), json!(true)), ("No".to_owned(), json!(false))];
    choices(options.into_iter(), parameter, sent)
}

fn line(parameter: &DashboardParameter, sent: Option<&str>) -> Read {
    let is_number = parameter.type_ == ParameterType::Number;
    let default = parameter.default.as_ref().filter(|default| !default.is_null());
    let typed = sent.map_or_else(|| default.map(option_value).unwrap_or_default(), str::to_owned);
    let value = match sent {
        None => Ok(None),
        Some("") => Ok(Some(Value::Null)),
        Some(typed) if is_number => number(typed).map(Some),
        Some(typed) if typed.chars().count() > 1000 => {
            Err("It is longer than 1,000 characters. Shorten it.".to_owned())
        }
        Some(typed) => Ok(Some(json!(typed))),
    };
    let value = value.and_then(|value| match &value {
        Some(given) => check(parameter, given).map(|()| value),
        None => Ok(None),
    });
    (Kind::Line { typed, is_number }, value)
}

fn number(typed: &str) -> Result<Value, String> {
    let trimmed = typed.trim();
    let number = trimmed.parse::<i64>().map(Value::from).ok().or_else(|| {
        trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
    });
    number.ok_or_else(|| {
        format!("“{}” is not a number. Write digits, such as 12 or 2.5.", words::plain(typed))
    })
}
