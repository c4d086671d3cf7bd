//! Arrays from a function of the place.

use std::mem::MaybeUninit;

/// The array of `f(0)`, `f(1)` and so on.
///
/// `std::array::from_fn` and `map` do the same by layers of closures, which are a tenth of what the
/// compiler has to read where formulas of many lengths are compiled. If `f` panics, what it has made so
/// far is not dropped.
#[doc(hidden)]
#[inline(always)]
pub fn each<X, const K: usize>(mut f: impl FnMut(usize) -> X) -> [X; K] {
    let mut all = [const { MaybeUninit::<X>::uninit() }; K];
    let mut k = 0;
    while k < K {
        all[k].write(f(k));
        k += 1;
    }
    // SAFETY: every element was written, and an array of `MaybeUninit` lies in memory as one of its
    // elements does.
    unsafe { all.as_ptr().cast::<[X; K]>().read() }
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn every_place_is_filled_once() {
        let words: [String; 3] = each(|k| format!("{k}"));
        assert_eq!(words, ["0", "1", "2"]);
        let none: [String; 0] = each(|_| unreachable!());
        assert!(none.is_empty());
    }
}
