//! `report.json` of a stack.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::analysis::Attractor;
use crate::error::{Error, Result};
use crate::input::{self, TEXT_MAX};
use crate::report::Report;

/// What a stack was made by, and what was found in each frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackReport {
    /// gdscope's version.
    pub version: String,
    /// The swept quantity, or `zoom`.
    pub quantity: String,
    /// Frames that were asked for; a zoom may end before.
    pub frames_asked: u32,
    /// The first frame that was computed in f64, because neighbouring cells no longer differ in f32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f64_from_frame: Option<usize>,
    /// Why there are fewer frames than asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Wall-clock seconds for all pictures.
    pub seconds_draw: f64,
    /// What is to be told of each frame.
    pub frames: Vec<FrameReport>,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameReport {
    /// The swept quantity, or how many times narrower than the first this frame is.
    pub value: f64,
    /// The ends of the axes.
    pub across: [f64; 2],
    /// Ends of the axis up.
    pub up: [f64; 2],
    #[serde(flatten)]
    /// As of a map.
    pub report: Report,
}

/// What tells the report of a stack from that of a map.
#[derive(Deserialize)]
struct Kind {
    frames: Option<serde::de::IgnoredAny>,
}

/// The attractors in the directory of a map or of a stack; in a stack, as they were in each frame.
///
/// # Errors
/// [`Error::File`] with the reason.
pub fn attractors_of(directory: &Path) -> Result<Vec<Attractor>> {
    let path = directory.join("report.json");
    let failed = |e: &dyn std::fmt::Display| Error::file(&path, e);
    let text = input::read(&path, 2 * TEXT_MAX).map_err(|e| failed(&e))?;
    let kind: Kind = serde_json::from_slice(&text).map_err(|e| failed(&e))?;
    if kind.frames.is_none() {
        return Ok(Report::read(&path)?.attractors);
    }
    let report: StackReport = serde_json::from_slice(&text).map_err(|e| failed(&e))?;
    Ok(report.frames.into_iter().flat_map(|frame| frame.report.attractors).collect())
}

impl StackReport {
    /// The text of `report.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has no keys but strings");
        text.push('\n');
        text
    }
}
