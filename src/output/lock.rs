//! One process at a time in a directory.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Unfinished;
use crate::error::{Error, Result};

/// The file that is locked while a process writes to its directory. The system takes the lock away from a process
/// that ends, however it does.
pub const LOCK: &str = ".gdscope-lock";

/// A locked directory.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Held open: so long it is locked.
    _file: File,
}

impl Lock {
    /// Locks a directory.
    ///
    /// # Errors
    /// [`Error::File`] if another process has locked it, [`Error::Write`] if it cannot be written to.
    pub fn new(directory: &Path) -> Result<Self> {
        let path = directory.join(LOCK);
        let written = |file: &mut File| {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            file.sync_all()
        };
        Unfinished::made(|all| {
            loop {
                let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
                let mut file = open.map_err(Error::write(directory))?;
                match file.try_lock() {
                    Err(fs::TryLockError::WouldBlock) => return Err(taken(directory, &path)),
                    // A file system without locks says so in many ways, that of a network with a code of its own.
                    Ok(()) | Err(fs::TryLockError::Error(_)) => {}
                }
                written(&mut file).map_err(Error::write(directory))?;
                // Who had it before may have removed the file in between: then it is another that has to be locked.
                let changed =
                    |metadata: std::io::Result<fs::Metadata>| metadata.and_then(|m| m.modified()).ok();
                if changed(file.metadata()).is_some_and(|at| changed(fs::metadata(&path)) == Some(at)) {
                    all.push(Unfinished::Lock(path.clone()));
                    return Ok(Self { path: path.clone(), _file: file });
                }
            }
        })
    }
}

fn taken(directory: &Path, path: &Path) -> Error {
    let process = fs::read_to_string(path).ok().filter(|text| !text.is_empty());
    let process = process.map_or(String::new(), |process| format!(" (process {process})"));
    let message =
        format!("another gdscope{process} is writing here; wait until it has ended, or give another DIR");
    Error::file(directory, message)
}

impl Drop for Lock {
    fn drop(&mut self) {
        Unfinished::Lock(self.path.clone()).end();
    }
}
