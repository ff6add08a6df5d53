//! What the figures are put together from: runs, curves, landscapes, maps.

use image::Rgb;

use crate::analysis::Attractor;
use crate::engine::cpu::CpuEngine;
use crate::error::Result;
use crate::experiment::{Axis, Draft, Experiment, Setup};
use crate::map::Map;
use crate::orbit::Row;
use crate::picture::{
    Caption, Chart, ChartAxis, Dash, Frame, Key, Levels, Marker, Panel, Plot, Ramp, Raster, Scale, Series,
    Tint,
};
use crate::view::View;

/// Grid points along the longer side of a drawn landscape.
const GRID: u32 = 320;
/// One more than the level lines over a landscape, and their colour.
const LEVELS: (usize, Rgb<u8>) = (14, Rgb([135; 3]));

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

/// Crosses that are visible over any colour.
pub fn cross(points: &[(f64, f64)]) -> [Series; 2] {
    let mark = |radius: f32, shade: u8| {
        let dots = Series::dots("", 0, points.to_vec()).marked(Marker::Cross, radius);
        dots.tinted(Tint::Colour(Rgb([shade; 3])))
    };
    [mark(6.5, 0), mark(5.0, 255)]
}

/// More series in the chart of a panel.
pub fn with_series(mut panel: Panel, series: impl IntoIterator<Item = Series>) -> Panel {
    if let Plot::Chart(chart) = &mut panel.plot {
        chart.series.extend(series);
    }
    panel
}

/// Levels that have equal areas between them.
fn levels(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    (1..LEVELS.0).filter_map(|k| sorted.get(last * k / LEVELS.0).copied()).collect()
}

/// The loss over a plane: its values, in rows from the bottom up.
pub struct Field {
    across: Axis,
    up: Axis,
    size: [u32; 2],
    pub values: Vec<f64>,
}

impl Field {
    /// The loss of `setup` over two of its variables; the others have the values that are set.
    pub fn new(setup: &Setup, across: &str, up: &str, size: [u32; 2]) -> Result<Self> {
        let axis = |text: &str| text.parse::<Axis>().expect("a built-in axis is one");
        let (across, up) = (axis(across), axis(up));
        let (columns, rows) = (across.values(size[0]), up.values(size[1]));
        let place = |x: f64, y: f64, name: &String| match name {
            _ if *name == across.name => x,
            _ if *name == up.name => y,
            _ => setup.value(name).unwrap_or(0.0),
        };
        let variables = &setup.landscape.body.variables;
        let points = rows.iter().flat_map(|y| columns.iter().map(move |x| (*x, *y)));
        let points: Vec<Vec<f64>> =
            points.map(|(x, y)| variables.iter().map(|name| place(x, y, name)).collect()).collect();
        let values = crate::sample::losses(setup, &points)?;
        Ok(Self { across, up, size, values })
    }

    /// A grid whose longer side is as fine as pictures need, for a frame of this shape.
    pub fn grid(frame: (u32, u32)) -> [u32; 2] {
        let longest = frame.0.max(frame.1);
        [frame.0, frame.1].map(|side| (side * GRID).div_ceil(longest))
    }

    /// The axes, with the values on the middles of cells.
    fn axes(&self) -> (ChartAxis, ChartAxis) {
        let axis = |axis: &Axis, cells: u32| {
            let scale = Scale::linear(axis.from, axis.to);
            ChartAxis::of_cells(&crate::picture::quantity(&axis.name), scale, cells as usize)
        };
        (axis(&self.across, self.size[0]), axis(&self.up, self.size[1]))
    }

    /// A panel with the loss in shades, light where it is low, and level lines.
    pub fn panel(&self, title: &str, frame: (u32, u32)) -> Panel {
        let [width, height] = self.size.map(|side| side as usize);
        let bar = crate::picture::bar(&self.values, "loss", Ramp::Grey);
        let colours = self.values.iter().map(|value| bar.ramp.at(bar.scale.position(*value))).collect();
        let (across, up) = self.axes();
        let (values, at) = (self.values.clone(), levels(&self.values));
        let lines = Levels { width, height, values, at, tint: Tint::Colour(LEVELS.1) };
        let chart = Chart {
            across,
            up,
            raster: Some(Raster { width, height, colours, classes: None }),
            levels: Some(lines),
            series: Vec::new(),
        };
        Panel {
            title: title.to_owned(),
            plot: Plot::Chart(chart),
            key: Key { bar: Some(bar), ..Key::default() },
            frame: Frame::Exact(frame.0, frame.1),
        }
    }
}
