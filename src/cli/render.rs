//! `gdscope render`: other pictures of a saved map.

use std::path::PathBuf;

use clap::Args;

use super::style::{OverArguments, StyleArguments};
use super::{tell, tell_files};
use crate::error::Result;
use crate::experiment::check_views;
use crate::output::{Directory, Saved};
use crate::view::View;

/// Draw views of a map that `gdscope map` has saved
///
/// What was drawn over the map when it was made is drawn again.
///
/// Examples:
///   gdscope render out/f1 --show period,lyapunov --format png,svg
///   gdscope render out/f1 --show amplitude --theory --theme dark
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The map's directory; the pictures go there too
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Pictures to draw, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VIEWS", required = true)]
    show: Vec<View>,

    #[command(flatten)]
    over: OverArguments,

    #[command(flatten)]
    style: StyleArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    check_views(&arguments.show)?;
    let mut saved = Saved::read(&arguments.directory)?;
    saved.experiment.check_views(&arguments.show)?;
    saved.experiment.over = arguments.over.added(&saved.experiment.over);
    crate::overlay::check(&saved.experiment)?;
    let directory = Directory::create(&arguments.directory)?;
    let files = directory.render(&saved, &arguments.show, &arguments.style.style())?;
    if saved.map.every > 1 {
        tell(&format!("the pictures show every {}th row and column of so large a map\n", saved.map.every));
    }
    tell_files(&files);
    Ok(())
}
