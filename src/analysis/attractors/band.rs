//! Outcomes gathered by one thread, while others gather theirs.

use std::ops::Range;

use foldhash::HashMap;

use super::within::{Group, scales_at};
use super::{Kind, Slice, has_attractor, kind};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::Plan;

/// Points whose scales are computed together.
const SCALED: usize = 1 << 10;

/// The places of outcomes of one slice, fate and period.
pub type Alike = ((Slice, Kind), Vec<u32>);

/// Where one thread has put the outcomes of some places and columns.
pub struct Band {
    /// Places, each with its column, the number of the group in it, and that of the element.
    entered: Vec<[u32; 4]>,
    /// By column: the places of chaotic orbits, which are compared all together.
    pub chaotic: Vec<Vec<Alike>>,
}

impl Band {
    /// Fewest outcomes that are worth a thread of their own, and most columns whose groups stay in the cache from one row to
    /// the next.
    pub const LEAST: usize = 1 << 12;
    /// See [`Band::LEAST`].
    pub const COLUMNS: usize = 1 << 8;

    /// Adds to the groups of some columns, of which `first` is the first of `columns`, the outcomes at some places that
    /// belong there. `sizes` are those of the columns' fixed points.
    pub fn gather(
        plan: &Plan,
        sizes: &HashMap<u32, f64>,
        (cells, outcomes): (&[u32], &Outcomes),
        (groups, first, columns): (&mut [Vec<Group>], usize, usize),
        places: Range<usize>,
    ) -> Self {
        let mut band = Self { entered: Vec::new(), chaotic: vec![Vec::new(); groups.len()] };
        // The kind of each column that was met last: most outcomes are like the one below.
        let mut last: Vec<(Kind, u32)> = vec![((u8::MAX, 0), 0); groups.len()];
        let own = first as u32..(first + groups.len()) as u32;
        let mut places = places_in(cells, places, own, columns as u32);
        places.retain(|&k| has_attractor(outcomes.fate[k as usize]));
        band.entered.reserve(places.len());
        for places in places.chunks(SCALED) {
            let scales = scales_at(plan, outcomes, places.iter().copied());
            for (&k, scale) in places.iter().zip(scales) {
                let cell = cells[k as usize];
                let column = cell as usize % columns;
                let (kind, own) = (kind(outcomes, k), column - first);
                let is_chaotic = kind.0 == Fate::Chaotic as u8;
                if last[own].0 != kind {
                    let key = ((column as u32, 0), kind);
                    let number = match is_chaotic {
                        true => numbered(&mut band.chaotic[own], |(of, _)| *of == key, || (key, Vec::new())),
                        false => numbered(
                            &mut groups[own],
                            |group| group.key == key,
                            || {
                                let size = sizes.get(&(column as u32)).copied().unwrap_or(plan.scale);
                                Group::new(plan, key, size)
                            },
                        ),
                    };
                    last[own] = (kind, number);
                }
                let number = last[own].1;
                if is_chaotic {
                    band.chaotic[own][number as usize].1.push(k);
                } else {
                    let element = groups[own][number as usize].enter(plan, cell, outcomes, (k, scale));
                    band.entered.push([k, column as u32, number, element]);
                }
            }
        }
        band
    }

    /// Notes that the groups have become others.
    pub fn rename(&mut self, became: &[Vec<(u32, Vec<u32>)>]) {
        for [_, column, group, element] in &mut self.entered {
            let (other, elements) = &became[*column as usize][*group as usize];
            (*group, *element) = (*other, elements[*element as usize]);
        }
    }

    /// The places and their labels.
    pub fn labels(&self, groups: &[Vec<Group>]) -> Vec<(u32, u32)> {
        let label = |&[k, column, group, element]: &[u32; 4]| {
            (k, groups[column as usize][group as usize].labels[element as usize])
        };
        self.entered.iter().map(label).collect()
    }
}

/// The places of the cells in some of the columns; cells are ascending.
fn places_in(cells: &[u32], places: Range<usize>, own: Range<u32>, columns: u32) -> Vec<u32> {
    let mut found = Vec::with_capacity(places.len() * own.len() / columns as usize);
    let mut k = places.start;
    while k < places.end {
        let column = cells[k] % columns;
        if own.contains(&column) {
            found.push(k as u32);
            k += 1;
            continue;
        }
        // Beyond the last row there may be no cell of such a number.
        let row = if column < own.start { 0 } else { u64::from(columns) };
        let next = u64::from(cells[k] - column) + row + u64::from(own.start);
        k += cells[k..places.end].partition_point(|&cell| u64::from(cell) < next);
    }
    found
}

/// The number of the one that is meant, which is made if there is none.
fn numbered<T>(all: &mut Vec<T>, is_meant: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u32 {
    let found = all.iter().position(is_meant);
    let number = found.unwrap_or(all.len());
    if number == all.len() {
        all.push(make());
    }
    number as u32
}

/// Adds the groups of each column to others, which have come before. Says of each which group it has become, and what
/// its elements have.
pub fn absorb(groups: &mut [Vec<Group>], more: Vec<Vec<Group>>) -> Vec<Vec<(u32, Vec<u32>)>> {
    let columns = groups.iter_mut().zip(more);
    let column = |(groups, more): (&mut Vec<Group>, Vec<Group>)| {
        let group = |group: Group| match groups.iter().position(|own| own.key == group.key) {
            Some(at) => (at as u32, groups[at].absorb(group)),
            None => {
                let elements = (0..group.elements() as u32).collect();
                groups.push(group);
                (groups.len() as u32 - 1, elements)
            }
        };
        more.into_iter().map(group).collect()
    };
    columns.map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_columns_are_found_among_any_cells() {
        let by_definition =
            |cells: &[u32], places: Range<usize>, own: &Range<u32>, columns: u32| -> Vec<u32> {
                let is_own = |k: &usize| own.contains(&(cells[*k] % columns));
                places.filter(is_own).map(|k| k as u32).collect()
            };
        // Whole rows, some cells of them, and the last row that there can be.
        let last: Vec<u32> = (0..65_536).map(|column| u32::MAX - 65_535 + column).collect();
        let some: Vec<u32> = (0..400).filter(|k| k * 7 % 5 > 1).collect();
        for (cells, columns) in [((0..400).collect(), 20), (some, 20), (last, 65_536)] {
            for own in [0..1, 3..9, 0..columns, columns / 2..columns, columns - 1..columns] {
                for places in [0..cells.len(), 5..cells.len() - 7, 4..4] {
                    let found = places_in(&cells, places.clone(), own.clone(), columns);
                    assert_eq!(found, by_definition(&cells, places, &own, columns), "{own:?} of {columns}");
                }
            }
        }
    }
}
