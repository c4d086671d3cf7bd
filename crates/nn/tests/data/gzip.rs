//! Gzip, whole, damaged, and as a bomb.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use wengert_nn::data::gzip::{Gunzip, open};

use crate::hostile::{Folder, Slow, cut_everywhere, flip_everywhere};

pub fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn read(bytes: impl Read) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    Gunzip::new(bytes, 1 << 20)
        .read_to_end(&mut out)
        .map(|_| out)
}

#[test]
fn every_beginning_is_refused_and_no_byte_changes_the_text() {
    let text = b"some text, some text, and an end".to_vec();
    let good = compressed(&text);
    cut_everywhere(
        &good,
        &text,
        |bytes| read(bytes),
        |end, cut| {
            assert!(cut.is_err(), "after {end} bytes");
        },
    );
    flip_everywhere(
        &good,
        |bytes| read(bytes),
        |at, byte, flipped| {
            if let Ok(flipped) = flipped {
                assert_eq!(flipped, text, "byte {at} as {byte}");
            }
        },
    );
}

#[test]
fn members_join_and_foreign_bytes_are_refused() {
    let both = [compressed(b"one "), compressed(b"two")].concat();
    assert_eq!(read(&both[..]).expect("two members"), b"one two");
    assert_eq!(
        read(Slow::new(&both, false)).expect("slow ones"),
        b"one two"
    );
    let error = read(Slow::new(&both[..30], true)).expect_err("a failure");
    assert_eq!(error.to_string(), "gzip: the disk is gone");
    let behind = [compressed(b"one"), b"junk".to_vec()].concat();
    assert!(read(&behind[..]).is_err());
    assert!(read(&b"no gzip at all"[..]).is_err());
    assert!(read(&b""[..]).is_err());
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let bomb = compressed(&vec![0; 50_000_000]);
    assert!(bomb.len() < 100_000);
    let mut out = Vec::new();
    let error = Gunzip::new(&bomb[..], 1000)
        .read_to_end(&mut out)
        .expect_err("a bomb");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let told = "gzip: there are more than the 1000 bytes that are allowed";
    assert_eq!((error.to_string().as_str(), out.len()), (told, 1000));
    // As much as is allowed is no bomb.
    let mut out = Vec::new();
    Gunzip::new(&compressed(&[7; 1000])[..], 1000)
        .read_to_end(&mut out)
        .expect("the limit");
    assert_eq!(out, [7; 1000]);
    Gunzip::new(&compressed(b"")[..], 0)
        .read_to_end(&mut out)
        .expect("nothing");
}

#[test]
fn a_file_may_be_plain() {
    let folder = Folder::new("gzip");
    for (name, bytes) in [("plain", b"text".to_vec()), ("gz", compressed(b"text"))] {
        let mut text = String::new();
        let mut file = open(folder.file(name, &bytes), 100).expect("a file");
        file.read_to_string(&mut text).expect("a text");
        assert_eq!(text, "text", "{name}");
    }
    let error = open(&folder.0, 100).expect_err("a folder");
    assert_eq!(
        error.to_string(),
        format!("{}: it is a folder", folder.0.display())
    );
}
