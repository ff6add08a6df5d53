//! The merging test for the Wada property (Daza, Wagemakers and Sanjuán 2018, Sci. Rep. 8:9954).
//!
//! Basins have the Wada property if every boundary point of one is a boundary point of all: then they all
//! have the same boundary, and so has what is left when all basins but one are merged. The boundary of
//! each basin against the rest is fattened until it covers those of all others. On a map of a Wada
//! boundary a few cells are enough at every resolution; without the property the radius grows with the
//! resolution.

use rayon::prelude::*;
use serde::Serialize;

use super::labels::{Labels, UNKNOWN};
use super::scaling;

/// The property is said to hold if fattening by so many cells is enough.
pub const RADIUS: u32 = 8;
/// Fattening ends at this radius.
pub const RADIUS_MAX: u32 = 64;
/// Basins with a smaller share of the known cells take no part: too little is seen of their boundaries.
pub const SHARE_MIN: f64 = 1e-3;
/// Most basins that are compared, the largest.
pub const BASINS_MAX: usize = 32;

/// The outcome of the test at one resolution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wada {
    /// Basins compared.
    pub basins: usize,
    /// Smallest radius in cells by which each basin's boundary covers all; `None` above
    /// [`RADIUS_MAX`].
    pub radius: Option<u32>,
    /// Whether that is at most [`RADIUS`].
    pub holds: bool,
}

/// The basins of a map that are large enough to be compared.
pub fn compared(labels: &Labels) -> Vec<u32> {
    let least = SHARE_MIN * labels.known() as f64;
    let large = labels.counts.iter().take(BASINS_MAX).take_while(|&&count| count as f64 >= least).count();
    (0..large as u32).collect()
}

/// Runs the test on some of the basins.
///
/// # Errors
/// The reason why it cannot be run.
pub fn merge_test(labels: &Labels, basins: &[u32]) -> Result<Wada, String> {
    if basins.len() < 3 {
        let large =
            if basins.len() == 1 { "1 basin has".to_owned() } else { format!("{} have", basins.len()) };
        let share = 100.0 * SHARE_MIN;
        return Err(format!("it takes three basins or more, and {large} at least {share} % of the cells"));
    }
    scaling::check(labels.side())?;
    let takes_part = |label: u32| label != UNKNOWN && basins.contains(&label);
    let all = Bits::of(labels, |cells| {
        let mut known = cells.into_iter().filter(|&label| takes_part(label));
        known.next().is_some_and(|first| known.any(|label| label != first))
    });
    let radius = |&basin: &u32| all.among(labels, basin).radius_over(&all);
    let radii: Vec<Option<u32>> = basins.par_iter().map(radius).collect();
    let radius = radii.into_iter().collect::<Option<Vec<u32>>>().and_then(|radii| radii.into_iter().max());
    Ok(Wada { basins: basins.len(), radius, holds: radius.is_some_and(|radius| radius <= RADIUS) })
}

/// A set of squares between four cells, one bit each.
#[derive(Clone)]
struct Bits {
    /// Words in a row.
    stride: usize,
    words: Vec<u64>,
    /// The bits of the last word in a row that stand for squares.
    last: u64,
}

impl Bits {
    /// The squares whose four cells' labels fulfil a condition.
    fn of(labels: &Labels, is_in: impl Fn([u32; 4]) -> bool + Sync) -> Self {
        let (width, height) = (labels.width - 1, labels.height - 1);
        let stride = width.div_ceil(64);
        let mut words = vec![0; stride * height];
        words.par_chunks_exact_mut(stride).enumerate().for_each(|(i, row)| {
            let pairs = labels.row(i).windows(2).zip(labels.row(i + 1).windows(2));
            for (j, (a, b)) in pairs.enumerate() {
                let cells = [a[0], a[1], b[0], b[1]];
                let is_uniform = cells == [a[0]; 4];
                row[j / 64] |= u64::from(!is_uniform && is_in(cells)) << (j % 64);
            }
        });
        Self { stride, words, last: u64::MAX >> ((64 - width % 64) % 64) }
    }

    /// Those squares of this set that have a cell with this label.
    fn among(&self, labels: &Labels, label: u32) -> Self {
        let mut words = self.words.clone();
        for (n, word) in words.iter_mut().enumerate() {
            let (i, from) = (n / self.stride, n % self.stride * 64);
            let mut rest = *word;
            while rest != 0 {
                let j = from + rest.trailing_zeros() as usize;
                let pairs = [labels.row(i), labels.row(i + 1)].map(|row| &row[j..j + 2]);
                if !pairs.iter().any(|pair| pair.contains(&label)) {
                    *word &= !(1 << (j - from));
                }
                rest &= rest - 1;
            }
        }
        Self { words, ..*self }
    }

    /// The smallest number of times that this set must grow by a square on every side to cover another.
    fn radius_over(mut self, other: &Self) -> Option<u32> {
        let mut scratch = vec![0; self.words.len()];
        let covers = |bits: &Self| bits.words.iter().zip(&other.words).all(|(a, b)| b & !a == 0);
        for radius in 0..=RADIUS_MAX {
            if covers(&self) {
                return Some(radius);
            }
            self.grow(&mut scratch);
        }
        None
    }

    /// Adds the eight neighbours of every square.
    fn grow(&mut self, scratch: &mut [u64]) {
        let stride = self.stride;
        for (row, wide) in self.words.chunks_exact(stride).zip(scratch.chunks_exact_mut(stride)) {
            for n in 0..stride {
                let before = if n > 0 { row[n - 1] >> 63 } else { 0 };
                let after = if n + 1 < stride { row[n + 1] << 63 } else { 0 };
                wide[n] = row[n] | row[n] << 1 | row[n] >> 1 | before | after;
            }
            wide[stride - 1] &= self.last;
        }
        let rows = scratch.len() / stride;
        for (i, row) in self.words.chunks_exact_mut(stride).enumerate() {
            let around = i.saturating_sub(1)..=(i + 1).min(rows - 1);
            row.fill(0);
            for wide in around.map(|i| &scratch[i * stride..][..stride]) {
                row.iter_mut().zip(wide).for_each(|(word, wide)| *word |= wide);
            }
        }
    }
}
