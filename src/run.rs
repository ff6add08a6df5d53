//! Experiment to map: plan, engine, analysis, in this order.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::analysis::{check, identify, refine_exponents, sharpness_of_cells};
use crate::engine::{Cells, Engine, Outcomes};
use crate::error::Result;
use crate::experiment::Experiment;
use crate::fate::Fate;
use crate::map::Map;
use crate::plan::Plan;
use crate::report::{LISTED, Report, StageSeconds};

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
    let mut outcomes = engine.run(&plan, &Cells::All, progress)?;

    let started = Instant::now();
    let cells: Vec<u32> = (0..plan.cells() as u32).collect();
    refine_exponents(&plan, &cells, &mut outcomes);
    let identified = identify(&plan, &cells, &outcomes);
    let attractors = identified.describe(&plan, &cells, &outcomes, LISTED);
    let attractors_found = identified.count();
    let sharpness = sharpness_of_cells(&plan, &cells, &outcomes);
    let map = map(&plan, &outcomes, identified.ids, sharpness);
    let analyse = started.elapsed().as_secs_f64();

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
        steps_taken: outcomes.steps_taken(),
        seconds: StageSeconds {
            compile: planned + outcomes.seconds.compile,
            run: outcomes.seconds.run,
            readback: outcomes.seconds.readback,
            analyse,
            check: if checked { started.elapsed().as_secs_f64() } else { 0.0 },
            draw: 0.0,
        },
        fates: fates(&map),
        attractors_found,
        attractors,
        check,
    };
    Ok((map, report))
}

fn map(plan: &Plan, outcomes: &Outcomes, attractor: Vec<i32>, sharpness: Vec<f64>) -> Map {
    Map {
        across: plan.across.clone(),
        up: plan.up.clone(),
        fate: outcomes.fate.clone(),
        period: outcomes.period.clone(),
        attractor,
        amplitude: outcomes.amplitude.clone(),
        lyapunov: outcomes.lyapunov.clone(),
        settle: vec![f64::NAN; plan.cells()],
        reach: plan.target.map(|_| outcomes.reach.clone()),
        loss: outcomes.loss.clone(),
        sharpness,
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
