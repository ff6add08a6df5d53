//! A `map.npz` that is written in place: arrays of known sizes, not compressed, have known places in the file.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytemuck::Pod;
use npyz::{AutoSerialize, WriterBuilder};
use zip::{ZipArchive, ZipWriter};

use super::numbers::{checksum, read_floats, read_numbers, write_array, write_numbers};
use super::{Array, ArrayRef, Kind, options};
use crate::experiment::Experiment;

/// Bytes that are read and written at a time.
const PIECE: usize = 1 << 20;

/// An array and its place in the file.
#[derive(Clone, Debug)]
struct Slot {
    name: &'static str,
    kind: Kind,
    /// What the array begins with: its type and shape.
    header: Vec<u8>,
    /// Where its numbers begin, and how many bytes they take.
    start: u64,
    bytes: u64,
}

/// The places of the arrays of a map. The file that they make is the one that [`super::Map::write`] writes.
#[derive(Clone, Debug)]
pub struct Layout {
    slots: Vec<Slot>,
}

impl Layout {
    /// That of an experiment's map.
    ///
    /// # Errors
    /// None that the file system could cause.
    pub fn new(experiment: &Experiment) -> io::Result<Self> {
        let [width, height] = experiment.size.map(u64::from);
        let axes = [("across", Kind::F64, vec![width]), ("up", Kind::F64, vec![height])];
        let arrays = Array::ALL.into_iter().filter(|array| array.is_asked(experiment));
        let arrays =
            arrays.map(|array| (array.name(), array.kind(experiment.precision), vec![height, width]));
        let (mut slots, mut end) = (Vec::new(), 0);
        for (name, kind, shape) in axes.into_iter().chain(arrays) {
            let header = match kind {
                Kind::U8 => header::<u8>(&shape)?,
                Kind::U32 => header::<u32>(&shape)?,
                Kind::I32 => header::<i32>(&shape)?,
                Kind::F32 => header::<f32>(&shape)?,
                Kind::F64 => header::<f64>(&shape)?,
            };
            let bytes = kind.size() as u64 * shape.iter().product::<u64>();
            let start = end + entry_header(name, bytes)? + header.len() as u64;
            end = start + bytes;
            slots.push(Slot { name, kind, header, start, bytes });
        }
        Ok(Self { slots })
    }

    /// Where the last array ends; the archive's table of contents follows.
    pub fn end(&self) -> u64 {
        self.slots.last().map_or(0, |slot| slot.start + slot.bytes)
    }

    fn slot(&self, name: &str) -> io::Result<&Slot> {
        let found = self.slots.iter().find(|slot| slot.name == name);
        found.ok_or_else(|| io::Error::other(format!("the map has no array `{name}`")))
    }

    /// Whether the map has an array.
    pub fn has(&self, array: Array) -> bool {
        self.slot(array.name()).is_ok()
    }

    /// Writes the values along an axis.
    ///
    /// # Errors
    /// Those of the file.
    pub fn put_axis(&self, file: &File, name: &str, values: &[f64]) -> io::Result<()> {
        write_numbers(file, self.slot(name)?.start, 0, values).map(drop)
    }

    /// Writes numbers of an array, from number `first` on, and gives their checksum.
    ///
    /// # Errors
    /// Those of the file.
    pub fn put(&self, file: &File, array: Array, first: usize, numbers: ArrayRef<'_>) -> io::Result<u32> {
        let &Slot { kind, start, .. } = self.slot(array.name())?;
        write_array(file, kind, start, first, numbers)
    }

    /// The checksum of `count` numbers of an array, from number `first` on.
    ///
    /// # Errors
    /// Those of the file.
    pub fn checksum(&self, file: &File, array: Array, first: usize, count: usize) -> io::Result<u32> {
        let slot = self.slot(array.name())?;
        let size = slot.kind.size();
        checksum(file, slot.start + (first * size) as u64, count * size)
    }

    /// Reads `count` numbers of an array, from number `first` on.
    ///
    /// # Errors
    /// Those of the file.
    pub fn get<T: Pod>(&self, file: &File, array: Array, first: usize, count: usize) -> io::Result<Vec<T>> {
        read_numbers(file, self.slot(array.name())?.start, first, count)
    }

    /// The same for measured numbers.
    pub fn get_floats(&self, file: &File, array: Array, first: usize, count: usize) -> io::Result<Vec<f64>> {
        let &Slot { kind, start, .. } = self.slot(array.name())?;
        read_floats(file, kind, start, first, count)
    }

    /// Makes an archive of the file, whose arrays are all in their places: writes what is between and after them.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(&self, path: &Path) -> io::Result<()> {
        let (mut from, to) = (File::open(path)?, File::options().write(true).open(path)?);
        let is_there = Cell::new(false);
        let mut archive = ZipWriter::new(Over { file: &to, is_there: &is_there });
        let mut piece = vec![0; PIECE];
        for slot in &self.slots {
            archive.start_file(format!("{}.npy", slot.name), options(slot.bytes))?;
            archive.write_all(&slot.header)?;
            from.seek(SeekFrom::Start(slot.start))?;
            let mut left = slot.bytes;
            is_there.set(true);
            while left > 0 {
                let piece = &mut piece[..left.min(PIECE as u64) as usize];
                from.read_exact(piece)?;
                archive.write_all(piece)?;
                left -= piece.len() as u64;
            }
            is_there.set(false);
        }
        archive.finish()?;
        Ok(())
    }
}

/// A file that some of what is written to is in already: that is passed over.
struct Over<'a> {
    file: &'a File,
    is_there: &'a Cell<bool>,
}

impl Write for Over<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_there.get() {
            return self.file.write(bytes);
        }
        self.file.seek(SeekFrom::Current(bytes.len() as i64))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Over<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// What an array of this shape begins with.
fn header<T: AutoSerialize>(shape: &[u64]) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    // Dropped without its numbers, the writer leaves the header.
    drop(npyz::WriteOptions::<T>::new().default_dtype().shape(shape).writer(&mut header).begin_nd()?);
    Ok(header)
}

/// Bytes of what an archive puts in front of an array.
fn entry_header(name: &str, bytes: u64) -> io::Result<u64> {
    let mut empty = ZipWriter::new(Cursor::new(Vec::new()));
    empty.start_file(format!("{name}.npy"), options(bytes))?;
    let mut empty = ZipArchive::new(empty.finish()?)?;
    let entry = empty.by_index(0)?;
    entry.data_start().ok_or_else(|| io::Error::other("an entry without a place"))
}
