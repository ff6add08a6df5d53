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

pub use view::{UnknownView, View};

use crate::map::{AttractorInfo, Caption, Map};
use image::RgbImage;

/// Draws one view of a map with axes and key. The longest side of the coloured area is about
/// `length` pixels, more where the map has more cells than that.
pub fn draw(
    map: &Map,
    attractors: &[AttractorInfo],
    caption: &Caption,
    view: View,
    length: u32,
) -> RgbImage {
    view.chart(map, attractors, caption).draw(length)
}

/// The picture as a PNG file that carries `texts` as pairs of keyword and text.
///
/// # Errors
///
/// Fails for a keyword that PNG does not allow (empty, longer than 79 bytes, or with letters
/// outside Latin-1).
pub fn png_with_text(
    picture: &RgbImage,
    texts: &[(&str, &str)],
) -> Result<Vec<u8>, png::EncodingError> {
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
