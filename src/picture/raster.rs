//! The coloured cells of a picture and their enlargement or reduction to pixels.

use super::palette::{from_linear, linear};
use crate::map::Map;
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use std::ops::Range;

/// Longest and shortest side of a shown raster never differ by more than this factor.
const ASPECT: f64 = 2.5;
/// Rasters with more cells than this along a side are reduced.
const LIMIT: usize = 1600;

/// One colour per cell, row after row from the bottom up.
#[derive(Debug, Clone)]
pub struct Raster {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The colour of every cell.
    pub colours: Vec<Rgb<u8>>,
    /// For pictures of classes: the class of every cell. A reduction then shows the class that
    /// most of the joined cells have, instead of a mixture that belongs to no class.
    pub classes: Option<Vec<u8>>,
}

/// How many pixels a cell takes, or how many cells a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zoom {
    Enlarge(usize),
    Reduce(usize),
}

impl Zoom {
    /// The zoom that shows `cells` over about `length` pixels.
    fn to_length(cells: usize, length: f64, limit: usize) -> Zoom {
        match cells > limit {
            true => Zoom::Reduce(cells.div_ceil(limit)),
            false => Zoom::Enlarge((length / cells as f64).round().max(1.0) as usize),
        }
    }

    /// Pixels taken by `cells`.
    fn pixels(self, cells: usize) -> usize {
        match self {
            Zoom::Enlarge(factor) => cells * factor,
            Zoom::Reduce(factor) => cells.div_ceil(factor),
        }
    }

    /// The cells behind a pixel.
    fn cells(self, pixel: usize, cells: usize) -> Range<usize> {
        match self {
            Zoom::Enlarge(factor) => pixel / factor..pixel / factor + 1,
            Zoom::Reduce(factor) => pixel * factor..((pixel + 1) * factor).min(cells),
        }
    }
}

impl Raster {
    /// The colour of every cell of a map, by its number.
    pub fn new(map: &Map, colour: impl Fn(usize) -> Rgb<u8> + Sync + Send) -> Raster {
        let colours = (0..map.cells()).into_par_iter().map(colour).collect();
        Raster { width: map.width(), height: map.height(), colours, classes: None }
    }

    /// The raster with one pixel for each cell, row 0 at the bottom.
    pub fn plain(&self) -> RgbImage {
        self.reduced(Zoom::Enlarge(1), Zoom::Enlarge(1))
    }

    /// The raster for a picture whose longest side is about `length` pixels: an image with one pixel
    /// for each cell, or for several of them, and the width and height to show it at.
    pub fn shown(&self, length: u32) -> (RgbImage, (u32, u32)) {
        let (across, up) = self.zooms(length as usize);
        let extent = (across.pixels(self.width) as u32, up.pixels(self.height) as u32);
        (self.reduced(across, up), extent)
    }

    /// An image with one pixel for each cell or, where the zoom reduces, for several.
    fn reduced(&self, across: Zoom, up: Zoom) -> RgbImage {
        let at_most_one = |zoom: Zoom| match zoom {
            Zoom::Enlarge(_) => Zoom::Enlarge(1),
            reduce => reduce,
        };
        let (across, up) = (at_most_one(across), at_most_one(up));
        let [width, height] = [across.pixels(self.width), up.pixels(self.height)];
        let mut image = RgbImage::new(width as u32, height as u32);
        image.par_chunks_exact_mut(3 * width).enumerate().for_each(|(y, row)| {
            let rows = up.cells(height - 1 - y, self.height);
            if (across, up) == (Zoom::Enlarge(1), Zoom::Enlarge(1)) {
                let cells = &self.colours[rows.start * width..rows.end * width];
                row.chunks_exact_mut(3).zip(cells).for_each(|(pixel, cell)| pixel.copy_from_slice(&cell.0));
                return;
            }
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                pixel.copy_from_slice(&self.joined(across.cells(x, self.width), rows.clone()).0);
            }
        });
        image
    }

    /// The zoom of columns and of rows: the same, unless the raster is a mere strip.
    fn zooms(&self, length: usize) -> (Zoom, Zoom) {
        let (long, short) = match self.width >= self.height {
            true => (self.width, self.height),
            false => (self.height, self.width),
        };
        let limit = LIMIT.max(2 * length);
        let along = Zoom::to_length(long, length as f64, limit);
        let thickness = along.pixels(long) as f64 / ASPECT;
        let aside = match short as f64 * ASPECT >= long as f64 {
            true => along,
            false => Zoom::to_length(short, thickness, thickness as usize),
        };
        match self.width >= self.height {
            true => (along, aside),
            false => (aside, along),
        }
    }

    /// One colour for a block of cells.
    fn joined(&self, columns: Range<usize>, rows: Range<usize>) -> Rgb<u8> {
        let width = self.width;
        let cells = rows.flat_map(|i| columns.clone().map(move |j| i * width + j));
        let class = self.classes.as_ref().map(|classes| {
            let members = cells.clone().map(|cell| classes[cell]);
            (classes, majority(members))
        });
        let shown = cells.filter(|cell| class.is_none_or(|(all, class)| all[*cell] == class));
        mean(shown.map(|cell| self.colours[cell]))
    }
}

/// The most frequent class, the first one met among equals.
fn majority(classes: impl Iterator<Item = u8>) -> u8 {
    let mut counts: Vec<(u8, usize)> = Vec::new();
    for class in classes {
        match counts.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => counts.push((class, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max();
    let winner = counts.iter().find(|(_, count)| Some(*count) == most);
    winner.map_or(0, |(class, _)| *class)
}

/// The mean colour in linear light, as the eye mixes small dots.
fn mean(colours: impl Iterator<Item = Rgb<u8>> + Clone) -> Rgb<u8> {
    let first = colours.clone().next().unwrap_or(Rgb([0; 3]));
    if colours.clone().all(|colour| colour == first) {
        return first;
    }
    let (mut sum, mut count) = ([0.0; 3], 0);
    for colour in colours {
        for (total, channel) in sum.iter_mut().zip(colour.0) {
            *total += linear(channel);
        }
        count += 1;
    }
    Rgb(sum.map(|total| from_linear(total / f64::from(count))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Rgb<u8> = Rgb([0; 3]);
    const WHITE: Rgb<u8> = Rgb([255; 3]);

    fn blank(width: usize, height: usize) -> Raster {
        let colours = vec![WHITE; width * height];
        let classes = None;
        Raster { width, height, colours, classes }
    }

    #[test]
    fn row_zero_is_at_the_bottom_and_column_zero_at_the_left() {
        let mut raster = blank(64, 64);
        raster.colours[0] = BLACK;
        let (image, extent) = raster.shown(768);
        assert_eq!((image.dimensions(), extent), ((64, 64), (768, 768)));
        assert_eq!(image, raster.plain());
        for (x, y, pixel) in image.enumerate_pixels() {
            let marked = (x, y) == (0, 63);
            assert_eq!(*pixel == BLACK, marked, "at {x}, {y}");
        }
    }

    #[test]
    fn sizes_follow_the_number_of_cells() {
        let cases = [
            ((1, 1), (768, 768)),
            ((64, 64), (768, 768)),
            ((300, 200), (900, 600)),
            ((1024, 1024), (1024, 1024)),
            ((3000, 1500), (1500, 750)),
            ((1, 500), (400, 1000)),
            ((40, 400), (320, 800)),
            ((10_000, 1000), (1429, 500)),
            ((3, 4001), (534, 1334)),
        ];
        for ((width, height), pixels) in cases {
            let raster = blank(width, height);
            let (image, extent) = raster.shown(768);
            assert_eq!(extent, pixels);
            assert!(image.width() <= extent.0 && image.height() <= extent.1);
            assert_eq!(raster.plain().dimensions(), (width as u32, height as u32));
        }
    }

    #[test]
    fn reduction_mixes_light_not_numbers() {
        let mut raster = blank(4000, 4000);
        for (cell, colour) in raster.colours.iter_mut().enumerate() {
            if cell % 4000 % 3 == 0 {
                *colour = BLACK;
            }
        }
        let (image, _) = raster.shown(768);
        // By the sRGB formula, 1.055 (2/3)^(1/2.4) - 0.055 = 0.836 and 0.836 * 255 = 213.2; a mean
        // of the numbers would be 170.
        assert_eq!(image.get_pixel(5, 5), &Rgb([213; 3]));
    }

    #[test]
    fn reduction_of_classes_shows_the_majority() {
        let mut raster = blank(2000, 2000);
        let mut classes = vec![0; 2000 * 2000];
        for cell in (0..classes.len()).filter(|cell| cell % 2 == 0 || cell / 2000 % 2 == 0) {
            classes[cell] = 1;
            raster.colours[cell] = BLACK;
        }
        raster.classes = Some(classes);
        assert!(raster.shown(768).0.pixels().all(|pixel| *pixel == BLACK));
    }
}
