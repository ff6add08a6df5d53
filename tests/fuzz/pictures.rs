//! Pictures that carry an experiment in their metadata.

use std::fmt;
use std::path::Path;

use gdscope::experiment::Draft;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::guard::{Place, fuzz, measured};

#[derive(Clone)]
struct Picture(Vec<u8>);

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes: {}", self.0.len(), self.0[..self.0.len().min(3000)].escape_ascii())
    }
}

type Chunk = ([u8; 4], Vec<u8>);

#[derive(Clone, Debug)]
enum Edit {
    Drop(Index),
    Twice(Index, u8),
    Swap(Index, Index),
    /// A chunk of another kind, its content that of one which is there.
    Kind(Index, Index),
    Insert(Index, Index, Vec<u8>),
    Byte(Index, Index, u8),
    Cut(Index, Index),
    /// The experiment compressed, so many times its length in spaces.
    Bomb(u16),
}

/// And of the whole file.
#[derive(Clone, Debug)]
enum Lie {
    Length(Index, u32),
    Byte(Index, u8),
    Cut(Index),
}

const KINDS: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"tRNS", b"gAMA", b"acTL",
    b"fcTL", b"fdAT", b"pHYs", b"eXIf", b"sRGB", b"abcd", b"ABCD",
];

const EXPERIMENT: &str =
    "landscape = \"f1\"\nacross = \"x = -1 .. 1\"\nup = \"eta = 0.5 .. 3\"\nsize = [8, 8]\n";

/// A picture as it is written, its experiment compressed or not.
fn picture(compressed: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 5, 4);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_itxt_chunk("Title".to_owned(), "a map".to_owned()).unwrap();
    if !compressed {
        encoder.add_itxt_chunk("Experiment".to_owned(), EXPERIMENT.to_owned()).unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    if compressed {
        let mut chunk = png::text_metadata::ITXtChunk::new("Experiment", EXPERIMENT);
        chunk.compressed = true;
        writer.write_text_chunk(&chunk).unwrap();
    }
    writer.write_image_data(&[77; 60]).unwrap();
    writer.finish().unwrap();
    bytes
}

fn chunks(png: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut at = 8;
    while at + 12 <= png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        chunks.push((png[at + 4..at + 8].try_into().unwrap(), png[at + 8..at + 8 + length].to_vec()));
        at += 12 + length;
    }
    chunks
}

fn file(chunks: &[Chunk]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks {
        let named = [&kind[..], content].concat();
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(&named);
        bytes.extend(crc32fast::hash(&named).to_be_bytes());
    }
    bytes
}

/// A zlib stream that expands to `258 * count + 1` spaces: one, and copies of it.
fn bomb(count: usize) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0u64, 0, vec![0x78, 0x01]);
    let mut put = |code: u64, length: u32, bytes: &mut Vec<u8>| {
        bits |= code << held;
        held += length;
        while held >= 8 {
            bytes.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    };
    // The last block, of fixed codes; codes are written from their highest bit on.
    put(0b011, 3, &mut bytes);
    put(u64::from((0x30u8 + b' ').reverse_bits()), 8, &mut bytes);
    for _ in 0..count {
        // Length 258, distance 1.
        put(u64::from(0b1100_0101u8.reverse_bits()), 8, &mut bytes);
        put(0, 5, &mut bytes);
    }
    put(0, 7 + 8, &mut bytes);
    // Adler's checksum of n bytes c: 1 + nc, and the sum of 1 + kc for k from 1 to n.
    let (n, c) = (258 * count as u128 + 1, u128::from(b' '));
    let (a, b) = ((1 + n * c) % 65521, (n + c * (n * (n + 1) / 2)) % 65521);
    bytes.extend(((b << 16 | a) as u32).to_be_bytes());
    bytes
}

/// A text chunk whose text is so much space.
fn bomb_chunk(count: usize) -> Chunk {
    (*b"iTXt", [b"Experiment\0\x01\0\0\0", &bomb(count)[..]].concat())
}

fn edit(chunks: &mut Vec<Chunk>, one: &Edit) {
    let count = chunks.len();
    if count == 0 {
        return;
    }
    match one {
        Edit::Drop(at) => drop(chunks.remove(at.index(count))),
        Edit::Twice(at, times) => {
            let chunk = chunks[at.index(count)].clone();
            (0..*times).for_each(|_| chunks.insert(at.index(count), chunk.clone()));
        }
        Edit::Swap(a, b) => chunks.swap(a.index(count), b.index(count)),
        Edit::Kind(at, kind) => chunks[at.index(count)].0 = *KINDS[kind.index(KINDS.len())],
        Edit::Insert(at, kind, content) => {
            chunks.insert(at.index(count), (*KINDS[kind.index(KINDS.len())], content.clone()));
        }
        Edit::Byte(at, place, byte) => {
            let content = &mut chunks[at.index(count)].1;
            if !content.is_empty() {
                let place = place.index(content.len());
                content[place] = *byte;
            }
        }
        Edit::Cut(at, end) => {
            let content = &mut chunks[at.index(count)].1;
            content.truncate(end.index(content.len() + 1));
        }
        Edit::Bomb(length) => chunks.insert(1, bomb_chunk(usize::from(*length))),
    }
}

fn lie(bytes: &mut Vec<u8>, one: &Lie) {
    let at = |index: &Index, room: usize| index.index(bytes.len().saturating_sub(room).max(1));
    match one {
        Lie::Length(place, length) if bytes.len() > 12 => {
            let at = at(place, 4);
            bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        }
        Lie::Byte(place, byte) if !bytes.is_empty() => {
            let at = at(place, 0);
            bytes[at] = *byte;
        }
        Lie::Cut(place) => bytes.truncate(at(place, 0)),
        Lie::Length(..) | Lie::Byte(..) => {}
    }
}

fn pictures() -> impl Strategy<Value = Picture> {
    let index = any::<Index>;
    let edits = prop_oneof![
        60 => index().prop_map(Edit::Drop),
        60 => (index(), 0u8..4).prop_map(|(a, n)| Edit::Twice(a, n)),
        60 => (index(), index()).prop_map(|(a, b)| Edit::Swap(a, b)),
        90 => (index(), index()).prop_map(|(a, b)| Edit::Kind(a, b)),
        90 => (index(), index(), vec(any::<u8>(), 0..40)).prop_map(|(a, b, c)| Edit::Insert(a, b, c)),
        300 => (index(), index(), any::<u8>()).prop_map(|(a, b, c)| Edit::Byte(a, b, c)),
        60 => (index(), index()).prop_map(|(a, b)| Edit::Cut(a, b)),
        1 => any::<u16>().prop_map(Edit::Bomb),
    ];
    let lies = prop_oneof![
        (index(), any::<u32>()).prop_map(|(a, n)| Lie::Length(a, n)),
        (index(), any::<u8>()).prop_map(|(a, n)| Lie::Byte(a, n)),
        index().prop_map(Lie::Cut),
    ];
    let lies = prop_oneof![3 => Just(Vec::new()), 1 => vec(lies, 1..3)];
    let bases = [false, true].map(|compressed| chunks(&picture(compressed)));
    (any::<bool>(), vec(edits, 0..4), lies).prop_map(move |(base, edits, lies)| {
        let mut chunks = bases[usize::from(base)].clone();
        edits.iter().for_each(|one| edit(&mut chunks, one));
        let mut bytes = file(&chunks);
        lies.iter().for_each(|one| lie(&mut bytes, one));
        Picture(bytes)
    })
}

fn is_taken(path: &Path) -> bool {
    Draft::read(path).and_then(Draft::resolve).is_ok()
}

#[test]
fn png_metadata() {
    let place = Place::new();
    fuzz(3000, pictures(), |picture| is_taken(&place.file("p.png", &picture.0)));
}

/// More than a GiB of text in 8 MB, as any picture may hold.
#[test]
fn a_text_that_expands_to_gigabytes_is_refused() {
    let place = Place::new();
    let mut chunks = chunks(&picture(false));
    // A small one is read: the stream is what it should be.
    chunks[2] = bomb_chunk(10);
    let text = Draft::read(&place.file("p.png", &file(&chunks)));
    assert_eq!(text.unwrap(), Draft::default());
    chunks[2] = bomb_chunk((5 << 28) / 258);
    let path = place.file("p.png", &file(&chunks));
    let most = measured(|| {
        let error = Draft::read(&path).unwrap_err().to_string();
        assert!(error.contains("the picture is damaged"), "{error}");
    });
    assert!(most < 1 << 30, "{} MiB", most >> 20);
}
