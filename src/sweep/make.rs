//! From a stack to its directory.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use zip::ZipWriter;

use super::digest::Digest;
use super::fractions::Fractions;
use super::pictures::Animator;
use super::report::{FrameReport, StackReport};
use super::store::Store;
use super::{Frames, Stack, Way};
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::map;
use crate::output::{Aside, Directory, EXPERIMENT, FRACTIONS, Kind, REPORT, STACK, Source, texts};
use crate::overlay;
use crate::picture::{Caption, Format, Style};

/// Most attractors of each frame that the report lists.
const LISTED: usize = 1000;
/// Pixels of the chart of fractions for each pixel that it is laid out by.
const CHART_SCALE: u32 = 2;

/// A stack that has been made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it was made by, and what was found, frame by frame.
    pub report: StackReport,
    /// The basins' shares of each frame.
    pub fractions: Fractions,
    /// What was written.
    pub files: Vec<PathBuf>,
}

/// Runs all `frames` of `stack` and writes what its directory holds: `sweep.npz`, `fractions.csv`, the pictures,
/// `report.json` and `experiment.toml`. An earlier map or stack there gives way as a whole, or stays.
///
/// `progress` is told, from any thread, how many cells of all frames have been computed.
///
/// # Errors
/// Those of [`crate::run()`], and [`Error::Write`].
pub fn make(
    stack: &Stack,
    mut frames: Frames<'_>,
    checked: bool,
    directory: &Directory,
    style: &Style,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Made> {
    let mut aside = directory.aside()?;
    let unwritten = |e: std::io::Error| Error::write(aside.target(STACK))(e);
    let mut store = Store::new(aside.folder(), stack.base().size, stack.precision());
    let (mut fractions, mut digest) = (Fractions::default(), Digest::new(stack.count()));
    let mut reports = Vec::new();
    for (k, value) in stack.values().into_iter().enumerate() {
        let before = k as u64 * u64::from(stack.base().size[0]) * u64::from(stack.base().size[1]);
        let Some(frame) = frames.advance(checked, &|done| progress(before + done)) else { break };
        let (map, mut report) = frame?;
        fractions.add(value, &map, &report);
        digest.add(&map);
        store.push(&map).map_err(unwritten)?;
        report.attractors.truncate(LISTED);
        let ends = |axis: &[f64]| [axis[0], axis[axis.len() - 1]];
        reports.push(FrameReport { value, across: ends(&map.across), up: ends(&map.up), report });
    }
    let mut report = StackReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        quantity: stack.quantity().to_owned(),
        frames_asked: stack.asked(),
        f64_from_frame: stack.turns_f64(),
        ended: stack.ended().map(str::to_owned),
        seconds_draw: 0.0,
        frames: reports,
    };
    let started = Instant::now();
    draw(stack, &store, &report, (&fractions, digest), &mut aside, style)?;
    report.seconds_draw = started.elapsed().as_secs_f64();
    aside.write(STACK, |to| archive(stack, &store, &fractions, to))?;
    aside
        .write(&format!("{FRACTIONS}.csv"), |to| to.write_all(fractions.csv(stack.quantity()).as_bytes()))?;
    aside.write(REPORT, |to| to.write_all(report.to_json().as_bytes()))?;
    aside.write(EXPERIMENT, |to| to.write_all(stack.to_toml().as_bytes()))?;
    drop(store);
    if !style.tables.is_empty() {
        let source = Source::new(Kind::Stack, &aside.folder().join(STACK), &stack.draft())?;
        aside.write_tables(&source, &style.tables)?;
    }
    let files = aside.publish_alone()?;
    Ok(Made { report, fractions, files })
}

/// Draws the views as animations, and the fractions.
fn draw(
    stack: &Stack,
    store: &Store,
    report: &StackReport,
    (fractions, digest): (&Fractions, Digest),
    aside: &mut Aside,
    style: &Style,
) -> Result<()> {
    let caption = Caption::without(stack.base(), stack.quantity());
    let texts = texts(&caption.title, &stack.to_toml(), &report.version);
    let texts = texts.each_ref().map(|(keyword, text)| (*keyword, text.as_str()));
    let attractors: Vec<_> = report.frames.iter().map(|frame| frame.report.attractors.clone()).collect();
    let over = match style.plain {
        true => Vec::new(),
        false => (0..stack.count()).map(|k| overlay::series(&stack.frame(k))).collect::<Result<_>>()?,
    };
    let animator = Animator { stack, store, attractors: &attractors, style, over };
    let digest = digest.map();
    for view in &stack.base().show {
        aside.write(&view.file_name(Format::Png), |to| animator.animate(*view, &digest, &texts, to))?;
    }
    let chart = fractions.figure(&caption.title, &caption.subtitle, stack.quantity(), stack.is_log());
    let drawing = chart.draw(style.theme);
    for format in &style.formats {
        let name = format!("{FRACTIONS}.{}", format.ending());
        let file = drawing.file(*format, CHART_SCALE, &texts).map_err(std::io::Error::other);
        aside.write(&name, |to| to.write_all(&file?))?;
    }
    Ok(())
}

/// Writes `sweep.npz`.
fn archive(
    stack: &Stack,
    store: &Store,
    fractions: &Fractions,
    to: &mut (impl Write + std::io::Seek),
) -> std::io::Result<()> {
    let mut archive = ZipWriter::new(to);
    let (n, ids) = (fractions.frames(), fractions.ids());
    map::array(&mut archive, "frames", &[n as u64], stack.values().into_iter())?;
    let shares =
        (0..n).flat_map(|k| ids.iter().map(move |id| (k, *id))).map(|(k, id)| fractions.share(k, id));
    map::array(&mut archive, "fractions", &[n as u64, ids.len() as u64], shares)?;
    map::array(&mut archive, "fraction_ids", &[ids.len() as u64], ids.iter().copied())?;
    let without = (0..n).flat_map(|k| Fate::ALL.map(|fate| fractions.share_without(k, fate)));
    map::array(&mut archive, "fractions_without", &[n as u64, Fate::ALL.len() as u64], without)?;
    store.write(&mut archive, matches!(stack.way(), Way::Zoom { .. }))?;
    archive.finish()?;
    Ok(())
}
