//! Tables from CSV.

use wengert_nn::data::table::{self, Column, Kind, Reader, Table};
use wengert_nn::data::{Place, ReadError};
use wengert_tensor::Tensor;

use crate::hostile::{Endless, Folder, Slow, cut_everywhere, flip_everywhere};

fn read(text: &str) -> Result<Table, ReadError> {
    table::read(text.as_bytes())
}

fn refusal(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

#[test]
fn columns_have_the_type_of_their_cells() {
    let table =
        read("i,n,t,s,e,b\n1,1.5,true,x,,+3\n-2,inf,False,,NA,4\n,-.5e3,,1,?,\n").expect("a table");
    let kinds = table
        .names()
        .iter()
        .map(|name| table.column(name).expect("there").kind());
    let expected = [
        Kind::Integer,
        Kind::Number,
        Kind::Truth,
        Kind::Text,
        Kind::Number,
        Kind::Integer,
    ];
    assert!(kinds.eq(expected));
    let column = |name| table.column(name).expect("there").clone();
    assert_eq!(column("i"), Column::Integers(vec![Some(1), Some(-2), None]));
    let numbers = vec![Some(1.5), Some(f64::INFINITY), Some(-500.0)];
    assert_eq!(column("n"), Column::Numbers(numbers));
    assert_eq!(
        column("t"),
        Column::Truths(vec![Some(true), Some(false), None])
    );
    assert_eq!(column("e").missing(), 3);
    assert_eq!(column("s").missing(), 1);
    let x = table
        .tensor_filled::<f64>(&["t", "i", "e"], -9.0)
        .expect("numbers");
    let expected = [[1.0, 1.0, -9.0], [0.0, -2.0, -9.0], [-9.0, -9.0, -9.0]];
    assert_eq!(x, Tensor::from(expected));
    assert_eq!(table.rows(), 3);
}

#[test]
fn quotes_line_ends_and_marks() {
    let text = "\u{feff}\"a, b\",\"c\"\r\n\"one\r\ntwo\",\"say \"\"hi\"\"\"\r\n\r\n\"\",x\"y\r\n";
    let table = read(text).expect("a table");
    assert_eq!(table.names(), ["a, b", "c"]);
    let texts = vec![Some("one\r\ntwo".to_owned()), None];
    assert_eq!(table.column("a, b").expect("there"), &Column::Texts(texts));
    assert_eq!(table.texts("c").expect("texts"), ["say \"hi\"", "x\"y"]);
    let error = table.texts("a, b").expect_err("a missing one");
    assert_eq!(error.to_string(), "line 5, column 1: \"a, b\" is missing");
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    for (text, told) in [
        ("", "there are no names of columns"),
        ("\n\n", "there are no names of columns"),
        ("a,b,a\n", "line 1, column 3: two have the name \"a\""),
        (
            "a,b\n1,2\n\n3\n",
            "line 4: a row of 1 cells, where those before have 2",
        ),
        (
            "a,b\r\n1,2\r\n3,4,5\r\n",
            "line 3: a row of 3 cells, where those before have 2",
        ),
        (
            "a\n\"x\ny\n",
            "line 2, column 1: the quotes of a cell do not end",
        ),
        (
            "a,b\n1,\"x\"y\n",
            "line 2, column 2: something stands behind the quotes of a cell",
        ),
    ] {
        assert_eq!(refusal(text), told, "{text:?}");
    }
    let error = table::read(&b"a\n1\nb\xff\n"[..]).expect_err("Latin-1");
    assert_eq!(error.place(), &Place::Line(3));
    let table = read("a,b\n1,x\n2,\n").expect("a table");
    let tensor = |name| {
        table
            .tensor::<f32>(&[name])
            .expect_err("a refusal")
            .to_string()
    };
    assert_eq!(tensor("c"), "nothing in it has the name \"c\"");
    assert_eq!(tensor("b"), "line 2, column 2: \"b\" is a column of texts");
    let told = "\"a\" is no column of texts";
    assert_eq!(table.texts("a").expect_err("numbers").to_string(), told);
    let told = "\"b\" is no column of integers";
    assert_eq!(table.integers("b").expect_err("texts").to_string(), told);
    assert_eq!(table.integers("a").expect("integers"), Tensor::from([1, 2]));
}

#[test]
fn a_type_that_is_told_is_held() {
    let with = |kind| {
        Reader::new()
            .with_kind("a", kind)
            .read(&b"a,b\n1,x\n2.5,y\n"[..])
    };
    let error = with(Kind::Integer).expect_err("2.5");
    assert_eq!(error.to_string(), "line 3, column 1: \"2.5\" is no integer");
    let error = with(Kind::Truth).expect_err("1");
    assert_eq!(
        error.to_string(),
        "line 2, column 1: \"1\" is no truth value"
    );
    assert_eq!(
        with(Kind::Text).expect("texts").texts("a").expect("texts"),
        ["1", "2.5"]
    );
    let none = Reader::new().with_kind("c", Kind::Text).read(&b"a\n"[..]);
    assert_eq!(
        none.expect_err("no column").to_string(),
        "nothing in it has the name \"c\""
    );
    // Digits beyond the type are an error, and not infinity.
    assert_eq!(
        refusal("a\n1\n1e999\n"),
        "line 3, column 1: \"1e999\" is no number of f64"
    );
    let great = read("a\n9223372036854775808\n").expect("a table");
    assert_eq!(great.column("a").expect("there").kind(), Kind::Number);
    let odd = Reader::new()
        .with_missing(&[])
        .read(&b"a\nNaN\n-inf\n"[..])
        .expect("a table");
    let odd = odd.tensor::<f64>(&["a"]).expect("numbers");
    assert!(odd[[0, 0]].is_nan() && odd[[1, 0]] == -f64::INFINITY);
}

#[test]
fn tables_without_names_and_with_tabs() {
    let reader = Reader::new().without_header().with_separator(b'\t');
    let table = reader.read(&b"1\t2\n3\t4\n"[..]).expect("a table");
    assert_eq!(table.names(), ["0", "1"]);
    let x = table.tensor::<f32>(&["1", "0"]).expect("numbers");
    assert_eq!(x, Tensor::from([[2.0, 1.0], [4.0, 3.0]]));
    let none = reader.read(&b""[..]).expect("an empty table");
    assert_eq!((none.rows(), none.names().len()), (0, 0));
    let no_rows = read("a,b\n").expect("a table without rows");
    assert_eq!(
        no_rows.tensor::<f32>(&["a"]).expect("no numbers").shape(),
        &[0, 1]
    );
}

#[test]
fn every_beginning_and_every_byte_is_survived() {
    let good = "a,b\r\n\"x, \"\"y\"\"\",1\r\nz,\r\n";
    let whole = read(good).expect("a table");
    let cut_read = |bytes: &[u8]| table::read(bytes);
    cut_everywhere(good.as_bytes(), &whole, cut_read, |end, cut| {
        // Where it is cut within a row, the row is short or its quotes are open.
        let within = |range: std::ops::Range<usize>| range.contains(&end);
        if within(6..16) {
            assert!(cut.is_err(), "after {end} bytes");
        }
    });
    flip_everywhere(good.as_bytes(), cut_read, |_, _, flipped| {
        if let Ok(table) = flipped {
            for name in table.names() {
                let _ = (
                    table.tensor::<f64>(&[name]),
                    table.texts(name),
                    table.classes(name),
                );
            }
        }
    });
}

#[test]
fn readers_and_files() {
    let good = b"a\n1\n";
    assert_eq!(
        table::read(Slow::new(good, false))
            .expect("a slow table")
            .rows(),
        1
    );
    let error = table::read(Slow::new(good, true)).expect_err("a failure");
    assert_eq!(error.to_string(), "byte 4: the disk is gone");
    let limited = Reader::new().with_limit(1000);
    assert!(limited.read(Endless::after(b"a\n".to_vec())).is_err());
    let folder = Folder::new("table");
    let error = table::load(&folder.0).expect_err("a folder");
    assert!(error.to_string().ends_with("it is a folder"));
    let path = folder.file("x.csv", b"a\n1,2\n");
    let told = "line 2: a row of 2 cells, where those before have 1";
    let error = table::load(&path).expect_err("a long row");
    assert_eq!(error.to_string(), format!("{}: {told}", path.display()));
}
