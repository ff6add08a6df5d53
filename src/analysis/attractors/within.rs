//! The attractors of one slice: cycles by the points that stand for them, and by their phases.

use multiversion::multiversion;

use super::chaos::Homes;
use super::labels::Labels;
use super::{HELD, Kind, NEAR, NEAR_ALONG, NEAR_TOLERANCES, NEUTRAL, Part, Slice, largest, point};
use crate::analysis::clusters::{Cubes, Partition, join_near};
use crate::analysis::cycles::{Start, centres, cycles};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::math::{Lane, Real};
use crate::plan::Plan;

/// Puts in the place of how far an orbit reaches out what its points are multiplied by, such that [`NEAR`] apart then is
/// near: in units of the reach, or of `floor` where that is larger, and without a jump between the two.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
fn reaches_to_scales(reaches: &mut [f64], floor: f64) {
    for reach in reaches {
        let size = *reach / floor;
        // The inverse hyperbolic sine; where the square of a size may be too large, without it.
        let middling = (size + size * size / (1.0 + (size * size + 1.0).sqrt())).log1p();
        let long = f64::choose(size > 1e8, Real::ln(size) + std::f64::consts::LN_2, middling);
        *reach = if *reach > 0.0 { long / *reach } else { 1.0 / floor };
    }
}

fn scales(plan: &Plan, reaches: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut scales: Vec<f64> = reaches.collect();
    reaches_to_scales(&mut scales, plan.rules.tolerance * NEAR_TOLERANCES / NEAR);
    scales
}

/// The scales of the points at some places.
pub fn scales_at(plan: &Plan, outcomes: &Outcomes, places: impl Iterator<Item = u32>) -> Vec<f64> {
    scales(plan, places.map(|k| largest(point(plan, outcomes, k)) + 2.0 * outcomes.amplitude[k as usize]))
}

/// Steps of a chaotic orbit whose mean stands for its attractor when it is followed from slice to slice.
const ALONG: u32 = 64;

/// The outcomes of one slice, fate and period, as they come.
pub struct Group {
    pub key: (Slice, Kind),
    /// Outcomes so near to each other that they are on one attractor, in the order in which the first came:
    /// those of a cube, or of a chaotic attractor.
    elements: Vec<Element>,
    /// What the first of them are called until they have a number.
    pub labels: Vec<u32>,
    near: Cubes,
    /// The cubes of the points of lines of minima and of cycles, and an element with a point in each.
    along: Cubes,
    first_along: Vec<u32>,
    joined: Partition,
    homes: Homes,
}

/// Outcomes on one attractor of a group.
struct Element {
    /// The first of them.
    cell: u32,
    point: Vec<f64>,
    /// How many.
    size: u64,
}

impl Element {
    fn new(cell: u32, point: &[f64]) -> Self {
        Self { cell, point: point.to_vec(), size: 0 }
    }
}

impl Group {
    /// An empty group; `size`: of its largest coordinate, or of the map.
    pub fn new(plan: &Plan, key: (Slice, Kind), size: f64) -> Self {
        let dims = plan.initial.len();
        Self {
            key,
            elements: Vec::new(),
            labels: Vec::new(),
            near: Cubes::new(dims, NEAR),
            along: Cubes::new(dims, NEAR_ALONG * size),
            first_along: Vec::new(),
            joined: Partition::new(0),
            homes: Homes::default(),
        }
    }

    /// Gives every element a label that has none.
    pub fn label(&mut self, labels: &mut Labels) {
        self.labels.resize_with(self.elements.len(), || labels.label(self.key.1.1));
    }

    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.elements.len()
    }

    /// Adds the outcomes at `places`, ascending; gives the place and the element of each that has one.
    pub fn add(
        &mut self,
        plan: &Plan,
        cells: &[u32],
        outcomes: &Outcomes,
        places: &[u32],
    ) -> Vec<(u32, u32)> {
        if self.key.1.0 != Fate::Chaotic as u8 {
            let scales = scales_at(plan, outcomes, places.iter().copied());
            let enter =
                |(&k, scale): (&u32, f64)| (k, self.enter(plan, cells[k as usize], outcomes, (k, scale)));
            return places.iter().zip(scales).map(enter).collect();
        }
        let sorted = self.homes.sort(plan, cells, outcomes, places);
        let mut found = Vec::with_capacity(places.len());
        for (home, places) in (0..).zip(sorted) {
            if home as usize == self.elements.len() {
                let first = places[0];
                self.elements.push(Element::new(cells[first as usize], point(plan, outcomes, first)));
            }
            self.elements[home as usize].size += places.len() as u64;
            found.extend(places.into_iter().map(|k| (k, home)));
        }
        found
    }

    /// Adds the outcome at place `k`, that of `cell`, which is not chaotic and has this scale; gives its element.
    pub fn enter(&mut self, plan: &Plan, cell: u32, outcomes: &Outcomes, (k, scale): (u32, f64)) -> u32 {
        let point = point(plan, outcomes, k);
        let cube = self.near.at(point.iter().map(|x| x * scale));
        if cube == self.elements.len() {
            self.elements.push(Element::new(cell, point));
            self.joined.grow();
        }
        self.elements[cube].size += 1;
        let has_period = self.key.1.1 > 0;
        if has_period && outcomes.lyapunov[k as usize] > NEUTRAL {
            let along = self.along.at(point.iter().copied());
            if along == self.first_along.len() {
                self.first_along.push(cube as u32);
            }
            self.joined.join(self.first_along[along] as usize, cube);
        }
        cube as u32
    }

    /// Takes over the outcomes of another group, which came later and are not chaotic; gives the elements that its own
    /// have become.
    pub fn absorb(&mut self, mut more: Self) -> Vec<u32> {
        let mut became = Vec::with_capacity(more.elements.len());
        for (element, key) in more.elements.into_iter().zip(more.near.keys()) {
            let cube = self.near.with_key(key);
            became.push(cube as u32);
            match self.elements.get_mut(cube) {
                Some(own) => own.size += element.size,
                None => {
                    self.elements.push(element);
                    self.joined.grow();
                }
            }
        }
        for (k, &own) in became.iter().enumerate() {
            self.joined.join(became[more.joined.root(k)] as usize, own as usize);
        }
        for (first, key) in more.first_along.into_iter().zip(more.along.keys()) {
            let (along, own) = (self.along.with_key(key), became[first as usize]);
            if along == self.first_along.len() {
                self.first_along.push(own);
            }
            self.joined.join(self.first_along[along] as usize, own as usize);
        }
        became
    }

    /// The attractors of the group, once it is complete, and the one that each element belongs to.
    pub fn parts(&mut self) -> (Vec<Part>, Vec<u32>) {
        if self.key.1.0 != Fate::Chaotic as u8 {
            let own: Vec<u32> = (0..self.elements.len() as u32).collect();
            self.near.join_adjacent(&mut self.joined, &own);
            self.along.join_adjacent(&mut self.joined, &self.first_along);
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut part_of: Vec<u32> = vec![0; self.elements.len()];
        for (k, element) in self.elements.iter().enumerate() {
            // The root comes first. Chaotic attractors are apart already.
            let root = if self.joined.len() > 0 { self.joined.root(k) } else { k };
            if root == k {
                part_of[k] = parts.len() as u32;
                parts.push(Part::new(self.key, element.cell, element.point.clone()));
            }
            part_of[k] = part_of[root];
            parts[part_of[k] as usize].size += element.size;
        }
        (parts, part_of)
    }
}

/// Follows each part's first orbit: once around its cycle, or for some steps along its chaotic attractor.
pub fn follow_cycles(plan: &Plan, parts: &mut [Part]) {
    let mut held = 0;
    let is_new = |p: &usize| parts[*p].label.is_none();
    let followed: Vec<usize> = (0..parts.len())
        .filter(is_new)
        .filter(|&p| parts[p].kind.1 > 1)
        .take_while(|&p| {
            held += parts[p].kind.1 as usize;
            held <= HELD
        })
        .collect();
    let start = |p: usize, period: u32| Start { cell: parts[p].cell, period, point: &parts[p].point };
    let starts: Vec<Start<'_>> = followed.iter().map(|&p| start(p, parts[p].kind.1)).collect();
    let cycles = cycles(plan, &starts);
    let chaotic: Vec<usize> = (0..parts.len()).filter(is_new).filter(|&p| parts[p].kind.1 == 0).collect();
    let starts: Vec<Start<'_>> = chaotic.iter().map(|&p| start(p, ALONG)).collect();
    let centres = centres(plan, &starts);
    for (p, cycle) in followed.into_iter().zip(cycles) {
        (parts[p].reach, parts[p].cycle) = (largest(&cycle), cycle);
    }
    for (p, (centre, reach)) in chaotic.into_iter().zip(centres) {
        (parts[p].reach, parts[p].cycle) = (reach, centre);
    }
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
            let scales = scales(plan, group.iter().map(|part| largest(&part.cycle)));
            let points = (0..).zip(group).zip(scales).flat_map(|((element, part), scale)| {
                let scaled = move |point: &'_ [f64]| point.iter().map(|x| x * scale).collect::<Vec<f64>>();
                part.cycle.chunks_exact(dims).map(move |point| (element, scaled(point)))
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
