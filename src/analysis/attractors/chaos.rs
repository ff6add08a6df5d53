//! Chaotic attractors told apart by where they live.
//!
//! An orbit that is followed for long marks the boxes of a grid that it visits; another belongs to the same
//! attractor if it keeps to these boxes (recurrences on a grid: Datseris and Wagemakers 2022). The grid is
//! the finest on which the long orbit itself keeps coming back, so that it suits any dimension.

use std::ops::Range;

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
/// The same with the box that begins where the attractor ends.
const SIDE: u32 = BOXES as u32 + 1;
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
                let long = follow(&mut tracer.clone(), plan, (*cell, point), LONG);
                self.homes.push(Home::of(&long, plan.descent.variables));
            }
            let home = &self.homes[number];
            for steps in SHORT {
                let at_home = |tracer: &mut Tracer, places: &[u32]| {
                    let starts: Vec<_> = places.iter().map(|&k| orbit(k)).collect();
                    home.keeps(tracer, plan, &starts, steps)
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

/// The next points of an orbit in f64, shape `[steps, variables]`. It is given by its cell and the state that it has
/// come to.
fn follow(tracer: &mut Tracer, plan: &Plan, (cell, state): (u32, &[f64]), steps: u32) -> Vec<f64> {
    let variables = plan.descent.variables;
    let mut orbit = Vec::with_capacity(steps as usize * variables);
    tracer.place(0, state, quantities(plan, cell));
    tracer.follow(numbers(plan, 0..steps), 1, |state| {
        orbit.extend(state[..variables].iter().map(|register| register[0]));
    });
    orbit
}

/// The numbers of steps that an orbit takes from its end on, when the learning rate no longer changes.
fn numbers(plan: &Plan, steps: Range<u32>) -> Range<u32> {
    plan.settled.saturating_add(steps.start)..plan.settled.saturating_add(steps.end)
}

/// The boxes that a chaotic attractor visits.
struct Home {
    variables: usize,
    /// By variable: where the grid begins, and boxes per unit.
    grid: Vec<(f64, f64)>,
    visited: Boxes,
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
            let mut home = Self { variables, grid, visited: Boxes::of(variables) };
            home.mark(&orbit[..half]);
            let returns = home.share(&orbit[half..]);
            home.mark(&orbit[half..]);
            if returns >= RETURNING || boxes <= 1.0 {
                return home;
            }
            boxes *= 0.5;
        }
    }

    /// Whether orbits, at most [`LANES`], keep to visited boxes. Each is given by its cell and the state that it has come
    /// to.
    fn keeps(&self, tracer: &mut Tracer, plan: &Plan, starts: &[(u32, &[f64])], steps: u32) -> Vec<bool> {
        for (lane, (cell, state)) in starts.iter().enumerate() {
            tracer.place(lane, state, quantities(plan, *cell));
        }
        let mut inside = vec![0; starts.len()];
        let keeps = |inside: u32| f64::from(inside) >= INSIDE * f64::from(steps);
        // Most that do have told after half of the steps.
        for part in [0..steps / 2, steps / 2..steps] {
            tracer.follow(numbers(plan, part), starts.len(), |state| {
                for (lane, inside) in inside.iter_mut().enumerate() {
                    let point = state[..self.variables].iter().map(|register| register[lane]);
                    *inside += u32::from(self.is_visited(point));
                }
            });
            if inside.iter().all(|&inside| keeps(inside)) {
                break;
            }
        }
        inside.into_iter().map(keeps).collect()
    }

    fn mark(&mut self, orbit: &[f64]) {
        for point in orbit.chunks_exact(self.variables) {
            if let Some(found) = self.at(point.iter().copied()) {
                self.visited.insert(found);
            }
        }
    }

    /// The part of an orbit that lies in visited boxes.
    fn share(&self, orbit: &[f64]) -> f64 {
        let points = orbit.chunks_exact(self.variables);
        let all = points.len().max(1);
        points.filter(|point| self.is_visited(point.iter().copied())).count() as f64 / all as f64
    }

    #[inline]
    fn is_visited(&self, point: impl Iterator<Item = f64>) -> bool {
        self.at(point).is_some_and(|found| self.visited.contains(found))
    }

    /// The number of the box that a point lies in; none beyond the grid, and of a point that is not finite. Beyond
    /// 20 variables a number may be that of several boxes, as one in 2^128 is.
    #[inline]
    fn at(&self, point: impl Iterator<Item = f64>) -> Option<u128> {
        self.grid.iter().zip(point).try_fold(0u128, |number, ((from, density), x)| {
            let along = (x - from) * density;
            (0.0..f64::from(SIDE))
                .contains(&along)
                .then(|| number.wrapping_mul(u128::from(SIDE)).wrapping_add(u128::from(along as u32)))
        })
    }
}

/// Numbers of boxes.
enum Boxes {
    /// Whether each is among them, where a grid has no more than a long orbit has points.
    Few(Vec<bool>),
    /// Those that are.
    Many(HashSet<u128>),
}

impl Boxes {
    /// None of a grid in so many dimensions.
    fn of(dimensions: usize) -> Self {
        let all = SIDE.saturating_pow(dimensions as u32);
        if all <= LONG { Self::Few(vec![false; all as usize]) } else { Self::Many(HashSet::new()) }
    }

    fn insert(&mut self, number: u128) {
        match self {
            Self::Few(boxes) => boxes[number as usize] = true,
            Self::Many(boxes) => {
                boxes.insert(number);
            }
        }
    }

    #[inline]
    fn contains(&self, number: u128) -> bool {
        match self {
            Self::Few(boxes) => boxes[number as usize],
            Self::Many(boxes) => boxes.contains(&number),
        }
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
