//! Tables from CSV: named columns of numbers, truth values and texts, with cells that may be missing.
//!
//! The type of a column is told by its cells, or by the caller: integers, else numbers, else truth
//! values, else texts. A cell is missing if it is empty, or one of [`MISSING`]. Cells may be quoted,
//! with separators, line ends and doubled quotes inside. Lines end with `\n` or `\r\n`; empty lines are passed over.
//!
//! Source: Shafranovich 2005, *Common format and MIME type for comma-separated values files* (RFC 4180).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use wengert_tensor::{Float, Tensor};

use crate::data::error::{Place, ReadError, Reason};
use crate::data::quotes;
use crate::data::source::{self, MOST_BYTES};
use crate::data::text;

/// What stands for a missing value, beside nothing, unless a [`Reader`] is told otherwise.
pub const MISSING: [&str; 8] = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"];

/// A type of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Whole numbers of `i64`.
    Integer,
    /// Numbers of `f64`; `inf` is one.
    Number,
    /// `true` or `false`, in letters of any case.
    Truth,
    /// Anything.
    Text,
}

/// The cells of a column; `None` is one that is missing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Of [`Kind::Integer`].
    Integers(Vec<Option<i64>>),
    /// Of [`Kind::Number`], and of a column where every cell is missing.
    Numbers(Vec<Option<f64>>),
    /// Of [`Kind::Truth`].
    Truths(Vec<Option<bool>>),
    /// Of [`Kind::Text`].
    Texts(Vec<Option<String>>),
}

impl Column {
    /// The type.
    pub fn kind(&self) -> Kind {
        match self {
            Column::Integers(_) => Kind::Integer,
            Column::Numbers(_) => Kind::Number,
            Column::Truths(_) => Kind::Truth,
            Column::Texts(_) => Kind::Text,
        }
    }

    /// How many cells are missing.
    #[doc(alias = "isna")]
    pub fn missing(&self) -> usize {
        fn count<X>(cells: &[Option<X>]) -> usize {
            cells.iter().filter(|cell| cell.is_none()).count()
        }
        match self {
            Column::Integers(cells) => count(cells),
            Column::Numbers(cells) => count(cells),
            Column::Truths(cells) => count(cells),
            Column::Texts(cells) => count(cells),
        }
    }
}

/// Named columns of one length.
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "DataFrame")]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    /// The line of each row.
    lines: Vec<u64>,
}

/// Reads a table of at most [`MOST_BYTES`], whose first line has the names.
///
/// ```
/// use wengert_nn::data::table;
/// use wengert_tensor::Tensor;
/// let table = table::read(&b"city,year,rain\n\"Graz, A\",2001,1.5\nBonn,2002,\n"[..])?;
/// assert_eq!(table.names(), ["city", "year", "rain"]);
/// assert_eq!(table.texts("city")?, ["Graz, A", "Bonn"]);
/// assert_eq!(table.tensor::<f32>(&["year"])?, Tensor::from([[2001.0], [2002.0]]));
///
/// let error = table.tensor::<f32>(&["year", "rain"]).unwrap_err();
/// assert_eq!(error.to_string(), "line 3, column 3: \"rain\" is missing");
/// assert_eq!(table.tensor_filled(&["rain"], 0.0)?, Tensor::<f32>::from([[1.5], [0.0]]));
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
///
/// # Errors
/// If the reader fails; if it gives no UTF-8, no names, a name twice, a row of another length or a cell
/// whose quotes are wrong; or if it gives more than the limit.
#[doc(alias = "read_csv")]
pub fn read(reader: impl Read) -> Result<Table, ReadError> {
    Reader::new().read(reader)
}

/// Reads the table of a file.
///
/// # Errors
/// As [`read`]. The error names the file.
pub fn load(path: impl AsRef<Path>) -> Result<Table, ReadError> {
    Reader::new().load(path)
}

/// Reads tables that differ from what is usual.
///
/// ```
/// use wengert_nn::data::table::{Kind, Reader};
/// let reader = Reader::new()
///     .with_separator(b';')
///     .with_missing(&["-"])
///     .with_kind("code", Kind::Text);
/// let table = reader.read(&b"code;x\n007;-\n012;2\n"[..])?;
/// assert_eq!(table.texts("code")?, ["007", "012"]);
/// assert_eq!(table.column("x")?.missing(), 1);
/// # Ok::<(), wengert_nn::data::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    separator: u8,
    header: bool,
    missing: Vec<String>,
    kinds: Vec<(String, Kind)>,
    limit: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Reader {
            separator: b',',
            header: true,
            missing: MISSING.map(str::to_owned).to_vec(),
            kinds: Vec::new(),
            limit: MOST_BYTES,
        }
    }
}

impl Reader {
    /// With commas, a header, [`MISSING`] and the limit [`MOST_BYTES`].
    pub fn new() -> Self {
        Self::default()
    }

    /// With another letter between the cells, as a tab.
    #[doc(alias = "delimiter")]
    pub fn with_separator(mut self, separator: u8) -> Self {
        self.separator = separator;
        self
    }

    /// For tables without names: the columns are called `0`, `1` and so on.
    pub fn without_header(mut self) -> Self {
        self.header = false;
        self
    }

    /// With other words for a missing value. An empty cell is missing in any case.
    #[doc(alias = "na_values")]
    pub fn with_missing(mut self, words: &[&str]) -> Self {
        self.missing = words.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// With a column of this type, whatever its cells look like. A cell that is none is an error.
    #[doc(alias = "dtype")]
    pub fn with_kind(mut self, name: &str, kind: Kind) -> Self {
        self.kinds.push((name.to_owned(), kind));
        self
    }

    /// With another limit, in bytes of the file.
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Reads a table.
    ///
    /// # Errors
    /// As [`read`](read()), and if a column of a type that was told is not there, or has a cell of
    /// another.
    pub fn read(&self, reader: impl Read) -> Result<Table, ReadError> {
        let text = text::read_within(reader, self.limit)?;
        quotes::check(&text, self.separator)?;
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut lines = quotes::Lines::new(&text);
        let mut records = Vec::new();
        let mut places = Vec::new();
        for record in rows.records() {
            let record = record.map_err(|error| refused(&error, &mut lines))?;
            places.push(lines.of(record.position().map_or(0, csv::Position::byte)));
            records.push(record);
        }
        let width = records.first().map_or(0, csv::StringRecord::len);
        let names: Vec<String> = match self.header {
            true if records.is_empty() => {
                return Err(ReadError::format(
                    Place::Whole,
                    "there are no names of columns",
                ));
            }
            true => records[0]
                .iter()
                .map(|name| name.trim().to_owned())
                .collect(),
            false => (0..width).map(|column| column.to_string()).collect(),
        };
        let skipped = usize::from(self.header);
        for (column, name) in names.iter().enumerate() {
            if names[..column].contains(name) {
                let place = Place::Cell {
                    line: places[0],
                    column: column + 1,
                };
                return Err(ReadError::new(place, Reason::Duplicate(name.clone())));
            }
        }
        if let Some((name, _)) = self.kinds.iter().find(|(name, _)| !names.contains(name)) {
            return Err(ReadError::new(Place::Whole, Reason::Missing(name.clone())));
        }
        let lines = places[skipped..].to_vec();
        let column = |(at, name): (usize, &String)| {
            let told = self.kinds.iter().rev().find(|(told, _)| told == name);
            let cells = Cells {
                reader: self,
                records: &records[skipped..],
                lines: &lines,
                at,
            };
            cells.column(told.map(|&(_, kind)| kind))
        };
        let columns = names
            .iter()
            .enumerate()
            .map(column)
            .collect::<Result<_, _>>()?;
        Ok(Table {
            names,
            columns,
            lines,
        })
    }

    /// Reads the table of a file.
    ///
    /// # Errors
    /// As [`read`](Reader::read). The error names the file.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Table, ReadError> {
        let path = path.as_ref();
        let file = source::open(path)?;
        self.read(file).map_err(|error| error.in_file(path))
    }
}

/// Why the reader of records refused.
fn refused(error: &csv::Error, lines: &mut quotes::Lines<'_>) -> ReadError {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = lines.of(pos.as_ref().map_or(0, csv::Position::byte));
            let what = format!("a row of {len} cells, where those before have {expected_len}");
            ReadError::format(Place::Line(line), what)
        }
        _ => ReadError::format(Place::Whole, error.to_string()),
    }
}

/// The cells of a column before they are read.
struct Cells<'a> {
    reader: &'a Reader,
    records: &'a [csv::StringRecord],
    lines: &'a [u64],
    at: usize,
}

impl Cells<'_> {
    /// The column, of this type or the first that all cells are of.
    fn column(&self, told: Option<Kind>) -> Result<Column, ReadError> {
        let kinds = [Kind::Integer, Kind::Number, Kind::Truth];
        let fits = |&kind: &Kind| {
            let mut cells = self.records.iter().filter_map(|record| self.cell(record));
            match kind {
                Kind::Integer => {
                    let mut cells = cells.peekable();
                    cells.peek().is_some() && cells.all(|cell| cell.trim().parse::<i64>().is_ok())
                }
                Kind::Number => cells.all(|cell| cell.trim().parse::<f64>().is_ok()),
                _ => cells.all(|cell| truth(cell).is_some()),
            }
        };
        let kind = told
            .or_else(|| kinds.into_iter().find(fits))
            .unwrap_or(Kind::Text);
        Ok(match kind {
            Kind::Integer => {
                Column::Integers(self.each("integer", |cell| cell.trim().parse().ok())?)
            }
            Kind::Number => Column::Numbers(self.each("number of f64", number)?),
            Kind::Truth => Column::Truths(self.each("truth value", truth)?),
            Kind::Text => Column::Texts(self.each("text", |cell| Some(cell.to_owned()))?),
        })
    }

    /// What stands in a row, unless it is missing.
    fn cell<'r>(&self, record: &'r csv::StringRecord) -> Option<&'r str> {
        let cell = &record[self.at];
        let word = cell.trim();
        let missing = word.is_empty() || self.reader.missing.iter().any(|known| known == word);
        (!missing).then_some(cell)
    }

    fn each<X>(
        &self,
        what: &str,
        read: impl Fn(&str) -> Option<X>,
    ) -> Result<Vec<Option<X>>, ReadError> {
        let rows = self.records.iter().zip(self.lines);
        let cell = |(record, &line): (&csv::StringRecord, &u64)| {
            let Some(cell) = self.cell(record) else {
                return Ok(None);
            };
            let column = self.at + 1;
            read(cell).map(Some).ok_or_else(|| {
                ReadError::format(
                    Place::Cell { line, column },
                    format!("{cell:?} is no {what}"),
                )
            })
        };
        rows.map(cell).collect()
    }
}

/// A number; one whose digits are beyond `f64` is none.
fn number(cell: &str) -> Option<f64> {
    let number: f64 = cell.trim().parse().ok()?;
    let written = !cell.contains(|letter: char| letter.is_ascii_digit());
    (number.is_finite() || written).then_some(number)
}

fn truth(cell: &str) -> Option<bool> {
    let cell = cell.trim();
    if cell.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    cell.eq_ignore_ascii_case("false").then_some(false)
}

impl Table {
    /// The names of the columns in their order.
    #[doc(alias = "columns")]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    fn place(&self, name: &str) -> Result<usize, ReadError> {
        let place = self.names.iter().position(|known| known == name);
        place.ok_or_else(|| ReadError::new(Place::Whole, Reason::Missing(name.to_owned())))
    }

    /// What is wrong with a cell.
    fn wrong(&self, row: usize, column: usize, what: &str) -> ReadError {
        let place = Place::Cell {
            line: self.lines[row],
            column: column + 1,
        };
        ReadError::format(place, format!("{:?} {what}", self.names[column]))
    }

    /// A column.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn column(&self, name: &str) -> Result<&Column, ReadError> {
        Ok(&self.columns[self.place(name)?])
    }

    /// Columns of numbers, integers (the nearest numbers) or truth values (0 and 1) beside each other:
    /// \[rows, names\].
    ///
    /// # Errors
    /// If a column is not there or is of texts, or a cell is missing.
    #[doc(alias("to_numpy", "values"))]
    pub fn tensor<T: Float>(&self, names: &[&str]) -> Result<Tensor<T>, ReadError> {
        self.numbers(names, None)
    }

    /// [`tensor`](Table::tensor) with this number in the place of what is missing.
    ///
    /// # Errors
    /// If a column is not there or is of texts.
    #[doc(alias = "fillna")]
    pub fn tensor_filled<T: Float>(
        &self,
        names: &[&str],
        fill: f64,
    ) -> Result<Tensor<T>, ReadError> {
        self.numbers(names, Some(fill))
    }

    fn numbers<T: Float>(&self, names: &[&str], fill: Option<f64>) -> Result<Tensor<T>, ReadError> {
        let width = names.len();
        let mut data = vec![T::ZERO; self.rows() * width];
        for (at, name) in names.iter().enumerate() {
            let column = self.place(name)?;
            let cells: Vec<Option<f64>> = match &self.columns[column] {
                Column::Integers(cells) => {
                    cells.iter().map(|cell| cell.map(|x| x as f64)).collect()
                }
                Column::Numbers(cells) => cells.clone(),
                Column::Truths(cells) => cells
                    .iter()
                    .map(|cell| cell.map(|x| f64::from(u8::from(x))))
                    .collect(),
                Column::Texts(cells) => {
                    let what = "is a column of texts";
                    return Err(match cells.is_empty() {
                        true => ReadError::format(Place::Whole, format!("{name:?} {what}")),
                        false => self.wrong(self.first_text(column), column, what),
                    });
                }
            };
            for (row, cell) in cells.into_iter().enumerate() {
                let Some(number) = cell.or(fill) else {
                    return Err(self.wrong(row, column, "is missing"));
                };
                data[row * width + at] = T::from_f64(number);
            }
        }
        Tensor::from_vec(data, [self.rows(), width])
            .map_err(|error| ReadError::format(Place::Whole, error.to_string()))
    }

    /// The first row whose text is no number.
    fn first_text(&self, column: usize) -> usize {
        let Column::Texts(cells) = &self.columns[column] else {
            return 0;
        };
        let text = |cell: &Option<String>| cell.as_ref().is_some_and(|text| number(text).is_none());
        cells.iter().position(text).unwrap_or(0)
    }

    /// A column of integers \[rows\].
    ///
    /// # Errors
    /// If it is not there or of another type, or a cell is missing.
    pub fn integers(&self, name: &str) -> Result<Tensor<i64>, ReadError> {
        let column = self.place(name)?;
        let Column::Integers(cells) = &self.columns[column] else {
            let what = format!("{name:?} is no column of integers");
            return Err(ReadError::format(Place::Whole, what));
        };
        let cell = |(row, cell): (usize, &Option<i64>)| {
            cell.ok_or_else(|| self.wrong(row, column, "is missing"))
        };
        let cells: Vec<i64> = cells
            .iter()
            .enumerate()
            .map(cell)
            .collect::<Result<_, _>>()?;
        Ok(Tensor::from(cells))
    }

    /// A column of texts.
    ///
    /// # Errors
    /// If it is not there or of another type, or a cell is missing.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, ReadError> {
        let column = self.place(name)?;
        let Column::Texts(cells) = &self.columns[column] else {
            let what = format!("{name:?} is no column of texts");
            return Err(ReadError::format(Place::Whole, what));
        };
        let cell = |(row, cell): (usize, &'_ Option<String>)| match cell {
            Some(_) => Ok(row),
            None => Err(self.wrong(row, column, "is missing")),
        };
        cells
            .iter()
            .enumerate()
            .try_for_each(|cell_at| cell(cell_at).map(drop))?;
        Ok(cells.iter().flatten().map(String::as_str).collect())
    }

    /// A column of texts as classes: the number of each row's \[rows\], and the texts by their numbers,
    /// in alphabetical order.
    ///
    /// ```
    /// use wengert_nn::data::table;
    /// use wengert_tensor::Tensor;
    /// let table = table::read(&b"flower\nrose\niris\nrose\n"[..])?;
    /// let (labels, classes) = table.classes("flower")?;
    /// assert_eq!((labels, classes), (Tensor::from([1, 0, 1]), vec!["iris", "rose"]));
    /// # Ok::<(), wengert_nn::data::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// As [`texts`](Table::texts).
    #[doc(alias("factorize", "LabelEncoder"))]
    pub fn classes(&self, name: &str) -> Result<(Tensor<i64>, Vec<&str>), ReadError> {
        let texts = self.texts(name)?;
        let mut numbers: BTreeMap<&str, i64> = texts.iter().map(|&text| (text, 0)).collect();
        for (number, at) in numbers.values_mut().zip(0..) {
            *number = at;
        }
        let labels: Vec<i64> = texts.iter().map(|text| numbers[text]).collect();
        Ok((Tensor::from(labels), numbers.into_keys().collect()))
    }
}
