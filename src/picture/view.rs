//! Which panel shows which view of a map.

use super::chart::{Axis, Chart};
use super::figure::{Frame, Panel, Plot};
use super::key::Key;
use super::names;
use super::raster::Raster;
use super::scale::Scale;
use super::{Caption, basins, classes, values};
use crate::analysis::Attractor;
use crate::map::Map;
use crate::view::View;

/// The coloured cells of a view, and what their colours mean. `target`: the loss that is looked for, and the
/// budget.
pub fn colours(view: View, map: &Map, attractors: &[Attractor], target: Option<(f64, u32)>) -> (Raster, Key) {
    match view {
        View::Basins => basins::picture(map, attractors),
        View::Fate => classes::fates(map),
        View::Period => classes::periods(map),
        View::Amplitude => values::amplitude(map),
        View::Lyapunov => values::lyapunov(map),
        View::Settle => values::settle(map),
        View::Reach => values::reach(map, target),
        View::Loss => values::measured(map, &map.loss, "loss"),
        View::Sharpness => values::measured(map, &map.sharpness, "sharpness"),
        View::Edge => values::edge(map),
        View::Certainty => classes::certainty(map),
    }
}

/// The panel that shows coloured cells of a map; the longest side of its frame is about `length` pixels,
/// more where the map has more cells than that.
pub fn panel(map: &Map, (raster, key): (Raster, Key), caption: &Caption, length: u32) -> Panel {
    let chart = Chart {
        across: axis(&names::quantity(&caption.across.name), caption.across.log, &map.across),
        up: axis(&names::quantity(&caption.up.name), caption.up.log, &map.up),
        raster: Some(raster),
        levels: None,
        series: Vec::new(),
    };
    Panel { title: String::new(), plot: Plot::Chart(chart), key, frame: Frame::Longest(length) }
}

/// The axis along which `values` stand.
pub fn axis(label: &str, log: bool, values: &[f64]) -> Axis {
    let low = values.first().copied().unwrap_or(f64::NAN);
    let high = values.last().copied().unwrap_or(f64::NAN);
    let scale = match log {
        true => Scale::log(low, high),
        false => Scale::linear(low, high),
    };
    Axis::of_cells(label, scale, values.len())
}
