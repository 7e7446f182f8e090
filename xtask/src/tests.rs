//! Goldens on a tiny catalogue, so that curating a tool does not churn them, and freshness of the real outputs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::{catalogue, codegen, conformance, frameworks, workspace};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture")
}

/// Loads the fixture with `edit` made to one of its files.
fn load_edited(file: &str, edit: impl FnOnce(&mut Value)) -> anyhow::Result<Catalogue> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("tools"))?;
    for name in [
        "scopes.json",
        "errors.json",
        "types.json",
        "tools/find_orders.json",
        "tools/move_order.json",
    ] {
        fs::copy(fixture().join(name), folder.path().join(name))?;
    }
    let path = folder.path().join(file);
    let mut document = serde_json::from_str(&fs::read_to_string(&path)?)?;
    edit(&mut document);
    fs::write(&path, document.to_string())?;
    catalogue::load(folder.path())
}

/// What the loader says about the fixture after `edit`.
#[track_caller]
fn violations(file: &str, edit: impl FnOnce(&mut Value)) -> String {
    load_edited(file, edit).expect_err("the edit makes the catalogue invalid").to_string()
}

#[test]
fn generated_files_are_fresh() {
    codegen::run(&workspace(), true).expect("run: cargo xtask codegen");
}

#[test]
fn emitters_write_the_golden_files() {
    let catalogue = catalogue::load(&fixture()).expect("the fixture is valid");
    for output in codegen::outputs(&catalogue).expect("the fixture can be emitted") {
        if !output.path.ends_with(".schema.json") {
            insta::assert_snapshot!(output.path.replace('/', "__"), output.text);
        }
    }
}

#[test]
fn the_digest_ignores_the_order_of_members_and_sees_every_value() {
    let digest = |edit: fn(&mut Value)| {
        load_edited("tools/find_orders.json", edit).expect("a valid catalogue").digest
    };
    let original = digest(|_| {});
    let reordered = digest(|tool| {
        let title =
            tool.as_object_mut().expect("an object").shift_remove("title").expect("a title");
        tool["title"] = title;
    });
    let changed = digest(|tool| tool["inputSchema"]["properties"]["limit"]["maximum"] = json!(11));
    assert_eq!(original, reordered);
    assert_ne!(original, changed);
}

#[test]
fn every_violation_is_reported_at_once_with_file_and_pointer() {
    let report = violations("tools/find_orders.json", |tool| {
        tool["name"] = json!("find_order");
        tool["scopes"] = json!(["shop:read", "shop:admin"]);
        tool["errors"] = json!(["nope", "internal"]);
        tool["annotations"]["destructiveHint"] = json!(true);
        let input = tool["inputSchema"].as_object_mut().expect("an object");
        input.remove("additionalProperties");
        input["properties"]["state"] = json!({ "$ref": "types.json#/State" });
        input["properties"]["cursor"]["pattern"] = json!("^a|b$");
        input["properties"]["mode"] =
            json!({ "type": "string", "description": "A mode.", "enum": ["a"] });
    });
    insta::assert_snapshot!(report);
}

#[test]
fn what_is_outside_the_dialect_is_refused() {
    let report = violations("types.json", |types| {
        types["$defs"]["Order"]["properties"]["id"] = json!({ "const": "x" });
        types["$defs"]["State"]["unevaluatedProperties"] = json!(false);
        types["$defs"]["Order"]["additionalProperties"] = json!(true);
    });
    insta::assert_snapshot!(report);
}

#[test]
fn a_file_that_is_not_json_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("tools")).expect("a folder");
    for name in ["scopes.json", "errors.json", "types.json"] {
        fs::write(folder.path().join(name), "{").expect("a file");
    }
    let report = catalogue::load(folder.path()).expect_err("nothing can be read").to_string();
    for name in ["scopes.json", "errors.json", "types.json"] {
        assert!(report.contains(&format!("schema/{name}: is not JSON")), "{report}");
    }
}

#[test]
fn the_server_that_people_build_has_no_fault_seam() {
    let root = workspace();
    let strings = |selection: &[&str]| {
        let path = conformance::build(&root, selection).expect("it builds");
        String::from_utf8_lossy(&fs::read(path).expect("a binary")).into_owned()
    };
    let seam = ["danger-planted-faults", "pkce-optional", "Any verifier is good."];
    let package = ["--package", "lookout-server", "--bin"];
    let shipped = strings(&[&package[..], &["lookout-server"]].concat());
    let danger = strings(
        &[&package[..], &["lookout-server-danger", "--features", conformance::FAULT_FEATURE]]
            .concat(),
    );
    assert!(seam[1..].iter().all(|text| danger.contains(text)), "the search finds what is there");
    assert!(!seam.iter().any(|text| shipped.contains(text)), "the seam is in the shipped binary");
}

/// `cargo xtask frameworks install` builds them; without that they are skipped, and said to be, unless `LOOKOUT_SKIP_NOTHING` is set.
#[test]
fn an_agent_of_every_framework_uses_the_tools() {
    let root = workspace();
    let is_built = |name: &&str| frameworks::program(&root, name).is_file();
    let (built, missing): (Vec<_>, Vec<_>) = frameworks::NAMES.into_iter().partition(is_built);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let message = format!("{missing} not built: run `cargo xtask frameworks install`");
        assert!(std::env::var_os("LOOKOUT_SKIP_NOTHING").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
    }
    if built.is_empty() {
        return;
    }
    if built.len() == frameworks::NAMES.len() {
        frameworks::test(&root).expect("the adapters keep their promises");
    }
    let demo = frameworks::Demo::start(&root).expect("the demo server starts");
    for name in built {
        let told = demo.turn(name).expect("the turn comes to its end");
        assert!(told.contains("said:   There are "), "{told}");
    }
}

#[test]
fn every_recipe_is_run() {
    let folder = workspace().join("sdk/frameworks");
    let has_program = |name: &String| folder.join(name).join("src/main.rs").is_file();
    let entries = fs::read_dir(&folder).expect("a folder");
    let mut found: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(has_program)
        .collect();
    found.sort();
    assert_eq!(found, frameworks::NAMES);
}
