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

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::adapters::GpuEngine;
use super::density::density;
use super::format::Format;
use super::shader::{WORKGROUP, source};
use super::slice::Pace;
use super::tile::{BINDING_BYTES, Tile, is_cut, tile_lanes};
use crate::engine::{Cells, Density, Device, Engine, Outcomes, Seconds, Watch};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// How long a submission should take.
pub(super) const SLICE_TARGET: Duration = Duration::from_millis(50);
/// How long a submission may take before the device is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rounds of loops in one invocation of a kernel. A software adapter ends all loops, and says nothing,
/// after 65,535 rounds.
pub(super) const ROUNDS: u64 = 1 << 15;
/// Tiles that are computed at once.
const TILES: usize = 2;
/// Pipelines that an engine keeps: an experiment needs few.
const PIPELINES: usize = 8;

impl Engine for GpuEngine {
    fn device(&self) -> &Device {
        &self.description
    }

    fn run(&self, plan: &Plan, cells: &Cells, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcomes> {
        self.check(plan.precision)?;
        let count = cells.count(plan);
        if count == 0 {
            return Ok(Outcomes::of(plan, 0));
        }
        let cut = is_cut(plan, self.rounds);
        let mut compile = 0.0;
        let pipeline = timed(&mut compile, || self.pipeline(source(plan, cut)))?;
        let lanes = tile_lanes(self, plan, cut, count);
        let work = Work {
            cells,
            lanes,
            pace: Pace::new(self.slice_target),
            next: AtomicUsize::new(0),
            done: Mutex::new(Done { outcomes: Outcomes::of(plan, count), cells: 0, ended: Instant::now() }),
            progress,
        };
        let started = Instant::now();
        let worker = || {
            let tile = Tile::new(self, plan, &pipeline, lanes as u32, cut)?;
            work.run(plan, &tile)
        };
        std::thread::scope(|scope| {
            let others = 1..count.div_ceil(lanes).min(TILES);
            let others: Vec<_> = others.map(|_| scope.spawn(worker)).collect();
            let joined = others.into_iter().map(|other| match other.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            std::iter::once(worker()).chain(joined).collect::<Result<()>>()
        })?;
        let Done { mut outcomes, ended, .. } = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What was read back while others were still running took no time of its own.
        let run = ended.saturating_duration_since(started).as_secs_f64();
        outcomes.seconds = Seconds { compile, run, readback: ended.elapsed().as_secs_f64() };
        Ok(outcomes)
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

/// What the threads of a run share.
struct Work<'a> {
    cells: &'a Cells,
    /// Of a tile.
    lanes: usize,
    pace: Pace,
    /// The first trajectory of the next tile.
    next: AtomicUsize,
    done: Mutex<Done>,
    progress: &'a (dyn Fn(u64) + Sync),
}

struct Done {
    outcomes: Outcomes,
    cells: u64,
    /// When the last trajectory ended.
    ended: Instant,
}

impl Work<'_> {
    /// Takes tiles as long as there are any.
    fn run(&self, plan: &Plan, tile: &Tile) -> Result<()> {
        let count = self.cells.count(plan);
        loop {
            let start = self.next.fetch_add(self.lanes, Ordering::Relaxed);
            if start >= count {
                return Ok(());
            }
            let cells: Vec<u32> = (start..count.min(start + self.lanes)).map(|k| self.cells.at(k)).collect();
            let ended = tile.run(&cells, &self.pace).map(|()| Instant::now());
            let part = ended.and_then(|ended| Ok((ended, tile.read(start, cells.len())?)));
            if part.is_err() {
                // Nothing that the others could still do is of use.
                self.next.store(count, Ordering::Relaxed);
            }
            let (ended, part) = part?;
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.outcomes.put(start, &part);
            done.ended = done.ended.max(ended);
            done.cells += cells.len() as u64;
            (self.progress)(done.cells);
        }
    }
}

/// The values that cells take theirs from: the axes, then the plan's lists.
pub(super) fn axes(plan: &Plan) -> Vec<u8> {
    let lists = plan.lists.iter().flatten();
    Format(plan.precision).encode(plan.across.iter().chain(&plan.up).chain(lists))
}

/// Adds the time that `work` takes to `seconds`.
pub(super) fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    *seconds += started.elapsed().as_secs_f64();
    done
}

impl GpuEngine {
    /// What went wrong on the device, if anything did.
    pub(super) fn check_faults(&self) -> Result<()> {
        match self.fault.lock().ok().and_then(|mut fault| fault.take()) {
            Some(message) => Err(Error::Device(message)),
            None => Ok(()),
        }
    }

    /// The compiled kernel `descend` of a shader, compiled now unless it was lately.
    fn pipeline(&self, text: String) -> Result<wgpu::ComputePipeline> {
        let mut kept = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pipeline)) = kept.iter().find(|(of, _)| *of == text) {
            return Ok(pipeline.clone());
        }
        let started = Instant::now();
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("descend"),
            source: wgpu::ShaderSource::Wgsl(text.as_str().into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("descend"),
            layout: None,
            module: &module,
            entry_point: Some("descend"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        self.check_faults()?;
        tracing::info!("shader compiled in {:.0} ms", 1e3 * started.elapsed().as_secs_f64());
        kept.truncate(PIPELINES - 1);
        kept.insert(0, (text, pipeline.clone()));
        Ok(pipeline)
    }

    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Adds a kernel for `count` lanes to the commands.
    pub(super) fn dispatch(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::ComputePipeline,
        bindings: &wgpu::BindGroup,
        count: u32,
    ) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, bindings, &[]);
        pass.dispatch_workgroups(count.div_ceil(WORKGROUP), 1, 1);
    }

    /// Submits the commands and waits for their end.
    pub(super) fn finish(&self, encoder: wgpu::CommandEncoder) -> Result<()> {
        self.wait(self.queue.submit([encoder.finish()]))
    }

    fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
        let polled = self.device.poll(wait);
        self.check_faults()?;
        polled
            .map(|_| ())
            .map_err(|e| Error::Device(format!("{} did not answer: {e}", self.description.name)))
    }

    /// Copies `buffer` to the mappable buffer `through` and reads its bytes.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, through: &wgpu::Buffer, size: u64) -> Result<Vec<u8>> {
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(buffer, 0, through, 0, size);
        self.finish_reading(encoder, through, size)
    }

    /// As [`GpuEngine::finish`], and reads what the commands have left in the mappable buffer `through`.
    pub(super) fn finish_reading(
        &self,
        encoder: wgpu::CommandEncoder,
        through: &wgpu::Buffer,
        size: u64,
    ) -> Result<Vec<u8>> {
        let submission = self.queue.submit([encoder.finish()]);
        let (sender, receiver) = std::sync::mpsc::channel();
        through.map_async(wgpu::MapMode::Read, 0..size, move |result| {
            // The receiver is gone only if this function has already failed.
            let _ = sender.send(result);
        });
        self.wait(submission)?;
        let mapped =
            receiver.recv_timeout(PATIENCE).map_err(|e| Error::Device(format!("no data came back: {e}")))?;
        mapped.map_err(|e| Error::Device(e.to_string()))?;
        let bytes = {
            let view = through.get_mapped_range(0..size).map_err(|e| Error::Device(e.to_string()))?;
            view.to_vec()
        };
        through.unmap();
        Ok(bytes)
    }
}
