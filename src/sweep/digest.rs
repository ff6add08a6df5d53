//! Enough cells of all frames to choose colours by.

use std::collections::HashSet;

use crate::map::Map;
use crate::view::View;

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
        for values in View::ALL.into_iter().filter_map(|view| frame.measured(view)) {
            let finite = || (0..values.len()).filter(|cell| values[*cell].is_finite());
            let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
            cells.extend(finite().min_by(by_value));
            cells.extend(finite().max_by(by_value));
        }
        let to = &mut self.map;
        pick(&mut to.fate, &frame.fate, &cells);
        pick(&mut to.period, &frame.period, &cells);
        pick(&mut to.attractor, &frame.attractor, &cells);
        pick(&mut to.amplitude, &frame.amplitude, &cells);
        pick(&mut to.lyapunov, &frame.lyapunov, &cells);
        pick(&mut to.settle, &frame.settle, &cells);
        pick_some(&mut to.reach, &frame.reach, &cells);
        pick(&mut to.loss, &frame.loss, &cells);
        pick(&mut to.sharpness, &frame.sharpness, &cells);
        pick_some(&mut to.edge, &frame.edge, &cells);
        pick_some(&mut to.certainty, &frame.certainty, &cells);
    }

    /// The cells as a map of one row.
    pub fn map(mut self) -> Map {
        self.map.across = (0..self.map.fate.len()).map(|cell| cell as f64).collect();
        self.map.up = vec![0.0];
        self.map
    }
}

fn pick<T: Copy>(to: &mut Vec<T>, from: &[T], cells: &[usize]) {
    to.extend(cells.iter().map(|cell| from[*cell]));
}

/// The same of what not every map has.
fn pick_some<T: Copy>(to: &mut Option<Vec<T>>, from: &Option<Vec<T>>, cells: &[usize]) {
    if let Some(from) = from {
        pick(to.get_or_insert_default(), from, cells);
    }
}
