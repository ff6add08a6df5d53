//! The views of a map that can be drawn.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::map::Array;
use crate::picture::Format;

/// A picture of one aspect of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// Which attractor each cell ends on.
    Basins,
    /// How each cell ends.
    Fate,
    /// The period of the attractor.
    Period,
    /// Half the diagonal of the box that the orbit visits on its attractor.
    Amplitude,
    /// Lyapunov exponent, nats per step.
    Lyapunov,
    /// First step from which the orbit stays within the tolerance of its attractor.
    Settle,
    /// First step at which the loss is no more than the target.
    Reach,
    /// Mean loss over the attractor.
    Loss,
    /// Largest Hessian eigenvalue, mean over the attractor.
    Sharpness,
    /// Learning rate times sharpness: 2 is the edge of stability.
    Edge,
    /// Which cells f64 and a nudge of the start confirm.
    Certainty,
}

impl View {
    /// Every view.
    pub const ALL: [View; 11] = [
        View::Basins,
        View::Fate,
        View::Period,
        View::Amplitude,
        View::Lyapunov,
        View::Settle,
        View::Reach,
        View::Loss,
        View::Sharpness,
        View::Edge,
        View::Certainty,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            View::Basins => "basins",
            View::Fate => "fate",
            View::Period => "period",
            View::Amplitude => "amplitude",
            View::Lyapunov => "lyapunov",
            View::Settle => "settle",
            View::Reach => "reach",
            View::Loss => "loss",
            View::Sharpness => "sharpness",
            View::Edge => "edge",
            View::Certainty => "certainty",
        }
    }

    /// The array of a map that it colours by.
    pub(crate) fn array(self) -> Array {
        match self {
            View::Basins => Array::Attractor,
            View::Fate => Array::Fate,
            View::Period => Array::Period,
            View::Amplitude => Array::Amplitude,
            View::Lyapunov => Array::Lyapunov,
            View::Settle => Array::Settle,
            View::Reach => Array::Reach,
            View::Loss => Array::Loss,
            View::Sharpness => Array::Sharpness,
            View::Edge => Array::Edge,
            View::Certainty => Array::Certainty,
        }
    }

    /// Whether its pictures are made of an array: of its own, of fates, and of settling times, which shade basins.
    pub(crate) fn needs(self, array: Array) -> bool {
        array == self.array() || array == Array::Fate || (self == View::Basins && array == Array::Settle)
    }

    /// The names that its pictures in a map's directory may have.
    pub fn file_names(self) -> [String; 2] {
        Format::ALL.map(|format| self.file_name(format))
    }

    /// The name of its picture in a map's directory.
    pub fn file_name(self, format: Format) -> String {
        format!("{}.{}", self.name(), format.ending())
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
