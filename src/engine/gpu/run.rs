//! Running a plan on a GPU: tiles of lanes, windows of steps, slices that fit a time.
//!
//! A tile's trajectories stay in storage buffers. Each window is done in *slices* of lanes, one
//! submission each, sized to take about [`SLICE_TARGET`]: operating systems reset a GPU that works on
//! one submission for seconds. Windows differ thirtyfold in length, so that a slice's size is counted
//! in lane-steps, lanes times steps. Where a step is long, because it goes through data, a window takes
//! several submissions. The lanes that still run are listed anew by each window.

use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::adapters::GpuEngine;
use super::density::density;
use super::format::Format;
use super::shader::{WORKGROUP, source};
use crate::engine::{Cells, Density, Device, Engine, Outcomes, Seconds, Watch};
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::formula::wgsl_tables;
use crate::plan::{Plan, Source, Stage};

/// How long a submission should take.
const SLICE_TARGET: Duration = Duration::from_millis(50);
/// Lane-steps of the first slice, before anything is known of the device's speed.
pub(super) const SLICE_FIRST: u64 = 1 << 16;
/// How long a submission may take before the device is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rounds of loops in one invocation of a kernel. A software adapter ends all loops, and says nothing,
/// after 65,535 rounds.
pub(super) const ROUNDS: u64 = 1 << 15;
/// Most lanes of a tile, and most bytes of a buffer that is bound: what every device can do.
pub(super) const TILE_LANES: u64 = 1 << 20;
const BINDING_BYTES: u64 = 128 << 20;

/// What a dispatch is told; the twin of `Slice` in `descend.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Slice {
    start: u32,
    advance: u32,
    half_steps: u32,
    sample: u32,
    begin: u32,
    end: u32,
    first: u32,
    count: u32,
    capacity: u32,
    width: u32,
    elapsed: u32,
    last_elapsed: i32,
    samples: u32,
    sampled: u32,
    last: u32,
}

/// Names and byte offsets of the fields of `Slice` as Rust lays them out, for comparison with the
/// shader's.
pub fn slice_layout() -> Vec<(&'static str, u32)> {
    macro_rules! layout {
        ($($field:ident $name:literal),*) => {
            vec![$(($name, std::mem::offset_of!(Slice, $field) as u32)),*]
        };
    }
    layout!(
        start "start", advance "advance", half_steps "half_steps", sample "sample",
        begin "begin", end "end", first "first",
        count "count", capacity "capacity", width "width", elapsed "elapsed", last_elapsed "last_elapsed", samples "samples",
        sampled "sampled", last "last"
    )
}

impl Engine for GpuEngine {
    fn device(&self) -> &Device {
        &self.description
    }

    fn run(&self, plan: &Plan, cells: &Cells, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcomes> {
        self.check(plan.precision)?;
        let count = cells.count(plan);
        let mut outcomes = Outcomes::of(plan, count);
        if count == 0 {
            return Ok(outcomes);
        }
        let cut = is_cut(plan, self.rounds);
        let capacity = capacity(plan, cut, &self.device.limits()).min(count as u64) as u32;
        let mut seconds = Seconds::default();
        let tile = timed(&mut seconds.compile, || Tile::new(self, plan, capacity, cut))?;
        let mut lane_steps = SLICE_FIRST;
        for start in (0..count).step_by(capacity as usize) {
            let lanes = (capacity as usize).min(count - start);
            let listed: Vec<u32> = (start..start + lanes).map(|k| cells.at(k)).collect();
            timed(&mut seconds.run, || tile.run(&listed, &mut lane_steps))?;
            timed(&mut seconds.readback, || tile.read(&mut outcomes, start, lanes))?;
            progress((start + lanes) as u64);
        }
        outcomes.seconds = seconds;
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

/// Lanes whose state fits one binding.
fn capacity(plan: &Plan, cut: bool, limits: &wgpu::Limits) -> u64 {
    let columns = state_columns(plan, cut).max(outcome_columns(plan)) as u64;
    let bytes = BINDING_BYTES.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size);
    TILE_LANES.min(bytes / (Format(plan.precision).bytes() * columns)).max(1)
}

fn state_columns(plan: &Plan, cut: bool) -> usize {
    let dims = plan.initial.len();
    4 * dims + 8 + if cut { 4 * dims + 14 } else { 0 } + usize::from(plan.target.is_some())
}

/// Whether windows take several dispatches if an invocation may take so many rounds of loops.
pub(super) fn is_cut(plan: &Plan, rounds: u64) -> bool {
    plan.windows.iter().any(|window| window.steps() > steps_at_once(plan, rounds))
}

/// The most steps of one dispatch.
pub(super) fn steps_at_once(plan: &Plan, rounds: u64) -> u32 {
    // The step itself, at most eight loops over the dimensions, and those over the rows of the data.
    let each = 1 + 8 * plan.initial.len() as u64 + plan.rounds_per_step();
    (rounds / each).max(1) as u32
}

fn outcome_columns(plan: &Plan) -> usize {
    5 + plan.initial.len() + usize::from(plan.target.is_some())
}

/// The buffers of a tile and the pipeline that works on them.
struct Tile<'a> {
    engine: &'a GpuEngine,
    plan: &'a Plan,
    capacity: u32,
    pipeline: wgpu::ComputePipeline,
    slice: wgpu::Buffer,
    cells: wgpu::Buffer,
    /// The list of running lanes, and the next one.
    lists: [wgpu::Buffer; 2],
    counts: wgpu::Buffer,
    counts_read: wgpu::Buffer,
    outcomes: wgpu::Buffer,
    outcomes_read: wgpu::Buffer,
    /// For reading the list of this number and writing the other.
    bindings: [wgpu::BindGroup; 2],
}

impl<'a> Tile<'a> {
    fn new(engine: &'a GpuEngine, plan: &'a Plan, capacity: u32, cut: bool) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let device = &engine.device;
        let lanes = u64::from(capacity);
        let buffer = |label: &str, size: u64, usage: Usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: size.max(16),
                usage,
                mapped_at_creation: false,
            })
        };
        let storage = Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC;
        let format = Format(plan.precision);
        let outcome_bytes = format.bytes() * lanes * outcome_columns(plan) as u64;
        let slice = buffer("slice", size_of::<Slice>() as u64, Usage::UNIFORM | Usage::COPY_DST);
        let axis = axes(plan);
        let axes = buffer("axes", axis.len() as u64, storage);
        engine.queue.write_buffer(&axes, 0, &axis);
        let columns = format.encode(wgsl_tables(&plan.descent.graph).flat_map(|(_, values)| values));
        let data = buffer("data", columns.len() as u64, storage);
        engine.queue.write_buffer(&data, 0, &columns);
        let cells = buffer("cells", 4 * lanes, storage);
        let lists = [buffer("running", 4 * lanes, storage), buffer("still running", 4 * lanes, storage)];
        let counts = buffer("counts", 8, storage);
        let state = buffer("state", format.bytes() * lanes * state_columns(plan, cut) as u64, storage);
        let outcomes = buffer("outcomes", outcome_bytes, storage);
        let read = Usage::MAP_READ | Usage::COPY_DST;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("descend"),
            source: wgpu::ShaderSource::Wgsl(source(plan, cut).into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("descend"),
            layout: None,
            module: &module,
            entry_point: Some("descend"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        engine.check_faults()?;
        // Axes that no formula needs are not in the pipeline's layout either.
        let swept = plan.initial.iter().chain(&plan.quantities).any(|s| !matches!(s, Source::Value(_)));
        let bindings = [0, 1].map(|from| {
            let mut bound =
                vec![&slice, &axes, &cells, &lists[from], &lists[1 - from], &counts, &state, &outcomes];
            if !columns.is_empty() {
                bound.push(&data);
            }
            let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..)
                .zip(bound)
                .filter(|(binding, _)| *binding != 1 || swept)
                .map(|(binding, buffer)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffer.as_entire_binding(),
                })
                .collect();
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("tile"),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            })
        });
        engine.check_faults()?;
        Ok(Self {
            engine,
            plan,
            capacity,
            counts_read: buffer("counts, read", 8, read),
            outcomes_read: buffer("outcomes, read", outcome_bytes, read),
            pipeline,
            slice,
            cells,
            lists,
            counts,
            outcomes,
            bindings,
        })
    }

    /// Runs the trajectories of `cells` to their ends.
    fn run(&self, cells: &[u32], lane_steps: &mut u64) -> Result<()> {
        let queue = &self.engine.queue;
        queue.write_buffer(&self.cells, 0, bytemuck::cast_slice(cells));
        let identity: Vec<u32> = (0..cells.len() as u32).collect();
        queue.write_buffer(&self.lists[0], 0, bytemuck::cast_slice(&identity));
        // A missing write must be seen: every outcome starts as one that no kernel writes.
        let missing = vec![Outcomes::MISSING; cells.len() * Format(self.plan.precision).bytes() as usize];
        queue.write_buffer(&self.outcomes, 0, &missing);
        let mut running = cells.len() as u32;
        for (k, stage) in self.plan.stages().enumerate() {
            running =
                self.run_window(k % 2, running, self.slice(&stage), stage.window.steps(), lane_steps)?;
            if running == 0 {
                break;
            }
        }
        Ok(())
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

    /// Runs one window for all running lanes and returns how many still run.
    fn run_window(
        &self,
        from: usize,
        running: u32,
        window: Slice,
        steps: u32,
        lane_steps: &mut u64,
    ) -> Result<u32> {
        let queue = &self.engine.queue;
        queue.write_buffer(&self.counts, 0, &[0; 8]);
        let at_once = steps_at_once(self.plan, self.engine.rounds);
        let mut first = 0;
        while first < running {
            let longest = at_once.min(steps);
            let count = lanes(*lane_steps, longest).min(running - first);
            for begin in (0..steps).step_by(at_once as usize) {
                let end = steps.min(begin + at_once);
                let slice = Slice { begin, end, first, count, ..window };
                queue.write_buffer(&self.slice, 0, bytemuck::bytes_of(&slice));
                let took = self.engine.dispatch(&self.pipeline, &self.bindings[from], count)?;
                let done = u64::from(count) * u64::from(end - begin);
                *lane_steps = resized(done, *lane_steps, took);
            }
            first += count;
        }
        let [still, ended] = self.read_counts()?;
        if u64::from(still) + u64::from(ended) != u64::from(running) {
            return Err(Error::Device(format!(
                "a window of {running} trajectories came back with {still} running and {ended} ended"
            )));
        }
        Ok(still)
    }

    fn read_counts(&self) -> Result<[u32; 2]> {
        let bytes = self.engine.read(&self.counts, &self.counts_read, 8)?;
        Ok([0, 4].map(|at| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])))
    }

    /// Reads the tile's outcomes into their place.
    fn read(&self, outcomes: &mut Outcomes, start: usize, lanes: usize) -> Result<()> {
        let bytes = self.engine.read(&self.outcomes, &self.outcomes_read, self.outcomes.size())?;
        let format = Format(self.plan.precision);
        let words = format.decode(&bytes);
        let dims = self.plan.initial.len();
        let word = |column: usize, lane: usize| words[column * self.capacity as usize + lane];
        let float = |column: usize, lane: usize| format.float(word(column, lane));
        for lane in 0..lanes {
            let k = start + lane;
            let code = word(0, lane) as u8;
            if Fate::from_code(code).is_none() {
                return Err(Error::Device(format!("no end was written for trajectory {k}")));
            }
            outcomes.fate[k] = code;
            outcomes.period[k] = (word(0, lane) >> 8 & 0xfff) as u32;
            outcomes.phase[k] = (word(0, lane) >> 20 & 0xfff) as u32;
            outcomes.steps[k] = word(1, lane) as u32;
            outcomes.amplitude[k] = float(2, lane);
            outcomes.lyapunov[k] = float(3, lane);
            outcomes.loss[k] = float(4, lane);
            for d in 0..dims {
                outcomes.point[k * dims + d] = float(5 + d, lane);
            }
            if self.plan.target.is_some() {
                outcomes.reach[k] = float(5 + dims, lane);
            }
        }
        Ok(())
    }
}

/// The lanes of a slice in a window of so many steps: whole workgroups, one at least.
pub(super) fn lanes(lane_steps: u64, steps: u32) -> u32 {
    let lanes = (lane_steps / u64::from(steps.max(1))).min(TILE_LANES) as u32;
    (lanes / WORKGROUP).max(1) * WORKGROUP
}

/// The next slice's lane-steps, of which this one was allowed `allowed` and did `done`: twice as many
/// at most, and as few as the time it took asks for.
pub(super) fn resized(done: u64, allowed: u64, took: Duration) -> u64 {
    let ratio = SLICE_TARGET.as_secs_f64() / took.as_secs_f64().max(1e-6);
    let wanted = (done as f64 * ratio.min(2.0)) as u64;
    // A slice that the end of the list cut short says nothing about larger ones.
    if ratio > 1.0 { wanted.max(allowed) } else { wanted.max(u64::from(WORKGROUP)) }
}

impl GpuEngine {
    /// What went wrong on the device, if anything did.
    pub(super) fn check_faults(&self) -> Result<()> {
        match self.fault.lock().ok().and_then(|mut fault| fault.take()) {
            Some(message) => Err(Error::Device(message)),
            None => Ok(()),
        }
    }

    /// Runs a kernel for `count` lanes and says how long it took.
    pub(super) fn dispatch(
        &self,
        pipeline: &wgpu::ComputePipeline,
        bindings: &wgpu::BindGroup,
        count: u32,
    ) -> Result<Duration> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bindings, &[]);
            pass.dispatch_workgroups(count.div_ceil(WORKGROUP), 1, 1);
        }
        let started = Instant::now();
        self.wait(self.queue.submit([encoder.finish()]))?;
        Ok(started.elapsed())
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
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, 0, through, 0, size);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_the_time_they_take() {
        let target = SLICE_TARGET;
        assert_eq!(resized(4096, 4096, target / 10), 8192);
        assert_eq!(resized(4096, 4096, target * 8), 512);
        assert_eq!(resized(64, 4096, target / 10), 4096);
        assert_eq!(resized(64, 64, target * 10), 64);
    }

    #[test]
    fn a_slice_of_longer_windows_has_fewer_lanes() {
        // Sized on windows of 16 steps, it must not take 32 times as long on windows of 512.
        assert_eq!(lanes(1 << 24, 16), 1 << 20);
        assert_eq!(lanes(1 << 24, 512), 1 << 15);
        assert_eq!(lanes(u64::MAX, 1), TILE_LANES as u32);
        assert_eq!(lanes(64, 640), WORKGROUP);
        assert_eq!(lanes(100_000, 16), 6208);
    }
}
