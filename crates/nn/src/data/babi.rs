//! The stories of bAbI: sentences with a number each, and questions about them with the answer and the
//! numbers of the sentences that tell it.
//!
//! Source: Weston, Bordes, Chopra, Rush, van Merriënboer, Joulin and Mikolov 2015, *Towards AI-complete
//! question answering: a set of prerequisite toy tasks*.

use std::fs;
use std::path::Path;

use crate::data::error::{Place, ReadError, Reason};
use crate::data::text;

/// A question about the sentences before it. Words are as they stand, without the mark at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The sentences of its story so far.
    pub sentences: Vec<Vec<String>>,
    /// The question.
    pub question: Vec<String>,
    /// The answer; of several, the list with commas as it stands.
    pub answer: String,
    /// The sentences that tell the answer, by their places in `sentences`.
    pub facts: Vec<usize>,
}

/// The questions of a text in their order.
///
/// ```
/// use wengert_nn::data::babi;
/// let text = "1 Mary went home.\n2 John slept.\n3 Where is Mary? \thome\t1\n";
/// let question = &babi::questions(text)?[0];
/// assert_eq!((question.question.join(" ").as_str(), &*question.answer), ("Where is Mary", "home"));
/// assert_eq!((question.sentences.len(), &question.facts[..]), (2, &[0][..]));
///
/// let error = babi::questions("1 Mary went home.\n3 John slept.\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 2: number 3 follows 1");
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
///
/// # Errors
/// If a line is no sentence or question with the next number, or there is no question.
pub fn questions(text: &str) -> Result<Vec<Question>, ReadError> {
    let (mut questions, mut sentences) = (Vec::new(), Vec::new());
    // For each line of the story, the place of its sentence.
    let mut places: Vec<Option<usize>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut read = || -> Result<(), String> {
            let (number, rest) = line.split_once(' ').ok_or("it has no text")?;
            let number: usize = number
                .parse()
                .map_err(|_| format!("{number:?} is no number"))?;
            if number == 1 {
                (sentences, places) = (Vec::new(), Vec::new());
            }
            if number != places.len() + 1 {
                return Err(format!("number {number} follows {}", places.len()));
            }
            let Some((asked, rest)) = rest.split_once('\t') else {
                places.push(Some(sentences.len()));
                sentences.push(words(rest, '.')?);
                return Ok(());
            };
            let (answer, facts) = rest.split_once('\t').ok_or("the facts are missing")?;
            if answer.is_empty() {
                return Err("the answer is missing".to_owned());
            }
            let fact = |fact: &str| {
                let place = fact
                    .parse()
                    .ok()
                    .and_then(|fact: usize| *places.get(fact.checked_sub(1)?)?);
                place.ok_or_else(|| format!("the fact {fact:?} is no sentence before it"))
            };
            let facts = facts
                .split_whitespace()
                .map(fact)
                .collect::<Result<_, _>>()?;
            places.push(None);
            questions.push(Question {
                sentences: sentences.clone(),
                question: words(asked, '?')?,
                answer: answer.to_owned(),
                facts,
            });
            Ok(())
        };
        read().map_err(|what| ReadError::format(Place::Line(at as u64 + 1), what))?;
    }
    match questions.is_empty() {
        true => Err(ReadError::format(
            Place::Whole,
            "there is no question in it",
        )),
        false => Ok(questions),
    }
}

/// The words of a sentence that ends with this mark.
fn words(text: &str, mark: char) -> Result<Vec<String>, String> {
    let Some(words) = text.trim_end().strip_suffix(mark) else {
        return Err(format!("{text:?} does not end with {mark:?}"));
    };
    Ok(words.split_whitespace().map(str::to_owned).collect())
}

/// [`questions`] of a file.
///
/// # Errors
/// As [`text::load`] and [`questions`].
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Question>, ReadError> {
    questions(&text::load(&path)?).map_err(|error| error.in_file(path))
}

/// [`load`] of a task's file in a folder: for task 1 and the part "train" that is `qa1_…_train.txt`.
///
/// # Errors
/// As [`load`], and if the folder has no such file.
pub fn load_task(
    folder: impl AsRef<Path>,
    task: usize,
    part: &str,
) -> Result<Vec<Question>, ReadError> {
    let folder = folder.as_ref();
    let of_folder = |error| ReadError::io(error).in_file(folder);
    let (start, end) = (format!("qa{task}_"), format!("_{part}.txt"));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(of_folder)? {
        let path = entry.map_err(of_folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&start) && name.ends_with(&end) {
            found.push(path);
        }
    }
    // The folder's own order is not always the same.
    match found.iter().min() {
        Some(path) => load(path),
        None => {
            let missing = Reason::Missing(format!("{start}*{end}"));
            Err(ReadError::new(Place::Whole, missing).in_file(folder))
        }
    }
}
