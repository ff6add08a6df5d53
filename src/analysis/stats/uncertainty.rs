//! The uncertainty exponent (Grebogi, McDonald, Ott and Yorke 1983, Phys. Lett. A 99:415).
//!
//! A cell is uncertain at a distance if one of the up to four cells that far along the axes belongs to
//! another basin. The share of such cells grows like distance^alpha. In a plane alpha = 2 - D, with D the
//! dimension of the boundary: an alpha of 1 says that knowing the start ten times better leaves a tenth of
//! the doubt, and one of 0.1 that it leaves four fifths.

use rayon::prelude::*;

use super::labels::{Labels, UNKNOWN};
use super::scaling::{self, Scaling};

/// The exponent; lengths are distances in cells, and counts the cells that are uncertain at each.
///
/// # Errors
/// The reason why it cannot be had.
pub fn exponent(labels: &Labels) -> Result<Scaling, String> {
    labels.check_boundary()?;
    scaling::check(labels.side())?;
    let lengths = scaling::lengths(labels.side());
    let counts = lengths.iter().map(|&distance| uncertain(labels, distance)).collect();
    Scaling::fit(lengths.iter().map(|&n| n as f64).collect(), counts, 1.0)
}

/// How many cells are uncertain at a distance.
fn uncertain(labels: &Labels, distance: usize) -> u64 {
    let of_row = |differ: &mut Vec<bool>, i: usize| {
        let row = labels.row(i);
        differ.clear();
        differ.resize(row.len(), false);
        mark(&mut differ[distance..], &row[distance..], row);
        mark(differ, row, &row[distance..]);
        if i >= distance {
            mark(differ, row, labels.row(i - distance));
        }
        if i + distance < labels.height {
            mark(differ, row, labels.row(i + distance));
        }
        differ.iter().map(|&differs| u64::from(differs)).sum::<u64>()
    };
    (0..labels.height).into_par_iter().map_init(Vec::new, of_row).sum()
}

/// Marks the cells of `row` whose basin is known and differs from that of the cell beside them in `other`.
fn mark(differ: &mut [bool], row: &[u32], other: &[u32]) {
    for ((differs, &a), &b) in differ.iter_mut().zip(row).zip(other) {
        *differs |= (a != b) & (a != UNKNOWN) & (b != UNKNOWN);
    }
}
