//! The views of a map that can be drawn.

use serde::{Deserialize, Serialize};

/// A picture of one aspect of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// Which attractor each cell ends on.
    Basins,
    /// How each cell ends.
    Fate,
    /// The period of the attractor.
    Period,
    /// Half the diagonal of the box that the orbit visits.
    Amplitude,
    /// Lyapunov exponent, nats per step.
    Lyapunov,
    /// Mean loss over the attractor.
    Loss,
}
