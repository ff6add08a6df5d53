//! Theorem 4.2: on a sum of subquadratic functions along orthonormal axes, each component goes its own way.

use std::collections::HashSet;

use nalgebra::DMatrix;

use super::Claim;
use super::ensemble::{Lab, Start, descent, follow, largest, uniform};
use crate::analysis::theory::{Curve, threshold, x_eta};
use crate::error::Result;
use crate::landscape::Landscape;
use crate::landscape::separable::{rotation, separable};

/// Starts lie in a cube of this half side.
const REACH: f64 = 8.0;
/// Distance to the end that counts as arrived, step by step in f64.
const ARRIVED: f64 = 1e-9;

/// The sum in `n` variables along the axes of `seed`, descended with `eta`.
pub struct Sum {
    /// How many variables.
    pub n: usize,
    /// What the axes are drawn by.
    pub seed: u32,
    /// The learning rate.
    pub eta: f64,
}

/// In 2, 3 and 8 variables, with thresholds from 1 to 4 on both sides of eta.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    let sums = [(2, 2.0), (3, 2.5), (3, 1.5), (8, 1.35), (8, 2.4), (8, 3.6)];
    let sums: Vec<Sum> = (0..).zip(sums).map(|(seed, (n, eta))| Sum { n, seed, eta }).collect();
    let built = |sum: &Sum| Ok((separable(sum.n, sum.seed), rotation(sum.n, sum.seed)));
    check_on(lab, &sums, built)
}

/// The same for any landscapes of (4.4), given with their axes.
pub fn check_on(
    lab: &Lab,
    sums: &[Sum],
    build: impl Fn(&Sum) -> Result<(Landscape, DMatrix<f64>)>,
) -> Result<Vec<Claim>> {
    let (mut engine, mut exact, mut orbits, mut phases) = (Found::default(), Found::default(), 0, 0);
    let (mut worst_orbits, mut worst_phases, mut counts) = (0.0_f64, 0.0_f64, Vec::new());
    for sum in sums {
        let (landscape, axes) = build(sum)?;
        let wanted = components(&landscape, sum.eta)?;
        engine.merge(on_engine(lab, sum, &landscape, (&axes, &wanted))?);
        let (found, signs) = step_by_step(lab, sum, &landscape, (&axes, &wanted))?;
        exact.merge(found);
        let unstable = wanted.iter().filter(|x| **x > 0.0).count() as u32;
        let distinct: HashSet<u64> = signs.iter().map(|&s| s.min(!s & ((1 << unstable) - 1))).collect();
        (orbits, phases) = (orbits + distinct.len(), phases + signs.len());
        let off = |count: usize, power: u32| (count as f64 - 2f64.powi(power as i32)).abs();
        worst_orbits = worst_orbits.max(off(distinct.len(), unstable.saturating_sub(1)));
        worst_phases = worst_phases.max(off(signs.len(), unstable));
        counts.push(format!("n {} k {unstable}: {} and {}", sum.n, distinct.len(), signs.len()));
    }
    let counts = counts.join(", ");
    Ok(vec![
        Claim::new(
            "each component ends as in one dimension",
            "Theorem 4.2",
            engine.cases,
            (largest([engine.worst]), lab.tolerance(2e-4, 1e-5)),
            "on the engine, starts in a plane; worst: component p_i.x less 0 or +-x_eta of c_i f1, at the end",
        ),
        Claim::new(
            "each component ends as in one dimension (f64)",
            "Theorem 4.2",
            exact.cases,
            (largest([exact.worst]), ARRIVED),
            "step by step, starts all around; worst: the same",
        ),
        Claim::new(
            "k unstable components have 2^(k-1) orbits",
            "Theorem 4.2",
            orbits as u64,
            (worst_orbits, 0.0),
            format!("worst: distinct orbits of period 2 less 2^(k-1); orbits and phases found: {counts}"),
        ),
        Claim::new(
            "and 2^k phases",
            "Theorem 4.2",
            phases as u64,
            (worst_phases, 0.0),
            "worst: sign patterns at even steps less 2^k",
        ),
    ])
}

/// Components that were compared, and the worst.
#[derive(Default)]
struct Found {
    cases: u64,
    worst: f64,
}

impl Found {
    fn merge(&mut self, other: Found) {
        *self = Found { cases: self.cases + other.cases, worst: largest([self.worst, other.worst]) };
    }
}

/// x_eta of each component; 0 up to its threshold.
fn components(landscape: &Landscape, eta: f64) -> Result<Vec<f64>> {
    let mut components = Vec::new();
    for i in 1..=landscape.variables.len() {
        let factor = landscape.parameters[&format!("c{i}")];
        let mut curve = Curve::of(&format!("{factor:?} * ((1 + abs(x)) * log1p(abs(x)) - abs(x))"), "x")?;
        let stable = eta <= threshold(&mut curve);
        components.push(if stable { 0.0 } else { x_eta(&mut curve, eta).unwrap_or(f64::NAN) });
    }
    Ok(components)
}

fn on_engine(
    lab: &Lab,
    sum: &Sum,
    landscape: &Landscape,
    (axes, wanted): (&DMatrix<f64>, &[f64]),
) -> Result<Found> {
    let side = lab.size(24, 160);
    let others = (2..sum.n).map(|i| format!("x{} = {:?}", i + 1, uniform([i as u32, 3], [-REACH, REACH])));
    let others = others.collect::<Vec<_>>().join(", ");
    let keys = format!(
        "across = \"x1 = -{REACH} .. {REACH}\"\nup = \"x2 = -{REACH} .. {REACH}\"\neta = {:?}\nset = {{ {others} }}\n\
         size = [{side}, {side}]\nsteps = 4000",
        sum.eta
    );
    let (_, ends) = lab.map(landscape, &keys)?;
    let points = ends.point.chunks_exact(sum.n);
    let worst = largest(points.map(|point| deviation(axes, point, wanted)));
    Ok(Found { cases: (ends.fate.len() * sum.n) as u64, worst })
}

/// How far the components' sizes are from those `wanted`.
fn deviation(axes: &DMatrix<f64>, point: &[f64], wanted: &[f64]) -> f64 {
    let off = axes.row_iter().zip(wanted).map(|(axis, x)| {
        let along: f64 = axis.iter().zip(point).map(|(p, x)| p * x).sum();
        (along.abs() - x).abs()
    });
    largest(off)
}

/// Starts in the whole cube: deviations at an even step, and the sign patterns of the unstable components.
fn step_by_step(
    lab: &Lab,
    sum: &Sum,
    landscape: &Landscape,
    (axes, wanted): (&DMatrix<f64>, &[f64]),
) -> Result<(Found, HashSet<u64>)> {
    let unstable: Vec<usize> = (0..sum.n).filter(|&i| wanted[i] > 0.0).collect();
    // Enough that no pattern is missed: of 2^k equally likely ones, 2^k e^-40 on average.
    let count = (40u32 << unstable.len()) * lab.size(1, 8);
    let starts: Vec<Start> = (0..count)
        .map(|k| {
            let point = (0..sum.n).map(|i| uniform([k, 16 + i as u32], [-REACH, REACH])).collect();
            Start { point, eta: sum.eta }
        })
        .collect();
    let ends = follow(&descent(landscape)?, &starts, |tracer, starts| {
        for t in 0..2000 {
            tracer.observe(t, starts.len());
            tracer.step();
        }
        (0..starts.len()).map(|lane| tracer.point(lane).collect::<Vec<f64>>()).collect::<Vec<_>>()
    })
    .concat();
    // What is not on a cycle has no phase.
    let on_cycle = ends.iter().filter(|point| deviation(axes, point, wanted) <= ARRIVED);
    let signs = on_cycle.map(|point| {
        unstable.iter().enumerate().fold(0, |signs, (bit, &i)| {
            let along: f64 = axes.row(i).iter().zip(point).map(|(p, x)| p * x).sum();
            signs | u64::from(along > 0.0) << bit
        })
    });
    let worst = largest(ends.iter().map(|point| deviation(axes, point, wanted)));
    Ok((Found { cases: (ends.len() * sum.n) as u64, worst }, signs.collect()))
}
