//! Vocabularies as JSON.

use std::fmt;
use std::io;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::data::error::{Place, ReadError};
use crate::data::{Alphabet, BytePairs, Specials, Unit, Vocabulary, text};
use crate::files::aside;

/// The names of the special tokens in a file, in the order of their numbers.
const SPECIALS: [&str; 4] = ["padding", "unknown", "start", "end"];

fn wrong(what: impl Into<String>) -> ReadError {
    ReadError::format(Place::Whole, what)
}

fn specials_json(specials: Specials) -> Value {
    let there = [
        specials.padding,
        specials.unknown,
        specials.start,
        specials.end,
    ];
    let names = SPECIALS.into_iter().zip(there).filter(|&(_, there)| there);
    names.map(|(name, _)| name).collect()
}

/// An object; a name that occurs twice is an error.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Map::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom(format!("{name:?} stands there twice")));
                    }
                    members.insert(name, map.next_value()?);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// The members of an object of this kind, and no others.
fn object(text: &str, kind: &str, members: &[&str]) -> Result<Map<String, Value>, ReadError> {
    let is_object = text.trim_start().starts_with('{');
    let parsed = match is_object {
        true => serde_json::from_str(text).map(|Members(object)| Value::Object(object)),
        false => serde_json::from_str(text),
    };
    let parsed = parsed.map_err(|error| {
        let place = match error.line() {
            0 => Place::Whole,
            line => Place::Cell {
                line: line as u64,
                column: error.column(),
            },
        };
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or("");
        let what = match error.is_data() {
            true => what.to_owned(),
            false => format!("no JSON: {what}"),
        };
        ReadError::format(place, what)
    })?;
    let Value::Object(object) = parsed else {
        return Err(wrong("there is no object in it"));
    };
    if object.get("wengert").and_then(Value::as_str) != Some(kind) {
        return Err(wrong(format!("it is no file of a {kind}")));
    }
    if let Some(missing) = members.iter().find(|name| !object.contains_key(**name)) {
        return Err(wrong(format!("{missing:?} is missing")));
    }
    let known = |name: &&String| *name == "wengert" || members.contains(&name.as_str());
    match object.keys().find(|name| !known(name)) {
        Some(name) => Err(wrong(format!("{name:?} is nothing that a {kind} has"))),
        None => Ok(object),
    }
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], ReadError> {
    match object.get(name) {
        Some(Value::Array(list)) => Ok(list),
        _ => Err(wrong(format!("{name:?} is no list"))),
    }
}

fn texts<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a str>, ReadError> {
    let texts = list(object, name)?.iter().enumerate().map(|(at, value)| {
        let text = value.as_str();
        text.ok_or_else(|| wrong(format!("{name:?}: number {at} is no text")))
    });
    texts.collect()
}

fn specials(object: &Map<String, Value>) -> Result<Specials, ReadError> {
    let mut there = [false; 4];
    let names = texts(object, "specials")?;
    for name in &names {
        let at = SPECIALS.iter().position(|known| known == name);
        match at.map(|at| &mut there[at]) {
            Some(there) if !*there => *there = true,
            _ => {
                return Err(wrong(format!(
                    "\"specials\": {name:?} is none, or stands there twice"
                )));
            }
        }
    }
    let [padding, unknown, start, end] = there;
    Ok(Specials {
        padding,
        unknown,
        start,
        end,
    })
}

impl Vocabulary {
    /// The vocabulary as JSON: `{"wengert": "vocabulary", "unit": "word", "specials": […], "tokens": […]}`.
    ///
    /// ```
    /// use wengert_nn::data::{Specials, Vocabulary};
    /// let words = Vocabulary::words(["the cat"], Specials::ALL);
    /// assert_eq!(Vocabulary::from_json(&words.to_json())?, words);
    /// # Ok::<(), wengert_nn::data::ReadError>(())
    /// ```
    pub fn to_json(&self) -> String {
        let unit = match self.unit() {
            Unit::Character => "character",
            Unit::Word => "word",
        };
        let object = json!({
            "wengert": "vocabulary",
            "unit": unit,
            "specials": specials_json(self.specials()),
            "tokens": self.tokens(),
        });
        object.to_string()
    }

    /// The vocabulary of a JSON text.
    ///
    /// # Errors
    /// If it is no such text, or a token stands there twice or is none of the unit.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        let object = object(text, "vocabulary", &["unit", "specials", "tokens"])?;
        let unit = match object["unit"].as_str() {
            Some("character") => Unit::Character,
            Some("word") => Unit::Word,
            _ => return Err(wrong("\"unit\" is neither \"character\" nor \"word\"")),
        };
        let tokens = texts(&object, "tokens")?;
        Self::from_tokens(unit, specials(&object)?, tokens)
            .map_err(|what| wrong(format!("\"tokens\": {what}")))
    }
}

impl BytePairs {
    /// The vocabulary as JSON: `{"wengert": "byte pairs", "alphabet": "bytes", "specials": […],
    /// "pairs": [[0, 1], …]}`, where the alphabet may be a list of characters. A number in a pair counts the letters of the
    /// alphabet and the pairs before it.
    pub fn to_json(&self) -> String {
        let alphabet = match self.alphabet() {
            Alphabet::Bytes => json!("bytes"),
            Alphabet::Characters => {
                let letters = self.letters().iter();
                letters
                    .map(|letter| String::from_utf8_lossy(letter))
                    .collect()
            }
        };
        let object = json!({
            "wengert": "byte pairs",
            "alphabet": alphabet,
            "specials": specials_json(self.specials()),
            "pairs": self.joined(),
        });
        object.to_string()
    }

    /// The vocabulary of a JSON text.
    ///
    /// # Errors
    /// If it is no such text, or its alphabet or its pairs are none.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        let object = object(text, "byte pairs", &["alphabet", "specials", "pairs"])?;
        let (alphabet, letters) = match &object["alphabet"] {
            Value::String(bytes) if bytes == "bytes" => {
                (Alphabet::Bytes, (0..=255).map(|byte| vec![byte]).collect())
            }
            _ => {
                let letters = texts(&object, "alphabet")?;
                let one = |letter: &&&str| letter.chars().count() != 1;
                if let Some(letter) = letters.iter().find(one) {
                    return Err(wrong(format!("\"alphabet\": {letter:?} is no character")));
                }
                let letters = letters.into_iter().map(|letter| letter.as_bytes().to_vec());
                (Alphabet::Characters, letters.collect())
            }
        };
        let part = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let pair = |(at, value): (usize, &Value)| {
            match value.as_array().map(Vec::as_slice) {
                Some([a, b]) => part(a).zip(part(b)),
                _ => None,
            }
            .ok_or_else(|| wrong(format!("\"pairs\": number {at} is no pair of numbers")))
        };
        let pairs = list(&object, "pairs")?.iter().enumerate().map(pair);
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        Self::from_parts(alphabet, specials(&object)?, letters, pairs).map_err(wrong)
    }
}

macro_rules! saved {
    ($($Type:ident;)*) => { $(
        impl $Type {
            /// Writes the JSON to a file, in the place of one that may be there: aside, and then into its
            /// place.
            ///
            /// # Errors
            /// If the file cannot be written. The old one is there then.
            pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
                let text = self.to_json() + "\n";
                aside::write_io(path.as_ref(), |out| out.write_all(text.as_bytes()))
            }

            /// Reads the JSON of a file.
            ///
            /// # Errors
            /// If the file cannot be read, or is no file of such a vocabulary.
            pub fn load(path: impl AsRef<Path>) -> Result<Self, ReadError> {
                let path = path.as_ref();
                Self::from_json(&text::load(path)?).map_err(|error| error.in_file(path))
            }
        }
    )* };
}

saved! {
    Vocabulary;
    BytePairs;
}
