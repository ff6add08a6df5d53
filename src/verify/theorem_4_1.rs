//! Theorem 4.1: in one dimension descent converges to 0 up to 2/f''(0), and to +-x_eta above.

use super::Claim;
use super::ensemble::{Lab, Start, descent, follow, largest, logspace, uniform};
use crate::analysis::theory::{Curve, threshold, x_eta};
use crate::engine::cpu::Tracer;
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
        at(lab, landscape, (limit, &mut curve))?,
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

/// At the threshold itself. There f'(x) falls short of f''(0) x by k x^2/2, for a f'' that has a kink at 0,
/// 1 - k |x|, such as f1's: |x| becomes |x| - eta k x^2/2, so 1/|x| grows by eta k/2 a step.
fn at(lab: &Lab, landscape: &Landscape, (limit, curve): (f64, &mut Curve)) -> Result<Claim> {
    let (count, steps): (u32, u32) = lab.size((512, 8_000), (8192, 40_000));
    let starts: Vec<Start> =
        (0..count).map(|k| Start { point: vec![uniform([k, 1], [-REACH, REACH])], eta: limit }).collect();
    let ends = follow(&descent(landscape)?, &starts, |tracer, starts| {
        let mut half = Vec::new();
        for t in 0..steps {
            if t == steps / 2 {
                half = sizes(tracer, starts.len());
            }
            tracer.observe(t, starts.len());
            tracer.step();
        }
        half.into_iter().zip(sizes(tracer, starts.len())).collect::<Vec<_>>()
    })
    .concat();
    const NEAR: f64 = 1e-6;
    let kink = (curve.curvature(0.0) - curve.curvature(NEAR)) / NEAR;
    let expected = 0.5 * limit * kink;
    let rates: Vec<f64> =
        ends.iter().map(|(half, end)| (1.0 / end - 1.0 / half) / f64::from(steps - steps / 2)).collect();
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    let farthest = largest(ends.iter().map(|(_, end)| *end));
    Ok(Claim::new(
        "at 2/f''(0) it goes to 0 like 1/t",
        "Theorem 4.1",
        u64::from(count),
        (largest(rates.iter().map(|rate| (rate / expected - 1.0).abs())), 0.01),
        format!(
            "worst: growth of 1/|x| a step, relative to {expected:.4} by the kink of f'' at 0; {mean:.5} on average in \
             the second half of {steps} steps, at whose end |x| is {farthest:.1e} at most"
        ),
    ))
}

/// |x| in the first `lanes` lanes.
fn sizes(tracer: &Tracer, lanes: usize) -> Vec<f64> {
    (0..lanes).map(|lane| tracer.point(lane).map(f64::abs).sum()).collect()
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
    let off = ends.point.iter().enumerate().map(|(k, x)| {
        let orbit = orbits[k % orbits.len()];
        // The engine's tolerance is a distance, and near the threshold x_eta is small.
        (x.abs() - orbit).abs() / orbit.max(1.0)
    });
    let worst = largest(off);
    Ok(Claim::new(
        "above 2/f''(0) it goes to +-x_eta",
        "Theorem 4.1",
        ends.fate.len() as u64,
        (if others == 0 { worst } else { f64::NAN }, lab.tolerance(5e-5, 1e-5)),
        format!(
            "eta from 1.02 to 50 times 2/f''(0); {others} did not end on a cycle of period 2; worst: |x| less x_eta, over the larger of 1 and x_eta"
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
        let mut worst = 0.0;
        for t in 0..steps {
            let before: Vec<Option<f64>> = (0..starts.len()).map(|lane| tracer.point(lane).next()).collect();
            tracer.observe(t, starts.len());
            tracer.step();
            for (lane, before) in before.into_iter().enumerate() {
                let (Some(x), Some(next)) = (before, tracer.point(lane).next()) else { continue };
                let (was, is) = ((x.abs() - orbits[lane]).abs(), (next + orbits[lane].copysign(x)).abs());
                // Rounding is relative to the largest of the numbers.
                worst = largest([worst, (is - was) / (x.abs() + next.abs() + orbits[lane])]);
            }
        }
        worst
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
