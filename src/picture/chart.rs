//! A frame with two axes, and what is drawn in it: coloured cells, level lines, series.

use super::canvas::{Canvas, Dash, Stroke};
use super::raster::Raster;
use super::scale::{Scale, Tick};
use super::series::{Levels, Series};
use super::text::{self, Block};
use super::theme::Tint;
use image::RgbImage;

/// Width of a level line, in pixels at the smallest text size.
const LEVEL_WIDTH: f32 = 0.7;
/// Positions are kept this near to the frame, in units of its sides: viewers have limits.
const FAR: f64 = 20.0;

/// One axis of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The name of the quantity.
    pub label: String,
    /// Its values, from one end of the frame to the other, or as `cells` says.
    pub scale: Scale,
    /// Over a raster, its cells along this axis: the scale then goes from the middle of the first cell
    /// to the middle of the last.
    pub cells: Option<usize>,
}

impl Axis {
    /// An axis from one end of the frame to the other.
    pub fn new(label: &str, scale: Scale) -> Self {
        Self { label: label.to_owned(), scale, cells: None }
    }

    /// An axis whose ends are the middles of the first and last of `cells` cells.
    pub fn of_cells(label: &str, scale: Scale, cells: usize) -> Self {
        Self { cells: Some(cells), ..Self::new(label, scale) }
    }

    /// Where a position on the scale is along the frame, from 0 to 1.
    fn share(&self, position: f64) -> f64 {
        match self.cells {
            Some(cells) => (position * (cells as f64 - 1.0) + 0.5) / cells as f64,
            None => position,
        }
    }

    /// Where a value is along the frame; none for what is no number or has no place on the axis.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let share = self.share(self.scale.position(value));
        (share.is_finite() || value.is_finite() && !self.scale.is_log()).then(|| share.clamp(-FAR, FAR))
    }

    /// The pixel of every tick along a frame of `pixels`.
    fn placed(&self, ticks: Vec<Tick>, pixels: f32) -> Vec<(f32, Tick)> {
        let place = |tick: Tick| {
            let pixel = (self.share(tick.position) * f64::from(pixels)).floor() as f32;
            (pixel.clamp(0.0, pixels - 1.0), tick)
        };
        ticks.into_iter().map(place).collect()
    }
}

/// What a frame shows; it knows colours and numbers, not what they mean.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
    pub up: Axis,
    /// The coloured cells, at the back.
    pub raster: Option<Raster>,
    /// Level lines over them.
    pub levels: Option<Levels>,
    /// Lines and points, the last one in front.
    pub series: Vec<Series>,
}

/// The label of the vertical axis: short ones stand upright.
enum UpLabel {
    Upright(Block),
    Turned(Block),
}

impl UpLabel {
    fn new(label: &str, size: f32, height: f32) -> UpLabel {
        match text::width(label, size) <= 3.0 * size {
            true => UpLabel::Upright(Block::wrapped(label, size, f32::MAX)),
            false => UpLabel::Turned(Block::wrapped(label, size, height)),
        }
    }

    /// The width it takes; an upright label must not read as part of the number beside it.
    fn thickness(&self, size: f32) -> f32 {
        match self {
            UpLabel::Upright(block) => block.width() + 0.6 * size,
            UpLabel::Turned(block) => block.height(),
        }
    }
}

/// A chart with the place of everything around its frame.
pub struct Layout<'a> {
    chart: &'a Chart,
    size: f32,
    /// Width and height of the frame's inside, in pixels.
    frame: (f32, f32),
    image: Option<RgbImage>,
    across_ticks: Vec<(f32, Tick)>,
    across_label: Block,
    up_ticks: Vec<(f32, Tick)>,
    up_label: UpLabel,
    /// Room that is needed to the left of the frame, to its right and below it.
    pub left: f32,
    pub right: f32,
    pub below: f32,
}

impl<'a> Layout<'a> {
    pub fn new(chart: &'a Chart, size: f32, frame: (f32, f32), image: Option<RgbImage>) -> Self {
        let (wide, high) = frame;
        let across = &chart.across.scale;
        let ticks = across.fitting_ticks(wide, 1.2 * size, |label| text::width(label, size));
        let across_ticks = chart.across.placed(ticks, wide);
        let ticks = chart.up.scale.fitting_ticks(high, 1.5 * size, |_| size);
        let up_ticks = chart.up.placed(ticks, high);
        let up_label = UpLabel::new(&chart.up.label, size, high);
        let across_label = Block::wrapped(&chart.across.label, size, wide);
        let numbers = up_ticks.iter().map(|(_, tick)| text::width(&tick.label, size));
        let numbers = numbers.fold(0.0, f32::max);
        let (before, after) = overflow(&across_ticks, size, wide);
        Self {
            chart,
            size,
            frame,
            image,
            left: (up_label.thickness(size) + numbers + 1.2 * size).max(before),
            right: after,
            below: 2.1 * size + across_label.height(),
            across_ticks,
            across_label,
            up_ticks,
            up_label,
        }
    }

    /// Draws the chart with the inside of its frame at `corner`, `unit` pixels for a width of 1.
    pub fn draw(&self, canvas: &mut Canvas, corner: (f32, f32), unit: f32) {
        let (left, top) = corner;
        let (wide, high) = self.frame;
        canvas.boxed((left - 1.0, top - 1.0), (wide + 2.0, high + 2.0), Tint::Ink, Tint::Paper);
        if let Some(image) = &self.image {
            canvas.image(image, corner, self.frame);
        }
        if self.chart.levels.is_some() || !self.chart.series.is_empty() {
            canvas.clipped(corner, self.frame, |canvas| {
                self.draw_levels(canvas, corner, unit);
                let place = |(x, y): (f64, f64)| {
                    let (x, y) = (self.chart.across.place(x)?, self.chart.up.place(y)?);
                    Some((left + x as f32 * wide, top + (1.0 - y as f32) * high))
                };
                self.chart.series.iter().for_each(|series| series.draw(canvas, unit, place));
            });
        }
        self.draw_across(canvas, corner);
        self.draw_up(canvas, corner);
    }

    fn draw_levels(&self, canvas: &mut Canvas, (left, top): (f32, f32), unit: f32) {
        let Some(levels) = &self.chart.levels else { return };
        let (wide, high) = self.frame;
        let stroke = Stroke { tint: levels.tint, width: LEVEL_WIDTH * unit, dash: Dash::Solid };
        let steps = |count: usize| count.max(2) as f64 - 1.0;
        let place = |(x, y): (f64, f64)| {
            let x = self.chart.across.share(x / steps(levels.width));
            let y = self.chart.up.share(y / steps(levels.height));
            (left + x as f32 * wide, top + (1.0 - y as f32) * high)
        };
        for curve in levels.at.iter().flat_map(|level| levels.curves(*level)) {
            canvas.line(&curve.into_iter().map(place).collect::<Vec<_>>(), stroke);
        }
    }

    /// Ticks, numbers and label under the frame.
    fn draw_across(&self, canvas: &mut Canvas, corner: (f32, f32)) {
        let size = self.size;
        let bottom = corner.1 + self.frame.1 + 1.0;
        for (x, tick) in &self.across_ticks {
            let x = corner.0 + x;
            canvas.fill((x, bottom), (1.0, self.tick_length(tick)), Tint::Ink);
            let number = Block::wrapped(&tick.label, size, f32::MAX);
            number.draw_centred(canvas, Tint::Ink, x + 0.5, bottom + 0.5 * size);
        }
        let centre = corner.0 + self.frame.0 / 2.0;
        self.across_label.draw_centred(canvas, Tint::Ink, centre, bottom + 2.0 * size);
    }

    /// Ticks, numbers and label to the left of the frame.
    fn draw_up(&self, canvas: &mut Canvas, corner: (f32, f32)) {
        let size = self.size;
        let left = corner.0 - 1.0;
        for (y, tick) in &self.up_ticks {
            let y = corner.1 + self.frame.1 - 1.0 - y;
            let length = self.tick_length(tick);
            canvas.fill((left - length, y), (length, 1.0), Tint::Ink);
            let number = Block::wrapped(&tick.label, size, f32::MAX);
            let start = left - 0.6 * size - number.width();
            number.draw(canvas, Tint::Ink, (start, y + 0.5 - number.height() / 2.0));
        }
        let centre = corner.1 + self.frame.1 / 2.0;
        let start = corner.0 - self.left;
        match &self.up_label {
            UpLabel::Turned(block) => block.draw_up(canvas, Tint::Ink, start, centre),
            UpLabel::Upright(block) => {
                block.draw(canvas, Tint::Ink, (start, centre - block.height() / 2.0));
            }
        }
    }

    fn tick_length(&self, tick: &Tick) -> f32 {
        let share = if tick.label.is_empty() { 0.2 } else { 0.4 };
        (share * self.size).round()
    }
}

/// How far the numbers under the frame reach beyond its left and right edge.
fn overflow(ticks: &[(f32, Tick)], size: f32, width: f32) -> (f32, f32) {
    let (mut before, mut after) = (0.0_f32, 0.0_f32);
    for (x, tick) in ticks {
        let half = text::width(&tick.label, size) / 2.0;
        before = before.max(half - x);
        after = after.max(x + half - width);
    }
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_point_at_the_middle_of_their_cell() {
        let tick = |value: f64, scale: Scale| Tick { position: scale.position(value), label: String::new() };
        let scale = Scale::linear(0.0, 9.0);
        let ticks = (0..10).map(|cell| tick(f64::from(cell), scale)).collect();
        for (cell, (pixel, _)) in (0..).zip(Axis::of_cells("", scale, 10).placed(ticks, 50.0)) {
            assert_eq!(pixel, (5 * cell + 2) as f32);
        }
        let scale = Scale::log(0.001, 1.0);
        let ticks = [0.001, 0.01, 0.1, 1.0].map(|value| tick(value, scale));
        let pixels = Axis::of_cells("", scale, 4).placed(ticks.to_vec(), 4.0);
        assert_eq!(pixels.iter().map(|p| p.0).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0]);
        let scale = Scale::linear(5.0, 5.0);
        assert_eq!(Axis::of_cells("", scale, 1).placed(vec![tick(5.0, scale)], 300.0)[0].0, 150.0);
    }

    #[test]
    fn values_without_a_place_are_left_out() {
        let linear = Axis::new("", Scale::linear(0.0, 2.0));
        assert_eq!(linear.place(0.5), Some(0.25));
        assert_eq!(linear.place(f64::NAN), None);
        assert_eq!(linear.place(1e300), Some(FAR));
        let log = Axis::new("", Scale::log(0.01, 1.0));
        assert!((log.place(0.1).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!([log.place(0.0), log.place(-1.0), log.place(f64::NAN)], [None; 3]);
        assert_eq!(Axis::of_cells("", Scale::linear(0.0, 9.0), 10).place(0.0), Some(0.05));
    }
}
