//! `report.json` of a phase diagram.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Diagram;
use crate::engine::Device;
use crate::experiment::{PhaseExperiment, Precision};
use crate::report::StageSeconds;

/// Everything about a run that is not in its arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// gdscope's version.
    pub version: String,
    /// The device's name.
    pub device: String,
    /// `discrete`, `integrated`, `virtual`, `software`, `processor` or `other`.
    pub device_kind: String,
    /// The device's driver and its version.
    pub driver: String,
    /// Vulkan, Metal, Dx12, or the instruction set.
    pub backend: String,
    /// `gpu` or `cpu`.
    pub engine: String,
    /// The number format of the trajectories.
    pub precision: Precision,
    /// Trajectory-steps in all: those of the orbits that are counted, and those that find periods and
    /// exponents.
    pub steps_taken: u64,
    /// Of these, the first ones, and what a second of running has done of them.
    pub steps_counted: u64,
    /// Counted trajectory-steps per second.
    pub counted_per_second: f64,
    /// Wall-clock seconds by stage.
    pub seconds: StageSeconds,
    /// Times that the device failed, was opened again, and went on.
    #[serde(default)]
    pub device_faults: u64,
    /// Orbits that the CPU engine followed, because the device had failed for good.
    #[serde(default)]
    pub fallback_cells: u64,
    /// Orbits by fate, of every fate.
    pub fates: BTreeMap<String, u64>,
    /// How many visits there were.
    pub visits: Visits,
}

/// Where the visits of all columns are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visits {
    /// Below the range.
    pub below: u64,
    /// Inside the range.
    pub inside: u64,
    /// Above the range.
    pub above: u64,
}

impl PhaseReport {
    pub(super) fn new(experiment: &PhaseExperiment, device: &Device, diagram: &Diagram) -> Self {
        let sum = |counts: &[u32]| counts.iter().map(|&n| u64::from(n)).sum();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: device.name.clone(),
            device_kind: device.kind.clone(),
            driver: device.driver.clone(),
            backend: device.backend.clone(),
            engine: device.engine.to_owned(),
            precision: experiment.precision,
            steps_taken: 0,
            steps_counted: 0,
            counted_per_second: 0.0,
            seconds: StageSeconds::default(),
            device_faults: 0,
            fallback_cells: 0,
            fates: BTreeMap::new(),
            visits: Visits {
                below: sum(&diagram.below),
                inside: sum(&diagram.counts),
                above: sum(&diagram.above),
            },
        }
    }

    pub(super) fn with_fates(self, fates: BTreeMap<String, u64>) -> Self {
        Self { fates, ..self }
    }

    /// The steps of the map, those that were counted, and the seconds that the latter took.
    pub(super) fn with_steps(self, of_map: u64, steps_counted: u64, took: f64) -> Self {
        let steps_taken = of_map + steps_counted;
        Self { steps_taken, steps_counted, counted_per_second: steps_counted as f64 / took.max(1e-9), ..self }
    }

    pub(super) fn with_faults(self, device_faults: u64, fallback_cells: u64) -> Self {
        Self { device_faults, fallback_cells, ..self }
    }

    pub(super) fn with_seconds(self, seconds: StageSeconds) -> Self {
        Self { seconds, ..self }
    }

    /// The text of `report.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has no keys but strings");
        text.push('\n');
        text
    }
}
