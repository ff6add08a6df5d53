//! Experiment to work: everything an engine needs, checked and in numbers.

use std::ops::Range;

use crate::bins::Bins;
use crate::descent::{Descent, Observable};
use crate::error::Result;
use crate::experiment::{Axis, Experiment, PhaseExperiment, Precision, Settling, Setup};
use crate::fate::{self, Rules};
use crate::formula::{BLOCK, Id};
use crate::window::{Window, windows};

/// Where a trajectory's value of a quantity comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// The value of its column on the axis across.
    Across,
    /// The value of its row on the axis up.
    Up,
    /// Its own value in the plan's list of this number.
    Cell(usize),
    /// The same for all.
    Value(f64),
}

/// A map to compute: one trajectory per cell, cell `i * width + j` at (`across[j]`, `up[i]`).
#[derive(Clone, Debug)]
pub struct Plan {
    /// The formulas of a step.
    pub descent: Descent,
    /// Shape `[W]`; the axis values, ascending.
    pub across: Vec<f64>,
    /// Shape `[H]`.
    pub up: Vec<f64>,
    /// Lists of one value for each cell.
    pub lists: Vec<Vec<f64>>,
    /// The initial state, one for each of `descent.state`.
    pub initial: Vec<Source>,
    /// One for each of `descent.quantities`.
    pub quantities: Vec<Source>,
    /// Of the noise; a cell's number is that of its trajectory, ...
    pub seed: u32,
    /// ... counted from the number of the plan's first cell in the whole map.
    pub first: u32,
    /// How the budget is cut.
    pub windows: Vec<Window>,
    /// Steps before the learning rate stops changing, see [`Experiment::settled`].
    pub settled: u32,
    /// Whether it changes smoothly to the end: then nothing is decided before the last window.
    pub drifts: bool,
    /// The largest initial coordinate: what counts as large and small.
    pub scale: f64,
    /// When a trajectory has ended.
    pub rules: Rules<f64>,
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    /// Number format that the engine computes in.
    pub precision: Precision,
}

/// A window in its place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The window.
    pub window: Window,
    /// Steps from the last change of the learning rate to the start of the window's probe, ...
    pub elapsed: u32,
    /// ... and to the measurement of the probe before it; -1 for the first.
    pub last_elapsed: i32,
    /// Samples, and the steps in them, with this window's.
    pub samples: u32,
    /// Steps in all samples so far, with this window's.
    pub sampled: u32,
    /// Whether the budget ends with it.
    pub is_last: bool,
}

/// What a plan is made from.
pub struct Parts<'a> {
    /// What is descended, and how.
    pub setup: &'a Setup,
    /// The axis across.
    pub across: &'a Axis,
    /// Columns.
    pub width: u32,
    /// The quantity along the axis up, if there is one.
    pub up_name: Option<&'a str>,
    /// Values of the rows, from the bottom up; one if nothing is along them.
    pub up: Vec<f64>,
    /// Variables whose initial values differ from cell to cell.
    pub spread: Vec<(&'a str, Vec<f64>)>,
    /// A formula to evaluate besides, if there is one.
    pub observable: Option<Observable<'a>>,
    /// The budget of each trajectory.
    pub steps: u32,
    /// When the learning rate stops changing.
    pub settling: Settling,
    /// Longest period that is looked for.
    pub period_max: u32,
    /// The largest initial coordinate.
    pub scale: f64,
    /// Distance at which an orbit has arrived, if not the usual part of the scale.
    pub tolerance: Option<f64>,
    /// Size at which an orbit has diverged, if not the usual multiple of the scale.
    pub escape: Option<f64>,
    /// The loss whose first step is looked for, if any.
    pub target: Option<f64>,
    /// Number format.
    pub precision: Precision,
}

impl Plan {
    /// Resolves an experiment into a plan.
    ///
    /// # Errors
    /// The request's errors, as [`Experiment::check`].
    pub fn new(experiment: &Experiment) -> Result<Self> {
        experiment.check()?;
        Self::of(Parts {
            setup: &experiment.setup,
            across: &experiment.across,
            width: experiment.size[0],
            up_name: Some(&experiment.up.name),
            up: experiment.up.values(experiment.size[1]),
            spread: Vec::new(),
            observable: None,
            steps: experiment.steps,
            settling: experiment.settling(),
            period_max: experiment.period_max,
            scale: experiment.scale(),
            tolerance: experiment.tolerance,
            escape: experiment.escape,
            target: experiment.target,
            precision: experiment.precision,
        })
    }

    /// The plan of a phase diagram, a row for each start. What is observed is sorted into `bins` if there are
    /// any.
    ///
    /// # Errors
    /// The request's errors, as [`PhaseExperiment::check`].
    pub fn of_phase(experiment: &PhaseExperiment, bins: Option<&Bins>) -> Result<Self> {
        experiment.check()?;
        let width = experiment.size[0] as usize;
        let by_cell = |(name, values): (_, Vec<f64>)| {
            (name, values.into_iter().flat_map(|value| std::iter::repeat_n(value, width)).collect())
        };
        Self::of(Parts {
            setup: &experiment.setup,
            across: &experiment.across,
            width: experiment.size[0],
            up_name: None,
            up: (0..experiment.starts).map(f64::from).collect(),
            spread: experiment.spread().into_iter().map(by_cell).collect(),
            observable: Some(Observable { formula: &experiment.observe, bins }),
            steps: experiment.steps,
            settling: experiment.settling(),
            period_max: fate::PERIOD_MAX,
            scale: experiment.scale(),
            tolerance: experiment.tolerance,
            escape: experiment.escape,
            target: None,
            precision: experiment.precision,
        })
    }

    /// This plan with other initial states: shape `[cells, dims]`.
    #[must_use]
    pub fn from_states(&self, states: &[f64]) -> Self {
        let dims = self.initial.len();
        let lists = (0..dims).map(|d| states.iter().skip(d).step_by(dims).copied().collect());
        Self { lists: lists.collect(), initial: (0..dims).map(Source::Cell).collect(), ..self.clone() }
    }

    /// The plan of some rows of a map, of which no quantity has a list of its own. Cells count from the first of them.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        debug_assert!(self.lists.is_empty());
        let first = self.first.wrapping_add((rows.start * self.across.len()) as u32);
        Self { up: self.up[rows].to_vec(), first, ..self.clone() }
    }

    /// Puts a plan together, of parts in which every name is known to have a value.
    ///
    /// # Errors
    /// Those of the formulas, and of numbers that the precision cannot hold.
    pub fn of(parts: Parts) -> Result<Self> {
        let Parts { setup, across, .. } = parts;
        let landscape = &setup.landscape.body;
        let axis_of = |name: &str| match name {
            _ if across.name == name => Some(Source::Across),
            _ if parts.up_name == Some(name) => Some(Source::Up),
            _ => parts.spread.iter().position(|(spread, _)| *spread == name).map(Source::Cell),
        };
        let fixed = |name: &str| match axis_of(name) {
            Some(_) => None,
            None => setup.value(name),
        };
        let descent = Descent::observing(
            landscape,
            setup.optimizer,
            |graph| setup.build_eta(graph),
            fixed,
            parts.observable,
        )?;
        if parts.precision == Precision::F32 {
            descent.check_f32()?;
        }
        let initial = (landscape.variables.iter())
            .map(|v| {
                let value = || setup.value(v).expect("`check` has found a value for every variable");
                axis_of(v).unwrap_or_else(|| Source::Value(value()))
            })
            // Velocities start at rest.
            .chain(descent.state[descent.variables..].iter().map(|_| Source::Value(0.0)))
            .collect();
        let quantities = (descent.quantities.iter())
            .map(|(name, _)| axis_of(name).expect("`check` has found a value for every parameter"))
            .collect();
        // An orbit with noise never returns, nor comes to rest; and where the rate may jump, none is known to.
        let restless = !descent.normals.is_empty() || parts.settling == Settling::Never;
        let period_max = if restless { 0 } else { parts.period_max };
        let (settled, dims) = (parts.settling.settled(parts.steps), descent.state.len());
        Ok(Self {
            descent,
            across: across.values(parts.width),
            up: parts.up,
            lists: parts.spread.into_iter().map(|(_, values)| values).collect(),
            initial,
            quantities,
            seed: setup.seed,
            first: 0,
            windows: windows(parts.steps, settled, period_max),
            settled,
            drifts: matches!(parts.settling, Settling::Smoothly(_)),
            scale: parts.scale,
            rules: Rules {
                tolerance: parts.tolerance.unwrap_or(fate::TOLERANCE * parts.scale),
                escape: parts.escape.unwrap_or(fate::escape(parts.scale)),
                neutral: dims > 1,
            },
            target: parts.target,
            precision: parts.precision,
        })
    }

    /// The windows with what is known of each before it runs.
    pub fn stages(&self) -> impl Iterator<Item = Stage> + '_ {
        let (mut samples, mut sampled, mut last_elapsed) = (0, 0, -1);
        self.windows.iter().enumerate().map(move |(k, &window)| {
            if window.sample > 0 {
                (samples, sampled) = (samples + 1, sampled + window.sample);
            }
            let elapsed = (window.start + window.advance).saturating_sub(self.settled);
            let is_last = k + 1 == self.windows.len();
            let stage = Stage { window, elapsed, last_elapsed, samples, sampled, is_last };
            if window.half > 0 {
                last_elapsed = (elapsed + window.half) as i32;
            }
            stage
        })
    }

    /// Rows of data that a step goes through at most, and the blocks of them.
    pub fn rounds_per_step(&self) -> u64 {
        let Descent { graph, next, tangent_next, loss, observed, .. } = &self.descent;
        let roots: Vec<Id> = next.iter().chain(tangent_next).chain([loss]).chain(observed).copied().collect();
        let most = |count: Id| match graph.value(count) {
            Some(rows) => rows,
            // A quantity: it can be on an axis only.
            None => {
                let depends = |k: &usize| graph.reachable(&[count]).contains(&self.descent.quantities[*k].1);
                let place = (0..self.quantities.len()).find(depends);
                place.map_or(0.0, |k| self.largest(self.quantities[k]))
            }
        };
        let rows = graph.row_counts(&roots).into_iter().map(|count| most(count).max(0.0) as u64 + 1);
        rows.map(|rows| rows + rows.div_ceil(BLOCK as u64)).sum()
    }

    /// The largest value of `source` in any cell.
    fn largest(&self, source: Source) -> f64 {
        match source {
            Source::Across => self.across[self.across.len() - 1],
            Source::Up => self.up[self.up.len() - 1],
            Source::Cell(list) => self.lists[list].iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Source::Value(value) => value,
        }
    }

    /// The last step of the budget, whose learning rate is the one at the end.
    pub fn last_step(&self) -> u32 {
        self.windows.last().map_or(0, |window| window.start + window.steps() - 1)
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.across.len() * self.up.len()
    }

    /// The value of `source` in a cell.
    pub fn value(&self, source: Source, cell: usize) -> f64 {
        match source {
            Source::Across => self.across[cell % self.across.len()],
            Source::Up => self.up[cell / self.across.len()],
            Source::Cell(list) => self.lists[list][cell],
            Source::Value(value) => value,
        }
    }

    /// The tangent vector that every trajectory starts with: no symmetry of a landscape singles it out.
    pub fn tangent_start(&self) -> Vec<f64> {
        let dims = self.initial.len();
        (0..dims).map(|d| 1.0 - 0.37 * d as f64 / dims as f64).collect()
    }

    /// What moves an orbit's variables as it enters another column: no further than the tolerance, and in the
    /// direction of [`Plan::tangent_start`].
    pub fn nudge(&self) -> Vec<f64> {
        let start = self.tangent_start().into_iter().take(self.descent.variables);
        start.map(|v| v * self.rules.tolerance).collect()
    }

    /// The weights whose sum with a point's coordinates is largest at the point that stands for a
    /// cycle: fractions of the golden ratio, so that no symmetry of a landscape makes a tie.
    pub fn phase_weights(&self) -> Vec<f64> {
        (0..self.initial.len()).map(|i| 1.0 - 0.5 * (i as f64 * 0.618_033_988_749_895).fract()).collect()
    }
}
