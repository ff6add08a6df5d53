//! Which chart shows which view of a map.

use super::chart::{Axis, Chart};
use super::names;
use super::scale::Scale;
use super::{Caption, basins, classes, values};
use crate::analysis::Attractor;
use crate::experiment;
use crate::map::Map;
use crate::view::View;

/// The chart that shows this view of a map.
pub fn chart(view: View, map: &Map, attractors: &[Attractor], caption: &Caption) -> Chart {
    let (raster, key) = match view {
        View::Basins => basins::picture(map, attractors),
        View::Fate => classes::fates(map),
        View::Period => classes::periods(map),
        View::Amplitude => values::amplitude(map),
        View::Lyapunov => values::lyapunov(map),
        View::Settle => values::settle(map),
        View::Reach => values::measured(map, &map.reach, "steps to reach the loss"),
        View::Loss => values::measured(map, &map.loss, "loss"),
        View::Sharpness => values::measured(map, &map.sharpness, "sharpness"),
    };
    Chart {
        title: caption.title.clone(),
        subtitle: caption.subtitle.clone(),
        across: axis(&caption.across, &map.across),
        up: axis(&caption.up, &map.up),
        raster,
        key,
    }
}

/// The axis along which `values` stand.
fn axis(axis: &experiment::Axis, values: &[f64]) -> Axis {
    let low = values.first().copied().unwrap_or(f64::NAN);
    let high = values.last().copied().unwrap_or(f64::NAN);
    let scale = match axis.log {
        true => Scale::log(low, high),
        false => Scale::linear(low, high),
    };
    let label = names::quantity(&axis.name);
    Axis { label, scale }
}
