//! Reading the arrays of a `map.npz`, with suspicion.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;
use npyz::{AutoSerialize, Deserialize, NpyFile, NpyHeader};
use zip::ZipArchive;
use zip::result::ZipError;

use super::ArrayMut;
use super::numbers::Place;

/// Why an array cannot be had.
type Reason = String;

/// The bytes of an array, read a piece at a time.
type Bytes<'a> = BufReader<io::Take<zip::read::ZipFile<'a, Archived>>>;

/// The file, read from a place of its own.
type Archived = BufReader<Place<Arc<File>>>;

/// A `map.npz`, opened. Arrays are read as they come, so that none is in memory twice.
pub struct Arrays {
    archive: ZipArchive<Archived>,
    file: Arc<File>,
    /// Of the file: no array is larger, whatever its header says.
    bytes: u64,
    /// Of arrays of shape `[H, W]`, the rows and columns that are multiples of this are read.
    every: usize,
}

impl Arrays {
    /// Opens the file and reads its table of contents, which is at the end.
    pub fn open(path: &Path) -> Result<Self, Reason> {
        let not_a_map = |e: &dyn std::fmt::Display| format!("not a map: {e}");
        let file = File::open(path).map_err(|e| not_a_map(&e))?;
        let bytes = file.metadata().map_err(|e| not_a_map(&e))?.len();
        Self::of(Arc::new(file), bytes).map_err(|e| not_a_map(&e))
    }

    fn of(file: Arc<File>, bytes: u64) -> zip::result::ZipResult<Self> {
        let archive = ZipArchive::new(BufReader::new(Place { file: Arc::clone(&file), at: 0 }))?;
        Ok(Self { archive, file, bytes, every: 1 })
    }

    /// The same once more, for another thread.
    pub fn again(&self) -> Result<Self, Reason> {
        let again = Self::of(Arc::clone(&self.file), self.bytes).map_err(|e| format!("not a map: {e}"))?;
        Ok(again.every(self.every))
    }

    /// The same, of which only every so manieth row and column is read.
    pub fn every(self, every: usize) -> Self {
        Self { every, ..self }
    }

    /// Whether the file holds an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// The values along an axis, which are finite and ascend.
    pub fn axis(&mut self, name: &str) -> Result<Vec<f64>, Reason> {
        let values = self.read(name, None, floats)?;
        super::check_axis(name, &values)?;
        Ok(values)
    }

    /// An array of shape `[H, W]`.
    pub fn array<T: Number>(&mut self, name: &str, shape: [usize; 2]) -> Result<Vec<T>, Reason> {
        self.read(name, Some(shape), numbers::<T>)
    }

    /// Reads an array of shape `[H, W]` to its place in memory.
    pub fn fill(&mut self, name: &str, shape: [usize; 2], to: ArrayMut<'_>) -> Result<(), Reason> {
        match to {
            ArrayMut::Codes(to) => *to = self.array(name, shape)?,
            ArrayMut::Counts(to) => *to = self.array(name, shape)?,
            ArrayMut::Ids(to) => *to = self.array(name, shape)?,
            ArrayMut::Floats(to) => *to = self.read(name, Some(shape), floats)?,
        }
        Ok(())
    }

    /// Whether an array is there and says that it has the shape `[H, W]`; its values are not read.
    pub fn check_shape(&mut self, name: &str, shape: [usize; 2]) -> Result<(), Reason> {
        self.open_array(name, Some(shape)).map(drop)
    }

    fn entry(&mut self, name: &str) -> Result<zip::read::ZipFile<'_, Archived>, Reason> {
        match self.archive.by_name(&format!("{name}.npy")) {
            Err(ZipError::FileNotFound) => Err(format!("the array `{name}` is missing")),
            entry => entry.map_err(|e| format!("`{name}`: {e}")),
        }
    }

    /// Reads the header of an array and checks it; the values are next.
    fn open_array(
        &mut self,
        name: &str,
        shape: Option<[usize; 2]>,
    ) -> Result<(NpyHeader, Bytes<'_>), Reason> {
        let bytes = self.bytes;
        let entry = self.entry(name)?;
        let size = entry.size().min(bytes);
        let mut entry = BufReader::with_capacity(1 << 16, entry.take(u64::MAX));
        let header = NpyHeader::from_reader(&mut entry).map_err(|e| format!("`{name}`: {e}"))?;
        let taken = u64::MAX - entry.get_ref().limit() - entry.buffer().len() as u64;
        check_header(name, &header, shape, size.saturating_sub(taken))?;
        Ok((header, entry))
    }

    /// Reads an array with `values`, to the end, where the checksum is.
    fn read<T>(
        &mut self,
        name: &str,
        shape: Option<[usize; 2]>,
        values: Values<T>,
    ) -> Result<Vec<T>, Reason> {
        let damaged = |e: io::Error| format!("`{name}`: {e}");
        let every = self.every;
        let (header, mut bytes) = self.open_array(name, shape)?;
        let picked = match shape {
            Some([height, width]) => Picked { height, width, every },
            None => Picked { height: 1, width: header.len() as usize, every: 1 },
        };
        let values = values(header, &mut bytes, &picked).map_err(damaged)?;
        io::copy(&mut bytes, &mut io::sink()).map_err(damaged)?;
        Ok(values)
    }
}

/// The numbers of an array that are wanted: those in rows and columns that are multiples of `every`.
struct Picked {
    height: usize,
    width: usize,
    every: usize,
}

/// Reads those numbers of an array that are wanted.
type Values<T> = fn(NpyHeader, &mut dyn Read, &Picked) -> io::Result<Vec<T>>;

/// Numbers of one type.
fn numbers<T: Number>(header: NpyHeader, bytes: &mut dyn Read, picked: &Picked) -> io::Result<Vec<T>> {
    converted(header, bytes, picked, |number: T| number)
}

/// Numbers of f64 or f32.
fn floats(header: NpyHeader, bytes: &mut dyn Read, picked: &Picked) -> io::Result<Vec<f64>> {
    match header.dtype().num_bytes() {
        Some(4) => converted(header, bytes, picked, |number: f32| f64::from(number)),
        _ => numbers(header, bytes, picked),
    }
}

/// What arrays hold.
pub trait Number: Deserialize + AutoSerialize + Pod {}

impl<T: Deserialize + AutoSerialize + Pod> Number for T {}

/// What is made of numbers of one type.
fn converted<T: Number, U>(
    header: NpyHeader,
    bytes: &mut dyn Read,
    &Picked { height, width, every }: &Picked,
    convert: impl Fn(T) -> U,
) -> io::Result<Vec<U>> {
    if header.dtype() != T::default_dtype() {
        // Of another machine, or another type, which is an error.
        let mut values = Vec::new();
        let all = NpyFile::with_header(header, bytes).data::<T>().map_err(io::Error::other)?;
        let is_picked = |k: usize| (k / width).is_multiple_of(every) && (k % width).is_multiple_of(every);
        for (_, number) in all.enumerate().filter(|(k, _)| is_picked(*k)) {
            values.push(convert(number?));
        }
        return Ok(values);
    }
    let mut values = Vec::with_capacity(height.div_ceil(every) * width.div_ceil(every));
    let mut row = vec![T::zeroed(); width];
    for i in 0..height {
        bytes.read_exact(bytemuck::cast_slice_mut(&mut row))?;
        if i.is_multiple_of(every) {
            values.extend(row.iter().step_by(every).map(|&number| convert(number)));
        }
    }
    Ok(values)
}

/// Whether an array has the shape `[H, W]`, row by row, or is a list where `shape` is `None`; and whether
/// the `bytes` after its header hold it.
fn check_header(name: &str, array: &NpyHeader, shape: Option<[usize; 2]>, bytes: u64) -> Result<(), Reason> {
    let written = array.shape();
    let text = || written.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
    match shape {
        None if written.len() != 1 => return Err(format!("`{name}` has shape {}, and is no list", text())),
        Some([height, width]) if written != [height as u64, width as u64] => {
            return Err(format!("`{name}` has shape {}, and the axes make {height} x {width}", text()));
        }
        Some(_) if array.order() != npyz::Order::C => {
            return Err(format!("`{name}` is not stored row by row"));
        }
        _ => {}
    }
    // Numbers take at least a byte each, whatever a header says.
    let item = array.dtype().num_bytes().unwrap_or(1).max(1) as u64;
    match array.len().checked_mul(item) {
        Some(needed) if needed <= bytes => Ok(()),
        _ => Err(format!("`{name}` is shorter than its shape {} says", text())),
    }
}
