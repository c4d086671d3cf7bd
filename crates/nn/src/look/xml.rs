//! Text within SVG, and short names of places in the source.

use std::panic::Location;

/// A text as it stands in XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            _ if letter.is_control() => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}

/// The last two parts of a file's path, and the line: `layers/linear.rs:52`.
pub(crate) fn short(location: &Location<'_>) -> String {
    let file = location.file().replace('\\', "/");
    let parts: Vec<&str> = file.rsplit('/').take(2).collect();
    let parts: Vec<&str> = parts.into_iter().rev().collect();
    format!("{}:{}", parts.join("/"), location.line())
}
