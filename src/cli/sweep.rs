//! The flags of `gdscope map` that make a stack of maps, and what it does with them.

use std::path::Path;

use clap::Args;

use super::engine::EngineArguments;
use super::map::cells;
use super::progress::Progress;
use super::units::{count, duration};
use super::{tell, tell_files};
use crate::analysis::{Check, Known};
use crate::error::Result;
use crate::experiment::{Draft, number};
use crate::output::{Directory, check_tables};
use crate::picture::{Style, short_number};
use crate::plan::Plan;
use crate::sweep::{Frames, Stack, StackReport, Way, make};

/// A third quantity, or a zoom.
#[derive(Clone, Debug, Args)]
pub struct SweepArguments {
    /// Make a stack of maps along a third quantity: a parameter, an initial coordinate, eta or beta, such
    /// as a=0..1, or eta=0.01..1:log; it needs --frames. Its pictures are animated PNGs
    #[arg(long, value_name = "NAME=FROM..TO")]
    sweep: Option<String>,

    /// Make a stack of maps that zooms into a point, given as its values across and up; it needs --frames.
    /// Where neighbouring cells no longer differ in f32, it goes on in f64, and ends where they no
    /// longer differ in that
    #[arg(long, value_name = "X,Y", value_parser = inside, allow_hyphen_values = true)]
    zoom: Option<[f64; 2]>,

    /// How many times narrower each map of a zoom is than the one before [default: 2]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    factor: Option<f64>,

    /// Maps in a stack
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    frames: Option<u32>,
}

fn inside(text: &str) -> std::result::Result<[f64; 2], String> {
    point(text, "write X,Y, the values across and up of a point inside the map, such as 0.5,-1")
}

/// Parses two numbers; `form` says what to write.
pub(super) fn point(text: &str, form: &str) -> std::result::Result<[f64; 2], String> {
    let form = || form.to_owned();
    let (across, up) = text.split_once(',').ok_or_else(form)?;
    Ok([number(across).map_err(|_| form())?, number(up).map_err(|_| form())?])
}

impl SweepArguments {
    /// The keys that the flags give.
    pub fn draft(&self) -> Draft {
        let Self { sweep, zoom, factor, frames } = self.clone();
        Draft { sweep, zoom: zoom.map(Vec::from), factor, frames, ..Draft::default() }
    }
}

/// What is the same for a map and a stack.
pub struct Rest<'a> {
    pub engine: &'a EngineArguments,
    pub output: &'a Path,
    pub style: Style,
    pub known: Known,
    pub check: bool,
}

/// Makes a stack.
pub fn run(stack: &Stack, rest: Rest<'_>) -> Result<()> {
    // What cannot be run is refused before anything is written.
    for k in 0..stack.count() {
        let frame = stack.frame(k);
        Plan::new(&frame)?;
        crate::overlay::check(&frame)?;
    }
    let cells = cells(stack.base().size) * stack.count() as u64;
    check_tables(&rest.style.tables, cells)?;
    let engine = rest.engine.open(stack.base().precision)?;
    let directory = Directory::create(rest.output)?;
    if let Some(k) = stack.turns_f64() {
        let from = short_number(stack.values()[k]);
        let place = if engine.device().f64 { "" } else { " on the CPU" };
        tell(&format!(
            "from frame {k} on (zoom {from}) in f64{place}: neighbouring cells no longer differ in f32\n"
        ));
    }
    let progress = Progress::new(cells, "cells");
    let frames = Frames::new(stack, engine.as_ref(), rest.known);
    let made = make(stack, frames, rest.check, &directory, &rest.style, &|done| progress.show(done));
    progress.clear();
    let made = made?;
    tell(&summary(stack, &made.report));
    tell_files(&made.files);
    made.report.frames.iter().filter_map(|frame| frame.report.check.as_ref()).try_for_each(Check::verdict)
}

/// What a stack was made by and what was found, in a few lines.
fn summary(stack: &Stack, report: &StackReport) -> String {
    let [width, height] = stack.base().size;
    let steps: u64 = report.frames.iter().map(|frame| frame.report.steps_taken).sum();
    let seconds = report.frames.iter().map(|frame| {
        let seconds = frame.report.seconds;
        seconds.compile + seconds.run + seconds.readback
    });
    let first = &report.frames[0].report;
    let mut text = format!(
        "{} maps of {width}x{height}, {} steps in {} on {}: {} ({}, {})\n",
        report.frames.len(),
        count(steps as f64),
        duration(seconds.sum::<f64>()),
        first.engine,
        first.device,
        first.device_kind,
        first.backend,
    );
    let ids = report.frames.iter().flat_map(|frame| &frame.report.attractors).map(|a| a.id);
    let found = ids.collect::<std::collections::BTreeSet<i32>>().len();
    text += &format!("{found} attractor{} in all\n", if found == 1 { "" } else { "s" });
    let agreement = |frame: &&crate::sweep::FrameReport| {
        let check = frame.report.check.as_ref()?;
        Some((check.away_from_boundary.fates?, frame.value))
    };
    let worst = report.frames.iter().filter_map(|frame| agreement(&frame)).min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((share, value)) = worst {
        text += &format!(
            "check against f64, away from basin boundaries: same fate in {:.2} % or more, the least at {} = {value}\n",
            100.0 * share,
            report.quantity
        );
    }
    if let (Some(why), Way::Zoom { .. }) = (&report.ended, stack.way()) {
        text += &format!("ended after {} of {} frames: {why}\n", report.frames.len(), report.frames_asked);
    }
    text
}
