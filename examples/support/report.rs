//! The report of the experiments: a table of claims and figures for each row of the source.

use std::collections::BTreeMap;

use super::claims::{Claim, Claims, Of, Place, Target, Verdict, mean, median, number};
use super::record::Record;

/// How many claims came out in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub met: usize,
    pub missed: usize,
    pub reported: usize,
    /// Claims without a figure.
    pub open: usize,
}

/// The file `docs/results.md`, and the count of what it says.
pub fn report(claims: &Claims, records: &BTreeMap<String, Record>) -> (String, Count) {
    let mut count = Count::default();
    let mut sections: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for claim in &claims.claims {
        let place = match claim.place {
            Place::Erratum(_) => Place::Erratum(0),
            row => row,
        };
        let line = line(claim, records.get(&claim.example), &mut count);
        sections.entry(place).or_default().push(line);
    }
    let mut text = HEAD.to_owned() + &summary(&count) + "\n";
    for (place, lines) in sections {
        let title = match place {
            Place::Row(row) => format!("Row {row}: {}", claims.titles[&row]),
            Place::Erratum(_) => "Errata: what the source says otherwise than is true".to_owned(),
        };
        text += &format!(
            "\n## {title}\n\n\
             | claim | target | figure | met | time | command | commit |\n\
             |---|---|---|---|---|---|---|\n{}\n",
            lines.join("\n")
        );
    }
    (text, count)
}

const HEAD: &str = "\
# Results

What the experiments of `examples/` found, beside what the literature says that they should find.
This file is made by `cargo run --release --example results` from `examples/claims.toml` and the
figures in `docs/results/`; it is not edited by hand. Times are those of one thread while a second
experiment ran beside it, unless they say another number of threads. Figures without a commit were
made by hand, on an earlier state of the library and a busy machine: no time is given for them. No
target is softened: what is missed says so, with what was tried.

";

/// The count in one sentence.
pub fn summary(count: &Count) -> String {
    let decided = count.met + count.missed + count.open;
    let mut text = format!("{} of {decided} claims are met", count.met);
    if count.missed > 0 {
        text += &format!(", {} are missed", count.missed);
    }
    if count.open > 0 {
        text += &format!(", {} have no figure", count.open);
    }
    text + &format!("; {} more figures are reported.", count.reported)
}

fn line(claim: &Claim, record: Option<&Record>, count: &mut Count) -> String {
    let example = &claim.example;
    let target = match (claim.target, claim.of) {
        (Target::Report, _) => claim.target.to_string(),
        (target, _) if claim.seeds == 1 => target.to_string(),
        (target, Of::Each) => format!("each {target}"),
        (target, Of::Mean) => format!("mean {target}"),
        (target, Of::Median) => format!("median {target}"),
        (target, Of::Min) => format!("least {target}"),
        (target, Of::Max) => format!("greatest {target}"),
        (target, Of::Some(least)) => format!("{target} in {least} of {}", claim.seeds),
    };
    let command = format!("`--example {example}`");
    let says = match claim.place {
        Place::Row(_) => claim.says.clone(),
        Place::Erratum(number) => format!("E{number}. {}", claim.says),
    };
    let numbers = record
        .filter(|record| record.lacks(claim).is_none())
        .and_then(|record| record.figures.get(&claim.figure));
    let (Some(record), Some(numbers)) = (record, numbers) else {
        count.open += 1;
        let cells = [&says, &target, "none", "no figure", "", &command, ""];
        return row(&cells);
    };
    let met = match claim.judge(numbers) {
        Verdict::Met => {
            count.met += 1;
            "yes".to_owned()
        }
        Verdict::Reported => {
            count.reported += 1;
            "reported".to_owned()
        }
        Verdict::Missed => {
            count.missed += 1;
            let tried = claim.tried.as_deref().unwrap_or("nothing else was tried");
            format!("**no**; tried: {tried}")
        }
    };
    let time = match (record.threads, &record.commit) {
        (_, None) => String::new(),
        (1, _) => format!("{:.0} s", record.seconds.ceil()),
        (threads, _) => format!("{:.0} s on {threads} threads", record.seconds.ceil()),
    };
    let commit = record.commit.as_deref().unwrap_or_default();
    let figure = figure(claim, numbers);
    row(&[&says, &target, &figure, &met, &time, &command, commit])
}

/// The numbers of a figure: their mean, what decides if it is something else, and their range.
fn figure(claim: &Claim, numbers: &[f64]) -> String {
    if let [only] = numbers {
        return number(*only);
    }
    let mut text = format!("mean {}", number(mean(numbers)));
    match claim.of {
        Of::Median => text = format!("median {}, {text}", number(median(numbers))),
        Of::Some(_) if claim.target != Target::Report => {
            let meeting = claim.meeting(numbers);
            text = format!("{meeting} of {}, {text}", numbers.len());
        }
        _ => {}
    }
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, greatest) = (sorted[0], sorted[sorted.len() - 1]);
    format!(
        "{text} ({} to {}, {} seeds)",
        number(least),
        number(greatest),
        numbers.len()
    )
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}
