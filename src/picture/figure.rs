//! Panels in rows and columns under one title, laid out by the true sizes of their texts.

use super::canvas::Canvas;
use super::chart::{self, Chart};
use super::drawing::Drawing;
use super::key::{self, Key};
use super::series::Series;
use super::surface::Surface;
use super::text::Block;
use super::theme::{Theme, Tint};

/// Smallest and largest text size in pixels.
const TEXT_SIZES: (f32, f32) = (13.0, 130.0);
/// Text size as a part of the side of a square as large as the largest frame.
const TEXT_SHARE: f32 = 0.02;
/// Shorter rasters leave no room for axes.
const SHORTEST: u32 = 200;
/// Room between two panels, in units of the text size.
const GAP: f32 = 1.6;
/// Length of a line in a legend, in units of the text size.
const SAMPLE: f32 = 2.0;

/// What a panel shows.
#[derive(Clone, Debug)]
pub enum Plot {
    /// A flat one.
    Chart(Chart),
    /// A surface seen at an angle.
    Surface(Surface),
}

/// How large the frame of a panel is, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// As a raster's cells ask for, the longest side about so much; a square without a raster.
    Longest(u32),
    /// Width and height.
    Exact(u32, u32),
}

/// One part of a figure.
#[derive(Clone, Debug)]
pub struct Panel {
    /// A line over the panel, perhaps empty.
    pub title: String,
    /// What is in the frame.
    pub plot: Plot,
    /// What the colours of a raster mean. Series have a legend over the frame.
    pub key: Key,
    /// Where it goes, and how large it is.
    pub frame: Frame,
}

/// A picture of one or several panels.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// The headline, perhaps empty.
    pub title: String,
    /// Smaller text under the headline, perhaps empty.
    pub subtitle: String,
    /// Rows of panels from the top down; the frames of a column stand one under the other.
    pub rows: Vec<Vec<Panel>>,
    /// Text under all panels, perhaps empty.
    pub caption: String,
}

/// Where the first frame of a figure stands in its picture, and how large the picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The upper left corner of the frame's inside, in pixels from that of the picture.
    pub corner: (f32, f32),
    /// From there to the picture's lower right corner.
    pub rest: (f32, f32),
}

impl Bounds {
    /// The least bounds that hold both.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let most = |a: (f32, f32), b: (f32, f32)| (a.0.max(b.0), a.1.max(b.1));
        Self { corner: most(self.corner, other.corner), rest: most(self.rest, other.rest) }
    }

    /// Width and height of the picture in pixels.
    pub fn extent(&self) -> (u32, u32) {
        ((self.corner.0 + self.rest.0).ceil() as u32, (self.corner.1 + self.rest.1).ceil() as u32)
    }
}

/// A figure with the place of everything in it.
struct Placed<'a> {
    rows: Vec<Vec<PanelLayout<'a>>>,
    grid: Grid,
    size: f32,
    title: Block,
    subtitle: Block,
    caption: Block,
    /// The top of the panels.
    top: f32,
    bounds: Bounds,
}

impl Figure {
    /// The figure with more series over its first panel.
    #[must_use]
    pub fn with_series(mut self, series: impl IntoIterator<Item = Series>) -> Self {
        if let Some(panel) = self.rows.first_mut().filter(|row| !row.is_empty()).map(|row| row.remove(0)) {
            self.rows[0].insert(0, panel.with_series(series));
        }
        self
    }

    /// Draws the figure.
    pub fn draw(&self, theme: Theme) -> Drawing {
        let placed = self.placed();
        placed.draw(theme, &placed.bounds)
    }

    /// Draws the figure in a picture of these bounds, which hold its own: figures drawn so have their frames in
    /// the same place.
    pub fn draw_within(&self, theme: Theme, bounds: &Bounds) -> Drawing {
        self.placed().draw(theme, bounds)
    }

    /// The bounds that the figure needs.
    pub fn bounds(&self) -> Bounds {
        self.placed().bounds
    }

    fn placed(&self) -> Placed<'_> {
        let frames: Vec<Vec<_>> =
            self.rows.iter().map(|row| row.iter().map(Panel::sized).collect()).collect();
        let areas = frames.iter().flatten().map(|(_, (wide, high))| wide * high);
        let size = TEXT_SHARE * areas.fold(0.0, f32::max).sqrt();
        let size = size.clamp(TEXT_SIZES.0, TEXT_SIZES.1).round();
        let panels = self.rows.iter().zip(frames);
        let rows: Vec<Vec<PanelLayout>> = panels
            .map(|(row, frames)| row.iter().zip(frames).map(|(p, f)| PanelLayout::new(p, size, f)).collect())
            .collect();
        let grid = Grid::new(&rows, size);
        let title = Block::wrapped(&self.title, (1.25 * size).round(), grid.width - grid.first_left);
        let subtitle = Block::wrapped(&self.subtitle, size, grid.width - grid.first_left);
        let caption = Block::wrapped(&self.caption, size, grid.width);
        let heads = title.height() + subtitle.height();
        let top = size + heads + if heads > 0.0 { 0.7 * size } else { 0.0 };
        let gap = if caption.height() > 0.0 { size } else { 0.0 };
        let extent = (grid.width + 2.0 * size, top + grid.height + gap + caption.height() + size);
        let first = |list: &[f32]| list.first().copied().unwrap_or(0.0);
        let corner = ((size + first(&grid.lefts)).floor(), (top + first(&grid.tops)).floor());
        let bounds = Bounds { corner, rest: (extent.0.ceil() - corner.0, extent.1.ceil() - corner.1) };
        Placed { rows, grid, size, title, subtitle, caption, top, bounds }
    }
}

impl Placed<'_> {
    /// Draws the figure with its first frame where `bounds` has it.
    fn draw(&self, theme: Theme, bounds: &Bounds) -> Drawing {
        let Self { size, top, grid, .. } = self;
        let (x, y) = (bounds.corner.0 - self.bounds.corner.0, bounds.corner.1 - self.bounds.corner.1);
        let left = x + size + grid.first_left;
        let mut canvas = Canvas::new(theme);
        self.title.draw(&mut canvas, Tint::Ink, (left, y + size));
        self.subtitle.draw(&mut canvas, Tint::Quiet, (left, y + size + self.title.height()));
        for (row, row_top) in self.rows.iter().zip(&grid.tops) {
            for (panel, panel_left) in row.iter().zip(&grid.lefts) {
                panel.draw(&mut canvas, (x + (size + panel_left).floor(), y + (top + row_top).floor()));
            }
        }
        let gap = if self.caption.height() > 0.0 { *size } else { 0.0 };
        self.caption.draw(&mut canvas, Tint::Ink, (x + size, y + top + grid.height + gap));
        canvas.finish(bounds.extent())
    }
}

/// Where the frames stand, from the left and the top of the first panel's margin.
struct Grid {
    lefts: Vec<f32>,
    tops: Vec<f32>,
    width: f32,
    height: f32,
    /// Room to the left of the first column's frames.
    first_left: f32,
}

impl Grid {
    fn new(rows: &[Vec<PanelLayout>], size: f32) -> Self {
        fn most<'a>(of: impl Iterator<Item = &'a PanelLayout<'a>>, part: fn(&PanelLayout) -> f32) -> f32 {
            of.map(part).fold(0.0, f32::max)
        }
        let (mut lefts, mut width) = (Vec::new(), 0.0);
        for column in 0..rows.iter().map(Vec::len).max().unwrap_or(0) {
            let panels = || rows.iter().filter_map(|row| row.get(column));
            width += if column > 0 { GAP * size } else { 0.0 } + most(panels(), |p| p.left);
            lefts.push(width);
            width += most(panels(), |p| p.frame.0 + p.right);
        }
        let (mut tops, mut height) = (Vec::new(), 0.0);
        for (k, row) in rows.iter().enumerate() {
            height += if k > 0 { GAP * size } else { 0.0 } + most(row.iter(), |p| p.above);
            tops.push(height);
            height += most(row.iter(), |p| p.frame.1 + p.below);
        }
        let first_left = lefts.first().copied().unwrap_or(0.0);
        Self { lefts, tops, width, height, first_left }
    }
}

impl Panel {
    /// The panel with more series in its chart, in front of the others.
    #[must_use]
    pub fn with_series(mut self, series: impl IntoIterator<Item = Series>) -> Self {
        if let Plot::Chart(chart) = &mut self.plot {
            chart.series.extend(series);
        }
        self
    }

    /// The image of the raster, if there is one, and the size of the frame.
    fn sized(&self) -> (Option<image::RgbImage>, (f32, f32)) {
        let raster = match &self.plot {
            Plot::Chart(chart) => chart.raster.as_ref(),
            Plot::Surface(_) => None,
        };
        let length = match self.frame {
            Frame::Longest(length) => length,
            Frame::Exact(width, height) => width.max(height),
        }
        .max(SHORTEST);
        let (image, own) = match raster.map(|raster| raster.shown(length)) {
            Some((image, own)) => (Some(image), own),
            None => (None, (length, length)),
        };
        let (width, height) = match self.frame {
            Frame::Longest(_) => own,
            Frame::Exact(width, height) => (width, height),
        };
        (image, (width as f32, height as f32))
    }
}

/// How the plot of a panel is laid out.
enum Body<'a> {
    Chart(chart::Layout<'a>),
    Surface(&'a Surface),
}

/// A panel with the place of everything around its frame.
struct PanelLayout<'a> {
    size: f32,
    /// Width and height of the frame's inside.
    frame: (f32, f32),
    title: Block,
    legend: Legend<'a>,
    body: Body<'a>,
    key: key::Layout<'a>,
    /// Where the key starts, from the right edge of the frame.
    key_left: f32,
    /// Room that is needed on each side of the frame.
    left: f32,
    right: f32,
    above: f32,
    below: f32,
}

impl<'a> PanelLayout<'a> {
    fn new(panel: &'a Panel, size: f32, sized: (Option<image::RgbImage>, (f32, f32))) -> Self {
        let (image, frame) = sized;
        let title = Block::wrapped(&panel.title, size, frame.0);
        let series = match &panel.plot {
            Plot::Chart(chart) => chart.series.as_slice(),
            Plot::Surface(_) => &[],
        };
        let legend = Legend::new(series, size, frame.0);
        let heads = title.height() + legend.height;
        let above = if heads > 0.0 { heads + 0.4 * size } else { 0.0 };
        let key = panel.key.layout(size, frame.1);
        let body = match &panel.plot {
            Plot::Chart(chart) => Body::Chart(chart::Layout::new(chart, size, frame, image)),
            Plot::Surface(surface) => Body::Surface(surface),
        };
        let (left, after, under) = match &body {
            Body::Chart(chart) => (chart.left, chart.right, chart.below),
            Body::Surface(_) => (0.0, 0.0, 0.0),
        };
        let key_left = (1.8 * size).max(after + size);
        let right = if key.extent.0 > 0.0 { key_left + key.extent.0 } else { after };
        let below = under.max(key.extent.1 - Key::OVERHANG * size - frame.1);
        Self { size, frame, title, legend, body, key, key_left, left, right, above, below }
    }

    /// Draws the panel with the inside of its frame at `corner`.
    fn draw(&self, canvas: &mut Canvas, corner: (f32, f32)) {
        let (left, top) = corner;
        let unit = self.size / TEXT_SIZES.0;
        self.title.draw(canvas, Tint::Ink, (left, top - self.above));
        self.legend.draw(canvas, (left, top - self.above + self.title.height()), unit);
        match &self.body {
            Body::Chart(chart) => chart.draw(canvas, corner, unit),
            Body::Surface(surface) => surface.draw(canvas, corner, self.frame, self.size),
        }
        let key_corner = (left + self.frame.0 + self.key_left, top - Key::OVERHANG * self.size);
        self.key.draw(canvas, key_corner);
    }
}

/// The names of the series, side by side over the frame, in as many rows as they need.
struct Legend<'a> {
    size: f32,
    /// A series, its name, and the place of its top left corner.
    entries: Vec<(&'a Series, Block, (f32, f32))>,
    height: f32,
}

impl<'a> Legend<'a> {
    fn new(series: &'a [Series], size: f32, limit: f32) -> Self {
        let (mut x, mut y, mut row) = (0.0, 0.0, 0.0_f32);
        let mut entries = Vec::new();
        for series in series.iter().filter(|series| !series.name.is_empty()) {
            let name = Block::wrapped(&series.name, size, (limit - (SAMPLE + 0.5) * size).max(size));
            let width = (SAMPLE + 0.5) * size + name.width();
            if x > 0.0 && x + width > limit {
                (x, y, row) = (0.0, y + row, 0.0);
            }
            row = row.max(name.height());
            entries.push((series, name, (x, y)));
            x += width + 1.3 * size;
        }
        Self { size, entries, height: y + row }
    }

    fn draw(&self, canvas: &mut Canvas, (left, top): (f32, f32), unit: f32) {
        for (series, name, (x, y)) in &self.entries {
            let (x, y) = (left + x, top + y);
            series.draw_sample(canvas, unit, x, SAMPLE * self.size, (y + 0.67 * self.size).round());
            name.draw(canvas, Tint::Ink, (x + (SAMPLE + 0.5) * self.size, y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::chart::Axis;
    use crate::picture::raster::Raster;
    use crate::picture::scale::Scale;
    use image::{Rgb, RgbImage};

    const BLUE: Rgb<u8> = Rgb([0, 0, 255]);
    const RED: Rgb<u8> = Rgb([255, 0, 0]);

    /// A blue raster with a red cell in row 0, column 1 and no key.
    fn draw(width: usize, height: usize, length: u32) -> RgbImage {
        let mut colours = vec![BLUE; width * height];
        colours[1 % width] = RED;
        let axis =
            |label: &str, cells: usize| Axis::of_cells(label, Scale::linear(0.0, cells as f64 - 1.0), cells);
        let chart = Chart {
            across: axis("across", width),
            up: axis("u", height),
            raster: Some(Raster { width, height, colours, classes: None }),
            levels: None,
            series: Vec::new(),
        };
        let panel = Panel {
            title: String::new(),
            plot: Plot::Chart(chart),
            key: Key::default(),
            frame: Frame::Longest(length),
        };
        let figure = Figure { title: "title".to_owned(), rows: vec![vec![panel]], ..Figure::default() };
        figure.draw(Theme::Light).pixels(1)
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
        let image = draw(64, 64, 768);
        let (left, top, right, bottom) = bounds(&image, &[BLUE, RED]);
        assert_eq!((right - left, bottom - top), (767, 767));
        let red = bounds(&image, &[RED]);
        assert_eq!(red, (left + 12, bottom - 11, left + 23, bottom));
    }

    #[test]
    fn the_frame_surrounds_the_cells_without_covering_them() {
        let image = draw(300, 200, 600);
        let (left, top, right, bottom) = bounds(&image, &[BLUE, RED]);
        assert_eq!((right - left + 1, bottom - top + 1), (600, 400));
        let ink = Theme::Light.colour(Tint::Ink);
        assert!((left - 1..=right + 1).all(|x| image.get_pixel(x, top - 1) == &ink));
        assert!((top - 1..=bottom + 1).all(|y| image.get_pixel(right + 1, y) == &ink));
    }
}
