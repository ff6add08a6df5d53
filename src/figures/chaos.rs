//! Figure 4.1: gradient descent on subquadratic functions, convex, nonconvex, and in two dimensions.

use super::parts::{Mapped, curves, iterations, orbit, over_time, rules};
use super::{Picture, Progress};
use crate::error::Result;
use crate::orbit::Row;
use crate::picture::{ChartAxis, Figure, Marker, Panel, Scale, Series, quantity};
use crate::view::View;

/// Width and height of a panel of curves.
const FRAME: (u32, u32) = (320, 220);

/// A column of the figure.
struct Column {
    setup: &'static str,
    title: &'static str,
    /// Names of the variables.
    variables: &'static [&'static str],
    /// Where the learning rate changes.
    decays: &'static [f64],
    steps: u32,
    /// The range of the coordinates, and the end of that of the loss.
    range: (f64, f64),
    highest: f64,
}

/// The caption's settings.
const COLUMNS: [Column; 3] = [
    Column {
        setup: "landscape = 'f1'\neta = '5@0,3@100,1@150'\nset = { x = -5 }",
        title: "f₁: η = 5, 3 from step 100, 1 from step 150",
        variables: &["x"],
        decays: &[100.0, 150.0],
        steps: 200,
        range: (-7.5, 7.5),
        highest: 9.0,
    },
    Column {
        setup: "landscape = 'f2'\neta = '2@0,0.5@500,0.2@700'\nset = { w = -5 }",
        title: "f₂: η = 2, 0.5 from step 500, 0.2 from step 700",
        variables: &["w"],
        decays: &[500.0, 700.0],
        steps: 900,
        range: (-5.5, 5.5),
        highest: 1.0,
    },
    Column {
        setup: "landscape = 'f3'\neta = '1@0,0.3@200,0.1@400'\nset = { x1 = -3, x2 = 3 }",
        title: "f₃: η = 1, 0.3 from step 200, 0.1 from step 400",
        variables: &["x1", "x2"],
        decays: &[200.0, 400.0],
        steps: 500,
        range: (-3.5, 3.5),
        highest: 4.0,
    },
];

const CAPTION: &str = "Fig. 4.1 of Ma, Kunin, Wu and Ying (2022): the trajectory (above) and the loss (below) of \
    gradient descent on subquadratic functions, from x₀ = −5 (left), w₀ = −5 (middle) and (−3, 3) (right). Dotted: \
    the steps at which the learning rate is decreased. On f₂ and f₃, which are not convex, descent is chaotic.";

/// A map beside the figure: its experiment, the crosses over it, its views with their titles.
struct Beside {
    toml: &'static str,
    crosses: &'static [(f64, f64)],
    views: &'static [(View, &'static str)],
}

const MAPS: [&[Beside]; 2] = [
    &[
        Beside {
            toml: include_str!("../../experiments/fig-4.1-f1.toml"),
            crosses: &[(5.0, -5.0), (3.0, -5.0), (1.0, -5.0)],
            views: &[(View::Amplitude, "f₁: amplitude")],
        },
        Beside {
            toml: include_str!("../../experiments/fig-4.1-f2.toml"),
            crosses: &[(2.0, -5.0), (0.5, -5.0), (0.2, -5.0)],
            views: &[(View::Amplitude, "f₂, C = 3: amplitude")],
        },
        Beside {
            toml: include_str!("../../experiments/fig-4.1-f3.toml"),
            crosses: &[(-3.0, 3.0)],
            views: &[(View::Fate, "f₃, C = 3, η = 1: fates")],
        },
    ],
    &[
        Beside {
            toml: include_str!("../../experiments/fig-4.1-f3-periods.toml"),
            crosses: &[(1.0, 3.0), (0.3, 3.0), (0.1, 3.0)],
            views: &[
                (View::Lyapunov, "f₃ from (−3, 3): Lyapunov exponent"),
                (View::Period, "f₃ from (−3, 3): period"),
            ],
        },
        Beside {
            toml: include_str!("../../experiments/fig-4.1-f3-basins.toml"),
            crosses: &[],
            views: &[(View::Basins, "f₃, C = 0.46, η = 3.8: basins")],
        },
    ],
];

const MAPS_CAPTION: &str = "What the trajectories of Fig. 4.1 are a sample of. Crosses: their starts and learning \
    rates. With η = 1 and C = 3 every start on f₃ ends in chaos; between convergence and chaos there are cycles, and \
    where two of them exist side by side their basins lie between each other in ever finer layers.";

/// The figure, and the maps beside it.
pub fn pictures(progress: Progress) -> Result<Vec<Picture>> {
    progress("trajectories of f1, f2 and f3");
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for column in &COLUMNS {
        let rows = orbit(column.setup, column.steps)?;
        above.push(trajectory(column, &rows));
        below.push(loss(column, &rows));
    }
    let setups: Vec<&str> = COLUMNS.iter().map(|column| column.setup).collect();
    let figure = Figure { rows: vec![above, below], caption: CAPTION.to_owned(), ..Figure::default() };
    Ok(vec![
        Picture { name: "fig-4.1".to_owned(), figure, experiments: setups.join("\n\n") },
        maps(progress)?,
    ])
}

/// The coordinates of a trajectory, step by step.
fn trajectory(column: &Column, rows: &[Row]) -> Panel {
    let names = column.variables.iter().map(|name| quantity(name));
    let dots = names.clone().enumerate().map(|(k, name)| {
        let name = if column.variables.len() > 1 { name } else { String::new() };
        Series::dots(&name, k, over_time(rows, |row| row.point[k])).marked(Marker::Dot, 1.2)
    });
    let up =
        ChartAxis::new(&names.collect::<Vec<_>>().join(", "), Scale::linear(column.range.0, column.range.1));
    let series = rules(column.decays, column.range).into_iter().chain(dots);
    curves(column.title, FRAME, iterations(0, column.steps), up, series.collect())
}

/// The loss, step by step.
fn loss(column: &Column, rows: &[Row]) -> Panel {
    let dots = Series::dots("", 2, over_time(rows, |row| row.loss)).marked(Marker::Dot, 1.2);
    let range = (0.0, column.highest);
    let up = ChartAxis::new("loss", Scale::linear(range.0, range.1));
    let series = rules(column.decays, range).into_iter().chain([dots]);
    curves("", FRAME, iterations(0, column.steps), up, series.collect())
}

/// Amplitudes over the learning rate and the start for f1 and f2; for f3 fates and basins over the plane, and
/// periods over the learning rate and C.
fn maps(progress: Progress) -> Result<Picture> {
    let (mut rows, mut experiments) = (Vec::new(), Vec::new());
    for beside in MAPS {
        let mut row = Vec::new();
        for Beside { toml, crosses, views } in beside {
            progress(&format!("map of {}", views[0].1));
            let mapped = Mapped::run(toml)?;
            row.extend(
                views
                    .iter()
                    .map(|(view, title)| mapped.panel(*view, title).with_series([Series::crosses(crosses)])),
            );
            experiments.push(*toml);
        }
        rows.push(row);
    }
    let figure = Figure { rows, caption: MAPS_CAPTION.to_owned(), ..Figure::default() };
    Ok(Picture { name: "fig-4.1-maps".to_owned(), figure, experiments: experiments.join("\n") })
}
