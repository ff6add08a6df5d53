//! What the paper proves or derives, as functions: thresholds, periodic orbits, slow motion, balls.
//!
//! Each takes the loss as formulas: its derivatives are those of [`crate::formula`].

mod ball;
mod curve;
mod periodic;
mod quasistatic;

pub use self::ball::{Ball, Field, ball, steps_inwards};
pub use self::curve::Curve;
pub use self::periodic::{threshold, x_eta};
pub use self::quasistatic::Quasistatic;
