//! Words or characters as numbers.

use std::collections::BTreeMap;

/// The words of a text, or its characters, each with a number.
pub struct Vocabulary {
    words: Vec<String>,
    numbers: BTreeMap<String, i64>,
}

impl Vocabulary {
    /// These words, numbered from 0.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let numbered = words.iter().cloned().zip(0..);
        Vocabulary {
            numbers: numbered.collect(),
            words,
        }
    }

    /// These characters, numbered from 0.
    pub fn of_characters(characters: &str) -> Self {
        let words: Vec<String> = characters.chars().map(String::from).collect();
        Vocabulary::new(words.iter().map(String::as_str))
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The number of a word, if it is one of these.
    pub fn number(&self, word: &str) -> Option<i64> {
        self.numbers.get(word).copied()
    }

    /// The numbers of the characters of a text.
    ///
    /// # Panics
    /// If one is none of these.
    pub fn characters(&self, text: &str) -> Vec<i64> {
        let number = |character: char| {
            let known = self.number(character.encode_utf8(&mut [0; 4]));
            known.unwrap_or_else(|| panic!("{character:?} is not in the vocabulary"))
        };
        text.chars().map(number).collect()
    }

    /// The words of these numbers, with `between` between two of them.
    pub fn text(&self, numbers: &[i64], between: &str) -> String {
        let words = numbers.iter().map(|&number| &*self.words[number as usize]);
        words.collect::<Vec<_>>().join(between)
    }
}
