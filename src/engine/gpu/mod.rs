//! The GPU engine: every adapter that wgpu finds, and the only module that knows wgpu.

mod adapters;
mod run;
mod shader;
#[cfg(test)]
mod tests;

pub use self::adapters::{GpuEngine, devices};
pub use self::run::slice_layout;
pub use self::shader::{WORKGROUP, source as shader_source};
