//! A table as CSV.

use std::io::{self, Write};

use super::rows::{Rows, Values};

/// Rows that are in memory at a time.
const BLOCK: usize = 1 << 16;

/// Writes a table with a line of names. Numbers have as many digits as bring them back to the bit; where there is no
/// number, there is nothing.
pub fn write(rows: &mut Rows, to: &mut impl Write) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(to);
    file.write_record(rows.labels())?;
    while let Some(block) = rows.next(BLOCK)? {
        for row in 0..block.first().map_or(0, Values::len) {
            for column in &block {
                file.write_field(field(column, row))?;
            }
            file.write_record(None::<&[u8]>)?;
        }
    }
    file.flush()
}

fn field(column: &Values, row: usize) -> String {
    match column {
        Values::U32(v) => v[row].to_string(),
        Values::I32(v) => v[row].to_string(),
        Values::F32(v) if v[row].is_nan() => String::new(),
        // This form has an exponent where there would be many zeros.
        Values::F32(v) => format!("{:?}", v[row]),
        Values::F64(v) if v[row].is_nan() => String::new(),
        Values::F64(v) => format!("{:?}", v[row]),
        Values::Word(v) => v[row].to_owned(),
    }
}
