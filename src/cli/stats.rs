//! `gdscope stats`: how large, how mixed and how rough-edged the basins of a saved map are.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;

use super::printed;
use crate::analysis::stats::{BOX, LISTED, RADIUS, RADIUS_MAX, Resolution, Scaling, Statistics};
use crate::error::Result;
use crate::map::Ends;
use crate::output::Saved;

/// Measure the basins of a saved map: sizes, entropies, dimensions
///
/// Prints the fraction of each basin with its standard error, the basin entropy and the boundary basin
/// entropy (above ln 2 the boundary is fractal), the box-counting dimension of the boundary, the
/// uncertainty exponent, and whether the basins have the Wada property. Each comes with the box sizes,
/// resolution and budget that it rests on, and again from every second, fourth, ... cell: numbers that
/// change much from one resolution to the next need a larger map.
///
/// A basin is the cells of one attractor, or all that diverge, are chaotic, or are stalled. Undecided
/// cells are left out of all but the fractions. Lengths are in cells: along a logarithmic axis they
/// are in its logarithm.
///
/// On a terminal a table is printed, elsewhere JSON. Its first keys are the numbers at full resolution:
/// fractions, basin_entropy, boundary_basin_entropy, boundary_dimension, uncertainty_exponent, wada. A
/// number that cannot be had is null, and `reasons` says why.
///
/// Examples:
///   gdscope stats out/f3
///   gdscope stats out/f3 --json > out/f3/stats.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The map's directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Print JSON, also on a terminal
    #[arg(long, conflicts_with = "table")]
    json: bool,

    /// Print a table, also into a file or another program
    #[arg(long)]
    table: bool,

    /// Take undecided cells for a basin of their own, as where quasiperiodic orbits fill a region
    #[arg(long)]
    count_undecided: bool,
}

/// Most basins in the table.
const ROWS: usize = 16;

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Saved { experiment, map, report } = Saved::<Ends>::read(&arguments.directory)?;
    let statistics = Statistics::new(&experiment, &report.attractors, map, arguments.count_undecided);
    let mut out = std::io::stdout().lock();
    let is_table = arguments.table || (!arguments.json && out.is_terminal());
    let text = match is_table {
        true => table(&statistics),
        false => serde_json::to_string_pretty(&statistics).expect("keys are strings") + "\n",
    };
    printed(out.write_all(text.as_bytes()))
}

/// Everything but the measurements that the fits are made of.
fn table(statistics: &Statistics) -> String {
    let basis = &statistics.basis;
    let [height, width] = basis.size;
    let mut text = format!(
        "{width} x {height} cells, {} across and {} up, at most {} steps each\n\n",
        basis.across, basis.up, basis.steps
    );
    text += &basins(statistics);
    text += "\nfrom every           ";
    let column =
        |r: &Resolution| format!(" {:>14}", ["cell", "2nd", "4th", "8th", "16th"][r.every.ilog2() as usize]);
    text += &row(&statistics.resolutions, column);
    text += &measures(&statistics.resolutions);
    text += &box_sizes(&statistics.resolutions[0]);
    text.push('\n');
    text += &basis_lines(statistics);
    for (key, reason) in &statistics.reasons {
        text += &format!("no {}: {reason}\n", key.replace('_', " "));
    }
    statistics.notes.iter().for_each(|note| text += &format!("{note}\n"));
    text
}

fn row(resolutions: &[Resolution], cell: impl Fn(&Resolution) -> String) -> String {
    resolutions.iter().map(cell).collect::<String>() + "\n"
}

/// The basins, largest first.
fn basins(statistics: &Statistics) -> String {
    let mut text = format!(
        "{:16} {:10} {:>7} {:>10} {:>10} {:>11} {:>11}\n",
        "basin", "fate", "period", "cells", "fraction", "+- random", "+- grid"
    );
    let percent = |x: f64| format!("{:.3} %", 100.0 * x);
    let small = |x: f64| format!("{:.4} %", 100.0 * x);
    for basin in statistics.basins.iter().take(ROWS) {
        text += &format!(
            "{:16} {:10} {:>7} {:>10} {:>10} {:>11} {:>11}\n",
            basin.name,
            basin.fate.map_or("-", |fate| fate.name()),
            basin.period.map_or("-".to_owned(), |period| period.to_string()),
            basin.cells,
            percent(basin.fraction),
            small(basin.standard_error),
            basin.standard_error_of_grid.map_or("-".to_owned(), small),
        );
    }
    match statistics.basins.len().saturating_sub(ROWS) {
        0 => {}
        more => {
            text +=
                &format!("and {more} smaller ones{}\n", if more + ROWS == LISTED { " at least" } else { "" })
        }
    }
    if !statistics.basis.undecided_counted && statistics.basis.undecided > 0.0 {
        text += &format!("{:46} {:>10}\n", "undecided", percent(statistics.basis.undecided));
    }
    text
}

/// One line for each measure, one column for each resolution.
fn measures(resolutions: &[Resolution]) -> String {
    let number = |x: Option<f64>| x.map_or(format!(" {:>14}", "-"), |x| format!(" {x:>14.4}"));
    let fit = |fit: &Option<Scaling>| match fit {
        Some(fit) => format!(" {:>14}", format!("{:.3} +- {:.3}", fit.value, fit.error)),
        None => number(None),
    };
    let yes = |x: Option<bool>| format!(" {:>14}", x.map_or("-", |x| if x { "yes" } else { "no" }));
    let entropy = |of: fn(&crate::analysis::stats::Entropy) -> Option<f64>| {
        row(resolutions, |r| number(r.entropy().and_then(of)))
    };
    let mut text = format!("basin entropy Sb     {}", entropy(|e| e.basin_entropy));
    text += &format!("boundary entropy Sbb {}", entropy(|e| e.boundary_basin_entropy));
    text += &format!(
        "  above ln 2 = 0.6931{}",
        row(resolutions, |r| yes(r.entropy().and_then(|e| e.exceeds_log_2)))
    );
    text += &format!("boundary dimension   {}", row(resolutions, |r| fit(&r.boundary_dimension)));
    text += &format!("uncertainty exponent {}", row(resolutions, |r| fit(&r.uncertainty_exponent)));
    let radius = |r: &Resolution| match &r.wada {
        None => "-".to_owned(),
        Some(wada) => {
            let holds = if wada.holds { "yes" } else { "no" };
            let radius = wada.radius.map_or(format!("r > {RADIUS_MAX}"), |radius| format!("r = {radius}"));
            format!("{holds}, {radius}")
        }
    };
    text + &format!("Wada property        {}", row(resolutions, |r| format!(" {:>14}", radius(r))))
}

/// The measures of the finest resolution by box size and distance.
fn box_sizes(finest: &Resolution) -> String {
    let mut text = String::new();
    if !finest.entropies.is_empty() {
        let line = |name: &str, cell: &dyn Fn(&crate::analysis::stats::Entropy) -> String| {
            format!("{name:21}{}\n", finest.entropies.iter().map(cell).collect::<String>())
        };
        let number = |x: Option<f64>| x.map_or(format!(" {:>8}", "-"), |x| format!(" {x:>8.4}"));
        text += "\n";
        text += &line("in boxes of n x n", &|e| format!(" {:>8}", e.side));
        text += &line("basin entropy Sb", &|e| number(e.basin_entropy));
        text += &line("boundary entropy Sbb", &|e| number(e.boundary_basin_entropy));
    }
    let fits = [("dimension", &finest.boundary_dimension), ("exponent", &finest.uncertainty_exponent)];
    for (name, fit) in fits {
        let Some(Scaling { lengths, local, .. }) = fit else { continue };
        // From power to power of two: every second length.
        text += &format!("\n{:21}", "from length");
        (0..local.len()).for_each(|n| text += &format!(" {:>5}", lengths[n]));
        text += &format!("\nlocal {name:15}");
        local.iter().for_each(|slope| text += &slope.map_or("     -".to_owned(), |s| format!(" {s:>5.2}")));
        text.push('\n');
    }
    text
}

/// What the numbers rest on, in words.
fn basis_lines(statistics: &Statistics) -> String {
    let basis = &statistics.basis;
    let range = |ends: Option<[usize; 2]>| ends.map(|[from, to]| format!("{from} to {to}"));
    let mut text = format!("entropies: in nats, boxes of {BOX} x {BOX} cells unless said otherwise\n");
    if let Some(boxes) = range(basis.boundary_dimension_boxes) {
        text += &format!("dimension: fitted to boxes of {boxes} cells a side; +- is the fit's error alone\n");
    }
    if let Some(distances) = range(basis.uncertainty_exponent_distances) {
        text +=
            &format!("exponent: fitted to distances of {distances} cells; in a plane it is 2 - dimension\n");
    }
    text += &format!("Wada: r fattens every basin's boundary to cover all; it holds up to {RADIUS} cells\n");
    text + "+- random: as if cells were drawn at random; +- grid: as if each 2 x 2 block were four draws\n"
}
