//! The CPU engine: every core, every instruction set, f32 and f64, the same bits everywhere.

mod block;
mod density;
mod descend;
mod draw;
mod observe;
mod trace;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use multiversion::multiversion;
use rayon::prelude::*;

use self::block::{Block, Program};
pub use self::density::sample;
use self::descend::descend;
pub use self::trace::Tracer;
use super::{Cells, Density, Device, Engine, Outcomes, Seconds, Watch};
use crate::error::Result;
use crate::experiment::Precision;
use crate::fate::{Fate, Memory, Rules, Verdict, decide, decide_at_end};
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
    isa: Option<Isa>,
}

impl Default for CpuEngine {
    fn default() -> Self {
        Self::new(Isa::chosen())
    }
}

impl CpuEngine {
    /// With machine code for `isa`, which this processor has, or without any; the results are the same.
    pub fn new(isa: Option<Isa>) -> Self {
        let threads = rayon::current_num_threads();
        Self {
            device: Device {
                engine: "cpu",
                name: format!("{threads} threads"),
                kind: "processor".to_owned(),
                backend: isa.map_or(std::env::consts::ARCH, Isa::name).to_owned(),
                driver: format!("gdscope {}", env!("CARGO_PKG_VERSION")),
                f64: true,
            },
            isa,
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
            Precision::F32 => run::<f32>(outcomes, plan, cells, self.isa, progress),
            Precision::F64 => run::<f64>(outcomes, plan, cells, self.isa, progress),
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

fn run<R: Real>(
    outcomes: &mut Outcomes,
    plan: &Plan,
    cells: &Cells,
    isa: Option<Isa>,
    progress: &(dyn Fn(u64) + Sync),
) {
    let started = Instant::now();
    let program = Program::<R>::new(plan, isa);
    let compile = started.elapsed().as_secs_f64();
    let count = cells.count(plan);
    let share = count.div_ceil(rayon::current_num_threads() * 4).next_multiple_of(LANES);
    let batch = BATCH.min(share.max(LANES));
    let starts: Vec<usize> = (0..count).step_by(batch).collect();
    let done = AtomicU64::new(0);
    let all = Mutex::new(outcomes);
    starts.into_par_iter().for_each(|start| {
        let listed: Vec<u32> = (start..count.min(start + batch)).map(|k| cells.at(k)).collect();
        let outcomes = Batch::<R>::new(plan, &program, &listed).run(listed.len());
        all.lock().unwrap_or_else(PoisonError::into_inner).put(start, &outcomes);
        progress(done.fetch_add(listed.len() as u64, Ordering::Relaxed) + listed.len() as u64);
    });
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.seconds = Seconds { compile, run: started.elapsed().as_secs_f64() - compile, readback: 0.0 };
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
    memory: Vec<Memory<R>>,
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
            memory: vec![Memory::default(); cells.len()],
            reached: vec![-R::ONE; if plan.target.is_some() { cells.len() } else { 0 }],
            sums: Vec::new(),
        }
    }

    fn run(mut self, count: usize) -> Outcomes {
        let mut outcomes = Outcomes::of(self.plan, count);
        let mut block = Block::new(self.program);
        for stage in self.plan.stages() {
            let window = &stage.window;
            if window.sample > 0 && self.sums.is_empty() {
                self.sums = vec![vec![R::ZERO; self.places.len()]; 2 * self.state.len() + 4];
            }
            let kept = run_window(&mut self, &mut block, &stage, &mut outcomes);
            self.truncate(kept);
            if kept == 0 {
                break;
            }
        }
        outcomes
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
        if stage.window.half > 0 {
            for lane in 0..LANES {
                block.recall(lane, &self.memory[start + lane.min(lanes - 1)]);
            }
        }
        if stage.window.sample == 0 {
            return;
        }
        if stage.samples == 1 {
            block.reset_samples();
            return;
        }
        block.sampled().zip(&self.sums).for_each(|(register, column)| fill(register, column));
    }

    /// Writes a lane back to the columns, at place `to`.
    #[inline(always)]
    fn store(&mut self, block: &mut Block<R>, from: usize, lane: usize, to: usize, window: &Window) {
        self.places[to] = self.places[from];
        self.memory[to] = self.memory[from];
        let dims = self.state.len();
        for d in 0..dims {
            self.state[d][to] = block.state(d)[lane];
            self.tangent[d][to] = block.tangent(d)[lane];
        }
        if self.plan.target.is_some() {
            self.reached[to] = block.reached()[lane];
        }
        if window.sample > 0 {
            block.sampled().zip(&mut self.sums).for_each(|(register, column)| column[to] = register[lane]);
        }
    }

    fn truncate(&mut self, kept: usize) {
        self.places.truncate(kept);
        self.memory.truncate(kept);
        let reached = std::iter::once(&mut self.reached);
        for column in self.state.iter_mut().chain(&mut self.tangent).chain(&mut self.sums).chain(reached) {
            column.truncate(kept);
        }
    }

    #[inline(always)]
    fn judge(&mut self, block: &mut Block<R>, stage: &Stage, from: usize, lane: usize) -> Verdict {
        let probe = block.probe(self.program, stage, lane);
        let verdict = if stage.window.half > 0 {
            decide(&probe, &mut self.memory[from], &self.rules)
        } else if probe.reach <= self.rules.escape {
            Verdict::Running
        } else {
            // Escape is looked for even while the schedule changes.
            Verdict::Ended(Fate::Diverged)
        };
        // Near its attractor, an orbit may still come to the target, or be moved on by the learning rate.
        let seeks = self.plan.drifts || (self.plan.target.is_some() && block.reached()[lane] < R::ZERO);
        let verdict = match verdict {
            Verdict::Ended(fate) if seeks && fate != Fate::Diverged && !stage.is_last => Verdict::Running,
            verdict => verdict,
        };
        match verdict {
            Verdict::Running if stage.is_last => Verdict::Ended(decide_at_end(&block.samples(stage, lane))),
            verdict => verdict,
        }
    }

    /// Writes how a lane has ended to its place in the outcomes.
    #[inline(always)]
    fn write(
        &self,
        outcomes: &mut Outcomes,
        block: &mut Block<R>,
        (lane, k): (usize, usize),
        stage: &Stage,
        fate: Fate,
    ) {
        let nan = R::from_f64(f64::NAN);
        let (amplitude, lyapunov, loss) = match fate {
            Fate::Converged | Fate::Stalled => (R::ZERO, block.growth(lane), block.mean_loss(lane)),
            Fate::Periodic => {
                (block.amplitude(self.program, lane), block.growth(lane), block.mean_loss(lane))
            }
            Fate::Chaotic | Fate::Undecided if stage.sampled > 0 => {
                let growth = block.sums.growth[lane] / R::from_f64(f64::from(stage.samples));
                (block.sampled_amplitude(self.program, lane), growth, block.sums.loss[lane])
            }
            Fate::Chaotic | Fate::Undecided | Fate::Diverged => (nan, nan, nan),
        };
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
    outcomes: &mut Outcomes,
) -> usize {
    let mut kept = 0;
    for start in (0..batch.places.len()).step_by(LANES) {
        let lanes = LANES.min(batch.places.len() - start);
        batch.load(block, start, lanes, stage);
        descend(batch.program, block, stage, lanes.div_ceil(CHUNK));
        for lane in 0..lanes {
            match batch.judge(block, stage, start + lane, lane) {
                Verdict::Ended(fate) => {
                    let place = batch.places[start + lane].0 as usize;
                    batch.write(outcomes, block, (lane, place), stage, fate);
                }
                Verdict::Running => {
                    batch.store(block, start + lane, lane, kept, &stage.window);
                    kept += 1;
                }
            }
        }
    }
    kept
}
