//! Pictures that move: animated PNG.
//!
//! Unlike GIF, it has every colour of a still picture, carries the experiment as one does, and shows its first
//! frame where animations are not known. Browsers play it since 2020 at the latest.

use std::io::Write;

use image::RgbImage;

/// Seconds that a frame stays, and the last one, as fractions.
const FRAME: (u16, u16) = (1, 8);
const LAST: (u16, u16) = (3, 2);

/// An animated PNG file that is being written.
pub struct Animation<W: Write> {
    writer: png::Writer<W>,
    left: u32,
}

impl<W: Write> Animation<W> {
    /// Starts a file of `frames` pictures of this width and height, which carries `texts`, pairs of keyword and text.
    /// It is played for ever.
    ///
    /// # Errors
    /// Those of `to`; for no frames, and for a keyword that PNG does not allow.
    pub fn new(
        to: W,
        (width, height): (u32, u32),
        frames: u32,
        texts: &[(&str, &str)],
    ) -> Result<Self, png::EncodingError> {
        let mut encoder = png::Encoder::new(to, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        encoder.set_animated(frames, 0)?;
        encoder.validate_sequence(true);
        for (keyword, text) in texts {
            encoder.add_itxt_chunk((*keyword).to_owned(), (*text).to_owned())?;
        }
        Ok(Self { writer: encoder.write_header()?, left: frames })
    }

    /// Adds the next frame.
    ///
    /// # Errors
    /// Those of the file; for a picture of another size, and for one too many.
    pub fn frame(&mut self, picture: &RgbImage) -> Result<(), png::EncodingError> {
        self.left = self.left.saturating_sub(1);
        let (numerator, denominator) = if self.left == 0 { LAST } else { FRAME };
        self.writer.set_frame_delay(numerator, denominator)?;
        self.writer.write_image_data(picture.as_raw())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of the file; for frames that are missing.
    pub fn finish(self) -> Result<(), png::EncodingError> {
        self.writer.finish()
    }
}
