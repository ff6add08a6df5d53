//! Enough cells of all frames to choose colours by.

use std::collections::HashSet;

use crate::map::{Array, ArrayRef, Map};

/// Cells of all frames together, about.
const CELLS: usize = 1 << 20;

/// A sample of the cells of all frames, with the least and the greatest of every number in each, and one cell at
/// least of every attractor, fate and period.
pub struct Digest {
    map: Map,
    met: HashSet<(i32, u8, u32)>,
    frames: usize,
}

impl Digest {
    /// For so many frames.
    pub fn new(frames: usize) -> Self {
        Self { map: Map::default(), met: HashSet::new(), frames }
    }

    /// Adds a frame's part.
    pub fn add(&mut self, frame: &Map) {
        let stride = (frame.cells() * self.frames).div_ceil(CELLS).max(1);
        let mut cells: Vec<usize> = (0..frame.cells()).step_by(stride).collect();
        for cell in 0..frame.cells() {
            if self.met.insert((frame.attractor[cell], frame.fate[cell], frame.period[cell])) {
                cells.push(cell);
            }
        }
        for array in Array::ALL {
            let Some(ArrayRef::Floats(values)) = frame.array(array) else { continue };
            let finite = || (0..values.len()).filter(|cell| values[*cell].is_finite());
            let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
            cells.extend(finite().min_by(by_value));
            cells.extend(finite().max_by(by_value));
        }
        for (array, to) in self.map.arrays_mut(|array| frame.array(array).is_some()) {
            if let Some(numbers) = frame.array(array) {
                to.extend(numbers, &cells);
            }
        }
    }

    /// The cells as a map of one row.
    pub fn map(mut self) -> Map {
        self.map.across = (0..self.map.fate.len()).map(|cell| cell as f64).collect();
        self.map.up = vec![0.0];
        self.map
    }
}
