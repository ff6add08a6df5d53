//! The uncertainty exponent (Grebogi, McDonald, Ott and Yorke 1983, Phys. Lett. A 99:415).
//!
//! A cell is uncertain at a distance if a cell of another basin is no farther from it along a row or a
//! column: a start that is known to that distance only may end there. The share of such cells grows like
//! distance^alpha. In a plane alpha = 2 - D, with D the dimension of the boundary: an alpha of 1 says that
//! knowing the start ten times better leaves a tenth of the doubt, and one of 0.1 that it leaves four
//! fifths.

use rayon::prelude::*;

use super::labels::{Labels, UNKNOWN};
use super::scaling::{self, Scaling};

/// Columns that are walked through beside each other.
const STRIP: usize = 64;
/// The distance to nothing.
const FAR: u16 = u16::MAX;

/// The exponent; lengths are distances in cells, and counts the cells that are uncertain at each.
///
/// # Errors
/// The reason why it cannot be had.
pub fn exponent(labels: &Labels) -> Result<Scaling, String> {
    labels.check_boundary()?;
    scaling::check(labels.side())?;
    let lengths = scaling::lengths(labels.side());
    let cells = cells_by_distance(labels, lengths[lengths.len() - 1]);
    let counts = lengths.iter().map(|&length| cells[..=length].iter().sum::<u64>() as f64).collect();
    Scaling::fit(lengths, counts, 1.0)
}

/// How many cells have the nearest cell of another basin at each distance up to `limit`.
fn cells_by_distance(labels: &Labels, limit: usize) -> Vec<u64> {
    let starts: Vec<usize> = (0..labels.width).step_by(STRIP).collect();
    let strips: Vec<Vec<u16>> = starts.into_par_iter().map(|start| along_columns(labels, start)).collect();
    let add = |(mut counts, mut nearest): (Vec<u64>, Vec<u16>), i: usize| {
        nearest.clear();
        for strip in &strips {
            let columns = strip.len() / labels.height;
            nearest.extend(&strip[i * columns..][..columns]);
        }
        along_row(labels.row(i), &mut nearest);
        let near =
            nearest.iter().map(|&distance| usize::from(distance)).filter(|&distance| distance <= limit);
        near.for_each(|distance| counts[distance] += 1);
        (counts, nearest)
    };
    let none = || (vec![0; limit + 1], Vec::new());
    let sum = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    let rows = (0..labels.height).into_par_iter();
    rows.fold(none, add).map(|(counts, _)| counts).reduce(|| vec![0; limit + 1], sum)
}

/// A walk along a line of cells, that remembers the last of another basin.
#[derive(Clone, Copy)]
struct Walk {
    /// The basin of the last cell whose basin is known, and that cell's place from 1.
    label: u32,
    last: u32,
    /// The place of the last cell of another basin, from 1; 0 if there was none.
    other: u32,
}

impl Walk {
    const START: Self = Self { label: UNKNOWN, last: 0, other: 0 };

    /// Steps on to a cell at a place from 1; how far behind the last cell of another basin is.
    fn step(&mut self, label: u32, place: u32) -> u16 {
        if label == UNKNOWN {
            return FAR;
        }
        if label != self.label {
            (self.label, self.other) = (label, self.last);
        }
        self.last = place;
        let is_there = self.other > 0;
        if is_there { (place - self.other).min(u32::from(FAR)) as u16 } else { FAR }
    }
}

/// Distances along the columns of a strip, shape `[H, columns]`.
fn along_columns(labels: &Labels, start: usize) -> Vec<u16> {
    let columns = start..(start + STRIP).min(labels.width);
    let count = columns.len();
    let mut nearest = vec![FAR; labels.height * count];
    for is_upwards in [true, false] {
        let mut walks = [Walk::START; STRIP];
        for n in 0..labels.height {
            let i = if is_upwards { n } else { labels.height - 1 - n };
            let row = &labels.row(i)[columns.clone()];
            for ((near, walk), &label) in nearest[i * count..][..count].iter_mut().zip(&mut walks).zip(row) {
                *near = (*near).min(walk.step(label, n as u32 + 1));
            }
        }
    }
    nearest
}

/// Lowers distances to those along the row.
fn along_row(row: &[u32], nearest: &mut [u16]) {
    let mut walk = Walk::START;
    for (n, (near, &label)) in nearest.iter_mut().zip(row).enumerate() {
        *near = (*near).min(walk.step(label, n as u32 + 1));
    }
    let mut walk = Walk::START;
    for (n, (near, &label)) in nearest.iter_mut().zip(row).rev().enumerate() {
        *near = (*near).min(walk.step(label, n as u32 + 1));
    }
}
