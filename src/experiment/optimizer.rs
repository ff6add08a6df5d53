//! How a step is made from the gradient.

use serde::{Deserialize, Serialize};

/// How a step is made from the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Plain gradient descent: x' = x - eta grad(x)
    #[default]
    Gd,
    /// With momentum: v' = beta v - eta grad(x), x' = x + v'
    HeavyBall,
    /// The same with the gradient at x + beta v
    Nesterov,
}

/// The momentum's name.
pub const MOMENTUM: &str = "beta";

impl Optimizer {
    /// Whether its state has a velocity for each variable, and it needs a [`MOMENTUM`].
    pub fn has_momentum(self) -> bool {
        self != Optimizer::Gd
    }

    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::Gd => "gd",
            Optimizer::HeavyBall => "heavy-ball",
            Optimizer::Nesterov => "nesterov",
        }
    }
}
