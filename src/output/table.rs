//! The arrays of a result in other formats: CSV for small ones, Parquet for tables, Zarr for large ones.
//!
//! All are made of the `.npz` that lies in the directory, a piece at a time, so that memory does not grow with it.
//! Arrays are called as they are there, but axes by their quantities.

mod csv;
mod parquet;
mod rows;
mod source;
mod stream;
mod zarr;

use std::path::{Path, PathBuf};

use self::rows::Rows;
pub(crate) use self::source::{Kind, Source};
use super::{Aside, Directory, EXPERIMENT, REPORT};
use crate::error::{Error, Result};
use crate::experiment::Draft;
use crate::picture::TableFormat;
use crate::report::Report;

/// Most rows of a CSV file: beyond, it is larger and slower than any program would want.
pub const CSV_ROWS: u64 = 1 << 22;

/// Whether a result of so many rows can be written in these formats; to be asked before it is computed.
///
/// # Errors
/// [`Error::Request`] with the remedy.
pub fn check_tables(formats: &[TableFormat], rows: u64) -> Result<()> {
    if formats.contains(&TableFormat::Csv) && rows > CSV_ROWS {
        return Err(Error::request(format!(
            "format: {rows} cells are too many for csv, which may have {CSV_ROWS}; use --format parquet or zarr, or a \
             smaller --size"
        )));
    }
    Ok(())
}

/// The names that the tables of a result may have.
pub(super) fn files() -> impl Iterator<Item = String> {
    let named = |kind: Kind| TableFormat::ALL.map(|format| format!("{}.{}", kind.stem(), format.ending()));
    Kind::ALL.into_iter().flat_map(named)
}

/// Whether a name is that of a result that is a folder.
pub(super) fn is_folder(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == TableFormat::Zarr.ending())
}

impl Aside {
    /// Writes the arrays of `source` in each of `formats`.
    ///
    /// # Errors
    /// [`Error::Write`], also where the arrays turn out to be damaged.
    pub(crate) fn write_tables(&mut self, source: &Source, formats: &[TableFormat]) -> Result<()> {
        for format in formats {
            let name = format!("{}.{}", source.kind.stem(), format.ending());
            match format {
                TableFormat::Csv => self.write(&name, |to| csv::write(&mut Rows::open(source)?, to))?,
                TableFormat::Parquet => {
                    self.write(&name, |to| parquet::write(&mut Rows::open(source)?, &source.texts, to))?;
                }
                TableFormat::Zarr => self.write_folder(&name, |to| zarr::write(source, to))?,
            }
        }
        Ok(())
    }
}

/// Writes the arrays of the map, stack or phase diagram in a directory in other formats too.
///
/// # Errors
/// [`Error::File`] if there is none, or it is damaged; [`Error::Request`] if it is too large for a format, and
/// [`Error::Write`].
pub fn export(path: &Path, formats: &[TableFormat]) -> Result<Vec<PathBuf>> {
    let source = saved(path)?;
    check_tables(formats, source.rows() as u64)?;
    let directory = Directory::create(path)?;
    let mut aside = directory.aside()?;
    aside.write_tables(&source, formats)?;
    aside.publish(Vec::new())
}

/// The arrays of the result in a directory.
fn saved(path: &Path) -> Result<Source> {
    let Some(kind) = Kind::ALL.into_iter().find(|kind| path.join(kind.file()).exists()) else {
        let message = "holds no result; give a DIR that `gdscope map` or `gdscope phase` wrote";
        return Err(Error::file(path, message));
    };
    // Refuses what a newer version wrote.
    Report::text(&path.join(REPORT))?;
    let draft = Draft::read(&path.join(EXPERIMENT))?;
    Source::new(kind, &path.join(kind.file()), &draft)
}
