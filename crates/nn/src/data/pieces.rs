//! The pieces of a text that parts of words do not reach over.

/// What a character is to the cuts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Other,
}

fn class(character: char) -> Class {
    match character {
        _ if character.is_alphabetic() || character == '\'' => Class::Letter,
        _ if character.is_numeric() => Class::Digit,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Other,
    }
}

/// Runs of one class. A single space before a run belongs to it; all pieces together are the text.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let behind = rest[first.len_utf8()..].chars().next();
        // The last space of a run goes with what follows.
        let joins = first == ' ' && behind.is_some_and(|next| class(next) != Class::Space);
        let start = if joins { 1 } else { 0 };
        let kind = class(rest[start..].chars().next()?);
        let other = rest[start..].find(|next| class(next) != kind);
        let mut end = other.map_or(rest.len(), |length| start + length);
        if kind == Class::Space && end < rest.len() && end > 1 && rest[..end].ends_with(' ') {
            end -= 1;
        }
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn runs_of_one_class() {
        let cut = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(cut("it's 12 a,b"), ["it's", " 12", " a", ",", "b"]);
        assert_eq!(cut("a  b \n c "), ["a", " ", " b", " \n", " c", " "]);
        assert_eq!(cut(" "), [" "]);
        assert_eq!(cut("\n a"), ["\n", " a"]);
        assert_eq!(cut("\t\u{3000}日本"), ["\t\u{3000}", "日本"]);
        assert!(cut("").is_empty());
    }
}
