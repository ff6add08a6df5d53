//! Powers of a length, fitted: the slopes of a straight line through logarithms.

use serde::Serialize;

/// Lengths of fewer cells than this see too few cells to be fitted.
const FIRST: usize = 2;
/// The longest length is this part of the map's shorter side, ...
const PART: usize = 16;
/// ... but of a small map it may be so many cells, ...
const LAST: usize = 4;
/// ... if there are at least so many along the shorter side.
const SIDE_MIN: usize = 8 * LAST;
/// Fewest lengths that a line is drawn through.
const POINTS: usize = 3;

/// Whether a map with so many cells along its shorter side is large enough.
///
/// # Errors
/// A message that says how many are needed.
pub fn check(side: usize) -> Result<(), String> {
    if side < SIDE_MIN {
        return Err(format!("{side} cells along the shorter side are too few, {SIDE_MIN} are needed"));
    }
    Ok(())
}

/// The lengths that a map of so many cells along its shorter side is measured at: powers of two and the
/// middle between them, from 1 cell up.
pub fn lengths(side: usize) -> Vec<usize> {
    let halves = std::iter::successors(Some(1), |n| Some(n * 2)).flat_map(|n| [n, n + n / 2]);
    let mut lengths: Vec<usize> = halves.take_while(|&n| n <= (side / PART).max(LAST)).collect();
    lengths.dedup();
    lengths
}

/// Something measured at several lengths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaling {
    /// The exponent that is fitted.
    pub value: f64,
    /// The standard error of the fit, by the points' distances from the line; what bends the line as a
    /// whole is not in it.
    pub error: f64,
    /// The shortest and the longest length that are fitted, in cells.
    pub fitted: [usize; 2],
    /// In cells.
    pub lengths: Vec<usize>,
    /// What is measured at each of them.
    pub counts: Vec<f64>,
    /// The exponent between each length and the next.
    pub local: Vec<Option<f64>>,
}

impl Scaling {
    /// The exponent times `sign` by which `counts` grow with `lengths`.
    ///
    /// # Errors
    /// The reason why it cannot be had.
    pub fn fit(lengths: Vec<usize>, counts: Vec<f64>, sign: f64) -> Result<Self, String> {
        let logarithm = |n: usize| ((lengths[n] as f64).ln(), counts[n].ln());
        let is_fitted = |&n: &usize| lengths[n] >= FIRST && counts[n] > 0.0;
        let fitted: Vec<usize> = (0..lengths.len()).filter(is_fitted).collect();
        if fitted.len() < POINTS {
            return Err(format!(
                "a boundary is seen at {} lengths only, and a fit needs {POINTS}",
                fitted.len()
            ));
        }
        let points: Vec<(f64, f64)> = fitted.iter().map(|&n| logarithm(n)).collect();
        let (slope, error) = line(&points);
        let local = (1..lengths.len()).map(|n| {
            let ((x, y), (x1, y1)) = (logarithm(n - 1), logarithm(n));
            Some(sign * (y1 - y) / (x1 - x)).filter(|slope| slope.is_finite())
        });
        let local = local.collect();
        let ends = [fitted[0], fitted[fitted.len() - 1]].map(|n| lengths[n]);
        Ok(Self { value: sign * slope, error, fitted: ends, lengths, counts, local })
    }
}

/// The least-squares slope through points, and its standard error.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| points.iter().map(|p| of(p.0 - mx, p.1 - my)).sum::<f64>();
    let xx = sum(&|x, _| x * x);
    let slope = sum(&|x, y| x * y) / xx;
    let residual = sum(&|x, y| (y - slope * x).powi(2));
    (slope, (residual / (n - 2.0) / xx).sqrt())
}
