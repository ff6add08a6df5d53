//! The sharpness on an attractor against the edge of stability.

use super::cycles::rates;
use crate::experiment::{Experiment, MOMENTUM, Optimizer};
use crate::plan::{Plan, Source};

/// The learning rate times the sharpness, in each of `cells`, for which gradient descent is stable up to 2. With
/// momentum, the product is divided by what raises or lowers that threshold, so that 2 remains the edge.
pub fn edge(experiment: &Experiment, plan: &Plan, cells: &[u32], sharpness: &[f64]) -> Vec<f64> {
    let optimizer = experiment.setup.optimizer;
    let momentum = match MOMENTUM {
        name if experiment.across.name == name => Source::Across,
        name if experiment.up.name == name => Source::Up,
        name => Source::Value(experiment.setup.value(name).unwrap_or(0.0)),
    };
    let per_cell = rates(plan, cells).into_iter().zip(sharpness).zip(cells);
    per_cell
        .map(|((eta, sharpness), &cell)| {
            eta * sharpness / raised(optimizer, plan.value(momentum, cell as usize))
        })
        .collect()
}

/// How far momentum `beta` raises the threshold 2 of eta times the sharpness: on a quadratic, the
/// characteristic polynomial `z^2 - (1 + beta - eta h) z + beta`, for Nesterov with the factor
/// `1 + beta` at z and `beta` at 1 of the last term, has the root -1 there.
fn raised(optimizer: Optimizer, beta: f64) -> f64 {
    match optimizer {
        Optimizer::Gd => 1.0,
        Optimizer::HeavyBall => 1.0 + beta,
        Optimizer::Nesterov => (1.0 + beta) / (1.0 + 2.0 * beta),
    }
}
