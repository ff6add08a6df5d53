//! Numbers at their places in a file, written and read from any thread.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Deref;

use bytemuck::Pod;

use super::{ArrayRef, Kind};

/// Bytes that are written and read at a time: they stay in the cache from one use to the next.
const PIECE: usize = 1 << 18;

/// Writes numbers to an array that begins at a byte of a file, from number `first` on, and gives their checksum.
///
/// # Errors
/// Those of the file.
pub fn write_numbers<T: Pod>(file: &File, start: u64, first: usize, numbers: &[T]) -> io::Result<u32> {
    write_made(file, start, first, numbers, |piece: &[T], bytes| bytes.copy_from_slice(piece))
}

/// The same for numbers that are made into others as they are written.
///
/// # Errors
/// Those of the file.
fn write_made<T, U: Pod>(
    file: &File,
    start: u64,
    first: usize,
    numbers: &[T],
    make: impl Fn(&[T], &mut [U]),
) -> io::Result<u32> {
    let together = PIECE / size_of::<U>();
    let mut made = vec![U::zeroed(); together.min(numbers.len())];
    let (mut sum, mut to) = (crc32fast::Hasher::new(), Place::number::<U>(file, start, first));
    for piece in numbers.chunks(together) {
        let made = &mut made[..piece.len()];
        make(piece, made);
        let bytes = bytemuck::cast_slice(made);
        sum.update(bytes);
        to.write_all(bytes)?;
    }
    Ok(sum.finalize())
}

/// The same for numbers of a map's array, stored as `kind`.
///
/// # Errors
/// Those of the file.
pub fn write_array(
    file: &File,
    kind: Kind,
    start: u64,
    first: usize,
    numbers: ArrayRef<'_>,
) -> io::Result<u32> {
    match numbers {
        ArrayRef::Codes(numbers) => write_numbers(file, start, first, numbers),
        ArrayRef::Counts(numbers) => write_numbers(file, start, first, numbers),
        ArrayRef::Ids(numbers) => write_numbers(file, start, first, numbers),
        ArrayRef::Floats(numbers) if kind == Kind::F32 => write_made(file, start, first, numbers, narrow),
        ArrayRef::Floats(numbers) => write_numbers(file, start, first, numbers),
    }
}

/// Numbers in f32, for [`write_made`].
fn narrow(from: &[f64], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = x as f32);
}

/// Reads `count` numbers of such an array.
///
/// # Errors
/// Those of the file.
pub fn read_numbers<T: Pod>(file: &File, start: u64, first: usize, count: usize) -> io::Result<Vec<T>> {
    let mut numbers = vec![T::zeroed(); count];
    Place::number::<T>(file, start, first).read_exact(bytemuck::cast_slice_mut(&mut numbers))?;
    Ok(numbers)
}

/// The same for numbers of which others are made.
///
/// # Errors
/// Those of the file.
fn read_made<T: Pod, U>(
    file: &File,
    start: u64,
    first: usize,
    count: usize,
    make: impl Fn(T) -> U,
) -> io::Result<Vec<U>> {
    let (mut read, mut from) = (Vec::with_capacity(count), Place::number::<T>(file, start, first));
    let mut piece = vec![T::zeroed(); (PIECE / size_of::<T>()).min(count)];
    while read.len() < count {
        let piece = &mut piece[..(PIECE / size_of::<T>()).min(count - read.len())];
        from.read_exact(bytemuck::cast_slice_mut(piece))?;
        read.extend(piece.iter().map(|&number| make(number)));
    }
    Ok(read)
}

/// Reads floats of a map's array, stored as `kind`.
///
/// # Errors
/// Those of the file.
pub fn read_floats(file: &File, kind: Kind, start: u64, first: usize, count: usize) -> io::Result<Vec<f64>> {
    match kind {
        Kind::F32 => read_made::<f32, f64>(file, start, first, count, f64::from),
        _ => read_numbers(file, start, first, count),
    }
}

/// The checksum of so many bytes of a file.
///
/// # Errors
/// Those of the file.
pub fn checksum(file: &File, start: u64, bytes: usize) -> io::Result<u32> {
    let (mut sum, mut piece) = (crc32fast::Hasher::new(), vec![0; PIECE.min(bytes)]);
    let mut from = Place { file, at: start };
    for at in (0..bytes).step_by(PIECE) {
        let piece = &mut piece[..PIECE.min(bytes - at)];
        from.read_exact(piece)?;
        sum.update(piece);
    }
    Ok(sum.finalize())
}

/// A place in a file, from which on is written or read; others have places of their own.
pub struct Place<F> {
    pub file: F,
    pub at: u64,
}

impl<'a> Place<&'a File> {
    /// That of number `first` of an array that begins at a byte.
    fn number<T>(file: &'a File, start: u64, first: usize) -> Self {
        Self { file, at: start + (first * size_of::<T>()) as u64 }
    }
}

impl<F: Deref<Target = File>> Write for Place<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(&*self.file, bytes, self.at)?;
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(&*self.file, bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.file).flush()
    }
}

impl<F: Deref<Target = File>> Read for Place<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, bytes, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, bytes, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<F: Deref<Target = File>> Seek for Place<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(by) => (self.file.metadata()?.len(), by),
            SeekFrom::Current(by) => (self.at, by),
        };
        self.at = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let file = tempfile::tempfile().unwrap();
        let numbers: Vec<f64> = (0..200_000).map(|k| f64::from(k) / 3.0).collect();
        let sum = write_made(&file, 3, 1, &numbers, narrow).unwrap();
        let single: Vec<f32> = numbers.iter().map(|&x| x as f32).collect();
        assert_eq!(read_numbers::<f32>(&file, 3, 1, numbers.len()).unwrap(), single);
        assert_eq!(
            read_made(&file, 3, 1, 150_000, f64::from as fn(f32) -> f64).unwrap()[149_999],
            f64::from(single[149_999])
        );
        assert_eq!(checksum(&file, 7, 4 * numbers.len()).unwrap(), sum);
        assert_eq!(crc32fast::hash(bytemuck::cast_slice(&single)), sum);
        assert_eq!(
            write_numbers(&file, 0, 0, &single[..70_000]).unwrap(),
            checksum(&file, 0, 280_000).unwrap()
        );
        let beyond = read_numbers::<f64>(&file, 0, 200_000, 1).unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
    }
}
