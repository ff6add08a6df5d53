//! Stacks of maps: one quantity more than a map has axes, or a zoom into a point.
//!
//! Each map of a [`Stack`], a *frame*, is made as any map is, by [`crate::run()`]; [`Frames`] runs one after the
//! other and lets attractors keep their numbers. [`make`] writes what a stack's directory holds. In memory there
//! are never more than a few frames.
//!
//! What depends on a map's largest initial coordinate, the tolerance and the escape radius, is the same in
//! all frames: that of the largest coordinate in any of them.

mod digest;
mod fractions;
mod make;
mod pictures;
mod report;
mod run;
mod store;

use crate::error::{Error, Result};
use crate::experiment::{
    Axis, CELLS_IN_MEMORY, Draft, Eta, Experiment, Precision, check_sides, check_spacing,
};
use crate::fate;

pub use self::fractions::Fractions;
pub use self::make::{Made, make};
pub use self::report::{FrameReport, StackReport, attractors_of};
pub use self::run::Frames;

/// Most frames of a stack.
pub const FRAMES_MAX: u32 = 10_000;
/// Most cells of a stack: its arrays are on the disk twice for a moment, about 35 bytes a cell.
pub const CELLS_MAX: u64 = 1 << 29;
/// How many times narrower a frame of a zoom is than the one before, unless a draft says otherwise.
pub const FACTOR: f64 = 2.0;

/// From frame to frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// A quantity changes that is on neither axis.
    Sweep(Axis),
    /// The axes become `factor` times narrower about a point, which keeps its place in the picture; on a
    /// logarithmic axis, their logarithms do.
    Zoom {
        /// Across and up.
        point: [f64; 2],
        /// Above 1.
        factor: f64,
    },
}

/// A stack of maps to be made.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What the frames share. With a sweep its quantity is bound nowhere.
    base: Experiment,
    way: Way,
    /// How many frames were asked for.
    asked: u32,
    /// Of each frame that can be made, the swept quantity or how many times narrower than the first it is, and
    /// its number format.
    frames: Vec<(f64, Precision)>,
    /// Why there are no more frames, if there are fewer than asked for.
    ended: Option<String>,
    /// The largest initial coordinate in any frame.
    scale: f64,
}

impl Stack {
    /// The stack that a draft describes; `None` if it describes one map.
    ///
    /// # Errors
    /// Those of [`Draft::resolve`] for any frame, and [`Error::Request`] for what is wrong with `sweep`, `zoom`,
    /// `factor` and `frames`.
    pub fn of(draft: &Draft) -> Result<Option<Self>> {
        let request = |message: &str| Err(Error::request(message));
        if draft.factor.is_some() && draft.zoom.is_none() {
            return request("factor: nothing is zoomed into; give --zoom X,Y too, or drop --factor");
        }
        let way = match (&draft.sweep, &draft.zoom) {
            (Some(_), Some(_)) => {
                return request("sweep: a stack goes one way; drop --sweep or --zoom");
            }
            (None, None) if draft.frames.is_some() => {
                return request(
                    "frames: there is nothing to make frames of; give --sweep NAME=FROM..TO or --zoom X,Y too, or \
                     drop --frames",
                );
            }
            (None, None) => return Ok(None),
            (Some(text), None) => {
                Way::Sweep(text.parse().map_err(|message| Error::request(format!("sweep: {message}")))?)
            }
            (None, Some(point)) => {
                let Ok(point) = <[f64; 2]>::try_from(point.as_slice()) else {
                    return Err(Error::request(format!(
                        "zoom: {} numbers; give two, the values across and up of a point, such as zoom = [0.5, -1]",
                        point.len()
                    )));
                };
                Way::Zoom { point, factor: draft.factor.unwrap_or(FACTOR) }
            }
        };
        let frames = match draft.frames {
            None => return request("frames: how many? give --frames N, such as --frames 24"),
            Some(frames @ (0 | 1)) => {
                return Err(Error::request(format!(
                    "frames: {frames} make no stack; give --frames at least 2, or drop --sweep and --zoom for one map"
                )));
            }
            Some(frames) => frames,
        };
        let one = Draft { sweep: None, zoom: None, factor: None, frames: None, ..draft.clone() };
        Self::new(one.unchecked()?, way, frames).map(Some)
    }

    /// A stack of `frames` maps. `base` is what they share.
    ///
    /// # Errors
    /// As [`Stack::of`].
    pub fn new(base: Experiment, way: Way, frames: u32) -> Result<Self> {
        check_size(&base, frames)?;
        let mut stack = Self { base, way, asked: frames, frames: Vec::new(), ended: None, scale: 1.0 };
        match stack.way.clone() {
            Way::Sweep(axis) => stack.plan_sweep(&axis)?,
            Way::Zoom { point, factor } => stack.plan_zoom(point, factor)?,
        }
        let last = stack.frames.len() - 1;
        stack.scale = stack.bare(0).scale().max(stack.bare(last).scale());
        Ok(stack)
    }

    fn plan_sweep(&mut self, axis: &Axis) -> Result<()> {
        let axes = [("across", &self.base.across), ("up", &self.base.up)];
        if let Some((flag, _)) = axes.iter().find(|(_, other)| other.name == axis.name) {
            return Err(Error::request(format!(
                "sweep: `{0}` is an axis already (--{flag}); sweep another quantity, or give --{flag} one",
                axis.name
            )));
        }
        self.base.setup.check(&[axes[0], axes[1], ("sweep", axis)])?;
        check_spacing("sweep", axis, self.asked, self.base.precision)?;
        let rows = self.base.setup.landscape.body.data.count_parameter();
        let is_count = rows.as_ref() == Some(&axis.name);
        let mut values = axis.values(self.asked);
        if is_count {
            values.iter_mut().for_each(|value| *value = value.round());
            if values.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(Error::request(format!(
                    "sweep: `{}` is a whole number, and there are fewer than {} in {} .. {}; give fewer --frames",
                    axis.name, self.asked, axis.from, axis.to
                )));
            }
        }
        self.frames = values.into_iter().map(|value| (value, self.base.precision)).collect();
        (0..self.frames.len()).try_for_each(|k| self.bare(k).check())
    }

    fn plan_zoom(&mut self, point: [f64; 2], factor: f64) -> Result<()> {
        if !(factor > 1.0 && factor.is_finite()) {
            return Err(Error::request(format!(
                "factor: {factor} makes nothing larger; give a number above 1, such as --factor 1.5"
            )));
        }
        for (axis, at) in [&self.base.across, &self.base.up].into_iter().zip(point) {
            if !(axis.from <= at && at <= axis.to) {
                return Err(Error::request(format!(
                    "zoom: {at} is outside the map, whose `{}` goes from {} to {}; give a point inside as X,Y, across \
                     and up",
                    axis.name, axis.from, axis.to
                )));
            }
        }
        self.base.check()?;
        for k in 0..self.asked {
            let value = libm::pow(factor, f64::from(k));
            let formats = [self.base.precision, Precision::F64];
            let told = formats.map(|precision| {
                let frame = self.narrowed(value, precision);
                (precision == Precision::F64 || above_subnormal(&frame)).then(|| frame.check()).transpose()
            });
            // What fails in both fails for want of digits: the first frame has passed.
            match told {
                [Ok(Some(())), _] => self.frames.push((value, formats[0])),
                [_, Ok(Some(()))] => self.frames.push((value, Precision::F64)),
                _ => {
                    self.ended = Some(format!(
                        "in frame {k}, {value:.3e} times narrower than the first, neighbouring cells no longer differ in \
                         f64"
                    ));
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the frames share.
    pub fn base(&self) -> &Experiment {
        &self.base
    }

    /// What changes from frame to frame.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// How many frames were asked for; a zoom may end before.
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// How many frames there are.
    pub fn count(&self) -> usize {
        self.frames.len()
    }

    /// Why there are fewer frames than asked for.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Of each frame the swept quantity, or how many times narrower than the first it is.
    pub fn values(&self) -> Vec<f64> {
        self.frames.iter().map(|frame| frame.0).collect()
    }

    /// The first frame that is computed in f64 although f32 was asked for.
    pub fn turns_f64(&self) -> Option<usize> {
        let turned = |frame: &(f64, Precision)| frame.1 != self.base.precision;
        self.frames.iter().position(turned)
    }

    /// The number format that holds the numbers of every frame.
    pub fn precision(&self) -> Precision {
        let all = self.frames.iter().map(|frame| frame.1);
        if all.into_iter().any(|p| p == Precision::F64) { Precision::F64 } else { Precision::F32 }
    }

    /// What changes from frame to frame: the swept quantity, or `zoom`.
    pub fn quantity(&self) -> &str {
        match &self.way {
            Way::Sweep(axis) => &axis.name,
            Way::Zoom { .. } => "zoom",
        }
    }

    /// Whether frames are spaced evenly in the logarithm of what changes.
    pub fn is_log(&self) -> bool {
        match &self.way {
            Way::Sweep(axis) => axis.log,
            Way::Zoom { .. } => true,
        }
    }

    /// The experiment of frame `k`.
    pub fn frame(&self, k: usize) -> Experiment {
        let frame = self.bare(k);
        Experiment {
            tolerance: frame.tolerance.or(Some(fate::TOLERANCE * self.scale)),
            escape: frame.escape.or(Some(fate::escape(self.scale))),
            ..frame
        }
    }

    /// The experiment of frame `k` with the tolerances of its own map.
    fn bare(&self, k: usize) -> Experiment {
        let (value, precision) = self.frames[k];
        let Way::Sweep(axis) = &self.way else { return self.narrowed(value, precision) };
        let mut frame = self.base.clone();
        match axis.name.as_str() {
            "eta" => frame.setup.eta = Some(Eta::Constant(value)),
            name => _ = frame.setup.set.insert(name.to_owned(), value),
        }
        frame
    }

    /// The map of a zoom that is `times` narrower than the first.
    fn narrowed(&self, times: f64, precision: Precision) -> Experiment {
        let Way::Zoom { point, .. } = self.way else { return self.base.clone() };
        let mut frame = Experiment { precision, ..self.base.clone() };
        for (axis, at) in [&mut frame.across, &mut frame.up].into_iter().zip(point) {
            let end = |end: f64| match axis.log {
                _ if times == 1.0 => end,
                true => at * libm::exp(libm::log(end / at) / times),
                false => at + (end - at) / times,
            };
            (axis.from, axis.to) = (end(axis.from), end(axis.to));
        }
        frame
    }

    /// The stack as a file that repeats it.
    pub fn to_toml(&self) -> String {
        self.draft().to_toml()
    }

    /// The stack as it is written down.
    pub(crate) fn draft(&self) -> Draft {
        let draft = self.base.draft();
        let frames = Some(self.asked);
        match &self.way {
            Way::Sweep(axis) => Draft { sweep: Some(axis.to_string()), frames, ..draft },
            Way::Zoom { point, factor } => {
                Draft { zoom: Some(point.to_vec()), factor: Some(*factor), frames, ..draft }
            }
        }
    }
}

/// Whether a stack is not too large.
fn check_size(base: &Experiment, frames: u32) -> Result<()> {
    check_sides(base.size)?;
    let [width, height] = base.size;
    if frames > FRAMES_MAX {
        return Err(Error::request(format!("frames: {frames} are too many; give at most {FRAMES_MAX}")));
    }
    if u64::from(width) * u64::from(height) > CELLS_IN_MEMORY {
        return Err(Error::request(format!(
            "size: {width}x{height} is more than {CELLS_IN_MEMORY} cells, the most that a map of a stack may have; make \
             it smaller"
        )));
    }
    let cells = u128::from(width) * u128::from(height) * u128::from(frames);
    if cells > u128::from(CELLS_MAX) {
        return Err(Error::request(format!(
            "frames: {frames} of {width}x{height} are more than {CELLS_MAX} cells, the most that one stack may have; \
             give fewer frames or a smaller --size"
        )));
    }
    Ok(())
}

/// Whether cells are further apart than the numbers that many devices take for zero.
fn above_subnormal(frame: &Experiment) -> bool {
    let axes = [&frame.across, &frame.up].into_iter().zip(frame.size);
    axes.into_iter()
        .all(|(axis, cells)| (axis.to - axis.from) / f64::from(cells) >= f64::from(f32::MIN_POSITIVE))
}
