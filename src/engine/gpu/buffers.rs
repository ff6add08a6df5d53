//! Buffers of a device, and what binds them to a kernel.

use wgpu::BufferUsages as Usage;

use super::opened::Opened;

/// No buffer is smaller: some backends do not bind them.
const LEAST: u64 = 16;

impl Opened {
    /// A buffer that kernels read and write.
    pub(super) fn storage(&self, label: &str, bytes: u64) -> wgpu::Buffer {
        self.buffer(label, bytes, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC)
    }

    /// The same, with `bytes` in it.
    pub(super) fn filled(&self, label: &str, bytes: &[u8]) -> wgpu::Buffer {
        let filled = self.storage(label, bytes.len() as u64);
        self.queue.write_buffer(&filled, 0, bytes);
        filled
    }

    /// A buffer for what a dispatch is told.
    pub(super) fn uniform(&self, label: &str, bytes: u64) -> wgpu::Buffer {
        self.buffer(label, bytes, Usage::UNIFORM | Usage::COPY_DST)
    }

    /// A buffer through which others are read.
    pub(super) fn mappable(&self, label: &str, bytes: u64) -> wgpu::Buffer {
        self.buffer(label, bytes, Usage::MAP_READ | Usage::COPY_DST)
    }

    fn buffer(&self, label: &str, bytes: u64, usage: Usage) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes.max(LEAST),
            usage,
            mapped_at_creation: false,
        })
    }

    /// Buffers at the binding numbers that a layout has for them.
    pub(super) fn bind<'a>(
        &self,
        layout: &wgpu::BindGroupLayout,
        buffers: impl IntoIterator<Item = (u32, &'a wgpu::Buffer)>,
    ) -> wgpu::BindGroup {
        let entry = |(binding, buffer): (u32, &'a wgpu::Buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        };
        let entries: Vec<_> = buffers.into_iter().map(entry).collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
    }
}
