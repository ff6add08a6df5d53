//! A finished picture, as an SVG file or as pixels: both from the same shapes.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::RgbImage;
use rayon::prelude::*;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Tree};
use svg::node::Text;
use svg::node::element as tag;
use svg::{Document, Node};

use super::theme::Format;

/// A picture that is drawn.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Width and height in pixels, at its own size.
    pub(super) extent: (u32, u32),
    /// The shapes; in the place of each image's file stands its [`address`].
    pub(super) body: tag::Group,
    pub(super) images: Vec<RgbImage>,
}

/// The attribute with an image's file.
pub(super) const HREF: &str = "xlink:href";

/// What stands in the place of an image's file, by its number.
pub(super) fn address(image: usize) -> String {
    format!("image:{image}")
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
        let mut text = self.outline(texts);
        for (k, image) in self.images.iter().enumerate() {
            let file = encode(image, &[]).expect("there is no keyword to refuse");
            let file = format!("{HREF}=\"data:image/png;base64,{}\"", BASE64_STANDARD.encode(file));
            text = text.replace(&format!("{HREF}=\"{}\"", address(k)), &file);
        }
        text
    }

    /// The same without the files of images.
    fn outline(&self, texts: &[(&str, &str)]) -> String {
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
        let file = |href: &str, _: &Options<'_>| {
            let image = self.images.iter().enumerate().find(|(k, _)| address(*k) == href);
            Some(ImageKind::PNG(unpacked(image?.1).into()))
        };
        let resolver = ImageHrefResolver { resolve_string: Box::new(file), ..ImageHrefResolver::default() };
        let options = Options { image_href_resolver: resolver, ..Options::default() };
        let tree = Tree::from_str(&self.outline(&[]), &options).expect("what is written here is SVG");
        let (width, height) = (self.extent.0 * scale, self.extent.1 * scale);
        let mut pixels = Pixmap::new(width, height).expect("a picture has a size");
        let scale = scale as f32;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        // The paper covers everything, so nothing is transparent.
        let mut image = RgbImage::new(width, height);
        let rows = image.par_chunks_exact_mut(3 * width as usize);
        rows.zip(pixels.data().par_chunks_exact(4 * width as usize)).for_each(|(row, from)| {
            row.chunks_exact_mut(3)
                .zip(from.chunks_exact(4))
                .for_each(|(to, pixel)| to.copy_from_slice(&pixel[..3]));
        });
        image
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

/// An image as a PNG file for resvg, which is read soonest with four channels and nothing packed.
fn unpacked(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let mut channels = vec![u8::MAX; 4 * image.as_raw().len() / 3];
    channels
        .chunks_exact_mut(4)
        .zip(image.as_raw().chunks_exact(3))
        .for_each(|(to, pixel)| to[..3].copy_from_slice(pixel));
    let mut file = Vec::with_capacity(channels.len() + channels.len() / 64);
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::NoCompression);
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&channels)?;
        writer.finish()
    });
    written.expect("memory takes every image");
    file
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
    // Cells of few colours are smaller without a filter, and levels above this take twice as long for 3 %.
    encoder.set_deflate_compression(png::DeflateCompression::Level(3));
    encoder.set_filter(png::Filter::NoFilter);
    for (keyword, text) in texts {
        // The international chunk, because texts may hold any letter.
        encoder.add_itxt_chunk((*keyword).to_owned(), (*text).to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.as_raw())?;
    writer.finish()?;
    Ok(file)
}
