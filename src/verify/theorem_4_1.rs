//! Theorem 4.1: in one dimension descent converges to 0 up to 2/f''(0), and to +-x_eta above.

use super::Claim;
use super::ensemble::{Lab, Start, descent, follow, largest, logspace, uniform};
use crate::analysis::theory::{Curve, threshold, x_eta};
use crate::error::Result;
use crate::fate::Fate;
use crate::landscape::Landscape;

/// Starts lie within this distance of 0.
const REACH: f64 = 50.0;

/// For f1.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    check_on(lab, &Landscape::load("f1")?, 1.0)
}

/// For a landscape of one variable, whose threshold is taken to be `scale` times what it is.
pub fn check_on(lab: &Lab, landscape: &Landscape, scale: f64) -> Result<Vec<Claim>> {
    let mut curve = Curve::new(landscape)?;
    let limit = scale * threshold(&mut curve);
    Ok(vec![
        below(lab, landscape, limit)?,
        at(lab, landscape, limit)?,
        told_from_convergence(lab, landscape, limit)?,
        above(lab, landscape, (limit, &mut curve))?,
        nearer(lab, landscape, (limit, &mut curve))?,
    ])
}

/// A map over learning rates and starts; an even number of rows has no start at 0.
fn keys(landscape: &Landscape, eta: [f64; 2], size: [u32; 2], steps: u32) -> String {
    let (x, [from, to]) = (&landscape.variables[0], eta);
    format!(
        "across = \"eta = {from:?} .. {to:?}\"\nup = \"{x} = -{REACH} .. {REACH}\"\nsize = {size:?}\nsteps = {steps}"
    )
}

fn below(lab: &Lab, landscape: &Landscape, limit: f64) -> Result<Claim> {
    let size = lab.size([64, 64], [800, 640]);
    let keys = keys(landscape, [0.02 * limit, 0.98 * limit], size, 20_000);
    let (_, ends) = lab.map(landscape, &keys)?;
    let others = ends.fate.iter().filter(|&&fate| fate != Fate::Converged as u8).count();
    let worst = largest(ends.point.iter().map(|x| x.abs()));
    Ok(Claim::new(
        "below 2/f''(0) descent converges to 0",
        "Theorem 4.1",
        ends.fate.len() as u64,
        // Both ways of telling must agree; the engine's tolerance is 1e-7 of the largest start.
        (if others == 0 { worst } else { f64::NAN }, 1e-6 * REACH),
        format!(
            "eta from 0.02 to 0.98 of 2/f''(0); {others} trajectories did not converge; worst: |x| at the end"
        ),
    ))
}

/// At the threshold itself: there f'(x)/x falls off linearly from f''(0) for a f'' with a kink at 0, such as
/// that of f1, and the approach is like 1/t.
fn at(lab: &Lab, landscape: &Landscape, limit: f64) -> Result<Claim> {
    let count = lab.size(512, 8192);
    let steps: u32 = lab.size(8_000, 40_000);
    let starts: Vec<Start> =
        (0..count).map(|k| Start { point: vec![uniform([k, 1], [-REACH, REACH])], eta: limit }).collect();
    let ends = follow(&descent(landscape)?, &starts, |tracer, starts| {
        let mut half = Vec::new();
        for t in 0..steps {
            if t == steps / 2 {
                half = (0..starts.len()).map(|lane| tracer.point(lane).next()).collect();
            }
            tracer.observe(t, starts.len());
            tracer.step();
        }
        let end = |lane: usize| {
            (half[lane].unwrap_or(f64::NAN).abs(), tracer.point(lane).next().unwrap_or(f64::NAN).abs())
        };
        (0..starts.len()).map(end).collect::<Vec<_>>()
    })
    .concat();
    let rates: Vec<f64> = ends.iter().map(|(half, end)| (half / end).log2()).collect();
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    let farthest = largest(ends.iter().map(|(_, end)| *end));
    Ok(Claim::new(
        "at 2/f''(0) it goes to 0 like 1/t",
        "Theorem 4.1",
        u64::from(count),
        (largest(rates.iter().map(|rate| (rate - 1.0).abs())), 0.01),
        format!(
            "worst: the exponent p of x ~ t^-p, less 1; p = {mean:.4} on average between steps {} and {steps}, \
             where |x| is {farthest:.1e} at most",
            steps / 2
        ),
    ))
}

fn told_from_convergence(lab: &Lab, landscape: &Landscape, limit: f64) -> Result<Claim> {
    // The first of two columns is the threshold.
    let size = lab.size([2, 256], [2, 4096]);
    let keys = keys(landscape, [limit, 1.5 * limit], size, 10_000);
    let (_, ends) = lab.map(landscape, &keys)?;
    let at_limit = ends.fate.iter().step_by(2);
    let (cases, wrong) = (at_limit.len(), at_limit.filter(|&&fate| fate == Fate::Converged as u8).count());
    Ok(Claim::new(
        "that approach is not taken for convergence",
        "Theorem 4.1",
        cases as u64,
        (wrong as f64, 0.0),
        "worst: trajectories at eta = 2/f''(0) that are called converged after 10000 steps",
    ))
}

fn above(lab: &Lab, landscape: &Landscape, (limit, curve): (f64, &mut Curve)) -> Result<Claim> {
    let size = lab.size([64, 64], [800, 640]);
    let keys = keys(landscape, [1.02 * limit, 50.0 * limit], size, 20_000);
    let (plan, ends) = lab.map(landscape, &keys)?;
    let orbits: Vec<f64> = plan.across.iter().map(|&eta| x_eta(curve, eta).unwrap_or(f64::NAN)).collect();
    let ends_of = ends.fate.iter().zip(&ends.period);
    let others = ends_of.filter(|(fate, period)| **fate != Fate::Periodic as u8 || **period != 2).count();
    let off = ends.point.iter().enumerate().map(|(k, x)| (x.abs() / orbits[k % orbits.len()] - 1.0).abs());
    let worst = largest(off);
    Ok(Claim::new(
        "above 2/f''(0) it goes to +-x_eta",
        "Theorem 4.1",
        ends.fate.len() as u64,
        (if others == 0 { worst } else { f64::NAN }, lab.tolerance(1e-4, 1e-5)),
        format!(
            "eta from 1.02 to 50 times 2/f''(0); {others} did not end on a cycle of period 2; worst: |x|/x_eta - 1"
        ),
    ))
}

/// (4.2), in f64 at every step.
fn nearer(lab: &Lab, landscape: &Landscape, (limit, curve): (f64, &mut Curve)) -> Result<Claim> {
    let (count, steps) = (lab.size(20_000, 1_000_000), lab.size(100, 200));
    let rates: Vec<f64> = logspace([1.001 * limit, 50.0 * limit], 64).collect();
    let orbits: Vec<f64> = rates.iter().map(|&eta| x_eta(curve, eta).unwrap_or(f64::NAN)).collect();
    let starts: Vec<Start> = (0..count)
        .map(|k| Start { point: vec![uniform([k, 2], [-REACH, REACH])], eta: rates[k as usize % 64] })
        .collect();
    let orbit_of = |eta: f64| orbits[rates.iter().position(|rate| *rate == eta).unwrap_or_default()];
    let worst = largest(follow(&descent(landscape)?, &starts, |tracer, starts| {
        let orbits: Vec<f64> = starts.iter().map(|start| orbit_of(start.eta)).collect();
        let mut worst = Vec::new();
        for t in 0..steps {
            let before: Vec<f64> =
                (0..starts.len()).map(|lane| tracer.point(lane).next().unwrap_or(f64::NAN)).collect();
            tracer.observe(t, starts.len());
            tracer.step();
            for (lane, x) in before.iter().enumerate() {
                let next = tracer.point(lane).next().unwrap_or(f64::NAN);
                let (was, is) = ((x.abs() - orbits[lane]).abs(), (next + orbits[lane].copysign(*x)).abs());
                // Rounding is relative to the largest of the numbers.
                worst.push((is - was) / (x.abs() + next.abs() + orbits[lane]));
            }
            worst = vec![largest(worst)];
        }
        largest(worst)
    }));
    Ok(Claim::new(
        "the distance to +-x_eta never grows",
        "(4.2)",
        u64::from(count),
        (worst, 4.0 * f64::EPSILON),
        format!(
            "{steps} steps each, 64 rates from 1.001 to 50 times 2/f''(0); worst: growth in a step, relative"
        ),
    ))
}
