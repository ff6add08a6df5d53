//! Running a plan on a GPU: tiles of lanes, windows of steps, slices that fit a time.
//!
//! A tile's trajectories stay in storage buffers. Each window is done in *slices* of lanes, one
//! submission each, sized to take about [`SLICE_TARGET`]: operating systems reset a GPU that works on
//! one submission for seconds. Windows differ thirtyfold in length, so that a slice's size is counted
//! in lane-steps, lanes times steps. Where a step is long, because it goes through data, a window takes
//! several submissions. The lanes that still run are listed anew by each window.
//!
//! Two threads have a tile each: while one reads back how a window has ended, or what became of its
//! trajectories, a submission of the other runs.
//!
//! A device may be lost, run out of memory, hang, or leave out what it was told to do. Then it is opened again, and
//! the tiles that were not done go on from where they were last kept.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::adapters::GpuEngine;
use super::density::density;
use super::format::Format;
use super::opened::Opened;
use super::shader::source;
use super::slice::Pace;
use super::tile::{BINDING_BYTES, Kept, Tile, is_cut, tile_lanes};
use crate::engine::{Cells, Density, Device, Engine, Outcomes, OutcomesPart, Seconds, Watch, waited_for};
use crate::error::{Error, Result};
use crate::formula::wgsl_tables;
use crate::plan::Plan;

/// How long a submission should take.
pub(super) const SLICE_TARGET: Duration = Duration::from_millis(50);
/// Rounds of loops in one invocation of a kernel. A software adapter ends all loops, and says nothing,
/// after 65,535 rounds.
pub(super) const ROUNDS: u64 = 1 << 15;
/// Tiles that are computed at once.
const TILES: usize = 2;

impl Engine for GpuEngine {
    fn device(&self) -> &Device {
        &self.description
    }

    fn faults(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        self.fits(plan, u64::MAX)?;
        let count = cells.count(plan);
        if count == 0 {
            return Ok(());
        }
        let cut = is_cut(plan, self.settings.rounds);
        let lanes = tile_lanes((&self.settings, &self.limits), plan, cut, count);
        let parts = outcomes.parts(lanes).into_iter().enumerate();
        let mut left: Vec<Part<'_>> =
            parts.map(|(k, outcomes)| Part { start: k * lanes, kept: None, furthest: 0, outcomes }).collect();
        // The next is the last.
        left.reverse();
        let work = Work {
            cells,
            lanes,
            tiles: left.len(),
            pace: Pace::new(self.settings.slice_target, plan.rounds_per_step()),
            left: Mutex::new(Left { parts: left, kept: 0, stopped: false, at_once: TILES }),
            done: Mutex::new(Done { cells: 0, ended: Instant::now() }),
            progress,
        };
        let mut compile = 0.0;
        let started = Instant::now();
        let result = self.repeatedly(
            &work.pace,
            || work.advanced(),
            |opened| {
                let pipeline = timed(&mut compile, || opened.pipeline(source(plan, cut)))?;
                work.on(plan, (opened, self), &pipeline, cut)
            },
        );
        let done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What was read back while others were still running took no time of its own.
        let run = done.ended.saturating_duration_since(started).as_secs_f64() - compile;
        outcomes.seconds =
            Seconds { compile, run: run.max(0.0), readback: done.ended.elapsed().as_secs_f64() };
        result
    }

    fn density(
        &self,
        plan: &Plan,
        watch: &Watch,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Density> {
        density(self, plan, watch, (cells, BINDING_BYTES), progress)
    }
}

impl GpuEngine {
    /// Whether the device computes in the plan's precision, and binds what all trajectories read in buffers of no more
    /// than `most` bytes.
    ///
    /// # Errors
    /// [`Error::Request`] if not.
    pub(super) fn fits(&self, plan: &Plan, most: u64) -> Result<()> {
        self.check(plan.precision)?;
        let most = most.min(self.limits.max_storage_buffer_binding_size).min(self.limits.max_buffer_size);
        let bytes = |numbers: usize| numbers as u64 * Format(plan.precision).bytes();
        let (axes, data) = (axis_values(plan).count(), data_values(plan).count());
        for (key, what, bytes) in [("size", "axes", bytes(axes)), ("data", "data", bytes(data))] {
            if bytes > most {
                return Err(Error::request(format!(
                    "{key}: the {what} take {bytes} bytes, and {} binds {most} at most; use --engine cpu",
                    self.description.name
                )));
            }
        }
        Ok(())
    }
}

/// What the threads of a run share.
struct Work<'a> {
    cells: &'a Cells,
    /// Of a tile.
    lanes: usize,
    tiles: usize,
    pace: Pace,
    left: Mutex<Left<'a>>,
    done: Mutex<Done>,
    progress: &'a (dyn Fn(u64) + Sync),
}

/// What is to be done.
struct Left<'a> {
    /// The next one last; those that a device has failed at are put there again.
    parts: Vec<Part<'a>>,
    /// Windows that were done before the tiles were kept, in all.
    kept: u64,
    /// Nobody begins another tile.
    stopped: bool,
    /// Tiles that are computed at once. Where a device has failed it is one, which takes less of its memory.
    at_once: usize,
}

/// The trajectories of a tile, and the place of their outcomes.
struct Part<'a> {
    start: usize,
    kept: Option<Kept>,
    /// The most windows that were done before it was kept.
    furthest: usize,
    outcomes: OutcomesPart<'a>,
}

struct Done {
    cells: u64,
    /// When the last trajectory ended.
    ended: Instant,
}

impl<'a> Work<'a> {
    /// Takes tiles on an open device as long as there are any.
    fn on(
        &self,
        plan: &Plan,
        (opened, engine): (&Opened, &GpuEngine),
        pipeline: &wgpu::ComputePipeline,
        cut: bool,
    ) -> Result<()> {
        let at_once = {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.stopped = false;
            left.at_once
        };
        let worker = || {
            let tile = Tile::new((opened, engine.settings), plan, pipeline, self.lanes as u32, cut)?;
            self.run(&tile)
        };
        std::thread::scope(|scope| {
            let others = 1..self.tiles.min(at_once);
            let others: Vec<_> = others.map(|_| scope.spawn(worker)).collect();
            let own = worker();
            // All are waited for before the first failure is told of.
            let results: Vec<Result<()>> =
                std::iter::once(own).chain(others.into_iter().map(waited_for)).collect();
            results.into_iter().collect()
        })
    }

    /// Takes tiles as long as there are any.
    fn run(&self, tile: &Tile) -> Result<()> {
        while let Some(mut part) = self.take() {
            let count = part.outcomes.fate.len();
            let cells: Vec<u32> = (part.start..part.start + count).map(|k| self.cells.at(k)).collect();
            let before = part.kept.as_ref().map_or(0, |kept| kept.window);
            let ended = tile.run(&cells, &self.pace, &mut part.kept).map(|()| Instant::now());
            match ended.and_then(|ended| tile.read(part.start, &mut part.outcomes).map(|()| ended)) {
                Err(e) => {
                    self.give_back(part, before);
                    return Err(e);
                }
                Ok(ended) => {
                    let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.ended = done.ended.max(ended);
                    done.cells += count as u64;
                    (self.progress)(done.cells);
                }
            }
        }
        Ok(())
    }

    fn take(&self) -> Option<Part<'a>> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.stopped { None } else { left.parts.pop() }
    }

    /// Takes back a tile that the device has failed at; `before`: the windows that were done when it was taken.
    fn give_back(&self, mut part: Part<'a>, before: usize) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match &part.kept {
            Some(kept) if kept.window > before => {
                left.kept += kept.window.saturating_sub(part.furthest) as u64;
                part.furthest = part.furthest.max(kept.window);
            }
            // What was kept led to nothing: it may be wrong itself.
            _ => part.kept = None,
        }
        left.parts.push(part);
        left.stopped = true;
        left.at_once = 1;
    }

    /// A number that grows with what is done.
    fn advanced(&self) -> u64 {
        let kept = self.left.lock().unwrap_or_else(PoisonError::into_inner).kept;
        kept + self.done.lock().unwrap_or_else(PoisonError::into_inner).cells
    }
}

/// The values that cells take theirs from: the axes, then the plan's lists.
fn axis_values(plan: &Plan) -> impl Iterator<Item = &f64> {
    plan.across.iter().chain(&plan.up).chain(plan.lists.iter().flatten())
}

/// The columns of the plan's data.
fn data_values(plan: &Plan) -> impl Iterator<Item = &f64> {
    wgsl_tables(&plan.descent.graph).flat_map(|(_, values)| values)
}

/// The words of [`axis_values`].
pub(super) fn axes(plan: &Plan) -> Vec<u8> {
    Format(plan.precision).encode(axis_values(plan))
}

/// The words of [`data_values`].
pub(super) fn data(plan: &Plan) -> Vec<u8> {
    Format(plan.precision).encode(data_values(plan))
}

/// Adds the time that `work` takes to `seconds`.
pub(super) fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    *seconds += started.elapsed().as_secs_f64();
    done
}
