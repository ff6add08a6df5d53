//! A `map.npz` that is written in place: arrays of known sizes, not compressed, have known places in the file.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytemuck::Pod;
use npyz::{AutoSerialize, WriterBuilder};
use zip::{ZipArchive, ZipWriter};

use super::numbers::{checksum, narrow, read_made, read_numbers, write_made, write_numbers};
use super::{CERTAINTY, FLOATS, OPTIONAL, options};
use crate::experiment::{Experiment, Precision};
use crate::view::View;

/// Bytes that are read and written at a time.
const PIECE: usize = 1 << 20;

/// What the numbers of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    U8,
    U32,
    I32,
    F32,
    F64,
}

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
        let float = match experiment.precision {
            Precision::F32 => Kind::F32,
            Precision::F64 => Kind::F64,
        };
        let [width, height] = experiment.size.map(u64::from);
        let cells = vec![height, width];
        let mut arrays = vec![("across", Kind::F64, vec![width]), ("up", Kind::F64, vec![height])];
        let mut of_cells = |name, kind| arrays.push((name, kind, cells.clone()));
        of_cells("fate", Kind::U8);
        of_cells("period", Kind::U32);
        of_cells("attractor", Kind::I32);
        if experiment.certain {
            of_cells(CERTAINTY, Kind::U8);
        }
        // Step numbers have more digits than f32.
        FLOATS.into_iter().for_each(|name| of_cells(name, if name == "settle" { Kind::F64 } else { float }));
        let asked = [experiment.target.is_some(), experiment.show.contains(&View::Edge)];
        OPTIONAL.into_iter().zip(asked).filter(|(_, is)| *is).for_each(|(name, _)| of_cells(name, float));
        let (mut slots, mut end) = (Vec::new(), 0);
        for (name, kind, shape) in arrays {
            let (header, size) = match kind {
                Kind::U8 => (header::<u8>(&shape)?, 1),
                Kind::U32 => (header::<u32>(&shape)?, 4),
                Kind::I32 => (header::<i32>(&shape)?, 4),
                Kind::F32 => (header::<f32>(&shape)?, 4),
                Kind::F64 => (header::<f64>(&shape)?, 8),
            };
            let bytes = size * shape.iter().product::<u64>();
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

    /// Whether the map has an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.slot(name).is_ok()
    }

    /// Writes numbers of an array, from number `first` on, and gives their checksum.
    ///
    /// # Errors
    /// Those of the file.
    pub fn put<T: Pod>(&self, file: &File, name: &str, first: usize, numbers: &[T]) -> io::Result<u32> {
        write_numbers(file, self.slot(name)?.start, first, numbers)
    }

    /// The same for measured numbers, which the array may hold in f32.
    pub fn put_floats(&self, file: &File, name: &str, first: usize, numbers: &[f64]) -> io::Result<u32> {
        match self.slot(name)?.kind {
            Kind::F32 => write_made(file, self.slot(name)?.start, first, numbers, narrow),
            _ => self.put(file, name, first, numbers),
        }
    }

    /// The checksum of `count` numbers of an array, from number `first` on.
    ///
    /// # Errors
    /// Those of the file.
    pub fn checksum(&self, file: &File, name: &str, first: usize, count: usize) -> io::Result<u32> {
        let slot = self.slot(name)?;
        let size = match slot.kind {
            Kind::U8 => 1,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::F64 => 8,
        };
        checksum(file, slot.start + (first * size) as u64, count * size)
    }

    /// Reads `count` numbers of an array, from number `first` on.
    ///
    /// # Errors
    /// Those of the file.
    pub fn get<T: Pod>(&self, file: &File, name: &str, first: usize, count: usize) -> io::Result<Vec<T>> {
        read_numbers(file, self.slot(name)?.start, first, count)
    }

    /// The same for measured numbers.
    pub fn get_floats(&self, file: &File, name: &str, first: usize, count: usize) -> io::Result<Vec<f64>> {
        match self.slot(name)?.kind {
            Kind::F32 => read_made::<f32, f64>(file, self.slot(name)?.start, first, count, f64::from),
            _ => self.get(file, name, first, count),
        }
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
