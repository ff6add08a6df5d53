//! Going through the cells of a map in portions: which attractors they end on.

use std::ops::Range;

use super::{Store, parts};
use crate::analysis::{Attractor, Identifier, Known, Labelled, Middles, Numbers, describe};
use crate::engine::Outcomes;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::plan::Plan;
use crate::report::LISTED;

/// Most cells of a portion, unless a row has more.
const PORTION_CELLS: usize = 1 << 18;

/// The rows of each portion, from the bottom up.
pub fn portions(plan: &Plan) -> impl Iterator<Item = Range<usize>> + use<> {
    parts(plan.up.len(), (PORTION_CELLS / plan.across.len()).max(1))
}

/// The cells of some rows.
pub fn cells_of(plan: &Plan, rows: &Range<usize>) -> Range<usize> {
    rows.start * plan.across.len()..rows.end * plan.across.len()
}

/// Outcomes of some of a map's cells besides the map's own: outcome `k` is that of cell `cells[k]`, ascending.
#[derive(Default)]
pub struct More {
    pub cells: Vec<u32>,
    pub outcomes: Outcomes,
}

impl More {
    /// The places of those with these cells.
    pub fn places(&self, cells: &Range<usize>) -> Range<usize> {
        let at = |cell: usize| self.cells.partition_point(|&c| (c as usize) < cell);
        at(cells.start)..at(cells.end)
    }
}

/// Labels every outcome of the map, and those of `more` with it. `take` is given the labels of each portion's cells;
/// the labels of `more` come back.
pub fn label(
    plan: &Plan,
    phases: bool,
    store: &mut dyn Store,
    more: &[More],
    mut take: impl FnMut(&mut dyn Store, Range<usize>, &Labelled) -> Result<()>,
) -> Result<(Numbers, Vec<Labelled>)> {
    let mut identifier = Identifier::new(plan, phases);
    if identifier.surveys() {
        for rows in portions(plan) {
            let cells = cells_of(plan, &rows);
            let outcomes = store.states(cells.clone())?;
            identifier.survey(&numbers(cells), &outcomes);
        }
        more.iter().for_each(|more| identifier.survey(&more.cells, &more.outcomes));
    }
    let mut labels: Vec<Labelled> = more.iter().map(|_| Labelled::default()).collect();
    for rows in portions(plan) {
        let own = cells_of(plan, &rows);
        let (mut cells, mut outcomes) = (numbers(own.clone()), store.ends(own.clone())?);
        let parts: Vec<Range<usize>> = match identifier.surveys() {
            // Their rows may come at any time: they come last.
            true => Vec::new(),
            false => more.iter().map(|more| more.places(&own)).collect(),
        };
        for (more, part) in more.iter().zip(&parts).filter(|(_, part)| !part.is_empty()) {
            cells.extend(&more.cells[part.clone()]);
            let places: Vec<u32> = (part.start as u32..part.end as u32).collect();
            outcomes.append(&more.outcomes.at(&places));
        }
        let mut labelled = identifier.add(&cells, &outcomes);
        let mut rest = labelled.split_off(own.len());
        take(store, own, &labelled)?;
        for (labels, part) in labels.iter_mut().zip(&parts) {
            let after = rest.split_off(part.len());
            labels.append(std::mem::replace(&mut rest, after));
        }
    }
    if identifier.surveys() {
        for (labels, more) in labels.iter_mut().zip(more) {
            *labels = identifier.add(&more.cells, &more.outcomes);
        }
    }
    Ok((identifier.finish(), labels))
}

fn numbers(cells: Range<usize>) -> Vec<u32> {
    cells.map(|cell| cell as u32).collect()
}

/// The attractors of a map.
pub struct Found {
    pub count: usize,
    /// Those with the largest basins.
    pub listed: Vec<Attractor>,
}

/// Finds the attractors of all cells, and gives them the numbers of those that are `known`.
pub fn attractors(
    experiment: &Experiment,
    plan: &Plan,
    store: &mut dyn Store,
    known: Option<Known>,
) -> Result<Found> {
    let phases = experiment.phases;
    let (numbers, _) =
        label(plan, phases, store, &[], |store, cells, labelled| store.put_labels(cells.start, labelled))?;
    let mut middles = Middles::new(&numbers, LISTED);
    for rows in portions(plan) {
        let cells = cells_of(plan, &rows);
        let ids = numbers.of(&store.labels(cells.clone())?);
        middles.add(&ids, &store.amplitudes(cells.clone())?, cells.start as u32);
    }
    let cells = middles.find();
    let mut outcomes = Outcomes::default();
    for &cell in &cells {
        outcomes.append(&store.ends(cell as usize..cell as usize + 1)?);
    }
    let mut listed = describe(plan, &cells, &outcomes, &numbers, phases);
    let mut names: Vec<i32> = (0..numbers.count() as i32).collect();
    if let Some(mut known) = known {
        known.number(&mut names, &mut listed, numbers.count(), experiment.scale());
    }
    for rows in portions(plan) {
        let cells = cells_of(plan, &rows);
        let mut ids = numbers.of(&store.labels(cells.clone())?);
        ids.iter_mut().filter(|id| **id >= 0).for_each(|id| *id = names[*id as usize]);
        store.put_attractors(cells.start, &ids)?;
    }
    Ok(Found { count: numbers.count(), listed })
}
