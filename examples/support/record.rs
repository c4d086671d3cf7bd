//! The figures of an experiment as they lie in `docs/results`, with the sources that they are of.
#![allow(dead_code, reason = "the runner and the test each use a part of this")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::claims::Claim;

/// What a file of figures says.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub example: String,
    /// Whether it was a quick run, which proves nothing.
    pub quick: bool,
    pub seconds: f64,
    pub threads: u64,
    /// The numbers of each figure. What JSON has no number for is NaN.
    pub figures: BTreeMap<String, Vec<f64>>,
    /// The key of the sources, where the runner has put one in.
    pub key: Option<String>,
    /// The commit at which it ran.
    pub commit: Option<String>,
}

impl Record {
    /// Reads a file of figures.
    pub fn read(text: &str) -> Result<Record, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let figures = json["figures"].as_object().ok_or("it has no `figures`")?;
        let numbers = |(name, numbers): (&String, &Value)| {
            let numbers = numbers
                .as_array()
                .ok_or_else(|| format!("{name} is no list"))?;
            let numbers = numbers.iter().map(|x| x.as_f64().unwrap_or(f64::NAN));
            Ok((name.clone(), numbers.collect()))
        };
        Ok(Record {
            example: text(&json["example"]).ok_or("it has no `example`")?,
            quick: json["quick"].as_bool().ok_or("it has no `quick`")?,
            seconds: json["seconds"].as_f64().ok_or("it has no `seconds`")?,
            threads: json["threads"].as_u64().ok_or("it has no `threads`")?,
            figures: figures.iter().map(numbers).collect::<Result<_, String>>()?,
            key: text(&json["run"]["key"]),
            commit: text(&json["run"]["commit"]),
        })
    }

    /// What keeps this from deciding a claim.
    pub fn lacks(&self, claim: &Claim) -> Option<String> {
        let Claim { figure, seeds, .. } = claim;
        match self.figures.get(figure).map(Vec::len) {
            _ if self.quick => Some("the figures are those of a quick run".to_owned()),
            _ if self.example != claim.example => {
                Some(format!("the figures are those of {}", self.example))
            }
            None => Some(format!("there is no figure {figure}")),
            Some(count) if count != *seeds => {
                Some(format!("{figure} has {count} numbers instead of {seeds}"))
            }
            Some(_) => None,
        }
    }
}

/// The text of a file of figures, with the key of the sources and the commit.
pub fn stamped(text: &str, key: &str, commit: &str) -> Result<String, String> {
    let mut json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    json["run"] = json!({ "key": key, "commit": commit });
    let text = serde_json::to_string_pretty(&json).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// The FNV-1a hash of some texts, each with its end.
pub fn hash<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in texts {
        for &byte in text.iter().chain(&(text.len() as u64).to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
