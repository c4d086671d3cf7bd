//! The stories of bAbI (Weston et al. 2015) in numbers of words.

use std::collections::HashSet;
use std::path::Path;

use super::Outcome;
use wengert::nn::data::{Specials, Unit, Vocabulary, babi};
use wengert::tensor::Rng;

/// A question about the sentences before it, all in numbers of words. Number 0 is padding.
#[derive(Clone, Debug)]
pub struct Question {
    pub sentences: Vec<Vec<i64>>,
    pub asked: Vec<i64>,
    pub answer: i64,
    /// The sentences that tell the answer, by their places in `sentences`.
    pub facts: Vec<usize>,
}

/// The questions for training and for the test, in the words of both. Words have no capitals, and `marks` says whether
/// the mark at the end of a sentence is one.
pub fn numbered(
    parts: [Vec<babi::Question>; 2],
    marks: bool,
) -> Outcome<(Vocabulary, [Vec<Question>; 2])> {
    let text = |words: &[String], mark: &str| {
        let text = words.join(" ").to_lowercase();
        if marks { text + " " + mark } else { text }
    };
    // In the order in which one meets them.
    let (mut seen, mut words) = (HashSet::new(), Vec::new());
    for asked in parts.iter().flatten() {
        let sentences = asked.sentences.iter().map(|words| text(words, "."));
        let rest = [text(&asked.question, "?"), asked.answer.to_lowercase()];
        for text in sentences.chain(rest) {
            for word in text.split(' ') {
                if !seen.contains(word) {
                    seen.insert(word.to_owned());
                    words.push(word.to_owned());
                }
            }
        }
    }
    let padded = Specials {
        padding: true,
        ..Specials::NONE
    };
    let vocabulary = Vocabulary::from_tokens(Unit::Word, padded, words)?;
    let number = |asked: &babi::Question| -> Outcome<Question> {
        let sentences = asked.sentences.iter();
        let sentences = sentences.map(|words| vocabulary.encode(&text(words, ".")));
        Ok(Question {
            sentences: sentences.collect::<Result<_, _>>()?,
            asked: vocabulary.encode(&text(&asked.question, "?"))?,
            answer: vocabulary.encode(&asked.answer.to_lowercase())?[0],
            facts: asked.facts.clone(),
        })
    };
    let [train, test] = parts.map(|part| part.iter().map(number).collect::<Outcome<Vec<_>>>());
    let numbers = [train?, test?];
    Ok((vocabulary, numbers))
}

/// The questions of a task's two files: `en/qa1_…_train.txt` and `…_test.txt` for the folder `en` and task 1.
pub fn load(folder: &Path, task: usize) -> Outcome<[Vec<babi::Question>; 2]> {
    let [train, test] = ["train", "test"].map(|part| babi::load_task(folder, task, part));
    Ok([train?, test?])
}

/// Stories like those of task 1, for a run without data.
pub fn made_up(stories: usize, rng: &mut Rng) -> Outcome<Vec<babi::Question>> {
    let names = ["Mary", "John", "Daniel", "Sandra"];
    let places = ["bathroom", "hallway", "garden", "office"];
    let mut text = String::new();
    for _ in 0..stories {
        // Where each was seen, and in which line.
        let mut seen = [None; 4];
        for line in 1..=15 {
            let (who, place) = (rng.below(4), rng.below(4));
            let known: Vec<usize> = (0..4).filter(|&who| seen[who].is_some()).collect();
            if line % 3 != 0 {
                seen[who] = Some((place, line));
                text += &format!("{line} {} went to the {}.\n", names[who], places[place]);
            } else {
                let who = known[rng.below(known.len())];
                let (place, fact) = seen[who].expect("it is known");
                text += &format!(
                    "{line} Where is {}?\t{}\t{fact}\n",
                    names[who], places[place]
                );
            }
        }
    }
    Ok(babi::questions(&text)?)
}
