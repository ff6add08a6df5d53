//! The arrays of a map, `map.npz`: archives that lie.

use std::fmt;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use gdscope::engine::cpu::CpuEngine;
use gdscope::experiment::{Draft, Precision};
use gdscope::map::{Drawn, Ends, Map};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::guard::{Place, fuzz};

/// An array: its name, what its file says about it, and its numbers.
#[derive(Clone)]
struct Entry {
    name: String,
    header: Vec<u8>,
    numbers: Vec<u8>,
}

#[derive(Clone)]
struct Archive(Vec<u8>);

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Drop(Index),
    Twice(Index),
    Name(Index, Index),
    Swap(Index, Index),
    Shape(Index, Index),
    Type(Index, Index),
    Order(Index),
    /// A byte of what is said about an array.
    Header(Index, Index, u8),
    /// Numbers less, or more.
    Cut(Index, Index),
    Longer(Index, u16),
    Number(Index, Index, u8),
}

/// And of the whole file.
#[derive(Clone, Debug)]
enum Lie {
    /// Something else in a header of the archive, from its start: sizes, offsets, methods, flags.
    Field(Index, u8, u64, u8),
    Byte(Index, u8),
    Cut(Index),
    Before(u8),
    After(u16),
}

const SHAPES: [&str; 15] = [
    "(4611686018427387904,)",
    "(4, 3)",
    "(3, 4)",
    "(12,)",
    "(4,)",
    "()",
    "(0, 0)",
    "(4294967295, 4294967295)",
    "(18446744073709551615, 2)",
    "(1099511627776,)",
    "(-1, 3)",
    "(4, 3, 1)",
    "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)",
    "(4.5, 3)",
    "((((",
];
const TYPES: [&str; 17] = [
    "|S0",
    "<f8",
    "<f4",
    ">f8",
    "|u1",
    "<u4",
    "<i4",
    "<c16",
    "|O",
    "|S99999999999",
    "<U4",
    "|V8",
    "<M8[ns]",
    "<f16",
    "|b1",
    "",
    "[",
];
const NAMES: [&str; 9] = [
    "fate.npy",
    "across.npy",
    "up.npy",
    "reach.npy",
    "certainty.npy",
    "../up.npy",
    "/up.npy",
    "",
    "edge.npy",
];

fn entries(precision: Precision) -> Vec<Entry> {
    let text =
        "landscape = \"f1\"\nacross = \"eta = 1 .. 4\"\nup = \"x = -5 .. 5\"\nsize = [4, 3]\ntarget = 0.1";
    let experiment = Draft::parse(text).unwrap().resolve().unwrap();
    let (map, _) = gdscope::run(&experiment, &CpuEngine::default(), false, &|_| {}).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    map.write(precision, &mut bytes).unwrap();
    let mut archive = zip::ZipArchive::new(bytes).unwrap();
    (0..archive.len())
        .map(|n| {
            let mut entry = archive.by_index(n).unwrap();
            let name = entry.name().unwrap().into_owned();
            let mut header = Vec::new();
            entry.read_to_end(&mut header).unwrap();
            let end = 10 + usize::from(u16::from_le_bytes([header[8], header[9]]));
            let numbers = header.split_off(end);
            Entry { name, header, numbers }
        })
        .collect()
}

/// A header with the value of a key replaced.
fn with_value(header: &[u8], key: &str, value: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(&header[10..]).into_owned();
    let Some(at) = text.find(key).map(|at| at + key.len()) else { return header.to_vec() };
    let end = text[at..].find(", '").map_or(text.len(), |end| at + end);
    let mut text = format!("{}{value}{}", &text[..at], &text[end..]).into_bytes();
    text.resize(header.len() - 10, b' ');
    [&header[..10], &text].concat()
}

fn edit(entries: &mut Vec<Entry>, one: &Edit) {
    let count = entries.len();
    if count == 0 {
        return;
    }
    match one {
        Edit::Drop(at) => drop(entries.remove(at.index(count))),
        Edit::Twice(at) => entries.push(entries[at.index(count)].clone()),
        Edit::Name(at, name) => entries[at.index(count)].name = NAMES[name.index(NAMES.len())].to_owned(),
        Edit::Swap(a, b) => {
            let (a, b) = (a.index(count), b.index(count));
            let name = entries[a].name.clone();
            entries[a].name = std::mem::replace(&mut entries[b].name, name);
        }
        Edit::Shape(at, shape) => {
            let entry = &mut entries[at.index(count)];
            entry.header = with_value(&entry.header, "'shape': ", SHAPES[shape.index(SHAPES.len())]);
        }
        Edit::Type(at, kind) => {
            let entry = &mut entries[at.index(count)];
            let kind = format!("'{}'", TYPES[kind.index(TYPES.len())]);
            entry.header = with_value(&entry.header, "'descr': ", &kind);
        }
        Edit::Order(at) => {
            let entry = &mut entries[at.index(count)];
            entry.header = with_value(&entry.header, "'fortran_order': ", "True");
        }
        Edit::Header(at, place, byte) => {
            let header = &mut entries[at.index(count)].header;
            let place = place.index(header.len());
            header[place] = *byte;
        }
        Edit::Cut(at, end) => {
            let numbers = &mut entries[at.index(count)].numbers;
            numbers.truncate(end.index(numbers.len() + 1));
        }
        Edit::Longer(at, more) => entries[at.index(count)].numbers.extend(vec![7; usize::from(*more)]),
        Edit::Number(at, place, byte) => {
            let numbers = &mut entries[at.index(count)].numbers;
            if !numbers.is_empty() {
                let place = place.index(numbers.len());
                numbers[place] = *byte;
            }
        }
    }
}

/// The archive, as a file; those with two entries of one name are written with other names first.
fn file(entries: &[Entry]) -> Vec<u8> {
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for Entry { name, header, numbers } in entries {
        if to.start_file(name.as_str(), stored).is_ok() {
            to.write_all(header).unwrap();
            to.write_all(numbers).unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}

fn lie(bytes: &mut Vec<u8>, one: &Lie) {
    let headers: [&[u8]; 3] = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"];
    match one {
        Lie::Field(header, at, value, size) => {
            let starts: Vec<usize> =
                (0..bytes.len().saturating_sub(4)).filter(|&k| headers.contains(&&bytes[k..k + 4])).collect();
            if !starts.is_empty() {
                let start = starts[header.index(starts.len())] + usize::from(at % 48);
                let value = value.to_le_bytes();
                let end = bytes.len().min(start + [1, 2, 4, 8][usize::from(size % 4)]);
                (start..end).zip(value).for_each(|(k, byte)| bytes[k] = byte);
            }
        }
        Lie::Byte(at, byte) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Lie::Byte(..) => {}
        Lie::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Lie::Before(count) => drop(bytes.splice(0..0, vec![b'P'; usize::from(*count)])),
        Lie::After(count) => bytes.extend(vec![0; usize::from(*count)]),
    }
}

fn archives() -> impl Strategy<Value = Archive> {
    let index = any::<Index>;
    let edits = prop_oneof![
        1 => index().prop_map(Edit::Drop),
        1 => index().prop_map(Edit::Twice),
        1 => (index(), index()).prop_map(|(a, b)| Edit::Name(a, b)),
        1 => (index(), index()).prop_map(|(a, b)| Edit::Swap(a, b)),
        4 => (index(), index()).prop_map(|(a, b)| Edit::Shape(a, b)),
        4 => (index(), index()).prop_map(|(a, b)| Edit::Type(a, b)),
        1 => index().prop_map(Edit::Order),
        3 => (index(), index(), any::<u8>()).prop_map(|(a, b, c)| Edit::Header(a, b, c)),
        1 => (index(), index()).prop_map(|(a, b)| Edit::Cut(a, b)),
        2 => (index(), any::<u16>()).prop_map(|(a, b)| Edit::Longer(a, b)),
        9 => (index(), index(), any::<u8>()).prop_map(|(a, b, c)| Edit::Number(a, b, c)),
    ];
    let value = prop_oneof![
        Just(0),
        Just(1),
        Just(8),
        Just(u64::from(u32::MAX)),
        Just(u64::from(u32::MAX) - 1),
        Just(u64::MAX),
        Just(1 << 40),
        any::<u16>().prop_map(u64::from),
        any::<u64>(),
    ];
    let lies = prop_oneof![
        8 => (index(), any::<u8>(), value, any::<u8>()).prop_map(|(a, b, c, d)| Lie::Field(a, b, c, d)),
        2 => (index(), any::<u8>()).prop_map(|(a, b)| Lie::Byte(a, b)),
        1 => index().prop_map(Lie::Cut),
        1 => any::<u8>().prop_map(Lie::Before),
        1 => any::<u16>().prop_map(Lie::After),
    ];
    let lies = prop_oneof![2 => Just(Vec::new()), 1 => vec(lies, 1..4)];
    let bases = [Precision::F32, Precision::F64].map(entries);
    (any::<Index>(), vec(edits, 0..4), lies).prop_map(move |(base, edits, lies)| {
        let mut entries = bases[base.index(bases.len())].clone();
        edits.iter().for_each(|one| edit(&mut entries, one));
        let mut bytes = file(&entries);
        lies.iter().for_each(|one| lie(&mut bytes, one));
        Archive(bytes)
    })
}

/// Whether a file is taken for a map by one of those who read it.
fn is_taken(path: &Path) -> bool {
    let (map, drawn, ends) = (Map::read(path), Drawn::read(path), Ends::read(path));
    assert_eq!(map.is_ok(), drawn.is_ok());
    map.is_ok() || ends.is_ok()
}

#[test]
fn npz_files() {
    let place = Place::new();
    fuzz(3000, archives(), |archive| is_taken(&place.file("map.npz", &archive.0)));
}
