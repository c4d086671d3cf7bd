//! `examples/claims.toml`, the experiments in `examples/` and their figures in `docs/results/` hold
//! together. Each check carries faults that it must see.

#[path = "../examples/support/claims.rs"]
mod claims;
#[path = "../examples/support/record.rs"]
mod record;

use std::fs;
use std::path::Path;

use claims::{Claims, Of, Target, Verdict, median, number};
use record::{Record, hash, stamped};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names and texts of the files with this ending in a folder.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|end| end == ending) {
            let name = path.file_stem().expect("it has a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("the file is text");
            files.push((name.into_owned(), text));
        }
    }
    files.sort();
    files
}

fn read() -> Claims {
    let text = fs::read_to_string(root().join("examples/claims.toml")).expect("it is there");
    Claims::read(&text).unwrap_or_else(|faults| panic!("examples/claims.toml:\n{faults}"))
}

/// What is wrong between the claims and the experiments, given as names and texts.
fn strangers(claims: &Claims, examples: &[(String, String)]) -> Vec<String> {
    let mut faults = Vec::new();
    for name in claims.examples() {
        if !examples.iter().any(|(example, _)| example == name) {
            faults.push(format!(
                "there is no examples/{name}.rs, which a claim names"
            ));
        }
    }
    for (example, text) in examples {
        let Some((_, rest)) = text.split_once("Figures::new(\"") else {
            continue;
        };
        let name = rest.split('"').next().unwrap_or("");
        if name != example {
            faults.push(format!(
                "the figures of examples/{example}.rs are called {name}"
            ));
        }
        if claims.about(example).next().is_none() {
            faults.push(format!("examples/{example}.rs has figures and no claim"));
        }
    }
    faults
}

/// What is wrong with a file of figures.
fn wrong_figures(claims: &Claims, name: &str, text: &str) -> Vec<String> {
    let record = match Record::read(text) {
        Ok(record) => record,
        Err(fault) => return vec![format!("{name}: {fault}")],
    };
    let mut faults = Vec::new();
    if claims.about(name).next().is_none() {
        faults.push(format!("{name}: no claim names it"));
    }
    for claim in claims.about(name) {
        if let Some(lack) = record.lacks(claim) {
            faults.push(format!("{}: {lack}", claim.id));
        } else if claim.judge(&record.figures[&claim.figure]) == Verdict::Missed
            && claim.tried.is_none()
        {
            faults.push(format!(
                "{}: it is missed, and does not say what was tried",
                claim.id
            ));
        }
    }
    faults
}

#[test]
fn claims_are_well_formed_and_name_experiments() {
    let faults = strangers(&read(), &files("examples", "rs"));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn figures_have_what_the_claims_name() {
    let claims = read();
    let results = files("docs/results", "json");
    let wrong = |(name, text): &(String, String)| wrong_figures(&claims, name, text);
    let faults: Vec<String> = results.iter().flat_map(wrong).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

const GOOD: &str = r#"
[rows]
10 = "The sine wave"
[[claim]]
id = "10.error"
row = 10
says = "It is small."
source = "a book"
example = "sine"
figure = "mse"
seeds = 3
of = "2 of 3"
compare = "<"
threshold = 0.5
"#;

fn good() -> Claims {
    Claims::read(GOOD).expect("it is well formed")
}

#[test]
fn a_claim_that_is_not_well_formed_is_seen() {
    let claim = &good().claims[0];
    assert_eq!((claim.of, claim.target), (Of::Some(2), Target::Less(0.5)));
    let erratum = GOOD.replace("row = 10", "erratum = \"E4\"");
    assert!(Claims::read(&erratum).is_ok());
    let range = GOOD
        .replace("\"<\"", "\"within\"")
        .replace("0.5", "[1, 2.5]");
    let range = Claims::read(&range).expect("it is well formed");
    assert_eq!(range.claims[0].target, Target::Within(1.0, 2.5));

    let twice = format!(
        "{GOOD}{}",
        &GOOD[GOOD.find("[[claim]]").expect("it is there")..]
    );
    let faults = [
        (twice, "two claims of this id"),
        (GOOD.replace("id =", "name ="), "no id"),
        (GOOD.replace("row = 10", "row = 11"), "no title"),
        (GOOD.replace("row = 10", ""), "is wanted"),
        (
            GOOD.replace("row = 10", "row = 10\nerratum = \"E1\""),
            "is wanted",
        ),
        (GOOD.replace("row = 10", "erratum = \"4\""), "is wanted"),
        (GOOD.replace("a book", ""), "`source` is missing"),
        (GOOD.replace("says", "say"), "no field `say`"),
        (GOOD.replace("= 3", "= 0"), "`seeds`"),
        (GOOD.replace("2 of 3", "2 of 5"), "`of`"),
        (GOOD.replace("2 of 3", "0 of 3"), "`of`"),
        (GOOD.replace("2 of 3", "most"), "`of`"),
        (GOOD.replace("\"<\"", "\"==\""), "`compare`"),
        (GOOD.replace("0.5", "\"0.5\""), "a number"),
        (GOOD.replace("0.5", "nan"), "a number"),
        (GOOD.replace("threshold = 0.5", ""), "a number"),
        (GOOD.replace("\"<\"", "\"within\""), "[low, high]"),
        (
            GOOD.replace("\"<\"", "\"within\"").replace("0.5", "[2, 1]"),
            "[low, high]",
        ),
        (GOOD.replace("\"<\"", "\"report\""), "no `threshold`"),
        (GOOD.replace("= 3", "="), "TOML parse error"),
    ];
    for (text, says) in faults {
        let fault = Claims::read(&text).expect_err(says);
        assert!(fault.contains(says), "{fault}\ninstead of\n{says}");
    }
}

#[test]
fn an_experiment_without_claim_and_a_claim_without_experiment_are_seen() {
    let example = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let sine = example("sine", "let mut figures = Figures::new(\"sine\");");
    let other = example("quickstart", "fn main() {}");
    assert!(strangers(&good(), &[sine.clone(), other.clone()]).is_empty());
    let missing = strangers(&good(), &[other]);
    assert_eq!(
        missing,
        ["there is no examples/sine.rs, which a claim names"]
    );
    let renamed = example("sine", "Figures::new(\"wave\")");
    let renamed = strangers(&good(), &[renamed]);
    assert_eq!(renamed, ["the figures of examples/sine.rs are called wave"]);
    let unclaimed = example("digits", "Figures::new(\"digits\")");
    let unclaimed = strangers(&good(), &[sine, unclaimed]);
    assert_eq!(unclaimed, ["examples/digits.rs has figures and no claim"]);
}

const FIGURES: &str = r#"{
    "example": "sine", "quick": false, "seconds": 2.5, "threads": 1, "seed": 1,
    "figures": { "mse": [0.1, 0.2, null] }
}"#;

#[test]
fn figures_that_do_not_decide_a_claim_are_seen() {
    assert_eq!(wrong_figures(&good(), "sine", FIGURES), [""; 0]);
    let faults = [
        (FIGURES.replace("mse", "error"), "there is no figure mse"),
        (FIGURES.replace("0.1, ", ""), "2 numbers instead of 3"),
        (FIGURES.replace("false", "true"), "a quick run"),
        (FIGURES.replace("\"sine\"", "\"digits\""), "those of digits"),
        (FIGURES.replace("0.1", "0.6"), "does not say what was tried"),
        (FIGURES.replace("figures", "numbers"), "no `figures`"),
        (FIGURES.replace("[0.1, 0.2, null]", "0.1"), "no list"),
        (FIGURES.replace('}', ""), "EOF"),
    ];
    for (text, says) in faults {
        let found = wrong_figures(&good(), "sine", &text).join("\n");
        assert!(found.contains(says), "{found}\ninstead of\n{says}");
    }
    let stranger = wrong_figures(&good(), "wave", FIGURES);
    assert_eq!(stranger, ["wave: no claim names it"]);
}

#[test]
fn figures_are_judged() {
    let judge = |of, target, numbers: &[f64]| {
        let mut claim = good().claims[0].clone();
        (claim.of, claim.target) = (of, target);
        claim.judge(numbers) == Verdict::Met
    };
    let (less, more) = (Target::Less(2.0), Target::AtLeast(2.0));
    for (of, target, met, missed) in [
        (Of::Each, less, [1.0, 1.5], [1.0, 2.0]),
        (Of::Mean, less, [1.0, 2.5], [1.0, 3.0]),
        (Of::Median, less, [1.0, 2.5], [1.0, 3.0]),
        (Of::Min, less, [1.0, 9.0], [2.0, 9.0]),
        (Of::Max, more, [1.0, 2.0], [1.0, 1.5]),
        (Of::Some(1), less, [1.0, 3.0], [2.0, 3.0]),
        (Of::Each, more, [2.0, 3.0], [2.0, f64::NAN]),
        (Of::Min, less, [1.0, 1.0], [1.0, f64::NAN]),
        (Of::Max, more, [3.0, 3.0], [3.0, f64::NAN]),
        (Of::Median, less, [1.0, 1.0], [1.0, f64::NAN]),
        (Of::Each, Target::AtMost(2.0), [2.0, 2.0], [2.0, 2.1]),
        (Of::Each, Target::Greater(2.0), [2.1, 2.1], [2.0, 2.1]),
        (Of::Each, Target::Equal(2.0), [2.0, 2.0], [2.0, 2.1]),
        (Of::Each, Target::Within(1.0, 2.0), [1.0, 2.0], [0.9, 2.0]),
    ] {
        assert!(judge(of, target, &met), "{of:?} {target:?} {met:?}");
        assert!(!judge(of, target, &missed), "{of:?} {target:?} {missed:?}");
    }
    let mut claim = good().claims[0].clone();
    claim.target = Target::Report;
    assert_eq!(claim.judge(&[f64::NAN]), Verdict::Reported);
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
}

#[test]
fn numbers_read_well() {
    let known = [
        (145_932.0, "145932"),
        (0.95, "0.95"),
        (0.16667, "0.1667"),
        (2.5e-3, "0.0025"),
        (8.3333e-4, "8.333e-4"),
        (1e-12, "1e-12"),
        (1.2676506e30, "1.268e30"),
        (98.76, "98.76"),
        (-0.5, "-0.5"),
        (f64::NAN, "not a finite number"),
    ];
    for (x, text) in known {
        assert_eq!(number(x), text);
    }
}

#[test]
fn a_stamp_is_read_back_and_keys_tell_sources_apart() {
    let stamped = stamped(FIGURES, "0123", "abc").expect("it is JSON");
    let record = Record::read(&stamped).expect("it has all fields");
    assert_eq!(record.key.as_deref(), Some("0123"));
    assert_eq!(record.commit.as_deref(), Some("abc"));
    let plain = Record::read(FIGURES).expect("it has all fields");
    assert_eq!(plain.key, None);
    assert_ne!(hash([&b"ab"[..], b"c"]), hash([&b"a"[..], b"bc"]));
    assert_ne!(hash([&b"a"[..]]), hash([&b"b"[..]]));
    assert_eq!(hash([&b"a"[..]]), hash([&b"a"[..]]));
}
