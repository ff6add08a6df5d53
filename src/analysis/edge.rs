//! The sharpness on an attractor against the edge of stability.

use crate::experiment::{Experiment, MOMENTUM};
use crate::phase::limit;
use crate::plan::{Plan, Source};

/// The learning rate times the sharpness, `products` in each of `cells`, for which gradient descent is stable up to 2. With
/// momentum, it is divided by what raises or lowers that threshold, so that 2 remains the edge.
pub fn edge(experiment: &Experiment, plan: &Plan, cells: &[u32], products: &[f64]) -> Vec<f64> {
    let optimizer = experiment.setup.optimizer;
    let momentum = match MOMENTUM {
        name if experiment.across.name == name => Source::Across,
        name if experiment.up.name == name => Source::Up,
        name => Source::Value(experiment.setup.value(name).unwrap_or(0.0)),
    };
    let threshold = |&cell: &u32| limit(optimizer, plan.value(momentum, cell as usize));
    products.iter().zip(cells.iter().map(threshold)).map(|(product, limit)| 2.0 * product / limit).collect()
}
