//! `gdscope new`: an experiment file to begin with.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::{printed, tell_files};
use crate::error::{Error, Result};
use crate::experiment::template;

/// Write an experiment file to begin with, in which every key is explained
///
/// The file runs as it is: `gdscope map FILE -o DIR`. Without FILE it is printed.
///
/// Examples:
///   gdscope new first.toml
///   gdscope new valley.toml --landscape two-valleys
///   gdscope new mine.toml --landscape landscape.toml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The landscape that it is for: a built-in name (see `gdscope landscapes`), or a landscape file, which
    /// is written out
    #[arg(long, value_name = "NAME|FILE", default_value = "f3")]
    landscape: String,

    /// Write over a file that exists
    #[arg(long, requires = "file")]
    force: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let text = template(&arguments.landscape)?;
    let Some(path) = &arguments.file else {
        return printed(std::io::stdout().lock().write_all(text.as_bytes()));
    };
    let file = match arguments.force {
        true => File::create(path),
        false => File::create_new(path),
    };
    let mut file = file.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            Error::file(path, "exists; give another name, or --force to write over it")
        }
        _ => Error::write(path)(e),
    })?;
    file.write_all(text.as_bytes()).map_err(Error::write(path))?;
    tell_files(std::slice::from_ref(path));
    Ok(())
}
