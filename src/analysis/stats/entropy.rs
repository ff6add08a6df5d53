//! Basin entropy and boundary basin entropy (Daza, Wagemakers, Georgeot, Guéry-Odelin and Sanjuán 2016,
//! Sci. Rep. 6:31416).
//!
//! The map is covered by boxes. The entropy of a box is that of the shares of the basins in it, in nats;
//! its mean over all boxes is the basin entropy Sb, its mean over the boxes that hold more than one basin
//! the boundary basin entropy Sbb. Where a boundary is smooth, nearly all of these boxes hold two basins,
//! and Sbb is at most ln 2: an Sbb above that shows a fractal boundary, and one below shows nothing.

use std::f64::consts::LN_2;
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use super::labels::{Labels, UNKNOWN};

/// Cells along a side of the boxes that entropies are quoted for: 25 trajectories a box, as in the paper.
pub const BOX: usize = 5;
/// And of all boxes that are tried.
pub const BOXES: [usize; 6] = [2, 4, BOX, 8, 16, 32];
/// A map has at least so many boxes along its shorter side.
const ALONG: usize = 4;
/// Sbb must exceed ln 2 by so many standard errors, ...
const ERRORS: f64 = 3.0;
/// ... and by more than rounding.
const ROUNDING: f64 = 1e-9;

/// Entropies in boxes of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entropy {
    /// Cells along a side of a box.
    #[serde(rename = "box")]
    pub side: usize,
    /// Boxes in all; those with fewer than half their cells known are left out.
    pub boxes: u64,
    /// Boxes with more than one basin.
    pub boundary_boxes: u64,
    /// Sb, in nats.
    pub basin_entropy: Option<f64>,
    /// Sbb, in nats; `None` where no box holds more than one basin.
    pub boundary_basin_entropy: Option<f64>,
    /// The standard error of Sbb, as if the boxes were independent.
    pub boundary_basin_entropy_error: Option<f64>,
    /// Whether Sbb exceeds ln 2 by more than three standard errors.
    pub exceeds_log_2: Option<bool>,
}

/// Entropies for every box size that the map is large enough for, with boxes beside each other from the
/// first cell; what remains at the far sides is left out.
pub fn entropies(labels: &Labels) -> Vec<Entropy> {
    BOXES.iter().filter(|&&side| labels.side() >= ALONG * side).map(|&side| entropy(labels, side)).collect()
}

/// Whether a map with so many cells along its shorter side has entropies to quote.
///
/// # Errors
/// A message that says how many are needed.
pub fn check(side: usize) -> Result<(), String> {
    match ALONG * BOX {
        needed if side < needed => {
            Err(format!("{side} cells along the shorter side are too few, {needed} are needed"))
        }
        _ => Ok(()),
    }
}

fn entropy(labels: &Labels, side: usize) -> Entropy {
    let of_row = |buffer: &mut Vec<u32>, i: usize| {
        let mut sums = Sums::default();
        for j in 0..labels.width / side {
            let across = j * side..(j + 1) * side;
            sums.add(of_box(labels, i * side..(i + 1) * side, across, buffer));
        }
        sums
    };
    let rows = (0..labels.height / side).into_par_iter();
    let rows: Vec<Sums> = rows.map_init(Vec::new, of_row).collect();
    // One after the other: sums in another order differ in their last digits.
    let sums = rows.into_iter().fold(Sums::default(), Sums::plus);
    let Sums { boxes, boundary, sum, squares } = sums;
    let mean = |n: u64| (n > 0).then(|| sum / n as f64);
    let of_boundary = mean(boundary);
    let error = of_boundary.filter(|_| boundary > 1).map(|mean| {
        let n = boundary as f64;
        ((squares / n - mean * mean).max(0.0) / (n - 1.0)).sqrt()
    });
    Entropy {
        side,
        boxes,
        boundary_boxes: boundary,
        basin_entropy: mean(boxes),
        boundary_basin_entropy: of_boundary,
        boundary_basin_entropy_error: error,
        exceeds_log_2: of_boundary.zip(error).map(|(s, error)| s > LN_2 + ERRORS * error + ROUNDING),
    }
}

/// The entropy of one box; `None` if fewer than half its cells are known.
fn of_box(labels: &Labels, up: Range<usize>, across: Range<usize>, buffer: &mut Vec<u32>) -> Option<f64> {
    let first = labels.row(up.start)[across.start];
    let mut rows = up.clone().map(|i| &labels.row(i)[across.clone()]);
    if rows.all(|row| row.iter().all(|&label| label == first)) {
        return (first != UNKNOWN).then_some(0.0);
    }
    buffer.clear();
    up.clone().for_each(|i| buffer.extend(labels.row(i)[across.clone()].iter().filter(|&&l| l != UNKNOWN)));
    if 2 * buffer.len() < up.len() * across.len() {
        return None;
    }
    buffer.sort_unstable();
    let entropy = |run: &[u32]| {
        let share = run.len() as f64 / buffer.len() as f64;
        -share * share.ln()
    };
    Some(buffer.chunk_by(|a, b| a == b).map(entropy).sum::<f64>().max(0.0))
}

/// Sums over boxes.
#[derive(Clone, Copy, Default)]
struct Sums {
    boxes: u64,
    boundary: u64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, entropy: Option<f64>) {
        let Some(entropy) = entropy else { return };
        self.boxes += 1;
        self.boundary += u64::from(entropy > 0.0);
        self.sum += entropy;
        self.squares += entropy * entropy;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            boxes: self.boxes + other.boxes,
            boundary: self.boundary + other.boundary,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }
}
