//! Experiment to map: plan, engine, analysis, in this order.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::analysis::{
    Certain, Certainty, certainty, check, doubtful, edge, identify, nudged, refine_exponents, settling_times,
    sharpness_of_cells,
};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Engine, Outcomes, Seconds};
use crate::error::Result;
use crate::experiment::{Experiment, Precision};
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
    let Ends { mut outcomes, budgets, steps_taken } =
        Ends::find(experiment, (&cells, true), engine, &|experiment| Plan::new(experiment), progress)?;
    let Seconds { compile, run, readback } = outcomes.seconds;
    let identified = identify(&plan, &cells, &outcomes, experiment.phases);
    let attractors = identified.describe(&plan, &cells, &outcomes, LISTED);
    let attractors_found = identified.count();
    let shows = |view| experiment.show.contains(&view);
    let chaos = shows(View::Sharpness) || shows(View::Edge);
    let sharpness = sharpness_of_cells(&plan, &cells, &outcomes, chaos);
    let edge = match shows(View::Edge) {
        true => Some(edge(experiment, &plan, &cells, &sharpness)),
        false => None,
    };
    let settle = match shows(View::Settle) {
        true => settling_times(&plan, &cells, &outcomes),
        false => vec![f64::NAN; plan.cells()],
    };
    // Who looks again needs both.
    let kept = (checked || experiment.certain).then(|| outcomes.clone());
    let mut map = map(&plan, std::mem::take(&mut outcomes), identified.ids, [settle, sharpness], edge);
    let outcomes = kept.unwrap_or_default();
    let analyse = started.elapsed().as_secs_f64() - (compile + run + readback);

    let started = Instant::now();
    let doubtful = doubtful(&map);
    let mut uncertain = doubtful.len() + map.fate.iter().filter(|&&f| f == Fate::Undecided as u8).count();
    if experiment.certain {
        let codes = certainties(experiment, &plan, &outcomes, &doubtful, engine)?;
        uncertain = codes.iter().filter(|&&code| code != Certainty::Agreed as u8).count();
        map.certainty = Some(codes);
    }
    let certain = Certain {
        cells: (map.cells() - uncertain) as u64,
        share: (map.cells() - uncertain) as f64 / map.cells() as f64,
        recomputed: if experiment.certain { doubtful.len() as u64 } else { 0 },
    };
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
            check: started.elapsed().as_secs_f64(),
            draw: 0.0,
        },
        budgets,
        certain,
        fates: fates(&map),
        attractors_found,
        attractors,
        check,
    };
    Ok((map, report))
}

/// The ends of all trajectories, the budgets that they took, and the steps in all.
struct Ends {
    outcomes: Outcomes,
    budgets: Vec<Budget>,
    steps_taken: u64,
}

impl Ends {
    /// Runs the trajectories of `cells`; those that are undecided are run again with twice the budget, as long as the
    /// experiment allows. `plan` makes the plan of a budget, and `is_all` says whether the
    /// cells are all of its own.
    fn find(
        experiment: &Experiment,
        (cells, is_all): (&[u32], bool),
        engine: &dyn Engine,
        plan: &dyn Fn(&Experiment) -> Result<Plan>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        let most = experiment.steps_max.unwrap_or(experiment.steps);
        let run = |experiment: &Experiment, cells: Cells, listed: &[u32], decided: u64| -> Result<Outcomes> {
            let plan = plan(experiment)?;
            let mut outcomes = engine.run(&plan, &cells, &|done| progress(decided + done))?;
            refine_exponents(&plan, listed, &mut outcomes);
            Ok(outcomes)
        };
        let mut longer = experiment.clone();
        let outcomes =
            run(&longer, if is_all { Cells::All } else { Cells::Listed(cells.to_vec()) }, cells, 0)?;
        let mut ends = Self { steps_taken: outcomes.steps_taken(), outcomes, budgets: Vec::new() };
        loop {
            let is_undecided = |k: &u32| ends.outcomes.fate[*k as usize] == Fate::Undecided as u8;
            let places: Vec<u32> = (0..cells.len() as u32).filter(is_undecided).collect();
            ends.budgets.push(Budget { steps: longer.steps, undecided: places.len() as u64 });
            if places.is_empty() || longer.steps >= most {
                return Ok(ends);
            }
            longer.steps = longer.steps.saturating_mul(2).min(most);
            let listed: Vec<u32> = places.iter().map(|&k| cells[k as usize]).collect();
            let decided = (cells.len() - places.len()) as u64;
            let more = run(&longer, Cells::Listed(listed.clone()), &listed, decided)?;
            ends.steps_taken += more.steps_taken();
            ends.outcomes.replace(&places, &more);
        }
    }
}

/// The certainty of each cell: the doubtful ones are computed again in f64, and from a nudged start.
fn certainties(
    experiment: &Experiment,
    plan: &Plan,
    outcomes: &Outcomes,
    doubtful: &[u32],
    engine: &dyn Engine,
) -> Result<Vec<u8>> {
    let quiet = |_| ();
    let in_f64 = |experiment: &Experiment| Ok(Plan { precision: Precision::F64, ..Plan::new(experiment)? });
    let moved = |experiment: &Experiment| Ok(nudged(&Plan::new(experiment)?));
    let exact = Ends::find(experiment, (doubtful, false), &CpuEngine::default(), &in_f64, &quiet)?;
    let moved = Ends::find(experiment, (doubtful, false), engine, &moved, &quiet)?;
    Ok(certainty(plan, outcomes, doubtful, (&exact.outcomes, &moved.outcomes)))
}

fn map(
    plan: &Plan,
    outcomes: Outcomes,
    attractor: Vec<i32>,
    [settle, sharpness]: [Vec<f64>; 2],
    edge: Option<Vec<f64>>,
) -> Map {
    Map {
        across: plan.across.clone(),
        up: plan.up.clone(),
        fate: outcomes.fate,
        period: outcomes.period,
        attractor,
        amplitude: outcomes.amplitude,
        lyapunov: outcomes.lyapunov,
        settle,
        reach: plan.target.map(|_| outcomes.reach),
        loss: outcomes.loss,
        sharpness,
        edge,
        certainty: None,
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
