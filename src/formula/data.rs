//! The data that a mean goes through: rows of named columns, listed or made by formulas.
//!
//! A column's formula may use parameters, the columns that are listed, and generators, whose last
//! argument is the number of rows:
//!
//! | generator | value in row i of n |
//! |---|---|
//! | `linspace(a, b, n)` | from `a` to `b` in even steps; `a` if there is one row |
//! | `logspace(a, b, n)` | the same, even in the logarithm |

use std::sync::Arc;

use super::ast::Ast;
use super::error::FormulaError;
use super::graph::{Graph, Id};
use super::operation::{Binary, Unary};
use super::syntax::parse;

/// The names of the generators.
pub(super) const GENERATORS: [&str; 2] = ["linspace", "logspace"];

/// Most rows that data may have: their numbers are exact in f32.
pub const MAX_ROWS: usize = 1 << 20;

/// What a row holds in a column, as a leaf of the graph.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// The row's number, from 0.
    Number,
    /// A number of its own for each row.
    Listed {
        /// The column's name.
        name: String,
        /// By row.
        values: Arc<[f64]>,
    },
}

impl Column {
    /// The value in row number `row`.
    pub fn value(&self, row: usize) -> f64 {
        match self {
            Column::Number => row as f64,
            Column::Listed { values, .. } => values[row],
        }
    }
}

/// How many rows there are.
#[derive(Clone, Debug, PartialEq)]
pub enum Count {
    /// So many.
    Fixed(usize),
    /// The value of a parameter, rounded.
    Parameter(String),
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    Listed(Arc<[f64]>),
    Formula { ast: Ast, source: String },
}

/// Rows of named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    pub(super) columns: Vec<(String, Origin)>,
    /// How many rows there are.
    pub count: Count,
    /// Columns that cannot be used, each with the reason.
    pub unread: Vec<(String, String)>,
}

impl Data {
    /// Data of `listed` columns and of columns given by formulas, each with its name.
    ///
    /// # Errors
    /// [`FormulaError`] for a formula that does not parse, no column at all, columns of different
    /// lengths, and more rows than [`MAX_ROWS`].
    pub fn new(
        listed: Vec<(String, Arc<[f64]>)>,
        formulas: &[(String, String)],
    ) -> Result<Self, FormulaError> {
        let mut count: Option<(Count, String)> = None;
        let mut settle = |new: Count, name: &str, source: &str, at: usize| match &count {
            Some((count, other)) if *count != new => {
                let [a, b] = [count, &new].map(|count| match count {
                    Count::Fixed(rows) => format!("{rows} rows"),
                    Count::Parameter(name) => format!("`{name}` rows"),
                });
                let message = format!("`{other}` has {a} and `{name}` has {b}; give all columns the same");
                Err(FormulaError::new(message, source, at))
            }
            Some(_) => Ok(()),
            None => {
                count = Some((new, name.to_owned()));
                Ok(())
            }
        };
        let mut columns = Vec::new();
        for (name, values) in listed {
            if values.is_empty() || values.len() > MAX_ROWS {
                let message = format!("`{name}` has {} rows; give 1 to {MAX_ROWS}", values.len());
                return Err(FormulaError::new(message, &name, 0));
            }
            settle(Count::Fixed(values.len()), &name, &name, 0)?;
            columns.push((name, Origin::Listed(values)));
        }
        for (name, source) in formulas {
            let ast = parse(source)?;
            for (new, at) in counts(&ast, source)? {
                settle(new, name, source, at)?;
            }
            columns.push((name.clone(), Origin::Formula { ast, source: source.clone() }));
        }
        match count {
            Some((count, _)) => Ok(Self { columns, count, unread: Vec::new() }),
            None => {
                let message = "no column says how many rows there are; list values, or use \
                               linspace(from, to, rows) or logspace(from, to, rows)";
                let source = formulas.first().map_or("", |(_, source)| source.as_str());
                Err(FormulaError::new(message, source, 0))
            }
        }
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Adds the number of rows to `graph`.
    pub(super) fn rows(&self, graph: &mut Graph) -> Id {
        match &self.count {
            Count::Fixed(rows) => graph.constant(*rows as f64),
            Count::Parameter(name) => {
                let given = graph.input(name);
                graph.unary(Unary::Round, given)
            }
        }
    }
}

/// The numbers of rows that the generators in `ast` name, and where.
fn counts(ast: &Ast, source: &str) -> Result<Vec<(Count, usize)>, FormulaError> {
    let mut found = Vec::new();
    for ast in ast.parts() {
        if let Ast::Call { name, at, arguments } = ast
            && GENERATORS.contains(&name.as_str())
        {
            let count = match arguments.as_slice() {
                [_, _, Ast::Name { name, .. }] => Count::Parameter(name.clone()),
                [_, _, Ast::Number(rows)]
                    if rows.fract() == 0.0 && (1.0..=MAX_ROWS as f64).contains(rows) =>
                {
                    Count::Fixed(*rows as usize)
                }
                [_, _, _] => {
                    let message = format!(
                        "the number of rows is a whole number from 1 to {MAX_ROWS}, or a parameter's name"
                    );
                    return Err(FormulaError::new(message, source, *at));
                }
                _ => {
                    let message = format!("write `{name}(from, to, rows)`");
                    return Err(FormulaError::new(message, source, *at));
                }
            };
            found.push((count, *at));
        }
    }
    Ok(found)
}

/// `linspace(a, b, rows)`
pub(super) fn linspace(graph: &mut Graph, a: Id, b: Id, rows: Id) -> Id {
    let one = graph.constant(1.0);
    let number = graph.row(&Column::Number);
    let last = graph.sub(rows, one);
    let left = graph.sub(last, number);
    let (from_a, from_b) = (graph.mul(a, left), graph.mul(b, number));
    let sum = graph.add(from_a, from_b);
    // Of a single row it is `a`, and not 0 / 0.
    let several = graph.binary(Binary::Lt, one, rows);
    let below = graph.select(several, last, one);
    let value = graph.div(sum, below);
    graph.select(several, value, a)
}

/// `logspace(a, b, rows)`
pub(super) fn logspace(graph: &mut Graph, a: Id, b: Id, rows: Id) -> Id {
    let [a, b] = [a, b].map(|end| graph.unary(Unary::Log, end));
    let log = linspace(graph, a, b, rows);
    graph.unary(Unary::Exp, log)
}
