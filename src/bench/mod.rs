//! How fast each device is: steps of trajectories, whole maps, and how near that comes to what the device
//! can do at most.
//!
//! The *ceiling* is measured in the same run: multiply-adds per second of independent chains in registers.
//! The fraction of it that a row reaches is
//!
//! ```text
//! operations of a step * trajectory-steps per second / (2 * multiply-adds per second)
//! ```
//!
//! where a step's additions, multiplications, divisions and roots count one each, and functions such as `log1p`
//! as many as their polynomials take ([`crate::formula::Graph::operations`]). A step without a single division that
//! fused all of its multiplications with additions would reach 1.

mod cases;
mod ceiling;
mod maps;
mod steps;

use std::time::Duration;

use serde::Serialize;

pub use self::cases::{CASES, Case};
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::{GpuEngine, devices};
use crate::engine::{Device, Engine};
use crate::error::Result;
use crate::experiment::Precision;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shorter runs, fewer of them, smaller maps.
    pub quick: bool,
    /// The landscapes.
    pub cases: Vec<&'static Case>,
    /// Number formats; one that a device does not have is left out.
    pub precisions: Vec<Precision>,
    /// Steps, maps, or both.
    pub kinds: Vec<Kind>,
    /// Cells across and up, instead of as many as suit the device.
    pub size: Option<[u32; 2]>,
    /// Steps of each trajectory, or of a map the budget, instead of as many as suit the device.
    pub steps: Option<u32>,
}

impl Options {
    /// How long one run should take, in seconds.
    fn run_secs(&self) -> f64 {
        if self.quick { 0.2 } else { 1.0 }
    }

    fn repeats(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }
}

/// What a row is a measurement of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A fixed number of steps of every trajectory; nothing is observed, nothing ends early
    Steps,
    /// Whole maps, from the experiment to the last file
    Maps,
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Whether steps or whole maps.
    pub measured: Kind,
    /// The name of the landscape.
    pub landscape: &'static str,
    /// `cpu` or `gpu`.
    pub engine: &'static str,
    /// Its name, as `gdscope devices` tells it.
    pub device: String,
    /// See [`Device::kind`](crate::engine::Device::kind).
    pub device_kind: String,
    /// The graphics interface, or the instruction set.
    pub backend: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Number format.
    pub precision: Precision,
    /// Trajectories.
    pub lanes: u64,
    /// Of each trajectory; of a map, the budget.
    pub steps: u32,
    /// Median of the runs: without compiling and reading back, of a map all of it.
    pub seconds: f64,
    /// Slowest less fastest run, over the median.
    pub spread: f64,
    /// Runs that were measured.
    pub repeats: usize,
    /// Steps taken by all trajectories together, over `seconds`.
    pub steps_per_second: f64,
    /// In one step, see the [module](self).
    pub operations: f64,
    /// The device's ceiling, multiply-adds per second.
    pub multiply_adds_per_second: f64,
    /// How much of the ceiling is reached, see the [module](self).
    pub ceiling_fraction: f64,
    /// Mean of |x| over all coordinates and trajectories after the last step: what other programs must find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// One over the seconds of a map; only of maps.
    pub maps_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// What a map's time goes to; only of maps.
    pub stages: Option<Stages>,
    /// gdscope's version.
    pub version: &'static str,
}

/// Where the seconds of a map go; together they are all of it.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Stages {
    /// Seconds from formulas to code that the device runs.
    pub compile: f64,
    /// Seconds of steps and verdicts.
    pub run: f64,
    /// Seconds until the outcomes are back on the host.
    pub readback: f64,
    /// Seconds of attractors, sharpness and doubts.
    pub analyse: f64,
    /// Seconds of drawing.
    pub draw: f64,
    /// The arrays and the other files.
    pub write: f64,
}

/// A device that is measured.
pub enum Target {
    /// The processor.
    Cpu(CpuEngine),
    /// An adapter.
    Gpu(Box<GpuEngine>),
}

impl Target {
    /// The processor.
    pub fn cpu() -> Self {
        Self::Cpu(CpuEngine::default())
    }

    /// The adapter that `wanted` names, or without a name the best hardware GPU.
    ///
    /// # Errors
    /// As [`GpuEngine::open`].
    pub fn gpu(wanted: Option<&str>) -> Result<Self> {
        GpuEngine::open(wanted).map(|engine| Self::Gpu(Box::new(engine)))
    }

    /// Every adapter that is found, software ones too, or why it does not open.
    pub fn adapters() -> Vec<Result<Self>> {
        (0..devices().len()).map(|index| Self::gpu(Some(&index.to_string()))).collect()
    }

    /// What computes.
    pub fn engine(&self) -> &dyn Engine {
        match self {
            Self::Cpu(engine) => engine,
            Self::Gpu(engine) => engine.as_ref(),
        }
    }

    /// Multiply-adds per second.
    fn ceiling(&self, precision: Precision, time: Duration) -> Result<f64> {
        match self {
            Self::Cpu(_) => Ok(ceiling::multiply_adds(precision, time)),
            Self::Gpu(engine) => engine.multiply_adds(precision, time),
        }
    }

    /// Trajectories that keep the device busy, as a square map.
    fn size(&self) -> [u32; 2] {
        match self.engine().device().kind.as_str() {
            "processor" => [512; 2],
            "software" => [256; 2],
            _ => [2048; 2],
        }
    }
}

/// Measures a device: a row for each landscape, precision and kind. `progress` is told what comes next.
///
/// # Errors
/// As [`Engine::run`], and [`crate::Error::Write`] where the maps' files cannot be written.
pub fn measure(target: &Target, options: &Options, progress: &dyn Fn(&str)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let device = target.engine().device();
    for &precision in &options.precisions {
        if precision == Precision::F64 && !device.f64 {
            continue;
        }
        let format = format!("{precision:?}").to_lowercase();
        let time = Duration::from_secs_f64(options.run_secs());
        progress(&format!("ceiling in {format} on {}", device.name));
        let before = target.ceiling(precision, time)?;
        let mut measured = Vec::new();
        for kind in &options.kinds {
            for case in options.cases.iter().filter(|case| *kind == Kind::Steps || case.is_mapped) {
                progress(
                    &format!("{} ({kind:?}) in {format} on {}", case.landscape, device.name).to_lowercase(),
                );
                match kind {
                    Kind::Steps => measured.push(steps::measure(target, options, case, precision)?),
                    // In f64 they tell nothing new.
                    Kind::Maps if precision != options.precisions[0] => {}
                    Kind::Maps => measured.extend(maps::measure(target, options, case, precision)?),
                }
            }
        }
        // Whatever else the machine does takes from a ceiling, and nothing adds to it.
        let ceiling = before.max(target.ceiling(precision, time)?);
        for row in &mut measured {
            row.multiply_adds_per_second = ceiling;
            row.ceiling_fraction = row.operations * row.steps_per_second / (2.0 * ceiling);
        }
        rows.append(&mut measured);
    }
    Ok(rows)
}

/// A row for these runs, in each of which `steps_taken` steps were taken; its ceiling is yet to be known.
fn row(
    (target, case, precision): (&Target, &Case, Precision),
    (lanes, steps, steps_taken): (u64, u32, u64),
    operations: f64,
    seconds: &[f64],
) -> Row {
    let Device { engine, name, kind, backend, driver, .. } = target.engine().device().clone();
    let (middle, spread) = median(seconds);
    Row {
        measured: Kind::Steps,
        landscape: case.landscape,
        engine,
        device: name,
        device_kind: kind,
        backend,
        driver,
        precision,
        lanes,
        steps,
        seconds: middle,
        spread,
        repeats: seconds.len(),
        steps_per_second: steps_taken as f64 / middle,
        operations,
        multiply_adds_per_second: f64::NAN,
        ceiling_fraction: f64::NAN,
        mean_size: None,
        maps_per_second: None,
        stages: None,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The median, of an even number the upper one, and the range over it.
fn median(seconds: &[f64]) -> (f64, f64) {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 2];
    (middle, (sorted[sorted.len() - 1] - sorted[0]) / middle)
}
