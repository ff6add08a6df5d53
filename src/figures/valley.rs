//! Figure 4.2: descent bounces between the walls of a valley and moves to where it is flat.

use super::Picture;
use super::parts::{curves, draft, iterations, landscape, orbit, over_time, thinned};
use crate::analysis::theory::{Curve, Quasistatic};
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Engine};
use crate::error::Result;
use crate::landscape::Landscape;
use crate::map::Map;
use crate::orbit::Row;
use crate::picture::{Caption, ChartAxis, Dash, Figure, Marker, Panel, Scale, Series, Tint};
use crate::plan::Plan;

/// The caption's settings.
const SETUP: &str = "landscape = 'valley'\neta = 3\nset = { x1 = 1, x2 = 1 }";
const ETA: f64 = 3.0;
const START: f64 = 1.0;
/// Until the motion has nearly stopped.
const STEPS: u32 = 10_000;
/// Every so many steps a smooth curve has a point. It is odd, so that both walls are met.
const STRIDE: usize = 15;
/// Every so many points of the trajectory, two are joined.
const JOINED: usize = 30;

const CAPTION: &str = "Fig. 4.2 of Ma, Kunin, Wu and Ying (2022): gradient descent on f₁(x₂/(1 + 0.01 x₁)) from (1, 1) \
    with η = 3 bounces between the walls of the valley and moves to where it is flatter. Dashed: the quasistatic \
    dynamics (4.7), (4.8). Dotted: where the curvature is 2/η and the motion stops, x₁ = 100 (√(η/2) − 1).";

const MAP: &str = include_str!("../../experiments/fig-4.2.toml");

const MAP_CAPTION: &str = "What the trajectory of Fig. 4.2 is a sample of: where along the valley descent ends. Above the \
    dashed line, x₁ = 100 (√(η/2) − 1), the valley is so flat that descent stays where it starts; below, it moves \
    towards the line. Cross: the trajectory of the figure.";

/// The motion along the valley f1(h(x1) x2), as (x1, |x2|).
fn motion() -> Result<Vec<(f64, f64)>> {
    let (f, h) = (Curve::new(&Landscape::load("f1")?)?, Curve::of("1/(1 + 0.01*x)", "x")?);
    Ok(Quasistatic { f, h, eta: ETA }.path(START).take(STEPS as usize + 1).collect())
}

/// Where the curvature h^2 f1''(0) is 2/eta.
fn stop(eta: f64) -> f64 {
    100.0 * ((eta / 2.0).sqrt() - 1.0)
}

/// The figure, and the map beside it.
pub fn pictures(progress: &dyn Fn(&str)) -> Result<Vec<Picture>> {
    progress("the trajectory and the quasistatic motion");
    let rows = orbit(SETUP, STEPS)?;
    let motion = motion()?;
    let quasistatic = |value: fn(&(f64, f64)) -> f64| {
        let points = motion.iter().enumerate().step_by(STRIDE).map(|(t, point)| (t as f64, value(point)));
        Series::line("quasistatic", 1, points.collect()).dashed(Dash::Dashed)
    };
    let rows = thinned(&rows, STRIDE);
    let panels = vec![
        trajectory(&rows)?,
        curves(
            "along the valley",
            FRAME,
            iterations(0, STEPS),
            ChartAxis::new("x₁", Scale::linear(0.0, 25.0)),
            vec![
                Series::line("", 0, vec![(0.0, stop(ETA)), (f64::from(STEPS), stop(ETA))])
                    .tinted(Tint::Quiet)
                    .dashed(Dash::Dotted),
                Series::line("gradient descent", 0, over_time(&rows, |row| row.point[0])).width(2.5),
                quasistatic(|point| point.0),
            ],
        ),
        curves(
            "across the valley",
            FRAME,
            iterations(0, STEPS),
            ChartAxis::new("|x₂|", Scale::linear(0.0, 2.0)),
            vec![
                Series::line("gradient descent", 0, over_time(&rows, |row| row.point[1].abs())).width(2.5),
                quasistatic(|point| point.1),
            ],
        ),
    ];
    let figure = Figure { rows: vec![panels], caption: CAPTION.to_owned(), ..Figure::default() };
    let picture = Picture { name: "fig-4.2".to_owned(), figure, experiments: SETUP.to_owned() };
    Ok(vec![picture, map(progress)?])
}

const FRAME: (u32, u32) = (320, 260);

/// The trajectory over the landscape.
fn trajectory(rows: &[Row]) -> Result<Panel> {
    let setup = draft(SETUP).setup()?;
    let panel = landscape(&setup, "x1 = 0 .. 25", "x2 = -1.5 .. 1.5", FRAME)?;
    let points: Vec<(f64, f64)> = rows.iter().map(|row| (row.point[0], row.point[1])).collect();
    let bounces = points.windows(2).step_by(JOINED).flat_map(|pair| [pair[0], pair[1], BREAK]).collect();
    let dots = Series::dots("trajectory", 1, points).marked(Marker::Dot, 1.0);
    let bounces = Series::line("some of its bounces", 1, bounces).width(0.8);
    Ok(panel.with_series([dots, bounces]))
}

/// Between two lines of one series.
const BREAK: (f64, f64) = (f64::NAN, f64::NAN);

/// The last x1 of each trajectory, over the learning rate and the start.
fn map(progress: &dyn Fn(&str)) -> Result<Picture> {
    progress("map of the last x1");
    let experiment = draft(MAP).resolve()?;
    let plan = Plan::new(&experiment)?;
    let outcomes = CpuEngine::default().run(&plan, &Cells::All, &|_| {})?;
    let last: Vec<f64> = outcomes.point.chunks_exact(2).map(|point| point[0]).collect();
    let etas = plan.across.clone();
    let map = Map { across: plan.across, up: plan.up, fate: outcomes.fate, ..Map::default() };
    let caption = Caption::of(&experiment);
    let panel = crate::picture::panel_of_values(&map, &last, "x₁ at the end", &caption, experiment.size[0]);
    let line = Series::line("curvature 2/η", 1, etas.into_iter().map(|eta| (eta, stop(eta))).collect());
    let panel = panel.with_series([line.dashed(Dash::Dashed)]);
    let panel = panel.with_series([Series::crosses(&[(ETA, START)])]);
    let figure = Figure {
        title: caption.title,
        subtitle: caption.subtitle,
        rows: vec![vec![panel]],
        caption: MAP_CAPTION.to_owned(),
    };
    Ok(Picture { name: "fig-4.2-map".to_owned(), figure, experiments: MAP.to_owned() })
}
