//! Figure 5.1: the time to converge after learning-rate decays at different steps.

use super::Picture;
use super::parts::{curves, draft, iterations, landscape, orbit, over_time, rules};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Engine};
use crate::error::Result;
use crate::fate::Fate;
use crate::map::Map;
use crate::orbit::Row;
use crate::picture::{Caption, ChartAxis, Figure, Marker, Panel, Scale, Series};
use crate::plan::Plan;

/// The caption's settings.
const DECAYS: [u32; 3] = [650, 700, 750];
/// The iterations shown before a drop; at the first x1 gets bigger than -4.
const BEFORE: (usize, usize) = (466, 750);
/// Iterations shown of the trajectories after a decay.
const AFTER: usize = 500;
/// The first and last iteration of the loss that is shown, and the largest loss.
const SHOWN: (u32, u32) = (400, 2400);
const HIGHEST: f64 = 0.6;
const FRAME: (u32, u32) = (330, 270);

const CAPTION: &str = "Fig. 5.1 of Ma, Kunin, Wu and Ying (2022): learning-rate decays at different steps lead to very \
    different behaviour. Descent starts at (−20, 3) with η = 2.5, which is decayed to 0.25 at step 650, 700 or 750. \
    Left: the landscape, a wide flat valley and a small sharp one. Middle: the trajectory from iteration 466, where \
    x₁ exceeds −4, to 750 without a decay, and 500 iterations after each decay. Right: the loss from iteration 400 \
    on. Descent does not come to rest in the small valley: its curvature at the origin, 25, exceeds 2/η = 8.";

const MAP: &str = include_str!("../../experiments/fig-5.1.toml");

const MAP_CAPTION: &str = "What the three trajectories of Fig. 5.1 are a sample of: the steps until the loss is at \
    most 0.125, as in the small valley alone, over the step of the decay and its factor. Crosses: the decays of \
    the figure.";

/// The run with a decay at a step.
fn setup(decay: u32) -> String {
    format!("landscape = 'two-valleys'\neta = '2.5@0,0.25@{decay}'\nset = {{ x1 = -20, x2 = 3 }}")
}

/// The figure, and the map beside it.
pub fn pictures(progress: &dyn Fn(&str)) -> Result<Vec<Picture>> {
    progress("trajectories with decays at 650, 700 and 750");
    let mut runs = Vec::new();
    for decay in DECAYS {
        runs.push(orbit(&setup(decay), SHOWN.1)?);
    }
    let panels = vec![valleys(&runs[2])?, trajectories(&runs)?, losses(&runs)];
    let figure = Figure { rows: vec![panels], caption: CAPTION.to_owned(), ..Figure::default() };
    let experiments = DECAYS.map(setup).join("\n\n");
    Ok(vec![Picture { name: "fig-5.1".to_owned(), figure, experiments }, map(progress)?])
}

/// Both valleys, and the way to the small one.
fn valleys(rows: &[Row]) -> Result<Panel> {
    let setup = draft(&setup(DECAYS[0])).setup()?;
    let panel = landscape(&setup, "x1 = -21 .. 3", "x2 = -4 .. 4", FRAME)?;
    let way = rows[..=BEFORE.1].iter().map(|row| (row.point[0], row.point[1])).collect();
    Ok(panel.with_series([Series::line("before the drop", 0, way).width(0.5)]))
}

/// What happens around the decays.
fn trajectories(runs: &[Vec<Row>]) -> Result<Panel> {
    let setup = draft(&setup(DECAYS[0])).setup()?;
    let panel = landscape(&setup, "x1 = -4.2 .. 0.4", "x2 = -2.2 .. 2.2", FRAME)?;
    let points = |rows: &[Row]| rows.iter().map(|row| (row.point[0], row.point[1])).collect();
    // The latest decay's run is the undecayed one until then.
    let before =
        Series::dots("before the drop", 0, points(&runs[2][BEFORE.0..=BEFORE.1])).marked(Marker::Dot, 1.0);
    let after = DECAYS.iter().zip(runs).enumerate().map(|(k, (decay, rows))| {
        let first = *decay as usize;
        let name = format!("decay at {decay}");
        Series::line(&name, k + 1, points(&rows[first..=first + AFTER])).width(1.8)
    });
    Ok(panel.with_series([before].into_iter().chain(after)))
}

/// The losses of the runs.
fn losses(runs: &[Vec<Row>]) -> Panel {
    // The one that falls first is behind the others.
    let loss = DECAYS.iter().zip(runs).enumerate().rev().map(|(k, (decay, rows))| {
        let rows = &rows[SHOWN.0 as usize..];
        Series::line(&format!("decay at {decay}"), k + 1, over_time(rows, |row| row.loss)).width(1.0)
    });
    let range = (0.0, HIGHEST);
    let series = rules(&DECAYS.map(f64::from), range).into_iter().chain(loss);
    let up = ChartAxis::new("loss", Scale::linear(range.0, range.1));
    curves("", FRAME, iterations(SHOWN.0, SHOWN.1), up, series.collect())
}

/// Steps to a loss over decay step and decay factor.
fn map(progress: &dyn Fn(&str)) -> Result<Picture> {
    progress("map of the steps to a loss");
    let experiment = draft(MAP).resolve()?;
    let plan = Plan::new(&experiment)?;
    let outcomes = CpuEngine::default().run(&plan, &Cells::All, &|_| {})?;
    // What has not come so far is undecided.
    let fate = vec![Fate::Undecided as u8; plan.cells()];
    let map = Map { across: plan.across, up: plan.up, fate, ..Map::default() };
    let caption = Caption::of(&experiment);
    let panel = crate::picture::panel_of_values(
        &map,
        &outcomes.reach,
        "steps until loss ≤ 0.125",
        &caption,
        2 * experiment.size[0],
    );
    let panel = panel.with_series([Series::crosses(&DECAYS.map(|decay| (f64::from(decay), 0.1)))]);
    let figure = Figure {
        title: caption.title,
        subtitle: caption.subtitle,
        rows: vec![vec![panel]],
        caption: MAP_CAPTION.to_owned(),
    };
    Ok(Picture { name: "fig-5.1-map".to_owned(), figure, experiments: MAP.to_owned() })
}
