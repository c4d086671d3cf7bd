//! Batches without end, and what is prepared ahead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wengert_nn::data::{Ahead, Epochs};
use wengert_tensor::Tensor;

#[test]
fn every_epoch_has_every_row_in_an_order_of_its_own() {
    let mut epochs = Epochs::new(23, 5, 7);
    assert_eq!(epochs.batches_per_epoch(), 5);
    let mut orders = Vec::new();
    for epoch in 0..4 {
        assert_eq!((epochs.epoch(), epochs.position()), (epoch, 5 * epoch));
        let mut rows: Vec<i64> = epochs
            .rest_of_epoch()
            .flat_map(|rows| rows.to_vec())
            .collect();
        orders.push(rows.clone());
        rows.sort_unstable();
        assert_eq!(rows, (0..23).collect::<Vec<_>>());
    }
    let all = orders.len();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), all);
    let sizes = Epochs::new(23, 5, 7)
        .full_only()
        .take(8)
        .map(|rows| rows.size());
    assert_eq!(sizes.collect::<Vec<_>>(), [5; 8]);
    let rows = Epochs::new(3, 2, 7)
        .in_order()
        .take(4)
        .flat_map(|rows| rows.to_vec());
    assert_eq!(rows.collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
}

/// From any place on, the batches are the same as without a stop.
#[test]
fn a_place_is_kept() {
    let lengths: Vec<usize> = (0..23).map(|row| row % 6).collect();
    let makers: [Box<dyn Fn() -> Epochs>; 4] = [
        Box::new(|| Epochs::new(23, 5, 3)),
        Box::new(|| Epochs::new(23, 5, 3).full_only()),
        Box::new(|| Epochs::new(23, 5, 3).in_order()),
        Box::new(move || Epochs::by_length(&lengths, 5, 3)),
    ];
    for make in makers {
        let all: Vec<Tensor<i64>> = make().take(20).collect();
        for at in 0..all.len() {
            let rest: Vec<Tensor<i64>> = make().at(at as u64).take(20 - at).collect();
            assert_eq!(rest, all[at..]);
        }
    }
    let mut far = Epochs::new(23, 5, 3).at(u64::MAX / 2);
    assert_eq!(far.next(), Epochs::new(23, 5, 3).at(u64::MAX / 2).next());
    let mut middle = Epochs::new(23, 5, 3).at(7);
    assert_eq!(middle.rest_of_epoch().count(), 3);
    assert_eq!(middle.rest_of_epoch().count(), 5);
}

#[test]
fn the_order_is_that_of_the_iterator() {
    let slow_at_first = (0..50).inspect(|&item| {
        if item % 7 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let mut ahead = Ahead::new(slow_at_first, 3);
    assert_eq!(
        ahead.by_ref().take(10).collect::<Vec<_>>(),
        (0..10).collect::<Vec<_>>()
    );
    assert_eq!(ahead.taken(), 10);
    assert_eq!(
        ahead.by_ref().collect::<Vec<_>>(),
        (10..50).collect::<Vec<_>>()
    );
    assert_eq!((ahead.next(), ahead.taken()), (None, 50));
}

/// No more is made than was allowed to wait, and one in the hands of the thread.
#[test]
fn it_does_not_run_away() {
    for depth in [1, 2, 5] {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let mut ahead = Ahead::new(
            (0..1000).inspect(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            }),
            depth,
        );
        for taken in 1..20 {
            ahead.next();
            std::thread::sleep(Duration::from_millis(1));
            assert!(made.load(Ordering::SeqCst) <= taken + depth + 1);
        }
        drop(ahead);
        assert!(made.load(Ordering::SeqCst) < 40);
    }
}

#[test]
fn errors_and_panics_come_in_their_places() {
    let items = (0..6).map(|item| if item == 2 { Err("two") } else { Ok(item) });
    let found: Vec<Result<i32, &str>> = Ahead::new(items, 2).collect();
    assert_eq!(found, [Ok(0), Ok(1), Err("two"), Ok(3), Ok(4), Ok(5)]);

    struct Fails(i32);
    impl Iterator for Fails {
        type Item = i32;
        fn next(&mut self) -> Option<i32> {
            self.0 += 1;
            if self.0 == 4 {
                // As `panic!` does, without a word on the screen.
                std::panic::resume_unwind(Box::new("batch 4 is broken"));
            }
            Some(self.0)
        }
    }
    let mut ahead = Ahead::new(Fails(0), 3);
    assert_eq!(ahead.by_ref().take(3).collect::<Vec<_>>(), [1, 2, 3]);
    let panic = catch_unwind(AssertUnwindSafe(|| ahead.next())).expect_err("a panic");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"batch 4 is broken"));
    assert_eq!(ahead.next(), None);
    // A panic that nobody waits for is dropped with the rest.
    drop(Ahead::new(Fails(3), 3));
}

/// A program that stops and goes on has the batches that it would have had.
#[test]
fn the_place_is_that_of_what_was_used() {
    let epochs = || Epochs::new(23, 5, 3);
    let all: Vec<Tensor<i64>> = epochs().take(20).collect();
    let mut ahead = Ahead::new(epochs().at(4), 8);
    for at in 4..9 {
        assert_eq!(ahead.next().as_ref(), Some(&all[at]));
    }
    let place = 4 + ahead.taken();
    drop(ahead);
    assert_eq!(epochs().at(place).next().as_ref(), Some(&all[9]));
}
