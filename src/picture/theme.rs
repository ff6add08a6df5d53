//! The colours of paper and ink, and the kinds of file that pictures are written as.

use image::Rgb;
use serde::{Deserialize, Serialize};

/// Dark on light, or light on dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Black on white
    #[default]
    Light,
    /// White on black
    Dark,
}

impl Theme {
    /// The background.
    pub fn paper(self) -> Rgb<u8> {
        match self {
            Theme::Light => Rgb([255; 3]),
            Theme::Dark => Rgb([18, 18, 20]),
        }
    }

    /// The colour that a tint has on this paper.
    pub fn colour(self, tint: Tint) -> Rgb<u8> {
        match (tint, self) {
            (Tint::Paper, _) => self.paper(),
            (Tint::Ink, Theme::Light) => Rgb([30; 3]),
            (Tint::Ink, Theme::Dark) => Rgb([232; 3]),
            (Tint::Quiet, Theme::Light) => Rgb([105; 3]),
            (Tint::Quiet, Theme::Dark) => Rgb([160; 3]),
            (Tint::Colour(colour), _) => colour,
        }
    }
}

/// A colour, or one that follows the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// The background's.
    Paper,
    /// That of text and lines.
    Ink,
    /// That of text and lines which should stay behind the others.
    Quiet,
    /// The same on any paper.
    Colour(Rgb<u8>),
}

/// A kind of picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Pixels
    Png,
    /// Lines, texts as outlines; for papers and any size
    Svg,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 2] = [Format::Png, Format::Svg];

    /// The file name's ending.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Svg => "svg",
        }
    }
}

/// A kind of file for the numbers of a result, besides its `.npz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// A line for each cell.
    Csv,
    /// A row for each cell, column by column.
    Parquet,
    /// A folder of arrays in chunks.
    Zarr,
}

impl TableFormat {
    /// Every format.
    pub const ALL: [TableFormat; 3] = [TableFormat::Csv, TableFormat::Parquet, TableFormat::Zarr];

    /// The file name's ending.
    pub fn ending(self) -> &'static str {
        match self {
            TableFormat::Csv => "csv",
            TableFormat::Parquet => "parquet",
            TableFormat::Zarr => "zarr",
        }
    }
}

/// How pictures of a map are to look, and what else is to be written of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// Light or dark.
    pub theme: Theme,
    /// Each picture is written once in each.
    pub formats: Vec<Format>,
    /// The coloured cells alone, one pixel each.
    pub plain: bool,
    /// The longest side of the coloured area, about, in pixels; more where it has more cells than that.
    pub pixels: u32,
    /// The numbers are written once in each.
    pub tables: Vec<TableFormat>,
}

/// Pixels along the longest side of a picture's coloured area, if nothing else is asked for.
pub const PIXELS: u32 = 768;
/// The least and the most.
pub const PIXELS_RANGE: [u32; 2] = [200, 8192];

impl Default for Style {
    fn default() -> Self {
        let formats = vec![Format::Png];
        Self { theme: Theme::Light, formats, plain: false, pixels: PIXELS, tables: Vec::new() }
    }
}
