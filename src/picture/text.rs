//! Text set in the embedded font, so that it looks the same on every machine.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point};

use super::canvas::Canvas;
use super::theme::Tint;

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

/// Units of the font in the text size.
pub const EM: f32 = 2048.0;

/// One line of text, in units of the font.
pub struct Line {
    /// Glyphs and where each one starts.
    pub glyphs: Vec<(GlyphId, f32)>,
    width: f32,
}

/// Sets one line of text.
pub fn set_line(text: &str) -> Line {
    let (mut glyphs, mut pen) = (Vec::new(), 0.0);
    let mut last = None;
    for letter in text.chars() {
        let letter = if letter.is_control() { ' ' } else { letter };
        let glyph = FONT.glyph_id(letter);
        if let Some(last) = last {
            pen += FONT.kern_unscaled(last, glyph);
        }
        last = Some(glyph);
        glyphs.push((glyph, pen));
        pen += FONT.h_advance_unscaled(glyph);
    }
    Line { glyphs, width: pen }
}

/// The outline of a glyph as an SVG path in units of the font, y down; empty for a space.
pub fn outline(glyph: GlyphId) -> String {
    let Some(outline) = FONT.outline(glyph) else { return String::new() };
    let mut path = String::new();
    let mut pen = None;
    let place = |p: Point| format!("{} {}", p.x, 0.0 - p.y);
    for curve in outline.curves {
        let (start, end, drawn) = match curve {
            OutlineCurve::Line(a, b) => (a, b, format!("L{}", place(b))),
            OutlineCurve::Quad(a, b, c) => (a, c, format!("Q{} {}", place(b), place(c))),
            OutlineCurve::Cubic(a, b, c, d) => (a, d, format!("C{} {} {}", place(b), place(c), place(d))),
        };
        if pen != Some(start) {
            let close = if pen.is_some() { "Z" } else { "" };
            path += &format!("{close}M{}", place(start));
        }
        path += &drawn;
        pen = Some(end);
    }
    path + "Z"
}

/// Length of a line of text in pixels.
pub fn width(text: &str, size: f32) -> f32 {
    set_line(text).width * size / EM
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
    pub fn draw(&self, canvas: &mut Canvas, tint: Tint, at: (f32, f32)) {
        for (k, line) in self.lines.iter().enumerate() {
            let baseline = at.1 + self.baseline(k);
            let place = (at.0, baseline);
            canvas.text(line, self.size, tint, place, Direction::Across);
        }
    }

    /// Draws every line centred on the column `centre`, from `top` down.
    pub fn draw_centred(&self, canvas: &mut Canvas, tint: Tint, centre: f32, top: f32) {
        for (k, line) in self.lines.iter().enumerate() {
            let left = centre - width(line, self.size) / 2.0;
            let place = (left, top + self.baseline(k));
            canvas.text(line, self.size, tint, place, Direction::Across);
        }
    }

    /// Draws the block turned a quarter to the left, every line centred on the row `centre`.
    pub fn draw_up(&self, canvas: &mut Canvas, tint: Tint, left: f32, centre: f32) {
        for (k, line) in self.lines.iter().enumerate() {
            let bottom = centre + width(line, self.size) / 2.0;
            let place = (left + self.baseline(k), bottom);
            canvas.text(line, self.size, tint, place, Direction::Up);
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
    use crate::picture::theme::Theme;

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
    fn the_font_has_the_units_that_it_is_scaled_by() {
        assert_eq!(FONT.units_per_em(), Some(EM));
    }

    #[test]
    fn upward_text_is_the_turned_text() {
        let draw = |at, direction| {
            let mut canvas = Canvas::new(Theme::Light);
            canvas.text("Rg1", 18.0, Tint::Ink, at, direction);
            canvas.finish((60, 60)).pixels(1)
        };
        let across = draw((10.0, 30.0), Direction::Across);
        let up = draw((30.0, 50.0), Direction::Up);
        let turned = image::imageops::rotate270(&across);
        // Curves are cut into lines anew, so that the shade of an edge may differ a little.
        let worst = turned.iter().zip(up.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst.unwrap() < 24, "{worst:?}");
        assert!(across.pixels().any(|pixel| pixel.0[0] < 60));
    }
}
