//! `gdscope new`: an experiment file to begin with.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempPath;

use super::{printed, tell_files};
use crate::error::{Error, Result};
use crate::experiment::template;
use crate::output::ASIDE;

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
    write(path, &text, arguments.force)?;
    tell_files(std::slice::from_ref(path));
    Ok(())
}

/// Writes a file that has its name once it is whole.
fn write(path: &Path, text: &str, over: bool) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        let message =
            format!("there is no directory `{}`; make it first, or give another FILE", parent.display());
        return Err(Error::file(path, message));
    }
    let aside = || {
        let folder = tempfile::Builder::new().prefix(ASIDE).tempdir_in(parent)?;
        let written = folder.path().join("new.toml");
        let mut file = File::create(&written)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok((folder, TempPath::try_from_path(written)?))
    };
    // Without the name of the folder, which is nobody's business.
    let (_folder, file) = aside().map_err(|e: std::io::Error| Error::write(path)(e.kind().into()))?;
    let named = if over { file.persist(path) } else { file.persist_noclobber(path) };
    named.map_err(|e| match e.error.kind() {
        ErrorKind::AlreadyExists => {
            Error::file(path, "exists; give another name, or --force to write over it")
        }
        _ => Error::write(path)(e.error),
    })
}
