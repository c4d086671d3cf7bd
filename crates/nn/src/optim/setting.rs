//! Checks of what an optimizer is set to.

/// What a setting may be.
#[derive(Clone, Copy)]
pub(super) enum Range {
    NotNegative,
    Fraction,
}

/// Panics if a setting of an optimizer is not in its range.
#[track_caller]
pub(super) fn assert_setting(optimizer: &str, setting: &str, value: f64, range: Range) {
    let (fits, wanted) = match range {
        Range::NotNegative => (
            (0.0..f64::INFINITY).contains(&value),
            "at least 0 and finite",
        ),
        Range::Fraction => ((0.0..1.0).contains(&value), "at least 0 and less than 1"),
    };
    assert!(
        fits,
        "{optimizer}: the {setting} is {value}, and has to be {wanted}"
    );
}
