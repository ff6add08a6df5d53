//! `gdscope map`: every cell's trajectory, to its end, as pictures and arrays.

use std::path::{Path, PathBuf};

use clap::Args;

use super::engine::EngineArguments;
use super::progress::Progress;
use super::request::Request;
use super::style::{OverArguments, StyleArguments};
use super::sweep::{self, Rest, SweepArguments};
use super::units::{count, duration};
use super::{say, tell, tell_files};
use crate::analysis::{Check, Known, Spread};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::experiment::{Draft, Precision, number};
use crate::output::{self, Asked, Directory, Made, Making, Resumed, begun_on, check_tables};
use crate::plan::Plan;
use crate::report::Report;
use crate::sweep::{Stack, attractors_of};
use crate::view::View;

/// Map a plane of initial points, learning rates or parameters
///
/// Runs one gradient-descent trajectory for every cell and finds how it ends: converged, periodic,
/// chaotic, diverged, stalled, or undecided when the budget ends first.
///
/// Examples:
///   gdscope map f1 --across eta=0.5..10 --up x=-8..8 -o out/f1
///   gdscope map f3 --across eta=0.05..2:log --up x1=-4..4 --set x2=3 -o out/f3
///   gdscope map f3 --across x1=-4..4 --up x2=-4..4 --eta 0.3 --contours --orbit -3,3 -o out/plane
///   gdscope map --loss '(a - x*y)^2/2' --set a=1 --eta 0.9 --across x=-3..3 --up y=-3..3 -o out/xy
///   gdscope map out/f1/experiment.toml --size 256x256 --steps 1000 -o out/again
///
/// A stack of maps, along a third quantity or into a point, as animated pictures and one sweep.npz, with
/// the basins' fractions in fractions.csv and a picture:
///   gdscope map experiments/wells.toml --sweep eta=0.4..1.05 --frames 27 --size 256x256 -o out/film
///   gdscope map experiments/wells.toml --zoom 0.5,0.1 --factor 1.5 --frames 40 --size 256x256 -o out/zoom
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    request: Request,

    /// Quantity along the horizontal axis: an initial coordinate, eta or a parameter, such as
    /// x1=-4..4, or eta=0.01..10:log for a logarithmic axis
    #[arg(long, value_name = "NAME=FROM..TO")]
    across: Option<String>,

    /// Quantity along the vertical axis, such as x2=-4..4
    #[arg(long, value_name = "NAME=FROM..TO")]
    up: Option<String>,

    #[command(flatten)]
    sweep: SweepArguments,

    /// Directory for map.npz, report.json, experiment.toml and the pictures; of a stack, sweep.npz and
    /// fractions.csv
    #[arg(short, long, value_name = "DIR", required_unless_present = "resume")]
    output: Option<PathBuf>,

    /// Go on with the map in DIR that was interrupted, as it was asked for, to the same bits; stands alone,
    /// with -q or -v before `map`
    #[arg(long, value_name = "DIR", exclusive = true)]
    resume: Option<PathBuf>,

    /// Pictures to draw, separated by commas [default: basins,amplitude]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VIEWS")]
    show: Option<Vec<View>>,

    #[command(flatten)]
    over: OverArguments,

    #[command(flatten)]
    style: StyleArguments,

    /// Cells across and up [default: 1024x1024]
    #[arg(long, value_name = "WxH", value_parser = size, allow_hyphen_values = true)]
    size: Option<[u32; 2]>,

    /// Budget: most steps of a trajectory [default: 10000]
    #[arg(long, value_name = "N", value_parser = super::steps(), allow_negative_numbers = true)]
    steps: Option<u32>,

    /// Run undecided trajectories again with a doubled budget, up to this many steps
    #[arg(long, value_name = "N", value_parser = super::steps(), allow_negative_numbers = true)]
    steps_max: Option<u32>,

    /// Longest period to look for, up to 1024 [default: 64]
    #[arg(long, value_name = "STEPS", allow_negative_numbers = true)]
    period_max: Option<u32>,

    /// Tell attractors apart by phase: a cycle of p points is p attractors, one for each point that an
    /// orbit may be on at steps divisible by p
    #[arg(long)]
    phases: bool,

    #[command(flatten)]
    engine: EngineArguments,

    /// Number format of the trajectories [default: f32]
    #[arg(long, value_enum)]
    precision: Option<Precision>,

    /// Distance to an attractor that counts as arrived [default: 1e-7 of the largest initial
    /// coordinate]
    #[arg(long, value_name = "DISTANCE", value_parser = number, allow_hyphen_values = true)]
    tolerance: Option<f64>,

    /// Coordinate beyond which a trajectory has diverged [default: 1e6 times the largest initial
    /// coordinate, and 1e6 at least]
    #[arg(long, value_name = "RADIUS", value_parser = number, allow_hyphen_values = true)]
    escape: Option<f64>,

    /// Loss whose first step is looked for, for the view reach: the first of t = 0 .. N, with N the
    /// budget, at which the loss is no more
    #[arg(long, value_name = "LOSS", value_parser = number, allow_hyphen_values = true)]
    target: Option<f64>,

    /// Give attractors the numbers and colours that they have in the map or stack of DIR
    #[arg(long, value_name = "DIR")]
    like: Option<PathBuf>,

    /// Compute every cell again that has a neighbour which ends otherwise or that ended near a tolerance, in
    /// f64 and from a start moved by one unit in the last place, for the view certainty
    #[arg(long)]
    certain: bool,

    /// Compute a sample of cells again in f64 and report how far they agree
    #[arg(long)]
    check: bool,

    /// Rows of cells that are computed and written at a time; the result does not depend on it [default: as
    /// many as make two million cells]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    tile: Option<u32>,
}

/// Parses two sides.
pub(super) fn size(text: &str) -> std::result::Result<[u32; 2], String> {
    let form = || "write WIDTHxHEIGHT, two whole numbers of cells such as 1024x1024".to_owned();
    let (width, height) = text.split_once(['x', 'X']).ok_or_else(form)?;
    let side = |text: &str| text.trim().parse().map_err(|_| form());
    Ok([side(width)?, side(height)?])
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    match (&arguments.resume, &arguments.output) {
        (Some(directory), _) => resume(directory),
        (None, Some(directory)) => map(arguments, directory),
        (None, None) => Err(Error::request("no directory: give one for the results, such as -o out")),
    }
}

/// Makes what the arguments ask for.
fn map(arguments: &Arguments, output: &Path) -> Result<()> {
    let given = Draft {
        size: arguments.size,
        steps: arguments.steps,
        steps_max: arguments.steps_max,
        period_max: arguments.period_max,
        phases: arguments.phases.then_some(true),
        precision: arguments.precision,
        tolerance: arguments.tolerance,
        escape: arguments.escape,
        target: arguments.target,
        certain: arguments.certain.then_some(true),
        show: arguments.show.clone(),
        ..arguments.over.draft()
    };
    let axes = [arguments.across.as_ref(), arguments.up.as_ref()];
    let draft = arguments.request.draft(axes, &[], arguments.sweep.draft())?.overridden(given);
    let known = arguments.like.as_ref().map(|like| attractors_of(like)).transpose()?;
    let style = arguments.style.style();
    if let Some(stack) = Stack::of(&draft)? {
        if arguments.tile.is_some() {
            return Err(Error::request("tile: the maps of a stack are made in memory; drop --tile"));
        }
        let known = known.map(|attractors| Known::new(&attractors)).unwrap_or_default();
        let (engine, check) = (&arguments.engine, arguments.check);
        return sweep::run(&stack, Rest { engine, output, style, known, check });
    }
    let experiment = draft.resolve()?;
    // What cannot be run or written is refused before anything is written.
    Plan::new(&experiment)?;
    crate::overlay::check(&experiment)?;
    check_tables(&style.tables, cells(experiment.size))?;
    let engine = arguments.engine.open(experiment.precision)?;
    let directory = Directory::create(output)?;
    let asked = Asked { tile: arguments.tile, check: arguments.check, known, style };
    make(Making::begin(&directory, &experiment, engine.as_ref(), asked)?, engine.as_ref(), &directory)
}

/// Cells of a map of this size.
pub(super) fn cells([width, height]: [u32; 2]) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Goes on with an interrupted map.
fn resume(output: &Path) -> Result<()> {
    let (engine, device, precision) = begun_on(output)?;
    let engine = EngineArguments::of(&engine, &device).open(precision)?;
    let directory = Directory::create(output)?;
    match output::resume(&directory, engine.as_ref())? {
        Resumed::Making(making) => {
            let (done, tiles) = making.tiles();
            match making.damaged() {
                0 => {}
                1 => tell("a stored tile is damaged, and is computed again\n"),
                damaged => tell(&format!("{damaged} stored tiles are damaged, and are computed again\n")),
            }
            tell(&format!("{done} of {tiles} tiles are done\n"));
            make(*making, engine.as_ref(), &directory)
        }
        Resumed::Named(files) => {
            tell_files(&files);
            Ok(())
        }
    }
}

/// Makes a map, and says what has become of it.
fn make(making: Making<'_>, engine: &dyn Engine, directory: &Directory) -> Result<()> {
    let cells = cells(making.experiment().size);
    let progress = Progress::new(cells, "cells");
    let made = making.make(engine, &|done| progress.show(done));
    progress.clear();
    let Made { report, files, every } = made.inspect_err(|_| {
        directory.unfinished().iter().for_each(|words| say(words));
    })?;
    tell(&summary(&report, cells));
    if every > 1 {
        tell(&format!("the pictures show every {every}th row and column of so large a map\n"));
    }
    tell_files(&files);
    report.check.as_ref().map_or(Ok(()), Check::verdict)
}

/// What a run was made by and what it found, in a few lines.
fn summary(report: &Report, cells: u64) -> String {
    let Report { device, device_kind, engine, backend, steps_taken, seconds, .. } = report;
    let trajectories = if cells == 1 { "trajectory" } else { "trajectories" };
    let total = seconds.compile + seconds.run + seconds.readback;
    let mut text = format!(
        "{cells} {trajectories}, {} steps in {} ({} per second) on {engine}: {device} ({device_kind}, {backend})\n",
        count(*steps_taken as f64),
        duration(total),
        count(*steps_taken as f64 / total),
    );
    for (fate, count) in report.fates.iter().filter(|(_, count)| **count > 0) {
        text += &format!("  {:6.2} % {fate}\n", 100.0 * *count as f64 / cells as f64);
    }
    let found = report.attractors_found;
    text += &format!("{found} attractor{}\n", if found == 1 { "" } else { "s" });
    let again = match report.certain.recomputed {
        0 => String::new(),
        cells => format!(", {cells} cells computed again"),
    };
    text += &format!("{:.2} % certain{again}\n", 100.0 * report.certain.share);
    if report.fallback_cells > 0 {
        text += &format!(
            "{} cells computed on the CPU engine, because the device failed\n",
            report.fallback_cells
        );
    }
    report.check.iter().for_each(|check| text += &agreement(check));
    text
}

/// How far a sample agrees with f64: a line for the cells away from boundaries, and one for those next
/// to them.
fn agreement(check: &Check) -> String {
    let mut text = String::new();
    for (place, part) in [("away from", &check.away_from_boundary), ("next to", &check.next_to_boundary)] {
        if part.cells == 0 {
            continue;
        }
        let share = |s: Option<f64>| s.map_or("-".to_owned(), |s| format!("{:.2} %", 100.0 * s));
        text += &format!(
            "check against f64, {} cells {place} basin boundaries: same fate {}, period {}, attractor {}",
            part.cells,
            share(part.fates),
            share(part.periods),
            share(part.attractors)
        );
        let Spread { median, percentile_99, worst, .. } = &part.amplitude_error;
        if let (Some(median), Some(most), Some(worst)) = (median, percentile_99, worst) {
            text += &format!(
                "; amplitude off by {median:.0e} (median), {most:.0e} (99 %), {worst:.0e} (worst), relative"
            );
        }
        text.push('\n');
    }
    text
}
