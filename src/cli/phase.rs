//! `gdscope phase`: what orbits visit, over one quantity, as a density.

use std::path::PathBuf;

use clap::Args;

use super::engine::EngineArguments;
use super::map::{cells, size};
use super::progress::Progress;
use super::request::Request;
use super::style::StyleArguments;
use super::units::{count, duration};
use super::{tell, tell_files};
use crate::error::{Error, Result};
use crate::experiment::{Draft, PhaseKeys, Precision, Warm};
use crate::output::{Directory, check_tables};
use crate::phase::{PhaseReport, Visits};
use crate::plan::Plan;

/// Draw what orbits visit as the learning rate, or any quantity, changes
///
/// Follows many orbits in each column and counts, after a transient, how often each value of an
/// observable is visited: the amplitude, or any formula. Over the density stand the learning rate at
/// which the minimum stops being stable and the cycle that theory predicts; below it are the periods
/// and the Lyapunov exponents.
///
/// Examples:
///   gdscope phase f1 --across eta=0.5..10 -o out/phase-f1
///   gdscope phase f3 --across eta=0.05..5:log --from x1=-4..4 x2=-4..4 --observe x1 -o out/phase-f3
///   gdscope phase --loss 'x^2/2 - r*(x^2/2 - x^3/3)' --eta 1 --across r=2.8..4 --from x=0..1 \
///       --observe x -o out/logistic
///   gdscope phase f3 --across eta=0.1..5 --warm up --set x1=-3 x2=1 -o out/rising
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    request: Request,

    /// Quantity along the horizontal axis: eta, a parameter or an initial coordinate, such as
    /// eta=0.5..10, or eta=0.01..10:log for a logarithmic axis
    #[arg(long, value_name = "NAME=FROM..TO")]
    across: Option<String>,

    /// Directory for phase.npz, report.json, experiment.toml and the picture
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// Formula of what is observed, in the variables, the parameters, eta, t, loss, grad_norm and
    /// amplitude, which is the distance from the minimum [default: amplitude]
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true)]
    observe: Option<String>,

    /// Range of the observable, such as 0..10, or 0.001..10:log for bins of equal ratios [default:
    /// found from a sample]
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true)]
    range: Option<String>,

    /// Ranges of initial coordinates that the starts are spread over, such as x1=-4..4 [default: 4
    /// to either side of the minimum, for variables without --set]
    #[arg(long, value_name = "NAME=FROM..TO", num_args = 1..)]
    from: Vec<String>,

    /// Starts of each column [default: 128, or 1 if they do not differ]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    starts: Option<u32>,

    /// Follow one orbit for each start from column to column, instead of new ones in each: what
    /// depends on the way is hysteresis
    #[arg(long, value_enum, value_name = "WAY")]
    warm: Option<Warm>,

    #[command(flatten)]
    style: StyleArguments,

    /// Columns and bins [default: 1024x512]
    #[arg(long, value_name = "WxH", value_parser = size, allow_hyphen_values = true)]
    size: Option<[u32; 2]>,

    /// Steps of an orbit; with --warm, in each column. In f32, orbits of many thousand steps are no
    /// longer chaotic: more --starts, or --precision f64, fill a density better [default: 4000]
    #[arg(long, value_name = "N", value_parser = super::steps(), allow_negative_numbers = true)]
    steps: Option<u32>,

    /// Of these, the first ones, which are not counted [default: half]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    transient: Option<u32>,

    #[command(flatten)]
    engine: EngineArguments,

    /// Number format of the trajectories [default: f32]
    #[arg(long, value_enum)]
    precision: Option<Precision>,

    /// Distance to an attractor that counts as arrived [default: 1e-7 of the largest initial
    /// coordinate]
    #[arg(long, value_name = "DISTANCE", allow_negative_numbers = true)]
    tolerance: Option<f64>,

    /// Coordinate beyond which a trajectory has diverged [default: 1e6 times the largest initial
    /// coordinate, and 1e6 at least]
    #[arg(long, value_name = "RADIUS", allow_negative_numbers = true)]
    escape: Option<f64>,
}

impl Arguments {
    /// The keys that the flags give.
    fn given(&self) -> Result<Draft> {
        let mut from = std::collections::BTreeMap::new();
        for word in self.from.iter().filter(|word| word.contains('=')) {
            let (name, range) = word.split_once('=').unwrap_or_default();
            if from.insert(name.trim().to_owned(), range.trim().to_owned()).is_some() {
                return Err(Error::request(format!(
                    "from: `{}` is given twice; drop one of the two",
                    name.trim()
                )));
            }
        }
        let keys = PhaseKeys {
            observe: self.observe.clone(),
            range: self.range.clone(),
            starts: self.starts,
            transient: self.transient,
            warm: self.warm,
            from,
        };
        Ok(Draft {
            size: self.size,
            steps: self.steps,
            precision: self.precision,
            tolerance: self.tolerance,
            escape: self.escape,
            phase: (keys != PhaseKeys::default()).then_some(keys),
            ..Draft::default()
        })
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let draft =
        arguments.request.draft([arguments.across.as_ref(), None], &arguments.from, Draft::default())?;
    let experiment = draft.overridden(arguments.given()?).resolve_phase()?;
    // What cannot be run is refused before anything is written.
    let orbits = Plan::of_phase(&experiment, experiment.bins().as_ref())?.cells() as u64;
    let style = arguments.style.style();
    check_tables(&style.tables, cells(experiment.size))?;
    let engine = arguments.engine.open(experiment.precision)?;
    let directory = Directory::create(&arguments.output)?;
    let progress = Progress::new(orbits, "orbits");
    let result = crate::phase::run(&experiment, engine.as_ref(), &|done| progress.show(done));
    progress.clear();
    let (diagram, mut report) = result?;
    let files = directory.save_phase(&experiment, &diagram, &mut report, &style)?;
    tell(&summary(&report, orbits));
    tell_files(&files);
    Ok(())
}

/// What a run was made by and what it found, in a few lines.
fn summary(report: &PhaseReport, orbits: u64) -> String {
    let PhaseReport { device, device_kind, engine, backend, steps_taken, seconds, visits, .. } = report;
    let total = seconds.compile + seconds.run + seconds.readback;
    let mut text = format!(
        "{orbits} orbit{}, {} steps in {} ({} per second) on {engine}: {device} ({device_kind}, {backend})\n",
        if orbits == 1 { "" } else { "s" },
        count(*steps_taken as f64),
        duration(total),
        count(*steps_taken as f64 / total),
    );
    for (fate, count) in report.fates.iter().filter(|(_, count)| **count > 0) {
        text += &format!("  {:6.2} % {fate}\n", 100.0 * *count as f64 / orbits as f64);
    }
    let Visits { below, inside, above } = *visits;
    let share = |part: u64| 100.0 * part as f64 / (below + inside + above).max(1) as f64;
    text += &format!("{} visits", count((below + inside + above) as f64));
    for (place, count) in [("below", below), ("above", above)].into_iter().filter(|(_, count)| *count > 0) {
        text += &format!(", {:.2} % {place} the range", share(count));
    }
    text.push('\n');
    text
}
