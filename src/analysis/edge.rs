//! The sharpness on an attractor against the edge of stability.

use super::cycles::rate_times_sharpness;
use crate::engine::Outcomes;
use crate::experiment::{Experiment, MOMENTUM};
use crate::phase::limit;
use crate::plan::{Plan, Source};

/// The learning rate times the sharpness, for which gradient descent is stable up to 2, mean over the attractor of each
/// of `cells`. With momentum, the product is divided by what raises or lowers that threshold, so that 2 remains the edge.
pub fn edge(experiment: &Experiment, plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> Vec<f64> {
    let optimizer = experiment.setup.optimizer;
    let momentum = match MOMENTUM {
        name if experiment.across.name == name => Source::Across,
        name if experiment.up.name == name => Source::Up,
        name => Source::Value(experiment.setup.value(name).unwrap_or(0.0)),
    };
    let products = rate_times_sharpness(plan, cells, outcomes).into_iter().zip(cells);
    products
        .map(|(product, &cell)| 2.0 * product / limit(optimizer, plan.value(momentum, cell as usize)))
        .collect()
}
