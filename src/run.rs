//! Experiment to map: plan, engine, analysis, in this order.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::analysis::{check, edge, identify, refine_exponents, settling_times, sharpness_of_cells};
use crate::engine::{Cells, Engine, Outcomes, Seconds};
use crate::error::Result;
use crate::experiment::Experiment;
use crate::fate::Fate;
use crate::map::Map;
use crate::plan::Plan;
use crate::report::{Budget, LISTED, Report, StageSeconds};
use crate::view::View;

/// Runs every trajectory of `experiment` on `engine` and finds the attractors.
///
/// With `checked`, a sample of cells is computed again in f64. `progress` is told, from any thread, how
/// many cells have been computed.
///
/// # Errors
/// Those of [`Experiment::check`] and of the engine.
pub fn run(
    experiment: &Experiment,
    engine: &dyn Engine,
    checked: bool,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Map, Report)> {
    let started = Instant::now();
    let plan = Plan::new(experiment)?;
    let planned = started.elapsed().as_secs_f64();
    let cells: Vec<u32> = (0..plan.cells() as u32).collect();
    let started = Instant::now();
    let (outcomes, budgets, steps_taken) = trajectories(experiment, &plan, &cells, engine, progress)?;
    let Seconds { compile, run, readback } = outcomes.seconds;
    let identified = identify(&plan, &cells, &outcomes, experiment.phases);
    let attractors = identified.describe(&plan, &cells, &outcomes, LISTED);
    let attractors_found = identified.count();
    let shows = |view| experiment.show.contains(&view);
    let chaos = shows(View::Sharpness) || shows(View::Edge);
    let sharpness = sharpness_of_cells(&plan, &cells, &outcomes, chaos);
    let edge = edge(experiment, &plan, &cells, &sharpness);
    let settle = match shows(View::Settle) {
        true => settling_times(&plan, &cells, &outcomes),
        false => vec![f64::NAN; plan.cells()],
    };
    let map = map(&plan, &outcomes, identified.ids, [settle, sharpness, edge]);
    let analyse = started.elapsed().as_secs_f64() - (compile + run + readback);

    let started = Instant::now();
    let check = if checked { Some(check(&plan, &map, &outcomes)?) } else { None };
    let device = engine.device();
    let report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: device.name.clone(),
        device_kind: device.kind.clone(),
        driver: device.driver.clone(),
        backend: device.backend.clone(),
        engine: device.engine.to_owned(),
        precision: experiment.precision,
        steps_taken,
        seconds: StageSeconds {
            compile: planned + compile,
            run,
            readback,
            analyse,
            check: if checked { started.elapsed().as_secs_f64() } else { 0.0 },
            draw: 0.0,
        },
        budgets,
        fates: fates(&map),
        attractors_found,
        attractors,
        check,
    };
    Ok((map, report))
}

/// The ends of all trajectories, the budgets that they took, and the steps in all: those that are undecided are
/// run again with twice the budget, as long as the experiment allows.
fn trajectories(
    experiment: &Experiment,
    plan: &Plan,
    cells: &[u32],
    engine: &dyn Engine,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Outcomes, Vec<Budget>, u64)> {
    let mut outcomes = engine.run(plan, &Cells::All, progress)?;
    refine_exponents(plan, cells, &mut outcomes);
    let (mut budgets, mut steps_taken) = (Vec::new(), outcomes.steps_taken());
    let mut longer = experiment.clone();
    loop {
        let is_undecided = |k: &u32| outcomes.fate[*k as usize] == Fate::Undecided as u8;
        let undecided: Vec<u32> = cells.iter().copied().filter(is_undecided).collect();
        budgets.push(Budget { steps: longer.steps, undecided: undecided.len() as u64 });
        let most = experiment.steps_max.unwrap_or(experiment.steps);
        if undecided.is_empty() || longer.steps >= most {
            return Ok((outcomes, budgets, steps_taken));
        }
        longer.steps = longer.steps.saturating_mul(2).min(most);
        let decided = (cells.len() - undecided.len()) as u64;
        let longer_plan = Plan::new(&longer)?;
        let again = Cells::Listed(undecided.clone());
        let mut more = engine.run(&longer_plan, &again, &|done| progress(decided + done))?;
        refine_exponents(&longer_plan, &undecided, &mut more);
        steps_taken += more.steps_taken();
        outcomes.replace(&again, &more);
    }
}

fn map(
    plan: &Plan,
    outcomes: &Outcomes,
    attractor: Vec<i32>,
    [settle, sharpness, edge]: [Vec<f64>; 3],
) -> Map {
    Map {
        across: plan.across.clone(),
        up: plan.up.clone(),
        fate: outcomes.fate.clone(),
        period: outcomes.period.clone(),
        attractor,
        amplitude: outcomes.amplitude.clone(),
        lyapunov: outcomes.lyapunov.clone(),
        settle,
        reach: outcomes.reach.clone(),
        loss: outcomes.loss.clone(),
        sharpness,
        edge,
    }
}

/// Cells by the name of their fate.
fn fates(map: &Map) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = Fate::ALL.map(|fate| (fate.name().to_owned(), 0)).into();
    for fate in map.fate.iter().filter_map(|&code| Fate::from_code(code)) {
        *counts.entry(fate.name().to_owned()).or_default() += 1;
    }
    counts
}
