//! The CPU engine: every core, every instruction set, f32 and f64, the same bits everywhere.

mod block;
mod density;
mod descend;
mod draw;
mod judge;
mod observe;
mod trace;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use multiversion::multiversion;
use rayon::prelude::*;

use self::block::{Block, Program};
pub use self::density::sample;
use self::descend::descend;
pub use self::trace::Tracer;
use super::{Cells, Density, Device, Engine, Outcomes, OutcomesPart, Seconds, Watch};
use crate::error::Result;
use crate::experiment::Precision;
use crate::fate::{Fate, Memory, Rules, Verdict, with_loss};
use crate::formula::{CHUNK, Isa, LANES, Register};
use crate::math::Real;
use crate::plan::{Plan, Stage};
use crate::window::Window;

/// Trajectories that a thread takes on together: enough that the few which last long still fill
/// blocks, few enough that their state stays in the cache.
const BATCH: usize = 1 << 15;

/// The processor as a device.
#[derive(Clone, Debug)]
pub struct CpuEngine {
    device: Device,
}

impl Default for CpuEngine {
    /// With the machine code that [`Isa::chosen`] says; the results are the same with all.
    fn default() -> Self {
        let threads = rayon::current_num_threads();
        Self {
            device: Device {
                engine: "cpu",
                name: format!("{threads} threads"),
                kind: "processor".to_owned(),
                backend: Isa::chosen().map_or(std::env::consts::ARCH, Isa::name).to_owned(),
                driver: format!("gdscope {}", env!("CARGO_PKG_VERSION")),
                f64: true,
            },
        }
    }
}

impl Engine for CpuEngine {
    fn device(&self) -> &Device {
        &self.device
    }

    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        match plan.precision {
            Precision::F32 => run::<f32>(outcomes, plan, cells, progress),
            Precision::F64 => run::<f64>(outcomes, plan, cells, progress),
        }
        Ok(())
    }

    fn density(
        &self,
        plan: &Plan,
        watch: &Watch,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Density> {
        Ok(match plan.precision {
            Precision::F32 => density::density::<f32>(plan, watch, cells, progress),
            Precision::F64 => density::density::<f64>(plan, watch, cells, progress),
        })
    }
}

fn run<R: Real>(outcomes: &mut Outcomes, plan: &Plan, cells: &Cells, progress: &(dyn Fn(u64) + Sync)) {
    let started = Instant::now();
    let program = Program::<R>::new(plan);
    let compile = started.elapsed().as_secs_f64();
    let count = cells.count(plan);
    let share = count.div_ceil(rayon::current_num_threads() * 4).next_multiple_of(LANES);
    let batch = BATCH.min(share.max(LANES));
    let done = AtomicU64::new(0);
    outcomes.parts(batch).into_par_iter().enumerate().for_each(|(part, mut outcomes)| {
        let start = part * batch;
        let listed: Vec<u32> = (start..start + outcomes.fate.len()).map(|k| cells.at(k)).collect();
        Batch::<R>::new(plan, &program, &listed).run(&mut outcomes);
        progress(done.fetch_add(listed.len() as u64, Ordering::Relaxed) + listed.len() as u64);
    });
    outcomes.seconds = Seconds { compile, run: started.elapsed().as_secs_f64() - compile, readback: 0.0 };
}

/// The trajectories of one batch that are still running, each value in a column of its own.
struct Batch<'a, R> {
    plan: &'a Plan,
    program: &'a Program<R>,
    rules: Rules<R>,
    /// The place of each running trajectory in the batch, and its cell.
    places: Vec<(u32, u32)>,
    state: Vec<Vec<R>>,
    tangent: Vec<Vec<R>>,
    memory: Memory<Vec<R>>,
    /// First step at the target; empty without one.
    reached: Vec<R>,
    /// Box, loss, growth, squared growth and first extent of the samples, in that order; empty until
    /// the first sample.
    sums: Vec<Vec<R>>,
}

impl<'a, R: Real> Batch<'a, R> {
    fn new(plan: &'a Plan, program: &'a Program<R>, cells: &[u32]) -> Self {
        let initial = |source| cells.iter().map(|&c| R::from_f64(plan.value(source, c as usize))).collect();
        Self {
            plan,
            program,
            rules: Rules {
                tolerance: R::from_f64(plan.rules.tolerance),
                escape: R::from_f64(plan.rules.escape),
                neutral: plan.rules.neutral,
            },
            places: cells.iter().enumerate().map(|(k, &c)| (k as u32, c)).collect(),
            state: plan.initial.iter().map(|&source| initial(source)).collect(),
            tangent: plan.tangent_start().iter().map(|&v| vec![R::from_f64(v); cells.len()]).collect(),
            memory: Memory::new().map(|value| vec![value; cells.len()]),
            reached: vec![-R::ONE; if plan.target.is_some() { cells.len() } else { 0 }],
            sums: Vec::new(),
        }
    }

    fn run(mut self, outcomes: &mut OutcomesPart<'_>) {
        let mut block = Block::new(self.program);
        for stage in self.plan.stages() {
            let window = &stage.window;
            if window.sample > 0 && self.sums.is_empty() {
                self.sums = vec![vec![R::ZERO; self.places.len()]; 2 * self.state.len() + 4];
            }
            let kept = run_window(&mut self, &mut block, &stage, outcomes);
            self.truncate(kept);
            if kept == 0 {
                break;
            }
        }
    }

    /// Fills a block's lanes from the columns; lanes without a trajectory repeat the last one.
    #[inline(always)]
    fn load(&self, block: &mut Block<R>, start: usize, lanes: usize, stage: &Stage) {
        let fill = |register: &mut Register<R>, column: &[R]| {
            register[..lanes].copy_from_slice(&column[start..start + lanes]);
            register[lanes..].fill(column[start + lanes - 1]);
        };
        for d in 0..self.state.len() {
            fill(block.state(d), &self.state[d]);
            fill(block.tangent(d), &self.tangent[d]);
        }
        if self.plan.target.is_some() {
            fill(block.reached(), &self.reached);
        }
        for (q, &source) in self.plan.quantities.iter().enumerate() {
            let register = block.quantity(q);
            for (lane, value) in register.iter_mut().enumerate() {
                let (_, cell) = self.places[start + lane.min(lanes - 1)];
                *value = R::from_f64(self.plan.value(source, cell as usize));
            }
        }
        for lane in 0..if self.plan.descent.normals.is_empty() { 0 } else { LANES } {
            let (_, cell) = self.places[start + lane.min(lanes - 1)];
            block.name(lane, self.plan.first.wrapping_add(cell));
        }
        block.memory().into_iter().zip(self.memory.each()).for_each(|(own, column)| fill(own, column));
        if stage.window.sample == 0 {
            return;
        }
        if stage.samples == 1 {
            block.reset_samples();
            return;
        }
        block.sampled().zip(&self.sums).for_each(|(register, column)| fill(register, column));
    }

    /// Writes lanes back to the columns, at the places from `to` on; lane 0 is from place `start`.
    #[inline(always)]
    fn store(&mut self, block: &mut Block<R>, start: usize, lanes: Range<usize>, to: usize, window: &Window) {
        let keep = |column: &mut Vec<R>, register: &Register<R>| {
            column[to..to + lanes.len()].copy_from_slice(&register[lanes.clone()]);
        };
        self.places.copy_within(start + lanes.start..start + lanes.end, to);
        self.memory.each_mut().into_iter().zip(block.memory()).for_each(|(column, own)| keep(column, own));
        for d in 0..self.state.len() {
            keep(&mut self.state[d], block.state(d));
            keep(&mut self.tangent[d], block.tangent(d));
        }
        if self.plan.target.is_some() {
            keep(&mut self.reached, block.reached());
        }
        if window.sample > 0 {
            self.sums.iter_mut().zip(block.sampled()).for_each(|(column, register)| keep(column, register));
        }
    }

    fn truncate(&mut self, kept: usize) {
        self.places.truncate(kept);
        let more = self.memory.each_mut().into_iter().chain([&mut self.reached]);
        for column in self.state.iter_mut().chain(&mut self.tangent).chain(&mut self.sums).chain(more) {
            column.truncate(kept);
        }
    }

    #[inline(always)]
    fn verdict(&self, block: &mut Block<R>, stage: &Stage, lane: usize) -> Verdict {
        let verdict = block.verdict(lane);
        // Near its attractor, an orbit may still come to the target, or be moved on by the learning rate.
        let seeks = self.plan.drifts || (self.plan.target.is_some() && block.reached()[lane] < R::ZERO);
        let verdict = match verdict {
            Verdict::Ended(fate) if seeks && fate != Fate::Diverged && !stage.is_last => Verdict::Running,
            verdict => verdict,
        };
        let verdict = match verdict {
            Verdict::Running if stage.is_last => {
                Verdict::Ended(block.verdict_at_end(stage, &self.rules, lane))
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Ended(fate) => Verdict::Ended(with_loss(fate, block.mean_loss(stage, fate, lane))),
            Verdict::Running => Verdict::Running,
        }
    }

    /// Writes how a lane has ended to its place in the outcomes.
    #[inline(always)]
    fn write(
        &self,
        outcomes: &mut OutcomesPart<'_>,
        block: &mut Block<R>,
        (lane, k): (usize, usize),
        stage: &Stage,
        fate: Fate,
    ) {
        let nan = R::from_f64(f64::NAN);
        let (amplitude, lyapunov) = match fate {
            Fate::Converged | Fate::Stalled => (R::ZERO, block.growth(lane)),
            Fate::Periodic => (block.amplitude(self.program, lane), block.growth(lane)),
            Fate::Chaotic | Fate::Undecided if stage.sampled > 0 => {
                (block.sampled_amplitude(self.program, lane), block.sums.growth[lane])
            }
            Fate::Chaotic | Fate::Undecided | Fate::Diverged => (nan, nan),
        };
        let loss = block.mean_loss(stage, fate, lane).unwrap_or(nan);
        outcomes.fate[k] = fate as u8;
        outcomes.period[k] = if fate.has_period() { block.period(lane).to_f64() as u32 } else { 0 };
        if fate.has_period() {
            let Window { start, advance, half, .. } = stage.window;
            let at_point = start + advance + half + block.pointed(lane).to_f64() as u32;
            outcomes.phase[k] = at_point % outcomes.period[k];
        }
        outcomes.steps[k] = stage.window.start + stage.window.steps();
        outcomes.amplitude[k] = amplitude.to_f64();
        outcomes.lyapunov[k] = lyapunov.to_f64();
        outcomes.loss[k] = loss.to_f64();
        if self.plan.target.is_some() && block.reached()[lane] >= R::ZERO {
            outcomes.reach[k] = block.reached()[lane].to_f64();
        }
        let dims = self.state.len();
        for (d, coordinate) in outcomes.point[k * dims..(k + 1) * dims].iter_mut().enumerate() {
            let at_end = block.state(d)[lane];
            *coordinate = if fate.has_period() { block.point(d, lane) } else { at_end }.to_f64();
        }
    }
}

/// Runs a window over all trajectories; those that go on move up. Says how many do.
///
/// Compiled for every instruction set as a whole: without FMA instructions, each of the many in a verdict's
/// logarithms is a call.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
fn run_window<R: Real>(
    batch: &mut Batch<'_, R>,
    block: &mut Block<R>,
    stage: &Stage,
    outcomes: &mut OutcomesPart<'_>,
) -> usize {
    let mut kept = 0;
    for start in (0..batch.places.len()).step_by(LANES) {
        let lanes = LANES.min(batch.places.len() - start);
        batch.load(block, start, lanes, stage);
        let chunks = lanes.div_ceil(CHUNK);
        descend(batch.program, block, stage, chunks);
        block.judge(stage, (batch.program.variables, &batch.rules), chunks);
        let mut store = |batch: &mut Batch<'_, R>, block: &mut Block<R>, going: Range<usize>| {
            if !going.is_empty() {
                batch.store(block, start, going.clone(), kept, &stage.window);
                kept += going.len();
            }
        };
        let mut first = 0;
        for lane in 0..lanes {
            if let Verdict::Ended(fate) = batch.verdict(block, stage, lane) {
                let place = batch.places[start + lane].0 as usize;
                batch.write(outcomes, block, (lane, place), stage, fate);
                store(batch, block, first..lane);
                first = lane + 1;
            }
        }
        store(batch, block, first..lanes);
    }
    kept
}
