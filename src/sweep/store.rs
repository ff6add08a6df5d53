//! The arrays of a stack on the disk while it grows: one file of plain numbers for each, frame after frame.
//!
//! An `.npz` holds one array after the other, so it can be written only once all frames are there.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use zip::ZipWriter;

use crate::experiment::Precision;
use crate::map::{self, Map};
use crate::view::View;

/// Puts an array that a view colours by into its place.
fn put(map: &mut Map, view: View, numbers: Vec<f64>) {
    match view {
        View::Amplitude => map.amplitude = numbers,
        View::Lyapunov => map.lyapunov = numbers,
        View::Settle => map.settle = numbers,
        View::Reach => map.reach = Some(numbers),
        View::Loss => map.loss = numbers,
        View::Sharpness => map.sharpness = numbers,
        View::Edge => map.edge = Some(numbers),
        View::Basins | View::Fate | View::Period | View::Certainty => {}
    }
}

/// The frames' arrays.
pub struct Store {
    width: usize,
    height: usize,
    frames: usize,
    axes: Vec<[Vec<f64>; 2]>,
    fate: File,
    period: File,
    attractor: File,
    /// The views with numbers and their files.
    measured: Vec<(View, File)>,
    certainty: Option<File>,
    folder: PathBuf,
    precision: Precision,
}

impl Store {
    /// Starts a store in `folder`, for frames of this width and height.
    ///
    /// # Errors
    /// Those of the folder.
    pub fn create(folder: &Path, [width, height]: [u32; 2], precision: Precision) -> io::Result<Self> {
        Ok(Self {
            width: width as usize,
            height: height as usize,
            frames: 0,
            axes: Vec::new(),
            fate: open(folder, "fate")?,
            period: open(folder, "period")?,
            attractor: open(folder, "attractor")?,
            measured: Vec::new(),
            certainty: None,
            folder: folder.to_owned(),
            precision,
        })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// Those of the files.
    pub fn push(&mut self, map: &Map) -> io::Result<()> {
        if self.frames == 0 {
            // What has been measured of the first is measured of all.
            for view in View::ALL.into_iter().filter(|view| map.measured(*view).is_some()) {
                self.measured.push((view, open(&self.folder, view.name())?));
            }
            self.certainty = map.certainty.as_ref().map(|_| open(&self.folder, "certainty")).transpose()?;
        }
        append(&self.fate, &map.fate)?;
        append(&self.period, &map.period)?;
        append(&self.attractor, &map.attractor)?;
        if let (Some(file), Some(codes)) = (&self.certainty, &map.certainty) {
            append(file, codes)?;
        }
        for (view, file) in &self.measured {
            let numbers = map.measured(*view).unwrap_or_default();
            if is_wide(*view, self.precision) {
                append(file, numbers)?;
            } else {
                append(file, &numbers.iter().map(|&v| v as f32).collect::<Vec<f32>>())?;
            }
        }
        self.axes.push([map.across.clone(), map.up.clone()]);
        self.frames += 1;
        Ok(())
    }

    /// Frame `k`, its numbers as they are stored.
    ///
    /// # Errors
    /// Those of the files.
    pub fn frame(&self, k: usize) -> io::Result<Map> {
        let cells = self.width * self.height;
        let [across, up] = self.axes[k].clone();
        let mut map = Map {
            across,
            up,
            fate: part(&self.fate, k, cells)?,
            period: part(&self.period, k, cells)?,
            attractor: part(&self.attractor, k, cells)?,
            certainty: self.certainty.as_ref().map(|file| part(file, k, cells)).transpose()?,
            ..Map::default()
        };
        for (view, file) in &self.measured {
            let numbers = match is_wide(*view, self.precision) {
                true => part(file, k, cells)?,
                false => part::<f32>(file, k, cells)?.into_iter().map(f64::from).collect(),
            };
            put(&mut map, *view, numbers);
        }
        Ok(map)
    }

    /// Writes the arrays of all frames into an archive, shape `[frames, height, width]`; `moves`: whether every frame
    /// has axes of its own.
    ///
    /// # Errors
    /// Those of the files.
    pub fn write<W: Write + Seek>(&self, archive: &mut ZipWriter<W>, moves: bool) -> io::Result<()> {
        let (n, w, h) = (self.frames as u64, self.width as u64, self.height as u64);
        for (name, axis, length) in [("across", 0, w), ("up", 1, h)] {
            let values = self.axes.iter().flat_map(|axes| axes[axis].iter().copied());
            match moves {
                true => map::array(archive, name, &[n, length], values)?,
                false => map::array(archive, name, &[length], values.take(length as usize))?,
            }
        }
        self.whole::<u8, W>(archive, "fate", &self.fate)?;
        self.whole::<u32, W>(archive, "period", &self.period)?;
        self.whole::<i32, W>(archive, "attractor", &self.attractor)?;
        if let Some(file) = &self.certainty {
            self.whole::<u8, W>(archive, "certainty", file)?;
        }
        for (view, file) in &self.measured {
            match is_wide(*view, self.precision) {
                true => self.whole::<f64, W>(archive, view.name(), file)?,
                false => self.whole::<f32, W>(archive, view.name(), file)?,
            }
        }
        Ok(())
    }

    /// One array of all frames.
    fn whole<T: Pod + npyz::AutoSerialize, W: Write + Seek>(
        &self,
        archive: &mut ZipWriter<W>,
        name: &str,
        file: &File,
    ) -> io::Result<()> {
        let cells = self.width * self.height;
        let mut failed = None;
        let values = (0..self.frames).flat_map(|k| {
            part::<T>(file, k, cells).unwrap_or_else(|e| {
                failed.get_or_insert(e);
                Vec::new()
            })
        });
        let shape = [self.frames, self.height, self.width].map(|n| n as u64);
        let written = map::array(archive, name, &shape, values);
        failed.map_or(written, Err)
    }
}

/// Whether an array's numbers are stored in f64: step numbers have more digits than f32.
fn is_wide(view: View, precision: Precision) -> bool {
    precision == Precision::F64 || view == View::Settle
}

/// A file of numbers.
fn open(folder: &Path, name: &str) -> io::Result<File> {
    let path = folder.join(format!("{name}.numbers"));
    File::options().read(true).write(true).create_new(true).open(path)
}

fn append<T: Pod>(mut file: &File, values: &[T]) -> io::Result<()> {
    file.write_all(bytemuck::cast_slice(values))
}

/// The `k`-th part of `count` numbers.
fn part<T: Pod>(file: &File, k: usize, count: usize) -> io::Result<Vec<T>> {
    map::read_numbers(file, 0, k * count, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let frame = |shift: f64| {
            let values: Vec<f64> = (0..6).map(|k| shift + f64::from(k) / 8.0).collect();
            Map {
                across: vec![shift, shift + 1.0, shift + 2.0],
                up: vec![0.0, 1.0],
                fate: vec![1, 2, 3, 4, 5, 0],
                period: vec![1, 2, 0, 0, 0, 0],
                attractor: vec![0, 1, -1, -1, -1, shift as i32],
                amplitude: values.clone(),
                lyapunov: values.clone(),
                settle: values.clone(),
                reach: Some(values.clone()),
                loss: values.clone(),
                sharpness: values.clone(),
                edge: Some(values),
                certainty: Some(vec![0, 1, 2, 3, 0, 0]),
            }
        };
        for precision in [Precision::F32, Precision::F64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = Store::create(folder.path(), [3, 2], precision).unwrap();
            (0..4).for_each(|k| store.push(&frame(f64::from(k))).unwrap());
            for k in [2, 0, 3] {
                assert_eq!(store.frame(k).unwrap(), frame(k as f64));
            }
            store.push(&frame(4.0)).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
