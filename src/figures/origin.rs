//! Figure 6.1: losses that training data make, with separate scales or a continuum of them.

use super::parts::{Mapped, curves, draft, plane};
use super::{Picture, Progress};
use crate::error::Result;
use crate::picture::{
    Caption, ChartAxis, Dash, Figure, Frame, Key, Panel, Plot, Ramp, Scale, Series, Surface,
};
use crate::sample::losses;
use crate::view::View;

/// The network (6.1) with three inputs of different magnitude: 1/3, 1 and 3.
const THREE: &str = "landscape = 'relu-data'\nset = { N = 3, spread = 3 }";
/// (6.2): inputs uniform on [0, C].
const UNIFORM: &str = "landscape = 'relu-uniform'\nset = { C = 3 }";
/// Two networks side by side, the inputs of the second ten times as large.
const PLANE: &str = "landscape = 'relu-2d'\nset = { C = 1, N = 400, ratio = 10 }";

const FRAME: (u32, u32) = (320, 260);
/// The range of w, and the values in it.
const RANGE: f64 = 4.0;
const POINTS: i32 = 400;
/// Grid lines of the surface along each side, and half its width.
const GRID: u32 = 61;

const CAPTION: &str = "Fig. 6.1 of Ma, Kunin, Wu and Ying (2022): losses of the network (6.1), 1 − σ(wx + 1) + 2σ(wx) − \
    σ(wx − 1), fitted to 0. Left: with three inputs, 1/3, 1 and 3, the loss has separate scales; with inputs uniform \
    on [0, 3], (6.2), it has a continuum of them. Middle: (6.2) for inputs of other magnitudes. Right: two such \
    networks, the inputs of the second ten times as large, make two valleys in different scales.";

const MAP: &str = include_str!("../../experiments/fig-6.1.toml");

const MAP_CAPTION: &str = "What descent does on (6.2), over the learning rate and the largest input C. As the loss depends \
    on C w alone, all is a function of η C²; dashed: η = 3/C², that is 2/f₂''(0), above which the minimum repels.";

/// The figure, and the map beside it.
pub fn pictures(progress: Progress) -> Result<Vec<Picture>> {
    progress("losses over their weights");
    let panels = vec![data()?, magnitudes()?, surface()?];
    let figure = Figure { rows: vec![panels], caption: CAPTION.to_owned(), ..Figure::default() };
    let experiments = [THREE, UNIFORM, PLANE].join("\n\n");
    Ok(vec![Picture { name: "fig-6.1".to_owned(), figure, experiments }, map(progress)?])
}

/// The loss of a setup with one variable, at `weights`.
fn curve(toml: &str, weights: impl Iterator<Item = f64>) -> Result<Vec<(f64, f64)>> {
    let points: Vec<Vec<f64>> = weights.map(|w| vec![w]).collect();
    let losses = losses(&draft(toml).setup()?, &points)?;
    Ok(points.into_iter().zip(losses).map(|(point, loss)| (point[0], loss)).collect())
}

/// The two curves of the paper.
fn data() -> Result<Panel> {
    let weights = || (-POINTS..=POINTS).map(|k| RANGE * f64::from(k) / f64::from(POINTS));
    let series = vec![
        Series::line("inputs 1/3, 1, 3", 0, curve(THREE, weights())?),
        Series::line("inputs uniform on [0, 3]", 4, curve(UNIFORM, weights())?),
    ];
    let across = ChartAxis::new("w", Scale::linear(-RANGE, RANGE));
    Ok(curves("", FRAME, across, ChartAxis::new("loss", Scale::linear(0.0, 1.05)), series))
}

/// The scales beside each other: the loss over w > 0, both logarithmic.
fn magnitudes() -> Result<Panel> {
    let weights = || (0..=POINTS).map(|k| 10f64.powf(4.0 * f64::from(k) / f64::from(POINTS) - 2.5));
    let mut series = vec![Series::line("inputs 1/3, 1, 3", 0, curve(THREE, weights())?)];
    for (k, c, dash) in [(2, 0.3, Dash::Dotted), (4, 3.0, Dash::Solid), (1, 30.0, Dash::Dashed)] {
        let toml = format!("landscape = 'relu-uniform'\nset = {{ C = {c:?} }}");
        series.push(Series::line(&format!("C = {c}"), k, curve(&toml, weights())?).dashed(dash));
    }
    let across = ChartAxis::new("w", Scale::log(10f64.powf(-2.5), 10f64.powf(1.5)));
    Ok(curves("", FRAME, across, ChartAxis::new("loss", Scale::log(1e-6, 2.0)), series))
}

/// The two valleys of two networks.
fn surface() -> Result<Panel> {
    let setup = draft(PLANE).setup()?;
    let values = plane(&setup, "w1 = -4 .. 4", "w2 = -4 .. 4", [GRID, GRID]).losses()?;
    let side = |label: &str| ChartAxis::new(label, Scale::linear(-4.0, 4.0));
    let surface = Surface {
        across: side("w₁"),
        up: side("w₂"),
        height: ChartAxis::new("loss", Scale::linear(0.0, 2.0)),
        grid: (GRID as usize, GRID as usize),
        values,
        ramp: Ramp::Viridis,
    };
    let plot = Plot::Surface(surface);
    Ok(Panel { title: String::new(), plot, key: Key::default(), frame: Frame::Exact(380, 300) })
}

/// The Lyapunov exponent over learning rate and C.
fn map(progress: Progress) -> Result<Picture> {
    progress("map of the Lyapunov exponent");
    let mapped = Mapped::run(MAP)?;
    let panel = mapped.panel(View::Lyapunov, "");
    let line = mapped.map.up.iter().map(|c| (3.0 / (c * c), *c)).collect();
    let line = Series::line("η = 2/f₂''(0)", 2, line).dashed(Dash::Dashed);
    let panel = panel.with_series([line]);
    let caption = Caption::of(&mapped.experiment);
    let figure = Figure {
        title: caption.title,
        subtitle: caption.subtitle,
        rows: vec![vec![panel]],
        caption: MAP_CAPTION.to_owned(),
    };
    Ok(Picture { name: "fig-6.1-map".to_owned(), figure, experiments: MAP.to_owned() })
}
