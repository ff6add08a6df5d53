//! A finished picture, as an SVG file or as pixels: both from the same shapes.

use image::RgbImage;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};
use svg::node::Text;
use svg::node::element as tag;
use svg::{Document, Node};

use super::theme::Format;

/// A picture that is drawn.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Width and height in pixels, at its own size.
    pub(super) extent: (u32, u32),
    pub(super) body: tag::Group,
}

impl Drawing {
    /// Width and height in pixels, at its own size.
    pub fn extent(&self) -> (u32, u32) {
        self.extent
    }

    /// The picture as the text of an SVG file that carries `texts`, pairs of keyword and text: the one
    /// called `Title` as its title, each of the others as the content of a `metadata` element with the
    /// keyword as its id.
    pub fn svg(&self, texts: &[(&str, &str)]) -> String {
        let (width, height) = self.extent;
        let mut document = Document::new()
            .set("xmlns:xlink", "http://www.w3.org/1999/xlink")
            .set("width", width)
            .set("height", height)
            .set("viewBox", (0, 0, width, height));
        for (keyword, text) in texts {
            document = match *keyword {
                "Title" => document.add(tag::Title::new(*text)),
                _ => {
                    let mut data = tag::Element::new("metadata");
                    data.assign("id", *keyword);
                    data.append(Text::new(*text));
                    document.add(data)
                }
            };
        }
        document.add(self.body.clone()).to_string()
    }

    /// The picture in pixels, `scale` of them for each of its own.
    pub fn pixels(&self, scale: u32) -> RgbImage {
        let tree = Tree::from_str(&self.svg(&[]), &Options::default()).expect("what is written here is SVG");
        let (width, height) = (self.extent.0 * scale, self.extent.1 * scale);
        let mut pixels = Pixmap::new(width, height).expect("a picture has a size");
        let scale = scale as f32;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        // The paper covers everything, so nothing is transparent.
        let channels = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        RgbImage::from_raw(width, height, channels.collect()).expect("three channels for each pixel")
    }

    /// The picture as a PNG file, `scale` pixels for each of its own, that carries `texts`.
    ///
    /// # Errors
    ///
    /// As [`encode`].
    pub fn png(&self, scale: u32, texts: &[(&str, &str)]) -> Result<Vec<u8>, png::EncodingError> {
        encode(&self.pixels(scale), texts)
    }

    /// The picture as a file that carries `texts`; one of pixels has `scale` of them for each of its own.
    ///
    /// # Errors
    ///
    /// As [`encode`].
    pub fn file(
        &self,
        format: Format,
        scale: u32,
        texts: &[(&str, &str)],
    ) -> Result<Vec<u8>, png::EncodingError> {
        match format {
            Format::Png => self.png(scale, texts),
            Format::Svg => Ok(self.svg(texts).into_bytes()),
        }
    }
}

/// An image as a PNG file that carries `texts` as pairs of keyword and text.
///
/// # Errors
///
/// Fails for a keyword that PNG does not allow (empty, longer than 79 bytes, or with letters
/// outside Latin-1).
pub fn encode(image: &RgbImage, texts: &[(&str, &str)]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    for (keyword, text) in texts {
        // The international chunk, because texts may hold any letter.
        encoder.add_itxt_chunk((*keyword).to_owned(), (*text).to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.as_raw())?;
    writer.finish()?;
    Ok(file)
}
