//! From labels to numbers: which labels are one attractor, and how large its basin is.

use std::cmp::Reverse;

use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;

use super::Labelled;
use crate::analysis::clusters::Partition;

/// What outcomes are called while not all have been seen. Labels that turn out to be one attractor are joined.
pub struct Labels {
    partition: Partition,
    /// By label: steps of the cycle, or 1.
    periods: Vec<u32>,
    /// By label and phase.
    counts: HashMap<(u32, u32), Basin>,
    /// With a label and without.
    outcomes: u64,
    phases: bool,
}

/// Outcomes that are counted by one thread at a time.
const COUNTED: usize = 1 << 15;

/// How many outcomes, and the first of their cells.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Basin {
    cells: u64,
    first: u32,
}

impl Basin {
    const NONE: Basin = Basin { cells: 0, first: u32::MAX };

    fn add(&mut self, more: Basin) {
        *self = Basin { cells: self.cells + more.cells, first: self.first.min(more.first) };
    }
}

impl Labels {
    /// No label. `phases`: whether the phases of a cycle count as attractors.
    pub fn new(phases: bool) -> Self {
        let partition = Partition::new(0);
        Self { partition, periods: Vec::new(), counts: HashMap::new(), outcomes: 0, phases }
    }

    /// A new label for cycles of so many steps; 0 for none.
    pub fn label(&mut self, period: u32) -> u32 {
        self.periods.push(period.max(1));
        self.partition.grow() as u32
    }

    /// Of outcomes whose orbits are at the point that stands for the cycle at steps `phase`: the same, as seen
    /// from a point that this one is shifted by `shift` against.
    pub fn turned(&self, label: u32, phase: u32, shift: i32) -> u32 {
        let period = i64::from(self.periods[label as usize]);
        (i64::from(phase) - i64::from(shift)).rem_euclid(period) as u32
    }

    /// Joins two labels, of which `b` is shifted by so much against `a`.
    pub fn join(&mut self, a: u32, b: u32, shift: i32) {
        // Whole turns would add up.
        let shift = shift.rem_euclid(self.periods[a as usize] as i32);
        self.partition.join_shifted(a as usize, b as usize, shift);
    }

    /// Counts outcomes, which are those of `cells`.
    pub fn count(&mut self, cells: &[u32], labelled: &Labelled) {
        self.outcomes += cells.len() as u64;
        let count = |(part, (cells, labels)): (usize, (&[u32], &[i32]))| {
            let mut counts: HashMap<(u32, u32), Basin> = HashMap::new();
            let mut run = ((0, 0), Basin::NONE);
            for (k, &label) in labels.iter().enumerate().filter(|(_, label)| **label >= 0) {
                let turned = labelled.turned.get(part * COUNTED + k).copied().unwrap_or(0);
                let key = (label as u32, turned);
                if run.0 != key {
                    counts.entry(run.0).or_insert(Basin::NONE).add(run.1);
                    run = (key, Basin::NONE);
                }
                run.1.add(Basin { cells: 1, first: cells[k] });
            }
            counts.entry(run.0).or_insert(Basin::NONE).add(run.1);
            counts
        };
        let parts = cells.par_chunks(COUNTED).zip(labelled.labels.par_chunks(COUNTED)).enumerate();
        for (key, basin) in parts.map(count).collect::<Vec<_>>().into_iter().flatten() {
            if basin.cells > 0 {
                self.counts.entry(key).or_insert(Basin::NONE).add(basin);
            }
        }
    }

    /// Numbers the attractors by the size of their basins.
    pub fn number(mut self) -> Numbers {
        let counts = std::mem::take(&mut self.counts);
        let mut basins: HashMap<(u32, u32), Basin> = HashMap::new();
        let mut owners = Vec::with_capacity(counts.len());
        for ((label, phase), part) in counts {
            let (root, shift) = self.partition.rooted(label as usize);
            let owner = (root as u32, if self.phases { self.turned(label, phase, shift) } else { 0 });
            basins.entry(owner).or_insert(Basin::NONE).add(part);
            owners.push(((label, phase), owner));
        }
        let mut order: Vec<((u32, u32), Basin)> = basins.into_iter().collect();
        // The first cell breaks ties, so that the numbers do not depend on the order of the labels.
        order.sort_unstable_by_key(|(owner, basin)| (Reverse(basin.cells), basin.first, *owner));
        let numbers: HashMap<(u32, u32), i32> =
            (0..).zip(&order).map(|(id, (owner, _))| (*owner, id)).collect();
        Numbers {
            by_label: owners.into_iter().map(|(key, owner)| (key, numbers[&owner])).collect(),
            sizes: order.into_iter().map(|(_, basin)| basin.cells).collect(),
            outcomes: self.outcomes,
        }
    }
}

/// The numbers of attractors, by basin size from 0.
#[derive(Clone, Debug)]
pub struct Numbers {
    by_label: HashMap<(u32, u32), i32>,
    sizes: Vec<u64>,
    outcomes: u64,
}

impl Numbers {
    /// How many attractors there are.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// The outcomes on each attractor.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The outcomes in all.
    pub fn outcomes(&self) -> u64 {
        self.outcomes
    }

    /// The attractor of each outcome; -1 for none.
    pub fn of(&self, labelled: &Labelled) -> Vec<i32> {
        let mut ids = vec![-1; labelled.labels.len()];
        let parts = ids.par_chunks_mut(COUNTED).zip(labelled.labels.par_chunks(COUNTED)).enumerate();
        parts.for_each(|(part, (ids, labels))| {
            // None has this phase.
            let mut last = ((0, u32::MAX), -1);
            for (k, (id, &label)) in
                ids.iter_mut().zip(labels).enumerate().filter(|(_, (_, label))| **label >= 0)
            {
                let key = (label as u32, labelled.turned.get(part * COUNTED + k).copied().unwrap_or(0));
                if last.0 != key {
                    last = (key, self.by_label[&key]);
                }
                *id = last.1;
            }
        });
        ids
    }
}
