//! The attractors of one slice: cycles by the points that stand for them, and by their phases.

use super::{HELD, NEAR, NEAR_ALONG, NEAR_TOLERANCES, NEUTRAL, Part, chaos, key, largest};
use crate::analysis::clusters::{Partition, join_near};
use crate::analysis::cycles::{Start, centres, cycles};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::Plan;

/// A point of an orbit that reaches out to `reach`, such that [`NEAR`] apart here is near: in units of
/// the reach, or of the tolerance where that is larger, and without a jump between the two.
fn comparable<'a>(plan: &Plan, point: &'a [f64], reach: f64) -> impl Iterator<Item = f64> + use<'a> {
    let floor = plan.rules.tolerance * NEAR_TOLERANCES / NEAR;
    let scaled = if reach > 0.0 { (reach / floor).asinh() / reach } else { 1.0 / floor };
    point.iter().map(move |x| x * scaled)
}

/// Steps of a chaotic orbit whose mean stands for its attractor when it is followed from slice to slice.
const ALONG: u32 = 64;

/// The attractors of a group by the points that stand for the cycles.
pub fn split(plan: &Plan, cells: &[u32], places: &[u32], outcomes: &Outcomes) -> Vec<Part> {
    let (slice, kind) = key(plan, cells, outcomes, places[0]);
    let dims = plan.initial.len();
    let point = |k: u32| &outcomes.point[k as usize * dims..(k as usize + 1) * dims];
    let part = |places: Vec<u32>| {
        let point = point(places[0]);
        Part { slice, kind, places, cycle: point.to_vec(), reach: largest(point) }
    };
    if places.len() == 1 {
        return vec![part(places.to_vec())];
    }
    if kind.0 == Fate::Chaotic as u8 {
        return chaos::homes(plan, cells, outcomes, places.to_vec()).into_iter().map(part).collect();
    }
    let mut partition = Partition::new(places.len());
    let compared = (0..).zip(places).map(|(element, &k)| {
        let reach = largest(point(k)) + 2.0 * outcomes.amplitude[k as usize];
        (element, comparable(plan, point(k), reach))
    });
    join_near(&mut partition, compared, dims, NEAR);
    if kind.0 == Fate::Converged as u8 {
        let size = places.iter().fold(plan.scale, |m, &k| m.max(largest(point(k))));
        let is_neutral = |k: u32| outcomes.lyapunov[k as usize] > NEUTRAL;
        let neutral = (0..).zip(places).filter(|(_, k)| is_neutral(**k));
        let neutral = neutral.map(|(element, &k)| (element, point(k).iter().copied()));
        join_near(&mut partition, neutral, dims, NEAR_ALONG * size);
    }
    // The root of a part comes first in it.
    let mut part_of: Vec<u32> = vec![0; places.len()];
    let mut sizes: Vec<usize> = Vec::new();
    for element in 0..places.len() {
        let root = partition.root(element);
        if root == element {
            part_of[element] = sizes.len() as u32;
            sizes.push(0);
        }
        part_of[element] = part_of[root];
        sizes[part_of[root] as usize] += 1;
    }
    drop(partition);
    let mut members: Vec<Vec<u32>> = sizes.into_iter().map(Vec::with_capacity).collect();
    part_of.into_iter().zip(places).for_each(|(p, &k)| members[p as usize].push(k));
    members.into_iter().map(part).collect()
}

/// Follows each part's first orbit: once around its cycle, or for some steps along its chaotic attractor.
pub fn with_cycles(plan: &Plan, cells: &[u32], outcomes: &Outcomes, mut parts: Vec<Part>) -> Vec<Part> {
    let dims = plan.initial.len();
    let mut held = 0;
    let followed: Vec<usize> = (0..parts.len())
        .filter(|&p| parts[p].kind.1 > 1)
        .take_while(|&p| {
            held += parts[p].kind.1 as usize;
            held <= HELD
        })
        .collect();
    let start = |p: usize, period: u32| {
        let k = parts[p].places[0] as usize;
        Start { cell: cells[k], period, point: &outcomes.point[k * dims..(k + 1) * dims] }
    };
    let starts: Vec<Start<'_>> = followed.iter().map(|&p| start(p, parts[p].kind.1)).collect();
    let cycles = cycles(plan, &starts);
    let chaotic: Vec<usize> = (0..parts.len()).filter(|&p| parts[p].kind.1 == 0).collect();
    let starts: Vec<Start<'_>> = chaotic.iter().map(|&p| start(p, ALONG)).collect();
    let centres = centres(plan, &starts);
    for (p, cycle) in followed.into_iter().zip(cycles) {
        (parts[p].reach, parts[p].cycle) = (largest(&cycle), cycle);
    }
    for (p, (centre, reach)) in chaotic.into_iter().zip(centres) {
        (parts[p].reach, parts[p].cycle) = (reach, centre);
    }
    parts
}

/// Of a cycle's points the one nearest to `point`: its number and the distance.
pub fn nearest_phase(cycle: &[f64], point: &[f64]) -> (usize, f64) {
    let phases = cycle.chunks_exact(point.len());
    let apart = |q: &[f64]| q.iter().zip(point).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()));
    let nearest = phases.map(apart).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.unwrap_or((0, f64::INFINITY))
}

/// Joins parts of one slice that are the same cycle, seen from different points of it.
pub fn join_phases(plan: &Plan, parts: &[Part], partition: &mut Partition) {
    let dims = plan.initial.len();
    let mut first = 0;
    for group in parts.chunk_by(|a, b| (a.slice, a.kind) == (b.slice, b.kind)) {
        if group.len() > 1 && group[0].kind.1 > 1 {
            let points = (0..).zip(group).flat_map(|(element, part)| {
                let reach = largest(&part.cycle);
                part.cycle.chunks_exact(dims).map(move |point| (element, comparable(plan, point, reach)))
            });
            let mut same = Partition::new(group.len());
            join_near(&mut same, points, dims, NEAR);
            for b in 0..group.len() {
                let a = same.root(b);
                let shift = nearest_phase(&group[a].cycle, &group[b].cycle[..dims]).0;
                partition.join_shifted(first + a, first + b, shift as i32);
            }
        }
        first += group.len();
    }
}
