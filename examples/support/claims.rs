//! The claims of `examples/claims.toml`: reading them, and holding figures against them.
#![allow(dead_code, reason = "the runner and the test each use a part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml::{Table, Value};

/// The whole file.
#[derive(Debug)]
pub struct Claims {
    /// What the rows of the source are about.
    pub titles: BTreeMap<u32, String>,
    /// The claims, in the order of the file.
    pub claims: Vec<Claim>,
}

/// A claim about a figure of an experiment.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: String,
    pub place: Place,
    pub says: String,
    pub source: String,
    pub example: String,
    pub figure: String,
    /// How many numbers the figure has.
    pub seeds: usize,
    pub of: Of,
    pub target: Target,
    /// What was tried, where the claim is missed.
    pub tried: Option<String>,
}

/// Where a claim stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Row(u32),
    Erratum(u32),
}

/// Which of the numbers have to meet the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Each,
    Mean,
    Median,
    Min,
    Max,
    /// At least so many of them.
    Some(usize),
}

/// What a number has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Less(f64),
    AtMost(f64),
    Greater(f64),
    AtLeast(f64),
    Equal(f64),
    Within(f64, f64),
    /// Anything: the source wants the number reported.
    Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    Reported,
}

impl Claims {
    /// Reads the file. The error has a line for each fault.
    pub fn read(text: &str) -> Result<Claims, String> {
        let table: Table = text.parse().map_err(|error| format!("{error}"))?;
        let (mut titles, mut claims, mut faults) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut ids = BTreeSet::new();
        for (row, title) in table
            .get("rows")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            match (row.parse(), title.as_str()) {
                (Ok(row), Some(title)) => _ = titles.insert(row, title.to_owned()),
                _ => faults.push(format!("[rows] {row}: a number and a title are wanted")),
            }
        }
        for value in table
            .get("claim")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let Some(entry) = value.as_table() else {
                faults.push("a claim is no table".to_owned());
                continue;
            };
            match Claim::read(entry) {
                Ok(claim) => {
                    if !ids.insert(claim.id.clone()) {
                        faults.push(format!("{}: there are two claims of this id", claim.id));
                    }
                    if matches!(claim.place, Place::Row(row) if !titles.contains_key(&row)) {
                        faults.push(format!("{}: its row has no title in [rows]", claim.id));
                    }
                    claims.push(claim);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(Claims { titles, claims })
        } else {
            Err(faults.join("\n"))
        }
    }

    /// The claims about one experiment.
    pub fn about<'a>(&'a self, example: &'a str) -> impl Iterator<Item = &'a Claim> {
        self.claims
            .iter()
            .filter(move |claim| claim.example == example)
    }

    /// The experiments that the claims name, in the order of the file.
    pub fn examples(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for claim in &self.claims {
            if !names.contains(&claim.example.as_str()) {
                names.push(&claim.example);
            }
        }
        names
    }
}

const FIELDS: [&str; 12] = [
    "id",
    "row",
    "erratum",
    "says",
    "source",
    "example",
    "figure",
    "seeds",
    "of",
    "compare",
    "threshold",
    "tried",
];

impl Claim {
    fn read(entry: &Table) -> Result<Claim, String> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
        let id = text("id").ok_or_else(|| format!("a claim has no id: {entry:?}"))?;
        let wrong = |what: String| format!("{id}: {what}");
        let needed = |field: &str| {
            let text = text(field).filter(|text| !text.is_empty());
            text.ok_or_else(|| wrong(format!("`{field}` is missing")))
        };
        let unknown = entry.keys().find(|key| !FIELDS.contains(&key.as_str()));
        if let Some(key) = unknown {
            return Err(wrong(format!("there is no field `{key}`")));
        }
        let seeds = entry.get("seeds").and_then(Value::as_integer).unwrap_or(0);
        let seeds = usize::try_from(seeds).unwrap_or(0);
        if seeds == 0 {
            return Err(wrong("`seeds` is a number from 1 on".to_owned()));
        }
        let of = needed("of")?;
        Ok(Claim {
            place: Place::read(entry).map_err(wrong)?,
            says: needed("says")?,
            source: needed("source")?,
            example: needed("example")?,
            figure: needed("figure")?,
            seeds,
            of: Of::read(&of, seeds).ok_or_else(|| wrong(format!("`of` cannot be {of:?}")))?,
            target: Target::read(entry).map_err(wrong)?,
            tried: text("tried"),
            id,
        })
    }

    /// Whether the numbers of the figure meet the claim.
    pub fn judge(&self, numbers: &[f64]) -> Verdict {
        if self.target == Target::Report {
            return Verdict::Reported;
        }
        let met = match self.of {
            Of::Each => numbers.iter().all(|&x| self.target.meets(x)),
            Of::Some(least) => self.meeting(numbers) >= least,
            Of::Mean => self.target.meets(mean(numbers)),
            Of::Median => self.target.meets(median(numbers)),
            // A NaN is no least number: it has to be seen.
            Of::Min | Of::Max if numbers.iter().any(|x| x.is_nan()) => false,
            Of::Min => self
                .target
                .meets(numbers.iter().copied().fold(f64::INFINITY, f64::min)),
            Of::Max => {
                let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                self.target.meets(max)
            }
        };
        if met { Verdict::Met } else { Verdict::Missed }
    }

    /// How many of the numbers meet the target.
    pub fn meeting(&self, numbers: &[f64]) -> usize {
        numbers.iter().filter(|&&x| self.target.meets(x)).count()
    }
}

impl Place {
    fn read(entry: &Table) -> Result<Place, String> {
        let row = entry.get("row").and_then(Value::as_integer);
        let erratum = entry.get("erratum").and_then(Value::as_str);
        let number = erratum.and_then(|text| text.strip_prefix('E')?.parse().ok());
        match (row.and_then(|row| u32::try_from(row).ok()), number) {
            (Some(row), None) if erratum.is_none() => Ok(Place::Row(row)),
            (None, Some(number)) if row.is_none() => Ok(Place::Erratum(number)),
            _ => Err("`row = 10` or `erratum = \"E4\"` is wanted".to_owned()),
        }
    }
}

impl Of {
    fn read(text: &str, seeds: usize) -> Option<Of> {
        Some(match text {
            "each" => Of::Each,
            "mean" => Of::Mean,
            "median" => Of::Median,
            "min" => Of::Min,
            "max" => Of::Max,
            share => {
                let (least, all) = share.split_once(" of ")?;
                let (least, all): (usize, usize) = (least.parse().ok()?, all.parse().ok()?);
                let sound = all == seeds && (1..=all).contains(&least);
                sound.then_some(Of::Some(least))?
            }
        })
    }
}

impl Target {
    fn read(entry: &Table) -> Result<Target, String> {
        let number = |value: &Value| match value {
            Value::Float(x) if x.is_finite() => Some(*x),
            Value::Integer(x) => Some(*x as f64),
            _ => None,
        };
        let threshold = entry.get("threshold");
        let one = || {
            let one = threshold.and_then(number);
            one.ok_or_else(|| "`threshold` has to be a number".to_owned())
        };
        let compare = entry.get("compare").and_then(Value::as_str).unwrap_or("");
        Ok(match compare {
            "<" => Target::Less(one()?),
            "<=" => Target::AtMost(one()?),
            ">" => Target::Greater(one()?),
            ">=" => Target::AtLeast(one()?),
            "=" => Target::Equal(one()?),
            "within" => {
                let ends = threshold.and_then(Value::as_array).map(Vec::as_slice);
                let ends = match ends.unwrap_or_default() {
                    [low, high] => number(low).zip(number(high)),
                    _ => None,
                };
                match ends.filter(|(low, high)| low <= high) {
                    Some((low, high)) => Target::Within(low, high),
                    None => return Err("`threshold` has to be [low, high]".to_owned()),
                }
            }
            "report" if threshold.is_none() => Target::Report,
            "report" => return Err("what is reported has no `threshold`".to_owned()),
            other => return Err(format!("`compare` cannot be {other:?}")),
        })
    }

    /// Whether a number is as it has to be. NaN never is.
    pub fn meets(self, x: f64) -> bool {
        match self {
            Target::Less(threshold) => x < threshold,
            Target::AtMost(threshold) => x <= threshold,
            Target::Greater(threshold) => x > threshold,
            Target::AtLeast(threshold) => x >= threshold,
            Target::Equal(threshold) => x == threshold,
            Target::Within(low, high) => (low..=high).contains(&x),
            Target::Report => true,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Target::Less(x) => write!(out, "< {}", number(x)),
            Target::AtMost(x) => write!(out, "≤ {}", number(x)),
            Target::Greater(x) => write!(out, "> {}", number(x)),
            Target::AtLeast(x) => write!(out, "≥ {}", number(x)),
            Target::Equal(x) => write!(out, "= {}", number(x)),
            Target::Within(low, high) => write!(out, "{} to {}", number(low), number(high)),
            Target::Report => write!(out, "to report"),
        }
    }
}

pub fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The middle number, or the mean of the two in the middle; NaN where one is NaN.
pub fn median(numbers: &[f64]) -> f64 {
    if numbers.is_empty() || numbers.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        0.5 * (sorted[middle - 1] + sorted[middle])
    }
}

/// A number as one reads it in a table: four digits that count.
pub fn number(x: f64) -> String {
    if x == x.trunc() && x.abs() < 1e7 {
        return format!("{x}");
    }
    if !x.is_finite() {
        return "not a finite number".to_owned();
    }
    let digits = x.abs().log10().floor() as i32;
    if (-3..5).contains(&digits) {
        let places = (3 - digits).max(0) as usize;
        let text = format!("{x:.places$}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let (digits, power) = {
        let text = format!("{x:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        (
            digits
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned(),
            power.to_owned(),
        )
    };
    format!("{digits}e{power}")
}
