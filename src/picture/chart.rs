//! A raster with title, axes and key, laid out by the true sizes of its texts.

use super::key::Key;
use super::paint::{INK, PAPER, QUIET, boxed, fill};
use super::raster::Raster;
use super::scale::{Scale, Tick};
use super::text::{self, Block};
use image::RgbImage;

/// Smallest and largest text size in pixels.
const TEXT_SIZES: (f32, f32) = (13.0, 26.0);
/// Text size as a part of the side of a square as large as the raster.
const TEXT_SHARE: f32 = 0.02;
/// Shorter rasters leave no room for axes.
const SHORTEST: u32 = 200;

/// One axis of a chart.
#[derive(Debug, Clone)]
pub struct Axis {
    /// The name of the quantity.
    pub label: String,
    /// Its values, from the middle of the first cell to the middle of the last.
    pub scale: Scale,
}

/// All that is needed to draw a picture; it knows colours and numbers, not what they mean.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The headline, perhaps empty.
    pub title: String,
    /// Smaller text under the headline, perhaps empty.
    pub subtitle: String,
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
    pub up: Axis,
    /// The coloured cells.
    pub raster: Raster,
    /// What the colours mean.
    pub key: Key,
}

impl Chart {
    /// Draws the chart with about `length` pixels for the longest side of the raster.
    pub fn draw(&self, length: u32) -> RgbImage {
        let raster = self.raster.shown(length.max(SHORTEST));
        let layout = Layout::new(self, &raster);
        let (width, height) = layout.picture;
        let mut image = RgbImage::from_pixel(width, height, PAPER);
        let (left, top) = layout.corner;
        let frame = (raster.width() + 2, raster.height() + 2);
        boxed(&mut image, (left - 1, top - 1), frame, INK, PAPER);
        put(&mut image, &raster, (left, top));
        put(&mut image, &layout.key, layout.key_corner);
        layout.draw_texts(&mut image);
        layout.draw_across(&mut image);
        layout.draw_up(&mut image);
        image
    }
}

/// Copies a smaller picture into a larger one.
fn put(image: &mut RgbImage, part: &RgbImage, corner: (u32, u32)) {
    image::imageops::replace(image, part, i64::from(corner.0), i64::from(corner.1));
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

/// Where everything stands, in pixels.
struct Layout {
    size: f32,
    picture: (u32, u32),
    corner: (u32, u32),
    raster: (u32, u32),
    title: Block,
    subtitle: Block,
    across_ticks: Vec<(u32, Tick)>,
    across_label: Block,
    up_ticks: Vec<(u32, Tick)>,
    up_label: UpLabel,
    key: RgbImage,
    key_corner: (u32, u32),
}

impl Layout {
    fn new(chart: &Chart, raster: &RgbImage) -> Layout {
        let (width, height) = raster.dimensions();
        let (wide, high) = (width as f32, height as f32);
        let size = (TEXT_SHARE * (wide * high).sqrt()).clamp(TEXT_SIZES.0, TEXT_SIZES.1);
        let size = size.round();
        let cells = &chart.raster;
        let across = &chart.across.scale;
        let across_ticks = across.fitting_ticks(wide, 1.2 * size, |label| text::width(label, size));
        let across_ticks = placed(across_ticks, cells.width, width);
        let up_ticks = chart.up.scale.fitting_ticks(high, 1.5 * size, |_| size);
        let up_ticks = placed(up_ticks, cells.height, height);
        let up_label = UpLabel::new(&chart.up.label, size, high);
        let numbers = up_ticks.iter().map(|(_, tick)| text::width(&tick.label, size));
        let numbers = numbers.fold(0.0, f32::max);
        let (before, after) = overflow(&across_ticks, size, wide);
        let left = (up_label.thickness(size) + numbers + 1.2 * size).max(before) + size;
        let key = chart.key.draw(size, high);
        let key_left = left + wide + (1.8 * size).max(after + size);
        let full = key_left + key.width() as f32 + size;
        let title = Block::wrapped(&chart.title, (1.25 * size).round(), full - left - size);
        let subtitle = Block::wrapped(&chart.subtitle, size, full - left - size);
        let heads = title.height() + subtitle.height();
        let top = size + heads + if heads > 0.0 { 0.7 * size } else { 0.0 };
        let across_label = Block::wrapped(&chart.across.label, size, wide);
        let key_top = top - Key::OVERHANG * size;
        let under = top + high + 2.1 * size + across_label.height();
        let bottom = under.max(key_top + key.height() as f32) + size;
        Layout {
            size,
            picture: (full.ceil() as u32, bottom.ceil() as u32),
            corner: (left as u32, top as u32),
            raster: (width, height),
            title,
            subtitle,
            across_ticks,
            across_label,
            up_ticks,
            up_label,
            key,
            key_corner: (key_left as u32, key_top as u32),
        }
    }

    /// Title and subtitle, in line with the left edge of the raster.
    fn draw_texts(&self, image: &mut RgbImage) {
        let left = self.corner.0 as f32;
        self.title.draw(image, INK, (left, self.size));
        let under = self.size + self.title.height();
        self.subtitle.draw(image, QUIET, (left, under));
    }

    /// Ticks, numbers and label under the raster.
    fn draw_across(&self, image: &mut RgbImage) {
        let size = self.size;
        let bottom = self.corner.1 + self.raster.1 + 1;
        for (x, tick) in &self.across_ticks {
            let x = self.corner.0 + x;
            fill(image, (x, bottom), (1, self.tick_length(tick)), INK);
            let number = Block::wrapped(&tick.label, size, f32::MAX);
            number.draw_centred(image, INK, x as f32 + 0.5, bottom as f32 + 0.5 * size);
        }
        let centre = self.corner.0 as f32 + self.raster.0 as f32 / 2.0;
        let top = bottom as f32 + 2.0 * size;
        self.across_label.draw_centred(image, INK, centre, top);
    }

    /// Ticks, numbers and label to the left of the raster.
    fn draw_up(&self, image: &mut RgbImage) {
        let size = self.size;
        let left = self.corner.0 - 1;
        for (y, tick) in &self.up_ticks {
            let y = self.corner.1 + self.raster.1 - 1 - y;
            let length = self.tick_length(tick);
            fill(image, (left - length, y), (length, 1), INK);
            let number = Block::wrapped(&tick.label, size, f32::MAX);
            let start = left as f32 - 0.6 * size - number.width();
            let top = y as f32 + 0.5 - number.height() / 2.0;
            number.draw(image, INK, (start, top));
        }
        let centre = self.corner.1 as f32 + self.raster.1 as f32 / 2.0;
        match &self.up_label {
            UpLabel::Turned(block) => block.draw_up(image, INK, size, centre),
            UpLabel::Upright(block) => {
                block.draw(image, INK, (size, centre - block.height() / 2.0));
            }
        }
    }

    fn tick_length(&self, tick: &Tick) -> u32 {
        let share = if tick.label.is_empty() { 0.2 } else { 0.4 };
        (share * self.size).round() as u32
    }
}

/// The pixel of every tick: values belong to the middles of cells.
fn placed(ticks: Vec<Tick>, cells: usize, pixels: u32) -> Vec<(u32, Tick)> {
    let cells = cells as f64;
    let place = |tick: Tick| {
        let share = (tick.position * (cells - 1.0) + 0.5) / cells;
        let pixel = (share * f64::from(pixels)).floor() as u32;
        (pixel.min(pixels - 1), tick)
    };
    ticks.into_iter().map(place).collect()
}

/// How far the numbers under the raster reach beyond its left and right edge.
fn overflow(ticks: &[(u32, Tick)], size: f32, width: f32) -> (f32, f32) {
    let (mut before, mut after) = (0.0_f32, 0.0_f32);
    for (x, tick) in ticks {
        let half = text::width(&tick.label, size) / 2.0;
        before = before.max(half - *x as f32);
        after = after.max(*x as f32 + half - width);
    }
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    const BLUE: Rgb<u8> = Rgb([0, 0, 255]);
    const RED: Rgb<u8> = Rgb([255, 0, 0]);

    /// A blue chart with a red cell in row 0, column 1 and no key.
    fn chart(width: usize, height: usize) -> Chart {
        let mut colours = vec![BLUE; width * height];
        colours[1 % width] = RED;
        let axis = |label: &str, cells: usize| Axis {
            label: label.to_owned(),
            scale: Scale::linear(0.0, cells as f64 - 1.0),
        };
        Chart {
            title: "title".to_owned(),
            subtitle: String::new(),
            across: axis("across", width),
            up: axis("u", height),
            raster: Raster { width, height, colours, classes: None },
            key: Key { bar: None, heading: String::new(), entries: Vec::new(), note: String::new() },
        }
    }

    /// Left, top, right and bottom of the pixels of some colours.
    fn bounds(image: &RgbImage, colours: &[Rgb<u8>]) -> (u32, u32, u32, u32) {
        let pixels = image.enumerate_pixels();
        let found = pixels.filter(|(_, _, pixel)| colours.contains(pixel));
        found
            .fold((u32::MAX, u32::MAX, 0, 0), |b, (x, y, _)| (b.0.min(x), b.1.min(y), b.2.max(x), b.3.max(y)))
    }

    #[test]
    fn the_first_row_is_at_the_bottom_of_the_picture() {
        let image = chart(64, 64).draw(768);
        let (left, top, right, bottom) = bounds(&image, &[BLUE, RED]);
        assert_eq!((right - left, bottom - top), (767, 767));
        let red = bounds(&image, &[RED]);
        assert_eq!(red, (left + 12, bottom - 11, left + 23, bottom));
    }

    #[test]
    fn ticks_point_at_the_middle_of_their_cell() {
        let tick = |value: f64, scale: Scale| Tick { position: scale.position(value), label: String::new() };
        let scale = Scale::linear(0.0, 9.0);
        let ticks = (0..10).map(|cell| tick(f64::from(cell), scale)).collect();
        for (cell, (pixel, _)) in (0..).zip(placed(ticks, 10, 50)) {
            assert_eq!(pixel, 5 * cell + 2);
        }
        let scale = Scale::log(0.001, 1.0);
        let ticks = [0.001, 0.01, 0.1, 1.0].map(|value| tick(value, scale));
        let pixels = placed(ticks.to_vec(), 4, 4);
        assert_eq!(pixels.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let single = tick(5.0, Scale::linear(5.0, 5.0));
        assert_eq!(placed(vec![single], 1, 300)[0].0, 150);
    }

    #[test]
    fn the_frame_surrounds_the_cells_without_covering_them() {
        let image = chart(300, 200).draw(600);
        let (left, top, right, bottom) = bounds(&image, &[BLUE, RED]);
        assert_eq!((right - left + 1, bottom - top + 1), (600, 400));
        assert!((left - 1..=right + 1).all(|x| image.get_pixel(x, top - 1) == &INK));
        assert!((top - 1..=bottom + 1).all(|y| image.get_pixel(right + 1, y) == &INK));
    }
}
