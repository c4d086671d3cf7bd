//! Additions by characters: "12+7" and its answer, "19 ".

use std::collections::BTreeSet;

use wengert::nn::data::{Specials, Unit, Vocabulary};
use wengert::nn::seq2seq::Reading;
use wengert::prelude::*;

use super::translator::{Design, Pairs};

/// The characters. Spaces fill up, and one is what a decoder is told first.
pub const CHARACTERS: &str = "0123456789+ ";
pub const FIRST: i64 = 11;

/// A model that adds: characters as ones among zeros.
pub fn design(hidden: usize, reversed: bool, reading: Reading) -> Design {
    Design {
        words: [CHARACTERS.len(); 2],
        embedding: None,
        hidden,
        reversed,
        reading,
        attention: false,
    }
}

/// How sums are written.
#[derive(Clone, Copy)]
pub struct Writing {
    /// The most digits that each of the two numbers has.
    pub digits: usize,
    /// Whether questions are filled up to one length, as the answers are.
    pub filled: bool,
}

impl Writing {
    pub fn question_length(self) -> usize {
        2 * self.digits + 1
    }

    pub fn answer_length(self) -> usize {
        self.digits + 1
    }

    /// `count` sums, no two of which are of the same two numbers.
    pub fn sums(self, count: usize, rng: &mut Rng) -> Pairs {
        let characters = characters();
        let numbers = |text: &str| characters.encode(text).expect("all are known");
        let length = if self.filled {
            self.question_length()
        } else {
            0
        };
        let (mut known, mut pairs) = (BTreeSet::new(), Pairs::default());
        while pairs.len() < count {
            let [a, b] = [number(self.digits, rng), number(self.digits, rng)];
            if known.insert((a.min(b), a.max(b))) {
                let question = format!("{:<length$}", format!("{a}+{b}"));
                let answer = format!("{:<length$}", a + b, length = self.answer_length());
                pairs.sources.push(numbers(&question));
                pairs.targets.push(numbers(&answer));
            }
        }
        pairs
    }
}

/// [`CHARACTERS`] by their numbers.
pub fn characters() -> Vocabulary {
    let vocabulary = Vocabulary::from_tokens(Unit::Character, Specials::NONE, CHARACTERS.chars());
    vocabulary.expect("each stands there once")
}

/// From one to so many digits, each count as likely, and each digit too.
fn number(digits: usize, rng: &mut Rng) -> usize {
    let count = 1 + rng.below(digits);
    (0..count).fold(0, |number, _| 10 * number + rng.below(10))
}
