//! How large the basins are, and how well that is known.
//!
//! Where both axes are initial coordinates, the fraction of a basin is its *basin stability* (Menck,
//! Heitzig, Marwan and Kurths 2013, Nature Physics 9:89): the probability that a start drawn evenly from
//! the map's window ends there.

use rayon::prelude::*;

use super::labels::{Labels, UNKNOWN};

/// The standard error of a fraction `p` of `cells`, if they were drawn at random and independently.
///
/// That is the usual error model of basin stability. Cells of a regular grid that meets a smooth boundary
/// know a fraction much better; see [`grid_errors`].
pub fn random_error(p: f64, cells: u64) -> f64 {
    (p * (1.0 - p) / cells as f64).sqrt()
}

/// Standard errors of the fractions of the first `listed` classes, and last that of the unknown cells, as
/// of a stratified sample: each block of 2 x 2 cells is a stratum, from which four points are drawn. Only
/// blocks on a boundary then contribute, a block with k of its 4 cells in the basin k (4 - k) / 3 to the
/// variance of the cells counted. Where the cells are as good as random, it is the same as
/// [`random_error`]; where a boundary is smooth, the grid is still better than this.
///
/// `None` if the map has no such blocks.
pub fn grid_errors(labels: &Labels, listed: usize) -> Option<Vec<f64>> {
    let (across, up) = (labels.width / 2, labels.height / 2);
    if across == 0 || up == 0 {
        return None;
    }
    let place = |label: u32| match label {
        UNKNOWN => Some(listed),
        label => Some(label as usize).filter(|&place| place < listed),
    };
    // In thirds, whole numbers, whose sum does not depend on their order.
    let add = |mut variance: Vec<u64>, i: usize| {
        let (upper, lower) = (labels.row(2 * i), labels.row(2 * i + 1));
        for (upper, lower) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            let block = [upper[0], upper[1], lower[0], lower[1]];
            if block == [block[0]; 4] {
                continue;
            }
            for (n, &label) in block.iter().enumerate() {
                let Some(place) = place(label).filter(|_| !block[..n].contains(&label)) else { continue };
                let k = block.iter().filter(|&&other| other == label).count() as u64;
                variance[place] += k * (4 - k);
            }
        }
        variance
    };
    let zero = || vec![0; listed + 1];
    let sum = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    // Few pieces: each has a sum for every class.
    let shortest = up.div_ceil(4 * rayon::current_num_threads());
    let variance: Vec<u64> = (0..up).into_par_iter().with_min_len(shortest).fold(zero, add).reduce(zero, sum);
    // The blocks' variance stands for that of all cells, those left over at an odd side included.
    let cells = (4 * across * up) as f64 * labels.cells.len() as f64;
    Some(variance.iter().map(|&v| (v as f64 / 3.0 / cells).sqrt()).collect())
}
