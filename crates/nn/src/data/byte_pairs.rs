//! `BytePairs`: parts of words as numbers, the frequent ones whole.

use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use crate::data::pieces::pieces;
use crate::data::specials::{Specials, UnknownToken};

/// What a [`BytePairs`] vocabulary begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alphabet {
    /// All 256 bytes: whatever the text, it has numbers.
    Bytes,
    /// The characters of the texts that it was trained on; another one is unknown.
    Characters,
}

/// A vocabulary of parts of words: an alphabet, and pairs of known parts that were joined, the most frequent first.
///
/// A text is cut into pieces (a run of letters, of digits, of white space or of other characters, with a single space
/// before it), and no part reaches over a cut. Decoding gives back the text, byte for byte.
///
/// ```
/// use wengert_nn::data::{Alphabet, BytePairs, Specials};
/// let texts = ["low low low lower lowest"];
/// let pairs = BytePairs::train(texts, Alphabet::Characters, 14, Specials::NONE);
/// let numbers = pairs.encode("low slow")?;
/// let parts: Vec<_> = numbers.iter().map(|&number| pairs.part(number).unwrap()).collect();
/// assert_eq!(parts, [&b"low"[..], b" ", b"s", b"low"]);
/// assert_eq!(pairs.decode(&numbers), "low slow");
/// # Ok::<(), wengert_nn::data::UnknownToken>(())
/// ```
///
/// Source: Sennrich, Haddow and Birch 2016, *Neural machine translation of rare words with subword units*,
/// algorithm 1; over bytes as in Radford et al. 2019, *Language models are unsupervised multitask learners*.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("BPE", "subword", "ByteLevelBPETokenizer"))]
pub struct BytePairs {
    specials: Specials,
    alphabet: Alphabet,
    /// The bytes of each part, those of the alphabet first.
    parts: Vec<Vec<u8>>,
    /// How many parts the alphabet has.
    letters: usize,
    /// The two parts of each that was joined.
    joined: Vec<(u32, u32)>,
    ranks: HashMap<(u32, u32), u32>,
    singles: HashMap<Vec<u8>, u32>,
}

/// The bytes of the longest part that there can be.
const LONGEST: usize = 1 << 16;

/// Two neighbors among the parts of a piece.
type Pair = (u32, u32);

impl BytePairs {
    /// Learns a vocabulary of at most `size` numbers from texts, the special ones and the alphabet included. It
    /// ends early if no pair stands there twice. Of equally frequent pairs the one of older parts is joined.
    pub fn train<S: AsRef<str>>(
        texts: impl IntoIterator<Item = S>,
        alphabet: Alphabet,
        size: usize,
        specials: Specials,
    ) -> Self {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for text in texts {
            for piece in pieces(text.as_ref()) {
                match counts.get_mut(piece) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(piece.to_owned(), 1)),
                }
            }
        }
        let letters = match alphabet {
            Alphabet::Bytes => (0..=255).map(|byte| vec![byte]).collect(),
            Alphabet::Characters => {
                let all: BTreeSet<char> = counts.keys().flat_map(|piece| piece.chars()).collect();
                all.into_iter()
                    .map(|letter| letter.to_string().into_bytes())
                    .collect()
            }
        };
        let mut pairs = Self::of_letters(alphabet, specials, letters);
        // The order of a hash map is another one in each run.
        let mut pieces: Vec<(String, u64)> = counts.into_iter().collect();
        pieces.sort_unstable();
        let words = pieces.into_iter().map(|(piece, count)| {
            let letters = pairs.letters_of(&piece);
            (letters.into_iter().flatten().collect::<Vec<u32>>(), count)
        });
        let words: Vec<(Vec<u32>, u64)> = words.collect();
        let room = size.saturating_sub(specials.len() + pairs.letters);
        pairs.learn(words, room);
        pairs
    }

    fn of_letters(alphabet: Alphabet, specials: Specials, letters: Vec<Vec<u8>>) -> Self {
        let singles = letters.iter().cloned().zip(0..).collect();
        BytePairs {
            specials,
            alphabet,
            letters: letters.len(),
            parts: letters,
            joined: Vec::new(),
            ranks: HashMap::new(),
            singles,
        }
    }

    /// The alphabet and the pairs of another, in the order in which they were joined.
    ///
    /// # Errors
    /// If a letter stands there twice or is none, or a pair is of parts that do not come before it, or was joined
    /// before.
    #[cfg(feature = "files")]
    pub(crate) fn from_parts(
        alphabet: Alphabet,
        specials: Specials,
        letters: Vec<Vec<u8>>,
        joined: Vec<Pair>,
    ) -> Result<Self, String> {
        let mut pairs = Self::of_letters(alphabet, specials, letters);
        if pairs.singles.len() < pairs.letters {
            return Err("a letter of the alphabet stands there twice".to_owned());
        }
        let mut total = 0;
        for (at, pair) in joined.into_iter().enumerate() {
            let known = pairs.parts.len() as u32;
            if pair.0 >= known || pair.1 >= known {
                return Err(format!("pair {at} is of parts that do not come before it"));
            }
            let length = pairs.parts[pair.0 as usize].len() + pairs.parts[pair.1 as usize].len();
            total += length;
            // Forty doublings make a part of a terabyte.
            if length > LONGEST || total > 1 << 28 {
                return Err(format!("pair {at} makes parts longer than words are"));
            }
            if pairs.ranks.contains_key(&pair) {
                return Err(format!("pair {at} was joined before"));
            }
            pairs.join(pair);
        }
        Ok(pairs)
    }

    /// Makes a part of two.
    fn join(&mut self, pair: Pair) -> u32 {
        let part = self.parts.len() as u32;
        let [a, b] = [pair.0, pair.1].map(|part| &self.parts[part as usize]);
        self.parts.push([a.as_slice(), b].concat());
        self.ranks.insert(pair, part);
        self.joined.push(pair);
        part
    }

    /// Joins the most frequent pair of all words, again and again.
    fn learn(&mut self, mut words: Vec<(Vec<u32>, u64)>, room: usize) {
        let mut counts: HashMap<Pair, u64> = HashMap::new();
        let mut places: HashMap<Pair, HashSet<usize>> = HashMap::new();
        for (at, (word, count)) in words.iter().enumerate() {
            for pair in word.windows(2) {
                let pair = (pair[0], pair[1]);
                *counts.entry(pair).or_default() += count;
                places.entry(pair).or_default().insert(at);
            }
        }
        // Counts that have changed since are looked up when their turn comes.
        let entries = counts.iter().map(|(&pair, &count)| (count, late(pair)));
        let mut queue: BinaryHeap<(u64, Pair)> = entries.collect();
        while self.joined.len() < room {
            let Some((count, place)) = queue.pop() else {
                return;
            };
            let pair = late(place);
            let now = counts.get(&pair).copied().unwrap_or(0);
            if now != count {
                if now > 1 {
                    queue.push((now, place));
                }
                continue;
            }
            let part_length = |part: u32| self.parts[part as usize].len();
            if count < 2 {
                return;
            }
            if part_length(pair.0) + part_length(pair.1) > LONGEST {
                continue;
            }
            let part = self.join(pair);
            let mut grown: HashSet<Pair> = HashSet::new();
            for at in places.remove(&pair).unwrap_or_default() {
                let (word, times) = &mut words[at];
                for pair in word.windows(2) {
                    if let Some(count) = counts.get_mut(&(pair[0], pair[1])) {
                        *count -= *times;
                    }
                }
                replace(word, pair, part);
                for pair in word.windows(2) {
                    let pair = (pair[0], pair[1]);
                    *counts.entry(pair).or_default() += *times;
                    if pair.0 == part || pair.1 == part {
                        places.entry(pair).or_default().insert(at);
                        grown.insert(pair);
                    }
                }
            }
            counts.remove(&pair);
            queue.extend(grown.into_iter().map(|pair| (counts[&pair], late(pair))));
        }
    }

    /// The special tokens.
    pub fn specials(&self) -> Specials {
        self.specials
    }

    /// What it began with.
    pub fn alphabet(&self) -> Alphabet {
        self.alphabet
    }

    /// The letters of the alphabet.
    #[cfg_attr(not(feature = "files"), allow(dead_code))]
    pub(crate) fn letters(&self) -> &[Vec<u8>] {
        &self.parts[..self.letters]
    }

    /// The pairs that were joined, as numbers of parts without the special ones.
    #[cfg_attr(not(feature = "files"), allow(dead_code))]
    pub(crate) fn joined(&self) -> &[Pair] {
        &self.joined
    }

    /// How many numbers there are, the special ones too.
    pub fn len(&self) -> usize {
        self.specials.len() + self.parts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a number's part; `None` if it is special, or there is none.
    pub fn part(&self, number: i64) -> Option<&[u8]> {
        let at = usize::try_from(number)
            .ok()?
            .checked_sub(self.specials.len())?;
        self.parts.get(at).map(Vec::as_slice)
    }

    /// The letters of a piece; `None` for one that is not known.
    fn letters_of(&self, piece: &str) -> Vec<Option<u32>> {
        match self.alphabet {
            Alphabet::Bytes => piece.bytes().map(|byte| Some(u32::from(byte))).collect(),
            Alphabet::Characters => {
                let mut buffer = [0; 4];
                let mut letter = |letter: char| {
                    let bytes = letter.encode_utf8(&mut buffer).as_bytes();
                    self.singles.get(bytes).copied()
                };
                piece.chars().map(&mut letter).collect()
            }
        }
    }

    /// The numbers of a text.
    ///
    /// # Errors
    /// If a character is not in the alphabet, and there is no special number for it.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>, UnknownToken> {
        let first = self.specials.len() as i64;
        let mut numbers = Vec::new();
        for piece in pieces(text) {
            let letters = self.letters_of(piece);
            for (known, run) in runs(&letters) {
                if known {
                    let parts: Vec<u32> = letters[run].iter().flatten().copied().collect();
                    let joined = self.joined_in(parts);
                    numbers.extend(joined.into_iter().map(|part| first + i64::from(part)));
                    continue;
                }
                let Some(unknown) = self.unknown() else {
                    let token = piece.chars().nth(run.start).map(String::from);
                    let token = token.unwrap_or_default();
                    return Err(UnknownToken { token });
                };
                numbers.extend(run.map(|_| unknown));
            }
        }
        Ok(numbers)
    }

    /// Joins the neighbors in a piece, those that were joined first in training first.
    fn joined_in(&self, mut parts: Vec<u32>) -> Vec<u32> {
        const END: usize = usize::MAX;
        let count = parts.len();
        let mut next: Vec<usize> = (1..=count)
            .map(|at| if at < count { at } else { END })
            .collect();
        let mut before: Vec<usize> = (0..count).map(|at| at.wrapping_sub(1)).collect();
        let mut gone = vec![false; count];
        // Which part comes of the neighbors here, and where the left one stands: the oldest first.
        let mut queue = BinaryHeap::new();
        let pair =
            |parts: &[u32], a: usize, b: usize| self.ranks.get(&(parts[a], parts[b])).copied();
        for at in 1..count {
            if let Some(part) = pair(&parts, at - 1, at) {
                queue.push(late_at(part, at - 1));
            }
        }
        while let Some((part, at)) = queue.pop() {
            let (part, at) = late_at(part, at);
            let right = next[at];
            if gone[at] || right == END || pair(&parts, at, right) != Some(part) {
                continue;
            }
            parts[at] = part;
            gone[right] = true;
            next[at] = next[right];
            if next[at] != END {
                before[next[at]] = at;
                if let Some(part) = pair(&parts, at, next[at]) {
                    queue.push(late_at(part, at));
                }
            }
            if before[at] != END
                && let Some(part) = pair(&parts, before[at], at)
            {
                queue.push(late_at(part, before[at]));
            }
        }
        let left = parts.into_iter().zip(gone).filter(|&(_, gone)| !gone);
        left.map(|(part, _)| part).collect()
    }

    /// The text of numbers. Padding, start and end are left out; what is unknown, or no number of the vocabulary, is
    /// `<unknown>`; bytes that make no character, as a model may draw them, are U+FFFD.
    pub fn decode(&self, numbers: &[i64]) -> String {
        let mut bytes = Vec::new();
        for &number in numbers
            .iter()
            .filter(|&&number| !self.specials.is_silent(number))
        {
            bytes.extend_from_slice(self.part(number).unwrap_or(b"<unknown>"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }
}

/// A pair as it stands in a queue whose greatest comes first: older parts are greater. Twice, it is as before.
fn late((a, b): Pair) -> Pair {
    (!a, !b)
}

/// As [`late`], of a part and its place.
fn late_at(part: u32, at: usize) -> (u32, usize) {
    (!part, !at)
}

/// Puts `part` in the place of every such pair, from the left.
fn replace(word: &mut Vec<u32>, pair: Pair, part: u32) {
    let (mut from, mut to) = (0, 0);
    while from < word.len() {
        let here = word[from] == pair.0 && word.get(from + 1) == Some(&pair.1);
        word[to] = if here { part } else { word[from] };
        from += if here { 2 } else { 1 };
        to += 1;
    }
    word.truncate(to);
}

/// Stretches of letters that are known, and of letters that are not.
fn runs(letters: &[Option<u32>]) -> Vec<(bool, std::ops::Range<usize>)> {
    let mut runs = Vec::new();
    for run in letters.chunk_by(|a, b| a.is_some() == b.is_some()) {
        let start = runs
            .last()
            .map_or(0, |(_, last): &(bool, std::ops::Range<usize>)| last.end);
        runs.push((run[0].is_some(), start..start + run.len()));
    }
    runs
}
