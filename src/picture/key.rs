//! The key beside a picture: a colour bar, a legend, or one above the other.

use super::canvas::{Canvas, Dash, Stroke};
use super::palette::Ramp;
use super::scale::{Scale, Tick};
use super::text::{self, Block, Direction};
use super::theme::Tint;
use image::Rgb;

/// Widest label of an entry before it wraps, in units of the text size.
const LABEL_LIMIT: f32 = 19.0;
/// Distance between two entries, in units of the text size.
const ENTRY_GAP: f32 = 0.25;
/// Shortest colour bar, in units of the text size.
const SHORTEST_BAR: f32 = 8.0;
/// Colours along a bar, between which they change evenly.
const STOPS: u32 = 64;

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
#[derive(Debug, Clone, Default)]
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

    /// Lays the key out for a place beside something `height` pixels high.
    pub fn layout(&self, size: f32, height: f32) -> Layout<'_> {
        let legend = Legend::new(self, size);
        let Some(bar) = &self.bar else {
            let overhang = if legend.height > 0.0 { Key::OVERHANG * size } else { 0.0 };
            return Layout { extent: (legend.width, overhang + legend.height), bar: None, legend };
        };
        let below = match legend.height {
            0.0 => 0.0,
            rows => rows + size,
        };
        let length = (height - below).max(SHORTEST_BAR * size).round();
        let bar = BarLayout::new(bar, size, length);
        let width = bar.width.max(legend.width);
        Layout { extent: (width, bar.height + 0.5 * size + legend.height), bar: Some(bar), legend }
    }
}

/// A key with the place of everything in it.
pub struct Layout<'a> {
    /// Width and height in pixels; the top is `OVERHANG` above what it stands beside.
    pub extent: (f32, f32),
    bar: Option<BarLayout<'a>>,
    legend: Legend<'a>,
}

impl Layout<'_> {
    /// Draws the key with its top left corner at `corner`.
    pub fn draw(&self, canvas: &mut Canvas, corner: (f32, f32)) {
        let (x, y) = (corner.0.round(), corner.1.round());
        if let Some(bar) = &self.bar {
            bar.draw(canvas, (x, y));
        }
        self.legend.draw(canvas, (x, (y + self.extent.1 - self.legend.height).round()));
    }
}

/// Heading, entries and note.
struct Legend<'a> {
    key: &'a Key,
    size: f32,
    columns: Columns,
    heading: Block,
    note: Block,
    width: f32,
    height: f32,
}

impl<'a> Legend<'a> {
    fn new(key: &'a Key, size: f32) -> Self {
        let columns = Columns::new(&key.entries, size);
        let limit = columns.width.max(10.0 * size);
        let heading = Block::wrapped(&key.heading, size, limit);
        let note = Block::wrapped(&key.note, 0.9 * size, limit);
        let parts = [columns.width, heading.width(), note.width()];
        let width = parts.into_iter().fold(0.0, f32::max).ceil();
        let gap = |block: &Block| if block.height() > 0.0 { block.height() + 0.3 * size } else { 0.0 };
        let height = (gap(&heading) + columns.height() + gap(&note)).ceil();
        Legend { key, size, columns, heading, note, width, height }
    }

    fn draw(&self, canvas: &mut Canvas, (x, y): (f32, f32)) {
        self.heading.draw(canvas, Tint::Ink, (x, y));
        let gap = if self.heading.height() > 0.0 { 0.3 * self.size } else { 0.0 };
        let top = y + self.heading.height() + gap;
        self.columns.draw(canvas, &self.key.entries, (x, top));
        let under = top + self.columns.height() + 0.3 * self.size;
        self.note.draw(canvas, Tint::Quiet, (x, under));
    }
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

    /// Height of all entries.
    fn height(&self) -> f32 {
        self.heights.iter().map(|h| h + ENTRY_GAP * self.size).sum()
    }

    fn draw(&self, canvas: &mut Canvas, entries: &[Entry], (left, top): (f32, f32)) {
        let size = self.size;
        let mut y = top;
        for ((entry, label), height) in entries.iter().zip(&self.labels).zip(&self.heights) {
            if let Some(colour) = entry.colour {
                let side = size.round();
                // The line is higher than the swatch; the swatch stands in its middle.
                let corner = (left, (y + 0.175 * size).round());
                canvas.boxed(corner, (side, side), Tint::Quiet, Tint::Colour(colour));
            }
            let mut line = |text: &str, end: f32| {
                let block = Block::wrapped(text, size, f32::MAX);
                block.draw(canvas, Tint::Ink, (left + end - block.width(), y));
            };
            line(&entry.mark, self.mark_end);
            line(&entry.value, self.width);
            label.draw(canvas, Tint::Ink, (left + self.label_start, y));
            y += height + ENTRY_GAP * size;
        }
    }
}

/// A bar, `length` pixels from end to end with its points, `OVERHANG` above and below it.
struct BarLayout<'a> {
    bar: &'a Bar,
    size: f32,
    length: f32,
    thick: f32,
    /// Heights of the points above and below.
    points: (f32, f32),
    ticks: Vec<Tick>,
    title: Block,
    /// Where the title begins.
    title_left: f32,
    width: f32,
    height: f32,
}

impl<'a> BarLayout<'a> {
    fn new(bar: &'a Bar, size: f32, length: f32) -> Self {
        let tip = |wanted: bool| if wanted { (0.9 * size).round() } else { 0.0 };
        let points = (tip(bar.above), tip(bar.below));
        let body = length - points.0 - points.1;
        let thick = (1.3 * size).round();
        let ticks = bar.scale.fitting_ticks(body, 1.5 * size, |_| size);
        let labels = ticks.iter().map(|tick| text::width(&tick.label, size));
        let title = Block::wrapped(&bar.label, size, length);
        let title_left = thick + 1.2 * size + labels.fold(0.0, f32::max);
        let width = (title_left + title.height()).ceil();
        let height = length + 2.0 * (Key::OVERHANG * size).round();
        BarLayout { bar, size, length, thick, points, ticks, title, title_left, width, height }
    }

    fn draw(&self, canvas: &mut Canvas, (x, y): (f32, f32)) {
        let overhang = (Key::OVERHANG * self.size).round();
        let (top, thick) = (y + overhang + self.points.0, self.thick);
        let body = self.length - self.points.0 - self.points.1;
        let ramp = self.bar.ramp;
        let colours: Vec<_> = (0..=STOPS).map(|k| ramp.at(f64::from(k) / f64::from(STOPS))).collect();
        canvas.fill((x, top), (thick, body), Tint::Ink);
        canvas.gradient((x + 1.0, top + 1.0), (thick - 2.0, body - 2.0), &colours);
        // The points stand for values outside the range.
        let line = Some(Stroke { tint: Tint::Ink, width: 1.0, dash: Dash::Solid });
        let mut point = |base: f32, height: f32, colour: Rgb<u8>| {
            if height != 0.0 {
                let corners = [(x + 0.5, base), (x + thick / 2.0, base + height), (x + thick - 0.5, base)];
                canvas.polygon(&corners, Tint::Colour(colour), line);
            }
        };
        point(top + 0.5, -self.points.0, ramp.at(1.0));
        point(top + body - 0.5, self.points.1, ramp.at(0.0));
        self.draw_ticks(canvas, (x + thick, top), body);
        let centre = y + overhang + self.length / 2.0;
        self.title.draw_up(canvas, Tint::Ink, x + self.title_left, centre);
    }

    /// Ticks and numbers to the right of the bar.
    fn draw_ticks(&self, canvas: &mut Canvas, (x, top): (f32, f32), body: f32) {
        for tick in &self.ticks {
            let y = (top + (1.0 - tick.position as f32) * (body - 1.0)).round();
            let long = if tick.label.is_empty() { 0.2 } else { 0.4 };
            canvas.fill((x, y), ((long * self.size).round(), 1.0), Tint::Ink);
            let at = (x + 0.7 * self.size, y + 0.37 * self.size);
            canvas.text(&tick.label, self.size, Tint::Ink, at, Direction::Across);
        }
    }
}
