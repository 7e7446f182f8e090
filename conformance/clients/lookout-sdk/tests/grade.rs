//! Our own SDK under the harness, as it is built in this workspace: it does nothing that a client must not do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lookout_conformance::report::Verdict;
use lookout_conformance::{GradeOptions, Launch, grade};

#[test]
fn the_sdk_conforms_to_every_must() {
    let client = Launch::new([env!("CARGO_BIN_EXE_lookout-client-sdk")]);
    let report = grade(&client, &GradeOptions::default(), &|_| ()).unwrap();
    let wrong: Vec<String> = report
        .checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Error))
        .map(|check| format!("{}: {}", check.id, check.remark().unwrap_or("no remark")))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(!report.concludes_nothing());
}
