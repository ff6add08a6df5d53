//! A map that is being made in a directory: its arrays on the disk, tile by tile, so that it may be interrupted
//! at any moment and gone on with.
//!
//! Everything is in a folder of the directory until the whole is there. `map.npz` has its final size from the
//! beginning, and a tile goes to its place in it; what else is to be known of trajectories is in `ends`. A tile
//! counts once both are on the disk and the journal says so; the last one may come to the disk with all the rest. Its
//! checksum tells what a system that went down has lost, which is computed again.

mod resume;
mod stored;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use self::resume::{Left, left, published};
pub use self::resume::{Resumed, begun_on, resume};
use self::stored::Stored;
use super::arrays::Arrays;
use super::journal::{Begun, Entry, Journal};
use super::{Aside, Directory, EXPERIMENT, Kind, MAP, REPORT, Saved, Source, Unfinished};
use crate::analysis::{Attractor, Known};
use crate::engine::{Device, Engine};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::map::Drawn;
use crate::picture::Style;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::{Job, Work, most_rows, tile_rows};

/// The folder of a directory in which a map is made.
pub const FOLDER: &str = ".gdscope-unfinished";
const JOURNAL: &str = "journal";

/// What is asked for besides the experiment.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Rows of a tile, if not as many as usual: fewer where they do not fit into memory.
    pub tile: Option<u32>,
    /// Whether a sample is computed again in f64.
    pub check: bool,
    /// Attractors that have their numbers already.
    pub known: Option<Vec<Attractor>>,
    /// How its files are to be.
    pub style: Style,
}

/// A map that has been made, or is about to be.
pub struct Making<'a> {
    directory: &'a Directory,
    experiment: Experiment,
    plan: Plan,
    begun: Begun,
    journal: Journal,
    arrays: Arrays,
    /// By their first rows, the tiles that are done.
    done: BTreeMap<usize, Work>,
    /// How many more were done, and are damaged.
    damaged: usize,
    kept: Kept,
}

/// A map that has been made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it was made by, and what was found.
    pub report: Report,
    /// What was written.
    pub files: Vec<PathBuf>,
    /// Of a very large map, every so manieth row and column is drawn.
    pub every: usize,
}

/// The folder, which stays when it is dropped with tiles in it, and else goes.
struct Kept {
    /// [`Unfinished::Aside`] or [`Unfinished::Tiles`].
    unfinished: Unfinished,
    folder: PathBuf,
}

impl Kept {
    /// A folder in which so many of the tiles are done.
    fn new(folder: &Path, done: usize, tiles: usize) -> Self {
        let folder = folder.to_owned();
        let unfinished = match done {
            0 => Unfinished::Aside(folder.clone()),
            _ => Unfinished::Tiles { folder: folder.clone(), done, tiles },
        };
        unfinished.note();
        Self { unfinished, folder }
    }

    /// Notes among `all` that so many of the tiles are done.
    fn note(&mut self, all: &mut [Unfinished], done: usize, tiles: usize) {
        if done > 0 {
            self.unfinished.change(all, Unfinished::Tiles { folder: self.folder.clone(), done, tiles });
        }
    }

    /// How many of them are.
    fn done(&self) -> usize {
        if let Unfinished::Tiles { done, .. } = self.unfinished { done } else { 0 }
    }

    /// Notes that nothing in it is needed any more.
    fn finished(&mut self) {
        let now = Unfinished::Aside(self.folder.clone());
        Unfinished::made(|all| self.unfinished.change(all, now));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.unfinished.end();
    }
}

impl<'a> Making<'a> {
    /// Begins a map. What an earlier run has left goes, unless it has finished a tile.
    ///
    /// # Errors
    /// Those of the experiment, [`Error::Write`], and [`Error::File`] where finished tiles are in the way.
    pub fn begin(
        directory: &'a Directory,
        experiment: &Experiment,
        engine: &dyn Engine,
        asked: Asked,
    ) -> Result<Self> {
        let plan = Plan::new(experiment)?;
        let folder = directory.path.join(FOLDER);
        let begun = Begun {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: engine.device().engine.to_owned(),
            name: engine.device().name.clone(),
            device: described(engine.device()),
            experiment: experiment.to_toml(),
            data: data(&plan),
            tile: asked.tile.map_or_else(|| tile_rows(experiment), |rows| rows.min(most_rows(experiment))),
            check: asked.check,
            known: asked.known,
            style: asked.style,
        };
        match left(&folder)? {
            Left::Nothing => {}
            Left::Tiles(tiles) => {
                let message = format!(
                    "holds an unfinished map, of which {tiles} tiles are done; go on with it by `gdscope map --resume \
                     {}`, or delete {} to give it up",
                    directory.path.display(),
                    folder.display()
                );
                return Err(Error::file(&directory.path, message));
            }
            Left::Whole(names, stale) => drop(published(directory, names, &stale)?),
        }
        let write = |path: &Path| Error::write(path.to_owned());
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(write(&folder))?;
        }
        let kept = Kept::new(&folder, 0, 0);
        fs::create_dir(&folder).map_err(write(&folder))?;
        let written = File::create_new(folder.join(EXPERIMENT)).and_then(|mut file| {
            file.write_all(begun.experiment.as_bytes())?;
            file.sync_all()
        });
        written.map_err(write(&folder.join(EXPERIMENT)))?;
        let arrays = Arrays::open(&folder, experiment, &plan).map_err(write(&directory.path.join(MAP)))?;
        let mut journal = Journal::create(&folder.join(JOURNAL))?;
        journal.add(&Entry::Begun(Box::new(begun.clone())))?;
        let experiment = experiment.clone();
        let (done, damaged) = (BTreeMap::new(), 0);
        Ok(Self { directory, experiment, plan, begun, journal, arrays, done, damaged, kept })
    }

    /// Runs the trajectories that are missing, draws, and gives everything its name. An earlier map in the directory
    /// gives way to the new one as a whole, or stays.
    ///
    /// # Errors
    /// Those of the engine, and [`Error::Write`].
    pub fn make(mut self, engine: &dyn Engine, progress: &(dyn Fn(u64) + Sync)) -> Result<Made> {
        let job = Job {
            experiment: &self.experiment,
            engine,
            checked: self.begun.check,
            known: self.begun.known.as_deref().map(Known::new),
            tile: self.begun.tile,
        };
        let folder = self.directory.path.join(FOLDER);
        let tiles = tiles(&self.experiment, &self.begun);
        Unfinished::made(|all| self.kept.note(all, self.done.len(), tiles));
        let mut stored =
            Stored { arrays: &self.arrays, journal: &mut self.journal, kept: &mut self.kept, tiles };
        let report = job.run(&self.plan, &mut stored, &self.done, progress)?;
        let map = folder.join(MAP);
        self.arrays.finish(&map).map_err(Error::write(self.directory.path.join(MAP)))?;
        let mut aside = Aside::kept(&folder, &self.directory.path);
        let started = Instant::now();
        let map = Drawn::for_views(&map, &self.experiment.show)?;
        let mut saved = Saved { experiment: self.experiment, map, report };
        let draw = || self.directory.draw(&mut aside, &saved, &saved.experiment.show, &self.begun.style);
        let (synced, drawn) = rayon::join(|| self.arrays.sync(), draw);
        synced.map_err(Error::write(self.directory.path.join(MAP)))?;
        drawn?;
        let arrays = Source::new(Kind::Map, &folder.join(MAP), &saved.experiment.draft())?;
        aside.write_tables(&arrays, &self.begun.style.tables)?;
        saved.report.seconds.draw = started.elapsed().as_secs_f64();
        aside.names.push(MAP.to_owned());
        aside.write(REPORT, |to| to.write_all(saved.report.to_json().as_bytes()))?;
        aside.write(EXPERIMENT, |to| to.write_all(saved.experiment.to_toml().as_bytes()))?;
        let (names, stale) = (aside.names.clone(), aside.stale());
        self.journal.add(&Entry::Whole { names, stale })?;
        // Some systems do not move what is open.
        drop((self.arrays, self.journal));
        let files = aside.publish_alone()?;
        self.kept.finished();
        Ok(Made { report: saved.report, files, every: saved.map.every })
    }

    /// The experiment that is run.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// How many tiles are done, and how many there are.
    pub fn tiles(&self) -> (usize, usize) {
        (self.done.len(), tiles(&self.experiment, &self.begun))
    }

    /// How many tiles had been done and are not what was written, so that they are computed again.
    pub fn damaged(&self) -> usize {
        self.damaged
    }
}

fn tiles(experiment: &Experiment, begun: &Begun) -> usize {
    experiment.size[1].div_ceil(begun.tile) as usize
}

/// What of a device decides about the bits of a result.
fn described(device: &Device) -> String {
    match device.engine {
        // The same bits with all machine code.
        "cpu" => format!("the CPU engine ({})", std::env::consts::ARCH),
        _ => format!("{} ({}, {})", device.name, device.backend, device.driver),
    }
}

/// A checksum of the data that formulas go through.
fn data(plan: &Plan) -> u32 {
    crc32fast::hash(format!("{:?}", plan.descent.graph.columns()).as_bytes())
}
