//! As much of a map as is drawn.

use std::path::Path;

use super::{Array, Map, failed};
use crate::error::Result;
use crate::view::View;

/// Most cells that are drawn: 4096 x 4096.
const CELLS: u64 = 1 << 24;

/// A map, or every so manieth of its rows and columns.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The rows and columns that are drawn.
    pub map: Map,
    /// Cells of the whole map across and up.
    pub size: [usize; 2],
    /// Every row and column from the first on that is a multiple of this is here.
    pub every: usize,
}

impl Drawn {
    /// Reads it from a `map.npz`, a piece at a time.
    ///
    /// # Errors
    /// [`crate::Error::File`] with the array that is missing or damaged.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_up_to(CELLS, path, &|_| true)
    }

    /// Reads what some views need of it; the other arrays are empty.
    ///
    /// # Errors
    /// As [`Drawn::read`], for the arrays that are read.
    pub fn for_views(path: &Path, views: &[View]) -> Result<Self> {
        let is_needed = |array: Array| views.iter().any(|view| view.needs(array));
        Self::read_up_to(CELLS, path, &is_needed)
    }

    fn read_up_to(most: u64, path: &Path, is_asked: &dyn Fn(Array) -> bool) -> Result<Self> {
        let every = |[width, height]: [usize; 2]| {
            let cells = |every: usize| (width.div_ceil(every) * height.div_ceil(every)) as u64;
            (1..).find(|&every| cells(every) <= most).unwrap_or(1)
        };
        Map::read_arrays(path, every, is_asked)
            .map(|(map, size, every)| Self { map, size, every })
            .map_err(failed(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Precision;

    #[test]
    fn a_large_map_is_drawn_from_every_nth_row_and_column() {
        let numbers = |_: &str| (0..35).map(f64::from).collect::<Vec<f64>>();
        let map = Map {
            across: (0..7).map(f64::from).collect(),
            up: (0..5).map(f64::from).collect(),
            fate: vec![1; 35],
            period: (0..35).collect(),
            attractor: (0..35).collect(),
            amplitude: numbers("amplitude"),
            lyapunov: numbers("lyapunov"),
            settle: numbers("settle"),
            reach: None,
            loss: numbers("loss"),
            sharpness: numbers("sharpness"),
            edge: Some(numbers("edge")),
            certainty: None,
        };
        let mut file = tempfile::NamedTempFile::new().unwrap();
        map.write(Precision::F32, &mut file).unwrap();
        let read = |most: u64| Drawn::read_up_to(most, file.path(), &|_| true).unwrap();
        assert_eq!((read(35).map, read(35).every), (map, 1));
        let Drawn { map, size, every } = read(12);
        assert_eq!((size, every), ([7, 5], 2));
        assert_eq!((map.across, map.up), (vec![0.0, 2.0, 4.0, 6.0], vec![0.0, 2.0, 4.0]));
        assert_eq!(map.attractor, [0, 2, 4, 6, 14, 16, 18, 20, 28, 30, 32, 34]);
        assert_eq!(map.settle, map.edge.unwrap());
        assert_eq!(map.period[5], 16);
        // A view's part is the same, and the rest is not there.
        for view in View::ALL {
            let part = Drawn::for_views(file.path(), &[view]).unwrap().map;
            let whole = read(35).map;
            assert_eq!(part.fate, whole.fate);
            assert_eq!(part.measured(view), whole.measured(view), "{view:?}");
            let (period, attractor) = (&part.period, &part.attractor);
            assert!(if view == View::Period { *period == whole.period } else { period.is_empty() });
            assert!(if view == View::Basins { *attractor == whole.attractor } else { attractor.is_empty() });
        }
    }
}
