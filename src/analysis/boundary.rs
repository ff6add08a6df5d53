//! Where basins meet.

use rayon::prelude::*;

use crate::map::Map;

/// For each cell, whether its up to eight neighbours differ among themselves in fate, period or
/// attractor.
///
/// The cell itself is not asked: one that came out wrong would otherwise count as a boundary of its
/// own, and never against the engine.
pub fn next_to_boundary(map: &Map) -> Vec<bool> {
    let (width, height) = (map.width(), map.height());
    let mut near = vec![false; map.cells()];
    if width == 1 || height == 1 {
        // The two neighbours on a line are none of each other.
        for k in 1..near.len().saturating_sub(1) {
            near[k] = class(map, k - 1) != class(map, k + 1);
        }
        return near;
    }
    // The neighbours of a cell are neighbours of one another in turn, so it is enough to compare adjacent cells: those of
    // a row, cell j with its left neighbour in place j, and those of two rows, cell j in place j + 1. What is no
    // pair differs from nothing.
    let across = |i: usize, pairs: &mut [bool]| {
        for (j, alike) in pairs[1..width].iter_mut().enumerate() {
            *alike = class(map, i * width + j) == class(map, i * width + j + 1);
        }
    };
    let up = |i: usize, pairs: &mut [bool]| {
        for (j, alike) in pairs[1..=width].iter_mut().enumerate() {
            *alike = class(map, (i - 1) * width + j) == class(map, i * width + j);
        }
    };
    let mut alike_across = vec![true; (height + 2) * (width + 1)];
    let rows = alike_across.par_chunks_mut(width + 1).enumerate().skip(1).take(height);
    rows.for_each(|(i, pairs)| across(i - 1, pairs));
    let mut alike_up = vec![true; (height + 1) * (width + 2)];
    let rows = alike_up.par_chunks_mut(width + 2).enumerate().skip(1).take(height - 1);
    rows.for_each(|(i, pairs)| up(i, pairs));
    near.par_chunks_mut(width).enumerate().for_each(|(i, near)| {
        let across = [i, i + 2].map(|row| &alike_across[row * (width + 1)..(row + 1) * (width + 1)]);
        let up = [i, i + 1].map(|row| &alike_up[row * (width + 2)..(row + 1) * (width + 2)]);
        for (j, near) in near.iter_mut().enumerate() {
            let rows = across.map(|pairs| pairs[j] & pairs[j + 1]);
            let columns = up.map(|pairs| pairs[j] & pairs[j + 2]);
            *near = !(rows[0] & rows[1] & columns[0] & columns[1]);
        }
    });
    near
}

/// What tells a cell from others.
pub fn class(map: &Map, k: usize) -> (u8, u32, i32) {
    (map.fate[k], map.period[k], map.attractor[k])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by definition.
    fn by_definition(map: &Map) -> Vec<bool> {
        let (width, height) = (map.width(), map.height());
        let differ = |k: usize| {
            let (i, j) = (k / width, k % width);
            let rows = i.saturating_sub(1)..=(i + 1).min(height - 1);
            let columns = j.saturating_sub(1)..=(j + 1).min(width - 1);
            let around = rows.flat_map(|i| columns.clone().map(move |j| i * width + j)).filter(|&n| n != k);
            let mut classes = around.map(|k| class(map, k));
            let first = classes.next();
            classes.any(|other| Some(other) != first)
        };
        (0..map.cells()).map(differ).collect()
    }

    #[test]
    fn pairs_tell_what_all_neighbours_do() {
        for (width, height) in [(1, 1), (1, 7), (2, 1), (9, 1), (2, 2), (2, 5), (3, 3), (5, 2), (17, 13)] {
            for seed in 0..40_u32 {
                // Mostly one class, so that both answers come up.
                let odd = |k: u32| {
                    (k + 1).wrapping_mul(2_654_435_761).wrapping_add(seed * 97).wrapping_mul(2_246_822_519)
                        >> 16
                };
                let cells = width * height;
                let map = Map {
                    across: (0..width).map(f64::from).collect(),
                    up: (0..height).map(f64::from).collect(),
                    fate: vec![2; cells as usize],
                    period: (0..cells).map(|k| if odd(k) % 11 == 0 { 4 } else { 2 }).collect(),
                    attractor: (0..cells).map(|k| i32::from(odd(k + 99) % 13 == 0)).collect(),
                    ..Map::default()
                };
                assert_eq!(next_to_boundary(&map), by_definition(&map), "{width} x {height}, seed {seed}");
            }
        }
    }

    #[test]
    fn cells_are_near_where_their_neighbours_differ() {
        let mut map = Map {
            across: vec![0.0, 1.0, 2.0, 3.0],
            up: vec![0.0, 1.0, 2.0],
            fate: vec![1; 12],
            period: vec![1; 12],
            attractor: vec![0; 12],
            ..Map::default()
        };
        assert!(!next_to_boundary(&map).contains(&true));
        let near = |map: &Map| -> Vec<usize> {
            next_to_boundary(map).iter().enumerate().filter(|(_, b)| **b).map(|(k, _)| k).collect()
        };
        // A single cell in the corner is no boundary to itself.
        map.attractor[0] = 1;
        assert_eq!(near(&map), [1, 4, 5]);
        // Of a line of cells, both sides are next to it, and it is next to them.
        map.attractor = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0];
        assert_eq!(near(&map), [0, 1, 2, 4, 5, 6, 8, 9, 10]);
    }
}
