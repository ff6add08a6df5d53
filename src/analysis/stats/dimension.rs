//! The box-counting dimension of the basin boundary.
//!
//! The map's cells are points at the corners of a lattice, and a box reaches from point to point: one of
//! side n has (n + 1) x (n + 1) of them. It holds a piece of the boundary if two of its points belong to
//! different basins, so that a boundary between two cells is not lost where it is also one between two
//! boxes. N(n) boxes hold some; where N grows like n^-D, D is the dimension.
//!
//! N depends on where the boxes begin, the more so the larger they are: it is the mean over a few positions
//! of the grid of boxes. A box that the map's edge cuts counts by its part inside.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::labels::{Labels, UNKNOWN};
use super::scaling::{self, Scaling};

/// Positions of the grid of boxes, in quarters of a box across and up.
const POSITIONS: [[usize; 2]; 4] = [[0, 0], [1, 2], [2, 1], [3, 3]];

/// The dimension, from box counts; lengths are sides of boxes in cells.
///
/// # Errors
/// The reason why it cannot be had.
pub fn dimension(labels: &Labels) -> Result<Scaling, String> {
    labels.check_boundary()?;
    scaling::check(labels.side())?;
    let lengths = scaling::lengths(labels.side());
    let counts = lengths.iter().map(|&side| boxes(labels, side)).collect();
    Scaling::fit(lengths, counts, -1.0)
}

/// How many boxes of a size hold a piece of the boundary, on average over the grid's positions.
fn boxes(labels: &Labels, side: usize) -> f64 {
    let mut positions = POSITIONS.map(|quarters| quarters.map(|quarters| quarters * side / 4)).to_vec();
    positions.dedup();
    let area: usize = positions.iter().map(|&[across, up]| covered(labels, side, across, up)).sum();
    area as f64 / (side * side * positions.len()) as f64
}

/// The area of the boxes that hold a piece of the boundary, in squares between four cells, for a grid that
/// has a corner at a place.
fn covered(labels: &Labels, side: usize, across: usize, up: usize) -> usize {
    let columns: Vec<_> = reaches(labels.width - 1, side, across).collect();
    let of_rows = |pile: &mut Pile, rows: RangeInclusive<usize>| {
        pile.add_rows(labels, rows.clone());
        let is_mixed = |columns: &&RangeInclusive<usize>| pile.is_mixed((*columns).clone());
        let width = columns.iter().filter(is_mixed).map(|columns| columns.end() - columns.start());
        width.sum::<usize>() * (rows.end() - rows.start())
    };
    let rows: Vec<_> = reaches(labels.height - 1, side, up).collect();
    rows.into_par_iter().map_init(Pile::default, of_rows).sum()
}

/// The points from edge to edge of the boxes along a side with `steps` from point to point, one edge at
/// `position`.
fn reaches(steps: usize, side: usize, position: usize) -> impl Iterator<Item = RangeInclusive<usize>> {
    let before = (position > 0).then_some(0..=position.min(steps));
    before.into_iter().chain((position..steps).step_by(side).map(move |n| n..=(n + side).min(steps)))
}

/// Rows of cells laid on each other.
#[derive(Default)]
struct Pile {
    /// For each column, the label of one of its cells of known basin, or [`UNKNOWN`] if it has none.
    label: Vec<u32>,
    /// Whether it has cells of other basins as well.
    mixed: Vec<bool>,
}

impl Pile {
    /// Makes this the pile of some rows.
    fn add_rows(&mut self, labels: &Labels, rows: RangeInclusive<usize>) {
        let Self { label, mixed } = self;
        label.clear();
        label.extend(labels.row(*rows.start()));
        mixed.clear();
        mixed.resize(labels.width, false);
        for row in rows.skip(1).map(|i| labels.row(i)) {
            lay(label, mixed, row);
        }
    }

    /// Whether two cells of known basins differ in a range of columns.
    fn is_mixed(&self, columns: RangeInclusive<usize>) -> bool {
        let labels = &self.label[columns.clone()];
        let first = labels.iter().find(|&&label| label != UNKNOWN).copied().unwrap_or(UNKNOWN);
        let several = labels.iter().fold(false, |any, &label| any | differ(first, label));
        several || self.mixed[columns].iter().fold(false, |any, mixed| any | mixed)
    }
}

/// Lays one more row on a pile; without a branch, so that many columns are done at once.
fn lay(label: &mut [u32], mixed: &mut [bool], row: &[u32]) {
    for ((label, mixed), &other) in label.iter_mut().zip(mixed).zip(row) {
        *mixed |= differ(*label, other);
        *label = if *label == UNKNOWN { other } else { *label };
    }
}

/// Whether two labels are of different basins.
fn differ(a: u32, b: u32) -> bool {
    (a != b) & (a != UNKNOWN) & (b != UNKNOWN)
}
