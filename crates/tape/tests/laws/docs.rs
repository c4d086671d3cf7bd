use std::collections::BTreeSet;
use std::path::Path;

use wengert_tape::ops::ALL;

const LINES: [&str; 5] = ["shape", "value", "rule", "edges", "source"];

#[test]
fn every_op_says_what_it_is() {
    let mut missing = Vec::new();
    for row in ALL {
        let header: Vec<&str> = row.source.lines().take_while(|line| line.starts_with("//!")).collect();
        if !header.first().is_some_and(|line| line.starts_with(&format!("//! `{}`: ", row.name))) {
            missing.push(format!("{}: the first line is no `{}`: …", row.name, row.name));
        }
        for name in LINES {
            let start = format!("//! - {name}: ");
            if !header.iter().any(|line| line.strip_prefix(&start).is_some_and(|rest| rest.len() > 3)) {
                missing.push(format!("{}: no line `{name}:`", row.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_file_is_in_the_list() {
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let files: BTreeSet<String> = std::fs::read_dir(ops)
        .expect("the ops' directory can be read")
        .map(|entry| entry.expect("its entries too").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "mod")
        .collect();
    let listed: BTreeSet<String> = ALL.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(files, listed);
    assert_eq!(ALL.len(), listed.len(), "a row stands twice");
}
