//! A law that is broken, and what is said about a whole list of them.

use std::fmt;
use std::panic::Location;

/// A law that an op breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The op.
    pub op: &'static str,
    /// The law.
    pub law: &'static str,
    /// The type of the elements, `f64` or `f32`.
    pub element: &'static str,
    /// The case.
    pub case: String,
    /// Where the case is written.
    pub location: &'static Location<'static>,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            op,
            law,
            element,
            case,
            location,
            detail,
        } = self;
        write!(
            f,
            "`{op}` breaks the law \"{law}\" in {element} at {location}, case \"{case}\"\n    {detail}"
        )
    }
}

/// The laws that are broken, as an error.
///
/// It is shown as one paragraph for each op, law and element type: the first case, with its line in
/// the source, what was found there, and the number of further cases. As `Debug` it says the same,
/// so that a test that returns it fails with this text alone.
#[derive(Clone, PartialEq)]
pub struct Broken {
    violations: Vec<Violation>,
}

/// How many paragraphs are shown.
const SHOWN: usize = 12;

/// An error that says what is broken, if anything is.
///
/// ```
/// use wengert_tape::check::{Broken, Samples, kept, laws};
/// fn tanh_keeps_the_laws() -> Result<(), Broken> {
///     kept(laws(&Samples::unary("tanh", |x| x.tanh()).reference1(f64::tanh)))
/// }
/// assert!(tanh_keeps_the_laws().is_ok());
///
/// let wrong = Samples::unary("tanh", |x| x.tanh()).reference1(f64::sin);
/// let broken = kept(laws(&wrong)).unwrap_err();
/// assert!(broken.to_string().starts_with("`tanh` breaks the law \"value\" in f64 at "));
/// ```
///
/// # Errors
/// If there is a violation.
pub fn kept(violations: impl IntoIterator<Item = Violation>) -> Result<(), Broken> {
    let violations: Vec<_> = violations.into_iter().collect();
    if violations.is_empty() {
        return Ok(());
    }
    Err(Broken { violations })
}

impl Broken {
    /// Every violation.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same =
            |a: &Violation, b: &Violation| (a.op, a.law, a.element) == (b.op, b.law, b.element);
        let mut groups: Vec<(&Violation, usize)> = Vec::new();
        for violation in &self.violations {
            match groups.iter_mut().find(|(first, _)| same(first, violation)) {
                Some((_, more)) => *more += 1,
                None => groups.push((violation, 0)),
            }
        }
        for (at, (violation, more)) in groups.iter().take(SHOWN).enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{violation}")?;
            if *more > 0 {
                write!(f, "\n    and so in {more} more cases")?;
            }
        }
        if groups.len() > SHOWN {
            let left = &groups[SHOWN..];
            let mut ops: Vec<&str> = left.iter().map(|(violation, _)| violation.op).collect();
            ops.dedup();
            write!(f, "\nand {} more laws, of {}", left.len(), ops.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}
