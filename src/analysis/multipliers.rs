//! What the multipliers of a cycle say of a verdict: its Lyapunov exponent, and whether it contracts at all.
//!
//! Engines tell contraction along lines of minima, where one multiplier is 1, by displacements that shrink. So do
//! those of an orbit that drifts until its number format holds it, and of one that comes to rest on a plateau. In f64, and
//! with the curvature, they differ.

use nalgebra::DMatrix;

use super::cycles::{Start, followed, mean_sharpness, of_outcomes, quantities};
use crate::engine::Outcomes;
use crate::engine::cpu::Tracer;
use crate::fate::{Fate, NOISE, RESOLVED};
use crate::plan::Plan;

/// An exponent no larger than this, in nats per step and without its sign, is what rounding of a cycle's points can make
/// of a line of minima; above it a cycle repels, and below all of it contracts.
const NEUTRAL: f64 = 1e-4;
/// An orbit has not been drawn to anything if the learning rate times the curvature, added up over its steps, is less.
const FLAT: f64 = 0.01;
/// So many displacements are compared, the largest of the first half with the largest of the second, ...
const DISPLACEMENTS: usize = 8;
/// ... each over so many steps at least, and an even number of returns: an orbit may alternate.
const APART: u32 = 32;
/// An engine's estimate of the distance to go may be shorter than that in f64 by this factor.
const SLACK: f64 = 4.0;

/// Puts the exponent of each cycle that an outcome ends on in the place of what an engine has measured, and takes
/// back the fate of those that turn out to rest on a cycle that repels, or to drift, whose places it returns; what rests
/// where nothing is curved is stalled.
///
/// Where multipliers are complex, orbits spiral in: the tangent vector swings in length as it turns, more
/// than it shrinks over a probe. Beside a saddle that repels slowly it takes longer than a probe to turn to
/// where it grows. In one dimension it does neither, and what was measured stays.
pub fn refine_exponents(plan: &Plan, cells: &[u32], outcomes: &mut Outcomes) -> Vec<u32> {
    let mut refuted = Vec::new();
    if plan.descent.state.len() == 1 {
        return refuted;
    }
    let exponents =
        of_outcomes(plan, cells, outcomes, None, |tracer, starts| exponents(tracer, plan, starts));
    let mut neutral = Vec::new();
    for (k, [value]) in exponents.into_iter().enumerate() {
        // A cycle with a multiplier of 0 has none; what rounding makes of it does.
        if value.is_finite() {
            // As it is stored, so that what follows from it does not depend on where it is read.
            outcomes.lyapunov[k] = plan.precision.rounded(value);
        }
        if value > NEUTRAL {
            refuted.push(k as u32);
        } else if value > -NEUTRAL {
            neutral.push(k as u32);
        }
    }
    refuted.extend(without_contraction(plan, cells, outcomes, &neutral));
    refuted.sort_unstable();
    for &k in &refuted {
        take_back(outcomes, k as usize, Fate::Undecided);
    }
    refuted
}

/// Gives an outcome that was found to end on a cycle a fate without one.
fn take_back(outcomes: &mut Outcomes, k: usize, fate: Fate) {
    outcomes.fate[k] = fate as u8;
    (outcomes.period[k], outcomes.phase[k]) = (0, 0);
    outcomes.amplitude[k] = f64::NAN;
}

/// Those of `places` whose cycles do not contract. What rests where nothing is curved is stalled from now on, and not
/// among them.
fn without_contraction(plan: &Plan, cells: &[u32], outcomes: &mut Outcomes, places: &[u32]) -> Vec<u32> {
    let own: Vec<u32> = places.iter().map(|&k| cells[k as usize]).collect();
    let at = outcomes.at(places);
    let found = of_outcomes(plan, &own, &at, None, |tracer, starts| {
        let curved = mean_sharpness(tracer, plan, starts).into_iter();
        curved.zip(way_to_go(tracer, plan, starts)).map(|([_, curved], way)| [curved, way]).collect()
    });
    let mut refuted = Vec::new();
    for ((&k, [curved, way]), period) in places.iter().zip(found).zip(at.period) {
        let is_flat = curved * f64::from(outcomes.steps[k as usize]) < FLAT;
        match (is_flat, period) {
            (false, _) if way <= 1.0 => {}
            (true, 1) => take_back(outcomes, k as usize, Fate::Stalled),
            _ => refuted.push(k),
        }
    }
    refuted
}

/// How far each of at most [`LANES`](crate::formula::LANES) orbits has still to go in f64, in units of the distance that
/// counts as none; infinite for one that drifts.
fn way_to_go(tracer: &mut Tracer, plan: &Plan, starts: &[Start<'_>]) -> Vec<f64> {
    for (lane, start) in starts.iter().enumerate() {
        tracer.place(lane, start.point, quantities(plan, start.cell));
    }
    let mut walks: Vec<Walk> = starts.iter().map(Walk::new).collect();
    let (first, mut taken) = (plan.last_step(), 0);
    while let Some(next) = walks.iter().filter(|walk| !walk.is_over()).map(|walk| walk.next).min() {
        tracer.follow(first + taken..first + next, starts.len(), |_| ());
        taken = next;
        for (lane, walk) in walks.iter_mut().enumerate() {
            // What becomes of one does not depend on how long the others are followed.
            if walk.next == taken && !walk.is_over() {
                walk.arrive(tracer.point(lane));
            }
        }
    }
    let none = |size: f64| SLACK * (plan.rules.tolerance + RESOLVED * plan.precision.epsilon() * size);
    walks.iter().map(|walk| walk.to_go() / none(walk.size)).collect()
}

/// An orbit that is followed to see how its displacements shrink.
struct Walk {
    at: Vec<f64>,
    /// The largest coordinate there, without its sign.
    size: f64,
    /// Steps after which the next displacement ends, and how many each takes.
    next: u32,
    apart: u32,
    displacements: Vec<f64>,
}

impl Walk {
    fn new(start: &Start<'_>) -> Self {
        let apart = APART.next_multiple_of(2 * start.period);
        Self { at: start.point.to_vec(), size: 0.0, next: apart, apart, displacements: Vec::new() }
    }

    fn arrive(&mut self, point: impl Iterator<Item = f64>) {
        let (mut far, mut size) = (0.0_f64, 0.0_f64);
        for (at, x) in self.at.iter_mut().zip(point) {
            (far, size) = (far.max((x - *at).abs()), size.max(x.abs()));
            *at = x;
        }
        self.displacements.push(far);
        self.size = size;
        self.next += self.apart;
    }

    /// Whether nothing but rounding moves it any more.
    fn rests(&self) -> bool {
        self.displacements.last().is_some_and(|far| *far <= NOISE * f64::EPSILON * self.size)
    }

    fn is_over(&self) -> bool {
        self.rests() || self.displacements.len() >= DISPLACEMENTS
    }

    /// The distance to where it comes to rest; infinite if it does not.
    fn to_go(&self) -> f64 {
        if self.rests() {
            return 0.0;
        }
        let (before, after) = self.displacements.split_at(DISPLACEMENTS / 2);
        let [before, after] = [before, after].map(|part| part.iter().copied().fold(0.0, f64::max));
        let shrunk = libm::log(before / after) / (DISPLACEMENTS / 2) as f64;
        if shrunk > 0.0 { after / -libm::expm1(-shrunk) } else { f64::INFINITY }
    }
}

/// The Lyapunov exponent of each of at most [`LANES`](crate::formula::LANES) cycles, nats per step, from its multipliers.
fn exponents(tracer: &mut Tracer, plan: &Plan, starts: &[Start<'_>]) -> Vec<[f64; 1]> {
    let products =
        followed(tracer, plan, starts, |tracer, products: Vec<(usize, &mut Option<DMatrix<f64>>)>| {
            let Some(&(last, _)) = products.last() else { return };
            let now = tracer.jacobians(last + 1);
            for (lane, product) in products {
                *product = Some(match product.take() {
                    Some(before) => &now[lane] * before,
                    None => now[lane].clone(),
                });
            }
        });
    let exponent = |(product, start): (Option<DMatrix<f64>>, &Start<'_>)| {
        [product.map_or(f64::NAN, |p| log_spectral_radius(p) / f64::from(start.period))]
    };
    products.into_iter().zip(starts).map(exponent).collect()
}

/// The logarithm of the largest modulus of a square matrix's eigenvalues: of two, or with Gelfand's formula,
/// of the power 2^24.
fn log_spectral_radius(mut matrix: DMatrix<f64>) -> f64 {
    const SQUARINGS: i32 = 24;
    if let &[a, c, b, d] = matrix.as_slice() {
        // half +- sqrt(spread)
        let (half, spread) = (0.5 * (a + d), 0.25 * (a - d) * (a - d) + b * c);
        let radius = if spread < 0.0 { (half * half - spread).sqrt() } else { half.abs() + spread.sqrt() };
        if radius.is_normal() {
            return libm::log(radius);
        }
    }
    let (mut log, mut share) = (0.0, 1.0);
    for _ in 0..=SQUARINGS {
        let size = matrix.amax();
        if size == 0.0 || !size.is_finite() {
            return if size == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
        }
        log += share * libm::log(size);
        share *= 0.5;
        matrix /= size;
        // Not by the library's product, which rounds otherwise on other processors.
        let product = |i: usize, j: usize| (0..matrix.ncols()).map(|k| matrix[(i, k)] * matrix[(k, j)]).sum();
        matrix = DMatrix::from_fn(matrix.nrows(), matrix.ncols(), product);
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spectral_radius_is_that_of_known_eigenvalues() {
        let log = |size: usize, rows: &[f64]| log_spectral_radius(DMatrix::from_row_slice(size, size, rows));
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5, "{a} and {b}");
        near(log(1, &[-0.3]), 0.3f64.ln());
        // A spiral that turns by any angle, seen askew; a double eigenvalue with one eigenvector.
        for angle in [0.01, 0.5, 1.5, 3.0_f64] {
            let (sin, cos) = angle.sin_cos();
            near(log(2, &[0.9 * cos, -90.0 * sin, 0.009 * sin, 0.9 * cos]), 0.9f64.ln());
        }
        near(log(2, &[0.7, 5.0, 0.0, 0.7]), 0.7f64.ln());
        near(log(3, &[2.0, 1.0, 0.0, 0.0, -3.0, 1.0, 0.0, 0.0, 1e-30]), 3.0f64.ln());
        assert_eq!(log(2, &[0.0, 1.0, 0.0, 0.0]), f64::NEG_INFINITY);
        assert!(log(1, &[f64::NAN]).is_nan() && log(1, &[f64::INFINITY]).is_nan());
    }
}
