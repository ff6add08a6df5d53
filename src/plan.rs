//! Experiment to work: everything an engine needs, checked and in numbers.

use crate::descent::Descent;
use crate::error::Result;
use crate::experiment::{Experiment, Precision, Settling};
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
    /// The same for all.
    Value(f64),
}

/// A map to compute: one trajectory per cell, cell `i * width + j` at (`across[j]`, `up[i]`).
#[derive(Clone, Debug)]
pub struct Plan {
    pub descent: Descent,
    /// Shape `[W]`; the axis values, ascending.
    pub across: Vec<f64>,
    /// Shape `[H]`.
    pub up: Vec<f64>,
    /// The initial state, one for each of `descent.state`.
    pub initial: Vec<Source>,
    /// One for each of `descent.quantities`.
    pub quantities: Vec<Source>,
    /// Of the noise; a cell's number is that of its trajectory.
    pub seed: u32,
    pub windows: Vec<Window>,
    /// Steps before the learning rate stops changing, see [`Experiment::settled`].
    pub settled: u32,
    /// Whether it changes smoothly to the end: then nothing is decided before the last window.
    pub drifts: bool,
    /// The largest initial coordinate: what counts as large and small.
    pub scale: f64,
    pub rules: Rules<f64>,
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    pub precision: Precision,
}

/// A window in its place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    pub window: Window,
    /// Steps from the last change of the learning rate to the start of the window's probe, ...
    pub elapsed: u32,
    /// ... and to the measurement of the probe before it; -1 for the first.
    pub last_elapsed: i32,
    /// Samples, and the steps in them, with this window's.
    pub samples: u32,
    pub sampled: u32,
    pub is_last: bool,
}

impl Plan {
    /// Resolves an experiment into a plan.
    ///
    /// # Errors
    /// The request's errors, as [`Experiment::check`].
    pub fn new(experiment: &Experiment) -> Result<Self> {
        experiment.check()?;
        let landscape = &experiment.setup.landscape.body;
        let axis_of = |name: &str| match name {
            _ if experiment.across.name == name => Some(Source::Across),
            _ if experiment.up.name == name => Some(Source::Up),
            _ => None,
        };
        let fixed = |name: &str| match axis_of(name) {
            Some(_) => None,
            None => experiment.setup.value(name),
        };
        let descent = Descent::new(
            landscape,
            experiment.setup.optimizer,
            |graph| experiment.setup.build_eta(graph),
            fixed,
        )?;
        if experiment.precision == Precision::F32 {
            descent.check_f32()?;
        }
        let initial = (landscape.variables.iter())
            .map(|v| {
                let value =
                    || experiment.setup.value(v).expect("`check` has found a value for every variable");
                axis_of(v).unwrap_or_else(|| Source::Value(value()))
            })
            // Velocities start at rest.
            .chain(descent.state[descent.variables..].iter().map(|_| Source::Value(0.0)))
            .collect();
        let quantities = (descent.quantities.iter())
            .map(|(name, _)| axis_of(name).expect("`check` has found a value for every parameter"))
            .collect();
        let (settled, settling) = (experiment.settled(), experiment.settling());
        // An orbit with noise never returns, nor comes to rest; and where the rate may jump, none is known to.
        let restless = !descent.normals.is_empty() || settling == Settling::Never;
        let period_max = if restless { 0 } else { experiment.period_max };
        let scale = experiment.scale();
        let dims = descent.state.len();
        Ok(Self {
            descent,
            across: experiment.across.values(experiment.size[0]),
            up: experiment.up.values(experiment.size[1]),
            initial,
            quantities,
            seed: experiment.setup.seed,
            windows: windows(experiment.steps, settled, period_max),
            settled,
            drifts: matches!(settling, Settling::Smoothly(_)),
            scale,
            rules: Rules {
                tolerance: experiment.tolerance.unwrap_or(fate::TOLERANCE * scale),
                escape: experiment.escape.unwrap_or(fate::ESCAPE * scale),
                neutral: dims > 1,
            },
            target: experiment.target,
            precision: experiment.precision,
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
        let Descent { graph, next, tangent_next, loss, .. } = &self.descent;
        let roots: Vec<Id> = next.iter().chain(tangent_next).chain([loss]).copied().collect();
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
            Source::Value(value) => value,
        }
    }

    /// The tangent vector that every trajectory starts with: no symmetry of a landscape singles it out.
    pub fn tangent_start(&self) -> Vec<f64> {
        let dims = self.initial.len();
        (0..dims).map(|d| 1.0 - 0.37 * d as f64 / dims as f64).collect()
    }

    /// The weights whose sum with a point's coordinates is largest at the point that stands for a
    /// cycle: fractions of the golden ratio, so that no symmetry of a landscape makes a tie.
    pub fn phase_weights(&self) -> Vec<f64> {
        (0..self.initial.len()).map(|i| 1.0 - 0.5 * (i as f64 * 0.618_033_988_749_895).fract()).collect()
    }
}
