//! `gdscope render`: other pictures of a saved map.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::output::{Directory, Saved};
use crate::view::View;

/// Draw views of a map that `gdscope map` has saved
///
/// Example:
///   gdscope render out/f1 --show period,lyapunov
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The map's directory; the pictures go there too
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Pictures to draw, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VIEWS", required = true)]
    show: Vec<View>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let saved = Saved::read(&arguments.directory)?;
    let directory = Directory::create(&arguments.directory)?;
    for file in directory.render(&saved, &arguments.show)? {
        eprintln!("wrote {}", file.display());
    }
    Ok(())
}
