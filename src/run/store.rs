//! Where the arrays of a map are while it is made.

use std::ops::Range;

use super::Tile;
use crate::analysis::Labelled;
use crate::engine::Outcomes;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::map::{Array, Map};
use crate::plan::Plan;

/// The arrays of a map that is being made, in memory or on the disk. Cells are given by their numbers.
pub trait Store {
    /// Takes the arrays of a tile.
    ///
    /// # Errors
    /// [`crate::Error::Write`], as for the others that write.
    fn put(&mut self, tile: &Tile) -> Result<()>;

    /// How trajectories have ended, but for the steps they took and what they reached.
    ///
    /// # Errors
    /// [`crate::Error::File`], as for the others that read.
    fn ends(&self, cells: Range<usize>) -> Result<Outcomes>;

    /// Fates and the states that they have come to; the other arrays are empty.
    ///
    /// # Errors
    /// As [`Store::ends`].
    fn states(&self, cells: Range<usize>) -> Result<Outcomes>;

    /// Keeps the labels of cells, in the place of their attractors.
    fn put_labels(&mut self, first: usize, labelled: &Labelled) -> Result<()>;

    /// Reads them back.
    fn labels(&self, cells: Range<usize>) -> Result<Labelled>;

    fn amplitudes(&self, cells: Range<usize>) -> Result<Vec<f64>>;

    fn put_attractors(&mut self, first: usize, ids: &[i32]) -> Result<()>;

    /// Fate, period, attractor and exponent; the other arrays are empty.
    fn classes(&self, cells: Range<usize>) -> Result<Map>;

    fn put_certainty(&mut self, first: usize, codes: &[u8]) -> Result<()>;
}

/// Arrays in memory.
pub struct Memory {
    pub map: Map,
    /// As in [`Outcomes`], and of [`Labelled`] the part that is not in the map.
    phase: Vec<u32>,
    point: Vec<f64>,
    turned: Vec<u32>,
}

impl Memory {
    /// Room for the map of an experiment.
    pub fn new(experiment: &Experiment, plan: &Plan) -> Self {
        let n = plan.cells();
        let floats = || vec![f64::NAN; n];
        let asked = |is: bool| is.then(floats);
        Self {
            map: Map {
                across: plan.across.clone(),
                up: plan.up.clone(),
                fate: vec![Outcomes::MISSING; n],
                period: vec![0; n],
                attractor: vec![-1; n],
                amplitude: floats(),
                lyapunov: floats(),
                settle: floats(),
                reach: asked(experiment.target.is_some()),
                loss: floats(),
                sharpness: floats(),
                edge: asked(experiment.show.contains(&crate::view::View::Edge)),
                certainty: experiment.certain.then(|| vec![0; n]),
            },
            phase: vec![0; n],
            point: vec![f64::NAN; n * plan.initial.len()],
            turned: vec![0; if experiment.phases { n } else { 0 }],
        }
    }

    fn dims(&self) -> usize {
        self.point.len() / self.phase.len()
    }
}

fn put<T: Copy>(to: &mut [T], first: usize, from: &[T]) {
    to[first..first + from.len()].copy_from_slice(from);
}

impl Store for Memory {
    fn put(&mut self, tile: &Tile) -> Result<()> {
        let (outcomes, first, dims) = (&tile.outcomes, tile.rows.start * self.map.width(), self.dims());
        put(&mut self.phase, first, &outcomes.phase);
        put(&mut self.point, first * dims, &outcomes.point);
        let there = Array::ALL.map(|array| self.map.array(array).is_some());
        for (array, to) in self.map.arrays_mut(|array| there[array as usize]) {
            if let Some(numbers) = tile.array(array) {
                to.put(first, numbers);
            }
        }
        Ok(())
    }

    fn ends(&self, cells: Range<usize>) -> Result<Outcomes> {
        let (map, dims) = (&self.map, self.dims());
        Ok(Outcomes {
            fate: map.fate[cells.clone()].to_vec(),
            period: map.period[cells.clone()].to_vec(),
            phase: self.phase[cells.clone()].to_vec(),
            amplitude: map.amplitude[cells.clone()].to_vec(),
            lyapunov: map.lyapunov[cells.clone()].to_vec(),
            loss: map.loss[cells.clone()].to_vec(),
            point: self.point[cells.start * dims..cells.end * dims].to_vec(),
            ..Outcomes::default()
        })
    }

    fn states(&self, cells: Range<usize>) -> Result<Outcomes> {
        let dims = self.dims();
        Ok(Outcomes {
            fate: self.map.fate[cells.clone()].to_vec(),
            point: self.point[cells.start * dims..cells.end * dims].to_vec(),
            ..Outcomes::default()
        })
    }

    fn put_labels(&mut self, first: usize, labelled: &Labelled) -> Result<()> {
        if !labelled.turned.is_empty() {
            put(&mut self.turned, first, &labelled.turned);
        }
        self.put_attractors(first, &labelled.labels)
    }

    fn labels(&self, cells: Range<usize>) -> Result<Labelled> {
        let turned = self.turned.get(cells.clone()).map(<[u32]>::to_vec).unwrap_or_default();
        Ok(Labelled { labels: self.map.attractor[cells].to_vec(), turned })
    }

    fn amplitudes(&self, cells: Range<usize>) -> Result<Vec<f64>> {
        Ok(self.map.amplitude[cells].to_vec())
    }

    fn put_attractors(&mut self, first: usize, ids: &[i32]) -> Result<()> {
        put(&mut self.map.attractor, first, ids);
        Ok(())
    }

    fn classes(&self, cells: Range<usize>) -> Result<Map> {
        Ok(Map {
            fate: self.map.fate[cells.clone()].to_vec(),
            period: self.map.period[cells.clone()].to_vec(),
            attractor: self.map.attractor[cells.clone()].to_vec(),
            lyapunov: self.map.lyapunov[cells].to_vec(),
            ..Map::default()
        })
    }

    fn put_certainty(&mut self, first: usize, codes: &[u8]) -> Result<()> {
        if let Some(certainty) = &mut self.map.certainty {
            put(certainty, first, codes);
        }
        Ok(())
    }
}
