//! Files that are whole before they have their names.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::own_files;
use super::unfinished::{Unfinished, held};
use crate::error::{Error, Result};

/// Files that have been written and wait for their names.
pub(crate) struct Aside {
    pub(super) folder: PathBuf,
    /// The directory that they will be in.
    pub(super) to: PathBuf,
    pub(super) names: Vec<String>,
    /// Whether the folder is somebody else's.
    pub(super) stays: bool,
}

impl Aside {
    /// Files in a folder that stays.
    pub(super) fn kept(folder: &Path, to: &Path) -> Self {
        Self { folder: folder.to_owned(), to: to.to_owned(), names: Vec::new(), stays: true }
    }

    /// Where the files are for now; others that are put there go away with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of this name will be.
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.to.join(name)
    }

    /// Gives the files their names, as [`Aside::publish`]; what an earlier map or stack has left beside them would
    /// lie, and goes.
    pub(crate) fn publish_alone(self) -> Result<Vec<PathBuf>> {
        let stale = self.stale();
        self.publish(stale)
    }

    /// The names of what else may lie in the directory of a map or a stack.
    pub(super) fn stale(&self) -> Vec<String> {
        own_files().filter(|name| !self.names.contains(name)).collect()
    }

    pub(crate) fn write(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<&fs::File>) -> std::io::Result<()>,
    ) -> Result<()> {
        let written = || {
            let file = fs::File::create(self.folder.join(name))?;
            let mut buffer = BufWriter::new(&file);
            write(&mut buffer)?;
            buffer.flush()?;
            drop(buffer);
            // Some disks say only now that they are full.
            file.sync_all()
        };
        written().map_err(Error::write(self.to.join(name)))?;
        tracing::debug!("{name} is on the disk, without its name yet");
        if !self.names.iter().any(|other| other == name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    /// As [`Aside::write`], for what is a folder of files.
    pub(crate) fn write_folder(
        &mut self,
        name: &str,
        write: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<()> {
        let folder = self.folder.join(name);
        let written = || {
            // Of an earlier attempt, in a folder that stays.
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir(&folder)?;
            write(&folder)
        };
        written().map_err(Error::write(self.to.join(name)))?;
        if !self.names.iter().any(|other| other == name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    /// Writes files with these names and bytes.
    pub(crate) fn write_all(&mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<()> {
        files.into_iter().try_for_each(|(name, bytes)| self.write(&name, |to| to.write_all(&bytes)))
    }

    /// Gives the files their names, the last one last; earlier files of these names and those called
    /// `stale` make room first. If that fails, everything is as it was.
    pub(crate) fn publish(self, stale: Vec<String>) -> Result<Vec<PathBuf>> {
        // An interrupt waits until this is done.
        let guard = held();
        let earlier = self.folder.join("earlier");
        fs::create_dir(&earlier).map_err(Error::write(&self.to))?;
        let to = |name: &String| self.to.join(name);
        let new = |name: &String| self.folder.join(name);
        // The file that is read first goes first and comes last.
        let out = self.names.iter().rev().chain(&stale).filter(|name| to(name).symlink_metadata().is_ok());
        let moves = out.map(|name| (to(name), earlier.join(name)));
        let moves: Vec<_> = moves.chain(self.names.iter().map(|name| (new(name), to(name)))).collect();
        for (done, (from, into)) in moves.iter().enumerate() {
            if let Err(e) = fs::rename(from, into) {
                for (from, into) in moves[..done].iter().rev() {
                    let _ = fs::rename(into, from);
                }
                let named = if into.starts_with(&self.folder) { from } else { into };
                return Err(Error::write(named)(e));
            }
        }
        drop(guard);
        tracing::info!("{} have their names in {}", self.names.join(", "), self.to.display());
        Ok(self.names.iter().map(to).collect())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.stays {
            Unfinished::Aside(self.folder.clone()).end();
        }
    }
}
