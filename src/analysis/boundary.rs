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
    let class = |k: usize| (map.fate[k], map.period[k], map.attractor[k]);
    let differ = |k: usize| {
        let (i, j) = (k / width, k % width);
        let rows = i.saturating_sub(1)..=(i + 1).min(height - 1);
        let columns = j.saturating_sub(1)..=(j + 1).min(width - 1);
        let around = rows.flat_map(|i| columns.clone().map(move |j| i * width + j)).filter(|&n| n != k);
        let mut classes = around.map(class);
        let first = classes.next();
        classes.any(|other| Some(other) != first)
    };
    (0..map.cells()).into_par_iter().map(differ).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
