//! One language: what `Tensor` and `Var` call by one name takes the same arguments.
//!
//! The public methods are read off the sources, also those that a macro of the house declares: a
//! row of such a macro starts with the method's name, and lists its numbers in parentheses.

use std::collections::BTreeMap;

use super::{File, code, read, workspace};

/// The methods of a type by their names: the signature, and the file that declares it.
type Methods = BTreeMap<String, (String, String)>;

/// The public methods that the files of a crate give to the type `of`.
fn methods(files: &[File], folder: &str, of: &str) -> Methods {
    let mut found = Methods::new();
    for file in files.iter().filter(|file| file.path.starts_with(folder)) {
        let lines: Vec<&str> = file.text.lines().map(code).collect();
        let text = lines.join("\n");
        for (start, block) in blocks(&text, "impl") {
            let header = text[start..].split('{').next().unwrap_or("");
            if header.contains(" for ") || own_type(header) != of {
                continue;
            }
            for method in block.split("pub fn ").skip(1) {
                let end = signature_end(method);
                let Some(name_end) = method[..end].find(['(', '<']) else {
                    continue;
                };
                let (name, opened) = method[..end].split_at(name_end);
                let file = file.path.clone();
                if !name.starts_with('$') {
                    found.insert(name.to_owned(), (plain(opened, of), file));
                    continue;
                }
                for (row, numbers) in rows(&text, start) {
                    let opened = opened.replace("$($attribute: f64),*", &numbers);
                    found.insert(row, (plain(&opened, of), file.clone()));
                }
            }
        }
    }
    found
}

/// The blocks in braces whose line starts with `word`: where each starts, and what is inside.
fn blocks<'a>(text: &'a str, word: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let after = text[start..].strip_prefix(word);
        if after.is_some_and(|rest| rest.starts_with([' ', '<', '!'])) {
            found.push((start, inside(&text[start..])));
        }
    }
    found
}

/// What stands between the first brace of `text` and the one that closes it.
fn inside(text: &str) -> &str {
    let Some(open) = text.find('{') else {
        return "";
    };
    let mut depth = 0;
    for (at, sign) in text[open..].char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[open + 1..open + at];
        }
    }
    &text[open + 1..]
}

/// The type of an inherent impl: `Var` of `impl<'t, T: Float> Var<'t, T>`.
fn own_type(header: &str) -> &str {
    let rest = header.trim_start_matches("impl");
    let mut depth = 0;
    let after = rest.char_indices().find(|&(_, sign)| {
        depth += i32::from(sign == '<') - i32::from(sign == '>');
        depth == 0
    });
    let from = match rest.starts_with('<') {
        true => after.map_or(0, |(at, _)| at + 1),
        false => 0,
    };
    let name = rest[from..].trim_start();
    name.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("")
}

/// Where the signature at the start of `text` ends.
fn signature_end(text: &str) -> usize {
    let ends = [" {", "\nwhere", "\n    where", "\n            where"];
    let ends = ends.iter().filter_map(|end| text.find(end));
    ends.min().unwrap_or(text.len())
}

/// The rows of the macro whose definition holds the position `at`: names, and the numbers that
/// they take.
fn rows(text: &str, at: usize) -> Vec<(String, String)> {
    let definition = text[..at].rfind("macro_rules! ");
    let name = definition.map_or("", |start| &text[start + "macro_rules! ".len()..]);
    let name = name.split([' ', '{']).next().unwrap_or("");
    let mut found = Vec::new();
    for (_, call) in blocks(text, &format!("{name}!")) {
        for line in call.lines() {
            let row = line.strip_prefix("    ").unwrap_or("");
            let end =
                row.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
            let Some(end) = end.filter(|&end| end > 0) else {
                continue;
            };
            let (method, rest) = row.split_at(end);
            let numbers = rest
                .strip_prefix('(')
                .and_then(|rest| rest.split(')').next());
            if rest.starts_with([':', ';', '(']) {
                let numbers = numbers
                    .unwrap_or("")
                    .split(", ")
                    .filter(|name| !name.is_empty());
                let numbers: Vec<String> = numbers.map(|name| format!("{name}: f64")).collect();
                found.push((method.to_owned(), numbers.join(", ")));
            }
        }
    }
    found
}

/// A signature in which a value of the type itself, and what may stand beside one, is `X`, however
/// it is passed.
fn plain(signature: &str, of: &str) -> String {
    let mut plain = signature.split_whitespace().collect::<Vec<_>>().join(" ");
    for lifetime in ["'t, ", "'_, ", "'t ", "'_ "] {
        plain = plain.replace(lifetime, "");
    }
    let own = format!("{of}<T>");
    for (from, to) in [
        ("( ", "("),
        (", )", ")"),
        (own.as_str(), "X"),
        ("Self", "X"),
        ("impl Operand<T>", "X"),
        ("impl Borrow<X>", "X"),
        ("&X", "X"),
        ("(&self", "(self"),
        ("(mut self", "(self"),
        ("-> &Shape", "-> Shape"),
    ] {
        plain = plain.replace(from, to);
    }
    plain
}

/// The methods of one name whose signatures differ.
fn clashes(tensor: &Methods, var: &Methods) -> Vec<String> {
    let mut found = Vec::new();
    for (name, (of_var, var_file)) in var {
        if let Some((of_tensor, tensor_file)) = tensor.get(name)
            && of_tensor != of_var
        {
            found.push(format!(
                "`{name}` is {of_tensor} in {tensor_file} and {of_var} in {var_file}"
            ));
        }
    }
    found
}

#[test]
fn one_name_takes_the_same_arguments() {
    let files = workspace();
    let tensor = methods(&files, "crates/tensor/src/", "Tensor");
    let var = methods(&files, "crates/tape/src/", "Var");
    // The reader has eyes for plain methods, and for those of each kind of macro.
    for name in [
        "reshape", "sum_axes", "clamp", "cat", "lt", "exp", "square", "recip",
    ] {
        assert!(tensor.contains_key(name), "not found: Tensor::{name}");
        assert!(var.contains_key(name), "not found: Var::{name}");
    }
    assert_eq!(var["leaky_relu"].0, "(self, negative_slope: f64) -> X");
    assert_eq!(tensor["cat"].0, "(parts: &[X], axis: isize) -> X");
    let clashes = clashes(&tensor, &var);
    assert!(clashes.is_empty(), "\n{}\n", clashes.join("\n"));
}

#[test]
fn a_clash_of_names_is_seen() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        file(
            "crates/tensor/src/a.rs",
            "impl<T: Float> Tensor<T> {\n    pub fn sum(&self, axes: &[isize]) -> Self {\n    }\n    \
             pub fn add(&self, other: impl Operand<T>) -> Self { }\n    \
             pub fn pad(\n        &self,\n        by: usize,\n    ) -> Self {\n    }\n}\n\
             macro_rules! some {\n    ($($name:ident;)*) => {\n        impl<T: Float> Tensor<T> { $(\n            \
             pub fn $name(&self) -> Self {\n            }\n        )* }\n    };\n}\n\
             some! {\n    exp;\n    elu;\n}\n",
        ),
        file(
            "crates/tape/src/a.rs",
            "impl<'t, T: Float> Var<'t, T> {\n    pub fn sum(self) -> Self {\n    }\n    \
             pub fn add(self, other: Var<'t, T>) -> Var<'t, T> { }\n    \
             pub fn pad(self, by: usize) -> Self { }\n    \
             pub fn exp(self) -> Self { }\n    pub fn elu(self, alpha: f64) -> Self { }\n}\n",
        ),
    ];
    let tensor = methods(&files, "crates/tensor/src/", "Tensor");
    let var = methods(&files, "crates/tape/src/", "Var");
    assert_eq!(
        clashes(&tensor, &var),
        [
            "`elu` is (self) -> X in crates/tensor/src/a.rs \
             and (self, alpha: f64) -> X in crates/tape/src/a.rs",
            "`sum` is (self, axes: &[isize]) -> X in crates/tensor/src/a.rs \
             and (self) -> X in crates/tape/src/a.rs",
        ]
    );
}

#[test]
fn the_rules_for_names_are_written_down() {
    assert!(read(&workspace(), "CONTRIBUTING.md").contains("## Names"));
}
