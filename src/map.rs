//! The result arrays of a map, in memory and as `map.npz`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use npyz::{NpyFile, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::fate::Fate;
use crate::view::View;

/// A map: what became of the trajectory of every cell.
///
/// The axes are ascending. The other arrays have shape `[H, W]`, row by row: cell (i, j), at
/// `i * width + j`, belongs to `up[i]` and `across[j]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Shape `[W]`: the quantity along the axis across.
    pub across: Vec<f64>,
    /// Shape `[H]`: the quantity along the axis up.
    pub up: Vec<f64>,
    /// [`Fate`] codes.
    pub fate: Vec<u8>,
    /// Steps; 0 for none.
    pub period: Vec<u32>,
    /// Numbered by basin size from 0, largest first; -1 for none.
    pub attractor: Vec<i32>,
    /// Half the diagonal of the box that the orbit visits on its attractor, in the units of the
    /// variables; NaN where not measured, as in the arrays that follow.
    pub amplitude: Vec<f64>,
    /// Nats per step.
    pub lyapunov: Vec<f64>,
    /// Steps.
    pub settle: Vec<f64>,
    /// First step at which the loss was no more than the experiment's target; NaN where it never was.
    pub reach: Vec<f64>,
    /// Mean over the attractor.
    pub loss: Vec<f64>,
    /// Largest Hessian eigenvalue, mean over the attractor.
    pub sharpness: Vec<f64>,
    /// Learning rate times sharpness; 2 is the edge of stability, with momentum too (see [`crate::analysis::edge`]).
    pub edge: Vec<f64>,
}

/// Names of the arrays in the file that hold numbers of the engine's precision.
const FLOATS: [&str; 5] = ["amplitude", "lyapunov", "settle", "loss", "sharpness"];
/// And of those that are there only if some cell has a number.
const OPTIONAL: [&str; 2] = ["reach", "edge"];

impl Map {
    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.across.len()
    }

    /// Cells in a column.
    pub fn height(&self) -> usize {
        self.up.len()
    }

    /// Cells in all.
    pub fn cells(&self) -> usize {
        self.width() * self.height()
    }

    /// The numbers that a view colours by; `None` for views of classes.
    pub fn measured(&self, view: View) -> Option<&[f64]> {
        match view {
            View::Basins | View::Fate | View::Period => None,
            View::Amplitude => Some(&self.amplitude),
            View::Lyapunov => Some(&self.lyapunov),
            View::Settle => Some(&self.settle),
            View::Reach => Some(&self.reach),
            View::Loss => Some(&self.loss),
            View::Sharpness => Some(&self.sharpness),
            View::Edge => Some(&self.edge),
        }
    }

    /// Whether every array has the shape that the axes give it, and every code a meaning.
    ///
    /// # Errors
    /// A message that names the array.
    pub fn check(&self) -> std::result::Result<(), String> {
        let cells = self.cells();
        let lengths = [
            ("fate", self.fate.len()),
            ("period", self.period.len()),
            ("attractor", self.attractor.len()),
            ("amplitude", self.amplitude.len()),
            ("lyapunov", self.lyapunov.len()),
            ("settle", self.settle.len()),
            ("reach", self.reach.len()),
            ("loss", self.loss.len()),
            ("sharpness", self.sharpness.len()),
            ("edge", self.edge.len()),
        ];
        if cells == 0 {
            return Err("an axis has no values".to_owned());
        }
        if let Some((name, length)) = lengths.into_iter().find(|(_, length)| *length != cells) {
            let (height, width) = (self.height(), self.width());
            return Err(format!("`{name}` has {length} cells, and the axes make {height} x {width}"));
        }
        if let Some(code) = self.fate.iter().find(|&&code| Fate::from_code(code).is_none()) {
            return Err(format!("`fate` holds {code}, which is no fate's code"));
        }
        for (name, axis) in [("across", &self.across), ("up", &self.up)] {
            if !axis.iter().all(|v| v.is_finite()) || axis.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(format!("`{name}` does not ascend"));
            }
        }
        Ok(())
    }

    /// Writes `map.npz`; numbers of the engine's precision are stored in it.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, precision: Precision, to: &mut (impl Write + Seek)) -> std::io::Result<()> {
        let mut archive = ZipWriter::new(to);
        let (w, h) = (self.width() as u64, self.height() as u64);
        array(&mut archive, "across", &[w], self.across.iter().copied())?;
        array(&mut archive, "up", &[h], self.up.iter().copied())?;
        array(&mut archive, "fate", &[h, w], self.fate.iter().copied())?;
        array(&mut archive, "period", &[h, w], self.period.iter().copied())?;
        array(&mut archive, "attractor", &[h, w], self.attractor.iter().copied())?;
        let floats = [&self.amplitude, &self.lyapunov, &self.settle, &self.loss, &self.sharpness];
        let optional = OPTIONAL.into_iter().zip([&self.reach, &self.edge]);
        let optional = optional.filter(|(_, values)| !values.iter().all(|v| v.is_nan()));
        for (name, values) in FLOATS.into_iter().zip(floats).chain(optional) {
            match precision {
                // Step numbers have more digits than f32.
                _ if name == "settle" => array(&mut archive, name, &[h, w], values.iter().copied())?,
                Precision::F32 => array(&mut archive, name, &[h, w], values.iter().map(|&v| v as f32))?,
                Precision::F64 => array(&mut archive, name, &[h, w], values.iter().copied())?,
            }
        }
        archive.finish()?;
        Ok(())
    }

    /// Reads a `map.npz`.
    ///
    /// # Errors
    /// [`Error::File`] with the array that is missing or damaged.
    pub fn read(path: &Path) -> Result<Self> {
        // Some reasons come as pictures of the damaged text.
        let failed = |reason: String| Error::file(path, reason.lines().next().unwrap_or_default());
        let not_a_map = |e: &dyn std::fmt::Display| failed(format!("not a map: {e}"));
        let file = File::open(path).map_err(|e| not_a_map(&e))?;
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| not_a_map(&e))?;
        let mut floats = Vec::new();
        for name in FLOATS {
            floats.push(read_floats(&mut archive, name).map_err(failed)?);
        }
        let [amplitude, lyapunov, settle, loss, sharpness] =
            <[Vec<f64>; 5]>::try_from(floats).expect("one array for each name");
        let mut optional = OPTIONAL.map(|_| vec![f64::NAN; amplitude.len()]);
        for (name, values) in OPTIONAL.into_iter().zip(&mut optional) {
            if archive.index_for_name(&format!("{name}.npy")).is_some() {
                *values = read_floats(&mut archive, name).map_err(failed)?;
            }
        }
        let [reach, edge] = optional;
        let map = Self {
            across: read_floats(&mut archive, "across").map_err(failed)?,
            up: read_floats(&mut archive, "up").map_err(failed)?,
            fate: read_array(&mut archive, "fate").map_err(failed)?,
            period: read_array(&mut archive, "period").map_err(failed)?,
            attractor: read_array(&mut archive, "attractor").map_err(failed)?,
            amplitude,
            lyapunov,
            settle,
            reach,
            loss,
            sharpness,
            edge,
        };
        map.check().map_err(failed)?;
        Ok(map)
    }
}

/// Adds an array to an `.npz`.
pub(crate) fn array<T: npyz::AutoSerialize, W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    name: &str,
    shape: &[u64],
    values: impl Iterator<Item = T>,
) -> std::io::Result<()> {
    const HEADER: u64 = 4096;
    let bytes = HEADER + shape.iter().product::<u64>() * size_of::<T>() as u64;
    // As NumPy's own `savez`: not compressed, which would take longer than the map. Without the time of
    // day, the same map makes the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(bytes > u64::from(u32::MAX));
    archive.start_file(format!("{name}.npy"), options)?;
    let mut buffer = BufWriter::with_capacity(1 << 16, archive);
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut buffer).begin_nd()?;
    writer.extend(values)?;
    writer.finish()?;
    buffer.flush()
}

/// Reads an array and checks that it is stored row by row.
fn read_array<T: npyz::Deserialize>(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> std::result::Result<Vec<T>, String> {
    let damaged = |e: &dyn std::fmt::Display| format!("`{name}`: {e}");
    let mut entry = match archive.by_name(&format!("{name}.npy")) {
        Err(zip::result::ZipError::FileNotFound) => return Err(format!("the array `{name}` is missing")),
        entry => entry.map_err(|e| damaged(&e))?,
    };
    // To the end, where the checksum is.
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|e| damaged(&e))?;
    let array = NpyFile::new(bytes.as_slice()).map_err(|e| damaged(&e))?;
    if array.shape().len() > 1 && array.order() != npyz::Order::C {
        return Err(format!("`{name}` is not stored row by row"));
    }
    let values = array.data::<T>().map_err(|e| damaged(&e))?;
    values.collect::<std::io::Result<_>>().map_err(|e| damaged(&e))
}

/// Reads an array of f32 or f64.
fn read_floats(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> std::result::Result<Vec<f64>, String> {
    match read_array::<f64>(archive, name) {
        Ok(values) => Ok(values),
        Err(_) => Ok(read_array::<f32>(archive, name)?.into_iter().map(f64::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Map {
        let values = |k: f64| (0..6).map(|i| k + f64::from(i) / 8.0).collect::<Vec<f64>>();
        Map {
            across: vec![0.1, 0.2, 0.3],
            up: vec![-1.0, 1.0],
            fate: vec![0, 1, 2, 3, 4, 5],
            period: vec![0, 1, 64, 0, 0, 0],
            attractor: vec![-1, 0, 1, -1, -1, -1],
            amplitude: values(1.0),
            lyapunov: values(-2.0),
            settle: vec![f64::NAN; 6],
            reach: values(7.0),
            loss: values(3.0),
            sharpness: values(4.0),
            edge: values(1.5),
        }
    }

    fn saved(map: &Map, precision: Precision) -> tempfile::TempPath {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        map.write(precision, &mut file).unwrap();
        file.into_temp_path()
    }

    #[test]
    fn reads_what_it_writes_in_both_precisions() {
        for precision in [Precision::F32, Precision::F64] {
            let read = Map::read(&saved(&map(), precision)).unwrap();
            assert!(read.settle.iter().all(|v| v.is_nan()));
            assert_eq!(Map { settle: Vec::new(), ..read }, Map { settle: Vec::new(), ..map() });
        }
    }

    #[test]
    fn a_damaged_file_is_refused_with_the_reason() {
        let short = Map { loss: vec![0.0; 5], ..map() };
        let unknown = Map { fate: vec![9; 6], ..map() };
        let unsorted = Map { up: vec![1.0, -1.0], ..map() };
        for (damaged, reason) in [(short, "`loss` has 5"), (unknown, "no fate"), (unsorted, "ascend")] {
            assert!(damaged.check().unwrap_err().contains(reason));
        }
        let path = saved(&map(), Precision::F32);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let message = Map::read(&path).unwrap_err().to_string();
        assert!(message.contains("not a map"), "{message}");
    }
}
