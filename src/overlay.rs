//! What is drawn over a map: level lines of its landscape, orbits, and what theory says of its plane.

use std::collections::HashSet;

use image::Rgb;

use crate::error::{Error, Result};
use crate::experiment::{Axis, Experiment, MOMENTUM, Setup};
use crate::phase::{Known, cycle, rate};
use crate::picture::{Dash, Levels, Marker, Series, Tint, exact_number, line_colour, stability_limit};
use crate::sample::Plane;

/// Most steps of an orbit that are drawn, and how many of the first are joined by lines.
const STEPS: u32 = 10_000;
const JOINED: usize = 40;
/// Points two steps apart are joined as long as they are farther from each other than this part of the axes.
const APART: f64 = 0.006;
/// Points of an orbit nearer to each other than this part of an axis are one, and most of those that are drawn.
const NEAR: f64 = 1.0 / 1500.0;
const DOTS: usize = 4000;
/// Values of the other quantity at which a cycle is looked for.
const CYCLES: u32 = 513;
/// How wide the white rims are that set lines off from the map.
const RIM: f32 = 0.9;
/// How dark level lines are, and how light their rims.
const CONTOUR: (Rgb<u8>, f32) = (Rgb([15; 3]), 0.6);
const CONTOUR_RIM: f32 = 0.35;
/// The colours of theory: where the minimum stops being stable, the cycle beyond, and the edge of stability.
const LIMIT: Rgb<u8> = Rgb([230, 130, 0]);
const CYCLE: Rgb<u8> = Rgb([235, 60, 50]);
const EDGE: Rgb<u8> = Rgb([120, 40, 140]);

/// Whether everything that is to be drawn over the maps of `experiment` is known.
///
/// # Errors
/// [`Error::Request`] with the flag and the remedy; those of the formulas.
pub fn check(experiment: &Experiment) -> Result<()> {
    experiment.check_over(&experiment.over)?;
    let Experiment { across, up, setup, .. } = experiment;
    let of_starts = [across, up].iter().any(|axis| setup.is_variable(&axis.name));
    if !experiment.over.theory || of_starts {
        return Ok(());
    }
    let plane = Plane { setup, across: across.clone(), up: up.clone(), size: [9, 9] };
    match plane.beyond_limit(experiment.steps - 1)?.iter().all(|value| value.is_nan()) {
        true => Err(Error::request(
            "theory: it needs an initial coordinate on an axis, or a minimum with curvature, and the point that the \
             landscape names as its `minimum` (0 where it names none) is no such; name it in the landscape file, or \
             drop theory",
        )),
        false => Ok(()),
    }
}

/// The series that are to be drawn over the maps of `experiment`, from the back to the front, in the units of its axes.
///
/// # Errors
/// Those of the formulas.
pub fn series(experiment: &Experiment) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    if experiment.over.contours {
        all.push(contours(experiment)?);
    }
    if experiment.over.theory {
        all.extend(theory(experiment)?);
    }
    for (k, start) in experiment.over.orbits.iter().enumerate() {
        all.extend(orbit(experiment, k, *start)?);
    }
    Ok(all)
}

/// The plane of a map, to the outer ends of its cells where these are initial coordinates.
fn plane(experiment: &Experiment) -> Plane<'_> {
    let Experiment { setup, across, up, size, .. } = experiment;
    let to_ends = |axis: &Axis, cells: u32| {
        let half = if cells > 1 && setup.is_variable(&axis.name) { 0.5 / f64::from(cells - 1) } else { 0.0 };
        Axis { from: axis.at(-half), to: axis.at(1.0 + half), ..axis.clone() }
    };
    let (across, up) = (to_ends(across, size[0]), to_ends(up, size[1]));
    Plane { setup, across, up, size: Plane::grid((size[0], size[1])) }
}

/// The lines of `levels` of values on the grid of a plane, as points on its axes, one line after the other.
fn curves(plane: &Plane, values: Vec<f64>, levels: &[f64]) -> Vec<(f64, f64)> {
    let [width, height] = plane.size.map(|side| side as usize);
    let field = Levels { width, height, values, at: Vec::new(), tint: Tint::Ink };
    let place = |(x, y): (f64, f64)| {
        (plane.across.at(x / (width as f64 - 1.0)), plane.up.at(y / (height as f64 - 1.0)))
    };
    let curves = levels.iter().flat_map(|level| field.curves(*level));
    curves.flat_map(|curve| curve.into_iter().map(place).chain([BREAK])).collect()
}

/// Between two lines of one series.
const BREAK: (f64, f64) = (f64::NAN, f64::NAN);

fn contours(experiment: &Experiment) -> Result<Series> {
    let plane = plane(experiment);
    let losses = plane.losses()?;
    let levels = Levels::even(&losses);
    let points = curves(&plane, losses, &levels);
    let line = Series::line("level lines of the loss", 0, points).tinted(Tint::Colour(CONTOUR.0)).width(0.8);
    Ok(line.faded(CONTOUR.1).rimmed(0.7, CONTOUR_RIM))
}

/// The edge of stability at the starts, the limit of stability of the minimum, and its cycle of period 2.
fn theory(experiment: &Experiment) -> Result<Vec<Series>> {
    let Experiment { setup, across, up, .. } = experiment;
    let plane = plane(experiment);
    let last = experiment.steps - 1;
    let is_curve = setup.landscape.body.variables.len() == 1;
    let momentum = setup.optimizer.has_momentum();
    let mut all = Vec::new();
    let mut draw = |name: &str, points: Vec<(f64, f64)>, colour: Rgb<u8>, dash: Dash| {
        let inside = |axis: &Axis, value: f64| (axis.from..=axis.to).contains(&value);
        if points.iter().any(|(x, y)| inside(across, *x) && inside(up, *y)) {
            let line = Series::line(name, 0, points).tinted(Tint::Colour(colour)).dashed(dash).width(2.2);
            all.push(line.rimmed(RIM, 1.0));
        }
    };
    if [across, up].iter().any(|axis| setup.is_variable(&axis.name)) {
        let name = if momentum { "edge of stability at the start" } else { "sharpness 2/η at the start" };
        draw(name, curves(&plane, plane.beyond_edge(last)?, &[0.0]), EDGE, Dash::Solid);
    }
    let name = format!("η = {}", stability_limit(is_curve, setup.optimizer));
    draw(&name, curves(&plane, plane.beyond_limit(last)?, &[0.0]), LIMIT, Dash::Dotted);
    draw("x_η", cycles(experiment)?, CYCLE, Dash::Dashed);
    Ok(all)
}

/// The points of the cycle of Lemma 4.1 along the axis of the one variable, over what the other axis sweeps.
fn cycles(experiment: &Experiment) -> Result<Vec<(f64, f64)>> {
    let Experiment { setup, across, up, steps, .. } = experiment;
    let body = &setup.landscape.body;
    let upright = match body.variables.as_slice() {
        [x] if *x == up.name => true,
        [x] if *x == across.name => false,
        _ => return Ok(Vec::new()),
    };
    let other = if upright { across } else { up };
    let mut known: Option<Known> = None;
    let mut sides = [Vec::new(), Vec::new()];
    for value in other.values(CYCLES) {
        let named = |name: &str| match name {
            _ if name == other.name => Some(value),
            "t" => Some(f64::from(steps - 1)),
            _ => setup.value(name),
        };
        if known.is_none() || body.parameters.contains_key(&other.name) {
            known = Some(Known::new(body, named)?);
        }
        let Some(curve) = known.as_mut().and_then(|known| known.curve.as_mut()) else { continue };
        let eta = if other.name == "eta" { value } else { rate(setup, named)? };
        let beta = named(MOMENTUM).filter(|_| setup.optimizer.has_momentum()).unwrap_or(0.0);
        let x = cycle(curve, setup.optimizer, eta, beta).unwrap_or(f64::NAN);
        for (side, x) in sides.iter_mut().zip([x, -x]) {
            side.push(if upright { (value, x) } else { (x, value) });
        }
    }
    Ok(sides.into_iter().flat_map(|side| side.into_iter().chain([BREAK])).collect())
}

/// Orbit number `k` from a point of the plane, as `gdscope orbit` computes it: dots, the first of them joined, and a
/// cross where it starts.
fn orbit(experiment: &Experiment, k: usize, start: [f64; 2]) -> Result<Vec<Series>> {
    let Experiment { across, up, .. } = experiment;
    let mut setup: Setup = experiment.setup.clone();
    let variables = setup.landscape.body.variables.clone();
    let place = |axis: &Axis| variables.iter().position(|name| *name == axis.name).unwrap_or_default();
    let (x, y) = (place(across), place(up));
    setup.set.extend([(across.name.clone(), start[0]), (up.name.clone(), start[1])]);
    let points: Vec<(f64, f64)> = crate::orbit(&setup, experiment.steps.min(STEPS))?
        .map(|row| (row.point[x], row.point[y]))
        .take_while(|(x, y)| x.is_finite() && y.is_finite())
        .collect();
    let share = |axis: &Axis, value: f64| match axis.log {
        true => (value / axis.from).ln() / (axis.to / axis.from).ln(),
        false => (value - axis.from) / (axis.to - axis.from),
    };
    let mut seen = HashSet::new();
    let is_new = |point: &&(f64, f64)| {
        let [x, y] = [share(across, point.0), share(up, point.1)];
        let is_near = [x, y].iter().all(|share| (-0.1..=1.1).contains(share));
        is_near && seen.len() < DOTS && seen.insert(((x / NEAR).round() as i64, (y / NEAR).round() as i64))
    };
    let dots: Vec<(f64, f64)> = points.iter().filter(is_new).copied().collect();
    let name = format!("orbit from ({}, {})", exact_number(start[0]), exact_number(start[1]));
    let colour = Tint::Colour(if k == 0 { Rgb([20; 3]) } else { line_colour(k) });
    // Lines too near to each other would be a blot.
    let is_near = |pair: &[(f64, f64)]| {
        let along = |axis, of: fn(&(f64, f64)) -> f64| share(axis, of(&pair[0])) - share(axis, of(&pair[2]));
        along(across, |point| point.0).hypot(along(up, |point| point.1)) < APART
    };
    let near = points.windows(3).position(is_near).map_or(points.len(), |t| t + 2);
    let first = points[..points.len().min(JOINED + 1).min(near)].to_vec();
    let line = Series::line("", 0, first).tinted(colour).width(0.8).rimmed(RIM, 1.0);
    let dots = Series::dots(&name, 0, dots).tinted(colour).marked(Marker::Dot, 1.5).rimmed(RIM, 1.0);
    Ok(vec![line, dots, Series::crosses(&[(start[0], start[1])])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Draft;

    fn experiment(toml: &str) -> Experiment {
        Draft::parse(toml).unwrap().resolve().unwrap()
    }

    fn named<'a>(all: &'a [Series], name: &str) -> &'a Series {
        all.iter().find(|series| series.name == name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn numbers(series: &Series) -> impl Iterator<Item = &(f64, f64)> {
        series.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    #[test]
    fn level_lines_of_a_bowl_are_circles() {
        let over = experiment(
            "landscape = { variables = ['x', 'y'], loss = 'x^2 + y^2' }\neta = 0.1\nacross = 'x = -2 .. 2'\n\
             up = 'y = -2 .. 2'\ncontours = true",
        );
        let all = series(&over).unwrap();
        let lines = named(&all, "level lines of the loss");
        // Inside the square each line is one circle: the radius stays.
        let radii: Vec<f64> = lines.points.iter().map(|(x, y)| x.hypot(*y)).collect();
        let circles: Vec<&[f64]> =
            radii.split(|r| r.is_nan()).filter(|run| run.first().is_some_and(|r| *r < 1.95)).collect();
        assert!(circles.len() > 5);
        assert!(circles.iter().all(|run| run.iter().all(|r| (r - run[0]).abs() < 1e-3)));
    }

    #[test]
    fn theory_over_f1_is_that_of_the_paper() {
        let over =
            experiment("landscape = 'f1'\nacross = 'eta = 0.5 .. 8'\nup = 'x = -5 .. 5'\ntheory = true");
        let all = series(&over).unwrap();
        assert!(numbers(named(&all, "η = 2/f″(0)")).all(|(eta, _)| (eta - 2.0).abs() < 1e-12));
        // eta ln(1 + x) = 2 x, and f'' = 1/(1 + |x|).
        let mut cycles = 0;
        for (eta, x) in numbers(named(&all, "x_η")) {
            assert!((eta * x.abs().ln_1p() / (2.0 * x.abs()) - 1.0).abs() < 1e-9);
            cycles += 1;
        }
        assert!(cycles > 700);
        let edge = named(&all, "sharpness 2/η at the start");
        assert!(numbers(edge).all(|(eta, x)| (eta / (1.0 + x.abs()) - 2.0).abs() < 1e-2));
        // Turned around it is the same, mirrored.
        let turned =
            experiment("landscape = 'f1'\nup = 'eta = 0.5 .. 8'\nacross = 'x = -5 .. 5'\ntheory = true");
        let turned = series(&turned).unwrap();
        assert!(
            numbers(named(&turned, "x_η"))
                .all(|(x, eta)| (eta * x.abs().ln_1p() - 2.0 * x.abs()).abs() < 1e-9)
        );
    }

    #[test]
    fn the_limit_over_two_parameters_is_a_curve() {
        // f2''(0) = 2 C^2/3: eta = 3/C^2.
        let over = experiment(
            "landscape = 'f2'\nacross = 'eta = 0.2 .. 3 : log'\nup = 'C = 1 .. 4'\nset = { w = 1 }\ntheory = true",
        );
        check(&over).unwrap();
        let all = series(&over).unwrap();
        let points: Vec<_> = numbers(named(&all, "η = 2/f″(0)")).collect();
        assert!(points.len() > 100);
        assert!(points.iter().all(|(eta, c)| (eta * c * c / 3.0 - 1.0).abs() < 1e-3));
        // No start is on an axis, and there is no cycle to draw.
        assert!(all.iter().filter(|series| !series.name.is_empty()).count() == 1);
    }

    #[test]
    fn an_orbit_is_that_of_its_start() {
        let over =
            experiment("landscape = 'quadratic'\neta = 0.5\nacross = 'x = -4 .. 4'\nup = 'lambda = 1 .. 2'");
        assert!(series(&over).unwrap().is_empty());
        let over = experiment(
            "landscape = { variables = ['x', 'y'], loss = 'x^2/2 + y^2' }\neta = 0.5\nacross = 'y = -4 .. 4'\n\
             up = 'x = -4 .. 4'\norbit = [[3, 2]]",
        );
        let all = series(&over).unwrap();
        // y is at rest after a step, x halves.
        let points = &named(&all, "orbit from (3, 2)").points;
        assert_eq!(points[..4], [(3.0, 2.0), (0.0, 1.0), (0.0, 0.5), (0.0, 0.25)]);
        // What no longer differs on paper is not drawn again.
        assert!(points.len() < 20);
    }

    #[test]
    fn what_does_not_apply_is_refused() {
        let refused = |toml: &str| Draft::parse(toml).unwrap().resolve().map(|e| check(&e).map(|()| e));
        let toml = "landscape = 'f1'\nacross = 'eta = 0.5 .. 8'\nup = 'x = -5 .. 5'\n";
        for key in ["contours = true", "orbit = [[1, 2]]"] {
            let message = refused(&format!("{toml}{key}")).unwrap_err().to_string();
            assert!(message.contains("`eta`") && message.contains("drop"), "{message}");
        }
        let saddle = "landscape = { variables = ['x'], parameters = { a = 1 }, loss = 'a*x' }\nset = { x = 1 }\n\
                      across = 'eta = 0.5 .. 8'\nup = 'a = 1 .. 2'\ntheory = true";
        let message = refused(saddle).unwrap().unwrap_err().to_string();
        assert!(message.contains("theory") && message.contains("minimum"), "{message}");
    }
}
