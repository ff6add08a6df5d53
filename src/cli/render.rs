//! `gdscope render`: other pictures of a saved map, and its numbers in other formats.

use std::path::PathBuf;

use clap::Args;

use super::style::{OverArguments, StyleArguments};
use super::{tell, tell_files};
use crate::error::{Error, Result};
use crate::experiment::check_views;
use crate::output::{Directory, Saved, check_is_map, export};
use crate::view::View;

/// Draw views of a saved map, or write its numbers in another format
///
/// What was drawn over the map when it was made is drawn again. The numbers can also be
/// those of a stack of maps or a phase diagram.
///
/// Examples:
///   gdscope render out/f1 --show period,lyapunov --format png,svg
///   gdscope render out/f1 --show amplitude --theory --theme dark
///   gdscope render out/f1 --format parquet
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The directory; the files go there too
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Pictures to draw, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VIEWS")]
    show: Vec<View>,

    #[command(flatten)]
    over: OverArguments,

    #[command(flatten)]
    style: StyleArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (path, style) = (&arguments.directory, arguments.style.style());
    if arguments.show.is_empty() && arguments.style.names_picture() {
        if path.is_dir() {
            check_is_map(path)?;
        }
        return Err(Error::request(
            "show: nothing to draw; name a view, such as --show period, or a format of numbers, such as --format csv",
        ));
    }
    let mut files = Vec::new();
    if !arguments.show.is_empty() {
        check_views(&arguments.show)?;
        let mut saved = Saved::read(path)?;
        saved.experiment.check_views(&arguments.show)?;
        saved.experiment.over = arguments.over.added(&saved.experiment.over);
        crate::overlay::check(&saved.experiment)?;
        files = Directory::create(path)?.render(&saved, &arguments.show, &style)?;
        if saved.map.every > 1 {
            tell(&format!(
                "the pictures show every {}th row and column of so large a map\n",
                saved.map.every
            ));
        }
    }
    if !style.tables.is_empty() {
        files.extend(export(path, &style.tables)?);
    }
    tell_files(&files);
    Ok(())
}
