//! Which cells end on the same attractor.
//!
//! A *slice* of a map is the set of its cells with the same parameters and learning rate: the whole
//! map where both axes are initial coordinates, a column or a row where one is. Within a slice, cycles
//! of the same fate and period whose points lie close together are one attractor, and chaotic orbits that
//! live in the same place. From a slice to its neighbours, an attractor continues as the one that is
//! nearest in both directions.
//!
//! Outcomes come in portions of whole rows, so that a map of any size can be gone through ([`Identifier`]). What
//! has been met is kept as one *element* for each place where orbits end, and what is followed from row to row as
//! the last slice of its kind in each column. Each outcome gets a *label* at once, and labels have numbers
//! once all outcomes have been seen.

mod across;
mod band;
mod chaos;
mod describe;
mod identifier;
mod labels;
mod within;

use serde::{Deserialize, Serialize};

use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::Plan;

pub use self::describe::{Middles, describe};
pub use self::identifier::{Identifier, Labelled};
pub use self::labels::Numbers;

/// Orbits nearer than about this, in units of their own size, are one attractor. Far above the
/// rounding that orbits end with.
const NEAR: f64 = 1e-3;
/// The same in units of the tolerance, for attractors near the origin.
const NEAR_TOLERANCES: f64 = 100.0;
/// Points of a line of minima, or of a line of cycles, lie as far apart as their cells: nearer than this, in units of the
/// map's scale or of the largest point, they are one attractor.
const NEAR_ALONG: f64 = 2e-2;
/// Above this growth, in nats per step, a fixed point or a cycle is one of a line: nothing contracts along it.
const NEUTRAL: f64 = -1e-3;
/// An attractor moves less than this, in units of the map's scale, or than its own size from slice to
/// slice.
pub(super) const MOVE: f64 = 0.05;
/// An attractor may be missing in this part of the slices along an axis, or in fewer, and be back: chaos has
/// windows of periodic orbits.
const GAP: f64 = 1.0 / 32.0;
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
    /// How its orbits end.
    pub fate: Fate,
    /// Steps.
    pub period: u32,
    #[serde(deserialize_with = "number_or_null")]
    /// Half the diagonal of the box around it, in the units of the variables; 0 of a fixed point.
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
    /// The same as a share of all cells, 0 to 1.
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
#[derive(Clone, Debug)]
pub struct Identified {
    /// The attractor of each outcome, numbered by basin size from 0; -1 for none.
    pub ids: Vec<i32>,
    numbers: Numbers,
    /// Whether the phases of a cycle count as attractors.
    phases: bool,
}

impl Identified {
    /// How many attractors there are.
    pub fn count(&self) -> usize {
        self.numbers.count()
    }

    /// The first `count` attractors in full. `outcomes` is what they were identified from.
    pub fn describe(&self, plan: &Plan, cells: &[u32], outcomes: &Outcomes, count: usize) -> Vec<Attractor> {
        let mut middles = Middles::new(&self.numbers, count);
        middles.add(&self.ids, &outcomes.amplitude, 0);
        let places = middles.find();
        let cells: Vec<u32> = places.iter().map(|&k| cells[k as usize]).collect();
        describe(plan, &cells, &outcomes.at(&places), &self.numbers, self.phases)
    }
}

/// Finds the attractors of `outcomes`, of which outcome `k` is that of cell `cells[k]`, ascending.
///
/// With `phases`, a cycle of p points is p attractors: orbits are told apart by the point that they are on
/// at the steps divisible by p, as Theorem 4.2 counts.
pub fn identify(plan: &Plan, cells: &[u32], outcomes: &Outcomes, phases: bool) -> Identified {
    let mut identifier = Identifier::new(plan, phases);
    identifier.survey(cells, outcomes);
    let labelled = identifier.add(cells, outcomes);
    let numbers = identifier.finish();
    Identified { ids: numbers.of(&labelled), numbers, phases }
}

/// Column and row of a slice; 0 along an axis that is an initial coordinate.
type Slice = (u32, u32);
/// Fate and period.
type Kind = (u8, u32);

/// The outcomes of one attractor in one slice.
struct Part {
    slice: Slice,
    kind: Kind,
    /// How many.
    size: u64,
    /// The first of them.
    cell: u32,
    point: Vec<f64>,
    /// Shape `[phases, dims]`: the cycle from the point that stands for it, or that point alone; of a
    /// chaotic orbit its mean.
    cycle: Vec<f64>,
    /// Largest coordinate of the orbit, without its sign.
    reach: f64,
    /// What its outcomes are called, and how far it is shifted against that.
    label: Option<(u32, i32)>,
}

impl Part {
    /// One without outcomes yet, of which the first is that of `cell` and ends at `point`.
    fn new((slice, kind): (Slice, Kind), cell: u32, point: Vec<f64>) -> Self {
        let (cycle, reach) = (point.clone(), largest(&point));
        Self { slice, kind, size: 0, cell, point, cycle, reach, label: None }
    }
}

fn largest(point: &[f64]) -> f64 {
    point.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Whether orbits with the code of this fate end on attractors.
fn has_attractor(fate: u8) -> bool {
    Fate::from_code(fate).is_some_and(|fate| fate.has_period() || fate == Fate::Chaotic)
}

fn kind(outcomes: &Outcomes, k: u32) -> Kind {
    (outcomes.fate[k as usize], outcomes.period[k as usize])
}

/// Where the outcome at place `k` ends.
fn point<'a>(plan: &Plan, outcomes: &'a Outcomes, k: u32) -> &'a [f64] {
    let dims = plan.initial.len();
    &outcomes.point[k as usize * dims..(k as usize + 1) * dims]
}
