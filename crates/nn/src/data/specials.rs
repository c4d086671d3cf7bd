//! `Specials`: the tokens that stand for no text, and the methods by which every vocabulary has them.

use crate::data::{BytePairs, Vocabulary};

/// Which special tokens a vocabulary has. They have the first numbers, in this order.
///
/// ```
/// use wengert_nn::data::{Specials, Vocabulary};
/// let specials = Specials { start: true, end: true, ..Specials::NONE };
/// let letters = Vocabulary::characters(["ab"], specials);
/// assert_eq!((letters.start(), letters.end(), letters.number("a")), (Some(0), Some(1), Some(2)));
/// assert_eq!(letters.padding(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Specials {
    /// What fills up behind or before a sequence.
    pub padding: bool,
    /// What stands for a token that is not known.
    pub unknown: bool,
    /// What comes before a sequence.
    pub start: bool,
    /// What comes behind a sequence.
    pub end: bool,
}

impl Specials {
    /// None of them.
    pub const NONE: Specials = Specials {
        padding: false,
        unknown: false,
        start: false,
        end: false,
    };
    /// All four.
    pub const ALL: Specials = Specials {
        padding: true,
        unknown: true,
        start: true,
        end: true,
    };

    fn all(self) -> [(bool, &'static str); 4] {
        [
            (self.padding, "<padding>"),
            (self.unknown, "<unknown>"),
            (self.start, "<start>"),
            (self.end, "<end>"),
        ]
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.all().iter().filter(|(there, _)| *there).count()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How they are shown, by their numbers.
    pub fn names(self) -> Vec<&'static str> {
        let there = self.all().into_iter().filter(|&(there, _)| there);
        there.map(|(_, name)| name).collect()
    }

    fn number(self, at: usize) -> Option<i64> {
        let all = self.all();
        let before = all[..at].iter().filter(|(there, _)| *there).count();
        all[at].0.then_some(before as i64)
    }

    /// Whether this number is special and stands for nothing in a text.
    pub(crate) fn is_silent(self, number: i64) -> bool {
        [0, 2, 3].iter().any(|&at| self.number(at) == Some(number))
    }
}

/// A token that a vocabulary does not know, and has no special one for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{token:?} is not in the vocabulary")]
pub struct UnknownToken {
    /// The token.
    pub token: String,
}

macro_rules! with_specials {
    ($($Type:ident)*) => { $(
        impl $Type {
            /// The number that fills up, if there is one.
            #[doc(alias = "pad_token_id")]
            pub fn padding(&self) -> Option<i64> {
                self.specials().number(0)
            }

            /// The number of what is not known, if there is one.
            #[doc(alias = "unk_token_id")]
            pub fn unknown(&self) -> Option<i64> {
                self.specials().number(1)
            }

            /// The number that comes before a sequence, if there is one.
            #[doc(alias = "bos_token_id")]
            pub fn start(&self) -> Option<i64> {
                self.specials().number(2)
            }

            /// The number that comes behind a sequence, if there is one.
            #[doc(alias = "eos_token_id")]
            pub fn end(&self) -> Option<i64> {
                self.specials().number(3)
            }

            /// Numbers with start and end around them, as far as there are such.
            #[doc(alias = "add_special_tokens")]
            pub fn framed(&self, numbers: Vec<i64>) -> Vec<i64> {
                let (start, end) = (self.start(), self.end());
                start.into_iter().chain(numbers).chain(end).collect()
            }
        }
    )* };
}

with_specials! { Vocabulary BytePairs }
