//! Which cells end on the same attractor.
//!
//! A *slice* of a map is the set of its cells with the same parameters and learning rate: the whole
//! map where both axes are initial coordinates, a column or a row where one is. Within a slice, cycles
//! of the same fate and period whose points lie close together are one attractor, and chaotic orbits that
//! live in the same place. From a slice to its neighbours, an attractor continues as the one that is
//! nearest in both directions.

mod across;
mod chaos;
mod within;

use std::cmp::Reverse;
use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clusters::Partition;
use super::cycles::{ALONG_CHAOS, Start, centres, cycles, sharpness};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::{Plan, Source};

use self::across::follow;
use self::within::{join_phases, split, with_cycles};

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
pub(super) const MOVE: f64 = 0.05;
/// An attractor may be missing in this part of the slices along an axis, or in fewer, and be back: chaos has
/// windows of periodic orbits.
const GAP: f64 = 1.0 / 32.0;
/// Most attractors of a fate and period in one slice that are followed into the next.
const FOLLOWED: usize = 64;
/// Most cells of an attractor among which the one of median amplitude is looked for.
const SAMPLE: usize = 1 << 20;
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
    /// Shape `[variables]`: one point of the cycle; where phases are told apart, that at the steps divisible
    /// by the period; of a chaotic attractor the mean of its points.
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
    /// Whether the phases of a cycle count as attractors.
    phases: bool,
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
            // Of many, every n-th tells as much.
            let stride = members.len().div_ceil(SAMPLE);
            let mut order: Vec<(u64, u32)> =
                members.iter().step_by(stride).map(|&k| (amplitude(k), k)).collect();
            let middle = order.len() / 2;
            order.select_nth_unstable(middle).1.1 as usize
        };
        let middles: Vec<usize> = listed.par_iter().map(middle).collect();
        let starts: Vec<Start<'_>> = (middles.iter())
            .map(|&k| Start {
                cell: cells[k],
                period: if outcomes.period[k] > 0 { outcomes.period[k] } else { ALONG_CHAOS },
                point: &outcomes.point[k * dims..(k + 1) * dims],
            })
            .collect();
        let sharpness = sharpness(plan, &starts);
        let cycles = if self.phases { cycles(plan, &starts) } else { Vec::new() };
        let centres = centres(plan, &starts);
        let point = |id: usize, k: usize| {
            if outcomes.period[k] == 0 {
                return centres[id].0[..plan.descent.variables].to_vec();
            }
            // With phases, the point at the steps divisible by the period.
            let turned = (outcomes.period[k] - outcomes.phase[k]) as usize;
            let point = match cycles.get(id).filter(|_| outcomes.period[k] > 1) {
                Some(cycle) => &cycle[turned % outcomes.period[k] as usize * dims..],
                None => starts[id].point,
            };
            point[..plan.descent.variables].to_vec()
        };
        let members = listed.iter().zip(&middles).zip(sharpness);
        (0..)
            .zip(members)
            .map(|(id, ((members, &k), sharpness))| Attractor {
                id,
                fate: Fate::from_code(outcomes.fate[k]).unwrap_or(Fate::Undecided),
                period: outcomes.period[k],
                amplitude: outcomes.amplitude[k],
                loss: outcomes.loss[k],
                sharpness,
                lyapunov: outcomes.lyapunov[k],
                cells: members.len() as u64,
                fraction: members.len() as f64 / outcomes.fate.len() as f64,
                point: point(id as usize, k),
            })
            .collect()
    }
}

/// Column and row of a slice; 0 along an axis that is an initial coordinate.
type Slice = (u32, u32);
/// Fate and period.
type Kind = (u8, u32);

/// The outcomes of one attractor in one slice.
struct Part {
    slice: Slice,
    kind: Kind,
    places: Vec<u32>,
    /// Shape `[phases, dims]`: the cycle from the point that stands for it, or that point alone; of a
    /// chaotic orbit its mean.
    cycle: Vec<f64>,
    /// Largest coordinate of the orbit, without its sign.
    reach: f64,
}

/// Finds the attractors of `outcomes`, of which outcome `k` is that of cell `cells[k]`.
///
/// With `phases`, a cycle of p points is p attractors: orbits are told apart by the point that they are on
/// at the steps divisible by p, as Theorem 4.2 counts.
pub fn identify(plan: &Plan, cells: &[u32], outcomes: &Outcomes, phases: bool) -> Identified {
    let places = sorted(plan, cells, outcomes);
    let key = |k: u32| key(plan, cells, outcomes, k);
    let groups = places.par_chunk_by(|a, b| key(*a) == key(*b));
    let parts: Vec<Part> = groups.flat_map_iter(|group| split(plan, cells, group, outcomes)).collect();
    drop(places);
    let parts = with_cycles(plan, cells, outcomes, parts);
    let mut partition = Partition::new(parts.len());
    join_phases(plan, &parts, &mut partition);
    follow(plan, &parts, &mut partition);
    number(parts, partition, outcomes, phases)
}

/// What the outcome at a place shares with others of its group.
fn key(plan: &Plan, cells: &[u32], outcomes: &Outcomes, k: u32) -> (Slice, Kind) {
    let width = plan.across.len() as u32;
    let along = |source: Source| !plan.initial.contains(&source);
    let (cell, k) = (cells[k as usize], k as usize);
    let column = if along(Source::Across) { cell % width } else { 0 };
    let row = if along(Source::Up) { cell / width } else { 0 };
    ((column, row), (outcomes.fate[k], outcomes.period[k]))
}

/// The places of the outcomes with an attractor, by group.
fn sorted(plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> Vec<u32> {
    let ends = |k: &u32| {
        Fate::from_code(outcomes.fate[*k as usize])
            .is_some_and(|fate| fate.has_period() || fate == Fate::Chaotic)
    };
    // Slices in the order of their keys, by counting: there may be as many as cells.
    let (width, height) = (plan.across.len(), plan.up.len());
    let along = |source: Source| !plan.initial.contains(&source);
    let (by_column, by_row) = (along(Source::Across), along(Source::Up));
    let slice = |k: u32| {
        let cell = cells[k as usize] as usize;
        let column = if by_column { cell % width } else { 0 };
        let row = if by_row { cell / width } else { 0 };
        column * if by_row { height } else { 1 } + row
    };
    let slices = if by_column { width } else { 1 } * if by_row { height } else { 1 };
    let ended = || (0..cells.len() as u32).filter(ends);
    let mut next: Vec<u32> = vec![0; slices + 1];
    ended().for_each(|k| next[slice(k) + 1] += 1);
    (0..slices).for_each(|s| next[s + 1] += next[s]);
    let mut places: Vec<u32> = vec![0; next[slices] as usize];
    ended().for_each(|k| {
        let at = &mut next[slice(k)];
        places[*at as usize] = k;
        *at += 1;
    });
    drop(next);
    let kind = |k: &u32| (outcomes.fate[*k as usize], outcomes.period[*k as usize]);
    places.par_chunk_by_mut(|a, b| slice(*a) == slice(*b)).for_each(|slice| slice.par_sort_by_key(kind));
    places
}

fn largest(point: &[f64]) -> f64 {
    point.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Numbers the joined parts, or their phases, by the size of their basins.
fn number(parts: Vec<Part>, mut partition: Partition, outcomes: &Outcomes, phases: bool) -> Identified {
    // Basins in the order they are met: cells, and the first of them.
    let mut basins: Vec<(usize, u32)> = Vec::new();
    let mut basin_of: HashMap<(usize, u32), usize> = HashMap::new();
    let mut ids = vec![-1; outcomes.fate.len()];
    for (p, part) in parts.into_iter().enumerate() {
        let (root, shift) = partition.rooted(p);
        let period = i64::from(part.kind.1.max(1));
        let mut last = None;
        for k in part.places {
            let turned = (i64::from(outcomes.phase[k as usize]) - i64::from(shift)).rem_euclid(period) as u32;
            let key = (root, if phases { turned } else { 0 });
            let basin = match last {
                Some((met, basin)) if met == key => basin,
                _ => *basin_of.entry(key).or_insert_with(|| {
                    basins.push((0, u32::MAX));
                    basins.len() - 1
                }),
            };
            last = Some((key, basin));
            let (cells, first) = &mut basins[basin];
            *cells += 1;
            *first = k.min(*first);
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
    Identified { ids, members, phases }
}
