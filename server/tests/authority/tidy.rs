//! The authority stays pure.

use std::fs;
use std::path::Path;

#[test]
fn the_authority_uses_no_runtime_no_database_no_clock_and_no_randomness() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = fs::read_dir(source.join("authority")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = folder.chain([source.join("authority.rs")]).collect();
    assert!(files.len() > 10, "the authority was not found");
    let impure = [
        "tokio",
        "axum",
        "sqlx",
        "getrandom",
        "rand",
        "SystemTime",
        "Instant",
        "crate::store",
        "crate::http",
        "crate::app",
        "entropy",
    ];
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for word in impure {
                assert!(!line.contains(word), "{} uses {word}: {line}", file.display());
            }
        }
    }
}
