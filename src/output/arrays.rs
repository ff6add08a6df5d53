//! The arrays of a map that is being made, on the disk.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::MAP;
use crate::analysis::Labelled;
use crate::engine::{Outcomes, waited_for};
use crate::experiment::Experiment;
use crate::map::{
    Array, ArrayRef, Kind, Layout, Map, checksum, read_floats, read_numbers, write_array, write_numbers,
};
use crate::plan::Plan;
use crate::run::Tile;

/// What has to be known of trajectories besides `map.npz`.
const ENDS: &str = "ends";

/// The arrays of a map on the disk.
pub struct Arrays {
    pub layout: Layout,
    pub map: File,
    pub ends: File,
    /// Cells in a row and in all, and numbers of a state.
    pub width: usize,
    cells: usize,
    dims: usize,
    /// What numbers of states are stored as.
    floats: Kind,
    phases: bool,
}

impl Arrays {
    /// Opens the files, of which some tiles may be there, at their final sizes.
    pub fn open(folder: &Path, experiment: &Experiment, plan: &Plan) -> io::Result<Self> {
        let file = |name| {
            File::options().create(true).truncate(false).read(true).write(true).open(folder.join(name))
        };
        let arrays = Self::of(experiment, plan, file(MAP)?, file(ENDS)?)?;
        arrays.map.set_len(arrays.layout.end())?;
        arrays.layout.put_axis(&arrays.map, "across", &plan.across)?;
        arrays.layout.put_axis(&arrays.map, "up", &plan.up)?;
        Ok(arrays)
    }

    fn of(experiment: &Experiment, plan: &Plan, map: File, ends: File) -> io::Result<Self> {
        let (width, cells, dims) = (plan.across.len(), plan.cells(), plan.initial.len());
        let (floats, phases) = (Kind::float(experiment.precision), experiment.phases);
        Ok(Self { layout: Layout::new(experiment)?, map, ends, width, cells, dims, floats, phases })
    }

    /// Where the states begin in `ends`, after the phases, and where the labels' phases do.
    pub fn places(&self) -> [u64; 2] {
        let states = 4 * self.cells as u64;
        [states, states + (self.floats.size() * self.cells * self.dims) as u64]
    }

    /// The map's arrays that come with the tiles.
    fn of_tiles(&self) -> impl Iterator<Item = Array> {
        let later = [Array::Attractor, Array::Certainty];
        Array::ALL.into_iter().filter(move |array| self.layout.has(*array) && !later.contains(array))
    }

    /// Writes a tile, each array by a thread of its own, and gives the checksum of it.
    pub fn put(&self, tile: &Tile, first: usize) -> io::Result<u32> {
        let Self { layout, map, ends, dims, .. } = self;
        let (outcomes, [states, _]) = (&tile.outcomes, self.places());
        type Write<'a> = Box<dyn Fn() -> io::Result<u32> + Sync + Send + 'a>;
        let mut writes: Vec<Write<'_>> = Vec::new();
        for array in self.of_tiles() {
            writes.push(Box::new(move || {
                let numbers = tile.array(array).ok_or_else(|| io::Error::other("a tile without an array"))?;
                layout.put(map, array, first, numbers)
            }));
        }
        writes.push(Box::new(|| write_numbers(ends, 0, first, &outcomes.phase)));
        writes.push(Box::new(|| {
            write_array(ends, self.floats, states, first * dims, ArrayRef::Floats(&outcomes.point))
        }));
        // Threads of their own: those of the pool may have the next tile's trajectories to compute first.
        let sums: Vec<io::Result<u32>> = std::thread::scope(|scope| {
            let writes: Vec<_> = writes.iter().map(|write| scope.spawn(write)).collect();
            writes.into_iter().map(waited_for).collect()
        });
        let sums: Vec<u32> = sums.into_iter().collect::<io::Result<_>>()?;
        Ok(of_all(&sums))
    }

    /// The checksum of a tile, of these rows, as it is stored.
    pub fn checksum(&self, rows: Range<usize>) -> io::Result<u32> {
        let Self { layout, map, ends, dims, .. } = self;
        let (first, count) = (rows.start * self.width, rows.len() * self.width);
        let sums = self.of_tiles().map(|array| layout.checksum(map, array, first, count));
        let mut sums: Vec<u32> = sums.collect::<io::Result<_>>()?;
        let ([states, _], size) = (self.places(), self.floats.size() * dims);
        sums.push(checksum(ends, 4 * first as u64, 4 * count)?);
        sums.push(checksum(ends, states + (size * first) as u64, size * count)?);
        Ok(of_all(&sums))
    }

    pub fn outcomes(&self, cells: Range<usize>) -> io::Result<Outcomes> {
        let Self { layout, map, ends, .. } = self;
        let (first, count) = (cells.start, cells.len());
        Ok(Outcomes {
            period: layout.get(map, Array::Period, first, count)?,
            phase: read_numbers(ends, 0, first, count)?,
            amplitude: layout.get_floats(map, Array::Amplitude, first, count)?,
            lyapunov: layout.get_floats(map, Array::Lyapunov, first, count)?,
            loss: layout.get_floats(map, Array::Loss, first, count)?,
            ..self.states(cells)?
        })
    }

    /// Fates and the states that they have come to; the other arrays are empty.
    pub fn states(&self, cells: Range<usize>) -> io::Result<Outcomes> {
        let Self { layout, map, ends, dims, .. } = self;
        let (first, count) = (cells.start * dims, cells.len() * dims);
        let [states, _] = self.places();
        Ok(Outcomes {
            fate: layout.get(map, Array::Fate, cells.start, cells.len())?,
            point: read_floats(ends, self.floats, states, first, count)?,
            ..Outcomes::default()
        })
    }

    pub fn labels(&self, cells: Range<usize>) -> io::Result<Labelled> {
        let [_, turned] = self.places();
        let turned = match self.phases {
            true => read_numbers(&self.ends, turned, cells.start, cells.len())?,
            false => Vec::new(),
        };
        let labels = self.layout.get(&self.map, Array::Attractor, cells.start, cells.len())?;
        Ok(Labelled { labels, turned })
    }

    pub fn classes(&self, cells: Range<usize>) -> io::Result<Map> {
        let Self { layout, map, .. } = self;
        Ok(Map {
            fate: layout.get(map, Array::Fate, cells.start, cells.len())?,
            period: layout.get(map, Array::Period, cells.start, cells.len())?,
            attractor: layout.get(map, Array::Attractor, cells.start, cells.len())?,
            lyapunov: layout.get_floats(map, Array::Lyapunov, cells.start, cells.len())?,
            ..Map::default()
        })
    }

    /// Makes `map.npz` whole; `path` is where it is.
    pub fn finish(&self, path: &Path) -> io::Result<()> {
        self.layout.finish(path)
    }

    /// Returns once all that was written is on the disk.
    pub fn sync_data(&self) -> io::Result<()> {
        self.map.sync_data()?;
        self.ends.sync_data()
    }

    /// Returns once `map.npz` is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.map.sync_all()
    }
}

/// One checksum of several.
fn of_all(sums: &[u32]) -> u32 {
    crc32fast::hash(bytemuck::cast_slice(sums))
}
