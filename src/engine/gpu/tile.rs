//! Tiles: the trajectories whose state the device holds, run window by window to their ends.

use std::borrow::Cow;
use std::time::Instant;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use super::adapters::Settings;
use super::format::Format;
use super::opened::Opened;
use super::run::{axes, data};
use super::slice::{Pace, Slice};
use super::unroll::UNROLLED;
use crate::engine::{Outcomes, OutcomesPart};
use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::fate::Fate;
use crate::plan::{Plan, Source, Stage};

/// Most bytes of a buffer that is bound: what every device can do.
pub(super) const BINDING_BYTES: u64 = 128 << 20;
/// Bytes of the mark that a window was done.
const COUNTS: u64 = 12;

/// Lanes of the tiles that `count` trajectories are computed in: so few that a tile's state fits one binding, and
/// in a large map so few that there are two tiles.
pub(super) fn tile_lanes(
    (settings, limits): (&Settings, &wgpu::Limits),
    plan: &Plan,
    cut: bool,
    count: usize,
) -> usize {
    let columns = state_columns(plan, cut).max(outcome_columns(plan)) as u64;
    let bytes = BINDING_BYTES.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size);
    let most = settings.tile_lanes.min(bytes / (Format(plan.precision).bytes() * columns)).max(1);
    let count = count as u64;
    let lanes = if count > settings.tile_lanes / 4 { count.div_ceil(2) } else { count };
    lanes.min(most) as usize
}

fn state_columns(plan: &Plan, cut: bool) -> usize {
    let dims = plan.initial.len();
    4 * dims + 8 + if cut { 4 * dims + 15 } else { 0 } + usize::from(plan.target.is_some())
}

/// Whether windows take several dispatches if an invocation may take so many rounds of loops.
pub(super) fn is_cut(plan: &Plan, rounds: u64) -> bool {
    plan.windows.iter().any(|window| window.steps() > steps_at_once(plan, rounds))
}

/// The most steps of one dispatch.
pub(super) fn steps_at_once(plan: &Plan, rounds: u64) -> u32 {
    // The step itself, at most eight loops over the dimensions, and those over the rows of the data.
    let dims = plan.initial.len();
    let over_dims = if dims <= UNROLLED { 0 } else { 8 * dims as u64 };
    let each = 1 + over_dims + plan.rounds_per_step();
    (rounds / each).max(1) as u32
}

fn outcome_columns(plan: &Plan) -> usize {
    5 + plan.initial.len() + usize::from(plan.target.is_some())
}

/// The buffers of a tile and the pipeline that works on them.
pub(super) struct Tile<'a> {
    opened: &'a Opened,
    settings: Settings,
    plan: &'a Plan,
    capacity: u32,
    pipeline: &'a wgpu::ComputePipeline,
    slice: wgpu::Buffer,
    cells: wgpu::Buffer,
    /// The list of running lanes, and the next one.
    lists: [wgpu::Buffer; 2],
    counts: wgpu::Buffer,
    counts_read: wgpu::Buffer,
    state: wgpu::Buffer,
    outcomes: wgpu::Buffer,
    outcomes_read: wgpu::Buffer,
    /// For reading the list of this number and writing the other.
    bindings: [wgpu::BindGroup; 2],
}

/// How far the trajectories of a tile were when all was well.
pub(super) struct Kept {
    /// The first window that is not done.
    pub window: usize,
    running: u32,
    /// What the buffers held.
    list: Vec<u8>,
    state: Vec<u8>,
    outcomes: Vec<u8>,
}

impl<'a> Tile<'a> {
    /// Buffers for `capacity` lanes.
    ///
    /// # Errors
    /// If the device does not hold them.
    pub fn new(
        (opened, settings): (&'a Opened, Settings),
        plan: &'a Plan,
        pipeline: &'a wgpu::ComputePipeline,
        capacity: u32,
        cut: bool,
    ) -> Result<Self> {
        let lanes = u64::from(capacity);
        let format = Format(plan.precision);
        let outcome_bytes = format.bytes() * lanes * outcome_columns(plan) as u64;
        let slice = opened.uniform("slice", size_of::<Slice>() as u64);
        let axes = opened.filled("axes", &axes(plan));
        let columns = data(plan);
        let data = opened.filled("data", &columns);
        let cells = opened.storage("cells", 4 * lanes);
        let lists = ["running", "still running"].map(|label| opened.storage(label, 4 * lanes));
        let counts = opened.storage("counts", COUNTS);
        let state = opened.storage("state", format.bytes() * lanes * state_columns(plan, cut) as u64);
        let outcomes = opened.storage("outcomes", outcome_bytes);
        // Axes that no formula needs are not in the pipeline's layout either.
        let swept = plan.initial.iter().chain(&plan.quantities).any(|s| !matches!(s, Source::Value(_)));
        let bindings = [0, 1].map(|from| {
            let mut bound =
                vec![&slice, &axes, &cells, &lists[from], &lists[1 - from], &counts, &state, &outcomes];
            if !columns.is_empty() {
                bound.push(&data);
            }
            let bound = (0..).zip(bound).filter(|(binding, _)| *binding != 1 || swept);
            opened.bind(&pipeline.get_bind_group_layout(0), bound)
        });
        opened.check_faults()?;
        Ok(Self {
            opened,
            settings,
            plan,
            capacity,
            counts_read: opened.mappable("counts, read", COUNTS),
            outcomes_read: opened.mappable("outcomes, read", outcome_bytes),
            pipeline,
            slice,
            cells,
            lists,
            counts,
            state,
            outcomes,
            bindings,
        })
    }

    /// Runs the trajectories of `cells` to their ends, from where they were `kept`, if they were. From time to time
    /// they are kept.
    pub fn run(&self, cells: &[u32], pace: &Pace, kept: &mut Option<Kept>) -> Result<()> {
        let queue = &self.opened.queue;
        queue.write_buffer(&self.cells, 0, bytemuck::cast_slice(cells));
        let (first, mut running) = match kept {
            Some(kept) => {
                queue.write_buffer(&self.lists[kept.window % 2], 0, &kept.list);
                queue.write_buffer(&self.state, 0, &kept.state);
                queue.write_buffer(&self.outcomes, 0, &kept.outcomes);
                (kept.window, kept.running)
            }
            None => {
                let identity: Vec<u32> = (0..cells.len() as u32).collect();
                queue.write_buffer(&self.lists[0], 0, bytemuck::cast_slice(&identity));
                // A missing write must be seen: every outcome starts as one that no kernel writes.
                let bytes = Format(self.plan.precision).bytes() as usize;
                queue.write_buffer(&self.outcomes, 0, &vec![Outcomes::MISSING; cells.len() * bytes]);
                (0, cells.len() as u32)
            }
        };
        let mut kept_at = Instant::now();
        for (k, stage) in self.plan.stages().enumerate().skip(first) {
            running = self.run_window(k % 2, running, self.slice(&stage), stage.window.steps(), pace)?;
            if running == 0 {
                break;
            }
            if kept_at.elapsed() >= self.settings.keep_every {
                *kept = Some(self.keep(k + 1, running)?);
                kept_at = Instant::now();
            }
        }
        Ok(())
    }

    /// Reads what is needed to go on with window number `window`.
    fn keep(&self, window: usize, running: u32) -> Result<Kept> {
        let read = |buffer: &wgpu::Buffer, size: u64| {
            self.opened.read(buffer, &self.opened.mappable("kept", size), size)
        };
        Ok(Kept {
            window,
            running,
            list: read(&self.lists[window % 2], 4 * u64::from(running))?,
            state: read(&self.state, self.state.size())?,
            outcomes: read(&self.outcomes, self.outcomes.size())?,
        })
    }

    /// What a dispatch is told of its window.
    fn slice(&self, stage: &Stage) -> Slice {
        let Stage { window, elapsed, last_elapsed, samples, sampled, is_last } = *stage;
        Slice {
            start: window.start,
            advance: window.advance,
            half_steps: window.half,
            sample: window.sample,
            capacity: self.capacity,
            width: self.plan.across.len() as u32,
            elapsed,
            last_elapsed,
            samples,
            sampled,
            last: u32::from(is_last),
            ..Slice::zeroed()
        }
    }

    /// Runs one window for all running lanes and returns how many still run. The last slice brings the mark that
    /// the window was done.
    fn run_window(&self, from: usize, running: u32, window: Slice, steps: u32, pace: &Pace) -> Result<u32> {
        let at_once = steps_at_once(self.plan, self.settings.rounds);
        let mut counts = Vec::new();
        let mut first = 0;
        while first < running {
            let count = pace.lanes(at_once.min(steps)).min(running - first);
            for begin in (0..steps).step_by(at_once as usize) {
                let end = steps.min(begin + at_once);
                let slice = Slice { begin, end, first, count, ..window };
                self.opened.queue.write_buffer(&self.slice, 0, bytemuck::bytes_of(&slice));
                let mut encoder = self.opened.encoder();
                if first == 0 && begin == 0 {
                    encoder.clear_buffer(&self.counts, 0, None);
                }
                self.opened.dispatch(&mut encoder, self.pipeline, &self.bindings[from], count);
                let done = u64::from(count) * u64::from(end - begin);
                counts = pace.time(done, || {
                    if first + count < running || end < steps {
                        return self.opened.finish(encoder).map(|()| Vec::new());
                    }
                    encoder.copy_buffer_to_buffer(&self.counts, 0, &self.counts_read, 0, COUNTS);
                    self.opened.finish_reading(encoder, &self.counts_read, COUNTS, <[u8]>::to_vec)
                })?;
            }
            first += count;
        }
        let counts: Vec<u32> = bytemuck::pod_collect_to_vec(&counts);
        let (still, ended, before_last) = (counts[0], counts[1], counts[2]);
        let wanted = running.wrapping_mul(steps.div_ceil(at_once) - 1);
        if u64::from(still) + u64::from(ended) != u64::from(running) || before_last != wanted {
            return Err(Error::Device(format!(
                "the mark of a slice is missing: a window of {running} trajectories came back with {still} running \
                 and {ended} ended, and {before_last} of {wanted} marks before its end"
            )));
        }
        Ok(still)
    }

    /// Reads the outcomes of the first lanes, which are those of the trajectories from number `start` on.
    pub fn read(&self, start: usize, outcomes: &mut OutcomesPart<'_>) -> Result<()> {
        let (from, through) = (&self.outcomes, &self.outcomes_read);
        self.opened.read_as(from, through, from.size(), |bytes| match self.plan.precision {
            Precision::F32 => self.decode::<u32>(bytes, start, outcomes),
            Precision::F64 => self.decode::<u64>(bytes, start, outcomes),
        })?
    }

    /// Outcomes from the words of the device, of which each column has a place for every lane that there may be.
    fn decode<W>(&self, bytes: &[u8], start: usize, outcomes: &mut OutcomesPart<'_>) -> Result<()>
    where
        W: Pod + Into<u64> + Sync,
    {
        let words: Cow<'_, [W]> = match bytemuck::try_cast_slice(bytes) {
            Ok(words) => words.into(),
            Err(_) => bytemuck::pod_collect_to_vec(bytes).into(),
        };
        let column = |k: usize| &words[k * self.capacity as usize..][..outcomes.fate.len()];
        let (format, dims) = (Format(self.plan.precision), self.plan.initial.len());
        let float = |word: W| format.float(word.into());
        let code = |word: W| word.into() as u8;
        if let Some(k) = column(0).par_iter().position_first(|&word| Fate::from_code(code(word)).is_none()) {
            return Err(Error::Device(format!("no end was written for trajectory {}", start + k)));
        }
        let columns: Vec<&[W]> = (0..outcome_columns(self.plan)).map(column).collect();
        fill(outcomes.fate, columns[0], code);
        fill(outcomes.period, columns[0], |word| (word.into() >> 8 & 0xfff) as u32);
        fill(outcomes.phase, columns[0], |word| (word.into() >> 20 & 0xfff) as u32);
        fill(outcomes.steps, columns[1], |word| word.into() as u32);
        fill(outcomes.amplitude, columns[2], float);
        fill(outcomes.lyapunov, columns[3], float);
        fill(outcomes.loss, columns[4], float);
        let points = outcomes.point.par_chunks_exact_mut(dims).enumerate().with_min_len(TOGETHER);
        points.for_each(|(k, point)| {
            point.iter_mut().enumerate().for_each(|(d, x)| *x = float(columns[5 + d][k]));
        });
        if self.plan.target.is_some() {
            fill(outcomes.reach, columns[5 + dims], float);
        }
        Ok(())
    }
}

/// Lanes that one thread decodes at a time.
const TOGETHER: usize = 1 << 14;

/// Puts what is made of each word in its place.
fn fill<W: Copy + Sync, T: Send>(to: &mut [T], words: &[W], make: impl Fn(W) -> T + Sync + Send) {
    to.par_iter_mut().zip(words).with_min_len(TOGETHER).for_each(|(to, &word)| *to = make(word));
}
