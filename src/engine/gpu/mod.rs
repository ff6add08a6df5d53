//! The GPU engine: every adapter that wgpu finds, and the only module that knows wgpu.

mod adapters;
mod buffers;
mod ceiling;
mod compute;
mod density;
mod faults;
mod format;
mod opened;
mod run;
mod shader;
mod slice;
#[cfg(test)]
mod tests;
mod tile;
mod trust;
mod unroll;

pub use self::adapters::{GpuEngine, REPEATS, devices};
pub use self::ceiling::ceiling_source;
pub use self::density::density_layout;
#[doc(hidden)]
pub use self::faults::{Fault, Faults};
pub use self::shader::WORKGROUP;
pub use self::slice::slice_layout;
pub use self::trust::{cache_directory, known_answers_source};
use crate::plan::Plan;

/// The whole WGSL text for `plan`.
pub fn shader_source(plan: &Plan) -> String {
    shader::source(plan, tile::is_cut(plan, run::ROUNDS))
}

/// The whole WGSL text that sorts what the trajectories of `plan` visit into `bins` bins.
pub fn density_source(plan: &Plan, bins: u32) -> String {
    shader::density_source(plan, bins)
}
