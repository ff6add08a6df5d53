//! What is said of a formula that does not parse, or means nothing.

use std::fmt;

/// What is wrong with a formula, and where.
///
/// The message shows the formula with a caret under the byte offset `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// What was found and what was expected.
    pub message: String,
    /// The whole formula.
    pub source: String,
    /// Byte offset of the fault in `source`.
    pub at: usize,
}

impl FormulaError {
    pub(crate) fn new(message: impl Into<String>, source: &str, at: usize) -> Self {
        Self { message: message.into(), source: source.to_owned(), at: at.min(source.len()) }
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A long formula is cut to the neighbourhood of its fault, so that the caret stays on screen.
        const AROUND: usize = 60;
        let flat: Vec<char> = self.source.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
        let column = self.source.get(..self.at).map_or(0, |head| head.chars().count());
        let from = column.saturating_sub(AROUND);
        let to = (column + AROUND).min(flat.len());
        let (head, tail) = (if from > 0 { "…" } else { "" }, if to < flat.len() { "…" } else { "" });
        let shown: String = flat[from..to].iter().collect();
        let indent = " ".repeat(column - from + head.chars().count());
        write!(f, "{}\n  {head}{shown}{tail}\n  {indent}^", self.message)
    }
}

impl std::error::Error for FormulaError {}
