//! What is on the disk and must not stay when a process ends before its work does.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an interrupted process has to take away.
static UNFINISHED: Mutex<Vec<Unfinished>> = Mutex::new(Vec::new());

/// Something that is not to stay as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfinished {
    /// A folder of files without their final names.
    Aside(PathBuf),
    /// A directory that was made for results; it stays once it holds some.
    Made(PathBuf),
    /// A lock's file.
    Lock(PathBuf),
    /// The folder of a map of which some tiles are done; it stays, to be gone on with.
    Tiles { folder: PathBuf, done: usize, tiles: usize },
}

impl Unfinished {
    /// Makes something and notes it, with no interrupt in between: none comes after the last one has begun to clean up.
    pub fn made<T>(make: impl FnOnce(&mut Vec<Self>) -> T) -> T {
        make(&mut held())
    }

    pub fn note(&self) {
        if let Ok(mut all) = UNFINISHED.lock() {
            all.push(self.clone());
        }
    }

    pub fn take_away(&self) {
        // Where that fails, there is nobody left to tell.
        let _ = match self {
            // What another thread is writing there may keep the folder for a moment.
            Unfinished::Aside(path) => (0..100)
                .map(|_| fs::remove_dir_all(path))
                .find(|result| !matches!(result, Err(e) if e.kind() == std::io::ErrorKind::DirectoryNotEmpty))
                .unwrap_or(Ok(())),
            Unfinished::Made(path) => fs::remove_dir(path),
            Unfinished::Lock(path) => fs::remove_file(path),
            Unfinished::Tiles { .. } => Ok(()),
        };
    }

    pub fn end(&self) {
        self.take_away();
        if let Ok(mut all) = UNFINISHED.lock() {
            all.retain(|other| other != self);
        }
    }

    /// Becomes another, among `all`.
    pub fn change(&mut self, all: &mut [Self], to: Self) {
        all.iter_mut().filter(|other| **other == *self).for_each(|other| *other = to.clone());
        *self = to;
    }

    /// What is to be said of a map of which some tiles are done.
    pub fn words(&self) -> Option<String> {
        let Unfinished::Tiles { folder, done, tiles } = self else { return None };
        let directory = folder.parent().unwrap_or(folder).display();
        Some(format!(
            "{done} of {tiles} tiles are done and kept; go on with: gdscope map --resume {directory}\n"
        ))
    }
}

/// Takes away what unfinished work has left, and lets no file get its final name from here on: for a
/// process that is about to exit. Says what stays, and how to go on with it.
pub(crate) fn abandon() -> Option<String> {
    let unfinished = UNFINISHED.lock();
    let mut words = None;
    if let Ok(all) = &unfinished {
        all.iter().rev().for_each(Unfinished::take_away);
        words = all.iter().find_map(Unfinished::words);
    }
    std::mem::forget(unfinished);
    words
}

/// Lets an interrupt wait as long as what is returned is kept.
pub fn held() -> MutexGuard<'static, Vec<Unfinished>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
