//! What the figures are put together from: runs, curves, landscapes, maps.

use image::Rgb;

use crate::analysis::Attractor;
use crate::engine::cpu::CpuEngine;
use crate::error::Result;
use crate::experiment::{Axis, Draft, Experiment, Setup};
use crate::map::Map;
use crate::orbit::Row;
use crate::picture::{
    Caption, Chart, ChartAxis, Dash, Frame, Key, Levels, Panel, Plot, Ramp, Raster, Scale, Series, Tint,
};
use crate::sample::Plane;
use crate::view::View;

/// The colour of level lines over a drawn landscape.
const LEVELS: Rgb<u8> = Rgb([135; 3]);

/// A draft that is part of this program.
pub fn draft(toml: &str) -> Draft {
    Draft::parse(toml).expect("a built-in experiment is TOML")
}

/// An orbit of a built-in setup.
pub fn orbit(toml: &str, steps: u32) -> Result<Vec<Row>> {
    Ok(crate::orbit(&draft(toml).setup()?, steps)?.collect())
}

/// A map and what is found in it.
pub struct Mapped {
    pub experiment: Experiment,
    pub map: Map,
    pub attractors: Vec<Attractor>,
}

impl Mapped {
    /// Runs a built-in experiment.
    pub fn run(toml: &str) -> Result<Self> {
        let experiment = draft(toml).resolve()?;
        let (map, report) = crate::run(&experiment, &CpuEngine::default(), false, &|_| {})?;
        Ok(Self { experiment, map, attractors: report.attractors })
    }

    /// One of its views as a panel.
    pub fn panel(&self, view: View, title: &str) -> Panel {
        let caption = Caption::of(&self.experiment);
        let [width, height] = self.experiment.size;
        let length = width.max(height);
        let panel = crate::picture::panel(&self.map, &self.attractors, &caption, view, length);
        Panel { title: title.to_owned(), ..panel }
    }
}

/// A panel of curves over an axis of steps or values.
pub fn curves(
    title: &str,
    frame: (u32, u32),
    across: ChartAxis,
    up: ChartAxis,
    series: Vec<Series>,
) -> Panel {
    let chart = Chart { across, up, raster: None, levels: None, series };
    Panel {
        title: title.to_owned(),
        plot: Plot::Chart(chart),
        key: Key::default(),
        frame: Frame::Exact(frame.0, frame.1),
    }
}

/// The axis of the steps of a run.
pub fn iterations(from: u32, to: u32) -> ChartAxis {
    ChartAxis::new("iteration t", Scale::linear(f64::from(from), f64::from(to)))
}

/// The points (t, value) of an orbit.
pub fn over_time(rows: &[Row], value: impl Fn(&Row) -> f64) -> Vec<(f64, f64)> {
    rows.iter().map(|row| (f64::from(row.t), value(row))).collect()
}

/// Every `stride`-th of the rows: enough of a smooth curve.
pub fn thinned(rows: &[Row], stride: usize) -> Vec<Row> {
    rows.iter().step_by(stride).cloned().collect()
}

/// Dotted vertical lines, such as where a learning rate changes.
pub fn rules(at: &[f64], (low, high): (f64, f64)) -> Vec<Series> {
    let rule = |x: &f64| Series::line("", 0, vec![(*x, low), (*x, high)]).tinted(Tint::Quiet);
    at.iter().map(|x| rule(x).dashed(Dash::Dotted).width(1.0)).collect()
}

/// The loss of a setup over two of its variables, whose other ones are set.
pub fn plane<'a>(setup: &'a Setup, across: &str, up: &str, size: [u32; 2]) -> Plane<'a> {
    let axis = |text: &str| text.parse::<Axis>().expect("a built-in axis is one");
    Plane { setup, across: axis(across), up: axis(up), size }
}

/// A panel with the loss over a plane in shades, light where it is low, and level lines.
pub fn landscape(setup: &Setup, across: &str, up: &str, frame: (u32, u32)) -> Result<Panel> {
    let plane = plane(setup, across, up, Plane::grid(frame));
    let [width, height] = plane.size.map(|side| side as usize);
    let values = plane.losses()?;
    // The values stand on the middles of cells.
    let axis = |axis: &Axis, cells: usize| {
        ChartAxis::of_cells(&crate::picture::quantity(&axis.name), Scale::linear(axis.from, axis.to), cells)
    };
    let (across, up) = (axis(&plane.across, width), axis(&plane.up, height));
    let bar = crate::picture::bar(&values, "loss", Ramp::Grey);
    let colours = values.iter().map(|value| bar.ramp.at(bar.scale.position(*value))).collect();
    let at = Levels::even(&values);
    let lines = Levels { width, height, values, at, tint: Tint::Colour(LEVELS) };
    let chart = Chart {
        across,
        up,
        raster: Some(Raster { width, height, colours, classes: None }),
        levels: Some(lines),
        series: Vec::new(),
    };
    Ok(Panel {
        title: String::new(),
        plot: Plot::Chart(chart),
        key: Key { bar: Some(bar), ..Key::default() },
        frame: Frame::Exact(frame.0, frame.1),
    })
}
