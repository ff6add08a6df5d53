//! The key beside a picture: a colour bar, a legend, or one above the other.

use super::paint::{INK, PAPER, QUIET, boxed, fill};
use super::palette::Ramp;
use super::scale::{Scale, Tick};
use super::text::{self, Block, Direction};
use image::{Rgb, RgbImage};

/// Widest label of an entry before it wraps, in units of the text size.
const LABEL_LIMIT: f32 = 19.0;
/// Distance between two entries, in units of the text size.
const ENTRY_GAP: f32 = 0.25;
/// Shortest colour bar, in units of the text size.
const SHORTEST_BAR: f32 = 8.0;

/// One line of a legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The colour explained, none for a remark among the entries.
    pub colour: Option<Rgb<u8>>,
    /// A short mark before the label, such as a number.
    pub mark: String,
    /// What the colour stands for.
    pub label: String,
    /// A value at the end of the line.
    pub value: String,
}

/// The colours of a range of values.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What is shown, written along the bar.
    pub label: String,
    /// The values along the bar.
    pub scale: Scale,
    /// The colours along the bar.
    pub ramp: Ramp,
    /// Whether there are values below the range: the bar then ends in a point.
    pub below: bool,
    /// Whether there are values above the range.
    pub above: bool,
}

/// Everything that explains the colours of a picture.
#[derive(Debug, Clone)]
pub struct Key {
    /// The colour bar, above the entries.
    pub bar: Option<Bar>,
    /// A line over the entries.
    pub heading: String,
    /// The entries of the legend.
    pub entries: Vec<Entry>,
    /// A small remark under the entries.
    pub note: String,
}

impl Key {
    /// How far the key reaches above the top of what it stands beside, in units of the text size.
    pub const OVERHANG: f32 = 0.8;

    /// Draws the key beside a raster of `height` pixels; its top is `OVERHANG` above the raster.
    pub fn draw(&self, size: f32, height: f32) -> RgbImage {
        let legend = self.legend(size);
        let Some(bar) = &self.bar else {
            return lowered(&legend, (Key::OVERHANG * size) as u32);
        };
        let below = match legend.height() {
            0 => 0.0,
            rows => rows as f32 + size,
        };
        let length = (height - below).max(SHORTEST_BAR * size).round();
        let bar = bar.draw(size, length);
        let width = bar.width().max(legend.width());
        let top = bar.height() + (0.5 * size) as u32;
        let mut image = RgbImage::from_pixel(width, top + legend.height(), PAPER);
        image::imageops::replace(&mut image, &bar, 0, 0);
        image::imageops::replace(&mut image, &legend, 0, i64::from(top));
        image
    }

    /// Heading, entries and note; an empty picture if there are none.
    fn legend(&self, size: f32) -> RgbImage {
        let columns = Columns::new(&self.entries, size);
        let limit = columns.width.max(10.0 * size);
        let heading = Block::wrapped(&self.heading, size, limit);
        let note = Block::wrapped(&self.note, 0.9 * size, limit);
        let parts = [columns.width, heading.width(), note.width()];
        let width = parts.into_iter().fold(0.0, f32::max).ceil();
        let entries: f32 = columns.heights.iter().map(|h| h + ENTRY_GAP * size).sum();
        let gaps = [heading.height(), note.height()].map(|h| if h > 0.0 { 0.3 * size } else { 0.0 });
        let height = heading.height() + note.height() + gaps[0] + gaps[1] + entries;
        let mut image = RgbImage::from_pixel(width as u32, height.ceil() as u32, PAPER);
        heading.draw(&mut image, INK, (0.0, 0.0));
        let top = heading.height() + gaps[0];
        columns.draw(&mut image, &self.entries, top);
        note.draw(&mut image, QUIET, (0.0, top + entries + gaps[1]));
        image
    }
}

/// A picture with some paper above it.
fn lowered(picture: &RgbImage, space: u32) -> RgbImage {
    let height = space + picture.height();
    let mut image = RgbImage::from_pixel(picture.width(), height, PAPER);
    image::imageops::replace(&mut image, picture, 0, i64::from(space));
    image
}

/// The measured columns of a legend.
struct Columns {
    size: f32,
    mark_end: f32,
    label_start: f32,
    labels: Vec<Block>,
    heights: Vec<f32>,
    width: f32,
}

impl Columns {
    fn new(entries: &[Entry], size: f32) -> Columns {
        let widest = |part: fn(&Entry) -> &str| {
            let widths = entries.iter().map(|entry| text::width(part(entry), size));
            widths.fold(0.0, f32::max)
        };
        let spaced = |width: f32, gap: f32| if width > 0.0 { width + gap * size } else { 0.0 };
        let swatch = if entries.is_empty() { 0.0 } else { 1.6 * size };
        let marks = widest(|entry| &entry.mark);
        let mark_end = swatch + marks;
        let label_start = swatch + spaced(marks, 0.6);
        let wrap = |entry: &Entry| Block::wrapped(&entry.label, size, LABEL_LIMIT * size);
        let labels: Vec<Block> = entries.iter().map(wrap).collect();
        let label_width = labels.iter().map(Block::width).fold(0.0, f32::max);
        let values = widest(|entry| &entry.value);
        let gap = if values > 0.0 { size } else { 0.0 };
        let line = Block::wrapped("0", size, size).height();
        let heights = labels.iter().map(|label| label.height().max(line));
        Columns {
            size,
            mark_end,
            label_start,
            heights: heights.collect(),
            labels,
            width: label_start + label_width + gap + values,
        }
    }

    fn draw(&self, image: &mut RgbImage, entries: &[Entry], top: f32) {
        let size = self.size;
        let mut y = top;
        for ((entry, label), height) in entries.iter().zip(&self.labels).zip(&self.heights) {
            if let Some(colour) = entry.colour {
                let side = size.round() as u32;
                // The line is higher than the swatch; the swatch stands in its middle.
                let corner = (0, (y + 0.175 * size).round() as u32);
                boxed(image, corner, (side, side), QUIET, colour);
            }
            let mut line = |text: &str, end: f32| {
                let block = Block::wrapped(text, size, f32::MAX);
                block.draw(image, INK, (end - block.width(), y));
            };
            line(&entry.mark, self.mark_end);
            line(&entry.value, self.width);
            label.draw(image, INK, (self.label_start, y));
            y += height + ENTRY_GAP * size;
        }
    }
}

impl Bar {
    /// The bar, `length` pixels from end to end with its points, `OVERHANG` above and below it.
    fn draw(&self, size: f32, length: f32) -> RgbImage {
        let overhang = (Key::OVERHANG * size).round();
        let tip = |wanted: bool| if wanted { (0.9 * size).round() } else { 0.0 };
        let (above, below) = (tip(self.above), tip(self.below));
        let body = (length - above - below) as u32;
        let thick = (1.3 * size).round() as u32;
        let ticks = self.scale.fitting_ticks(body as f32, 1.5 * size, |_| size);
        let labels = ticks.iter().map(|tick| text::width(&tick.label, size));
        let labels = labels.fold(0.0, f32::max);
        let start = thick as f32 + 0.7 * size;
        let title = Block::wrapped(&self.label, size, length);
        let width = start + labels + 0.5 * size + title.height();
        let height = length + 2.0 * overhang;
        let mut image = RgbImage::from_pixel(width.ceil() as u32, height as u32, PAPER);
        let top = (overhang + above) as u32;
        self.draw_body(&mut image, top, (thick, body));
        self.draw_points(&mut image, (top, top + body), thick, (above as u32, below as u32));
        draw_ticks(&mut image, &ticks, size, (thick, top, body));
        let centre = overhang + length / 2.0;
        title.draw_up(&mut image, INK, start + labels + 0.5 * size, centre);
        image
    }

    /// The coloured rectangle, the high end at the top.
    fn draw_body(&self, image: &mut RgbImage, top: u32, extent: (u32, u32)) {
        let (thick, body) = extent;
        boxed(image, (0, top), extent, INK, PAPER);
        for y in 1..body - 1 {
            let position = 1.0 - (f64::from(y) + 0.5) / f64::from(body);
            fill(image, (1, top + y), (thick - 2, 1), self.ramp.at(position));
        }
    }

    /// The points at the ends that stand for values outside the range.
    fn draw_points(&self, image: &mut RgbImage, ends: (u32, u32), thick: u32, heights: (u32, u32)) {
        let mut row = |y: u32, step: u32, height: u32, colour| {
            let inset = step * thick / (2 * height);
            let span = thick.saturating_sub(2 * inset).max(1);
            fill(image, (inset, y), (span, 1), INK);
            if span > 2 {
                fill(image, (inset + 1, y), (span - 2, 1), colour);
            }
        };
        for step in 0..heights.0 {
            row(ends.0 - 1 - step, step, heights.0, self.ramp.at(1.0));
        }
        for step in 0..heights.1 {
            row(ends.1 + step, step, heights.1, self.ramp.at(0.0));
        }
    }
}

/// Ticks and numbers to the right of a bar that is `thick` wide.
fn draw_ticks(image: &mut RgbImage, ticks: &[Tick], size: f32, place: (u32, u32, u32)) {
    let (thick, top, body) = place;
    for tick in ticks {
        let y = f64::from(top) + (1.0 - tick.position) * f64::from(body - 1);
        let y = y.round() as u32;
        let long = if tick.label.is_empty() { 0.2 } else { 0.4 };
        fill(image, (thick, y), ((long * size).round() as u32, 1), INK);
        let at = (thick as f32 + 0.7 * size, y as f32 + 0.37 * size);
        text::draw_line(image, &tick.label, size, INK, at, Direction::Across);
    }
}
