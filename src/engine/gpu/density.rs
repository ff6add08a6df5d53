//! Counting what trajectories visit, on a GPU: the counts stay in a buffer of the device, a group of columns
//! at a time.

use std::cell::Cell;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::adapters::GpuEngine;
use super::format::Format;
use super::opened::Opened;
use super::run::{axes, data, timed};
use super::shader::density_source;
use super::slice::{Pace, TILE_LANES};
use super::tile::steps_at_once;
use crate::engine::{Cells, Density, Seconds, Watch};
use crate::error::{Error, Result};
use crate::experiment::Warm;
use crate::plan::Plan;

/// What a dispatch is told; the twin of `Slice` in `density.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Slice {
    begin: u32,
    end: u32,
    transient: u32,
    first: u32,
    count: u32,
    capacity: u32,
    width: u32,
    column: u32,
    columns: u32,
    back: u32,
}

/// Names and byte offsets of the fields of `Slice` as Rust lays them out, for comparison with the
/// shader's.
pub fn density_layout() -> Vec<(&'static str, u32)> {
    macro_rules! layout {
        ($($field:ident)*) => {
            vec![$((stringify!($field), std::mem::offset_of!(Slice, $field) as u32)),*]
        };
    }
    layout!(begin end transient first count capacity width column columns back)
}

/// Counts on the device, in buffers of no more than `most` bytes. Where the device fails, all of it is done again.
pub fn density(
    engine: &GpuEngine,
    plan: &Plan,
    watch: &Watch,
    (cells, most): (&Cells, u64),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Density> {
    engine.fits(plan, most)?;
    let pace = Pace::new(engine.settings.slice_target, plan.rounds_per_step());
    let rounds = engine.settings.rounds;
    engine.repeatedly(
        &pace,
        || 0,
        |opened| {
            let mut seconds = Seconds::default();
            let counter =
                timed(&mut seconds.compile, || Counter::new(opened, plan, watch, most, (&pace, rounds)))?;
            counted(&counter, cells, seconds, progress)
        },
    )
}

/// Counts on a device that is open.
fn counted(
    counter: &Counter,
    cells: &Cells,
    mut seconds: Seconds,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Density> {
    let Counter { opened, plan, watch, .. } = *counter;
    let rows = watch.bins as usize + Density::OTHERS;
    let width = plan.across.len();
    let mut density = Density { visits: vec![0; rows * width], ..Density::default() };
    let mut groups: Vec<Range<usize>> =
        (0..width).step_by(counter.columns).map(|from| from..width.min(from + counter.columns)).collect();
    if watch.warm == Some(Warm::Down) {
        groups.reverse();
    }
    let order = watch.warm.map(|warm| warm.columns(width)).unwrap_or_default();
    if watch.warm.is_some() {
        let sweep = order.iter().flat_map(|j| (0..plan.up.len()).map(move |i| (i * width + j) as u32));
        let sweep: Vec<u32> = sweep.collect();
        opened.queue.write_buffer(&counter.cells, 0, bytemuck::cast_slice(&sweep));
    }
    let mut done = 0;
    for group in groups {
        let followed = timed(&mut seconds.run, || {
            counter.clear(&group);
            match watch.warm {
                None => counter.each_from_its_start(&group, cells),
                Some(_) => counter.through_all_columns(&group, &order),
            }
        })?;
        timed(&mut seconds.readback, || counter.read(&group, &followed, &mut density))?;
        done += followed.iter().map(|&n| u64::from(n)).sum::<u64>();
        progress(done);
    }
    if watch.warm.is_some() {
        timed(&mut seconds.readback, || counter.read_ends(&order, &mut density))?;
    }
    Ok(Density { seconds, ..density })
}

/// The buffers and the pipeline that works on them.
struct Counter<'a> {
    opened: &'a Opened,
    plan: &'a Plan,
    watch: &'a Watch,
    /// Rounds of loops that one invocation may take.
    rounds: u64,
    /// Lanes, and columns of a group.
    capacity: usize,
    columns: usize,
    pipeline: wgpu::ComputePipeline,
    slice: wgpu::Buffer,
    cells: wgpu::Buffer,
    state: wgpu::Buffer,
    visits: wgpu::Buffer,
    through: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    /// Lanes that have been told to do some steps since the counts were cleared, each time counted.
    told: Cell<u32>,
    pace: &'a Pace,
}

/// Binding number of the data's columns.
const DATA: u32 = 8;
/// Bytes of the mark that dispatches were done, behind the counts.
const MARK: u64 = 4;

impl<'a> Counter<'a> {
    fn new(
        opened: &'a Opened,
        plan: &'a Plan,
        watch: &'a Watch,
        most: u64,
        (pace, rounds): (&'a Pace, u64),
    ) -> Result<Self> {
        let limits = opened.device.limits();
        let bytes = most.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size);
        let format = Format(plan.precision);
        let cells = plan.cells() as u64;
        // Of a trajectory's state.
        let lane_bytes = format.bytes() * plan.initial.len() as u64;
        let rows = u64::from(watch.bins) + Density::OTHERS as u64;
        // One more number is the mark.
        let columns = (bytes.saturating_sub(MARK) / (4 * rows)).min(plan.across.len() as u64);
        // Swept, every cell keeps its orbit's state; else those that are computed together do.
        let capacity = match watch.warm {
            Some(_) => cells,
            None => cells.min(TILE_LANES).min(bytes / lane_bytes),
        };
        if columns == 0 || capacity * lane_bytes > bytes {
            return Err(Error::request(
                "starts: more than this device's buffers hold; give fewer --starts or columns, or --engine cpu",
            ));
        }
        let axes = opened.filled("axes", &axes(plan));
        let tables = data(plan);
        let data = opened.filled("data", &tables);
        let slice = opened.uniform("slice", size_of::<Slice>() as u64);
        let listed = opened.storage("cells", 4 * capacity);
        let state = opened.storage("state", capacity * lane_bytes);
        let visits = opened.storage("visits", 4 * rows * columns + MARK);
        let through = opened.mappable("read", visits.size().max(state.size()));
        let mut bound = vec![(0, &slice), (1, &axes), (2, &listed), (3, &state), (4, &visits)];
        if !tables.is_empty() {
            bound.push((DATA, &data));
        }
        let (pipeline, bindings) = pipeline(opened, plan, watch, &bound);
        opened.check_faults()?;
        Ok(Self {
            opened,
            plan,
            watch,
            rounds,
            capacity: capacity as usize,
            columns: columns as usize,
            pipeline,
            slice,
            cells: listed,
            state,
            visits,
            through,
            bindings,
            told: Cell::new(0),
            pace,
        })
    }

    fn clear(&self, group: &Range<usize>) {
        let rows = self.watch.bins as usize + Density::OTHERS;
        self.told.set(0);
        self.opened.queue.write_buffer(&self.visits, 0, &vec![0; 4 * rows * group.len() + MARK as usize]);
    }

    /// Follows each cell's trajectory from its own start; says how many there were in each column.
    fn each_from_its_start(&self, group: &Range<usize>, cells: &Cells) -> Result<Vec<u32>> {
        let width = self.plan.across.len();
        let mut followed = vec![0; group.len()];
        let of_group = (0..cells.count(self.plan)).map(|k| cells.at(k));
        let of_group: Vec<u32> = of_group.filter(|cell| group.contains(&(*cell as usize % width))).collect();
        of_group.iter().for_each(|cell| followed[*cell as usize % width - group.start] += 1);
        for cells in of_group.chunks(self.capacity) {
            self.opened.queue.write_buffer(&self.cells, 0, bytemuck::cast_slice(cells));
            self.follow(group, 0..cells.len() as u32, 0)?;
        }
        Ok(followed)
    }

    /// Follows one orbit for each row through the columns of the group, which `order` lists among the others.
    fn through_all_columns(&self, group: &Range<usize>, order: &[usize]) -> Result<Vec<u32>> {
        let height = self.plan.up.len() as u32;
        for (k, _) in order.iter().enumerate().filter(|(_, column)| group.contains(column)) {
            let first = k as u32 * height;
            self.follow(group, first..first + height, if k == 0 { 0 } else { height })?;
        }
        Ok(vec![height; group.len()])
    }

    /// Takes all steps of some lanes.
    fn follow(&self, group: &Range<usize>, lane: Range<u32>, back: u32) -> Result<()> {
        let steps = self.watch.steps;
        let at_once = steps_at_once(self.plan, self.rounds).min(steps);
        let mut first = lane.start;
        while first < lane.end {
            let count = self.pace.lanes(at_once).min(lane.end - first);
            for begin in (0..steps).step_by(at_once as usize) {
                let end = steps.min(begin + at_once);
                let slice = Slice {
                    begin,
                    end,
                    transient: self.watch.transient,
                    first,
                    count,
                    capacity: self.capacity as u32,
                    width: self.plan.across.len() as u32,
                    column: group.start as u32,
                    columns: group.len() as u32,
                    back,
                };
                self.opened.queue.write_buffer(&self.slice, 0, bytemuck::bytes_of(&slice));
                let mut encoder = self.opened.encoder();
                self.opened.dispatch(&mut encoder, &self.pipeline, &self.bindings, count);
                let done = u64::from(count) * u64::from(end - begin);
                self.pace.time(done, || self.opened.finish(encoder))?;
                self.told.set(self.told.get().wrapping_add(count));
            }
            first += count;
        }
        Ok(())
    }

    /// Reads the counts of a group into their place. Every visit has been counted in some row, and every lane of a
    /// dispatch in the mark: if one is missing, the device has failed and not said so.
    fn read(&self, group: &Range<usize>, followed: &[u32], density: &mut Density) -> Result<()> {
        let (width, rows) = (self.plan.across.len(), self.watch.bins as usize + Density::OTHERS);
        let bytes = self.opened.read(&self.visits, &self.through, 4 * (rows * group.len()) as u64 + MARK)?;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        let (mark, told) = (words[rows * group.len()], self.told.get());
        if mark != told {
            return Err(Error::Device(format!("the marks of {mark} lanes came back instead of {told}")));
        }
        for (k, followed) in followed.iter().enumerate() {
            let column = (0..rows).map(|row| words[row * group.len() + k]);
            let found: u64 = column.clone().map(u64::from).sum();
            let wanted = u64::from(*followed) * u64::from(self.watch.steps - self.watch.transient);
            if found != wanted {
                let column = group.start + k;
                return Err(Error::Device(format!(
                    "{found} visits of {wanted} came back for column {column}"
                )));
            }
            for (row, count) in column.enumerate() {
                density.visits[row * width + group.start + k] = count;
            }
        }
        Ok(())
    }

    fn read_ends(&self, order: &[usize], density: &mut Density) -> Result<()> {
        let (width, height) = (self.plan.across.len(), self.plan.up.len());
        let dims = self.plan.initial.len();
        let format = Format(self.plan.precision);
        let size = format.bytes() * (dims * self.capacity) as u64;
        let words = format.decode(&self.opened.read(&self.state, &self.through, size)?);
        density.ends = vec![f64::NAN; dims * width * height];
        for (k, column) in order.iter().enumerate() {
            for row in 0..height {
                for d in 0..dims {
                    let bits = words[d * self.capacity + k * height + row];
                    density.ends[(row * width + column) * dims + d] = format.float(bits);
                }
            }
        }
        Ok(())
    }
}

/// The pipeline with its buffers. A formula may leave one of them unused: so the layout is not the shader's.
fn pipeline(
    opened: &Opened,
    plan: &Plan,
    watch: &Watch,
    bound: &[(u32, &wgpu::Buffer)],
) -> (wgpu::ComputePipeline, wgpu::BindGroup) {
    let device = &opened.device;
    let kind = |binding: u32| match binding {
        0 => wgpu::BufferBindingType::Uniform,
        3 | 4 => wgpu::BufferBindingType::Storage { read_only: false },
        _ => wgpu::BufferBindingType::Storage { read_only: true },
    };
    let entries = bound.iter().map(|(binding, _)| wgpu::BindGroupLayoutEntry {
        binding: *binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: kind(*binding),
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    });
    let entries: Vec<_> = entries.collect();
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("density"),
        entries: &entries,
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("density"),
        bind_group_layouts: &[Some(&layout)],
        ..wgpu::PipelineLayoutDescriptor::default()
    });
    let pipeline = opened.kernel("count", Some(&pipeline_layout), density_source(plan, watch.bins));
    (pipeline, opened.bind(&layout, bound.iter().copied()))
}
