//! An array of an `.npz`, read from its first number to its last.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use bytemuck::Pod;
use npyz::{NpyHeader, Order};
use zip::{CompressionMethod, ZipArchive};

/// What the numbers of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    U8,
    U32,
    I32,
    F32,
    F64,
}

impl Number {
    const ALL: [Number; 5] = [Number::U8, Number::U32, Number::I32, Number::F32, Number::F64];

    /// Its name in an `.npz`, in quotes.
    fn descr(self) -> &'static str {
        match self {
            Number::U8 => "'|u1'",
            Number::U32 => "'<u4'",
            Number::I32 => "'<i4'",
            Number::F32 => "'<f4'",
            Number::F64 => "'<f8'",
        }
    }
}

/// An array of which some numbers have been read.
pub struct Stream {
    pub number: Number,
    pub shape: Vec<usize>,
    bytes: Hashed,
    /// Of all bytes of the array's entry in the archive.
    checksum: u32,
}

/// Bytes that are hashed as they are read.
struct Hashed {
    file: io::Take<BufReader<File>>,
    hasher: crc32fast::Hasher,
}

impl Read for Hashed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(to)?;
        self.hasher.update(&to[..count]);
        Ok(count)
    }
}

impl Stream {
    /// Opens the array `name` of the archive at `path`.
    pub fn open(path: &Path, name: &str) -> io::Result<Self> {
        let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
        let entry = archive.by_name(&format!("{name}.npy"))?;
        if entry.compression() != CompressionMethod::Stored {
            return Err(io::Error::other("is compressed; map again, or save it by numpy.savez"));
        }
        let start = entry.data_start().ok_or_else(|| io::Error::other("has no place"))?;
        let (bytes, checksum) = (entry.size(), entry.crc32());
        drop(entry);
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Hashed { file: file.take(bytes), hasher: crc32fast::Hasher::new() };
        let header = NpyHeader::from_reader(&mut bytes)?;
        let descr = header.dtype().descr();
        let number = Number::ALL.into_iter().find(|number| number.descr() == descr);
        let number = number.ok_or_else(|| io::Error::other(format!("holds {descr}, which no map does")))?;
        let shape: Vec<usize> = header.shape().iter().map(|&n| n as usize).collect();
        let size = header.dtype().num_bytes().unwrap_or(1) as u64;
        let needed = header.shape().iter().try_fold(size, |all, &n| all.checked_mul(n));
        if header.order() != Order::C || needed != Some(bytes.file.limit()) {
            return Err(io::Error::other("is not as long as its shape says, row by row"));
        }
        Ok(Self { number, shape, bytes, checksum })
    }

    /// The next `count` numbers, which are of type `T`.
    pub fn read<T: Pod>(&mut self, count: usize) -> io::Result<Vec<T>> {
        let mut numbers = vec![T::zeroed(); count];
        // Both are little-endian, as everything in a map.
        self.bytes.read_exact(bytemuck::cast_slice_mut(&mut numbers))?;
        let is_whole = || self.bytes.hasher.clone().finalize() == self.checksum;
        if self.bytes.file.limit() == 0 && !is_whole() {
            return Err(io::Error::other("an array is damaged: its checksum is another; map again"));
        }
        Ok(numbers)
    }
}
