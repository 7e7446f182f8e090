//! Results of a server that is newer than this build are read, and what this build knows of them is kept.

use std::fmt::Debug;

use lookout_schema::{
    DescribeTable, GetDashboard, GetDashboardResult, ListDashboards, ListSourceDocs, ListTables,
    ListWarehouses, NormalizedType, Paged, PanelType, QueryWarehouse, ReadSourceDoc,
    RunDashboardPanel, SaveDashboard, Tool, catalogue,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A value of the schema with every member that it names. A newer server's has members besides and other words in enumerations.
fn sample(root: &Value, schema: &Value, newer: bool) -> Value {
    let target = schema.get("$ref").or_else(|| schema["anyOf"][0].get("$ref"));
    if let Some(target) = target.and_then(Value::as_str) {
        let target = root.pointer(&target[1..]).expect("the catalogue's references hold");
        return sample(root, target, newer);
    }
    if let Some(values) = schema["enum"].as_array() {
        return if newer { json!("a_word_of_next_year") } else { values[0].clone() };
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let members = schema["properties"].as_object();
            let mut object: Map<_, _> = members
                .into_iter()
                .flatten()
                .map(|(name, member)| (name.clone(), sample(root, member, newer)))
                .collect();
            if newer {
                object.insert("member_of_next_year".to_owned(), json!({ "deep": [1] }));
            }
            object.into()
        }
        Some("array") => json!([sample(root, &schema["items"], newer)]),
        Some("string") => json!("text"),
        Some("integer") => json!(7),
        Some("number") => json!(0.5),
        Some("boolean") => json!(true),
        _ => json!({ "any": null }),
    }
}

/// Whether everything in `part` is in `whole`.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|other| is_in(value, other))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part.iter().zip(whole).all(|(part, whole)| is_in(part, whole))
        }
        (part, whole) => part == whole,
    }
}

fn without_news(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| name != "member_of_next_year");
            members.values_mut().for_each(without_news);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_news),
        _ => {}
    }
}

fn reads<T>()
where
    T: Tool,
    T::Output: Clone + Debug + PartialEq + DeserializeOwned + Sync,
{
    let schema =
        &catalogue().tool(T::NAME).expect("every tool type is in the catalogue").output_schema;
    for newer in [false, true] {
        let written = sample(schema, schema, newer);
        let read: T::Output = serde_json::from_value(written.clone())
            .unwrap_or_else(|error| panic!("{}: {error}: {written}", T::NAME));
        assert_eq!(read.clone(), read);
        assert!(format!("{read:?}").contains("text"), "{read:?}");
        let back = json!(read);
        let mut known = written;
        without_news(&mut known);
        assert!(is_in(&known, &back), "{}: {known} became {back}", T::NAME);
    }
}

#[test]
fn results_with_more_members_and_other_words_are_read() {
    reads::<DescribeTable>();
    reads::<GetDashboard>();
    reads::<ListDashboards>();
    reads::<ListSourceDocs>();
    reads::<ListTables>();
    reads::<ListWarehouses>();
    reads::<QueryWarehouse>();
    reads::<ReadSourceDoc>();
    reads::<RunDashboardPanel>();
    reads::<SaveDashboard>();
    assert_eq!(catalogue().tools.len(), 10, "another tool is to be read here too");
}

#[test]
fn a_dashboard_survives_a_round_trip_with_what_this_build_does_not_know() {
    let schema = &catalogue().tool("get_dashboard").expect("a tool").output_schema;
    let written = sample(schema, schema, true);
    let read: GetDashboardResult = serde_json::from_value(written.clone()).expect("it is read");
    assert_eq!(read.spec.panels[0].type_, PanelType::Unknown("a_word_of_next_year".to_owned()));
    assert_eq!(read.spec.panels[0].extra["member_of_next_year"], json!({ "deep": [1] }));
    let sent = json!(SaveDashboard::new("T", read.spec).if_revision(read.revision));
    assert!(is_in(&written["spec"], &sent["spec"]), "{sent}");
}

#[test]
fn words_of_an_enumeration_are_kept_as_they_are() {
    for known in NormalizedType::KNOWN {
        assert_eq!(&NormalizedType::from(known.as_str()), known);
        assert_eq!(known.to_string(), known.as_str());
    }
    let other: NormalizedType = serde_json::from_value(json!("Geometry")).expect("any text");
    assert_eq!(other, NormalizedType::Unknown("Geometry".to_owned()));
    assert_eq!(json!(other), json!("Geometry"));
}

#[test]
fn what_is_listed_can_be_taken_from_every_page() {
    fn pages<T: Paged>(member: &str) {
        let schema = &catalogue().tool(T::NAME).expect("a tool").output_schema;
        let page = sample(schema, schema, false);
        assert_eq!(page[member].as_array().map(Vec::len), Some(1), "{page}");
        let read: T::Output = serde_json::from_value(page).expect("it is read");
        assert_eq!(T::next_cursor(&read), Some("text"));
        assert_eq!(T::items(read).len(), 1);
    }
    pages::<ListDashboards>("dashboards");
    pages::<ListSourceDocs>("docs");
    pages::<ListTables>("tables");
    pages::<ListWarehouses>("warehouses");
}
