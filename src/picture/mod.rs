//! Pictures of maps: each cell a coloured dot, with axes and a key that explains the colours.

mod basins;
mod chart;
mod classes;
mod key;
mod names;
mod paint;
mod palette;
mod raster;
mod scale;
mod text;
mod values;
mod view;

use image::RgbImage;

use crate::analysis::Attractor;
use crate::experiment::{Axis, Experiment, MOMENTUM};
use crate::map::Map;
use crate::view::View;

/// The words around a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    pub title: String,
    pub subtitle: String,
    pub across: Axis,
    pub up: Axis,
}

impl Caption {
    /// What an experiment's pictures say: the landscape, and what is the same in all cells.
    pub fn of(experiment: &Experiment) -> Self {
        let setup = &experiment.setup;
        let title = match &setup.landscape.name {
            Some(name) => name.clone(),
            None => names::quantity(&setup.landscape.body.loss),
        };
        let variables = &setup.landscape.body.variables;
        let parameters = setup.landscape.body.parameters.keys();
        let on_axis = |name: &String| [&experiment.across, &experiment.up].iter().any(|a| a.name == *name);
        let fixed = variables
            .iter()
            .chain(parameters)
            .filter(|name| !on_axis(name))
            .filter_map(|name| Some(format!("{} = {}", names::quantity(name), setup.value(name)?)));
        let eta = setup.eta.as_ref().map(|eta| format!("η = {eta}"));
        let budget = format!("{} steps", experiment.steps);
        let optimizer = experiment.setup.optimizer;
        let momentum = setup.set.get(MOMENTUM).filter(|_| optimizer.has_momentum());
        let momentum = momentum.map(|beta| format!("{} = {beta}", names::quantity(MOMENTUM)));
        let optimizer = optimizer.has_momentum().then(|| optimizer.name().to_owned());
        let told = optimizer.into_iter().chain(momentum).chain(eta).chain(fixed).chain([budget]);
        let subtitle = told.collect::<Vec<_>>().join(", ");
        Self { title, subtitle, across: experiment.across.clone(), up: experiment.up.clone() }
    }
}

/// Draws one view of a map with axes and key. The longest side of the coloured area is about
/// `length` pixels, more where the map has more cells than that.
pub fn draw(map: &Map, attractors: &[Attractor], caption: &Caption, view: View, length: u32) -> RgbImage {
    view::chart(view, map, attractors, caption).draw(length)
}

/// The picture as a PNG file that carries `texts` as pairs of keyword and text.
///
/// # Errors
///
/// Fails for a keyword that PNG does not allow (empty, longer than 79 bytes, or with letters
/// outside Latin-1).
pub fn png_with_text(picture: &RgbImage, texts: &[(&str, &str)]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    for (keyword, text) in texts {
        // The international chunk, because texts may hold any letter.
        encoder.add_itxt_chunk((*keyword).to_owned(), (*text).to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture.as_raw())?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
