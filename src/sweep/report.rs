//! `report.json` of a stack.

use serde::{Deserialize, Serialize};

use crate::report::Report;

/// What a stack was made by, and what was found in each frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackReport {
    /// gdscope's version.
    pub version: String,
    /// The swept quantity, or `zoom`.
    pub quantity: String,
    pub frames_asked: u32,
    /// The first frame that was computed in f64, on the CPU, because neighbouring cells no longer differ in f32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f64_from_frame: Option<usize>,
    /// Why there are fewer frames than asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Wall-clock seconds for all pictures.
    pub seconds_draw: f64,
    pub frames: Vec<FrameReport>,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameReport {
    /// The swept quantity, or how many times narrower than the first this frame is.
    pub value: f64,
    /// The ends of the axes.
    pub across: [f64; 2],
    pub up: [f64; 2],
    #[serde(flatten)]
    pub report: Report,
}

impl StackReport {
    /// The text of `report.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has no keys but strings");
        text.push('\n');
        text
    }
}
