//! The plainest kernel for a plan's steps, to measure the GPU engine against.

use std::time::{Duration, Instant};

use gdscope::engine::gpu::{WORKGROUP, shader_source, slice_layout};
use gdscope::experiment::Precision;
use gdscope::plan::Plan;

/// The kernel, compiled, with its buffers.
pub struct Naive {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    cells: u32,
}

impl Naive {
    /// For adapter number `index` and the first `steps` steps of every trajectory of `plan`, whose cells are
    /// whole workgroups, whose axes both matter, and whose loss has no data.
    pub fn new(index: usize, plan: &Plan, steps: u32) -> Self {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::PRIMARY;
        let instance = wgpu::Instance::new(descriptor);
        let adapter =
            pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY)).swap_remove(index);
        let f64_features = wgpu::Features::SHADER_F64 | wgpu::Features::SHADER_INT64;
        let request = wgpu::DeviceDescriptor {
            required_features: adapter.features() & f64_features,
            required_limits: adapter.limits(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&request)).expect("a listed device opens");
        let text = shader_source(plan) + include_str!("naive.wgsl");
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("naive"),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("naive"),
            layout: None,
            module: &module,
            entry_point: Some("naive"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let layout = slice_layout();
        let at =
            |name: &str| layout.iter().find(|field| field.0 == name).expect("a field of the slice").1 / 4;
        let mut slice = vec![0_u32; layout.len()];
        slice[at("end") as usize] = steps;
        slice[at("width") as usize] = plan.across.len() as u32;
        let values = plan.across.iter().chain(&plan.up);
        let (bytes, axes): (u64, Vec<u8>) = match plan.precision {
            Precision::F32 => (4, values.flat_map(|&v| (v as f32).to_ne_bytes()).collect()),
            Precision::F64 => (8, values.flat_map(|v| v.to_ne_bytes()).collect()),
        };
        let ends = bytes * (plan.cells() * plan.initial.len()) as u64;
        let buffer = |size: u64, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        use wgpu::BufferUsages as Usage;
        let buffers = [
            (0, buffer(4 * slice.len() as u64, Usage::UNIFORM | Usage::COPY_DST)),
            (1, buffer(axes.len() as u64, Usage::STORAGE | Usage::COPY_DST)),
            (9, buffer(ends, Usage::STORAGE)),
        ];
        queue.write_buffer(&buffers[0].1, 0, bytemuck::cast_slice(&slice));
        queue.write_buffer(&buffers[1].1, 0, &axes);
        let entries = buffers.iter().map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding: *binding,
            resource: buffer.as_entire_binding(),
        });
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("naive"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries.collect::<Vec<_>>(),
        });
        Self { device, queue, pipeline, bindings, cells: plan.cells() as u32 }
    }

    /// Runs it once, from the submission to its end.
    pub fn run(&self) -> Duration {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.bindings, &[]);
            pass.dispatch_workgroups(self.cells / WORKGROUP, 1, 1);
        }
        let started = Instant::now();
        self.queue.submit([encoder.finish()]);
        self.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device answers");
        started.elapsed()
    }
}
