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
    let of_rows = |rows: RangeInclusive<usize>| {
        let is_mixed = |columns: &&RangeInclusive<usize>| is_mixed(labels, rows.clone(), (*columns).clone());
        let width = columns.iter().filter(is_mixed).map(|columns| columns.end() - columns.start());
        width.sum::<usize>() * (rows.end() - rows.start())
    };
    let rows: Vec<_> = reaches(labels.height - 1, side, up).collect();
    rows.into_par_iter().map(of_rows).sum()
}

/// The points from edge to edge of the boxes along a side with `steps` from point to point, one edge at
/// `position`.
fn reaches(steps: usize, side: usize, position: usize) -> impl Iterator<Item = RangeInclusive<usize>> {
    let before = (position > 0).then_some(0..=position.min(steps));
    before.into_iter().chain((position..steps).step_by(side).map(move |n| n..=(n + side).min(steps)))
}

/// Whether two cells of known basins differ.
fn is_mixed(labels: &Labels, mut rows: RangeInclusive<usize>, columns: RangeInclusive<usize>) -> bool {
    let row = |i: usize| &labels.row(i)[columns.clone()];
    let mut known = rows.clone().flat_map(|i| row(i).iter().copied()).filter(|&label| label != UNKNOWN);
    let Some(first) = known.next() else { return false };
    // Without a branch for each cell, so that many are compared at once.
    let differs = |label: &u32| (*label != first) & (*label != UNKNOWN);
    rows.any(|i| row(i).iter().fold(false, |any, label| any | differs(label)))
}
