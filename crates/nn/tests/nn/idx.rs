//! The reader of IDX files, on files that are right and wrong.

use std::io::{self, Read};

use wengert_nn::data::{Batches, idx};
use wengert_tensor::{Rng, Tensor};

fn file(magic: [u8; 4], dims: &[u32], data: &[u8]) -> Vec<u8> {
    let dims = dims.iter().flat_map(|dim| dim.to_be_bytes());
    magic
        .into_iter()
        .chain(dims)
        .chain(data.iter().copied())
        .collect()
}

fn refusal(bytes: &[u8]) -> String {
    idx::read(bytes).expect_err("a refusal").to_string()
}

#[test]
fn images_and_labels() {
    let images = file([0, 0, 8, 3], &[2, 1, 2], &[0, 255, 51, 102]);
    let labels = file([0, 0, 8, 1], &[2], &[7, 0]);
    let (x, y) = idx::images_and_labels::<f64>(&images[..], &labels[..]).expect("good files");
    assert_eq!(x.shape(), &[2, 1, 2]);
    assert!(x.allclose(
        &Tensor::from(vec![0.0, 1.0, 0.2, 0.4]).reshape(&[2, 1, 2]),
        0.0,
        1e-15
    ));
    assert_eq!(y, Tensor::from([7, 0]));

    let one = file([0, 0, 8, 1], &[1], &[7]);
    let error = idx::images_and_labels::<f32>(&images[..], &one[..]).expect_err("other counts");
    assert_eq!(error.to_string(), "there are 2 images and 1 labels");
    let error = idx::images::<f32>(&labels[..]).expect_err("labels");
    assert_eq!(error.to_string(), "images have 3 axes, the file has [2]");
    let error = idx::labels(&images[..]).expect_err("images");
    assert_eq!(
        error.to_string(),
        "labels have 1 axes, the file has [2, 1, 2]"
    );
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(
        refusal(&[]),
        "the file ends in the magic number, after 0 of 4 bytes"
    );
    assert_eq!(
        refusal(&[0, 0, 8]),
        "the file ends in the magic number, after 3 of 4 bytes"
    );
    assert_eq!(
        refusal(&[1, 2, 8, 1]),
        "no IDX file: it begins with 01 02, not 00 00"
    );
    assert_eq!(
        refusal(&[0x1f, 0x8b, 8, 0]),
        "no IDX file: it begins with 1f 8b, not 00 00 (this is gzip: decompress it first)"
    );
    assert_eq!(
        refusal(&file([0, 0, 0x0d, 1], &[1], &[0; 4])),
        "the elements have the type 0x0d, not unsigned bytes (0x08)"
    );
    assert_eq!(
        refusal(&[0, 0, 8, 2, 0, 0, 0, 2, 0]),
        "the file ends in the dimensions, after 5 of 8 bytes"
    );
    assert_eq!(
        refusal(&file([0, 0, 8, 2], &[2, 3], &[1, 2, 3])),
        "the file ends in the data, after 3 of 6 bytes"
    );
    assert_eq!(
        refusal(&file([0, 0, 8, 1], &[2], &[1, 2, 3])),
        "the file goes on after the 2 bytes that [2] elements take"
    );
}

#[test]
fn a_claim_takes_no_memory() {
    // Four gigabytes are claimed; if they were taken, this test would be slow at least.
    let lie = file([0, 0, 8, 1], &[u32::MAX], &[1, 2, 3]);
    assert!(u64::from(u32::MAX) < idx::MOST_BYTES);
    assert_eq!(
        refusal(&lie),
        "the file ends in the data, after 3 of 4294967295 bytes"
    );
    let lie = file([0, 0, 8, 3], &[u32::MAX; 3], &[]);
    let message = "[4294967295, 4294967295, 4294967295] elements are more than the address space \
                   holds";
    assert_eq!(refusal(&lie), message);
    let many = file([0, 0, 8, 255], &[1; 255], &[9]);
    assert_eq!(idx::read(&many[..]).expect("255 axes of one").data, [9]);
    let none = file([0, 0, 8, 3], &[0, u32::MAX, u32::MAX], &[]);
    assert_eq!(idx::read(&none[..]).expect("no elements").data, [0u8; 0]);
    // Such a tensor is beyond the shapes that there are, or empty; it does not panic.
    let _ = idx::images::<f32>(&none[..]);
}

/// The header alone decides, and the limit is on what lies in memory in the end.
#[test]
fn the_caller_sets_the_limit() {
    /// A header, and data without end.
    struct Endless(Vec<u8>, usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let at = self.1;
            for place in buffer.iter_mut() {
                *place = self.0.get(self.1).copied().unwrap_or(7);
                self.1 += 1;
            }
            assert!(self.1 < 1 << 20, "data are read that were to be refused");
            Ok(self.1 - at)
        }
    }
    let endless = |dims: &[u32]| Endless(file([0, 0, 8, dims.len() as u8], dims, &[]), 0);
    let over = |error: idx::IdxError| match error {
        idx::IdxError::OverLimit { needed, limit, .. } => (needed, limit),
        other => panic!("{other}"),
    };
    let reader = idx::Reader::new().with_limit(1000);
    let refused = reader.read(endless(&[1001])).expect_err("over the limit");
    assert_eq!(
        refused.to_string(),
        "[1001] elements take 1001 bytes, and 1000 are allowed"
    );
    let refused = reader
        .images::<f64>(endless(&[2, 9, 7]))
        .expect_err("over the limit");
    assert_eq!(over(refused), (1008, 1000));
    let refused = reader.labels(endless(&[126])).expect_err("over the limit");
    assert_eq!(over(refused), (1008, 1000));
    let refused = reader.images_and_labels::<f32>(endless(&[1, 1, 251]), endless(&[1]));
    assert_eq!(over(refused.expect_err("over the limit")), (1004, 1000));
    // By default, 4 GiB of numbers that are widened.
    let refused = idx::labels(endless(&[(1 << 29) + 1])).expect_err("over the limit");
    assert_eq!(over(refused), (idx::MOST_BYTES + 8, idx::MOST_BYTES));
    // At the limit there is nothing to refuse, and no limit is no limit.
    let exact = file([0, 0, 8, 1], &[125], &[1; 125]);
    assert_eq!(reader.labels(&exact[..]).expect("1000 bytes").size(), 125);
    let all = idx::Reader::new().with_limit(u64::MAX);
    assert_eq!(all.read(&exact[..]).expect("125 bytes").data.len(), 125);
    // The wrong axes are refused before their data are read.
    let refused = idx::labels(endless(&[1 << 20, 1 << 8])).expect_err("two axes");
    assert_eq!(
        refused.to_string(),
        "labels have 1 axes, the file has [1048576, 256]"
    );
}

/// Arrays around the size of the reader's blocks come as they are.
#[test]
fn blocks_join() {
    for size in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let data: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let whole = file([0, 0, 8, 1], &[size as u32], &data);
        assert_eq!(idx::read(&whole[..]).expect("a good file").data, data);
        let labels = idx::labels(&whole[..]).expect("a good file");
        assert!(labels.iter().eq(data.iter().map(|&byte| i64::from(byte))));
    }
}

#[test]
fn every_prefix_and_every_byte_is_survived() {
    let good = file([0, 0, 8, 3], &[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
    for end in 0..good.len() {
        assert!(idx::read(&good[..end]).is_err());
    }
    for at in 0..good.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            let _ = idx::images::<f32>(&bad[..]);
        }
    }
}

#[test]
fn a_reader_may_fail_and_come_in_pieces() {
    /// One byte at a time, with interruptions, and a failure at byte 12.
    struct Slow(Vec<u8>, usize, bool);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.1 == 12 {
                return Err(io::Error::other("the disk is gone"));
            }
            match (self.0.get(self.1), buffer.first_mut()) {
                (Some(&byte), Some(place)) => {
                    *place = byte;
                    self.1 += 1;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }
    let short = file([0, 0, 8, 1], &[3], &[4, 5, 6]);
    assert_eq!(
        idx::read(Slow(short, 0, false)).expect("a slow file").data,
        [4, 5, 6]
    );
    let long = file([0, 0, 8, 1], &[9], &[1; 9]);
    let error = idx::read(Slow(long, 0, false)).expect_err("a failure");
    assert_eq!(error.to_string(), "byte 12: the disk is gone");
}

#[test]
fn batches_cover_every_row_once() {
    let mut rng = Rng::seed_from_u64(1);
    let batches = Batches::shuffled(103, 10, &mut rng);
    assert_eq!(batches.len(), 11);
    let mut rows: Vec<i64> = batches.clone().flat_map(|batch| batch.to_vec()).collect();
    assert!(rows != (0..103).collect::<Vec<_>>());
    rows.sort_unstable();
    assert_eq!(rows, (0..103).collect::<Vec<_>>());
    assert_eq!(
        batches
            .full_only()
            .map(|batch| batch.size())
            .collect::<Vec<_>>(),
        [10; 10]
    );
    assert_eq!(Batches::in_order(0, 3).count(), 0);
}
