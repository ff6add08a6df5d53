//! The flags that say how pictures look, and what else is written.

use clap::{Args, ValueEnum};

use crate::picture::{Format, Style, TableFormat, Theme};

/// How pictures look.
#[derive(Debug, Args)]
pub struct StyleArguments {
    /// Kinds of files besides the .npz, separated by commas: of the pictures, and of the numbers
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMATS", default_value = "png")]
    format: Vec<Kind>,

    /// Colours of paper and ink
    #[arg(long, value_enum, default_value_t, value_name = "THEME")]
    theme: Theme,

    /// Draw the cells alone, one pixel each, without axes and key
    #[arg(long)]
    plain: bool,
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
        Style { theme: self.theme, formats, plain: self.plain, tables }
    }
}
