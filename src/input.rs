//! Files from outside: read up to a limit, and found where they may be.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// Most bytes of a text that is parsed: every number of the largest data fits, and what is made of the text stays
/// below 1 GiB.
pub const TEXT_MAX: u64 = 32 << 20;
/// Most bytes of a picture or of a table.
pub const FILE_MAX: u64 = 256 << 20;

/// Reads a file of at most so many bytes.
///
/// # Errors
/// Those of the file, and for a longer one.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Not by what its metadata says: some files have no end.
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(too_large(most))),
        false => Ok(bytes),
    }
}

/// Reads a text of at most [`TEXT_MAX`] bytes.
///
/// # Errors
/// As [`read`], and for other bytes than UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path, TEXT_MAX)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8 text"))
}

/// Whether TOML is of a kind whose parser stays below 1 GiB: it takes up to 170 bytes for a sign, whatever stands
/// between.
///
/// # Errors
/// A message with the remedy.
pub fn check_toml(text: &str) -> Result<(), String> {
    const SIGNS: usize = 1 << 22;
    if text.len() as u64 > TEXT_MAX {
        return Err(too_large(TEXT_MAX));
    }
    let is_sign = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-+_".contains(byte);
    match text.bytes().filter(|byte| is_sign(byte)).count() {
        0..=SIGNS => Ok(()),
        _ => Err(format!(
            "the file holds more than {SIGNS} signs between names and numbers; give fewer rows of data"
        )),
    }
}

/// What is said of a file that is too large.
pub fn too_large(most: u64) -> String {
    format!("the file is larger than {} MiB, the most that is read", most >> 20)
}

/// Where a file is that another one in `folder` names: in that folder or in one below it.
///
/// # Errors
/// A message for every other place, whether it is named as such or a link leads there.
pub fn beside(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_below = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = folder.join(name);
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let leads_away = match (here.canonicalize(), path.canonicalize()) {
        (Ok(here), Ok(path)) => !path.starts_with(here),
        // What is missing is said when it is read.
        _ => false,
    };
    if leads_away || !Path::new(name).components().all(is_below) {
        return Err(format!(
            "data: `{name}` is not beside the file that names it; put it into the same folder or one below, or give it \
             by --data PATH"
        ));
    }
    Ok(path)
}
