//! The house rules of ARCHITECTURE.md, held by reading the files of the workspace.
//!
//! Each rule is a row of [`RULES`] and carries a fault that it must see, so that a rule that has
//! gone blind fails as well.

use std::fs;
use std::path::Path;

#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/promises.rs"]
mod promises;

/// A file of the workspace: its path from the root, and what it says.
struct File {
    path: String,
    text: String,
}

struct Rule {
    /// The rule, as one reads it in a failure.
    says: &'static str,
    /// Whether it speaks of the file at this path.
    covers: fn(&str) -> bool,
    /// The lines that break it, numbered from 1.
    offences: fn(&File) -> Vec<usize>,
    /// A file that breaks it: path and text.
    planted: (&'static str, &'static str),
}

const RULES: &[Rule] = &[
    Rule {
        says: "wengert-tensor has no word of gradients, tapes or parameters",
        covers: |path| path.starts_with("crates/tensor/src/"),
        offences: |file| {
            let words = [
                "gradient",
                "cotangent",
                "derivative",
                "differentiable",
                "differentiated",
                "differentiate",
                "autodiff",
                "backward",
                "tape",
                "parameter",
            ];
            lines(file, |line| has_word(line, &words))
        },
        planted: ("crates/tensor/src/a.rs", "/// Adds to the gradients."),
    },
    Rule {
        says: "wengert-tensor depends on no other crate of the workspace",
        covers: |path| path == "crates/tensor/Cargo.toml",
        offences: |file| lines(file, |line| line.starts_with("wengert-")),
        planted: ("crates/tensor/Cargo.toml", "wengert-tape.workspace = true"),
    },
    Rule {
        says: "wengert-tape does not depend on wengert-nn",
        covers: |path| path == "crates/tape/Cargo.toml",
        offences: |file| lines(file, |line| line.starts_with("wengert-nn")),
        planted: ("crates/tape/Cargo.toml", "wengert-nn.workspace = true"),
    },
    Rule {
        says: "the spine of the tape names no concrete op",
        covers: |path| {
            let spine = ["record/", "walk/", "grad/", "model/"];
            let file = path.strip_prefix("crates/tape/src/").unwrap_or("");
            spine.iter().any(|room| file.starts_with(room))
        },
        offences: |file| code_lines(file, has_op_path),
        planted: ("crates/tape/src/walk/reverse.rs", "use crate::ops::Tanh;"),
    },
    Rule {
        says: "a composition implements no op, calls no kernel and writes no reverse rule",
        covers: |path| {
            path.starts_with("crates/tape/src/compose/") || path.starts_with("crates/nn/src/")
        },
        offences: |file| {
            let words = ["Op", "Reverse", "kernels"];
            code_lines(file, |line| {
                words
                    .iter()
                    .any(|word| names(line).any(|name| name == *word))
            })
        },
        planted: ("crates/nn/src/a.rs", "impl<T: Float> Op<T> for Fused {"),
    },
    Rule {
        says: "`unsafe` stands under crates/tensor/src/kernels alone",
        covers: |path| is_library(path) && !path.starts_with("crates/tensor/src/kernels/"),
        offences: |file| code_lines(file, |line| names(line).any(|name| name == "unsafe")),
        planted: ("crates/tape/src/a.rs", "let x = unsafe { *pointer };"),
    },
    Rule {
        says: "every unsafe block says why it is sound",
        covers: |path| path.starts_with("crates/tensor/src/kernels/"),
        offences: blocks_without_reason,
        planted: (
            "crates/tensor/src/kernels/a.rs",
            "let x = unsafe { *pointer };",
        ),
    },
    Rule {
        says: "the crates without kernels forbid unsafe code",
        covers: |path| {
            let roots = ["crates/tape/src/lib.rs", "crates/nn/src/lib.rs"];
            roots.contains(&path) || ["crates/derive/src/lib.rs", "src/lib.rs"].contains(&path)
        },
        offences: |file| {
            let forbids = file.text.contains("#![forbid(unsafe_code)]");
            if forbids { vec![] } else { vec![1] }
        },
        planted: ("crates/nn/src/lib.rs", "//! Layers."),
    },
    Rule {
        says: "tensor and tape use no file, environment, clock or thread",
        covers: |path| {
            path.starts_with("crates/tensor/src/") || path.starts_with("crates/tape/src/")
        },
        offences: |file| code_lines(file, reaches_outside),
        planted: ("crates/tape/src/a.rs", "use std::{fmt, time::Instant};"),
    },
    Rule {
        says: "library code prints nothing",
        covers: is_library,
        offences: |file| {
            let prints = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
            code_lines(file, |line| prints.iter().any(|print| line.contains(print)))
        },
        planted: ("crates/nn/src/a.rs", "    eprintln!(\"epoch {epoch}\");"),
    },
    Rule {
        says: "no feature flag changes a result: these add modules, and nothing else",
        covers: is_library,
        offences: |file| {
            let known = ["\"proptest\"", "\"files\"", "\"progress\"", "\"pictures\""];
            code_lines(file, |line| {
                line.contains("cfg")
                    && line.contains("(feature = ")
                    && !known.iter().any(|feature| line.contains(feature))
            })
        },
        planted: ("crates/tensor/src/a.rs", "#[cfg(feature = \"fast\")]"),
    },
    Rule {
        says: "no file names a registry or a host of code",
        covers: |path| path != "tests/tidy.rs",
        offences: |file| {
            let hosts = [
                "crates.io",
                "docs.rs",
                "lib.rs/",
                "github.",
                "gitlab.",
                "pypi.org",
            ];
            lines(file, |line| hosts.iter().any(|host| line.contains(host)))
        },
        planted: ("README.md", "See https://docs.rs/wengert."),
    },
    Rule {
        says: "the doc of a layer gives its source, then an example that asserts a number",
        covers: |path| {
            let rooms = ["crates/nn/src/layers/", "crates/nn/src/rnn/"];
            rooms.iter().any(|room| path.starts_with(room))
        },
        offences: layers_without_doc,
        planted: (
            "crates/nn/src/layers/a.rs",
            "/// Halves.\n///\n/// ```\n/// assert_eq!(y, 1);\n/// ```\npub struct Half<P = Tensor> {\n\
             impl Half {\n",
        ),
    },
    Rule {
        says: "a source file has at most 600 lines",
        covers: |path| path.ends_with(".rs") && !path.contains("tests/"),
        offences: |file| {
            let count = file.text.lines().count();
            if count > 600 { vec![count] } else { vec![] }
        },
        planted: ("src/lib.rs", LONG),
    },
];

/// More lines than a file may have.
const LONG: &str = {
    const BYTES: [u8; 601] = [b'\n'; 601];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("newlines are text"),
    }
};

/// The numbers of the lines that `offends` is true of.
fn lines(file: &File, offends: impl Fn(&str) -> bool) -> Vec<usize> {
    let numbered = file.text.lines().enumerate();
    numbered
        .filter(|(_, line)| offends(line))
        .map(|(at, _)| at + 1)
        .collect()
}

/// [`lines`], without what stands in comments.
fn code_lines(file: &File, offends: impl Fn(&str) -> bool) -> Vec<usize> {
    lines(file, |line| offends(code(line)))
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// The identifiers and keywords of a line.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|name| !name.is_empty())
}

/// Whether one of `words` stands in the line, in any case, also as a plural or a part of a name.
fn has_word(line: &str, words: &[&str]) -> bool {
    // Generic code has type parameters, whatever it computes.
    let line = line.to_lowercase().replace("type parameter", "");
    line.split(|c: char| !c.is_alphanumeric()).any(|word| {
        words
            .iter()
            .any(|&w| word == w || word.strip_suffix('s') == Some(w))
    })
}

/// Whether the line has a path into the module `ops` of the tape (and not into `std::ops`).
fn has_op_path(line: &str) -> bool {
    line.replace("std::ops", "").contains("ops::")
}

/// Whether the line reaches for a file, the environment, a clock or a thread.
fn reaches_outside(line: &str) -> bool {
    let modules = ["fs", "env", "time", "thread"];
    let inside = line.contains("std::") && names(line).any(|name| modules.contains(&name));
    inside || names(line).any(|name| ["Instant", "SystemTime"].contains(&name))
}

/// Whether this is source of a library, rather than a test, an example or a document.
fn is_library(path: &str) -> bool {
    let inside =
        path.starts_with("src/") || (path.starts_with("crates/") && path.contains("/src/"));
    inside && path.ends_with(".rs")
}

/// Unsafe blocks and impls whose preceding comment has no `SAFETY:`.
fn blocks_without_reason(file: &File) -> Vec<usize> {
    let all: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in all.iter().enumerate() {
        let block = ["unsafe {", "unsafe impl"]
            .iter()
            .any(|opening| code(line).contains(opening));
        // The reason stands above the statement, which may have begun some lines before.
        let reasoned = all[at.saturating_sub(6)..=at]
            .iter()
            .any(|line| line.contains("SAFETY:"));
        if block && !reasoned {
            found.push(at + 1);
        }
    }
    found
}

/// The structs that are built from tensors, and whose doc lacks `Source:` or an example after it.
fn layers_without_doc(file: &File) -> Vec<usize> {
    let all: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in all.iter().enumerate() {
        let Some((name, _)) = line
            .strip_prefix("pub struct ")
            .and_then(|rest| rest.split_once("<P = Tensor>"))
        else {
            continue;
        };
        let built = format!("impl {name} {{");
        let above = all[..at].iter().rev();
        let mut doc: Vec<&str> = above
            .copied()
            .take_while(|line| line.starts_with("///") || line.starts_with("#["))
            .collect();
        doc.reverse();
        let source = doc.iter().position(|line| line.starts_with("/// Source: "));
        let shown = source.is_some_and(|source| {
            doc[source..]
                .iter()
                .any(|line| line.starts_with("/// assert"))
        });
        if file.text.contains(&built) && !shown {
            found.push(at + 1);
        }
    }
    found
}

/// Every text file of the workspace that people write.
fn workspace() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the workspace can be read") {
            let path = entry.expect("the workspace can be read").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                let foreign = ["target", "out", "golden"].contains(&name.as_str());
                if !foreign && (!name.starts_with('.') || name == ".ci") {
                    folders.push(path);
                }
                continue;
            }
            let written = [".rs", ".md", ".toml"]
                .iter()
                .any(|end| name.ends_with(end));
            if written || name == "run" {
                let text = fs::read_to_string(&path).expect("a source file is text");
                let path = path
                    .strip_prefix(root)
                    .expect("the walk starts at the root");
                let path = path.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The text of one file.
fn read<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path} is missing")).text
}

/// The modules of the crates (`crates/tape/src/reverse.rs`, `crates/tape/src/ops`).
fn modules(files: &[File]) -> Vec<String> {
    let mut modules: Vec<String> = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/")) {
        let mut parts = file.path.splitn(5, '/');
        let (_, name, folder) = (parts.next(), parts.next(), parts.next());
        if let (Some(name), Some("src"), Some(module)) = (name, folder, parts.next()) {
            let module = format!("crates/{name}/src/{module}");
            if !module.ends_with("/lib.rs") && modules.last() != Some(&module) {
                modules.push(module);
            }
        }
    }
    modules
}

/// The modules that the code map, a section a crate, does not name.
fn unmapped(map: &str, modules: &[String]) -> Vec<String> {
    let missing = |module: &&String| {
        let mut parts = module.split('/').skip(1);
        let (name, stem) = (parts.next().unwrap_or(""), parts.nth(1).unwrap_or(""));
        let heading = format!("### `crates/{name}`");
        let section = map.split_once(&heading).map_or("", |(_, rest)| rest);
        let section = section.split("\n##").next().unwrap_or("");
        let stem = stem.trim_end_matches(".rs");
        !section.contains(&format!("`{stem}`"))
    };
    modules.iter().filter(missing).cloned().collect()
}

#[test]
fn the_house_is_tidy() {
    let files = workspace();
    let mut found = Vec::new();
    for rule in RULES {
        for file in files.iter().filter(|file| (rule.covers)(&file.path)) {
            for line in (rule.offences)(file) {
                found.push(format!("{}:{line}: {}", file.path, rule.says));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_rule_sees_its_fault() {
    for rule in RULES {
        let (path, text) = rule.planted;
        assert!((rule.covers)(path), "not covered: {}", rule.says);
        let file = File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        assert!(
            !(rule.offences)(&file).is_empty(),
            "not seen: {}",
            rule.says
        );
    }
}

#[test]
fn every_rule_covers_a_file() {
    let files = workspace();
    for rule in RULES {
        let covered = files.iter().any(|file| (rule.covers)(&file.path));
        assert!(covered, "this rule covers no file: {}", rule.says);
    }
}

#[test]
fn comments_and_lookalikes_are_no_faults() {
    assert!(!has_word(
        "a taper over a type parameter",
        &["tape", "parameter"]
    ));
    assert!(has_word("fn clear_tape()", &["tape"]));
    assert!(!has_op_path("use std::ops::Add;"));
    assert!(!reaches_outside(code("use std::fmt; // no std::time")));
    let reasoned = File {
        path: String::new(),
        text: "// SAFETY: it is in bounds.\nunsafe { *pointer }".to_owned(),
    };
    assert!(blocks_without_reason(&reasoned).is_empty());
    assert_eq!(code("x // unsafe"), "x ");
}

#[test]
fn the_code_map_names_every_module() {
    let files = workspace();
    let missing = unmapped(read(&files, "ARCHITECTURE.md"), &modules(&files));
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks {missing:?}");
}

#[test]
fn a_hole_in_the_code_map_is_seen() {
    let map = "### `crates/tape`\n- `reverse`: walks\n### `crates/nn`\n- `flow`: data\n";
    let modules = ["reverse.rs", "flow.rs"].map(|name| format!("crates/tape/src/{name}"));
    assert_eq!(unmapped(map, &modules), ["crates/tape/src/flow.rs"]);
}

#[test]
fn every_promised_refusal_is_tested() {
    let files = workspace();
    let wrong = |name: &&str| promises::mismatches(name, &files);
    let wrong: Vec<String> = ["tensor", "tape", "nn"].iter().flat_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_promise_without_test_and_a_test_without_promise_are_seen() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let source =
        "impl Rng {\n    /// # Panics\n    /// If n is 0.\n    pub fn below(n: usize) {}\n}\n";
    let files = |table: &str| {
        let table = file("crates/tensor/tests/refusals/main.rs", table);
        [file("crates/tensor/src/random.rs", source), table]
    };
    let right = files("    \"Rng::below\": rng().below(0) => \"no number\";");
    assert!(promises::mismatches("tensor", &right).is_empty());
    let renamed = files("    \"Rng::under\": rng().under(0) => \"no number\";");
    let wrong = promises::mismatches("tensor", &renamed);
    assert_eq!(
        wrong,
        [
            "crates/tensor/src/random.rs:2: no refusal test names `Rng::below`",
            "crates/tensor/tests: the docs of `Rng::under` promise no refusal"
        ]
    );
}

#[test]
fn ci_runs_every_example() {
    let files = workspace();
    let ci = read(&files, ".ci/run");
    for file in &files {
        let Some(name) = file.path.strip_prefix("examples/") else {
            continue;
        };
        if !name.contains('/') && name.ends_with(".rs") {
            assert!(runs(ci, name), ".ci/run does not run {name}");
        }
    }
}

#[test]
fn an_example_that_ci_forgets_is_seen() {
    assert!(runs("for file in examples/*.rs; do", "a.rs"));
    assert!(runs("cargo run --example a -- --quick", "a.rs"));
    assert!(!runs("cargo run --example b -- --quick", "a.rs"));
}

/// Whether the script runs the example in this file, by its name or in a loop over all.
fn runs(script: &str, file: &str) -> bool {
    let call = format!("--example {} ", file.trim_end_matches(".rs"));
    script.contains("in examples/*.rs; do") || script.contains(&call)
}

#[test]
fn ci_runs_the_command_of_the_readme() {
    let files = workspace();
    let command = "cargo test --workspace --all-features";
    for path in ["README.md", "CONTRIBUTING.md", ".ci/run"] {
        assert!(
            read(&files, path).contains(command),
            "{path} does not say `{command}`"
        );
    }
}
