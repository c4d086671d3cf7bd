//! Texts, as they come and as they should not.

use wengert_nn::data::{Place, Reason, text};

use crate::hostile::{Endless, Folder, Slow, cut_everywhere, flip_everywhere};

#[test]
fn lines_of_any_kind() {
    let folder = Folder::new("lines");
    let file = folder.file("a.txt", b"\xef\xbb\xbfone\r\n\r\ntwo\nthree");
    let lines = text::load_lines(&file).expect("a good text");
    assert_eq!(lines, ["one", "", "two", "three"]);
    let file = folder.file("b.txt", b"");
    assert!(text::load_lines(&file).expect("an empty text").is_empty());
}

#[test]
fn what_is_no_utf_8_is_told_with_its_line() {
    let error = text::read(&b"ab\ncd\xe4\nef"[..]).expect_err("Latin-1");
    assert_eq!(error.place(), &Place::Line(2));
    assert!(matches!(error.reason(), Reason::Encoding { found: 0xe4 }));
    let error = text::read(&b"\xff\xfea\0b\0"[..]).expect_err("UTF-16");
    assert_eq!(
        error.to_string(),
        "line 1: the text is not UTF-8: no character has the byte 0xff here"
    );
}

#[test]
fn every_beginning_and_every_byte_is_survived() {
    let good = "né\n日本_x\r\n".as_bytes();
    let whole = vec!["né".to_owned(), "日本_x".to_owned()];
    let read = |bytes: &[u8]| -> Result<Vec<String>, wengert_nn::data::ReadError> {
        Ok(text::read(bytes)?.lines().map(str::to_owned).collect())
    };
    cut_everywhere(good, &whole, read, |end, cut| {
        // A text that is cut between two characters is a text.
        assert_eq!(cut.is_ok(), std::str::from_utf8(&good[..end]).is_ok());
    });
    flip_everywhere(good, read, |_, _, _| {});
    flip_everywhere(
        good,
        |bytes| text::pairs(&text::read(bytes)?, '_'),
        |_, _, _| {},
    );
}

#[test]
fn a_reader_may_fail_and_come_in_pieces() {
    let good = "a\nb".as_bytes();
    assert_eq!(
        text::read(Slow::new(good, false)).expect("a slow text"),
        "a\nb"
    );
    let error = text::read(Slow::new(good, true)).expect_err("a failure");
    assert_eq!(error.to_string(), "byte 3: the disk is gone");
    let error = text::read_within(Endless::after(Vec::new()), 1000).expect_err("no end");
    let over = "it takes more than the 1000 bytes that are allowed";
    assert_eq!(error.to_string(), over);
    assert_eq!(
        text::read_within(&b"abc"[..], 3).expect("at the limit"),
        "abc"
    );
    assert_eq!(
        text::read_within(&b"abc"[..], u64::MAX).expect("no limit"),
        "abc"
    );
}

#[test]
fn files_are_named_in_errors() {
    let folder = Folder::new("named");
    let error = text::load(&folder.0).expect_err("a folder");
    assert_eq!(
        error.to_string(),
        format!("{}: it is a folder", folder.0.display())
    );
    let none = folder.0.join("none.txt");
    let error = text::load(&none).expect_err("no file");
    assert!(matches!(error.reason(), Reason::Io(_)), "{error}");
    assert_eq!(error.path(), Some(&*none));
    let (a, b) = (folder.file("a", b"x\ny\n"), folder.file("b", b"x\n"));
    let error = text::load_parallel(&a, &b).expect_err("other lengths");
    let told = format!("{}: line 2: the texts have 2 and 1 lines", b.display());
    assert_eq!(error.to_string(), told);
    assert_eq!(text::load_parallel(&a, &a).expect("equal lengths").len(), 2);
}
