//! Maps per second, from the experiment to the last file.

use std::time::Instant;

use super::steps::operations;
use super::{Case, Kind, Options, Row, Stages, Target, row};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Precision, STEPS};
use crate::output::{Asked, Directory, Making};
use crate::plan::Plan;

/// Sides of square maps, in a quick run and in a long one.
const SIDES: [[u32; 2]; 2] = [[64, 256], [256, 1024]];
/// A map that would take longer than this many seconds, by the time of a smaller one, is left out.
const PATIENCE: [f64; 2] = [3.0, 60.0];

/// Measures maps of a landscape on a device, a row for each size.
pub fn measure(target: &Target, options: &Options, case: &Case, precision: Precision) -> Result<Vec<Row>> {
    let long = usize::from(!options.quick);
    let sizes = options.size.map_or(SIDES[long].map(|side| [side; 2]).to_vec(), |size| vec![size]);
    let mut rows: Vec<Row> = Vec::new();
    for size in sizes {
        let cells = u64::from(size[0]) * u64::from(size[1]);
        let awaited = rows.last().map_or(0.0, |last| last.seconds * cells as f64 / last.lanes as f64);
        if awaited > PATIENCE[long] {
            break;
        }
        let experiment = case.experiment(size, options.steps.unwrap_or(STEPS), precision)?;
        rows.push(of_size(target, (options.repeats(), PATIENCE[long]), case, &experiment)?);
    }
    Ok(rows)
}

/// Makes the same map several times, unless that would take too long.
fn of_size(
    target: &Target,
    (repeats, patience): (usize, f64),
    case: &Case,
    experiment: &Experiment,
) -> Result<Row> {
    let mut runs: Vec<(f64, u64, Stages)> = Vec::new();
    let started = Instant::now();
    while runs.is_empty() || (runs.len() < repeats && started.elapsed().as_secs_f64() < patience / 3.0) {
        runs.push(make(target, experiment)?);
    }
    let lanes = u64::from(experiment.size[0]) * u64::from(experiment.size[1]);
    let taken = (lanes, experiment.steps, runs[0].1);
    let operations = operations(&Plan::new(experiment)?);
    let seconds: Vec<f64> = runs.iter().map(|run| run.0).collect();
    let row = row((target, case, experiment.precision), taken, operations, &seconds);
    let stages = runs.iter().find(|run| run.0 == row.seconds).map(|run| run.2);
    Ok(Row { measured: Kind::Maps, maps_per_second: Some(1.0 / row.seconds), stages, ..row })
}

/// Makes a map and its files, and says how long it took, how many steps were taken, and where the time went.
fn make(target: &Target, experiment: &Experiment) -> Result<(f64, u64, Stages)> {
    let place = tempfile::tempdir().map_err(Error::write(std::env::temp_dir()))?;
    let started = Instant::now();
    let directory = Directory::create(place.path())?;
    let asked = Asked::default();
    let making = Making::begin(&directory, experiment, target.engine(), asked)?;
    let report = making.make(target.engine(), &|_| {})?.report;
    let total = started.elapsed().as_secs_f64();
    let seconds = &report.seconds;
    let measured =
        seconds.compile + seconds.run + seconds.readback + seconds.analyse + seconds.check + seconds.draw;
    let stages = Stages {
        compile: seconds.compile,
        run: seconds.run,
        readback: seconds.readback,
        analyse: seconds.analyse + seconds.check,
        draw: seconds.draw,
        write: (total - measured).max(0.0),
    };
    Ok((total, report.steps_taken, stages))
}
