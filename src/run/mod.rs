//! Experiment to map: plan, engine, analysis, in this order.
//!
//! A map is computed in tiles of whole rows, and what needs more than a tile goes through the arrays in portions
//! afterwards: which cells share an attractor, and which are doubtful. So the memory that a map takes while it is
//! made does not grow with its size, where its arrays are on the disk (`Store`), but for doubtful cells that are computed
//! again. Neither tiles nor portions change a bit of the result.

mod doubts;
mod passes;
mod store;
mod tile;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use crate::analysis::{Certain, Known};
use crate::engine::{Engine, waited_for};
use crate::error::{Error, Result};
use crate::experiment::{CELLS_IN_MEMORY, Experiment};
use crate::map::Map;
use crate::plan::Plan;
use crate::report::{Report, StageSeconds};

use self::doubts::{Doubts, checked_again};
use self::passes::attractors;
pub(crate) use self::store::{Memory, Store};
pub(crate) use self::tile::{Tile, Work};

/// Most cells of a tile, unless a row has more: enough to keep every device busy, and a few hundred bytes for each
/// in memory.
const TILE_CELLS: usize = 1 << 21;

/// Runs every trajectory of `experiment` on `engine` and finds the attractors.
///
/// With `checked`, a sample of cells is computed again in f64. `progress` is told, from any thread, how
/// many cells have been computed.
///
/// # Errors
/// Those of [`Experiment::check`] and of the engine; [`Error::Request`] for more than [`CELLS_IN_MEMORY`] cells.
pub fn run(
    experiment: &Experiment,
    engine: &dyn Engine,
    checked: bool,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Map, Report)> {
    let job = Job { experiment, engine, checked, known: None, tile: tile_rows(experiment) };
    let [width, height] = experiment.size;
    if u64::from(width) * u64::from(height) > CELLS_IN_MEMORY {
        return Err(Error::request(format!(
            "size: {width}x{height} is more than {CELLS_IN_MEMORY} cells, the most that are held in memory; \
             `gdscope map` makes larger maps on the disk"
        )));
    }
    let plan = Plan::new(experiment)?;
    let mut memory = Memory::new(experiment, &plan);
    let report = job.run(&plan, &mut memory, &BTreeMap::new(), progress)?;
    Ok((memory.map, report))
}

/// The rows of a tile, if nothing else is asked for.
pub(crate) fn tile_rows(experiment: &Experiment) -> u32 {
    (TILE_CELLS as u32 / experiment.size[0]).max(1)
}

/// The most rows that a tile can have.
pub(crate) fn most_rows(experiment: &Experiment) -> u32 {
    (CELLS_IN_MEMORY as u32 / experiment.size[0]).max(1)
}

/// The rows `0 .. height`, so many at a time.
fn parts(height: usize, rows: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    (0..height).step_by(rows).map(move |row| row..height.min(row + rows))
}

/// A map to be made.
pub(crate) struct Job<'a> {
    pub experiment: &'a Experiment,
    pub engine: &'a dyn Engine,
    /// Whether a sample is computed again in f64.
    pub checked: bool,
    /// Attractors that have their numbers already.
    pub known: Option<Known>,
    /// Rows of a tile.
    pub tile: u32,
}

impl Job<'_> {
    /// The rows of each tile, from the bottom up.
    pub fn tiles(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        parts(self.experiment.size[1] as usize, self.tile as usize)
    }

    /// Makes the map in `store`; `plan` is that of the whole. Of the tiles that are done already, `done` says by
    /// their first rows what they took.
    ///
    /// # Errors
    /// Those of the engine and of the store.
    pub fn run(
        self,
        plan: &Plan,
        store: &mut (dyn Store + Send),
        done: &BTreeMap<usize, Work>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Report> {
        let Self { experiment, engine, checked, .. } = self;
        let mut work = Work::default();
        let mut last: Option<Tile> = None;
        for rows in self.tiles() {
            if let Some(done) = done.get(&rows.start) {
                work.add(done);
                continue;
            }
            let before = (rows.start * plan.across.len()) as u64;
            // A tile is stored while the next one is computed.
            let tile = std::thread::scope(|scope| {
                let storing = last.take().map(|tile| scope.spawn(|| store.put(&{ tile })));
                let tile = Tile::compute(experiment, rows, engine, &|cells| progress(before + cells));
                storing.map_or(Ok(()), waited_for).and(tile)
            })?;
            work.add(&tile.work);
            last = Some(tile);
        }
        last.map_or(Ok(()), |tile| store.put(&tile))?;
        let faults = engine.faults();
        let started = Instant::now();
        let found = attractors(experiment, plan, store, self.known)?;
        tracing::info!("{} attractors, {:.2} s", found.count, started.elapsed().as_secs_f64());
        let doubts = Doubts::find(plan, store, experiment.certain)?;
        tracing::info!("{} cells are doubtful", doubts.count);
        let analyse = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let uncertain = match experiment.certain {
            true => doubts.settle(experiment, plan, store, engine)?,
            false => doubts.uncertain(),
        };
        let cells = plan.cells() as u64;
        let certain = Certain {
            cells: cells - uncertain,
            share: (cells - uncertain) as f64 / cells as f64,
            recomputed: if experiment.certain { doubts.count } else { 0 },
        };
        let check = checked.then(|| checked_again(plan, store)).transpose()?;
        let device = engine.device();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: device.name.clone(),
            device_kind: device.kind.clone(),
            driver: device.driver.clone(),
            backend: device.backend.clone(),
            engine: device.engine.to_owned(),
            precision: experiment.precision,
            steps_taken: work.steps_taken,
            seconds: StageSeconds {
                analyse: work.seconds.analyse + analyse,
                check: started.elapsed().as_secs_f64(),
                ..work.seconds
            },
            budgets: work.budgets,
            device_faults: work.device_faults + (engine.faults() - faults),
            fallback_cells: work.fallback_cells,
            certain,
            fates: doubts.fates,
            attractors_found: found.count,
            attractors: found.listed,
            check,
        })
    }
}
