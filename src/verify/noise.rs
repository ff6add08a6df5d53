//! Remark 4.2: the spread across a noisy valley, and the drift that it causes along it.

use super::Claim;
use super::ensemble::{Lab, largest};
use crate::error::Result;
use crate::landscape::Landscape;

/// Where along the valley the drift is measured, and how far around it trajectories start.
const START: f64 = 1.0;
const AROUND: f64 = 1e-3;
/// eta H up to which steps are taken for the stochastic differential equation of the remark.
const SMALL: f64 = 0.02;

/// For the built-in noisy valley.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    check_on(lab, &Landscape::load("noisy-valley")?)
}

/// For a landscape that is taken for `H(x1) x2^2` with `H = a + b/2 x1^2`, whose update has the noise
/// `sigma eta sqrt(H)` across.
pub fn check_on(lab: &Lab, valley: &Landscape) -> Result<Vec<Claim>> {
    let mut claims = spread(lab, valley)?;
    claims.extend(drift(lab, valley)?);
    Ok(claims)
}

/// Mean and standard error of some numbers.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The variance across, where the valley is equally steep everywhere.
///
/// In steps, `y' = (1 - 2 eta H) y + sigma eta sqrt(H) xi` is an autoregression, of the variance
/// `eta sigma^2 / (4 (1 - eta H))`.
fn spread(lab: &Lab, valley: &Landscape) -> Result<Vec<Claim>> {
    let (sigma, side) = (0.4, lab.size(128, 512));
    let (mut cases, mut errors, mut notes) = (0, Vec::new(), Vec::new());
    let (mut first_order, mut tolerance) = (0.0_f64, 0.0_f64);
    for (eta, a) in [(0.005, 1.0), (0.02, 1.0), (0.2, 3.0)] {
        // Ten times the relaxation time.
        let steps = (5.0 / (eta * a)) as u32;
        let keys = format!(
            "across = \"x1 = -1 .. 1\"\nup = \"x2 = -0.01 .. 0.01\"\nsize = [{side}, {side}]\neta = {eta}\n\
             steps = {steps}\nseed = 1\nset = {{ a = {a}, b = 0, sigma = {sigma} }}"
        );
        let (_, ends) = lab.map(valley, &keys)?;
        let squares: Vec<f64> = ends.point.chunks_exact(2).map(|point| point[1].powi(2)).collect();
        let (variance, error) = mean(&squares);
        let (paper, steps) = (eta * sigma * sigma / 4.0, eta * sigma * sigma / (4.0 * (1.0 - eta * a)));
        cases += squares.len() as u64;
        errors.push(((variance - steps) / error).abs());
        if eta * a <= SMALL {
            first_order = first_order.max((variance / paper - 1.0).abs());
            tolerance = tolerance.max(2.0 * eta * a + 4.0 * error / paper);
        }
        notes.push(format!(
            "eta {eta}, H {a}: {variance:.4e} +- {error:.0e}, paper {paper:.4e}, steps {steps:.4e}"
        ));
    }
    let note = notes.join("; ");
    Ok(vec![
        Claim::new(
            "the variance is eta sigma^2/(4 (1 - eta H))",
            "Remark 4.2, in steps",
            cases,
            (largest(errors), 4.0),
            format!("worst: deviation in standard errors; {note}"),
        ),
        Claim::new(
            "it is eta sigma^2/4 for small eta H",
            "Remark 4.2",
            cases,
            (first_order, tolerance),
            format!(
                "worst: relative deviation where eta H is at most {SMALL}; tolerance: 2 eta H and four standard errors. The \
                 remark is about the equation that the steps go over into as eta goes to 0: at eta H = 0.6 it is 2.5 times \
                 too small"
            ),
        ),
    ])
}

/// The drift along, where the valley gets steeper with x1.
fn drift(lab: &Lab, valley: &Landscape) -> Result<Vec<Claim>> {
    let (eta, a, b, sigma, steps) = (0.02, 1.0, 1.0, 0.5, lab.size(1000, 2000));
    let side = lab.size(128, 360);
    let keys = format!(
        "across = \"x2 = -1e-6 .. 1e-6\"\nup = \"x1 = {} .. {}\"\nsize = [{side}, {side}]\neta = {eta}\n\
         steps = {steps}\nseed = 2\nset = {{ a = {a}, b = {b}, sigma = {sigma} }}",
        START - AROUND,
        START + AROUND
    );
    let (plan, ends) = lab.map(valley, &keys)?;
    let start = |cell: usize| plan.up[cell / plan.across.len()];
    let moved: Vec<f64> =
        ends.point.chunks_exact(2).enumerate().map(|(cell, point)| (point[0] / start(cell)).ln()).collect();
    let (measured, error) = mean(&moved);

    // The moments step by step: v = E y^2 from 0 on, and x1 moved by its mean.
    let steepness = |x: f64| a + 0.5 * b * x * x;
    let (mut x, mut v, mut flow) = (START, 0.0, START);
    for _ in 0..steps {
        let h = steepness(x);
        let kept = 1.0 - 2.0 * eta * h;
        x -= eta * b * x * v;
        v = kept * kept * v + sigma * sigma * eta * eta * h;
        // dx/dt = -(eta sigma^2/4) grad Tr H, in a step of dt = eta.
        flow -= eta * (eta * sigma * sigma / 4.0) * b * flow;
    }
    let (exact, paper) = ((x / START).ln(), (flow / START).ln());
    let order = 2.0 * eta * steepness(START);
    // Until the spread has built up there is no drift: a relaxation time, 1/(4 eta H), is lost.
    let start_up = 1.0 / (4.0 * eta * steepness(START) * f64::from(steps));
    Ok(vec![
        Claim::new(
            "the drift is that of the moments of the steps",
            "Remark 4.2, in steps",
            moved.len() as u64,
            (((measured - exact) / error).abs(), 4.0),
            format!(
                "worst: deviation in standard errors; ln x1 moved by {measured:.5} +- {error:.1e} in {steps} steps, moments \
                 {exact:.5}"
            ),
        ),
        Claim::new(
            "it is -(eta sigma^2/4) grad Tr H for small eta H",
            "Remark 4.2",
            moved.len() as u64,
            ((measured / paper - 1.0).abs(), order + start_up + 4.0 * (error / paper).abs()),
            format!(
                "worst: relative deviation from {paper:.5}; tolerance: 2 eta H, the start, four standard errors"
            ),
        ),
    ])
}
