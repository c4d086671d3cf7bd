//! What the docs promise to refuse, and the tests that provoke it.
//!
//! A doc comment with a section `# Panics` or `# Errors` is a promise of the item below it. The tables
//! of the refusal tests, in the files of `crates/*/tests` whose path has `refus` in it, name the item
//! in each row: `"Tensor::sum"`, `"kernels::gather"` or `"Add for Tensor"`.

use crate::File;

/// A promise: the item, as a table names it, and where its doc stands.
#[derive(Debug, PartialEq)]
pub struct Promise {
    pub item: String,
    pub line: usize,
}

/// The promises of a source file, of what is public.
pub fn promises(text: &str) -> Vec<Promise> {
    let lines: Vec<&str> = text.lines().collect();
    let mut scope: Option<(usize, String)> = None;
    let mut within: Option<&str> = None;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (indent, code) = (line.len() - line.trim_start().len(), line.trim());
        if let Some(name) = code.strip_prefix("macro_rules! ") {
            within = name.split(' ').next();
        } else if *line == "}" {
            within = None;
        }
        let closes = |(depth, _): &(usize, String)| *depth == indent && code.starts_with('}');
        if scope.as_ref().is_some_and(closes) {
            scope = None;
        } else if is_impl(code) || code.contains("trait ") && !code.starts_with("//") {
            scope = scope_name(&header(&lines[at..])).map(|name| (indent, name));
        }
        if code != "/// # Panics" && code != "/// # Errors" {
            continue;
        }
        let rest = &lines[at..];
        let attached = |line: &&&str| {
            let line = line.trim();
            line.is_empty() || line.starts_with("///") || line.starts_with("#[")
        };
        let skipped = rest.iter().take_while(attached).count();
        if rest[..skipped]
            .iter()
            .any(|line| line.trim() == "#[doc(hidden)]")
        {
            continue;
        }
        let of = scope.as_ref().map(|(_, name)| name.as_str());
        let Some(item) = item_name(&header(&rest[skipped..]), of, text) else {
            continue;
        };
        for item in expand(&item, within, text) {
            if found.last().is_none_or(|last: &Promise| last.item != item) {
                found.push(Promise { item, line: at + 1 });
            }
        }
    }
    found
}

/// The items that the tables of a test file name.
pub fn named(text: &str) -> Vec<String> {
    let rows = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"'));
    rows.filter_map(|row| row.split_once("\": "))
        .map(|(item, _)| without_modules(item).to_owned())
        .collect()
}

/// `kernels::gather` is `gather`, and `Tensor::sum` stays.
fn without_modules(mut item: &str) -> &str {
    while let Some((head, rest)) = item.split_once("::") {
        if head.starts_with(|first: char| !first.is_lowercase()) {
            break;
        }
        item = rest;
    }
    item
}

fn is_impl(code: &str) -> bool {
    code.starts_with("impl<") || code.starts_with("impl ")
}

/// An item up to its body, on one line.
fn header(lines: &[&str]) -> String {
    let mut header = String::new();
    for line in lines {
        header.push_str(line.trim());
        header.push(' ');
        if line.contains('{') || line.contains(';') {
            break;
        }
    }
    header
}

/// The type that an `impl` is of, or the trait that is declared.
fn scope_name(header: &str) -> Option<String> {
    if is_impl(header) {
        return Some(impl_names(header).1);
    }
    let (visible, rest) = header.split_once("trait ")?;
    (visible == "pub ").then(|| word(rest).to_owned())
}

/// The trait, if there is one, and the type of an `impl`.
fn impl_names(header: &str) -> (Option<String>, String) {
    let mut rest = &header["impl".len()..];
    if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        rest = &rest[end.map_or(0, |end| end + 1)..];
    }
    let last = |path: &str| {
        let path = path.split('<').next().unwrap_or("");
        word(path.rsplit("::").next().unwrap_or("")).to_owned()
    };
    match rest.split_once(" for ") {
        Some((implemented, of)) => (
            Some(last(implemented)),
            last(of.trim().trim_start_matches('&')),
        ),
        None => (None, last(rest)),
    }
}

/// The first identifier, or macro variable, of a text.
fn word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    &text[..end.unwrap_or(text.len())]
}

/// How tables name the item of a header, unless it is private.
fn item_name(header: &str, scope: Option<&str>, text: &str) -> Option<String> {
    if is_impl(header) {
        let (implemented, of) = impl_names(header);
        return Some(format!("{} for {of}", implemented?));
    }
    let (before, rest) = header.split_once("fn ")?;
    let name = word(rest);
    let Some(scope) = scope else {
        return before.starts_with("pub ").then(|| name.to_owned());
    };
    let declares = |how: &str| {
        let start = format!("{how} {scope}");
        let mut uses = text.split(&start).skip(1);
        uses.any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    };
    let private = ["pub(crate) struct", "pub(super) struct", "\nstruct"];
    let hidden = private.iter().any(|how| declares(how));
    let public = before.starts_with("pub ") || declares("pub trait");
    (public && !hidden).then(|| format!("{scope}::{name}"))
}

/// The items that a macro makes of one with variables: one for each row of its calls, whose first
/// words stand for the macro's identifiers in order.
fn expand(item: &str, within: Option<&str>, text: &str) -> Vec<String> {
    let (Some(within), true) = (within, item.contains('$')) else {
        return vec![item.to_owned()];
    };
    let definition = text
        .split_once(&format!("macro_rules! {within} "))
        .map_or("", |(_, rest)| rest);
    let pattern = definition.split("=>").next().unwrap_or("");
    let variables: Vec<&str> = pattern
        .match_indices(":ident")
        .filter_map(|(end, _)| pattern[..end].rsplit('$').next())
        .collect();
    let mut items = Vec::new();
    for call in text.split(&format!("\n{within}! {{\n")).skip(1) {
        let rows = call.lines().take_while(|line| *line != "}");
        let is_row = |line: &&str| {
            let start = line.strip_prefix("    ").unwrap_or("");
            start.starts_with(|first: char| first.is_alphabetic())
        };
        for row in rows.filter(is_row) {
            let end = row.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ' ');
            let words = row[..end.unwrap_or(row.len())].split_whitespace();
            let mut item = item.to_owned();
            // The longer names first: `$Op` begins `$OpAssign`.
            let mut pairs: Vec<(&str, &str)> = variables.iter().copied().zip(words).collect();
            pairs.sort_by_key(|(variable, _)| std::cmp::Reverse(variable.len()));
            for (variable, word) in pairs {
                item = item.replace(&format!("${variable}"), word);
            }
            items.push(item);
        }
    }
    items
}

/// What is wrong between the promises of a crate and the tables of its tests.
pub fn mismatches(name: &str, files: &[File]) -> Vec<String> {
    let within = |file: &&File, folder: &str| {
        file.path.starts_with(&format!("crates/{name}/{folder}/")) && file.path.ends_with(".rs")
    };
    let tables = files
        .iter()
        .filter(|file| within(file, "tests") && file.path.contains("refus"));
    let rows: Vec<String> = tables.flat_map(|file| named(&file.text)).collect();
    let mut wrong = Vec::new();
    let mut promised = Vec::new();
    for file in files.iter().filter(|file| within(file, "src")) {
        for Promise { item, line } in promises(&file.text) {
            if item.contains('$') || !rows.contains(&item) {
                wrong.push(format!(
                    "{}:{line}: no refusal test names `{item}`",
                    file.path
                ));
            }
            promised.push(item);
        }
    }
    for row in rows.iter().filter(|row| !promised.contains(row)) {
        wrong.push(format!(
            "crates/{name}/tests: the docs of `{row}` promise no refusal"
        ));
    }
    wrong
}

#[test]
fn names_are_read_from_the_sources() {
    let text = r#"
/// # Panics
/// Always.
#[track_caller]
pub fn free() {}

/// # Panics
/// Always.
fn private() {}

impl<'t, T: Float> Var<'t, T> {
    /// # Errors
    /// Often.
    ///
    /// # Panics
    /// Always.
    pub fn method<A>(
        self,
    ) {}

    /// # Panics
    /// Always.
    pub(crate) fn inner(self) {}
}

struct Variance;

pub trait Model<T: Float>: Tree<Tensor<T>> {
    /// # Panics
    /// Always.
    fn dot(&self);
}

/// # Panics
/// Always.
impl<T: Element, const N: usize> Index<[usize; N]> for Tensor<T> {}

pub(crate) struct Dims;

impl Dims {
    /// # Errors
    /// Always.
    pub fn new() {}
}

/// # Panics
/// Always.
#[doc(hidden)]
pub fn switch() {}

macro_rules! twins {
    ($($name:ident $Op:ident $OpAssign:ident: $doc:literal;)*) => { $(
        impl<T: Float> Tensor<T> {
            /// # Panics
            /// Always.
            pub fn $name(&self) {}
        }

        /// # Panics
        /// Always.
        impl<T: Float> ops::$OpAssign<&Tensor<T>> for &Tensor<T> {}
    )* };
}

twins! {
    add Add AddAssign: "Sums.";
    sub Sub SubAssign: "Differences.";
}
"#;
    let items: Vec<String> = promises(text)
        .into_iter()
        .map(|promise| promise.item)
        .collect();
    let expected = [
        "free",
        "Var::method",
        "Model::dot",
        "Index for Tensor",
        "Tensor::add",
        "Tensor::sub",
        "AddAssign for Tensor",
        "SubAssign for Tensor",
    ];
    assert_eq!(items, expected);
}
