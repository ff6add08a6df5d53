//! Attractors among outcomes that come in portions.

use std::collections::BTreeMap;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;

use super::across::follow;
use super::band::{Band, absorb};
use super::labels::{Labels, Numbers};
use super::within::{Group, follow_cycles, join_phases};
use super::{GAP, Kind, Part, Slice, has_attractor, kind, largest, point};
use crate::analysis::clusters::Partition;
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::{Plan, Source};

/// Finds the attractors of a map's outcomes as they come, in portions of whole rows from the bottom up.
///
/// Every outcome gets a label, and in the end labels get numbers. Where the axis up is an initial coordinate, a
/// portion may have any cells, and all outcomes are surveyed before the first is added.
pub struct Identifier<'a> {
    plan: &'a Plan,
    phases: bool,
    /// Whether each column, and each row, has slices of its own.
    by_column: bool,
    by_row: bool,
    /// By column: the largest coordinate of a fixed point.
    sizes: HashMap<u32, f64>,
    /// By column, or in one: those that later rows add to.
    groups: Vec<Vec<Group>>,
    /// What continues from row to row: the last slice of each kind in each column.
    carried: Vec<Part>,
    labels: Labels,
}

/// What outcomes are called until all have been seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    /// -1 for none.
    pub labels: Vec<i32>,
    /// The steps, modulo the period, at which each orbit is at its label's point; empty where phases are not told
    /// apart.
    pub turned: Vec<u32>,
}

impl Labelled {
    /// Takes away those from the one at `at` on.
    #[must_use]
    pub fn split_off(&mut self, at: usize) -> Self {
        Self { labels: self.labels.split_off(at), turned: self.turned.split_off(at.min(self.turned.len())) }
    }

    /// Puts more after them.
    pub fn append(&mut self, more: Self) {
        self.labels.extend(more.labels);
        self.turned.extend(more.turned);
    }
}

impl<'a> Identifier<'a> {
    /// One that has seen nothing; `phases`: whether the phases of a cycle count as attractors.
    pub fn new(plan: &'a Plan, phases: bool) -> Self {
        let along = |source: Source| !plan.initial.contains(&source);
        let by_column = along(Source::Across);
        let columns = if by_column { plan.across.len() } else { 1 };
        Self {
            plan,
            phases,
            by_column,
            by_row: along(Source::Up),
            sizes: HashMap::new(),
            groups: (0..columns).map(|_| Vec::new()).collect(),
            carried: Vec::new(),
            labels: Labels::new(phases),
        }
    }

    /// Whether outcomes are to be surveyed before they are added.
    pub fn surveys(&self) -> bool {
        !self.by_row
    }

    /// Column and row of the slice of a cell.
    fn slice(&self, cell: u32) -> Slice {
        let width = self.plan.across.len() as u32;
        let column = if self.by_column { cell % width } else { 0 };
        let row = if self.by_row { cell / width } else { 0 };
        (column, row)
    }

    /// Looks at outcomes that will be added later: how far out fixed points lie.
    pub fn survey(&mut self, cells: &[u32], outcomes: &Outcomes) {
        if !self.surveys() {
            return;
        }
        let dims = self.plan.initial.len();
        for (k, &cell) in cells.iter().enumerate().filter(|(k, _)| outcomes.fate[*k] == Fate::Converged as u8)
        {
            let size = self.sizes.entry(self.slice(cell).0).or_insert(self.plan.scale);
            *size = size.max(largest(&outcomes.point[k * dims..(k + 1) * dims]));
        }
    }

    /// Adds outcomes, of which number `k` is that of cell `cells[k]`: all those of some rows. Where outcomes
    /// are surveyed, cells are ascending.
    pub fn add(&mut self, cells: &[u32], outcomes: &Outcomes) -> Labelled {
        let mut labelled = Labelled {
            labels: vec![-1; cells.len()],
            turned: if self.phases { vec![0; cells.len()] } else { Vec::new() },
        };
        match self.by_row {
            true => self.split(cells, outcomes, &mut labelled),
            false => self.gather(cells, outcomes, &mut labelled),
        }
        tracing::debug!("{} outcomes searched for attractors", cells.len());
        self.labels.count(cells, &labelled);
        labelled
    }

    /// The places of the outcomes with an attractor, by slice and kind, where rows have slices of their own.
    fn sorted(&self, cells: &[u32], outcomes: &Outcomes) -> Vec<u32> {
        let ends = |k: &u32| has_attractor(outcomes.fate[*k as usize]);
        // Slices in the order of their keys, by counting: there may be as many as cells.
        let width = self.plan.across.len() as u32;
        let (low, high) = cells.iter().fold((u32::MAX, 0), |(low, high), &c| (low.min(c), high.max(c)));
        let rows = low / width..high / width + 1;
        let height = rows.len();
        let slice = |k: u32| {
            let (column, row) = self.slice(cells[k as usize]);
            column as usize * height + (row - rows.start) as usize
        };
        let slices = if self.by_column { width as usize } else { 1 } * height;
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
        let by_slice = places.par_chunk_by_mut(|a, b| slice(*a) == slice(*b));
        by_slice.for_each(|slice| slice.par_sort_by_key(|k| kind(outcomes, *k)));
        places
    }

    /// Adds to groups that later rows add to as well.
    fn gather(&mut self, cells: &[u32], outcomes: &Outcomes, labelled: &mut Labelled) {
        debug_assert!(cells.is_sorted(), "places are looked up among cells");
        let (columns, threads) = (self.groups.len(), rayon::current_num_threads());
        let band = |groups: &mut [Vec<Group>], first: usize, places: Range<usize>| {
            Band::gather(self.plan, &self.sizes, (cells, outcomes), (groups, first, columns), places)
        };
        let bands: Vec<Band> = if columns >= threads && columns > 1 {
            // Each thread has columns of its own.
            let block = columns.div_ceil(threads).min(Band::COLUMNS);
            let blocks = self.groups.par_chunks_mut(block).enumerate();
            blocks.map(|(b, groups)| band(groups, b * block, 0..cells.len())).collect()
        } else {
            // Each thread has outcomes of its own.
            let together = cells.len().div_ceil(threads).max(Band::LEAST);
            let parts: Vec<usize> = (0..cells.len()).step_by(together).collect();
            let fresh = |start: usize| {
                let mut groups: Vec<Vec<Group>> = (0..columns).map(|_| Vec::new()).collect();
                let band = band(&mut groups, 0, start..cells.len().min(start + together));
                (groups, band)
            };
            let fresh: Vec<(Vec<Vec<Group>>, Band)> = parts.into_par_iter().map(fresh).collect();
            let (groups, mut bands): (Vec<_>, Vec<Band>) = fresh.into_iter().unzip();
            let became: Vec<_> = groups.into_iter().map(|groups| absorb(&mut self.groups, groups)).collect();
            bands.par_iter_mut().zip(became).for_each(|(band, became)| band.rename(&became));
            bands
        };
        self.groups.iter_mut().flatten().for_each(|group| group.label(&mut self.labels));
        let found: Vec<Vec<(u32, u32)>> = bands.par_iter().map(|band| band.labels(&self.groups)).collect();
        let mut chaotic: BTreeMap<(Slice, Kind), Vec<u32>> = BTreeMap::new();
        for (key, places) in bands.into_iter().flat_map(|band| band.chaotic).flatten() {
            chaotic.entry(key).or_default().extend(places);
        }
        let chaotic = self.gather_chaotic(chaotic, cells, outcomes);
        for (k, label) in found.into_iter().flatten().chain(chaotic) {
            self.put((k, label, 0), outcomes, labelled);
        }
    }

    /// Puts the label of the outcome at place `k`, and its shift against that, in their place.
    fn put(&self, (k, label, shift): (u32, u32, i32), outcomes: &Outcomes, labelled: &mut Labelled) {
        labelled.labels[k as usize] = label as i32;
        if let Some(turned) = labelled.turned.get_mut(k as usize) {
            *turned = self.labels.turned(label, outcomes.phase[k as usize], shift);
        }
    }

    /// The same for chaotic orbits. Gives place and label of each.
    fn gather_chaotic(
        &mut self,
        places: BTreeMap<(Slice, Kind), Vec<u32>>,
        cells: &[u32],
        outcomes: &Outcomes,
    ) -> Vec<(u32, u32)> {
        let plan = self.plan;
        let mut taken = |&(slice, kind): &(Slice, Kind)| {
            let groups = &mut self.groups[slice.0 as usize];
            let at = groups.iter().position(|group| group.key.1 == kind);
            at.map_or_else(|| Group::new(plan, (slice, kind), plan.scale), |at| groups.swap_remove(at))
        };
        let mut groups: Vec<Group> = places.keys().map(&mut taken).collect();
        let places: Vec<&Vec<u32>> = places.values().collect();
        let found: Vec<Vec<(u32, u32)>> = (groups.par_iter_mut().zip(places))
            .map(|(group, places)| group.add(plan, cells, outcomes, places))
            .collect();
        let mut labelled = Vec::new();
        for (mut group, found) in groups.into_iter().zip(found) {
            group.label(&mut self.labels);
            labelled.extend(found.into_iter().map(|(k, element)| (k, group.labels[element as usize])));
            self.groups[group.key.0.0 as usize].push(group);
        }
        labelled
    }

    /// Finds the attractors of slices that are complete, and what they continue.
    fn split(&mut self, cells: &[u32], outcomes: &Outcomes, labelled: &mut Labelled) {
        let sorted = self.sorted(cells, outcomes);
        let key = |k: &u32| (self.slice(cells[*k as usize]), kind(outcomes, *k));
        let places: Vec<&[u32]> = sorted.par_chunk_by(|a, b| key(a) == key(b)).collect();
        let keys: Vec<(Slice, Kind)> = places.par_iter().map(|group| key(&group[0])).collect();
        let plan = self.plan;
        let split = |(key, places): (&(Slice, Kind), &&[u32])| {
            let point = |k: u32| point(plan, outcomes, k);
            if let [k] = **places {
                let alone = Part { size: 1, ..Part::new(*key, cells[k as usize], point(k).to_vec()) };
                return (vec![alone], vec![(k, 0)]);
            }
            let size = places.iter().fold(plan.scale, |m, &k| m.max(largest(point(k))));
            let mut group = Group::new(plan, *key, size);
            let found = group.add(plan, cells, outcomes, places);
            let (parts, part_of) = group.parts();
            (parts, found.into_iter().map(|(k, element)| (k, part_of[element as usize])).collect())
        };
        let split: Vec<(_, Vec<(u32, u32)>)> = keys.par_iter().zip(&places).map(split).collect();
        let (mut parts, mut found) = (std::mem::take(&mut self.carried), Vec::new());
        let carried = parts.len();
        for (own, places) in split {
            let first = (parts.len() - carried) as u32;
            found.extend(places.into_iter().map(|(k, part)| (k, first + part)));
            parts.extend(own);
        }
        // Of those carried and those new, each by slice and kind.
        let mut order: Vec<u32> = (0..parts.len() as u32).collect();
        order.par_sort_by_key(|&p| (parts[p as usize].slice, parts[p as usize].kind));
        let mut unsorted: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
        let mut parts: Vec<Part> = order.iter().filter_map(|&p| unsorted[p as usize].take()).collect();
        drop(unsorted);
        follow_cycles(plan, &mut parts);
        let mut partition = Partition::new(parts.len());
        join_phases(plan, &parts, &mut partition);
        follow(plan, &parts, &mut partition);
        self.label(&mut parts, &mut partition);
        let mut labels = vec![(0, 0); order.len()];
        for (&p, part) in order.iter().zip(&parts) {
            labels[p as usize] = part.label.expect("`label` gives all of them one");
        }
        self.carry(parts);
        for (k, part) in found {
            let (label, shift) = labels[carried + part as usize];
            self.put((k, label, shift), outcomes, labelled);
        }
    }

    /// Gives joined parts one label: that of those that have one, or a new one.
    fn label(&mut self, parts: &mut [Part], partition: &mut Partition) {
        // By root: a label, and how far the root is shifted against it.
        let mut of: HashMap<usize, (u32, i32)> = HashMap::new();
        for (p, part) in parts.iter().enumerate() {
            let Some((label, own)) = part.label else { continue };
            let (root, shift) = partition.rooted(p);
            match of.get(&root) {
                None => _ = of.insert(root, (label, own - shift)),
                Some(&(first, base)) if first != label => self.labels.join(first, label, base + shift - own),
                Some(_) => {}
            }
        }
        for (p, part) in parts.iter_mut().enumerate() {
            let (root, shift) = partition.rooted(p);
            let (label, base) = *of.entry(root).or_insert_with(|| (self.labels.label(part.kind.1), 0));
            let period = part.kind.1.max(1) as i32;
            part.label.get_or_insert((label, (base + shift).rem_euclid(period)));
        }
    }

    /// Keeps what later rows may continue: the last slice of each kind in each column.
    fn carry(&mut self, mut parts: Vec<Part>) {
        let mut last: HashMap<(u32, Kind), u32> = HashMap::new();
        let mut top = 0;
        for part in &parts {
            let (column, row) = part.slice;
            let last = last.entry((column, part.kind)).or_insert(row);
            *last = row.max(*last);
            top = row.max(top);
        }
        let gap = ((GAP * self.plan.up.len() as f64) as u32).max(1);
        parts.retain(|part| {
            let (column, row) = part.slice;
            last[&(column, part.kind)] == row && top + 1 - row <= gap
        });
        self.carried = parts;
    }

    /// The numbers that labels stand for, once all outcomes have been added.
    pub fn finish(mut self) -> Numbers {
        let mut groups: Vec<Group> = self.groups.drain(..).flatten().collect();
        groups.par_sort_unstable_by_key(|group| group.key);
        let split: Vec<(Vec<Part>, Vec<u32>)> = groups.par_iter_mut().map(Group::parts).collect();
        let (mut parts, mut owners) = (Vec::new(), Vec::new());
        for ((own, part_of), group) in split.into_iter().zip(&groups) {
            let first = parts.len();
            owners.extend(
                group.labels.iter().zip(part_of).map(|(label, part)| (*label, first + part as usize)),
            );
            parts.extend(own);
        }
        drop(groups);
        follow_cycles(self.plan, &mut parts);
        let mut partition = Partition::new(parts.len());
        join_phases(self.plan, &parts, &mut partition);
        follow(self.plan, &parts, &mut partition);
        let mut of: HashMap<usize, (u32, i32)> = HashMap::new();
        for (label, part) in owners {
            // A part's orbits are in step with its first.
            let (root, shift) = partition.rooted(part);
            let (first, base) = *of.entry(root).or_insert((label, shift));
            if first != label {
                self.labels.join(first, label, shift - base);
            }
        }
        self.labels.number()
    }
}
