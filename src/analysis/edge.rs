//! The sharpness on an attractor against the edge of stability.

use super::cycles::rates;
use crate::experiment::{Experiment, MOMENTUM};
use crate::phase::limit;
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
            2.0 * eta * sharpness / limit(optimizer, plan.value(momentum, cell as usize))
        })
        .collect()
}
