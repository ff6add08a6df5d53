//! The engines: a plan in, the end of every trajectory out.
//!
//! Both engines run the same loop, `cpu/descend.rs` and `shaders/descend.wgsl`, over the same
//! windows, and end trajectories by the same rule ([`crate::fate`]).

pub mod cpu;
pub mod fallback;
pub mod gpu;
pub mod several;

use serde::Serialize;

use crate::error::Result;
use crate::experiment::Warm;
use crate::plan::Plan;

/// What computes: a GPU, a software adapter, or the processor itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// `gpu` or `cpu`: which engine drives it.
    pub engine: &'static str,
    /// Of several devices all names, as with kinds, backends and drivers.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software`, `processor` or `other`.
    pub kind: String,
    /// Vulkan, Metal, Dx12, or the instruction set.
    pub backend: String,
    /// Name and version of the driver; of the CPU engine, of this crate.
    pub driver: String,
    /// Whether it computes in f64 here.
    pub f64: bool,
}

/// How the trajectories ended, by cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// [`crate::fate::Fate`] codes; [`Outcomes::MISSING`] where nothing was written, and what else is there has no
    /// meaning.
    pub fate: Vec<u8>,
    /// 0 where there is none.
    pub period: Vec<u32>,
    /// Of a cycle of p steps, the steps modulo p at which the orbit is at the point that stands for it.
    pub phase: Vec<u32>,
    /// Steps taken until the end was known.
    pub steps: Vec<u32>,
    /// NaN where not measured, as for the next two.
    pub amplitude: Vec<f64>,
    /// Nats per step.
    pub lyapunov: Vec<f64>,
    /// Mean over the attractor.
    pub loss: Vec<f64>,
    /// Shape `[cells, dims]`: the state at the point that stands for the cycle, or the last one reached; the
    /// variables, then the velocities if there are any.
    pub point: Vec<f64>,
    /// First step at which the loss was no more than the plan's target; NaN where it never was. Empty without a
    /// target.
    pub reach: Vec<f64>,
    /// What it took.
    pub seconds: Seconds,
    /// The places, ascending, of the trajectories that another engine has computed, because the device failed.
    pub fallback: Vec<u32>,
}

/// Wall-clock time that an engine has spent, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seconds {
    /// Formulas to code that the device runs.
    pub compile: f64,
    /// Steps and verdicts.
    pub run: f64,
    /// From the device's memory to ours.
    pub readback: f64,
}

impl Seconds {
    fn add(&mut self, more: Self) {
        self.compile += more.compile;
        self.run += more.run;
        self.readback += more.readback;
    }
}

impl Outcomes {
    /// The fate code of a cell that no engine has written.
    pub const MISSING: u8 = u8::MAX;

    /// Outcomes of `cells` cells with states of `dims` dimensions, all missing: the numbers are 0 and mean nothing.
    pub fn missing(cells: usize, dims: usize) -> Self {
        // Zeros take no time until they are written over, by the thread that does.
        Self {
            fate: vec![Self::MISSING; cells],
            period: vec![0; cells],
            phase: vec![0; cells],
            steps: vec![0; cells],
            amplitude: vec![0.0; cells],
            lyapunov: vec![0.0; cells],
            loss: vec![0.0; cells],
            point: vec![0.0; cells * dims],
            reach: Vec::new(),
            seconds: Seconds::default(),
            fallback: Vec::new(),
        }
    }

    /// Outcomes of so many of the plan's cells, all missing.
    pub fn of(plan: &Plan, cells: usize) -> Self {
        let reach = vec![f64::NAN; if plan.target.is_some() { cells } else { 0 }];
        Self { reach, ..Self::missing(cells, plan.initial.len()) }
    }

    /// Parts of `size` trajectories each, in order, to be written by different threads; the last may have fewer.
    pub(crate) fn parts(&mut self, size: usize) -> Vec<OutcomesPart<'_>> {
        let dims = self.point.len() / self.fate.len().max(1);
        let (mut period, mut phase) = (self.period.chunks_mut(size), self.phase.chunks_mut(size));
        let (mut steps, mut amplitude) = (self.steps.chunks_mut(size), self.amplitude.chunks_mut(size));
        let (mut lyapunov, mut loss) = (self.lyapunov.chunks_mut(size), self.loss.chunks_mut(size));
        let (mut point, mut reach) =
            (self.point.chunks_mut((size * dims).max(1)), self.reach.chunks_mut(size));
        let part = |fate| OutcomesPart {
            fate,
            period: period.next().unwrap_or_default(),
            phase: phase.next().unwrap_or_default(),
            steps: steps.next().unwrap_or_default(),
            amplitude: amplitude.next().unwrap_or_default(),
            lyapunov: lyapunov.next().unwrap_or_default(),
            loss: loss.next().unwrap_or_default(),
            point: point.next().unwrap_or_default(),
            reach: reach.next().unwrap_or_default(),
        };
        self.fate.chunks_mut(size).map(part).collect()
    }

    /// Puts outcomes in their place, from the one at `start` on.
    pub fn put(&mut self, start: usize, part: &Self) {
        fn copy<T: Copy>(to: &mut [T], from: &[T], start: usize) {
            to[start..start + from.len()].copy_from_slice(from);
        }
        let dims = part.point.len() / part.fate.len().max(1);
        copy(&mut self.fate, &part.fate, start);
        copy(&mut self.period, &part.period, start);
        copy(&mut self.phase, &part.phase, start);
        copy(&mut self.steps, &part.steps, start);
        copy(&mut self.amplitude, &part.amplitude, start);
        copy(&mut self.lyapunov, &part.lyapunov, start);
        copy(&mut self.loss, &part.loss, start);
        copy(&mut self.point, &part.point, start * dims);
        if !part.reach.is_empty() {
            copy(&mut self.reach, &part.reach, start);
        }
        self.fell_back(part.fallback.iter().map(|&place| place + start as u32));
    }

    /// Notes places of which another engine has computed the trajectories.
    fn fell_back(&mut self, places: impl Iterator<Item = u32>) {
        self.fallback.extend(places);
        self.fallback.sort_unstable();
        self.fallback.dedup();
    }

    /// Puts `more` after these outcomes. The time of both counts.
    pub fn append(&mut self, more: &Self) {
        let start = self.fate.len() as u32;
        self.fell_back(more.fallback.iter().map(|&place| place + start));
        self.fate.extend(&more.fate);
        self.period.extend(&more.period);
        self.phase.extend(&more.phase);
        self.steps.extend(&more.steps);
        self.amplitude.extend(&more.amplitude);
        self.lyapunov.extend(&more.lyapunov);
        self.loss.extend(&more.loss);
        self.point.extend(&more.point);
        self.reach.extend(&more.reach);
        self.seconds.add(more.seconds);
    }

    /// The outcomes at `places`, as far as they say where orbits end: without steps and reach.
    #[must_use]
    pub fn at(&self, places: &[u32]) -> Self {
        fn picked<T: Copy>(from: &[T], places: &[u32]) -> Vec<T> {
            places.iter().map(|&k| from[k as usize]).collect()
        }
        let dims = self.point.len() / self.fate.len().max(1);
        let point = |&k: &u32| &self.point[k as usize * dims..(k as usize + 1) * dims];
        Self {
            fate: picked(&self.fate, places),
            period: picked(&self.period, places),
            phase: picked(&self.phase, places),
            amplitude: picked(&self.amplitude, places),
            lyapunov: picked(&self.lyapunov, places),
            loss: picked(&self.loss, places),
            point: places.iter().flat_map(point).copied().collect(),
            ..Self::default()
        }
    }

    /// Puts outcomes in the place of those at `places`. The time of both counts.
    pub fn replace(&mut self, places: &[u32], by: &Self) {
        let dims = by.point.len() / by.fate.len().max(1);
        for (k, &to) in places.iter().enumerate() {
            let to = to as usize;
            self.fate[to] = by.fate[k];
            self.period[to] = by.period[k];
            self.phase[to] = by.phase[k];
            self.steps[to] = by.steps[k];
            self.amplitude[to] = by.amplitude[k];
            self.lyapunov[to] = by.lyapunov[k];
            self.loss[to] = by.loss[k];
            if let Some(reach) = by.reach.get(k) {
                self.reach[to] = *reach;
            }
            self.point[to * dims..(to + 1) * dims].copy_from_slice(&by.point[k * dims..(k + 1) * dims]);
        }
        self.fell_back(by.fallback.iter().map(|&place| places[place as usize]));
        self.seconds.add(by.seconds);
    }

    /// Trajectory-steps taken in all.
    pub fn steps_taken(&self) -> u64 {
        self.steps.iter().map(|&s| u64::from(s)).sum()
    }
}

/// The outcomes of some trajectories one after another, as in [`Outcomes`].
pub(crate) struct OutcomesPart<'a> {
    pub fate: &'a mut [u8],
    pub period: &'a mut [u32],
    pub phase: &'a mut [u32],
    pub steps: &'a mut [u32],
    pub amplitude: &'a mut [f64],
    pub lyapunov: &'a mut [f64],
    pub loss: &'a mut [f64],
    pub point: &'a mut [f64],
    pub reach: &'a mut [f64],
}

/// What a thread returns; its panic goes on in this one.
pub(crate) fn waited_for<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What is counted along the trajectories of a plan that observes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Steps after which counting begins.
    pub transient: u32,
    /// Steps in all; the state after each of them that follows the transient is counted.
    pub steps: u32,
    /// Bins that the observable is sorted into.
    pub bins: u32,
    /// Whether each column goes on where another has ended.
    pub warm: Option<Warm>,
}

/// How often what was visited.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Density {
    /// Shape `[bins + 3, W]`: visits below the range, in each bin, above the range, and those that are not
    /// counted: outside the escape radius, or where the observable is no number.
    pub visits: Vec<u32>,
    /// Shape `[cells, dims]`: the state that each trajectory has come to, if the plan is swept with
    /// one orbit for each row; else empty.
    pub ends: Vec<f64>,
    /// What it took.
    pub seconds: Seconds,
    /// Whether another engine has counted, because the device failed.
    pub fallback: bool,
}

impl Density {
    /// Rows of [`Density::visits`] besides those of the bins.
    pub const OTHERS: usize = 3;
}

/// Computes trajectories.
pub trait Engine: Send + Sync {
    /// What it runs on.
    fn device(&self) -> &Device;

    /// How often its device has failed since it was opened. What was not done was done again each time.
    fn faults(&self) -> u64 {
        0
    }

    /// Runs every trajectory of `plan` that `cells` lists, to its end; outcome `k` is that of `cells[k]`.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the device fails, [`crate::Error::Request`] if it cannot do what
    /// the plan asks for.
    fn run(&self, plan: &Plan, cells: &Cells, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcomes> {
        let mut outcomes = Outcomes::of(plan, cells.count(plan));
        self.run_into(&mut outcomes, plan, cells, progress)?;
        Ok(outcomes)
    }

    /// As [`Engine::run`], into `outcomes`, which are [`Outcomes::of`] the plan; where the device fails, those of the
    /// trajectories that were done before are there, and the others missing.
    ///
    /// # Errors
    /// As [`Engine::run`].
    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()>;

    /// Counts what the trajectories of `plan` that `cells` lists visit; all of them if one orbit is
    /// followed from column to column. `progress` is told how many are done.
    ///
    /// # Errors
    /// As [`Engine::run`].
    fn density(
        &self,
        plan: &Plan,
        watch: &Watch,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Density>;
}

/// The cells to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// All of the plan's, in order.
    All,
    /// These.
    Listed(Vec<u32>),
}

impl Cells {
    /// How many.
    pub fn count(&self, plan: &Plan) -> usize {
        match self {
            Cells::All => plan.cells(),
            Cells::Listed(cells) => cells.len(),
        }
    }

    /// The cell at place `k`.
    pub fn at(&self, k: usize) -> u32 {
        match self {
            Cells::All => k as u32,
            Cells::Listed(cells) => cells[k],
        }
    }
}
