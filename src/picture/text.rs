//! Text set in the embedded font, so that it looks the same on every machine.

use ab_glyph::{Font, FontRef, Glyph, PxScaleFont, ScaleFont, point};
use image::{Rgb, RgbImage};
use std::sync::LazyLock;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/DejaVuSans-subset.ttf"))
        .expect("the embedded font is a valid font file")
});

/// Distance between baselines, in units of the text size.
const LEADING: f32 = 1.35;
/// Height of a capital letter, in units of the text size.
const CAPITAL: f32 = 0.73;

/// Which way a line of text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    Across,
    /// From bottom to top, turned a quarter to the left.
    Up,
}

/// The embedded font with an em of `size` pixels.
fn font(size: f32) -> PxScaleFont<&'static FontRef<'static>> {
    let em = FONT.units_per_em().unwrap_or(1000.0);
    FONT.as_scaled(size * FONT.height_unscaled() / em)
}

/// The glyphs of one line with the pen starting at (0, 0), and where the pen ends.
fn set_line(text: &str, size: f32) -> (Vec<Glyph>, f32) {
    let font = font(size);
    let (mut glyphs, mut pen) = (Vec::new(), 0.0);
    let mut last = None;
    for letter in text.chars() {
        let letter = if letter.is_control() { ' ' } else { letter };
        let mut glyph = font.scaled_glyph(letter);
        if let Some(last) = last {
            pen += font.kern(last, glyph.id);
        }
        last = Some(glyph.id);
        glyph.position = point(pen, 0.0);
        pen += font.h_advance(glyph.id);
        glyphs.push(glyph);
    }
    (glyphs, pen)
}

/// Length of a line of text in pixels.
pub fn width(text: &str, size: f32) -> f32 {
    set_line(text, size).1
}

/// Draws one line of text whose baseline starts at `at`.
pub fn draw_line(
    image: &mut RgbImage,
    text: &str,
    size: f32,
    colour: Rgb<u8>,
    at: (f32, f32),
    direction: Direction,
) {
    // Whole pixels keep the same word the same shape wherever it stands.
    let (x0, y0) = (at.0.round() as i32, at.1.round() as i32);
    for glyph in set_line(text, size).0 {
        let Some(outline) = FONT.outline_glyph(glyph) else {
            continue;
        };
        let bounds = outline.px_bounds();
        let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
        outline.draw(|x, y, cover| {
            let (along, down) = (left + x as i32, top + y as i32);
            let (x, y) = match direction {
                Direction::Across => (x0 + along, y0 + down),
                Direction::Up => (x0 + down, y0 - along),
            };
            blend(image, x, y, colour, cover);
        });
    }
}

/// Lays `colour` over a pixel; outside the picture nothing happens.
fn blend(image: &mut RgbImage, x: i32, y: i32, colour: Rgb<u8>, cover: f32) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    let Some(pixel) = image.get_pixel_mut_checked(x, y) else {
        return;
    };
    let cover = cover.clamp(0.0, 1.0);
    for (under, over) in pixel.0.iter_mut().zip(colour.0) {
        *under = (f32::from(*under) * (1.0 - cover) + f32::from(over) * cover).round() as u8;
    }
}

/// A paragraph of one text size, already broken into lines.
#[derive(Debug, Clone)]
pub struct Block {
    lines: Vec<String>,
    size: f32,
}

impl Block {
    /// Breaks `text` into lines of at most `limit` pixels; an empty text has no line.
    pub fn wrapped(text: &str, size: f32, limit: f32) -> Block {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = match line.as_str() {
                    "" => word.to_owned(),
                    _ => format!("{line} {word}"),
                };
                if width(&longer, size) <= limit {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = break_word(word, size, limit, &mut lines);
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        Block { lines, size }
    }

    /// Length of the longest line.
    pub fn width(&self) -> f32 {
        let widths = self.lines.iter().map(|line| width(line, self.size));
        widths.fold(0.0, f32::max)
    }

    /// Height of all lines, nothing for an empty block.
    pub fn height(&self) -> f32 {
        self.lines.len() as f32 * self.size * LEADING
    }

    /// Draws the block with its top left corner at `at`.
    pub fn draw(&self, image: &mut RgbImage, colour: Rgb<u8>, at: (f32, f32)) {
        for (k, line) in self.lines.iter().enumerate() {
            let baseline = at.1 + self.baseline(k);
            let place = (at.0, baseline);
            draw_line(image, line, self.size, colour, place, Direction::Across);
        }
    }

    /// Draws every line centred on the column `centre`, from `top` down.
    pub fn draw_centred(&self, image: &mut RgbImage, colour: Rgb<u8>, centre: f32, top: f32) {
        for (k, line) in self.lines.iter().enumerate() {
            let left = centre - width(line, self.size) / 2.0;
            let place = (left, top + self.baseline(k));
            draw_line(image, line, self.size, colour, place, Direction::Across);
        }
    }

    /// Draws the block turned a quarter to the left, every line centred on the row `centre`.
    pub fn draw_up(&self, image: &mut RgbImage, colour: Rgb<u8>, left: f32, centre: f32) {
        for (k, line) in self.lines.iter().enumerate() {
            let bottom = centre + width(line, self.size) / 2.0;
            let place = (left + self.baseline(k), bottom);
            draw_line(image, line, self.size, colour, place, Direction::Up);
        }
    }

    /// Distance of the baseline of line `k` from the top of the block.
    fn baseline(&self, k: usize) -> f32 {
        (k as f32 + 0.5) * self.size * LEADING + self.size * CAPITAL / 2.0
    }
}

/// Breaks a word too long for a line; the last piece is returned, the others become lines.
fn break_word(word: &str, size: f32, limit: f32, lines: &mut Vec<String>) -> String {
    let mut piece = String::new();
    for letter in word.chars() {
        piece.push(letter);
        if piece.chars().count() > 1 && width(&piece, size) > limit {
            piece.pop();
            lines.push(std::mem::replace(&mut piece, letter.to_string()));
        }
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_every_sign_used_by_the_pictures() {
        for letter in "aZ09ηλμ₀₁₂₃₄₅₆₇₈₉⁻⁰¹²³⁴⁵⁶⁷⁸⁹…×−–≤≥>%".chars()
        {
            assert_ne!(FONT.glyph_id(letter).0, 0, "{letter} is missing");
        }
    }

    #[test]
    fn wrapping_keeps_every_word_and_the_limit() {
        let text = "a rather long title that does not fit on one line of the picture";
        let block = Block::wrapped(text, 16.0, 150.0);
        assert!(block.lines.len() > 2);
        assert!(block.width() <= 150.0);
        assert_eq!(block.lines.join(" "), text);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        let word = "w".repeat(80);
        let block = Block::wrapped(&word, 16.0, 150.0);
        assert!(block.width() <= 150.0);
        assert_eq!(block.lines.concat(), word);
        assert_eq!(Block::wrapped("", 16.0, 150.0).height(), 0.0);
    }

    #[test]
    fn upward_text_is_the_turned_text() {
        let (white, black) = (Rgb([255; 3]), Rgb([0; 3]));
        let mut across = RgbImage::from_pixel(60, 60, white);
        let mut up = across.clone();
        draw_line(&mut across, "Rg1", 18.0, black, (10.0, 30.0), Direction::Across);
        draw_line(&mut up, "Rg1", 18.0, black, (30.0, 49.0), Direction::Up);
        assert_eq!(image::imageops::rotate270(&across), up);
        assert!(across.pixels().any(|pixel| pixel.0[0] < 60));
    }
}
