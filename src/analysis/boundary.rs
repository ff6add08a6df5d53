//! Where basins meet.

use crate::map::Map;

/// For each cell, whether one of its eight neighbours has another fate, period or attractor.
pub fn next_to_boundary(map: &Map) -> Vec<bool> {
    let (width, height) = (map.width(), map.height());
    let class = |k: usize| (map.fate[k], map.period[k], map.attractor[k]);
    (0..map.cells())
        .map(|k| {
            let (i, j) = (k / width, k % width);
            let rows = i.saturating_sub(1)..=(i + 1).min(height - 1);
            rows.into_iter().any(|i| {
                let columns = j.saturating_sub(1)..=(j + 1).min(width - 1);
                columns.into_iter().any(|j| class(i * width + j) != class(k))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_border_are_next_to_it() {
        let mut map = Map {
            across: vec![0.0, 1.0, 2.0, 3.0],
            up: vec![0.0, 1.0, 2.0],
            fate: vec![1; 12],
            period: vec![1; 12],
            attractor: vec![0; 12],
            ..Map::default()
        };
        assert!(!next_to_boundary(&map).contains(&true));
        // A single cell in the corner differs.
        map.attractor[0] = 1;
        let near: Vec<usize> =
            next_to_boundary(&map).iter().enumerate().filter(|(_, b)| **b).map(|(k, _)| k).collect();
        assert_eq!(near, [0, 1, 4, 5]);
    }
}
