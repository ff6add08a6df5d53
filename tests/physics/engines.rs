//! The engines that every test of this folder runs on.

use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::gpu::{GpuEngine, devices};
use gdscope::engine::{Cells, Engine, Outcomes};
use gdscope::experiment::{Draft, Experiment, Precision};
use gdscope::fate::Fate;
use gdscope::map::Map;
use gdscope::plan::Plan;

/// An engine with a precision.
pub struct Subject {
    pub name: &'static str,
    pub engine: Box<dyn Engine>,
    pub precision: Precision,
}

/// The GPU engine on the first adapter there is; without one the tests fail.
pub fn gpu() -> GpuEngine {
    assert!(!devices().is_empty(), "these tests need a GPU or a software adapter such as llvmpipe");
    GpuEngine::open(None).or_else(|_| GpuEngine::open(Some("0"))).expect("an adapter that is listed opens")
}

/// GPU in f32, CPU in f32, CPU in f64, and GPU in f64 if it has that.
pub fn all() -> Vec<Subject> {
    let mut subjects = vec![
        Subject { name: "gpu f32", engine: Box::new(gpu()), precision: Precision::F32 },
        Subject { name: "cpu f32", engine: Box::new(CpuEngine::default()), precision: Precision::F32 },
        Subject { name: "cpu f64", engine: Box::new(CpuEngine::default()), precision: Precision::F64 },
    ];
    subjects.extend(gpu_f64());
    subjects
}

/// GPU in f64, if it has that.
pub fn gpu_f64() -> Option<Subject> {
    let engine = gpu();
    let has_it = engine.device().f64;
    has_it.then(|| Subject { name: "gpu f64", engine: Box::new(engine), precision: Precision::F64 })
}

/// The experiment that `toml` describes.
pub fn experiment(toml: &str, precision: Precision) -> Experiment {
    let mut experiment = Draft::parse(toml).unwrap().resolve().unwrap_or_else(|e| panic!("{e}\n{toml}"));
    experiment.precision = precision;
    experiment
}

impl Subject {
    /// The map of an experiment.
    pub fn map(&self, toml: &str) -> Map {
        gdscope::run(&experiment(toml, self.precision), self.engine.as_ref(), false, &|_| {}).unwrap().0
    }

    /// What became of every trajectory.
    pub fn outcomes(&self, toml: &str) -> Outcomes {
        let plan = Plan::new(&experiment(toml, self.precision)).unwrap();
        self.engine.run(&plan, &Cells::All, &|_| {}).unwrap()
    }
}

/// The fate of a cell.
pub fn fate(map: &Map, cell: usize) -> Fate {
    Fate::from_code(map.fate[cell]).unwrap()
}

/// How many cells have each fate that occurs, for messages.
pub fn fates(map: &Map) -> Vec<(&'static str, usize)> {
    let count = |fate: Fate| (fate.name(), map.fate.iter().filter(|&&code| code == fate as u8).count());
    Fate::ALL.map(count).into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The root of an increasing function between two points, by bisection.
pub fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
