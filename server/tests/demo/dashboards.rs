//! Every panel of every dashboard runs.

use std::collections::BTreeSet;

use lookout_server::{
    demo,
    warehouse::{Scalar, Statement, Warehouse},
};
use serde_json::Value;

use super::shop::{runtime, warehouse};

/// `{{name}}` as the `:name` it is bound by.
fn bound(sql: &str) -> String {
    sql.replace("{{", ":").replace("}}", "")
}

fn panels() -> Vec<(Value, Value)> {
    let of = |dashboard: Value| {
        dashboard["spec"]["panels"]
            .as_array()
            .unwrap()
            .clone()
            .into_iter()
            .map(move |panel| (dashboard.clone(), panel))
    };
    demo::dashboards().into_iter().flat_map(of).collect()
}

#[test]
fn dashboards_have_the_shape_of_documents() {
    let dashboards = demo::dashboards();
    let slugs: BTreeSet<_> =
        dashboards.iter().map(|dashboard| dashboard["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs.len(), 3);
    for dashboard in &dashboards {
        assert!(
            !dashboard["title"].as_str().unwrap().is_empty()
                && !dashboard["description"].as_str().unwrap().is_empty()
        );
        let parameters = dashboard["spec"]["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(
            |parameter| parameter["name"] == "time_range" && parameter["type"] == "time_range"
        ));
    }
    let types: BTreeSet<String> =
        panels().iter().map(|(_, panel)| panel["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types.into_iter().collect::<Vec<_>>(), ["chart", "funnel", "metric", "table"]);
    for (dashboard, panel) in panels() {
        assert_eq!(
            panel.get("chartType").is_some(),
            panel["type"] == "chart",
            "{} {}",
            dashboard["slug"],
            panel["id"]
        );
        assert_eq!(
            panel.get("metricConfig").is_some(),
            panel["type"] == "metric",
            "{} {}",
            dashboard["slug"],
            panel["id"]
        );
        assert!(
            matches!(panel["width"].as_str(), Some("half" | "full")) && panel["order"].is_u64()
        );
    }
}

#[test]
fn every_panel_reads_data_of_the_shop() {
    let runtime = runtime();
    for (dashboard, panel) in panels() {
        let place = format!("{} {}", dashboard["slug"], panel["id"]);
        let sql = bound(panel["sql"].as_str().unwrap());
        let used = runtime
            .block_on(warehouse().check(&sql))
            .unwrap_or_else(|error| panic!("{place}: {error}"))
            .parameters;
        assert!(
            used.contains("time_range_start") && used.contains("time_range_end"),
            "{place}: a panel that ignores the time range"
        );
        let mut statement = Statement::new(&sql);
        for name in used {
            let value = match name.as_str() {
                "time_range_start" => Scalar::Text("2026-08-22T00:00:00Z".to_owned()),
                "time_range_end" => Scalar::Text("2026-11-22T00:00:00Z".to_owned()),
                name => {
                    let parameters = dashboard["spec"]["parameters"].as_array().unwrap();
                    let parameter = parameters
                        .iter()
                        .find(|parameter| parameter["name"] == name)
                        .unwrap_or_else(|| panic!("{place}: {name} is not declared"));
                    Scalar::from_json(&parameter["default"]).unwrap()
                }
            };
            statement = statement.bind(name, value);
        }
        let outcome = runtime
            .block_on(warehouse().query(statement))
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(
            !outcome.rows.is_empty()
                && outcome.rows[0].iter().any(|cell| !cell.is_null() && *cell != 0),
            "{place}: {:?}",
            outcome.rows
        );
        assert_eq!(outcome.truncated, None, "{place}");
        match panel["type"].as_str().unwrap() {
            "metric" => assert_eq!((outcome.row_count(), outcome.columns.len()), (1, 1), "{place}"),
            "funnel" => {
                let counts: Vec<_> =
                    outcome.rows.iter().map(|row| row[1].as_u64().unwrap()).collect();
                assert!(
                    counts.len() > 2 && counts.is_sorted_by(|a, b| a >= b),
                    "{place}: {counts:?}"
                );
                assert!(
                    outcome.rows.iter().all(|row| row.len() == 2 && row[0].is_string()),
                    "{place}"
                );
            }
            _ => assert!(outcome.columns.len() > 1, "{place}"),
        }
    }
}
