//! What a map means: attractors, basin boundaries, and whether the numbers can be trusted.

mod attractors;
mod boundary;
mod check;
mod clusters;
mod cycles;
pub mod stats;
pub mod theory;

pub use self::attractors::{Attractor, Identified, identify};
pub use self::boundary::next_to_boundary;
pub use self::check::{Agreement, Check, SAMPLE, Spread, check};
pub use self::cycles::{refine_exponents, sharpness_of_cells};
