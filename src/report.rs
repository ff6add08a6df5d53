//! `report.json`: what a run was made by and what it found.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::analysis::{Attractor, Certain, Check};
use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::input;

/// Most attractors that are listed; `attractors_found` counts them all.
pub const LISTED: usize = 10_000;

/// Everything about a run that is not in its arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
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
    /// Trajectory-steps in all cells together.
    pub steps_taken: u64,
    /// Wall-clock seconds by stage.
    pub seconds: StageSeconds,
    /// The budgets that trajectories were run with, each longer one only for what was undecided before it.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// Times that the device failed, was opened again, and went on.
    #[serde(default)]
    pub device_faults: u64,
    /// Cells that the CPU engine computed, because the device had failed for good.
    #[serde(default)]
    pub fallback_cells: u64,
    /// How far the map can be relied on.
    pub certain: Certain,
    /// Cells by fate, of every fate.
    pub fates: BTreeMap<String, u64>,
    /// How many attractors there are, listed or not.
    pub attractors_found: usize,
    /// The attractors with the largest basins, largest first, at most [`LISTED`].
    pub attractors: Vec<Attractor>,
    /// The comparison with f64, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// A budget, and how many cells it has left undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Most steps of a trajectory.
    pub steps: u32,
    /// Cells.
    pub undecided: u64,
}

/// Wall-clock seconds by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Making formulas into code, and that into the device's.
    pub compile: f64,
    /// Running trajectories.
    pub run: f64,
    /// Bringing results back from the device.
    pub readback: f64,
    /// Finding attractors and all that follows.
    pub analyse: f64,
    /// What is computed again: the comparison with f64, and the doubtful cells, if they were asked for.
    pub check: f64,
    /// Drawing pictures.
    pub draw: f64,
}

/// The part of a `report.json` that every version understands.
#[derive(Deserialize)]
struct Stamp {
    version: String,
}

impl Stamp {
    /// Whether this version reads what that version wrote: releases that differ in the last number only
    /// write the same files.
    fn check(&self) -> std::result::Result<(), String> {
        let own = env!("CARGO_PKG_VERSION");
        let parse = semver::Version::parse;
        let (Ok(by), Ok(this)) = (parse(&self.version), parse(own)) else {
            return Err(format!("`version` is {:?}, which is no version of gdscope", self.version));
        };
        if (by.major, by.minor) > (this.major, this.minor) {
            return Err(format!(
                "written by gdscope {by}, which is newer than this one, {own}; use gdscope {by} or newer"
            ));
        }
        Ok(())
    }
}

impl Report {
    /// Reads the report in a map's directory.
    ///
    /// # Errors
    /// As [`Report::read`].
    pub fn of(directory: &Path) -> Result<Self> {
        Self::read(&directory.join("report.json"))
    }

    /// Reads a `report.json`.
    ///
    /// # Errors
    /// [`Error::File`] with the reason, which may be that a newer gdscope wrote it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = Self::text(path)?;
        serde_json::from_str(&text).map_err(|e| Error::file(path, e))
    }

    /// The text of a report that is of no newer version: what else that writes, this one cannot judge.
    ///
    /// # Errors
    /// [`Error::File`] with the reason.
    pub(crate) fn text(path: &Path) -> Result<String> {
        let text = input::read_text(path).map_err(|e| Error::file(path, e))?;
        let stamp: Stamp = serde_json::from_str(&text).map_err(|e| Error::file(path, e))?;
        stamp.check().map_err(|message| Error::file(path, message))?;
        Ok(text)
    }

    /// The text of `report.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has no keys but strings");
        text.push('\n');
        text
    }
}
