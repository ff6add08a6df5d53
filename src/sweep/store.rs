//! The arrays of a stack on the disk while it grows: one file of plain numbers for each, frame after frame.
//!
//! An `.npz` holds one array after the other, so it can be written only once all frames are there.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use zip::ZipWriter;

use crate::experiment::Precision;
use crate::map::{self, Array, ArrayMut, Kind, Map};

/// The frames' arrays.
pub struct Store {
    width: usize,
    height: usize,
    frames: usize,
    axes: Vec<[Vec<f64>; 2]>,
    /// The arrays that the first frame has, and their files.
    files: Vec<(Array, File)>,
    folder: PathBuf,
    precision: Precision,
}

impl Store {
    /// Starts a store in `folder`, for frames of this width and height.
    pub fn new(folder: &Path, [width, height]: [u32; 2], precision: Precision) -> Self {
        Self {
            width: width as usize,
            height: height as usize,
            frames: 0,
            axes: Vec::new(),
            files: Vec::new(),
            folder: folder.to_owned(),
            precision,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// Those of the files.
    pub fn push(&mut self, map: &Map) -> io::Result<()> {
        if self.frames == 0 {
            for array in Array::ALL.into_iter().filter(|array| map.array(*array).is_some()) {
                let path = self.folder.join(format!("{}.numbers", array.name()));
                self.files.push((array, File::options().read(true).write(true).create_new(true).open(path)?));
            }
        }
        let first = self.frames * self.width * self.height;
        for (array, file) in &self.files {
            let missing = || io::Error::other(format!("a frame without `{}`", array.name()));
            let numbers = map.array(*array).ok_or_else(missing)?;
            map::write_array(file, array.kind(self.precision), 0, first, numbers)?;
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
        let mut map = Map { across, up, ..Map::default() };
        let is_kept = |array| self.files.iter().any(|(kept, _)| *kept == array);
        for ((array, to), (_, file)) in map.arrays_mut(is_kept).into_iter().zip(&self.files) {
            let first = k * cells;
            match to {
                ArrayMut::Codes(to) => *to = map::read_numbers(file, 0, first, cells)?,
                ArrayMut::Counts(to) => *to = map::read_numbers(file, 0, first, cells)?,
                ArrayMut::Ids(to) => *to = map::read_numbers(file, 0, first, cells)?,
                ArrayMut::Floats(to) => {
                    *to = map::read_floats(file, array.kind(self.precision), 0, first, cells)?;
                }
            }
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
        for (array, file) in &self.files {
            match array.kind(self.precision) {
                Kind::U8 => self.whole::<u8, W>(archive, *array, file)?,
                Kind::U32 => self.whole::<u32, W>(archive, *array, file)?,
                Kind::I32 => self.whole::<i32, W>(archive, *array, file)?,
                Kind::F32 => self.whole::<f32, W>(archive, *array, file)?,
                Kind::F64 => self.whole::<f64, W>(archive, *array, file)?,
            }
        }
        Ok(())
    }

    /// One array of all frames.
    fn whole<T: Pod + npyz::AutoSerialize, W: Write + Seek>(
        &self,
        archive: &mut ZipWriter<W>,
        array: Array,
        file: &File,
    ) -> io::Result<()> {
        let cells = self.width * self.height;
        let mut failed = None;
        let values = (0..self.frames).flat_map(|k| {
            map::read_numbers::<T>(file, 0, k * cells, cells).unwrap_or_else(|e| {
                failed.get_or_insert(e);
                Vec::new()
            })
        });
        let shape = [self.frames, self.height, self.width].map(|n| n as u64);
        let written = map::array(archive, array.name(), &shape, values);
        failed.map_or(written, Err)
    }
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
            let mut store = Store::new(folder.path(), [3, 2], precision);
            (0..4).for_each(|k| store.push(&frame(f64::from(k))).unwrap());
            for k in [2, 0, 3] {
                assert_eq!(store.frame(k).unwrap(), frame(k as f64));
            }
            store.push(&frame(4.0)).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
