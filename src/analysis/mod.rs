//! What a map means: attractors, basin boundaries, and whether the numbers can be trusted.

mod attractors;
mod boundary;
mod certainty;
mod check;
mod clusters;
mod cycles;
mod edge;
mod matching;
mod multipliers;
mod settling;
pub mod stats;
pub mod theory;

pub use self::attractors::{Attractor, Identified, identify};
pub(crate) use self::attractors::{Identifier, Labelled, Middles, Numbers, describe};
pub use self::boundary::next_to_boundary;
pub use self::certainty::{Certain, Certainty, certainty, doubtful, nudged};
pub use self::check::{Agreement, Check, SAMPLE, Spread};
pub(crate) use self::check::{again, compare, listed};
pub(crate) use self::cycles::sharpness_and_products;
pub use self::cycles::sharpness_of_cells;
pub use self::edge::edge;
pub use self::matching::Known;
pub use self::multipliers::refine_exponents;
pub use self::settling::settling_times;
