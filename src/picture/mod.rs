//! Pictures: maps with each cell a coloured dot, curves, surfaces, with axes and keys that explain the
//! colours.
//!
//! A [`Figure`] of panels is drawn once, as SVG. Its pixels are those of that SVG, so that PNG and SVG
//! show the same.

mod animation;
mod basins;
mod canvas;
mod chart;
mod classes;
mod drawing;
mod figure;
mod key;
mod names;
mod palette;
mod phase;
mod raster;
mod scale;
mod series;
mod shared;
mod surface;
mod text;
mod theme;
mod values;
mod view;

use image::RgbImage;

pub use self::animation::Animation;
pub(crate) use self::basins::{LISTED as LISTED_ATTRACTORS, kind as kind_of_attractor};
pub use self::canvas::{Dash, Stroke};
pub use self::chart::{Axis as ChartAxis, Chart};
pub(crate) use self::classes::other_colour as colour_without_attractor;
pub use self::drawing::{Drawing, encode as png_with_text};
pub use self::figure::{Bounds, Figure, Frame, Panel, Plot};
pub use self::key::{Bar, Entry, Key};
pub use self::names::{
    exact as exact_number, percent, quantity, short as short_number, stepped as stepped_number,
};
pub use self::palette::Ramp;
pub(crate) use self::palette::{attractor as attractor_colour, line as line_colour};
pub use self::phase::{figure as phase, plain as plain_phase, stability_limit};
pub use self::raster::Raster;
pub use self::scale::Scale;
pub use self::series::{Levels, Marker, Series};
pub use self::shared::Shared;
pub use self::surface::Surface;
pub use self::theme::{Format, PIXELS, PIXELS_RANGE, Style, TableFormat, Theme, Tint};
use crate::analysis::Attractor;
use crate::experiment::{Axis, Experiment, MOMENTUM, Setup};
use crate::map::Map;
use crate::view::View;

/// The words around a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// The landscape.
    pub title: String,
    /// What is the same in all cells.
    pub subtitle: String,
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
    pub up: Axis,
    /// The loss whose first step is looked for, and the most steps that are taken.
    pub target: Option<(f64, u32)>,
}

impl Caption {
    /// What an experiment's pictures say: the landscape, and what is the same in all cells.
    pub fn of(experiment: &Experiment) -> Self {
        Self::without(experiment, "")
    }

    /// As [`Caption::of`], but for the quantity `apart`, of which something else tells.
    pub fn without(experiment: &Experiment, apart: &str) -> Self {
        let on_axis =
            |name: &str| name == apart || [&experiment.across, &experiment.up].iter().any(|a| a.name == name);
        let budget = match experiment.steps_max {
            Some(most) => format!("{} to {most} steps", experiment.steps),
            None => format!("{} steps", experiment.steps),
        };
        let (title, subtitle) = words(&experiment.setup, on_axis, &[budget]);
        Self {
            title,
            subtitle,
            across: experiment.across.clone(),
            up: experiment.up.clone(),
            target: experiment.target.map(|loss| (loss, experiment.most_steps())),
        }
    }
}

/// Title and subtitle: the landscape, and what is the same everywhere, which is not what is `swept`; then what
/// else there is to say.
fn words(setup: &Setup, swept: impl Fn(&str) -> bool, more: &[String]) -> (String, String) {
    let title = match &setup.landscape.name {
        Some(name) => name.clone(),
        None => shortened(&names::quantity(&setup.landscape.body.loss)),
    };
    let variables = &setup.landscape.body.variables;
    let parameters = setup.landscape.body.parameters.keys();
    let fixed = variables
        .iter()
        .chain(parameters)
        .filter(|name| !swept(name))
        .filter_map(|name| Some((name, setup.value(name)?)))
        .map(|(name, value)| format!("{} = {}", names::quantity(name), value.to_string().replace('-', "−")));
    let eta = setup.eta.as_ref().filter(|_| !swept("eta")).map(|eta| format!("η = {eta}"));
    let optimizer = setup.optimizer;
    let momentum = setup.set.get(MOMENTUM).filter(|_| optimizer.has_momentum() && !swept(MOMENTUM));
    let momentum = momentum.map(|beta| format!("{} = {beta}", names::quantity(MOMENTUM)));
    let optimizer = optimizer.has_momentum().then(|| optimizer.name().to_owned());
    let seed = (!setup.landscape.body.noise.is_empty()).then(|| format!("seed {}", setup.seed));
    let told =
        optimizer.into_iter().chain(momentum).chain(eta).chain(fixed).chain(seed).chain(more.iter().cloned());
    (title, told.collect::<Vec<_>>().join(", "))
}

/// A formula as far as a title has room for it: all of it stands in the experiment that the picture carries.
fn shortened(formula: &str) -> String {
    const MOST: usize = 240;
    match formula.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &formula[..end]),
        None => formula.to_owned(),
    }
}

/// One view of a map with axes and key, under the caption's title. The longest side of the coloured area
/// is about `length` pixels, more where the map has more cells than that.
pub fn figure(map: &Map, attractors: &[Attractor], caption: &Caption, view: View, length: u32) -> Figure {
    figure_of_colours(map, view::colours(view, map, attractors, caption.target), caption, length)
}

/// Coloured cells, such as [`Shared`] makes, along the axes of `map`, as a figure under the caption's title.
pub fn figure_of_colours(map: &Map, colours: (Raster, Key), caption: &Caption, length: u32) -> Figure {
    let panel = view::panel(map, colours, caption, length);
    let (title, subtitle) = (caption.title.clone(), caption.subtitle.clone());
    Figure { title, subtitle, rows: vec![vec![panel]], caption: String::new() }
}

/// One view of a map as a part of a larger figure.
pub fn panel(map: &Map, attractors: &[Attractor], caption: &Caption, view: View, length: u32) -> Panel {
    view::panel(map, view::colours(view, map, attractors, caption.target), caption, length)
}

/// A panel of numbers, one for each cell of a map, on a colour bar called `label`. Cells without a number
/// show their fate.
pub fn panel_of_values(map: &Map, values: &[f64], label: &str, caption: &Caption, length: u32) -> Panel {
    view::panel(map, values::measured(map, values, label), caption, length)
}

/// A colour bar for `values`, with a linear or logarithmic scale as they ask for; from 0 to 1 if there are
/// none.
pub fn bar(values: &[f64], label: &str, ramp: Ramp) -> Bar {
    let scale = values::sequential_scale(values.iter().copied());
    values::bar(values, label, scale.unwrap_or(Scale::linear(0.0, 1.0)), ramp)
}

/// The coloured cells of a view alone, one pixel each.
pub fn plain(map: &Map, attractors: &[Attractor], view: View) -> RgbImage {
    view::colours(view, map, attractors, None).0.plain()
}

/// An image as a drawing, so that it can be written in any format.
pub fn drawing_of(image: &RgbImage) -> Drawing {
    let mut canvas = canvas::Canvas::new(Theme::Light);
    canvas.image(image, (0.0, 0.0), (image.width() as f32, image.height() as f32));
    canvas.finish(image.dimensions())
}

#[cfg(test)]
mod tests;
