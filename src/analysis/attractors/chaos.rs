//! Chaotic attractors told apart by where they live.
//!
//! An orbit that is followed for long marks the boxes of a grid that it visits; another belongs to the same
//! attractor if it keeps to these boxes (recurrences on a grid: Datseris and Wagemakers 2022). The grid is
//! the finest on which the long orbit itself keeps coming back, so that it suits any dimension.

use foldhash::{HashSet, HashSetExt};
use rayon::prelude::*;

use super::point;
use crate::analysis::cycles::quantities;
use crate::engine::Outcomes;
use crate::engine::cpu::Tracer;
use crate::formula::LANES;
use crate::plan::Plan;

/// Steps of the orbit that marks where an attractor lives.
const LONG: u32 = 8192;
/// Steps of the orbits that are compared with it; and of those that seem to be elsewhere, which may have been
/// on an excursion.
const SHORT: [u32; 2] = [32, 1024];
/// Boxes along a side of the attractor, at first.
const BOXES: f64 = 64.0;
/// Part of the second half of the long orbit that lies in boxes of the first half, at least.
const RETURNING: f64 = 0.9;
/// Part of a compared orbit that lies in boxes of the long one, at least.
const INSIDE: f64 = 0.5;
/// Most attractors of one slice; orbits on further ones have none.
const MOST: usize = 64;

/// The chaotic attractors of one slice, as orbits on them come.
///
/// An orbit belongs to the first attractor that it keeps to; one that keeps to none is the first of the next.
/// So it does not matter how many come at a time.
#[derive(Default)]
pub struct Homes {
    /// The cell of each attractor's first orbit, and the state that it has come to.
    founders: Vec<(u32, Vec<f64>)>,
    /// Of those that other orbits have been compared with.
    homes: Vec<Home>,
}

impl Homes {
    /// The places of outcomes by attractor, those met before first. Outcome `k` is that of cell `cells[k]`.
    pub fn sort(&mut self, plan: &Plan, cells: &[u32], outcomes: &Outcomes, places: &[u32]) -> Vec<Vec<u32>> {
        let orbit = |k: u32| (cells[k as usize], point(plan, outcomes, k));
        let tracer = Tracer::new(&plan.descent, plan.seed);
        let mut sorted: Vec<Vec<u32>> = vec![Vec::new(); self.founders.len()];
        let mut homeless = places.to_vec();
        for number in 0..MOST {
            let Some(&first) = homeless.first() else { break };
            if number == self.founders.len() {
                self.founders.push((orbit(first).0, orbit(first).1.to_vec()));
                sorted.push(vec![first]);
                homeless.remove(0);
                if homeless.is_empty() {
                    break;
                }
            }
            if number == self.homes.len() {
                let (cell, point) = &self.founders[number];
                let long = follow(&mut tracer.clone(), plan, &[(*cell, point.as_slice())], LONG);
                self.homes.push(Home::of(&long[0], plan.descent.variables));
            }
            let home = &self.homes[number];
            for steps in SHORT {
                let at_home = |tracer: &mut Tracer, places: &[u32]| {
                    let starts: Vec<_> = places.iter().map(|&k| orbit(k)).collect();
                    let orbits = follow(tracer, plan, &starts, steps);
                    orbits.into_iter().map(|orbit| home.share(&orbit) >= INSIDE).collect::<Vec<bool>>()
                };
                let at_home: Vec<Vec<bool>> =
                    homeless.par_chunks(LANES).map_init(|| tracer.clone(), at_home).collect();
                let mut at_home = at_home.into_iter().flatten();
                let (inside, outside): (Vec<u32>, _) =
                    homeless.into_iter().partition(|_| at_home.next().unwrap_or_default());
                sorted[number].extend(inside);
                homeless = outside;
            }
            sorted[number].sort_unstable();
        }
        sorted
    }
}

/// The next points of orbits, at most [`LANES`], in f64: shape `[steps, variables]` each. An orbit is given by
/// its cell and the state that it has come to.
fn follow(tracer: &mut Tracer, plan: &Plan, starts: &[(u32, &[f64])], steps: u32) -> Vec<Vec<f64>> {
    let variables = plan.descent.variables;
    for (lane, (cell, point)) in starts.iter().enumerate() {
        tracer.place(lane, point, quantities(plan, *cell));
    }
    let mut orbits = vec![Vec::with_capacity(steps as usize * variables); starts.len()];
    // From the step on at which the learning rate no longer changes.
    let steps = plan.settled..plan.settled.saturating_add(steps);
    tracer.follow(steps, starts.len(), |state| {
        for (lane, orbit) in orbits.iter_mut().enumerate() {
            orbit.extend(state[..variables].iter().map(|register| register[lane]));
        }
    });
    orbits
}

/// The boxes that a chaotic attractor visits.
struct Home {
    variables: usize,
    /// By variable: where the grid begins, and boxes per unit.
    grid: Vec<(f64, f64)>,
    /// The boxes' numbers.
    visited: HashSet<u128>,
}

impl Home {
    /// The home of a long orbit, shape `[steps, variables]`.
    fn of(orbit: &[f64], variables: usize) -> Self {
        let along = |v: usize| orbit.iter().skip(v).step_by(variables);
        let ranges: Vec<(f64, f64)> = (0..variables)
            .map(|v| along(v).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x))))
            .collect();
        let widest = ranges.iter().fold(0.0, |widest: f64, (a, b)| widest.max(b - a));
        let half = orbit.len() / variables / 2 * variables;
        let mut boxes = BOXES;
        loop {
            // A variable that hardly moves does not tell anything.
            let density =
                |(a, b): &(f64, f64)| (*a, boxes / (b - a).max(1e-6 * widest).max(f64::MIN_POSITIVE));
            let grid = ranges.iter().map(density).collect();
            let mut home = Self { variables, grid, visited: HashSet::new() };
            home.mark(&orbit[..half]);
            let returns = home.share(&orbit[half..]);
            home.mark(&orbit[half..]);
            if returns >= RETURNING || boxes <= 1.0 {
                return home;
            }
            boxes *= 0.5;
        }
    }

    fn mark(&mut self, orbit: &[f64]) {
        for point in orbit.chunks_exact(self.variables) {
            let found = self.at(point);
            self.visited.extend(found);
        }
    }

    /// The part of an orbit that lies in visited boxes.
    fn share(&self, orbit: &[f64]) -> f64 {
        let points = orbit.chunks_exact(self.variables);
        let all = points.len().max(1);
        points.filter(|point| self.at(point).is_some_and(|found| self.visited.contains(&found))).count()
            as f64
            / all as f64
    }

    /// The number of the box that a point lies in; none beyond the grid, and of a point that is not finite. Beyond
    /// 20 variables a number may be that of several boxes, as one in 2^128 is.
    fn at(&self, point: &[f64]) -> Option<u128> {
        self.grid.iter().zip(point).try_fold(0u128, |number, ((from, density), x)| {
            let along = ((x - from) * density).floor();
            (0.0..=BOXES)
                .contains(&along)
                .then(|| number.wrapping_mul(BOXES as u128 + 1).wrapping_add(along as u128))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orbits of the cubic map a x - x^3.
    fn cubic(a: f64, start: f64, steps: usize) -> Vec<f64> {
        let orbit = std::iter::successors(Some(start), |x| Some(a * x - x * x * x));
        orbit.skip(1000).take(steps).collect()
    }

    #[test]
    fn orbits_are_at_home_where_they_live() {
        // Below a = 3 sqrt(3) / 2 the two halves of the line keep their orbits; above they share one.
        let home = Home::of(&cubic(2.55, 0.3, 8192), 1);
        assert!(home.share(&cubic(2.55, 0.7, 32)) > 0.9);
        assert_eq!(home.share(&cubic(2.55, -0.7, 32)), 0.0);
        let home = Home::of(&cubic(2.7, 0.3, 8192), 1);
        assert!(home.share(&cubic(2.7, -0.7, 32)) > 0.9);
    }

    #[test]
    fn the_grid_suits_the_dimension() {
        // Independent orbits of the logistic map at r = 4, side by side: a cube is filled.
        for variables in [1, 2, 5, 12] {
            let mut at: Vec<f64> = (0..variables).map(|v| 0.1 + 0.05 * v as f64).collect();
            let orbit = |at: &mut Vec<f64>, steps: usize| {
                let mut points = Vec::new();
                for _ in 0..steps {
                    at.iter_mut().for_each(|x| *x = 3.999 * *x * (1.0 - *x));
                    points.extend_from_slice(at);
                }
                points
            };
            let home = Home::of(&orbit(&mut at, 8192), variables);
            let inside = home.share(&orbit(&mut at, 4096));
            assert!(inside > 0.8, "{variables}: {inside}");
            let elsewhere: Vec<f64> = orbit(&mut at, 100).iter().map(|x| x + 2.0).collect();
            assert_eq!(home.share(&elsewhere), 0.0);
        }
    }
}
