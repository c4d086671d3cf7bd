//! The place of the greatest number.

/// The place of the greatest number, of equal ones the first.
pub(crate) fn argmax(numbers: &[f64]) -> usize {
    let mut best = 0;
    for (at, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = at;
        }
    }
    best
}
