//! Numbers at their places in a file, written and read from any thread.

use std::fs::File;
use std::io::{self, ErrorKind};

use bytemuck::Pod;

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
pub fn write_made<T, U: Pod>(
    file: &File,
    start: u64,
    first: usize,
    numbers: &[T],
    make: impl Fn(&[T], &mut [U]),
) -> io::Result<u32> {
    let together = PIECE / size_of::<U>();
    let mut made = vec![U::zeroed(); together.min(numbers.len())];
    let (mut sum, mut at) = (crc32fast::Hasher::new(), start + (first * size_of::<U>()) as u64);
    for piece in numbers.chunks(together) {
        let made = &mut made[..piece.len()];
        make(piece, made);
        let bytes = bytemuck::cast_slice(made);
        sum.update(bytes);
        write_at(file, bytes, at)?;
        at += bytes.len() as u64;
    }
    Ok(sum.finalize())
}

/// Numbers in f32, for [`write_made`].
pub fn narrow(from: &[f64], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, &x)| *to = x as f32);
}

/// Reads `count` numbers of such an array.
///
/// # Errors
/// Those of the file.
pub fn read_numbers<T: Pod>(file: &File, start: u64, first: usize, count: usize) -> io::Result<Vec<T>> {
    let mut numbers = vec![T::zeroed(); count];
    let at = start + (first * size_of::<T>()) as u64;
    read_at(file, bytemuck::cast_slice_mut(&mut numbers), at)?;
    Ok(numbers)
}

/// The same for numbers of which others are made.
///
/// # Errors
/// Those of the file.
pub fn read_made<T: Pod, U>(
    file: &File,
    start: u64,
    first: usize,
    count: usize,
    make: impl Fn(T) -> U,
) -> io::Result<Vec<U>> {
    let (mut read, mut at) = (Vec::with_capacity(count), start + (first * size_of::<T>()) as u64);
    let mut piece = vec![T::zeroed(); (PIECE / size_of::<T>()).min(count)];
    while read.len() < count {
        let piece = &mut piece[..(PIECE / size_of::<T>()).min(count - read.len())];
        let bytes = bytemuck::cast_slice_mut(piece);
        read_at(file, bytes, at)?;
        at += bytes.len() as u64;
        read.extend(piece.iter().map(|&number| make(number)));
    }
    Ok(read)
}

/// The checksum of so many bytes of a file.
///
/// # Errors
/// Those of the file.
pub fn checksum(file: &File, start: u64, bytes: usize) -> io::Result<u32> {
    let (mut sum, mut piece) = (crc32fast::Hasher::new(), vec![0; PIECE.min(bytes)]);
    for at in (0..bytes).step_by(PIECE) {
        let piece = &mut piece[..PIECE.min(bytes - at)];
        read_at(file, piece, start + at as u64)?;
        sum.update(piece);
    }
    Ok(sum.finalize())
}

fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match write_some(file, bytes, at) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => (bytes, at) = (&bytes[written..], at + written as u64),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match read_some(file, bytes, at) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => (bytes, at) = (&mut bytes[read..], at + read as u64),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn write_some(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, at)
}

/// Reads some of the bytes from a place on; none at the end of the file.
///
/// # Errors
/// Those of the file.
#[cfg(unix)]
pub fn read_some(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

#[cfg(windows)]
fn write_some(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at)
}

/// See the other.
#[cfg(windows)]
pub fn read_some(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, at)
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
        assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);
    }
}
