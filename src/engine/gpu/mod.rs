//! The GPU engine: every adapter that wgpu finds, and the only module that knows wgpu.

mod adapters;
mod run;
mod shader;
#[cfg(test)]
mod tests;

pub use self::adapters::{GpuEngine, devices};
pub use self::run::slice_layout;
pub use self::shader::WORKGROUP;
use crate::plan::Plan;

/// The whole WGSL text for `plan`.
pub fn shader_source(plan: &Plan) -> String {
    shader::source(plan, run::is_cut(plan, run::ROUNDS))
}
