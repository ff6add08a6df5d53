//! The result arrays of a map, in memory and as `map.npz`.

mod array;
mod drawn;
mod ends;
mod layout;
mod npz;
mod numbers;

use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use npyz::WriterBuilder;
use rayon::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(crate) use self::array::{Array, ArrayMut, ArrayRef, Kind};
pub use self::drawn::Drawn;
pub use self::ends::Ends;
pub(crate) use self::layout::Layout;
use self::npz::Arrays;
pub(crate) use self::numbers::{checksum, read_floats, read_numbers, write_array, write_numbers};
use crate::analysis::Certainty;
use crate::error::{Error, Result};
use crate::experiment::{CELLS_IN_MEMORY, CELLS_MAX, Precision};
use crate::fate::Fate;
use crate::view::View;

/// A map: what became of the trajectory of every cell.
///
/// The axes are ascending. The other arrays have shape `[H, W]`, row by row: cell (i, j), at
/// `i * width + j`, belongs to `up[i]` and `across[j]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Shape `[W]`: the quantity along the axis across.
    pub across: Vec<f64>,
    /// Shape `[H]`: the quantity along the axis up.
    pub up: Vec<f64>,
    /// [`Fate`] codes.
    pub fate: Vec<u8>,
    /// Steps; 0 for none.
    pub period: Vec<u32>,
    /// Numbered by basin size from 0, largest first; -1 for none.
    pub attractor: Vec<i32>,
    /// Half the diagonal of the box that the orbit visits on its attractor, in the units of the
    /// variables; NaN where not measured, as in the arrays that follow.
    pub amplitude: Vec<f64>,
    /// Nats per step.
    pub lyapunov: Vec<f64>,
    /// Steps.
    pub settle: Vec<f64>,
    /// First step, from 0 to the budget, at which the loss is no more than the experiment's target; NaN where
    /// it never is. `None` without a target.
    pub reach: Option<Vec<f64>>,
    /// Mean over the attractor.
    pub loss: Vec<f64>,
    /// Largest Hessian eigenvalue, mean over the attractor.
    pub sharpness: Vec<f64>,
    /// Learning rate times sharpness; 2 is the edge of stability, with momentum too (see [`crate::analysis::edge`]); `None` if it was
    /// not asked for.
    pub edge: Option<Vec<f64>>,
    /// [`Certainty`] codes; `None` if it was not asked for.
    pub certainty: Option<Vec<u8>>,
}

impl Map {
    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.across.len()
    }

    /// Cells in a column.
    pub fn height(&self) -> usize {
        self.up.len()
    }

    /// Cells in all.
    pub fn cells(&self) -> usize {
        self.width() * self.height()
    }

    /// The numbers that a view colours by; `None` for views of classes.
    pub fn measured(&self, view: View) -> Option<&[f64]> {
        match self.array(view.array())? {
            ArrayRef::Floats(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// Whether every array has the shape that the axes give it, and every code a meaning.
    ///
    /// # Errors
    /// A message that names the array.
    pub fn check(&self) -> std::result::Result<(), String> {
        self.check_arrays(&|_| true)
    }

    /// The same for some of the arrays.
    fn check_arrays(&self, is_asked: &dyn Fn(Array) -> bool) -> std::result::Result<(), String> {
        check_axis("across", &self.across)?;
        check_axis("up", &self.up)?;
        for array in Array::ALL.into_iter().filter(|array| is_asked(*array)) {
            let length = self.array(array).map_or(self.cells(), ArrayRef::len);
            if length != self.cells() {
                let (name, height, width) = (array.name(), self.height(), self.width());
                return Err(format!("`{name}` has {length} cells, and the axes make {height} x {width}"));
            }
        }
        if let Some(code) =
            self.certainty.iter().flatten().find(|&&code| usize::from(code) >= Certainty::ALL.len())
        {
            return Err(format!("`certainty` holds {code}, which has no meaning"));
        }
        check_fates(&self.fate)?;
        check_attractors(&self.attractor)
    }

    /// Writes `map.npz`; numbers of the engine's precision are stored in it.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, precision: Precision, to: &mut (impl Write + Seek)) -> std::io::Result<()> {
        let mut archive = ZipWriter::new(to);
        let (w, h) = (self.width() as u64, self.height() as u64);
        array(&mut archive, "across", &[w], self.across.iter().copied())?;
        array(&mut archive, "up", &[h], self.up.iter().copied())?;
        for (of, numbers) in Array::ALL.into_iter().filter_map(|of| Some((of, self.array(of)?))) {
            let (to, name, shape) = (&mut archive, of.name(), &[h, w]);
            match numbers {
                ArrayRef::Codes(numbers) => array(to, name, shape, numbers.iter().copied())?,
                ArrayRef::Counts(numbers) => array(to, name, shape, numbers.iter().copied())?,
                ArrayRef::Ids(numbers) => array(to, name, shape, numbers.iter().copied())?,
                ArrayRef::Floats(numbers) if of.kind(precision) == Kind::F32 => {
                    array(to, name, shape, numbers.iter().map(|&v| v as f32))?;
                }
                ArrayRef::Floats(numbers) => array(to, name, shape, numbers.iter().copied())?,
            }
        }
        archive.finish()?;
        Ok(())
    }

    /// Reads a `map.npz`.
    ///
    /// # Errors
    /// [`Error::File`] with the array that is missing or damaged, or for a map too large for memory.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_arrays(path, |_| 1, &|_| true).map(|(map, ..)| map).map_err(failed(path))
    }

    /// Reads the rows and columns that are multiples of a number, which `every` gives for the cells across and up.
    /// Says how many these are, and the number. Of the arrays, those that are asked for are read.
    fn read_arrays(
        path: &Path,
        every: impl Fn([usize; 2]) -> usize,
        is_asked: &dyn Fn(Array) -> bool,
    ) -> std::result::Result<(Self, [usize; 2], usize), String> {
        let mut arrays = Arrays::open(path)?;
        let (mut across, mut up) = (arrays.axis("across")?, arrays.axis("up")?);
        let shape = [up.len(), across.len()];
        let every = every([across.len(), up.len()]);
        for axis in [&mut across, &mut up] {
            *axis = axis.iter().copied().step_by(every).collect();
        }
        check_memory((across.len() * up.len()) as u64, 80)?;
        let mut map = Self { across, up, ..Self::default() };
        let arrays = arrays.every(every);
        let is_there = |array: Array| !array.is_optional() || arrays.has(array.name());
        let wanted = map.arrays_mut(|array| is_asked(array) && is_there(array));
        // Each by a thread of its own; of failures the first is told of.
        let read = wanted.into_par_iter().map(|(array, to)| arrays.again()?.fill(array.name(), shape, to));
        let read: Vec<std::result::Result<(), String>> = read.collect();
        read.into_iter().collect::<std::result::Result<(), String>>()?;
        map.check_arrays(is_asked)?;
        Ok((map, [shape[1], shape[0]], every))
    }
}

/// Whether so many cells, which take so many bytes each, fit into memory.
fn check_memory(cells: u64, bytes: u64) -> std::result::Result<(), String> {
    if cells <= CELLS_IN_MEMORY {
        return Ok(());
    }
    let size = (cells * bytes).div_ceil(1 << 30);
    Err(format!(
        "holds {cells} cells, which would take {size} GiB of memory; at most {CELLS_IN_MEMORY} cells are read as a \
         whole: map the same with a smaller --size"
    ))
}

/// A reason as an error of the file.
fn failed(path: &Path) -> impl FnOnce(String) -> Error {
    // Some reasons come with pictures of the damaged text.
    move |reason| Error::file(path, reason.lines().next().unwrap_or_default())
}

/// Whether every code is a fate's.
fn check_fates(codes: &[u8]) -> std::result::Result<(), String> {
    match codes.iter().find(|&&code| Fate::from_code(code).is_none()) {
        Some(code) => Err(format!("`fate` holds {code}, which is no fate's code")),
        None => Ok(()),
    }
}

/// Whether every number is an attractor's, or -1.
fn check_attractors(numbers: &[i32]) -> std::result::Result<(), String> {
    match numbers.iter().find(|&&number| number < -1 || i64::from(number) >= CELLS_MAX as i64) {
        Some(number) => Err(format!("`attractor` holds {number}, which is no attractor's number")),
        None => Ok(()),
    }
}

/// Whether an axis has values, and they ascend.
fn check_axis(name: &str, axis: &[f64]) -> std::result::Result<(), String> {
    if axis.is_empty() {
        return Err(format!("the axis `{name}` has no values"));
    }
    if !axis.iter().all(|v| v.is_finite()) || axis.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(format!("`{name}` does not ascend"));
    }
    Ok(())
}

/// Adds an array to an `.npz`, as NumPy does.
pub(crate) fn array<T: npyz::AutoSerialize, W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    name: &str,
    shape: &[u64],
    values: impl Iterator<Item = T>,
) -> std::io::Result<()> {
    let bytes = shape.iter().product::<u64>() * size_of::<T>() as u64;
    archive.start_file(format!("{name}.npy"), options(bytes))?;
    let mut buffer = BufWriter::with_capacity(1 << 16, archive);
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut buffer).begin_nd()?;
    writer.extend(values)?;
    writer.finish()?;
    buffer.flush()
}

/// How an array that takes so many bytes is kept in an archive.
fn options(bytes: u64) -> SimpleFileOptions {
    const HEADER: u64 = 4096;
    // As NumPy's own `savez`: not compressed, which would take longer than the map. Without the time of
    // day, the same map makes the same bytes.
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(HEADER + bytes > u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Map {
        let values = |k: f64| (0..6).map(|i| k + f64::from(i) / 8.0).collect::<Vec<f64>>();
        Map {
            across: vec![0.1, 0.2, 0.3],
            up: vec![-1.0, 1.0],
            fate: vec![0, 1, 2, 3, 4, 5],
            period: vec![0, 1, 64, 0, 0, 0],
            attractor: vec![-1, 0, 1, -1, -1, -1],
            amplitude: values(1.0),
            lyapunov: values(-2.0),
            settle: vec![f64::NAN; 6],
            reach: Some(values(7.0)),
            loss: values(3.0),
            sharpness: values(4.0),
            edge: Some(values(1.5)),
            certainty: Some(vec![0, 1, 2, 3, 0, 0]),
        }
    }

    fn saved(map: &Map, precision: Precision) -> tempfile::TempPath {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        map.write(precision, &mut file).unwrap();
        file.into_temp_path()
    }

    #[test]
    fn reads_what_it_writes_in_both_precisions() {
        for precision in [Precision::F32, Precision::F64] {
            for map in [map(), Map { reach: None, ..map() }] {
                let read = Map::read(&saved(&map, precision)).unwrap();
                assert!(read.settle.iter().all(|v| v.is_nan()));
                assert_eq!(Map { settle: Vec::new(), ..read }, Map { settle: Vec::new(), ..map });
            }
        }
    }

    #[test]
    fn a_damaged_file_is_refused_with_the_reason() {
        let short = Map { loss: vec![0.0; 5], ..map() };
        let unknown = Map { fate: vec![9; 6], ..map() };
        let unsorted = Map { up: vec![1.0, -1.0], ..map() };
        for (damaged, reason) in [(short, "`loss` has 5"), (unknown, "no fate"), (unsorted, "ascend")] {
            assert!(damaged.check().unwrap_err().contains(reason));
        }
        let path = saved(&map(), Precision::F32);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let message = Map::read(&path).unwrap_err().to_string();
        assert!(message.contains("not a map"), "{message}");
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let headers = [
            ("across", "{'descr': '|S0', 'fortran_order': False, 'shape': (4611686018427387904,), }"),
            ("across", "{'descr': [], 'fortran_order': False, 'shape': (4611686018427387904,), }"),
            ("across", "{'descr': '|u1', 'fortran_order': False, 'shape': (100000000000000,), }"),
            ("loss", "{'descr': '|S0', 'fortran_order': False, 'shape': (2, 3), }"),
            ("loss", "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }"),
        ];
        for (name, header) in headers {
            let (from, mut to) = (saved(&map(), Precision::F32), tempfile::NamedTempFile::new().unwrap());
            let mut whole = zip::ZipArchive::new(std::fs::File::open(&from).unwrap()).unwrap();
            let mut archive = ZipWriter::new(&mut to);
            for k in 0..whole.len() {
                let mut entry = whole.by_index(k).unwrap();
                let file = entry.name().unwrap().into_owned();
                if file != format!("{name}.npy") {
                    archive.raw_copy_file(entry).unwrap();
                    continue;
                }
                archive.start_file(file, SimpleFileOptions::default()).unwrap();
                archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
                archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
                archive.write_all(header.as_bytes()).unwrap();
                std::io::copy(&mut entry, &mut archive).unwrap();
            }
            archive.finish().unwrap();
            let error = Map::read(to.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{header}: {error}");
        }
    }
}
