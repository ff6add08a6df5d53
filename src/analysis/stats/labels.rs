//! The basin that each cell of a map belongs to, as one number.

use std::cmp::Reverse;

use crate::fate::Fate;
use crate::map::Ends;

/// The label of a cell that belongs to no basin: nothing is known of its end.
pub const UNKNOWN: u32 = u32::MAX;

/// What the cells of a basin have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The number of the attractor that they end on.
    Attractor(i32),
    /// Their fate, where it has no attractor that could be told from another: all that diverge are one
    /// basin, all that are chaotic another.
    Fate(Fate),
}

impl Class {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Class::Attractor(id) => format!("attractor {id}"),
            Class::Fate(fate) => fate.name().to_owned(),
        }
    }

    /// The number of its attractor.
    pub fn attractor(self) -> Option<i32> {
        if let Class::Attractor(id) = self { Some(id) } else { None }
    }

    /// Its fate, if that is what makes the class.
    pub fn fate(self) -> Option<Fate> {
        if let Class::Fate(fate) = self { Some(fate) } else { None }
    }
}

/// The basins of a map, or of every n-th of its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// Cells across.
    pub width: usize,
    /// Cells up.
    pub height: usize,
    /// Shape `[H, W]`: a place in `classes`, or [`UNKNOWN`].
    pub cells: Vec<u32>,
    /// Largest basin first.
    pub classes: Vec<Class>,
    /// How many cells each class has.
    pub counts: Vec<u64>,
}

impl Labels {
    /// The basins of a map. Undecided cells are of unknown basin, unless they are `counted` as a basin of
    /// their own.
    pub fn new(ends: Ends, counted: bool) -> Self {
        let Ends { width, height, fate, attractor } = ends;
        let attractors = attractor.iter().max().map_or(0, |&last| (last + 1) as usize);
        let mut classes: Vec<Class> = (0..attractors as i32).map(Class::Attractor).collect();
        classes.extend(Fate::ALL.map(Class::Fate));
        let label = |fate: u8, attractor: i32| match attractor {
            0.. => attractor as u32,
            _ if fate == Fate::Undecided as u8 && !counted => UNKNOWN,
            _ => attractors as u32 + u32::from(fate),
        };
        // In the place of the attractors: both are 32 bits wide.
        let cells = attractor.into_iter().zip(&fate).map(|(a, &f)| label(f, a)).collect();
        Self::sorted(width, height, cells, &classes)
    }

    /// Labels that name places in `classes`, renamed so that the largest class is first and none is empty.
    pub fn sorted(width: usize, height: usize, mut cells: Vec<u32>, classes: &[Class]) -> Self {
        let counts = count(&cells, classes.len());
        let mut order: Vec<usize> = (0..classes.len()).filter(|&k| counts[k] > 0).collect();
        order.sort_by_key(|&k| Reverse(counts[k]));
        let mut renamed = vec![UNKNOWN; classes.len()];
        order.iter().enumerate().for_each(|(new, &old)| renamed[old] = new as u32);
        cells.iter_mut().filter(|cell| **cell != UNKNOWN).for_each(|cell| *cell = renamed[*cell as usize]);
        let classes = order.iter().map(|&k| classes[k]).collect();
        let counts = order.iter().map(|&k| counts[k]).collect();
        Self { width, height, cells, classes, counts }
    }

    /// Every second cell of every second row, as a map of half the resolution would have them; the classes
    /// keep their places.
    #[must_use]
    pub fn every_second(&self) -> Self {
        let rows = self.cells.chunks_exact(self.width).step_by(2);
        let cells: Vec<u32> = rows.flat_map(|row| row.iter().step_by(2)).copied().collect();
        let counts = count(&cells, self.classes.len());
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        Self { width, height, cells, classes: self.classes.clone(), counts }
    }

    /// The cells of a row.
    pub fn row(&self, i: usize) -> &[u32] {
        &self.cells[i * self.width..][..self.width]
    }

    /// Cells of the map's shorter side.
    pub fn side(&self) -> usize {
        self.width.min(self.height)
    }

    /// Cells whose basin is known.
    pub fn known(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Basins with cells.
    pub fn basins(&self) -> usize {
        self.counts.iter().filter(|&&count| count > 0).count()
    }

    /// Whether there is a boundary to measure.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_boundary(&self) -> Result<(), String> {
        match self.basins() {
            0 => Err("no cell's basin is known".to_owned()),
            1 => Err("there is one basin only, and so no boundary".to_owned()),
            _ => Ok(()),
        }
    }
}

fn count(cells: &[u32], classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    cells.iter().filter(|&&cell| cell != UNKNOWN).for_each(|&cell| counts[cell as usize] += 1);
    counts
}
