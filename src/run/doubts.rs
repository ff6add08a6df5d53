//! Cells that are looked at again: those that are doubtful, and a sample.

use std::collections::BTreeMap;
use std::ops::Range;

use super::passes::{More, cells_of, label, portions};
use super::tile::Ends;
use super::{Store, parts, tile_rows};
use crate::analysis::{
    Certainty, Check, Labelled, again, certainty, compare, doubtful, listed, next_to_boundary, nudged,
};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Engine, Outcomes};
use crate::error::Result;
use crate::experiment::{Experiment, Precision};
use crate::fate::Fate;
use crate::map::Map;
use crate::plan::Plan;

/// What neighbours say about a map's cells.
pub struct Doubts {
    /// How many of the decided cells are doubtful.
    pub count: u64,
    /// Which they are, ascending; empty unless they are asked for.
    doubtful: Vec<u32>,
    /// Cells by the name of their fate, of every fate.
    pub fates: BTreeMap<String, u64>,
}

impl Doubts {
    /// Goes through all cells; `which` says whether those that are doubtful are asked for.
    ///
    /// # Errors
    /// Those of the store.
    pub fn find(plan: &Plan, store: &dyn Store, which: bool) -> Result<Self> {
        let mut counts = Fate::ALL.map(|_| 0);
        let (mut count, mut all) = (0, Vec::new());
        for rows in portions(plan) {
            let (map, first) = around(plan, store, &rows)?;
            let own = cells_of(plan, &rows);
            let here = |k: usize| own.contains(&(k + first));
            let doubtful = doubtful(&map).into_iter().filter(|&k| here(k as usize)).map(|k| k + first as u32);
            match which {
                true => all.extend(doubtful),
                false => count += doubtful.count() as u64,
            }
            map.fate[own.start - first..own.end - first].iter().for_each(|&code| counts[code as usize] += 1);
        }
        let fates = Fate::ALL.map(|fate| (fate.name().to_owned(), counts[fate as usize])).into();
        Ok(Self { count: count + all.len() as u64, doubtful: all, fates })
    }

    /// Cells that cannot be relied on as long as none is computed again.
    pub fn uncertain(&self) -> u64 {
        self.count + self.fates[Fate::Undecided.name()]
    }

    /// Computes the doubtful cells again in f64 and from a nudged start, and stores how certain each cell is. Says
    /// how many are not.
    ///
    /// # Errors
    /// Those of the engines and of the store.
    pub fn settle(
        &self,
        experiment: &Experiment,
        plan: &Plan,
        store: &mut dyn Store,
        engine: &dyn Engine,
    ) -> Result<u64> {
        let in_f64 = |experiment: &Experiment, rows: &Range<usize>| {
            Ok(Plan { precision: Precision::F64, ..Plan::new(experiment)?.rows(rows.clone()) })
        };
        let moved = |experiment: &Experiment, rows: &Range<usize>| {
            Ok(nudged(&Plan::new(experiment)?.rows(rows.clone())))
        };
        let exact = self.again(experiment, plan, &CpuEngine::default(), &in_f64)?;
        let moved = self.again(experiment, plan, engine, &moved)?;
        let mut own = Vec::with_capacity(self.doubtful.len());
        let mut at = self.doubtful.iter().copied().peekable();
        // Identified together: the same attractor has the same number in all.
        let more = [exact, moved];
        let (numbers, labels) = label(plan, false, store, &more, |_, cells, labelled| {
            while let Some(cell) = at.next_if(|&cell| (cell as usize) < cells.end) {
                own.push(labelled.labels[cell as usize - cells.start]);
            }
            Ok(())
        })?;
        let own = numbers.of(&Labelled { labels: own, turned: Vec::new() });
        let ids = labels.iter().map(|labels| numbers.of(labels)).collect::<Vec<_>>();
        let (mut uncertain, mut d) = (0, 0);
        for rows in portions(plan) {
            let cells = cells_of(plan, &rows);
            let map = store.classes(cells.clone())?;
            let mut codes: Vec<u8> = map.fate.iter().map(|&fate| before(fate) as u8).collect();
            while let Some(&cell) = self.doubtful.get(d).filter(|cell| (**cell as usize) < cells.end) {
                let k = cell as usize - cells.start;
                let class = |outcomes: &Outcomes, ids: &[i32]| (outcomes.fate[d], outcomes.period[d], ids[d]);
                let [exact, moved] = [0, 1].map(|m| class(&more[m].outcomes, &ids[m]));
                codes[k] = certainty(&(map.fate[k], map.period[k], own[d]), &exact, &moved) as u8;
                d += 1;
            }
            uncertain += codes.iter().filter(|&&code| code != Certainty::Agreed as u8).count() as u64;
            store.put_certainty(cells.start, &codes)?;
        }
        Ok(uncertain)
    }

    /// The doubtful cells computed again by `engine`; `plan_of` makes the plan of some rows.
    fn again(
        &self,
        experiment: &Experiment,
        plan: &Plan,
        engine: &dyn Engine,
        plan_of: &dyn Fn(&Experiment, &Range<usize>) -> Result<Plan>,
    ) -> Result<More> {
        let mut more = More { cells: self.doubtful.clone(), outcomes: Outcomes::default() };
        for rows in parts(plan.up.len(), tile_rows(experiment) as usize) {
            let cells = cells_of(plan, &rows);
            let local: Vec<u32> =
                self.doubtful[more.places(&cells)].iter().map(|&cell| cell - cells.start as u32).collect();
            if !local.is_empty() {
                let plan = |experiment: &Experiment| plan_of(experiment, &rows);
                let ends = Ends::find(experiment, (&local, false), engine, &plan, &|_| ())?;
                more.outcomes.append(&ends.outcomes);
            }
        }
        Ok(more)
    }
}

/// The certainty of a cell that is not doubtful.
fn before(fate: u8) -> Certainty {
    if fate == Fate::Undecided as u8 { Certainty::Undecided } else { Certainty::Agreed }
}

/// The classes of some rows and of one more row on either side, and the number of the first cell.
fn around(plan: &Plan, store: &dyn Store, rows: &Range<usize>) -> Result<(Map, usize)> {
    let rows = rows.start.saturating_sub(1)..plan.up.len().min(rows.end + 1);
    let cells = cells_of(plan, &rows);
    let axes = Map { across: plan.across.clone(), up: plan.up[rows].to_vec(), ..Map::default() };
    let first = cells.start;
    let Map { fate, period, attractor, lyapunov, .. } = store.classes(cells)?;
    Ok((Map { fate, period, attractor, lyapunov, ..axes }, first))
}

/// Computes a sample of cells again in f64, and compares.
///
/// # Errors
/// Those of the engine and of the store.
pub fn checked_again(plan: &Plan, store: &mut dyn Store) -> Result<Check> {
    let listed = listed(plan.cells());
    let (outcomes, against) = again(plan, &listed)?;
    let (mut near, mut own, mut labels) = (Vec::new(), Outcomes::default(), Vec::new());
    let mut at = listed.iter().copied().peekable();
    let more = [More { cells: listed.clone(), outcomes }];
    // Identified together: the same attractor has the same number in both.
    let (numbers, labels_again) = label(plan, false, store, &more, |store, cells, labelled| {
        let width = plan.across.len();
        let (map, first) = around(plan, store, &(cells.start / width..cells.end / width))?;
        let boundary = next_to_boundary(&map);
        while let Some(cell) = at.next_if(|&cell| (cell as usize) < cells.end) {
            let cell = cell as usize;
            near.push(boundary[cell - first]);
            labels.push(labelled.labels[cell - cells.start]);
            own.append(&store.ends(cell..cell + 1)?);
        }
        Ok(())
    })?;
    let ids = numbers.of(&Labelled { labels, turned: Vec::new() });
    let ids_again = numbers.of(&labels_again[0]);
    Ok(compare((&own, &ids), (&more[0].outcomes, &ids_again), &near, against))
}
