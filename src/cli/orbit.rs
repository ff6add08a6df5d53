//! `gdscope orbit`: one trajectory as a table.

use std::io::Write;

use clap::Args;

use super::printed;
use super::request::Request;
use crate::error::Result;
use crate::experiment::Draft;

/// Print one trajectory, step by step in f64, as CSV
///
/// Columns: t, eta, the variables, loss, grad_norm (the gradient's length), sharpness (the
/// largest Hessian eigenvalue); rows t = 0 .. N.
///
/// Examples:
///   gdscope orbit f1 --eta 5@0,3@100,1@150 --set x=-5 --steps 200
///   gdscope orbit --loss '(1 - x*y)^2/2' --eta 0.9 --set x=2 y=0.1 > orbit.csv
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    request: Request,

    /// Steps to take
    #[arg(long, value_name = "N", value_parser = super::steps(), default_value = "100")]
    #[arg(allow_negative_numbers = true)]
    steps: u32,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let setup = arguments.request.draft([None, None], &[], Draft::default())?.setup()?;
    let rows = crate::orbit(&setup, arguments.steps)?;
    let variables = &setup.landscape.body.variables;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let print = || {
        writeln!(out, "t,eta,{},loss,grad_norm,sharpness", variables.join(","))?;
        for row in rows {
            // `:?` writes the shortest digits that say the number, with an exponent where that is shorter.
            write!(out, "{},{:?}", row.t, row.eta)?;
            for x in &row.point {
                write!(out, ",{x:?}")?;
            }
            writeln!(out, ",{:?},{:?},{:?}", row.loss, row.grad_norm, row.sharpness)?;
        }
        out.flush()
    };
    printed(print())
}
