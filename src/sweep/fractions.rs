//! Basin fractions along a stack: its continuation diagram, as numbers and as a picture.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::fate::Fate;
use crate::map::Map;
use crate::picture::{self, Chart, ChartAxis, Entry, Figure, Frame, Key, Panel, Plot, Scale, Series, Tint};
use crate::report::Report;

/// Most attractors with a column of their own.
const COLUMNS: usize = 1000;
/// Most attractors with an area of their own in the picture.
const AREAS: usize = 64;
/// Of each attractor, so many kinds are named.
const KINDS: usize = 4;
/// The picture's frame, in pixels.
const FRAME: (u32, u32) = (640, 400);
/// The fates of cells without an attractor, those near the top of the picture last.
const FATES: [Fate; 6] =
    [Fate::Converged, Fate::Periodic, Fate::Chaotic, Fate::Undecided, Fate::Stalled, Fate::Diverged];

/// Cells by attractor and by fate in each frame.
#[derive(Clone, Debug, Default)]
pub struct Fractions {
    /// Of each frame: the swept quantity or the zoom.
    values: Vec<f64>,
    /// Cells in a frame.
    cells: u64,
    /// Of each frame: cells by attractor.
    basins: Vec<BTreeMap<i32, u64>>,
    /// Of each frame: cells without an attractor, by fate code.
    without: Vec<[u64; Fate::ALL.len()]>,
    /// What each attractor has been, in turn: fixed points, cycles, chaos.
    kinds: BTreeMap<i32, Vec<String>>,
}

impl Fractions {
    /// Adds a frame.
    pub fn add(&mut self, value: f64, map: &Map, report: &Report) {
        let (mut basins, mut without) = (BTreeMap::new(), [0; Fate::ALL.len()]);
        for (id, fate) in map.attractor.iter().zip(&map.fate) {
            match *id >= 0 {
                true => *basins.entry(*id).or_default() += 1,
                false => without[usize::from(*fate)] += 1,
            }
        }
        for attractor in &report.attractors {
            let kinds = self.kinds.entry(attractor.id).or_default();
            let kind = picture::kind_of_attractor(attractor);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        self.values.push(value);
        self.cells = map.cells() as u64;
        self.basins.push(basins);
        self.without.push(without);
    }

    /// The attractors, those with the largest basins in all frames together first, at most `most`.
    fn largest(&self, most: usize) -> Vec<i32> {
        let mut totals: BTreeMap<i32, u64> = BTreeMap::new();
        for (id, cells) in self.basins.iter().flatten() {
            *totals.entry(*id).or_default() += cells;
        }
        let mut ids: Vec<(i32, u64)> = totals.into_iter().collect();
        ids.sort_by_key(|(_, cells)| Reverse(*cells));
        ids.into_iter().take(most).map(|(id, _)| id).collect()
    }

    /// The numbers of the attractors that have a column, ascending: at most 1000, those with the largest basins.
    pub fn ids(&self) -> Vec<i32> {
        let mut ids = self.largest(COLUMNS);
        ids.sort_unstable();
        ids
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.values.len()
    }

    /// The share of frame `k` that ends on an attractor.
    pub fn share(&self, k: usize, id: i32) -> f64 {
        self.basins[k].get(&id).copied().unwrap_or(0) as f64 / self.cells as f64
    }

    /// The share of frame `k` that ends on any attractor but these.
    fn others(&self, k: usize, ids: &[i32]) -> f64 {
        let cells: u64 =
            self.basins[k].iter().filter(|(id, _)| !ids.contains(id)).map(|(_, cells)| cells).sum();
        cells as f64 / self.cells as f64
    }

    /// The share of frame `k` that has no attractor and this fate.
    pub fn share_without(&self, k: usize, fate: Fate) -> f64 {
        self.without[k][fate as usize] as f64 / self.cells as f64
    }

    /// The fates that occur without an attractor.
    fn fates(&self) -> Vec<Fate> {
        FATES.into_iter().filter(|fate| self.without.iter().any(|all| all[*fate as usize] > 0)).collect()
    }

    /// The table: a row for each frame, with the quantity called `name`, unless a share is called so, and the shares,
    /// whose sum is 1.
    pub fn csv(&self, name: &str) -> String {
        let (ids, fates) = (self.ids(), self.fates());
        let has_others = (0..self.frames()).any(|k| self.others(k, &ids) > 0.0);
        let mut head = Vec::new();
        head.extend(ids.iter().map(|id| format!("attractor_{id}")));
        head.extend(has_others.then(|| "other_attractors".to_owned()));
        head.extend(fates.iter().map(|fate| fate.name().to_owned()));
        let name = if head.iter().any(|other| other == name) { "frames" } else { name };
        head.insert(0, name.to_owned());
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut rows = vec![head];
        for (k, value) in self.values.iter().enumerate() {
            let mut row = vec![*value];
            row.extend(ids.iter().map(|id| self.share(k, *id)));
            row.extend(has_others.then(|| self.others(k, &ids)));
            row.extend(fates.iter().map(|fate| self.share_without(k, *fate)));
            rows.push(row.iter().map(f64::to_string).collect());
        }
        rows.iter().for_each(|row| table.write_record(row).expect("rows of one length fit in memory"));
        let bytes = table.into_inner().expect("memory takes it");
        String::from_utf8(bytes).expect("names and numbers are text")
    }

    /// The shares as areas, one on the other, over the quantity that is called `name`.
    pub fn figure(&self, title: &str, subtitle: &str, name: &str, is_log: bool) -> Figure {
        let mut ids = self.largest(AREAS);
        ids.sort_unstable();
        let others: Vec<f64> = (0..self.frames()).map(|k| self.others(k, &ids)).collect();
        let mut areas: Vec<(Tint, Vec<f64>)> = ids
            .iter()
            .map(|id| {
                let shares = (0..self.frames()).map(|k| self.share(k, *id)).collect();
                (Tint::Colour(picture::attractor_colour(*id as usize)), shares)
            })
            .collect();
        if others.iter().any(|share| *share > 0.0) {
            areas.push((Tint::Quiet, others));
        }
        areas.extend(self.fates().into_iter().map(|fate| {
            let shares = (0..self.frames()).map(|k| self.share_without(k, fate)).collect();
            (Tint::Colour(picture::colour_without_attractor(fate as u8)), shares)
        }));
        let (first, last) = (self.values[0], self.values[self.frames() - 1]);
        let scale = if is_log { Scale::log(first, last) } else { Scale::linear(first, last) };
        let chart = Chart {
            across: ChartAxis::new(&picture::quantity(name), scale),
            up: ChartAxis::new("share of cells", Scale::linear(0.0, 1.0)),
            raster: None,
            levels: None,
            series: self.stacked(areas),
        };
        let panel = Panel {
            title: String::new(),
            plot: Plot::Chart(chart),
            key: self.key(),
            frame: Frame::Exact(FRAME.0, FRAME.1),
        };
        Figure {
            title: title.to_owned(),
            subtitle: subtitle.to_owned(),
            rows: vec![vec![panel]],
            caption: String::new(),
        }
    }

    /// Areas from the bottom up. Each is drawn down to zero, behind those under it: so there are no seams.
    fn stacked(&self, areas: Vec<(Tint, Vec<f64>)>) -> Vec<Series> {
        let (first, last) = (self.values[0], self.values[self.frames() - 1]);
        let mut tops = vec![0.0; self.frames()];
        let mut series: Vec<Series> = Vec::new();
        for (tint, shares) in areas {
            tops.iter_mut().zip(&shares).for_each(|(top, share)| *top += share);
            let mut corners: Vec<(f64, f64)> = self.values.iter().copied().zip(tops.clone()).collect();
            corners.extend([(last, 0.0), (first, 0.0)]);
            series.push(Series::area(corners, tint));
        }
        series.reverse();
        series
    }

    /// The attractors with the largest basins, then the fates without, with their shares in all frames together.
    fn key(&self) -> Key {
        let whole = self.cells * self.frames() as u64;
        let total = |id: i32| self.basins.iter().filter_map(|basins| basins.get(&id)).sum();
        let all = self.largest(usize::MAX);
        let most = picture::LISTED_ATTRACTORS;
        let listed = if all.len() > most { most - 1 } else { most };
        let mut entries: Vec<Entry> = all
            .iter()
            .take(listed)
            .map(|id| Entry {
                colour: Some(picture::attractor_colour(*id as usize)),
                mark: id.to_string(),
                label: self.kinds(*id),
                value: picture::percent(total(*id), whole),
            })
            .collect();
        if all.len() > listed {
            entries.push(Entry {
                colour: None,
                mark: String::new(),
                label: format!("… and {} more", all.len() - listed),
                value: picture::percent(all[listed..].iter().map(|id| total(*id)).sum(), whole),
            });
        }
        entries.extend(self.fates().into_iter().map(|fate| Entry {
            colour: Some(picture::colour_without_attractor(fate as u8)),
            mark: String::new(),
            label: fate.name().to_owned(),
            value: picture::percent(self.without.iter().map(|all| all[fate as usize]).sum(), whole),
        }));
        Key { bar: None, heading: "attractor, share of all cells".to_owned(), entries, note: String::new() }
    }

    /// What an attractor is along the stack.
    fn kinds(&self, id: i32) -> String {
        let Some(kinds) = self.kinds.get(&id) else { return "attractor".to_owned() };
        let more = if kinds.len() > KINDS { ", …" } else { "" };
        kinds.iter().take(KINDS).map(String::as_str).collect::<Vec<_>>().join(", ") + more
    }
}
