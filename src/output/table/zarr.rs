//! The arrays of a result as a Zarr store, version 3 of the format (zarr-specs.readthedocs.io): a folder with a group,
//! in it an array for each, and in that a file for each chunk.
//!
//! A store that is only written, with chunks on a regular grid, is two kinds of JSON and compressed bytes: crates that
//! do all of Zarr take as long to build as the rest of this one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use bytemuck::Pod;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::source::{Array, Source};
use super::stream::{Number, Stream};
use crate::analysis::Certainty;
use crate::fate::Fate;

/// Cells of a chunk across, and rows of cells.
const ACROSS: usize = 1024;
const ROWS: usize = 256;
/// The level of gzip: higher ones take longer and save little.
const LEVEL: u32 = 4;

/// Writes the store into `folder`, which is empty.
pub fn write(source: &Source, folder: &Path) -> io::Result<()> {
    let attributes: serde_json::Map<String, Value> =
        source.texts.iter().map(|(keyword, text)| ((*keyword).to_owned(), json!(text))).collect();
    save(
        &folder.join("zarr.json"),
        json!({ "zarr_format": 3, "node_type": "group", "attributes": attributes }),
    )?;
    source.arrays.iter().try_for_each(|array| {
        let stream = Stream::open(&source.path, &array.name)?;
        let folder = folder.join(&array.label);
        fs::create_dir(&folder)?;
        save(&folder.join("zarr.json"), described(source, array))?;
        match array.number {
            Number::U8 => chunks::<u8>(array, stream, &folder, 0),
            Number::U32 => chunks::<u32>(array, stream, &folder, 0),
            Number::I32 => chunks(array, stream, &folder, -1),
            Number::F32 => chunks(array, stream, &folder, f32::NAN),
            Number::F64 => chunks(array, stream, &folder, f64::NAN),
        }
    })
}

fn save(path: &Path, json: Value) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(serde_json::to_string_pretty(&json)?.as_bytes())?;
    file.sync_all()
}

/// The shape of the chunks: a part of one frame.
fn chunk_shape(array: &Array) -> Vec<usize> {
    let mut shape = array.shape.clone();
    for (k, side) in shape.iter_mut().rev().enumerate() {
        let most = [ACROSS, ROWS, 1][k];
        *side = (*side).clamp(1, most);
    }
    shape
}

/// The metadata of an array.
fn described(source: &Source, array: &Array) -> Value {
    let (kind, fill) = match array.number {
        Number::U8 => ("uint8", json!(0)),
        Number::U32 => ("uint32", json!(0)),
        Number::I32 => ("int32", json!(-1)),
        Number::F32 => ("float32", json!("NaN")),
        Number::F64 => ("float64", json!("NaN")),
    };
    let names: Vec<String> = array.sides.iter().map(|side| source.side_name(*side)).collect();
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": array.shape,
        "data_type": kind,
        "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": chunk_shape(array) } },
        "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
        "fill_value": fill,
        "codecs": [
            { "name": "bytes", "configuration": { "endian": "little" } },
            { "name": "gzip", "configuration": { "level": LEVEL } },
        ],
        "dimension_names": names,
        "attributes": attributes(&array.name),
    })
}

/// What an array is, in the words of the CF conventions.
fn attributes(name: &str) -> Value {
    let flags = |names: Vec<String>| {
        let values: Vec<usize> = (0..names.len()).collect();
        json!({ "flag_values": values, "flag_meanings": names.join(" ") })
    };
    let about = |words: &str| json!({ "long_name": words });
    let counted = |words: &str, unit: &str| json!({ "long_name": words, "units": unit });
    match name {
        "across" => json!({ "long_name": "quantity along the axis across", "axis": "X" }),
        "up" => json!({ "long_name": "quantity along the axis up", "axis": "Y" }),
        "frames" => about("quantity from frame to frame"),
        "fate" => flags(Fate::ALL.map(|fate| fate.name().to_owned()).to_vec()),
        "certainty" => flags(Certainty::ALL.map(|c| c.name().replace(' ', "_")).to_vec()),
        "period" => counted("period of the attractor, 0 for none", "steps"),
        "attractor" => about("number of the attractor, -1 for none"),
        "amplitude" => about("half the diagonal of the box that the orbit visits on its attractor"),
        "lyapunov" => counted("Lyapunov exponent", "nats per step"),
        "settle" => {
            counted("first step from which the orbit stays within the tolerance of its attractor", "steps")
        }
        "reach" => counted("first step at which the loss is no more than the target", "steps"),
        "loss" => about("mean loss over the attractor"),
        "sharpness" => about("largest Hessian eigenvalue, mean over the attractor"),
        "edge" => about("learning rate times sharpness; 2 is the edge of stability"),
        "counts" => about("visits in each bin"),
        "edges" => about("edges of the bins of the observable"),
        _ => json!({}),
    }
}

/// Writes the chunks of an array, a band of rows at a time; what of a chunk is outside holds `fill`.
fn chunks<T: Pod + Send + Sync>(array: &Array, mut stream: Stream, folder: &Path, fill: T) -> io::Result<()> {
    let chunk = chunk_shape(array);
    let sides = array.shape.len();
    let folder = folder.join("c");
    let width = array.shape[sides - 1];
    let wide = chunk[sides - 1];
    // A list is one row.
    let [height, high] = if sides > 1 { [array.shape[sides - 2], chunk[sides - 2]] } else { [1, 1] };
    let frames: usize = array.shape[..sides.saturating_sub(2)].iter().product();
    for frame in 0..frames {
        for band in 0..height.div_ceil(high) {
            let rows = high.min(height - band * high);
            let numbers: Vec<T> = stream.read(rows * width)?;
            let mut place = folder.clone();
            if sides > 2 {
                place.push(frame.to_string());
            }
            if sides > 1 {
                place.push(band.to_string());
            }
            fs::create_dir_all(&place)?;
            (0..width.div_ceil(wide)).into_par_iter().try_for_each(|column| {
                let mut part = vec![fill; high * wide];
                let columns = column * wide..width.min((column + 1) * wide);
                for (row, to) in numbers.chunks_exact(width).zip(part.chunks_exact_mut(wide)) {
                    to[..columns.len()].copy_from_slice(&row[columns.clone()]);
                }
                let mut file = GzEncoder::new(
                    File::create_new(place.join(column.to_string()))?,
                    Compression::new(LEVEL),
                );
                file.write_all(bytemuck::cast_slice(&part))?;
                file.finish()?.sync_all()
            })?;
        }
    }
    Ok(())
}
