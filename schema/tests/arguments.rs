//! What the check of arguments allows is what the input schemas allow, and what it says is worth reading.

use std::collections::BTreeSet;

use lookout_schema::{
    DashboardParameter, DashboardSpec, FunnelConfig, GetDashboard, InvalidArguments, ListTables,
    MetricConfig, MetricFormat, Panel, PanelType, ParameterType, QueryWarehouse, RunDashboardPanel,
    SaveDashboard, Tool, catalogue,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

/// Decides what is generated; when it has run out, the plainest.
struct Choices<'a> {
    left: std::slice::Iter<'a, u16>,
    /// One in how many values is wrong; none when it is 0.
    wrong: usize,
}

impl<'a> Choices<'a> {
    fn new(choices: &'a [u16]) -> Self {
        let mut choices = Self { left: choices.iter(), wrong: 0 };
        choices.wrong = choices.of(&[0, 40, 4]);
        choices
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.left.next().copied().unwrap_or(0)) % count
    }

    fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    fn errs(&mut self) -> bool {
        self.wrong > 0 && self.below(self.wrong) == self.wrong - 1
    }

    fn pick<T: Clone>(&mut self, right: &[T], wrong: &[T]) -> T {
        let errs = self.errs();
        self.of(if errs { wrong } else { right })
    }
}

/// A value that fits the schema or almost does.
fn value(root: &Value, schema: &Value, choices: &mut Choices<'_>) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(&reference[1..]).expect("the catalogue's references hold");
        return value(root, target, choices);
    }
    if choices.errs() {
        let any =
            [json!(null), json!(true), json!(7), json!(0.5), json!("text"), json!([]), json!({})];
        return choices.of(&any);
    }
    let bound = |keyword: &str| schema[keyword].as_i64();
    if let Some(values) = schema["enum"].as_array() {
        return choices.pick(values, &[json!("other"), json!("")]);
    }
    match schema["type"].as_str() {
        Some("string") if schema.get("pattern").is_some() => {
            let near = ["a-b", "a_b", "-a", "a-", "a--b", "A", "é", "7", "", "a\n"];
            choices.pick(&["a", "z7", "abc"], &near).into()
        }
        Some("string") => {
            let least = bound("minLength").unwrap_or(0);
            let most = bound("maxLength").unwrap_or(10);
            let length = choices.pick(&[least.max(1), most], &[least, least - 1, most + 1]);
            let length = usize::try_from(length).unwrap_or(0);
            choices.of(&["a", "é", "𝄞"]).repeat(length).into()
        }
        Some("integer") => {
            let least = bound("minimum").unwrap_or(0);
            let most = bound("maximum").unwrap_or(10);
            let right = [json!(least), json!(most), json!(least as f64)];
            let wrong =
                [json!(least - 1), json!(most + 1), json!(0.5), json!(u64::MAX), json!(1e300)];
            choices.pick(&right, &wrong)
        }
        Some("boolean") => choices.of(&[json!(true), json!(false)]),
        Some("array") => {
            let most = bound("maxItems").unwrap_or(3);
            let length = choices.pick(&[1, 1, 2, 3, most], &[0, most + 1]);
            (0..length).map(|_| value(root, &schema["items"], choices)).collect()
        }
        Some("object") => {
            let required = schema["required"].as_array();
            let mut members = Map::new();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                let needed =
                    required.is_some_and(|required| required.contains(&name.as_str().into()));
                let stands = if needed { !choices.errs() } else { choices.below(2) == 0 };
                if stands {
                    members.insert(name.clone(), value(root, member, choices));
                }
            }
            let further = match (bound("maxProperties"), &schema["additionalProperties"]) {
                (Some(most), _) => choices.pick(&[0, 2, most], &[most + 1]),
                (None, Value::Bool(false)) => choices.pick(&[0], &[1, 2]),
                (None, _) => choices.of(&[0, 1]),
            };
            for index in 0..further {
                members.insert(format!("x{index}/~"), json!(index));
            }
            members.into()
        }
        _ => choices.of(&[json!(1), json!("text"), json!({ "start": "2026-01-01" }), json!(null)]),
    }
}

fn pointers(checked: &Result<(), InvalidArguments>) -> BTreeSet<String> {
    let violations = checked.as_ref().err().map(InvalidArguments::violations).unwrap_or_default();
    violations.iter().map(|violation| violation.pointer.clone()).collect()
}

/// A runner that always generates the same.
fn runner() -> TestRunner {
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]))
}

#[test]
fn the_check_and_a_json_schema_validator_refuse_the_same_places() {
    for tool in &catalogue().tools {
        let validator = jsonschema::validator_for(&tool.input_schema).expect("a valid schema");
        let verdicts = std::cell::Cell::new((0, 0));
        let choices = prop::collection::vec(any::<u16>(), 0..400);
        let outcome = runner().run(&choices, |choices| {
            let root = &tool.input_schema;
            let arguments = value(root, root, &mut Choices::new(&choices));
            let theirs: BTreeSet<_> = validator
                .iter_errors(&arguments)
                .map(|error| error.instance_path().as_str().to_owned())
                .collect();
            let (fit, other) = verdicts.get();
            verdicts.set(if theirs.is_empty() { (fit + 1, other) } else { (fit, other + 1) });
            prop_assert_eq!(pointers(&tool.check(&arguments)), theirs, "{}", arguments);
            Ok(())
        });
        assert_eq!(outcome, Ok(()), "{}", tool.name);
        let (fit, other) = verdicts.get();
        assert!(fit > 50 && other > 50, "{}: {fit} fit and {other} do not", tool.name);
    }
}

#[test]
fn every_violation_is_told_with_what_is_allowed() {
    let spec =
        DashboardSpec::new([Panel::new("Total Revenue", "", PanelType::Unknown("map".to_owned()))])
            .parameter(DashboardParameter::new("time-range", ParameterType::TimeRange));
    let invalid = SaveDashboard::new("Revenue", spec).if_revision(0).validate().expect_err("five");
    let told: Vec<_> = invalid.violations().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/if_revision is 0, allowed is 1 to 9007199254740991",
            "/spec/panels/0/id is `Total Revenue`, allowed is the form `^[a-z0-9]+(-[a-z0-9]+)*$`",
            "/spec/panels/0/title has 0 characters, allowed are 1 to 200",
            "/spec/panels/0/type is `map`, allowed is one of `chart`, `funnel`, `metric`, `table`",
            "/spec/parameters/0/name is `time-range`, allowed is the form `^[a-z][a-z0-9_]{0,63}$`",
        ]
    );

    let raw = json!({ "sql": 7, "max_rows": 2.5, "params": [], "a/b~c": "x".repeat(99), "timeout_seconds": null });
    let invalid = QueryWarehouse::check(&raw).expect_err("five");
    let told: BTreeSet<_> = invalid.violations().iter().map(ToString::to_string).collect();
    let expected = [
        "/max_rows is 2.5, allowed is a whole number",
        "/params is a list, allowed is an object",
        "/sql is a number, allowed is text",
        "/timeout_seconds is null, allowed is a whole number",
        "the whole has `a/b~c`, allowed are `sql`, `warehouse_id`, `max_rows`, `timeout_seconds`, `params`",
    ];
    assert_eq!(told, expected.map(str::to_owned).into());
}

#[test]
fn arguments_are_made_of_what_is_required_and_what_is_set() {
    let query = QueryWarehouse::new("select :a")
        .max_rows(10)
        .warehouse_id("shop")
        .param("a", 1)
        .param("b", "x");
    assert_eq!(
        json!(query),
        json!({ "sql": "select :a", "max_rows": 10, "timeout_seconds": 30, "warehouse_id": "shop", "params": { "a": 1, "b": "x" } })
    );
    assert_eq!(json!(ListTables::default()), json!({ "limit": 50 }));
    assert_eq!(
        json!(GetDashboard::new("churn")),
        json!({ "dashboard": "churn", "detail": "summary" })
    );
    let range = json!({ "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z" });
    let run = RunDashboardPanel::new("churn", "total").parameter("time_range", range.clone());
    assert_eq!(json!(run)["parameters"], json!({ "time_range": range }));

    let metric = Panel::new("total", "Total", PanelType::Metric)
        .sql("select 1")
        .metric_config(MetricConfig::new().format(MetricFormat::Currency).prefix("$"));
    let funnel = Panel::new("steps", "Steps", PanelType::Funnel)
        .funnel_config(FunnelConfig::default().step_column("step").extra("colour", "blue"));
    let country = DashboardParameter::new("country", ParameterType::Select)
        .option("NO")
        .option("SE")
        .default("NO");
    let save =
        SaveDashboard::new("Churn", DashboardSpec::new([metric]).panel(funnel).parameter(country))
            .dry_run(true);
    assert!(save.validate().is_ok());
    assert_eq!(
        json!(save),
        json!({
            "title": "Churn",
            "dry_run": true,
            "spec": {
                "panels": [
                    {
                        "id": "total", "title": "Total", "type": "metric", "sql": "select 1",
                        "metricConfig": { "format": "currency", "prefix": "$" },
                    },
                    {
                        "id": "steps", "title": "Steps", "type": "funnel",
                        "funnelConfig": { "stepColumn": "step", "colour": "blue" },
                    },
                ],
                "parameters": [
                    { "name": "country", "type": "select", "required": false, "options": ["NO", "SE"], "default": "NO" },
                ],
            },
        })
    );
}
