use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wengert_tape::ops::ALL;

const LINES: [&str; 5] = ["shape", "value", "rule", "edges", "source"];

#[test]
fn every_op_says_what_it_is() {
    let mut missing = Vec::new();
    for row in ALL {
        let header: Vec<&str> = row
            .source
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        if !header
            .first()
            .is_some_and(|line| line.starts_with(&format!("//! `{}`: ", row.name)))
        {
            missing.push(format!(
                "{}: the first line is no `{}`: …",
                row.name, row.name
            ));
        }
        for name in LINES {
            let start = format!("//! - {name}: ");
            if !header
                .iter()
                .any(|line| line.strip_prefix(&start).is_some_and(|rest| rest.len() > 3))
            {
                missing.push(format!("{}: no line `{name}:`", row.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// What makes a file one of an op.
const OPS: [&str; 5] = [
    " Op<T> for ",
    " Formula<",
    " Elementary for ",
    ".apply(",
    "light! {",
];

#[test]
fn every_file_with_an_op_is_in_the_list() {
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let listed: BTreeSet<&str> = ALL.iter().map(|row| row.name).collect();
    assert_eq!(ALL.len(), listed.len(), "a row stands twice");
    let mut files = BTreeSet::new();
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("the ops' folder can be read");
        entries
            .map(|entry| entry.expect("its entries can be read").path())
            .collect()
    };
    // A folder for each family, and a file for each op.
    let families = entries(&ops).into_iter().filter(|path| path.is_dir());
    for path in families.flat_map(|family| entries(&family)) {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        if name == "mod" {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a file can be read");
        // What is no function of variables, such as a comparison, has no derivative and no row.
        let op = OPS.iter().any(|mark| source.contains(mark));
        assert!(
            !op || listed.contains(name.as_str()),
            "{name} holds an op and is not in the list"
        );
        files.insert(name);
    }
    let gone: Vec<_> = listed
        .iter()
        .filter(|name| !files.contains(**name))
        .collect();
    assert!(gone.is_empty(), "rows without a file: {gone:?}");
}

/// What a line of an op's head says, with the lines that go on with it.
fn said(source: &str, name: &str) -> String {
    let start = format!("//! - {name}: ");
    let mut lines = source.lines().skip_while(|line| !line.starts_with(&start));
    let first = lines.next().map_or("", |line| &line[start.len()..]);
    let more = lines.map_while(|line| line.strip_prefix("//!   "));
    let text = std::iter::once(first)
        .chain(more)
        .collect::<Vec<_>>()
        .join(" ");
    // A bar would end the cell.
    text.replace('|', "\\|")
}

/// The table of the edges in the docs is made of the list. `WRITE_EDGES=1` in the environment of this test
/// writes it again.
#[test]
fn the_table_of_edges_is_that_of_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/edges.md");
    let mut table = String::from(
        "# Edges\n\n\
         What happens to each function at kinks, poles, ties and jumps, of infinities and NaN. It is made of the\n\
         heads of the files in `crates/tape/src/ops` by the tests in `crates/tape/tests/laws`; those in\n\
         `crates/tape/tests/edges` assert it. A cotangent of exactly 0 stays 0, whatever the slope, and a value of\n\
         size 0 gives one, unless the table says otherwise.\n\n\
         | function | value | edges |\n|---|---|---|\n",
    );
    for row in ALL {
        let (value, edges) = (said(row.source, "value"), said(row.source, "edges"));
        table += &format!("| `{}` | {value} | {edges} |\n", row.name);
    }
    if std::env::var_os("WRITE_EDGES").is_some() {
        std::fs::write(&path, &table).expect("the docs can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == table,
        "docs/edges.md is not that of the list: run this test with WRITE_EDGES=1"
    );
}
