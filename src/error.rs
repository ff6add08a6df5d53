//! The library's one error type.

use std::path::{Path, PathBuf};

use crate::formula::FormulaError;

/// Everything that can go wrong, in two kinds: a wrong request (see [`Error::is_request`]) and a
/// failure while doing what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A formula of the request does not parse or names something unknown.
    #[error("{place}: {source}")]
    Formula {
        /// The flag or key that holds the formula.
        place: String,
        /// What is wrong with it.
        source: FormulaError,
    },
    /// A request that cannot be met as it is; the message names the flag or key and the remedy.
    #[error("{0}")]
    Request(String),
    /// An input file that cannot be read or understood.
    #[error("{}: {message}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Writing results failed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No GPU can be used.
    #[error("{0}")]
    NoDevice(String),
    /// A GPU that computes wrongly is not used.
    #[error("{0}")]
    Refused(String),
    /// The GPU failed while computing.
    #[error("the device failed: {0}")]
    Device(String),
    /// A map does not agree with what was computed again.
    #[error("the check has failed: {0}")]
    Check(String),
    /// So many of the claims checked do not hold.
    #[error("{0} of {1} claims do not hold")]
    Claims(usize, usize),
}

impl Error {
    /// Whether the request was wrong (exit code 2) rather than the work failed (exit code 1).
    pub fn is_request(&self) -> bool {
        matches!(self, Error::Formula { .. } | Error::Request(_) | Error::File { .. })
    }

    /// This error of a request as one of the file that holds the request.
    pub(crate) fn within(self, path: &Path) -> Self {
        match self {
            Error::Formula { place, source } => {
                Error::Formula { place: format!("{}: {place}", path.display()), source }
            }
            Error::Request(message) => Error::File { path: path.to_owned(), message },
            Error::File { path: inner, message } if inner != path => {
                Error::File { path: path.to_owned(), message: format!("{}: {message}", inner.display()) }
            }
            other => other,
        }
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Error::Request(message.into())
    }

    pub(crate) fn formula(place: impl Into<String>) -> impl FnOnce(FormulaError) -> Self {
        let place = place.into();
        move |source| Error::Formula { place, source }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, message: impl ToString) -> Self {
        Error::File { path: path.into(), message: message.to_string() }
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Error::Write { path, source }
    }
}

/// Results of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// ` (did you mean ...?)` for the known name nearest to `name`, or nothing if none is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    // Comparing takes the product of both lengths, in time and memory; nobody calls anything by so long a name.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return String::new();
    }
    let known = known.filter(|known| known.len() <= LONGEST);
    let near = |a: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &a.to_lowercase());
    match known.map(|k| (near(k), k)).min() {
        // Two different letters are not alike.
        Some((distance, k)) if distance <= 1 + name.len() / 4 && distance < name.len() => {
            format!(" (did you mean `{k}`?)")
        }
        _ => String::new(),
    }
}

/// The number of the line that the byte `at` of a text is in, from 1.
pub(crate) fn line_number(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// What is wrong with a TOML file, in one line: where, the line itself, and why.
pub(crate) fn toml_message(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().lines().collect::<Vec<_>>().join(", ");
    // Rust's names for types are not the user's.
    let why = why.replace("expected u32", "expected a whole number from 0");
    let why = why.replace("expected f64", "expected a number").replace("a sequence", "a list");
    let Some(at) = error.span().map(|span| span.start).filter(|&at| text.is_char_boundary(at)) else {
        return why;
    };
    let number = line_number(text, at);
    let line: String = text.lines().nth(number - 1).unwrap_or_default().trim().chars().take(60).collect();
    if line.is_empty() { format!("line {number}: {why}") } else { format!("line {number}, `{line}`: {why}") }
}
