//! A tile: some rows of a map, computed together.

use std::ops::Range;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::analysis::{edge, refine_exponents, settling_times, sharpness_and_products, sharpness_of_cells};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Engine, Outcomes, Seconds};
use crate::error::Result;
use crate::experiment::{Experiment, Precision};
use crate::fate::Fate;
use crate::map::{Array, ArrayRef};
use crate::plan::Plan;
use crate::report::{Budget, StageSeconds};
use crate::view::View;

/// Rows of a map, and what can be known of them without the others.
pub struct Tile {
    pub rows: Range<usize>,
    pub outcomes: Outcomes,
    /// NaN where not measured, as the next.
    pub settle: Vec<f64>,
    pub sharpness: Vec<f64>,
    pub edge: Option<Vec<f64>>,
    pub work: Work,
}

/// What it took to compute tiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub steps_taken: u64,
    pub budgets: Vec<Budget>,
    pub seconds: StageSeconds,
    /// As in the [`Report`](crate::report::Report), like the next.
    pub device_faults: u64,
    pub fallback_cells: u64,
}

impl Work {
    /// Adds that of another tile.
    pub fn add(&mut self, more: &Self) {
        self.steps_taken += more.steps_taken;
        for (k, budget) in more.budgets.iter().enumerate() {
            // Budgets double from the same first one; a tile without undecided cells has no longer ones.
            match self.budgets.get_mut(k) {
                Some(own) => own.undecided += budget.undecided,
                None => self.budgets.push(*budget),
            }
        }
        self.seconds.compile += more.seconds.compile;
        self.seconds.run += more.seconds.run;
        self.seconds.readback += more.seconds.readback;
        self.seconds.analyse += more.seconds.analyse;
        self.device_faults += more.device_faults;
        self.fallback_cells += more.fallback_cells;
    }
}

impl Tile {
    /// The numbers of an array of the map, of the tile's rows; `None` for those that need the other tiles, or are not
    /// asked for.
    pub(crate) fn array(&self, array: Array) -> Option<ArrayRef<'_>> {
        let outcomes = &self.outcomes;
        Some(match array {
            Array::Fate => ArrayRef::Codes(&outcomes.fate),
            Array::Period => ArrayRef::Counts(&outcomes.period),
            Array::Amplitude => ArrayRef::Floats(&outcomes.amplitude),
            Array::Lyapunov => ArrayRef::Floats(&outcomes.lyapunov),
            Array::Settle => ArrayRef::Floats(&self.settle),
            Array::Loss => ArrayRef::Floats(&outcomes.loss),
            Array::Sharpness => ArrayRef::Floats(&self.sharpness),
            Array::Reach => ArrayRef::Floats(&outcomes.reach),
            Array::Edge => ArrayRef::Floats(self.edge.as_deref()?),
            Array::Attractor | Array::Certainty => return None,
        })
    }

    /// Runs the trajectories of these rows and measures what the experiment asks for.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn compute(
        experiment: &Experiment,
        rows: Range<usize>,
        engine: &dyn Engine,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        let (started, faults) = (Instant::now(), engine.faults());
        let plan = |experiment: &Experiment| Ok(Plan::new(experiment)?.rows(rows.clone()));
        let own = plan(experiment)?;
        let planned = started.elapsed().as_secs_f64();
        let cells: Vec<u32> = (0..own.cells() as u32).collect();
        let Ends { outcomes, budgets, steps_taken } =
            Ends::find(experiment, (&cells, true), engine, &plan, progress)?;
        let shows = |view| experiment.show.contains(&view);
        let (sharpness, edge) = if shows(View::Edge) {
            let (sharpness, products) = sharpness_and_products(&own, &cells, &outcomes);
            (sharpness, Some(edge(experiment, &own, &cells, &products)))
        } else {
            (sharpness_of_cells(&own, &cells, &outcomes, shows(View::Sharpness)), None)
        };
        let settle = match shows(View::Settle) {
            true => settling_times(&own, &cells, &outcomes),
            false => vec![f64::NAN; own.cells()],
        };
        let Seconds { compile, run, readback } = outcomes.seconds;
        let analyse = started.elapsed().as_secs_f64() - (planned + compile + run + readback);
        let seconds =
            StageSeconds { compile: planned + compile, run, readback, analyse, ..StageSeconds::default() };
        let took = started.elapsed().as_secs_f64();
        tracing::info!(
            "rows {} to {}: {:.3e} steps, {took:.2} s",
            rows.start,
            rows.end - 1,
            steps_taken as f64
        );
        let (device_faults, fallback_cells) = (engine.faults() - faults, outcomes.fallback.len() as u64);
        let work = Work { steps_taken, budgets, seconds, device_faults, fallback_cells };
        Ok(Self { rows, outcomes, settle, sharpness, edge, work })
    }
}

/// The ends of all trajectories, the budgets that they took, and the steps in all.
pub struct Ends {
    pub outcomes: Outcomes,
    pub budgets: Vec<Budget>,
    pub steps_taken: u64,
}

impl Ends {
    /// Runs the trajectories of `cells`; those that are undecided are run again with twice the budget, as long as the
    /// experiment allows. `plan` makes the plan of a budget, and `is_all` says whether the
    /// cells are all of its own.
    pub fn find(
        experiment: &Experiment,
        (cells, is_all): (&[u32], bool),
        engine: &dyn Engine,
        plan: &dyn Fn(&Experiment) -> Result<Plan>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        let most = experiment.most_steps();
        let run = |experiment: &Experiment, cells: Cells, listed: &[u32], decided: u64| -> Result<Outcomes> {
            let plan = plan(experiment)?;
            let mut outcomes = engine.run(&plan, &cells, &|done| progress(decided + done))?;
            let refuted = refine_exponents(&plan, listed, &mut outcomes);
            if plan.precision == Precision::F32 && !refuted.is_empty() {
                // Few numbers lie within a chaotic attractor in f32: an orbit may come back to one of its own; and of
                // a slow drift they may hold it.
                let exact = Plan { precision: Precision::F64, ..plan };
                tracing::info!(
                    "{} cells go to the CPU in f64: in f32 their cycles do not contract",
                    refuted.len()
                );
                let again: Vec<u32> = refuted.iter().map(|&k| listed[k as usize]).collect();
                let mut ends = CpuEngine::default().run(&exact, &Cells::Listed(again.clone()), &|_| {})?;
                refine_exponents(&exact, &again, &mut ends);
                outcomes.replace(&refuted, &ends);
            }
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
            tracing::info!("{} undecided cells again, with {} steps", places.len(), longer.steps);
            let listed: Vec<u32> = places.iter().map(|&k| cells[k as usize]).collect();
            let decided = (cells.len() - places.len()) as u64;
            let more = run(&longer, Cells::Listed(listed.clone()), &listed, decided)?;
            ends.steps_taken += more.steps_taken();
            ends.outcomes.replace(&places, &more);
        }
    }
}
