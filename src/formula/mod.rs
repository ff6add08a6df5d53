//! Formulas: text, graph, derivatives, and the two forms they run in.
//!
//! ```text
//! text -> syntax -> lower -> graph (simplify) -> derive, gather -> tabulate -> schedule -> tape, native (CPU) | wgsl (GPU)
//! ```
//!
//! ```
//! use gdscope::formula::{Graph, Scope, lower, parse};
//!
//! let source = "(1 + abs(x)) * log1p(abs(x)) - abs(x)";
//! let mut graph = Graph::default();
//! let loss = lower(&mut graph, &Scope::default(), &parse(source)?, source)?;
//! let x = graph.input("x");
//! let gradient = graph.gradient(loss, &[x]);
//! assert_eq!(graph.text(gradient[0]), "log1p(abs(x)) * sign(x)");
//! # Ok::<(), gdscope::formula::FormulaError>(())
//! ```

mod ast;
mod compile;
mod cost;
mod data;
mod derive;
mod display;
mod error;
mod gather;
mod graph;
mod lower;
#[cfg_attr(not(target_arch = "x86_64"), path = "native/none.rs")]
mod native;
mod operation;
mod schedule;
mod sides;
mod simplify;
mod stepper;
mod syntax;
mod tabulate;
mod tape;
mod wgsl;

pub use ast::{Ast, Definition, Infix};
pub use data::{Column, Count, Data, MAX_ROWS};
pub use error::FormulaError;
pub use graph::{Graph, Id, Node};
pub use lower::{MAX_NODES, Scope, is_reserved, lower};
pub use native::Isa;
pub use operation::{Binary, NORM_FLOOR, Unary};
pub use stepper::{Access, LaneOf, Observer, Stepper};
pub use syntax::{MAX_DEPTH, MAX_SOURCE, parse, parse_definition};
pub use tape::{BLOCK, CHUNK, LANES, Register, Tape, chunk, put};
pub use wgsl::{function as wgsl_function, literal as wgsl_literal, tables as wgsl_tables};
