//! `Vocabulary`: words or characters as numbers.

use std::collections::HashMap;

use crate::data::specials::{Specials, UnknownToken};

/// What the tokens of a [`Vocabulary`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Characters (Unicode scalar values).
    Character,
    /// Words: what stands between white space.
    Word,
}

/// Words or characters, each with a number; [`Specials`] have the first numbers.
///
/// ```
/// use wengert_nn::data::{Specials, Vocabulary};
/// let vocabulary = Vocabulary::words(["the cat", "the dog"], Specials::ALL);
/// assert_eq!(vocabulary.len(), 4 + 3);
/// let numbers = vocabulary.encode("the bird")?;
/// assert_eq!(numbers, [4, vocabulary.unknown().unwrap()]);
/// assert_eq!(vocabulary.decode(&vocabulary.framed(numbers)), "the <unknown>");
///
/// let digits = Vocabulary::characters(["0123456789"], Specials::NONE);
/// assert_eq!(digits.encode("120")?, [1, 2, 0]);
/// assert_eq!(digits.encode("1a").unwrap_err().to_string(), "\"a\" is not in the vocabulary");
/// # Ok::<(), wengert_nn::data::UnknownToken>(())
/// ```
///
/// No text has the number of a special token: the word `<end>` is a word like others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("Tokenizer", "Vocab", "build_vocab_from_iterator"))]
pub struct Vocabulary {
    unit: Unit,
    specials: Specials,
    tokens: Vec<String>,
    numbers: HashMap<String, i64>,
}

impl Vocabulary {
    /// The characters of these texts, in the order of Unicode.
    pub fn characters<S: AsRef<str>>(
        texts: impl IntoIterator<Item = S>,
        specials: Specials,
    ) -> Self {
        let mut characters = std::collections::BTreeSet::new();
        for text in texts {
            characters.extend(text.as_ref().chars());
        }
        let tokens = characters.into_iter().map(String::from);
        Self::numbered(Unit::Character, specials, tokens.collect())
    }

    /// The words of these texts, the most frequent first; equally frequent ones in the order of the alphabet.
    pub fn words<S: AsRef<str>>(texts: impl IntoIterator<Item = S>, specials: Specials) -> Self {
        Self::frequent_words(texts, specials, 1, usize::MAX)
    }

    /// The words that stand at least `times` times in these texts, and of them the `most` most frequent, in
    /// the order of [`words`](Vocabulary::words).
    #[doc(alias("min_freq", "max_tokens"))]
    pub fn frequent_words<S: AsRef<str>>(
        texts: impl IntoIterator<Item = S>,
        specials: Specials,
        times: u64,
        most: usize,
    ) -> Self {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for text in texts {
            for word in text.as_ref().split_whitespace() {
                match counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(word.to_owned(), 1)),
                }
            }
        }
        let mut words: Vec<(String, u64)> = counts.into_iter().collect();
        words.retain(|&(_, count)| count >= times);
        words.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        let tokens = words.into_iter().take(most).map(|(word, _)| word);
        Self::numbered(Unit::Word, specials, tokens.collect())
    }

    /// These tokens in their order, after the special ones.
    ///
    /// # Errors
    /// If a token stands there twice, or is none of the unit.
    pub fn from_tokens<S: Into<String>>(
        unit: Unit,
        specials: Specials,
        tokens: impl IntoIterator<Item = S>,
    ) -> Result<Self, String> {
        let tokens: Vec<String> = tokens.into_iter().map(Into::into).collect();
        let fits = |token: &&String| match unit {
            Unit::Character => token.chars().count() == 1,
            Unit::Word => !token.is_empty() && !token.contains(char::is_whitespace),
        };
        if let Some(token) = tokens.iter().find(|token| !fits(token)) {
            let what = if unit == Unit::Word {
                "word"
            } else {
                "character"
            };
            return Err(format!("{token:?} is no {what}"));
        }
        let (count, vocabulary) = (tokens.len(), Self::numbered(unit, specials, tokens));
        if vocabulary.numbers.len() < count {
            let mut seen = std::collections::HashSet::new();
            let twice = vocabulary.tokens.iter().find(|token| !seen.insert(*token));
            return Err(format!(
                "{:?} stands there twice",
                twice.map_or("", String::as_str)
            ));
        }
        Ok(vocabulary)
    }

    fn numbered(unit: Unit, specials: Specials, tokens: Vec<String>) -> Self {
        let numbered = tokens.iter().cloned().zip(specials.len() as i64..);
        Vocabulary {
            unit,
            specials,
            numbers: numbered.collect(),
            tokens,
        }
    }

    /// What the tokens are.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The special tokens.
    pub fn specials(&self) -> Specials {
        self.specials
    }

    /// The tokens that are not special, in the order of their numbers.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// How many numbers there are, the special ones too.
    pub fn len(&self) -> usize {
        self.specials.len() + self.tokens.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a token, if it is known.
    #[doc(alias = "token_to_id")]
    pub fn number(&self, token: &str) -> Option<i64> {
        self.numbers.get(token).copied()
    }

    /// The token of a number, if there is one; special ones are `<padding>` and so on.
    #[doc(alias = "id_to_token")]
    pub fn token(&self, number: i64) -> Option<&str> {
        let number = usize::try_from(number).ok()?;
        match number.checked_sub(self.specials.len()) {
            None => Some(self.specials.names()[number]),
            Some(at) => self.tokens.get(at).map(String::as_str),
        }
    }

    /// The numbers of a text.
    ///
    /// # Errors
    /// If a token is not known, and there is no special one for it.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>, UnknownToken> {
        match self.unit {
            Unit::Word => self.encode_tokens(text.split_whitespace()),
            Unit::Character => {
                let mut buffer = [0; 4];
                let number = |character: char| self.known(character.encode_utf8(&mut buffer));
                text.chars().map(number).collect()
            }
        }
    }

    /// The numbers of tokens that someone else made.
    ///
    /// # Errors
    /// As [`encode`](Vocabulary::encode).
    pub fn encode_tokens<S: AsRef<str>>(
        &self,
        tokens: impl IntoIterator<Item = S>,
    ) -> Result<Vec<i64>, UnknownToken> {
        let tokens = tokens.into_iter();
        tokens.map(|token| self.known(token.as_ref())).collect()
    }

    fn known(&self, token: &str) -> Result<i64, UnknownToken> {
        let number = self.number(token).or(self.unknown());
        number.ok_or_else(|| UnknownToken {
            token: token.to_owned(),
        })
    }

    /// The text of numbers: words with a space between. Padding, start and end are left out; what is unknown, or
    /// no number of the vocabulary, is `<unknown>`.
    pub fn decode(&self, numbers: &[i64]) -> String {
        let shown = numbers
            .iter()
            .filter(|&&number| !self.specials.is_silent(number));
        let tokens = shown.map(|&number| self.token(number).unwrap_or("<unknown>"));
        let between = if self.unit == Unit::Word { " " } else { "" };
        tokens.collect::<Vec<_>>().join(between)
    }
}
