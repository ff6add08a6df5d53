//! Tiles on their way to the disk, and back for what is found out of all of them.

use std::io;
use std::ops::Range;

use super::Kept;
use crate::analysis::Labelled;
use crate::engine::Outcomes;
use crate::error::{Error, Result};
use crate::map::{Array, ArrayRef, Map, write_numbers};
use crate::output::MAP;
use crate::output::arrays::Arrays;
use crate::output::journal::{Entry, Journal};
use crate::output::unfinished::Unfinished;
use crate::run::{Store, Tile};

/// The arrays, and the journal of the tiles in them.
pub(super) struct Stored<'a> {
    pub arrays: &'a Arrays,
    pub journal: &'a mut Journal,
    pub kept: &'a mut Kept,
    pub tiles: usize,
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
        self.got(layout.get_floats(map, Array::Amplitude, cells.start, cells.len()))
    }

    fn put_attractors(&mut self, first: usize, ids: &[i32]) -> Result<()> {
        let Arrays { layout, map, .. } = self.arrays;
        self.written(layout.put(map, Array::Attractor, first, ArrayRef::Ids(ids))).map(drop)
    }

    fn classes(&self, cells: Range<usize>) -> Result<Map> {
        self.got(self.arrays.classes(cells))
    }

    fn put_certainty(&mut self, first: usize, codes: &[u8]) -> Result<()> {
        let Arrays { layout, map, .. } = self.arrays;
        self.written(layout.put(map, Array::Certainty, first, ArrayRef::Codes(codes))).map(drop)
    }
}
