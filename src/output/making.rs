//! A map that is being made in a directory: its arrays on the disk, tile by tile, so that it may be interrupted
//! at any moment and gone on with.
//!
//! Everything is in a folder of the directory until the whole is there. `map.npz` has its final size from the
//! beginning, and a tile goes to its place in it; what else is to be known of trajectories is in `ends`. A tile
//! counts once both are on the disk and the journal says so; the last one may come to the disk with all the rest. Its
//! checksum tells what a system that went down has lost, which is computed again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::arrays::Arrays;
use super::journal::{Begun, Entry, Journal};
use super::{Aside, Directory, EXPERIMENT, Kind, MAP, REPORT, Saved, Source, Unfinished};
use crate::analysis::{Attractor, Known, Labelled};
use crate::engine::{Device, Engine, Outcomes};
use crate::error::{Error, Result};
use crate::experiment::{Draft, Experiment, Precision};
use crate::map::{Drawn, Map, write_numbers};
use crate::picture::Style;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::{Job, Store, Tile, Work, most_rows, tile_rows};

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
    /// A folder without tiles.
    fn new(folder: &Path) -> Self {
        let unfinished = Unfinished::Aside(folder.to_owned());
        unfinished.note();
        Self { unfinished, folder: folder.to_owned() }
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
        let kept = Kept::new(&folder);
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
    let mut kept = Kept::new(&folder);
    let stored = done.len();
    Unfinished::made(|all| kept.note(all, stored, tiles(&experiment, &begun)));
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

/// The files that a run has left before it came to name them.
enum Left {
    Nothing,
    Tiles(usize),
    Whole(Vec<String>, Vec<String>),
}

fn left(folder: &Path) -> Result<Left> {
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
fn published(directory: &Directory, names: Vec<String>, stale: &[String]) -> Result<Vec<PathBuf>> {
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

/// The arrays, and the journal of the tiles in them.
struct Stored<'a> {
    arrays: &'a Arrays,
    journal: &'a mut Journal,
    kept: &'a mut Kept,
    tiles: usize,
}

impl Stored<'_> {
    fn written<T>(&self, result: io::Result<T>) -> Result<T> {
        result.map_err(Error::write(self.kept.folder.join(MAP)))
    }

    fn got<T>(&self, result: io::Result<T>) -> Result<T> {
        result.map_err(|e| Error::file(self.kept.folder.join(MAP), e))
    }
}

impl Store for Stored<'_> {
    fn put(&mut self, tile: &Tile) -> Result<()> {
        let sum = self.written(self.arrays.put(tile, tile.rows.start * self.arrays.width))?;
        if self.kept.done() + 1 < self.tiles {
            self.written(self.arrays.sync_data())?;
        }
        // An interrupt keeps what the journal says is done.
        Unfinished::made(|all| {
            self.journal.add(&Entry::Tile { row: tile.rows.start, work: tile.work.clone(), sum })?;
            self.kept.note(all, self.kept.done() + 1, self.tiles);
            Ok(())
        })
    }

    fn ends(&self, cells: Range<usize>) -> Result<Outcomes> {
        self.got(self.arrays.outcomes(cells))
    }

    fn states(&self, cells: Range<usize>) -> Result<Outcomes> {
        self.got(self.arrays.states(cells))
    }

    fn put_labels(&mut self, first: usize, labelled: &Labelled) -> Result<()> {
        let [_, turned] = self.arrays.places();
        self.written(write_numbers(&self.arrays.ends, turned, first, &labelled.turned))?;
        self.put_attractors(first, &labelled.labels)
    }

    fn labels(&self, cells: Range<usize>) -> Result<Labelled> {
        self.got(self.arrays.labels(cells))
    }

    fn amplitudes(&self, cells: Range<usize>) -> Result<Vec<f64>> {
        let Arrays { layout, map, .. } = self.arrays;
        self.got(layout.get_floats(map, "amplitude", cells.start, cells.len()))
    }

    fn put_attractors(&mut self, first: usize, ids: &[i32]) -> Result<()> {
        self.written(self.arrays.layout.put(&self.arrays.map, "attractor", first, ids)).map(drop)
    }

    fn classes(&self, cells: Range<usize>) -> Result<Map> {
        self.got(self.arrays.classes(cells))
    }

    fn put_certainty(&mut self, first: usize, codes: &[u8]) -> Result<()> {
        self.written(self.arrays.layout.put(&self.arrays.map, "certainty", first, codes)).map(drop)
    }
}
