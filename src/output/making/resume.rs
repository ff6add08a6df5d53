//! What an interrupted run has left: tiles to go on with, or files that lack only their names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{FOLDER, JOURNAL, Kept, Making, data, described, tiles};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::experiment::{Draft, Precision};
use crate::output::arrays::Arrays;
use crate::output::journal::{Entry, Journal};
use crate::output::unfinished::Unfinished;
use crate::output::{Directory, EXPERIMENT, MAP};
use crate::plan::Plan;
use crate::run::Work;

/// What an interrupted run has left in a directory.
pub enum Resumed<'a> {
    /// A map that is gone on with.
    Making(Box<Making<'a>>),
    /// Files that had only to be named.
    Named(Vec<PathBuf>),
}

/// What is to be gone on with in a directory: the engine and the device that it was begun on, and the number format.
///
/// # Errors
/// [`Error::File`] if there is nothing, or the journal is damaged.
pub fn begun_on(directory: &Path) -> Result<(String, String, Precision)> {
    let folder = directory.join(FOLDER);
    if !folder.join(JOURNAL).exists() {
        let message = match directory.join(EXPERIMENT).exists() {
            true => "holds no unfinished map; the one that it holds is whole",
            false => "holds no unfinished map; give a DIR in which `gdscope map` was interrupted",
        };
        return Err(Error::file(directory, message));
    }
    match Journal::read(&folder.join(JOURNAL))?.into_iter().next() {
        // Its own file may have its name already.
        Some(Entry::Begun(begun)) => match Draft::parse(&begun.experiment) {
            Ok(draft) => Ok((begun.engine, begun.name, draft.precision.unwrap_or_default())),
            Err(e) => Err(Error::file(folder.join(JOURNAL), e)),
        },
        _ => Err(Error::file(directory, "holds an unfinished map without a tile; map it again")),
    }
}

/// Goes on with what an interrupted run has left in a directory.
///
/// # Errors
/// [`Error::File`] if the experiment, the engine or the version is another than at the beginning, or something is
/// damaged.
pub fn resume<'a>(directory: &'a Directory, engine: &dyn Engine) -> Result<Resumed<'a>> {
    let folder = directory.path.join(FOLDER);
    let (journal, entries) = Journal::open(&folder.join(JOURNAL))?;
    let refused = |message: String| {
        let message = format!("{message}; delete {} and map again", folder.display());
        Err(Error::file(&directory.path, message))
    };
    let (mut begun, mut done) = (None, BTreeMap::new());
    for entry in entries {
        match entry {
            Entry::Begun(entry) => begun = Some(*entry),
            Entry::Tile { row, work, sum } => _ = done.insert(row, (work, sum)),
            Entry::Whole { names, stale } => {
                // Some systems do not remove the folder of a file that is open.
                drop(journal);
                return Ok(Resumed::Named(published(directory, names, &stale)?));
            }
        }
    }
    let Some(begun) = begun else { return refused("the journal does not say what was begun".to_owned()) };
    let version = env!("CARGO_PKG_VERSION");
    if begun.version != version {
        return refused(format!("the map was begun by gdscope {}, and this is {version}", begun.version));
    }
    let device = described(engine.device());
    if begun.device != device {
        return refused(format!("the map was begun on {}, and this is {device}", begun.device));
    }
    let path = folder.join(EXPERIMENT);
    let experiment = Draft::read(&path)?.resolve().map_err(|e| e.within(&path))?;
    let plan = Plan::new(&experiment)?;
    if experiment.to_toml() != begun.experiment || data(&plan) != begun.data {
        return refused(format!("{EXPERIMENT} or its data is not the one that the map was begun with"));
    }
    let arrays = Arrays::open(&folder, &experiment, &plan).map_err(Error::write(folder.join(MAP)))?;
    let stored = done.len();
    let kept = Kept::new(&folder, stored, tiles(&experiment, &begun));
    let height = experiment.size[1] as usize;
    let is_whole = |row: usize, sum: u32| {
        // What cannot be read is damaged too.
        row < height
            && arrays.checksum(row..height.min(row + begun.tile as usize)).is_ok_and(|now| now == sum)
    };
    let whole = done.into_iter().filter(|(row, (_, sum))| is_whole(*row, *sum));
    let done: BTreeMap<usize, Work> = whole.map(|(row, (work, _))| (row, work)).collect();
    let damaged = stored - done.len();
    let making = Making { directory, experiment, plan, begun, journal, arrays, done, damaged, kept };
    Ok(Resumed::Making(Box::new(making)))
}

impl Directory {
    /// What is to be said of a map in it of which some tiles are done.
    pub fn unfinished(&self) -> Option<String> {
        let folder = self.path.join(FOLDER);
        let entries = Journal::read(&folder.join(JOURNAL)).ok()?;
        let done = entries.iter().filter(|entry| matches!(entry, Entry::Tile { .. })).count();
        let Some(Entry::Begun(begun)) = entries.first() else { return None };
        let tiles = tiles(&Draft::read(&folder.join(EXPERIMENT)).ok()?.resolve().ok()?, begun);
        Unfinished::Tiles { folder, done, tiles }.words()
    }
}

/// The files that a run has left before it came to name them.
pub(super) enum Left {
    Nothing,
    Tiles(usize),
    Whole(Vec<String>, Vec<String>),
}

pub(super) fn left(folder: &Path) -> Result<Left> {
    if !folder.join(JOURNAL).exists() {
        return Ok(Left::Nothing);
    }
    let entries = Journal::read(&folder.join(JOURNAL))?;
    let tiles = entries.iter().filter(|entry| matches!(entry, Entry::Tile { .. })).count();
    Ok(match entries.into_iter().next_back() {
        Some(Entry::Whole { names, stale }) => Left::Whole(names, stale),
        _ if tiles > 0 => Left::Tiles(tiles),
        _ => Left::Nothing,
    })
}

/// Gives files the names that a run could not give them any more.
pub(super) fn published(directory: &Directory, names: Vec<String>, stale: &[String]) -> Result<Vec<PathBuf>> {
    let folder = directory.path.join(FOLDER);
    for name in stale.iter().filter(|name| directory.path.join(name).exists()) {
        removed(&directory.path.join(name))?;
    }
    for name in names.iter().filter(|name| folder.join(name).exists()) {
        let path = directory.path.join(name);
        // A file gives way to another by itself.
        if path.is_dir() {
            removed(&path)?;
        }
        fs::rename(folder.join(name), &path).map_err(Error::write(&path))?;
    }
    fs::remove_dir_all(&folder).map_err(Error::write(&folder))?;
    Ok(names.into_iter().map(|name| directory.path.join(name)).collect())
}

/// Takes away a file, or a folder of files.
fn removed(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(Error::write(path))
}
