//! What has been done of a map, line by line: a checksum and JSON.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::analysis::Attractor;
use crate::error::{Error, Result};
use crate::picture::Style;
use crate::run::Work;

/// What a map was begun with, and has to be gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    pub version: String,
    /// `gpu` or `cpu`, and the device's name.
    pub engine: String,
    pub name: String,
    /// What of the device decides about bits, in words.
    pub device: String,
    /// The experiment as it is written down, and a checksum of its data.
    pub experiment: String,
    pub data: u32,
    /// Rows of a tile.
    pub tile: u32,
    /// Whether a sample is computed again in f64.
    pub check: bool,
    /// Attractors that have their numbers already.
    pub known: Option<Vec<Attractor>>,
    pub style: Style,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// The first line.
    Begun(Box<Begun>),
    /// A tile is on the disk; `row` is its first, and `sum` the checksum of its numbers.
    Tile { row: usize, work: Work, sum: u32 },
    /// All files are on the disk: what remains is to give these their names, and to remove the stale ones.
    Whole { names: Vec<String>, stale: Vec<String> },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Begins a journal.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path).map_err(Error::write(path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Reads a journal and goes on with it, after its last whole line.
    ///
    /// # Errors
    /// As [`Journal::read`], and [`Error::Write`].
    pub fn open(path: &Path) -> Result<(Self, Vec<Entry>)> {
        let (entries, whole) = Self::read_whole(path)?;
        // Not to append: Windows cuts no file that is open for that.
        let opened = File::options().write(true).open(path).and_then(|mut file| {
            file.set_len(whole)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        Ok((Self { path: path.to_owned(), file: opened.map_err(Error::write(path))? }, entries))
    }

    /// Reads a journal, to which another process may be writing. A line that has not been written to its end does
    /// not count.
    ///
    /// # Errors
    /// [`Error::File`] for a damaged one.
    pub fn read(path: &Path) -> Result<Vec<Entry>> {
        Self::read_whole(path).map(|(entries, _)| entries)
    }

    /// The entries, and the bytes of whole lines.
    fn read_whole(path: &Path) -> Result<(Vec<Entry>, u64)> {
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        for (number, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
            entries.push(read(line).ok_or_else(|| {
                let message = format!(
                    "line {} is damaged, so that it is not known what has been done; delete {} and map again",
                    number + 1,
                    path.parent().unwrap_or(path).display()
                );
                Error::file(path, message)
            })?);
        }
        Ok((entries, whole as u64))
    }

    /// Adds a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn add(&mut self, entry: &Entry) -> Result<()> {
        let text = serde_json::to_string(entry).expect("an entry has no keys but strings");
        let line = format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()));
        let written: io::Result<()> =
            self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(Error::write(&self.path))
    }
}

/// A line's entry; `None` if it is damaged.
fn read(line: &[u8]) -> Option<Entry> {
    let (sum, text) = std::str::from_utf8(line).ok()?.trim_end_matches('\n').split_once(' ')?;
    let holds = sum.len() == 8 && u32::from_str_radix(sum, 16) == Ok(crc32fast::hash(text.as_bytes()));
    serde_json::from_str(text).ok().filter(|_| holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_when_it_is_whole() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("journal");
        let tile = |row: usize| Entry::Tile { row, work: Work::default(), sum: 0x1234_5678 };
        let mut journal = Journal::create(&path).unwrap();
        (0..3).for_each(|row| journal.add(&tile(row)).unwrap());
        let whole = std::fs::read(&path).unwrap();
        let line = whole.len() / 3;
        for cut in 2 * line..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(Journal::read(&path).unwrap(), [tile(0), tile(1)]);
            assert_eq!(std::fs::read(&path).unwrap(), whole[..cut], "reading changes nothing");
            let (mut journal, entries) = Journal::open(&path).unwrap();
            assert_eq!(entries, [tile(0), tile(1)]);
            journal.add(&tile(7)).unwrap();
            assert_eq!(Journal::open(&path).unwrap().1, [tile(0), tile(1), tile(7)]);
        }
        // Every other damage is found, wherever it is.
        for at in 0..whole.len() - 1 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            let error = Journal::open(&path).unwrap_err();
            assert!(error.is_request() && error.to_string().contains("is damaged"), "{at}: {error}");
        }
    }
}
