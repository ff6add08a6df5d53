//! Which cells of a map can be relied on: those that a computation in f64 and a nudge of the start confirm.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::boundary::{class, next_to_boundary};
use crate::fate::Fate;
use crate::map::Map;
use crate::plan::{Plan, Source};

/// How far a cell can be relied on. The numbers are those of `map.npz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Certainty {
    /// Nothing speaks against it: it lies in the midst of its like and ended clear of every tolerance, or f64 and a
    /// nudge of the start end alike.
    Agreed = 0,
    /// In f64 it ends otherwise.
    ChangedInF64 = 1,
    /// From a start one unit in the last place away it ends otherwise.
    ChangedByNudge = 2,
    /// Its end is not known.
    Undecided = 3,
}

impl Certainty {
    /// All of them, by code.
    pub const ALL: [Certainty; 4] =
        [Certainty::Agreed, Certainty::ChangedInF64, Certainty::ChangedByNudge, Certainty::Undecided];

    /// Its name in legends.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Agreed => "agreed",
            Certainty::ChangedInF64 => "changed in f64",
            Certainty::ChangedByNudge => "changed by a nudge",
            Certainty::Undecided => "undecided",
        }
    }
}

/// What a report says of a map's certainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certain {
    /// Cells that are certain, and their share of the map.
    pub cells: u64,
    /// The same as a share of all cells, 0 to 1.
    pub share: f64,
    /// Cells that were doubtful and have been computed again; 0 if it was not asked for. All doubtful cells count as
    /// uncertain then.
    pub recomputed: u64,
}

/// An exponent nearer to 0 than this, in nats per step, is near the bounds that tell contraction from chaos.
const NEAR_NEUTRAL: f64 = 1e-2;

/// The cells that are decided and yet doubtful: a neighbour ends otherwise, or two of them differ, or the exponent is
/// near 0.
pub fn doubtful(map: &Map) -> Vec<u32> {
    let near = next_to_boundary(map);
    let (width, height) = (map.width(), map.height());
    let class = |k: usize| class(map, k);
    let is_doubtful = |k: &u32| {
        let k = *k as usize;
        // Where neighbours agree among themselves, one of them tells whether the cell is of their kind.
        let neighbour = match (k % width, width, height) {
            (1.., _, _) => Some(k - 1),
            (_, 2.., _) => Some(k + 1),
            (_, _, 2..) => Some(if k > 0 { k - 1 } else { k + 1 }),
            _ => None,
        };
        let alone = neighbour.is_some_and(|n| class(n) != class(k));
        map.fate[k] != Fate::Undecided as u8 && (near[k] || alone || map.lyapunov[k].abs() < NEAR_NEUTRAL)
    };
    (0..map.cells() as u32).into_par_iter().filter(is_doubtful).collect()
}

/// The plan with every initial coordinate moved up by one unit in the last place of its precision; of the map's scale
/// where it is 0.
pub fn nudged(plan: &Plan) -> Plan {
    let epsilon = match plan.precision {
        crate::experiment::Precision::F32 => f64::from(f32::EPSILON),
        crate::experiment::Precision::F64 => f64::EPSILON,
    };
    let scale = plan.scale;
    // An f32 is rounded to again, and half a unit might be lost.
    let up = |x: f64| x + epsilon * if x == 0.0 { scale } else { x.abs() };
    let mut nudged = plan.clone();
    for (d, source) in nudged.initial.iter_mut().enumerate() {
        match source {
            Source::Across => nudged.across.iter_mut().for_each(|x| *x = up(*x)),
            Source::Up => nudged.up.iter_mut().for_each(|x| *x = up(*x)),
            Source::Cell(list) => nudged.lists[*list].iter_mut().for_each(|x| *x = up(*x)),
            // Velocities start at rest.
            Source::Value(_) if d >= plan.descent.variables => {}
            Source::Value(x) => *x = up(*x),
        }
    }
    nudged
}

/// The certainty of a decided cell that was doubtful, by the fate, period and attractor that it has, has in f64, and
/// has from a nudged start.
pub fn certainty<C: PartialEq>(own: &C, exact: &C, moved: &C) -> Certainty {
    if exact != own {
        Certainty::ChangedInF64
    } else if moved != own {
        Certainty::ChangedByNudge
    } else {
        Certainty::Agreed
    }
}
