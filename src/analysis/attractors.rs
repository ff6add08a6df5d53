//! Which cells end on the same attractor.
//!
//! A *slice* of a map is the set of its cells with the same parameters and learning rate: the whole
//! map where both axes are initial coordinates, a column or a row where one is. Within a slice, cycles
//! of the same fate and period whose points lie close together are one attractor. From a slice to
//! its neighbours, an attractor continues as the one that is nearest in both directions.

use std::cmp::Reverse;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clusters::{Partition, join_near};
use super::cycles::{Start, cycles, sharpness};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::{Plan, Source};

/// Orbits nearer than about this, in units of their own size, are one attractor. Far above the
/// rounding that orbits end with.
const NEAR: f64 = 1e-3;
/// The same in units of the tolerance, for attractors near the origin.
const NEAR_TOLERANCES: f64 = 100.0;
/// Points of a line of minima lie as far apart as their cells: nearer than this, in units of the map's
/// scale or of the largest point, they are one attractor.
const NEAR_ALONG: f64 = 2e-2;
/// Above this growth, in nats per step, a fixed point is one of a line: nothing contracts along it.
const NEUTRAL: f64 = -1e-3;
/// An attractor moves less than this, in units of the map's scale, or than its own size from slice to
/// slice.
const MOVE: f64 = 0.05;
/// Most attractors of a fate and period in one slice that are followed into the next.
const FOLLOWED: usize = 64;
/// Most points of cycles that are held to compare phases; further cycles are compared by one point.
const HELD: usize = 1 << 22;

/// An attractor of a map. Where it changes along an axis, the numbers are those of one of its cells,
/// that with the median amplitude.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attractor {
    /// Its number in the map, by basin size from 0.
    pub id: i32,
    pub fate: Fate,
    /// Steps.
    pub period: u32,
    #[serde(deserialize_with = "number_or_null")]
    pub amplitude: f64,
    /// Mean over the cycle, as the next.
    #[serde(deserialize_with = "number_or_null")]
    pub loss: f64,
    /// Largest Hessian eigenvalue.
    #[serde(deserialize_with = "number_or_null")]
    pub sharpness: f64,
    /// Nats per step.
    #[serde(deserialize_with = "number_or_null")]
    pub lyapunov: f64,
    /// Size of its basin: cells, and their share of the map.
    pub cells: u64,
    pub fraction: f64,
    /// Shape `[variables]`: one point of the cycle.
    pub point: Vec<f64>,
}

/// JSON has no NaN; it is written as null.
fn number_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

/// The attractors among a set of outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The attractor of each outcome, numbered by basin size from 0; -1 for none.
    pub ids: Vec<i32>,
    /// The places of each attractor's outcomes, ascending.
    members: Vec<Vec<u32>>,
}

impl Identified {
    /// How many attractors there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The first `count` attractors in full. `outcomes` is what they were identified from.
    pub fn describe(&self, plan: &Plan, cells: &[u32], outcomes: &Outcomes, count: usize) -> Vec<Attractor> {
        let dims = plan.initial.len();
        let listed = &self.members[..count.min(self.members.len())];
        let middle = |members: &Vec<u32>| {
            // Amplitudes have no sign: they are in the order of their bits.
            let amplitude = |k: u32| outcomes.amplitude[k as usize].to_bits();
            let mut order: Vec<(u64, u32)> = members.iter().map(|&k| (amplitude(k), k)).collect();
            order.select_nth_unstable(members.len() / 2).1.1 as usize
        };
        let middles: Vec<usize> = listed.par_iter().map(middle).collect();
        let starts: Vec<Start<'_>> = (middles.iter())
            .map(|&k| Start {
                cell: cells[k],
                period: outcomes.period[k],
                point: &outcomes.point[k * dims..(k + 1) * dims],
            })
            .collect();
        let sharpness = sharpness(plan, &starts);
        let members = listed.iter().zip(&middles).zip(starts).zip(sharpness);
        (0..)
            .zip(members)
            .map(|(id, (((members, &k), start), sharpness))| Attractor {
                id,
                fate: Fate::from_code(outcomes.fate[k]).unwrap_or(Fate::Undecided),
                period: start.period,
                amplitude: outcomes.amplitude[k],
                loss: outcomes.loss[k],
                sharpness,
                lyapunov: outcomes.lyapunov[k],
                cells: members.len() as u64,
                fraction: members.len() as f64 / outcomes.fate.len() as f64,
                point: start.point[..plan.descent.variables].to_vec(),
            })
            .collect()
    }
}

/// Column and row of a slice; 0 along an axis that is an initial coordinate.
type Slice = (u32, u32);
/// Fate and period.
type Kind = (u8, u32);

/// The place of an outcome, with what it shares with others of its group.
type Entry = (Slice, Kind, u32);

/// The outcomes of one attractor in one slice.
struct Part {
    slice: Slice,
    kind: Kind,
    places: Vec<u32>,
    /// Shape `[phases, dims]`: the cycle from the point that stands for it, or that point alone.
    cycle: Vec<f64>,
}

/// Finds the attractors of `outcomes`, of which outcome `k` is that of cell `cells[k]`.
pub fn identify(plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> Identified {
    let entries = entries(plan, cells, outcomes);
    let groups = entries.par_chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    let parts: Vec<Part> = groups.flat_map_iter(|group| split(plan, group, outcomes)).collect();
    drop(entries);
    let parts = with_cycles(plan, cells, outcomes, parts);
    let mut partition = Partition::new(parts.len());
    join_phases(plan, &parts, &mut partition);
    follow(plan, &parts, &mut partition);
    number(parts, partition, outcomes.fate.len())
}

/// The outcomes with a period, sorted.
fn entries(plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> Vec<Entry> {
    let width = plan.across.len() as u32;
    let along = |source: Source| !plan.initial.contains(&source);
    let (by_column, by_row) = (along(Source::Across), along(Source::Up));
    let mut entries: Vec<Entry> = (0..cells.len())
        .filter(|&k| Fate::from_code(outcomes.fate[k]).is_some_and(Fate::has_period))
        .map(|k| {
            let column = if by_column { cells[k] % width } else { 0 };
            let row = if by_row { cells[k] / width } else { 0 };
            ((column, row), (outcomes.fate[k], outcomes.period[k]), k as u32)
        })
        .collect();
    entries.par_sort_unstable();
    entries
}

fn largest(point: &[f64]) -> f64 {
    point.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// A point of an orbit that reaches out to `reach`, such that [`NEAR`] apart here is near: in units of
/// the reach, or of the tolerance where that is larger, and without a jump between the two.
fn comparable(plan: &Plan, point: &[f64], reach: f64) -> impl Iterator<Item = f64> {
    let floor = plan.rules.tolerance * NEAR_TOLERANCES / NEAR;
    let scaled = if reach > 0.0 { (reach / floor).asinh() / reach } else { 1.0 / floor };
    point.iter().map(move |x| x * scaled)
}

/// The attractors of a group by the points that stand for the cycles.
fn split(plan: &Plan, group: &[Entry], outcomes: &Outcomes) -> Vec<Part> {
    let (slice, kind, first) = group[0];
    let dims = plan.initial.len();
    let point = |k: u32| &outcomes.point[k as usize * dims..(k as usize + 1) * dims];
    let part = |k: u32| Part { slice, kind, places: vec![k], cycle: point(k).to_vec() };
    if group.len() == 1 {
        return vec![part(first)];
    }
    let places: Vec<u32> = group.iter().map(|entry| entry.2).collect();
    let size = places.iter().fold(plan.scale, |m, &k| m.max(largest(point(k))));
    let mut partition = Partition::new(places.len());
    let elements: Vec<u32> = (0..places.len() as u32).collect();
    let mut compared = Vec::with_capacity(dims * elements.len());
    for &k in &places {
        let reach = largest(point(k)) + 2.0 * outcomes.amplitude[k as usize];
        compared.extend(comparable(plan, point(k), reach));
    }
    join_near(&mut partition, &elements, &compared, dims, NEAR);
    if kind.0 == Fate::Converged as u8 {
        let is_neutral = |k: u32| outcomes.lyapunov[k as usize] > NEUTRAL;
        let (elements, points): (Vec<u32>, Vec<&[f64]>) =
            (0..).zip(&places).filter(|(_, k)| is_neutral(**k)).map(|(e, &k)| (e, point(k))).unzip();
        join_near(&mut partition, &elements, &points.concat(), dims, NEAR_ALONG * size);
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut part_of = vec![0; places.len()];
    for (element, &k) in places.iter().enumerate() {
        let root = partition.root(element);
        if root == element {
            part_of[element] = parts.len();
            parts.push(part(k));
        } else {
            parts[part_of[root]].places.push(k);
        }
    }
    parts
}

/// Follows each part's first orbit once around its cycle.
fn with_cycles(plan: &Plan, cells: &[u32], outcomes: &Outcomes, mut parts: Vec<Part>) -> Vec<Part> {
    let dims = plan.initial.len();
    let mut held = 0;
    let followed: Vec<usize> = (0..parts.len())
        .filter(|&p| parts[p].kind.1 > 1)
        .take_while(|&p| {
            held += parts[p].kind.1 as usize;
            held <= HELD
        })
        .collect();
    let starts: Vec<Start<'_>> = (followed.iter())
        .map(|&p| {
            let k = parts[p].places[0] as usize;
            Start {
                cell: cells[k],
                period: parts[p].kind.1,
                point: &outcomes.point[k * dims..(k + 1) * dims],
            }
        })
        .collect();
    for (&p, cycle) in followed.iter().zip(cycles(plan, &starts)) {
        parts[p].cycle = cycle;
    }
    parts
}

/// Joins parts of one slice that are the same cycle, seen from different points of it.
fn join_phases(plan: &Plan, parts: &[Part], partition: &mut Partition) {
    let dims = plan.initial.len();
    let mut first = 0;
    for group in parts.chunk_by(|a, b| (a.slice, a.kind) == (b.slice, b.kind)) {
        if group.len() > 1 && group[0].kind.1 > 1 {
            let elements: Vec<u32> = ((first as u32)..)
                .zip(group)
                .flat_map(|(e, part)| std::iter::repeat_n(e, part.cycle.len() / dims))
                .collect();
            let points: Vec<f64> =
                group.iter().flat_map(|part| comparable(plan, &part.cycle, largest(&part.cycle))).collect();
            join_near(partition, &elements, &points, dims, NEAR);
        }
        first += group.len();
    }
}

/// The parts of one slice, fate and period that are followed, as a range of their list.
struct Bundle {
    key: (Slice, Kind),
    range: Range<usize>,
}

/// Joins the parts that continue each other from slice to slice.
fn follow(plan: &Plan, parts: &[Part], partition: &mut Partition) {
    let mut followed: Vec<usize> = Vec::with_capacity(parts.len());
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut first = 0;
    for group in parts.chunk_by(|a, b| (a.slice, a.kind) == (b.slice, b.kind)) {
        let start = followed.len();
        // Of parts that are one cycle, the first stands for all.
        followed.extend((first..first + group.len()).filter(|&p| partition.root(p) == p));
        followed[start..].sort_by_key(|&p| (Reverse(parts[p].places.len()), p));
        followed.truncate(start + FOLLOWED);
        bundles.push(Bundle { key: (group[0].slice, group[0].kind), range: start..followed.len() });
        first += group.len();
    }
    // Diagonals count: a tongue of stability may be narrower than a cell.
    let links: Vec<Vec<(usize, usize)>> = [(0, 1), (1, -1), (1, 0), (1, 1)]
        .into_par_iter()
        .map(|(right, up)| {
            let (mut links, mut at) = (Vec::new(), 0);
            for Bundle { key: ((column, row), kind), range } in &bundles {
                let Some(row) = row.checked_add_signed(up) else { continue };
                // The bundles are sorted by their keys, and so are their neighbours in one direction.
                let next = ((column + right, row), *kind);
                at += bundles[at..].iter().take_while(|b| b.key < next).count();
                if let Some(there) = bundles.get(at).filter(|b| b.key == next) {
                    link(plan, parts, &followed[range.clone()], &followed[there.range.clone()], &mut links);
                }
            }
            links
        })
        .collect();
    for (a, b) in links.into_iter().flatten() {
        partition.join(a, b);
    }
}

/// Adds the pairs from two lists of parts that are each other's nearest, and near.
fn link(plan: &Plan, parts: &[Part], here: &[usize], there: &[usize], links: &mut Vec<(usize, usize)>) {
    let dims = plan.initial.len();
    let distance = |a: usize, b: usize| {
        let point = &parts[b].cycle[..dims];
        let phases = parts[a].cycle.chunks_exact(dims);
        let apart = |q: &[f64]| q.iter().zip(point).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()));
        phases.map(apart).fold(f64::INFINITY, f64::min)
    };
    let nearest = |distances: &mut dyn Iterator<Item = f64>| {
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    };
    for (i, &a) in here.iter().enumerate() {
        let Some(j) = nearest(&mut there.iter().map(|&b| distance(a, b))) else { continue };
        let b = there[j];
        let size = largest(&parts[a].cycle).max(largest(&parts[b].cycle));
        let is_near = distance(a, b) <= size.max(MOVE * plan.scale);
        if is_near && nearest(&mut here.iter().map(|&a| distance(a, b))) == Some(i) {
            links.push((a, b));
        }
    }
}

/// Numbers the joined parts by the size of their basins.
fn number(parts: Vec<Part>, mut partition: Partition, outcomes: usize) -> Identified {
    // Basins in the order they are met: cells, and the first of them.
    let mut basins: Vec<(usize, u32)> = Vec::new();
    let mut basin_of = vec![0; parts.len()];
    let mut ids = vec![-1; outcomes];
    for (p, part) in parts.into_iter().enumerate() {
        // The least part is the root: it comes before the others.
        let root = partition.root(p);
        if root == p {
            basin_of[p] = basins.len();
            basins.push((0, u32::MAX));
        }
        let basin = basin_of[root];
        let (cells, first) = &mut basins[basin];
        *cells += part.places.len();
        *first = part.places[0].min(*first);
        for k in part.places {
            ids[k as usize] = basin as i32;
        }
    }
    let mut order: Vec<usize> = (0..basins.len()).collect();
    // The first cell breaks ties, so that the numbers do not depend on the order of the parts.
    order.sort_unstable_by_key(|&basin| (Reverse(basins[basin].0), basins[basin].1));
    let mut members: Vec<Vec<u32>> = order.iter().map(|&b| Vec::with_capacity(basins[b].0)).collect();
    let mut numbers = vec![0; order.len()];
    for (id, basin) in (0..).zip(order) {
        numbers[basin] = id;
    }
    for (k, id) in (0..).zip(&mut ids) {
        if *id >= 0 {
            *id = numbers[*id as usize];
            members[*id as usize].push(k);
        }
    }
    Identified { ids, members }
}
