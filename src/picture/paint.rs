//! The colours of paper and ink, and the few shapes a picture needs.

use image::{Rgb, RgbImage};

/// The background.
pub const PAPER: Rgb<u8> = Rgb([255; 3]);
/// Text and lines.
pub const INK: Rgb<u8> = Rgb([30, 30, 30]);
/// Text and lines that should stay behind the others.
pub const QUIET: Rgb<u8> = Rgb([105, 105, 105]);

/// Fills a rectangle given by its top left corner and its extent.
pub fn fill(image: &mut RgbImage, corner: (u32, u32), extent: (u32, u32), colour: Rgb<u8>) {
    for y in corner.1..(corner.1 + extent.1).min(image.height()) {
        for x in corner.0..(corner.0 + extent.0).min(image.width()) {
            image.put_pixel(x, y, colour);
        }
    }
}

/// Fills a rectangle and draws a thin line along the inside of its border.
pub fn boxed(image: &mut RgbImage, corner: (u32, u32), extent: (u32, u32), line: Rgb<u8>, colour: Rgb<u8>) {
    fill(image, corner, extent, line);
    let inner = (corner.0 + 1, corner.1 + 1);
    let extent = (extent.0.saturating_sub(2), extent.1.saturating_sub(2));
    fill(image, inner, extent, colour);
}
