//! The box-counting dimension of the basin boundary.
//!
//! The map's cells are points at the corners of a lattice, and a box reaches from point to point: one of
//! side n has (n + 1) x (n + 1) of them. It holds a piece of the boundary if two of its points belong to
//! different basins, so that a boundary between two cells is not lost where it is also one between two
//! boxes. N(n) boxes hold some; where N grows like n^-D, D is the dimension.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::labels::{Labels, UNKNOWN};
use super::scaling::{self, Scaling};

/// The dimension, from box counts; lengths are sides of boxes in cells, on average over the boxes.
///
/// # Errors
/// The reason why it cannot be had.
pub fn dimension(labels: &Labels) -> Result<Scaling, String> {
    labels.check_boundary()?;
    scaling::check(labels.side())?;
    let (lengths, counts) = scaling::lengths(labels.side()).into_iter().map(|n| boxes(labels, n)).unzip();
    Scaling::fit(lengths, counts, -1.0)
}

/// Covers the map with boxes of about `side` cells a side, whole ones, whose sides differ by one cell at
/// most. Their mean side, and how many hold a piece of the boundary.
fn boxes(labels: &Labels, side: usize) -> (f64, u64) {
    let [width, height] = [labels.width, labels.height].map(|cells| cells - 1);
    let [across, up] = [width, height].map(|steps| ((steps + side / 2) / side).max(1));
    let mixed = |i: usize| {
        let rows = reach(i, height, up);
        (0..across).filter(|&j| is_mixed(labels, rows.clone(), reach(j, width, across))).count() as u64
    };
    let count = (0..up).into_par_iter().map(mixed).sum();
    let side = (width as f64 / across as f64 * (height as f64 / up as f64)).sqrt();
    (side, count)
}

/// The points of box `k` of `boxes` that share `steps` from point to point.
fn reach(k: usize, steps: usize, boxes: usize) -> RangeInclusive<usize> {
    let edge = |k: usize| (k * steps + boxes / 2) / boxes;
    edge(k)..=edge(k + 1)
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
