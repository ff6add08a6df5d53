//! How the trajectories of a map end, without the rest of its arrays.

use std::path::Path;

use super::npz::Arrays;
use super::{Array, check_attractors, check_fates, failed};
use crate::error::Result;

/// Bytes of memory that a cell takes while basins are measured, about.
const BYTES: u64 = 16;

/// The part of a map that says where each trajectory ends; as in [`Map`](super::Map), row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Ends {
    /// Cells in a row.
    pub width: usize,
    /// Cells in a column.
    pub height: usize,
    /// [`Fate`](crate::fate::Fate) codes.
    pub fate: Vec<u8>,
    /// -1 for none.
    pub attractor: Vec<i32>,
}

impl Ends {
    /// Reads them from a `map.npz`, in 5 bytes a cell. Of the other arrays only the shapes are read.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) with the array that is missing or damaged.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_arrays(path).map_err(failed(path))
    }

    fn read_arrays(path: &Path) -> std::result::Result<Self, String> {
        let mut arrays = Arrays::open(path)?;
        let (width, height) = (arrays.axis("across")?.len(), arrays.axis("up")?.len());
        super::check_memory((height * width) as u64, BYTES)?;
        let shape = [height, width];
        for array in Array::ALL {
            if !array.is_optional() || arrays.has(array.name()) {
                arrays.check_shape(array.name(), shape)?;
            }
        }
        let fate = arrays.array(Array::Fate.name(), shape)?;
        check_fates(&fate)?;
        let attractor = arrays.array(Array::Attractor.name(), shape)?;
        check_attractors(&attractor)?;
        Ok(Self { width, height, fate, attractor })
    }
}
