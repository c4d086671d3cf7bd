//! Checks of what an optimizer is set to.

/// What a setting may be.
#[derive(Clone, Copy)]
pub(super) enum Range {
    NotNegative,
    Positive,
    Fraction,
    AboveOne,
}

/// What is wrong with the first of the settings (name, value, range) that is not in its range.
pub(super) fn wrong(optimizer: &str, settings: &[(&str, f64, Range)]) -> Option<String> {
    for &(setting, value, range) in settings {
        let (fits, wanted) = match range {
            Range::NotNegative => (
                (0.0..f64::INFINITY).contains(&value),
                "at least 0 and finite",
            ),
            Range::Positive => (value > 0.0 && value.is_finite(), "above 0 and finite"),
            Range::Fraction => ((0.0..1.0).contains(&value), "at least 0 and less than 1"),
            Range::AboveOne => (value > 1.0 && value.is_finite(), "above 1 and finite"),
        };
        if !fits {
            return Some(format!(
                "{optimizer}: the {setting} is {value}, and has to be {wanted}"
            ));
        }
    }
    None
}

/// What is wrong with the settings of an optimizer of two moments.
pub(super) fn wrong_of_moments(
    optimizer: &str,
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
) -> Option<String> {
    let settings = [
        ("learning rate", learning_rate, Range::NotNegative),
        ("first beta", betas[0], Range::Fraction),
        ("second beta", betas[1], Range::Fraction),
        ("epsilon", epsilon, Range::NotNegative),
        ("weight decay", weight_decay, Range::NotNegative),
    ];
    wrong(optimizer, &settings)
}

/// Panics about a setting that is wrong.
#[track_caller]
pub(super) fn refuse(wrong: Option<String>) {
    if let Some(reason) = wrong {
        panic!("{reason}");
    }
}
