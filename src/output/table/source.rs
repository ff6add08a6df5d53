//! What an `.npz` holds: its arrays, their shapes, and what their sides stand for.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::stream::{Number, Stream};
use crate::error::{Error, Result};
use crate::experiment::{Draft, PICTURE_KEYWORD};
use crate::output::{MAP, STACK, phase};

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Map,
    Stack,
    Phase,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Map, Kind::Stack, Kind::Phase];

    /// The file of its arrays.
    pub fn file(self) -> &'static str {
        match self {
            Kind::Map => MAP,
            Kind::Stack => STACK,
            Kind::Phase => phase::ARRAYS,
        }
    }

    /// The same without its ending.
    pub fn stem(self) -> &'static str {
        self.file().trim_end_matches(".npz")
    }
}

/// A side of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Frame,
    Up,
    Across,
    /// Bins of a phase diagram, and their edges, one more.
    Bin,
    Edge,
    /// The basins in a stack's fractions, and its cells without attractor by fate.
    Basin,
    Ending,
}

/// An array.
#[derive(Clone, Debug)]
pub(super) struct Array {
    /// Its name in the file.
    pub name: String,
    /// Its name in a table: for an axis, that of its quantity.
    pub label: String,
    pub number: Number,
    pub shape: Vec<usize>,
    /// As many as the shape has numbers.
    pub sides: Vec<Side>,
}

/// The arrays of a result.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub kind: Kind,
    pub(super) path: PathBuf,
    pub(super) arrays: Vec<Array>,
    /// What the result says about itself, as pairs of keyword and text.
    pub texts: [(&'static str, String); 2],
}

impl Source {
    /// The arrays in the file at `path`, which `draft` describes.
    ///
    /// # Errors
    /// [`Error::File`] with the array that is damaged.
    pub fn new(kind: Kind, path: &Path, draft: &Draft) -> Result<Self> {
        let arrays = arrays(kind, path, draft).map_err(|reason| Error::file(path, reason))?;
        let software = format!("gdscope {}", env!("CARGO_PKG_VERSION"));
        let texts = [("Software", software), (PICTURE_KEYWORD, draft.to_toml())];
        Ok(Self { kind, path: path.to_owned(), arrays, texts })
    }

    /// Rows of a table of its cells.
    pub fn rows(&self) -> usize {
        self.lengths().into_iter().product()
    }

    /// How many frames there are, rows of cells in each, and cells in a row.
    pub(super) fn lengths(&self) -> [usize; 3] {
        let length = |side: Side| {
            let found = self.arrays.iter().find_map(|array| {
                let place = array.sides.iter().position(|other| *other == side)?;
                Some(array.shape[place])
            });
            found.unwrap_or(1)
        };
        let up = if self.kind == Kind::Phase { Side::Bin } else { Side::Up };
        [length(Side::Frame), length(up), length(Side::Across)]
    }

    /// What a side is called: as the array of its values, if every frame has the same.
    pub(super) fn side_name(&self, side: Side) -> String {
        let label = |name: &str| {
            let axis = self.arrays.iter().find(|array| array.name == name && array.shape.len() == 1);
            axis.map_or(name.to_owned(), |axis| axis.label.clone())
        };
        match side {
            Side::Frame => label("frames"),
            Side::Up => label("up"),
            Side::Across => label("across"),
            Side::Bin => "bin".to_owned(),
            Side::Edge => "edge".to_owned(),
            Side::Basin => "basin".to_owned(),
            Side::Ending => "ending".to_owned(),
        }
    }
}

fn arrays(kind: Kind, path: &Path, draft: &Draft) -> std::result::Result<Vec<Array>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|e| format!("not a map: {e}"))?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(|e| e.to_string())?;
        names.extend(name.strip_suffix(".npy").map(str::to_owned));
    }
    let quantity = |axis: &Option<String>| Some(axis.as_ref()?.split_once('=')?.0.trim().to_owned());
    // A name becomes that of a folder.
    if let Some(name) = names.iter().find(|name| !is_word(name)) {
        return Err(format!("holds an array `{}`, which no result has", name.escape_debug()));
    }
    let quantities = [
        ("across", quantity(&draft.across)),
        ("up", quantity(&draft.up)),
        ("frames", quantity(&draft.sweep).or_else(|| (kind == Kind::Stack).then(|| "zoom".to_owned()))),
    ];
    let label = |name: &str| {
        let quantity = |(of, quantity): &(&str, Option<String>)| quantity.clone().filter(|_| *of == name);
        let own = quantities.iter().find_map(quantity);
        // To some file systems small and capital letters are the same.
        let is_taken = |label: &String| {
            let others =
                quantities.iter().filter(|(of, _)| *of != name).filter_map(|(_, label)| label.as_ref());
            names.iter().chain(others).any(|other| other.eq_ignore_ascii_case(label))
        };
        own.filter(|label| is_word(label) && !is_taken(label) && !is_device(label))
            .unwrap_or_else(|| name.to_owned())
    };
    let mut arrays = Vec::new();
    for name in &names {
        let stream = Stream::open(path, name).map_err(|e| format!("`{name}`: {e}"))?;
        let sides = sides(kind, name, stream.shape.len());
        if sides.len() != stream.shape.len() {
            return Err(format!("`{name}` has {} sides, and not {}", stream.shape.len(), sides.len()));
        }
        arrays.push(Array {
            name: name.clone(),
            label: label(name),
            number: stream.number,
            shape: stream.shape,
            sides,
        });
    }
    check(&arrays)?;
    Ok(arrays)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether Windows takes the name of a file for a device.
fn is_device(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let numbered = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    ["con", "prn", "aux", "nul"].contains(&name.as_str())
        || numbered
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What the sides of an array stand for.
fn sides(kind: Kind, name: &str, count: usize) -> Vec<Side> {
    use Side::{Across, Basin, Bin, Edge, Ending, Frame, Up};
    match (kind, name) {
        (Kind::Stack, "across") if count == 2 => vec![Frame, Across],
        (Kind::Stack, "up") if count == 2 => vec![Frame, Up],
        (_, "across") => vec![Across],
        (_, "up") => vec![Up],
        (Kind::Map, _) => vec![Up, Across],
        (Kind::Stack, "frames") => vec![Frame],
        (Kind::Stack, "fractions") => vec![Frame, Basin],
        (Kind::Stack, "fraction_ids") => vec![Basin],
        (Kind::Stack, "fractions_without") => vec![Frame, Ending],
        (Kind::Stack, _) => vec![Frame, Up, Across],
        (Kind::Phase, "edges") => vec![Edge],
        (Kind::Phase, "counts") => vec![Bin, Across],
        (Kind::Phase, _) => vec![Across],
    }
}

/// Whether sides that stand for the same are equally long.
fn check(arrays: &[Array]) -> std::result::Result<(), String> {
    let mut known: Vec<(Side, usize, &str)> = Vec::new();
    let sides = arrays.iter().flat_map(|array| {
        array
            .sides
            .iter()
            .copied()
            .zip(array.shape.iter().copied())
            .map(move |(side, n)| (side, n, &*array.name))
    });
    let bins = |(side, n, name)| match side {
        Side::Edge => (Side::Bin, n - 1, name),
        side => (side, n, name),
    };
    for (side, length, name) in sides.filter(|(side, n, _)| (*side, *n) != (Side::Edge, 0)).map(bins) {
        match known.iter().find(|(other, ..)| *other == side) {
            None => known.push((side, length, name)),
            Some((_, other, _)) if *other == length => {}
            Some((_, other, first)) => {
                return Err(format!("`{name}` has {length} where `{first}` has {other}"));
            }
        }
    }
    Ok(())
}
