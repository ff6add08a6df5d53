//! A result as a table: a row for each cell, a column for each array and axis.

use std::io;

use super::source::{Array, Side, Source};
use super::stream::{Number, Stream};
use crate::analysis::Certainty;
use crate::fate::Fate;

/// Some rows of a column.
#[derive(Clone, Debug)]
pub enum Values {
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Names of fates and the like.
    Word(Vec<&'static str>),
}

/// A column.
struct Column {
    label: String,
    from: Reading,
}

enum Reading {
    /// An array of all cells, as it comes.
    Stream(Stream, fn(u8) -> &'static str),
    /// One of some sides only, whole, and how much further its values are than the cells' places say.
    Held(Values, Vec<Side>, usize),
}

/// A table, row by row from the first.
pub struct Rows {
    columns: Vec<Column>,
    /// Frames, rows of cells in each, and cells in a row.
    lengths: [usize; 3],
    /// Rows of cells that have been read, of all frames.
    read: usize,
}

impl Rows {
    /// The table of a result's cells.
    pub fn open(source: &Source) -> io::Result<Self> {
        let mut columns = Vec::new();
        let order = |array: &&Array| {
            ["frames", "across", "up"].iter().position(|name| *name == array.name).unwrap_or(3)
        };
        let mut arrays: Vec<&Array> = source.arrays.iter().collect();
        arrays.sort_by_key(order);
        for array in arrays {
            let mut stream = Stream::open(&source.path, &array.name)?;
            let label = array.label.clone();
            let word: fn(u8) -> &'static str = if array.name == "certainty" { certainty } else { fate };
            match array.sides.as_slice() {
                // Numbers of basins, not of cells: they have a table of their own.
                [.., Side::Basin | Side::Ending] => {}
                [Side::Edge] => {
                    let edges = next(&mut stream, array.shape[0], word)?;
                    for (label, shift) in [("from", 0), ("to", 1)] {
                        let from = Reading::Held(edges.clone(), vec![Side::Bin], shift);
                        columns.push(Column { label: label.to_owned(), from });
                    }
                }
                [Side::Up | Side::Bin, Side::Across] | [Side::Frame, Side::Up, Side::Across] => {
                    columns.push(Column { label, from: Reading::Stream(stream, word) });
                }
                sides => {
                    let held = next(&mut stream, array.shape.iter().product(), word)?;
                    columns.push(Column { label, from: Reading::Held(held, sides.to_vec(), 0) });
                }
            }
        }
        Ok(Self { columns, lengths: source.lengths(), read: 0 })
    }

    /// The names of the columns.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.label)
    }

    /// What the columns hold; empty.
    pub fn kinds(&self) -> Vec<Values> {
        let kind = |column: &Column| match &column.from {
            Reading::Held(Values::U32(_), ..) => Values::U32(Vec::new()),
            Reading::Held(Values::I32(_), ..) => Values::I32(Vec::new()),
            Reading::Held(Values::F32(_), ..) => Values::F32(Vec::new()),
            Reading::Held(Values::F64(_), ..) => Values::F64(Vec::new()),
            Reading::Held(Values::Word(_), ..) => Values::Word(Vec::new()),
            Reading::Stream(stream, _) => match stream.number {
                Number::U8 => Values::Word(Vec::new()),
                Number::U32 => Values::U32(Vec::new()),
                Number::I32 => Values::I32(Vec::new()),
                Number::F32 => Values::F32(Vec::new()),
                Number::F64 => Values::F64(Vec::new()),
            },
        };
        self.columns.iter().map(kind).collect()
    }

    /// The next rows, about `most` and at least those of a row of cells, column by column; `None` after the last.
    pub fn next(&mut self, most: usize) -> io::Result<Option<Vec<Values>>> {
        let [frames, height, width] = self.lengths;
        let lines = (most / width).clamp(1, (frames * height - self.read).max(1));
        if self.read == frames * height {
            return Ok(None);
        }
        let range = self.read..self.read + lines;
        self.read += lines;
        let cells = |line: usize| (0..width).map(move |j| [line / height, line % height, j]);
        let mut all = Vec::new();
        for column in &mut self.columns {
            all.push(match &mut column.from {
                Reading::Stream(stream, word) => next(stream, lines * width, *word)?,
                Reading::Held(values, sides, shift) => {
                    let place = |cell| place(sides, self.lengths, cell) + *shift;
                    values.picked(range.clone().flat_map(cells).map(place))
                }
            });
        }
        Ok(Some(all))
    }
}

/// The place of a cell (frame, row, column) in an array of these sides.
fn place(sides: &[Side], lengths: [usize; 3], cell: [usize; 3]) -> usize {
    sides.iter().fold(0, |place, side| {
        let k = match side {
            Side::Frame => 0,
            Side::Across => 2,
            _ => 1,
        };
        place * lengths[k] + cell[k]
    })
}

/// The next numbers of an array.
fn next(stream: &mut Stream, count: usize, word: fn(u8) -> &'static str) -> io::Result<Values> {
    Ok(match stream.number {
        Number::U8 => Values::Word(stream.read::<u8>(count)?.into_iter().map(word).collect()),
        Number::U32 => Values::U32(stream.read(count)?),
        Number::I32 => Values::I32(stream.read(count)?),
        Number::F32 => Values::F32(stream.read(count)?),
        Number::F64 => Values::F64(stream.read(count)?),
    })
}

fn fate(code: u8) -> &'static str {
    Fate::from_code(code).map_or("unknown", Fate::name)
}

fn certainty(code: u8) -> &'static str {
    Certainty::ALL.get(usize::from(code)).map_or("unknown", |certainty| certainty.name())
}

impl Values {
    /// Those at these places.
    fn picked(&self, places: impl Iterator<Item = usize>) -> Values {
        match self {
            Values::U32(v) => Values::U32(places.map(|k| v[k]).collect()),
            Values::I32(v) => Values::I32(places.map(|k| v[k]).collect()),
            Values::F32(v) => Values::F32(places.map(|k| v[k]).collect()),
            Values::F64(v) => Values::F64(places.map(|k| v[k]).collect()),
            Values::Word(v) => Values::Word(places.map(|k| v[k]).collect()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::U32(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::Word(v) => v.len(),
        }
    }
}
