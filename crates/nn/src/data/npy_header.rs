//! The header of a `.npy` file: a dict as Python writes it.

use wengert_tensor::{Element, Tensor};

use crate::data::error::{Place, ReadError};

/// What a header says of its array.
pub(crate) struct Header {
    /// The element type as it stands there.
    pub descr: String,
    pub kind: Kind,
    pub big_endian: bool,
    /// Whether the first axis runs fastest.
    pub fortran: bool,
    pub dims: Vec<usize>,
}

/// A kind of number, with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

impl Kind {
    pub fn width(self) -> usize {
        match self {
            Kind::Bool => 1,
            Kind::Signed(width) | Kind::Unsigned(width) | Kind::Float(width) => width,
        }
    }
}

/// What stands behind a key.
#[derive(Debug)]
enum Value {
    Text(String),
    Truth(bool),
    Tuple(Vec<usize>),
    /// A list, as records have it.
    Other,
}

impl Header {
    /// The beginning of the file of an array, up to its elements.
    pub fn of<T: Element>(array: &Tensor<T>) -> Vec<u8> {
        let descr = match T::NAME {
            "bool" => "|b1",
            "i64" => "<i8",
            "f64" => "<f8",
            _ => "<f4",
        };
        let dims: Vec<String> = array.shape().iter().map(|dim| format!("{dim},")).collect();
        let mut shape = dims.join(" ");
        if array.rank() > 1 {
            shape.pop();
        }
        let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
        // The elements begin at a multiple of 64 bytes.
        let length = (10 + dict.len() + 1).next_multiple_of(64) - 10;
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((length as u16).to_le_bytes());
        file.extend(dict.bytes());
        file.resize(10 + length - 1, b' ');
        file.push(b'\n');
        file
    }

    /// Reads the dict, which begins at byte `at` of the file.
    pub fn parse(text: &[u8], at: u64) -> Result<Self, ReadError> {
        let mut parser = Parser { text, at: 0 };
        let read = parser.dict();
        let place = Place::Byte(at + parser.at as u64);
        let pairs = read.map_err(|what| ReadError::format(place, format!("the header: {what}")))?;
        let wrong =
            |what: String| ReadError::format(Place::Byte(at), format!("the header: {what}"));
        let (mut descr, mut fortran, mut dims) = (None, None, None);
        for (key, value) in pairs {
            let twice = match (key.as_str(), value) {
                ("descr", Value::Text(text)) => descr.replace(text).is_some(),
                ("descr", Value::Other) => return Err(wrong("records are not read".to_owned())),
                ("fortran_order", Value::Truth(truth)) => fortran.replace(truth).is_some(),
                ("shape", Value::Tuple(tuple)) => dims.replace(tuple).is_some(),
                (key, _) => return Err(wrong(format!("{key:?} is not as it should be"))),
            };
            if twice {
                return Err(wrong(format!("{key:?} stands there twice")));
            }
        }
        let (Some(descr), Some(fortran), Some(dims)) = (descr, fortran, dims) else {
            let what = "'descr', 'fortran_order' or 'shape' is missing";
            return Err(wrong(what.to_owned()));
        };
        let Some((big_endian, kind)) = element(&descr) else {
            let what = format!("elements of type {descr:?} are not read");
            return Err(wrong(what));
        };
        Ok(Header {
            descr,
            kind,
            big_endian,
            fortran,
            dims,
        })
    }
}

/// The byte order and the kind of an element type, as in `<f4`.
fn element(descr: &str) -> Option<(bool, Kind)> {
    let mut letters = descr.chars();
    let (order, letter, rest) = (letters.next()?, letters.next()?, letters.as_str());
    let (width, kind): (usize, fn(usize) -> Kind) = match (letter, rest) {
        ('b', "1") => return (order == '|').then_some((false, Kind::Bool)),
        ('i', "1" | "2" | "4" | "8") => (rest.parse().ok()?, Kind::Signed),
        ('u', "1" | "2" | "4" | "8") => (rest.parse().ok()?, Kind::Unsigned),
        ('f', "2" | "4" | "8") => (rest.parse().ok()?, Kind::Float),
        _ => return None,
    };
    match order {
        '<' => Some((false, kind(width))),
        '>' => Some((true, kind(width))),
        '|' if width == 1 => Some((false, kind(width))),
        _ => None,
    }
}

/// A reader of the few literals of Python that there are in a header.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    /// The next letter that is no space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Goes behind this letter, if it is the next.
    fn pass(&mut self, letter: u8) -> bool {
        let there = self.peek() == Some(letter);
        self.at += usize::from(there);
        there
    }

    fn want(&mut self, letter: u8) -> Result<(), String> {
        match self.pass(letter) {
            true => Ok(()),
            false => Err(format!("there is no {:?} here", char::from(letter))),
        }
    }

    fn dict(&mut self) -> Result<Vec<(String, Value)>, String> {
        let mut pairs = Vec::new();
        self.want(b'{')?;
        while !self.pass(b'}') {
            let key = self.string()?;
            self.want(b':')?;
            let value = match self.peek() {
                Some(b'\'' | b'"') => Value::Text(self.string()?),
                Some(b'T' | b'F') => Value::Truth(self.truth()?),
                Some(b'(') => Value::Tuple(self.tuple()?),
                Some(b'[') => {
                    pairs.push((key, Value::Other));
                    return Ok(pairs);
                }
                _ => return Err("there is no value here".to_owned()),
            };
            pairs.push((key, value));
            if !self.pass(b',') {
                self.want(b'}')?;
                break;
            }
        }
        match self.peek() {
            None => Ok(pairs),
            Some(_) => Err("it goes on behind its end".to_owned()),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else {
            return Err("there is no string here".to_owned());
        };
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest.iter().position(|&letter| letter == quote) else {
            return Err("a string does not end".to_owned());
        };
        let Ok(text) = std::str::from_utf8(&rest[..length]) else {
            return Err("a string is not UTF-8".to_owned());
        };
        self.at += length + 2;
        Ok(text.to_owned())
    }

    fn truth(&mut self) -> Result<bool, String> {
        for (word, truth) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(truth);
            }
        }
        Err("this is neither True nor False".to_owned())
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut numbers = Vec::new();
        self.want(b'(')?;
        while !self.pass(b')') {
            self.peek();
            let rest = &self.text[self.at..];
            let length = rest
                .iter()
                .take_while(|letter| letter.is_ascii_digit())
                .count();
            let digits = std::str::from_utf8(&rest[..length]).unwrap_or("");
            let Ok(number) = digits.parse() else {
                return Err(format!("{digits:?} is no length of an axis"));
            };
            numbers.push(number);
            self.at += length;
            // Python 2 wrote long numbers with this letter.
            self.pass(b'L');
            if !self.pass(b',') {
                self.want(b')')?;
                break;
            }
        }
        Ok(numbers)
    }
}
