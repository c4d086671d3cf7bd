//! What becomes of a file on its way: cut off anywhere, and every byte changed.
#![allow(dead_code)]

use std::fmt::{Debug, Display};
use std::io::{self, Read};
use std::path::PathBuf;

/// Reads every beginning of a good file. The whole is read as it should be, and `cut` is told what came of
/// each other.
pub fn cut_everywhere<X: PartialEq + Debug, E: Display>(
    good: &[u8],
    whole: &X,
    read: impl Fn(&[u8]) -> Result<X, E>,
    cut: impl Fn(usize, Result<X, E>),
) {
    match read(good) {
        Ok(found) => assert_eq!(&found, whole),
        Err(error) => panic!("a good file: {error}"),
    }
    for end in 0..good.len() {
        cut(end, read(&good[..end]));
    }
}

/// Reads a good file with each byte changed in turn, in several ways.
pub fn flip_everywhere<X, E: Display>(
    good: &[u8],
    read: impl Fn(&[u8]) -> Result<X, E>,
    flipped: impl Fn(usize, u8, Result<X, E>),
) {
    let mut bad = good.to_vec();
    for at in 0..good.len() {
        let was = bad[at];
        let bits = (0..8).map(|bit| was ^ (1 << bit));
        for byte in bits.chain([0, b'\n', b'"', b',', 0x7f, 0xff]) {
            bad[at] = byte;
            flipped(at, byte, read(&bad));
        }
        bad[at] = was;
    }
}

/// A header, and data without end; whoever reads much of them fails.
pub struct Endless {
    start: Vec<u8>,
    at: usize,
}

impl Endless {
    pub fn after(start: Vec<u8>) -> Self {
        Endless { start, at: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let some = 4096.min(buffer.len());
        let buffer = &mut buffer[..some];
        for place in buffer.iter_mut() {
            *place = self.start.get(self.at).copied().unwrap_or(b'7');
            self.at += 1;
        }
        assert!(self.at < 1 << 20, "data are read that were to be refused");
        Ok(buffer.len())
    }
}

/// One byte at a time, with interruptions, and a failure behind the last.
pub struct Slow<'a> {
    pub bytes: &'a [u8],
    pub fails: bool,
    interrupt: bool,
}

impl<'a> Slow<'a> {
    pub fn new(bytes: &'a [u8], fails: bool) -> Self {
        Slow {
            bytes,
            fails,
            interrupt: false,
        }
    }
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match (self.bytes.split_first(), buffer.first_mut()) {
            (Some((&byte, rest)), Some(place)) => {
                *place = byte;
                self.bytes = rest;
                Ok(1)
            }
            (None, Some(_)) if self.fails => Err(io::Error::other("the disk is gone")),
            _ => Ok(0),
        }
    }
}

/// A folder of this test's own, which goes with the value.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wengert-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file for the test");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
