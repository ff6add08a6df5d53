//! The flags that say how pictures look, and what else is written.

use clap::{Args, ValueEnum};

use crate::experiment::{Draft, Over};
use crate::picture::{Format, PIXELS, PIXELS_RANGE, Style, TableFormat, Theme};

/// How pictures look.
#[derive(Debug, Args)]
pub struct StyleArguments {
    /// Kinds of files besides the .npz, separated by commas: of the pictures, and of the numbers
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMATS", default_value = "png")]
    format: Vec<Kind>,

    /// Colours of paper and ink
    #[arg(long, value_enum, default_value_t, value_name = "THEME")]
    theme: Theme,

    /// Longest side of the coloured area in pixels, about; texts and lines grow with it
    #[arg(long, value_name = "N", default_value_t = PIXELS, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(i64::from(PIXELS_RANGE[0])..=i64::from(PIXELS_RANGE[1])))]
    pixels: u32,

    /// Draw the cells alone, one pixel each, without axes and key and what else is over them
    #[arg(long, conflicts_with = "pixels")]
    plain: bool,
}

/// What is drawn over the pictures of a map.
#[derive(Debug, Args)]
pub struct OverArguments {
    /// Draw level lines of the loss over a map of initial points
    #[arg(long, conflicts_with = "plain")]
    contours: bool,

    /// Draw the orbit from a point of a map of initial points, given as its values across and up, over it; may be
    /// repeated
    #[arg(long, value_name = "X,Y", value_parser = start, allow_hyphen_values = true, conflicts_with = "plain")]
    orbit: Vec<[f64; 2]>,

    /// Draw what theory says over a map: where the sharpness at the start is 2/eta, where the minimum stops being
    /// stable, 2/f''(0), and x_eta, the cycle of Lemma 4.1
    #[arg(long, conflicts_with = "plain")]
    theory: bool,
}

fn start(text: &str) -> std::result::Result<[f64; 2], String> {
    super::sweep::point(text, "write X,Y, the values across and up of a start, such as -3,3")
}

impl OverArguments {
    /// The keys that the flags give.
    pub fn draft(&self) -> Draft {
        Draft {
            contours: self.contours.then_some(true),
            orbit: Some(self.orbit.clone()).filter(|orbits| !orbits.is_empty()),
            theory: self.theory.then_some(true),
            ..Draft::default()
        }
    }

    /// What is drawn besides what `over` says already.
    pub fn added(&self, over: &Over) -> Over {
        Over {
            contours: self.contours || over.contours,
            orbits: if self.orbit.is_empty() { over.orbits.clone() } else { self.orbit.clone() },
            theory: self.theory || over.theory,
        }
    }
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Pictures as pixels, also where no kind of picture is named
    Png,
    /// Pictures as lines, texts as outlines; for papers and any size
    Svg,
    /// Numbers as a text table, a line for each cell; up to 4194304 cells
    Csv,
    /// Numbers as a table for pandas, Polars, DuckDB, R: a row for each cell
    Parquet,
    /// Numbers as arrays in chunks, for xarray and others, of any size: a folder, Zarr version 3
    Zarr,
}

impl Kind {
    fn picture(self) -> Option<Format> {
        match self {
            Kind::Png => Some(Format::Png),
            Kind::Svg => Some(Format::Svg),
            _ => None,
        }
    }

    fn table(self) -> Option<TableFormat> {
        match self {
            Kind::Csv => Some(TableFormat::Csv),
            Kind::Parquet => Some(TableFormat::Parquet),
            Kind::Zarr => Some(TableFormat::Zarr),
            _ => None,
        }
    }
}

impl StyleArguments {
    /// Whether a kind of picture is among the kinds of files.
    pub fn names_picture(&self) -> bool {
        self.format.iter().any(|kind| kind.picture().is_some())
    }

    /// The style that the flags ask for.
    pub fn style(&self) -> Style {
        let mut formats: Vec<Format> = self.format.iter().filter_map(|kind| kind.picture()).collect();
        if formats.is_empty() {
            formats.push(Format::Png);
        }
        let mut tables = Vec::new();
        for table in self.format.iter().filter_map(|kind| kind.table()) {
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        Style { theme: self.theme, formats, plain: self.plain, pixels: self.pixels, tables }
    }
}
