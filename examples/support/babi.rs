//! The stories of bAbI (Weston et al. 2015): sentences with a number each, and questions about them
//! with the answer and the numbers of the sentences that tell it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use wengert::tensor::Rng;

/// The words of a task by their numbers. Number 0 is padding.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    pub words: Vec<String>,
    /// Whether the mark at the end of a sentence is a word.
    marks: bool,
}

/// A question about the sentences before it, all in numbers of words.
#[derive(Clone, Debug)]
pub struct Question {
    pub sentences: Vec<Vec<i64>>,
    pub asked: Vec<i64>,
    pub answer: i64,
    /// The sentences that tell the answer, by their places in `sentences`.
    pub facts: Vec<usize>,
}

impl Vocabulary {
    pub fn new(marks: bool) -> Self {
        Vocabulary {
            words: vec!["-".to_owned()],
            marks,
        }
    }

    fn number(&mut self, word: &str) -> i64 {
        let word = word.to_lowercase();
        let known = self.words.iter().position(|known| *known == word);
        known.unwrap_or_else(|| {
            self.words.push(word);
            self.words.len() - 1
        }) as i64
    }

    /// The words of a sentence that ends with this mark.
    fn sentence(&mut self, text: &str, mark: char) -> Result<Vec<i64>, String> {
        let Some(words) = text.trim_end().strip_suffix(mark) else {
            return Err(format!("`{text}` does not end with `{mark}`"));
        };
        let mut words: Vec<i64> = words.split(' ').map(|word| self.number(word)).collect();
        if self.marks {
            words.push(self.number(&mark.to_string()));
        }
        Ok(words)
    }

    /// The text of a sentence.
    pub fn text(&self, words: &[i64]) -> String {
        let words = words.iter().map(|&word| self.words[word as usize].as_str());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Reads the questions of a text. An error names the line.
    pub fn parse(&mut self, text: &str) -> Result<Vec<Question>, String> {
        let (mut questions, mut sentences) = (Vec::new(), Vec::new());
        // For each line of the story, the place of its sentence.
        let mut places: Vec<Option<usize>> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let mut read = || -> Result<(), String> {
                let (number, rest) = line.split_once(' ').ok_or("it has no text")?;
                let number: usize = number
                    .parse()
                    .map_err(|_| format!("`{number}` is no number"))?;
                if number == 1 {
                    (sentences, places) = (Vec::new(), Vec::new());
                }
                if number != places.len() + 1 {
                    return Err(format!("number {number} follows {}", places.len()));
                }
                let Some((asked, rest)) = rest.split_once('\t') else {
                    places.push(Some(sentences.len()));
                    sentences.push(self.sentence(rest, '.')?);
                    return Ok(());
                };
                let (answer, facts) = rest.split_once('\t').ok_or("the facts are missing")?;
                let fact = |fact: &str| {
                    let place = fact
                        .parse()
                        .ok()
                        .and_then(|fact: usize| *places.get(fact.checked_sub(1)?)?);
                    place.ok_or_else(|| format!("the fact `{fact}` is no sentence before it"))
                };
                let facts = facts.split(' ').map(fact).collect::<Result<_, _>>()?;
                places.push(None);
                questions.push(Question {
                    sentences: sentences.clone(),
                    asked: self.sentence(asked, '?')?,
                    answer: self.number(answer),
                    facts,
                });
                Ok(())
            };
            read().map_err(|error| format!("line {}: {error}", at + 1))?;
        }
        match questions.is_empty() {
            true => Err("there is no question in it".to_owned()),
            false => Ok(questions),
        }
    }

    /// Reads the file of a task: `en/qa1_…_train.txt` for the folder `en`, task 1 and the part `train`.
    pub fn load(&mut self, folder: &Path, task: usize, part: &str) -> Outcome<Vec<Question>> {
        let told =
            |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let entries = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
        let (start, end) = (format!("qa{task}_"), format!("_{part}.txt"));
        let named = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(&end)
        };
        let mut paths = entries.flatten().map(|entry| entry.path());
        let Some(path) = paths.find(named) else {
            return Err(told(folder, &format!("there is no {start}*{end}")).into());
        };
        let text = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        Ok(self.parse(&text).map_err(|error| told(&path, &error))?)
    }
}

/// The folder with the data: that of the option, or `babi` in that of `WENGERT_DATA`.
pub fn folder(option: Option<PathBuf>) -> Outcome<PathBuf> {
    let shared = || Some(PathBuf::from(std::env::var_os("WENGERT_DATA")?).join("babi"));
    let folder = option.or_else(shared);
    folder.ok_or_else(|| {
        "give the folder of the bAbI tasks with --data DIR, or that above `babi` with WENGERT_DATA"
            .into()
    })
}

/// Stories like those of task 1, for a run without data.
pub fn made_up(stories: usize, rng: &mut Rng) -> String {
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
    text
}
