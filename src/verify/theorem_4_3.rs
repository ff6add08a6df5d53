//! Theorem 4.3: on subquadratic losses descent does not diverge, and ends in a ball, at any learning rate.

use super::Claim;
use super::ensemble::{Lab, Start, descent, follow, largest, logspace, uniform};
use crate::analysis::theory::{Field, ball, steps_inwards};
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::fate::Fate;
use crate::landscape::Landscape;

/// Starts lie within this distance of the minimum, ...
const REACH: f64 = 1e3;
/// ... and learning rates go up to this.
const ETA: [f64; 2] = [0.1, 100.0];

/// For f2 and f3.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    let mut claims = check_on(lab, "f2", &Landscape::load("f2")?)?;
    claims[0].note +=
        ". f2'' jumps at 1/C, which Definition 4.1 excludes; the proof asks only for a continuous f2'";
    claims.extend(check_on(lab, "f3", &Landscape::load("f3")?)?);
    Ok(claims)
}

/// For a landscape of one or two variables with its minimum at 0.
pub fn check_on(lab: &Lab, name: &str, landscape: &Landscape) -> Result<Vec<Claim>> {
    Ok(vec![never_diverges(lab, name, landscape)?, ends_in_a_ball(lab, name, landscape)?])
}

fn never_diverges(lab: &Lab, name: &str, landscape: &Landscape) -> Result<Claim> {
    let variables = &landscape.variables;
    let rates: Vec<f64> = if variables.len() == 1 { vec![f64::NAN] } else { logspace(ETA, 5).collect() };
    let side = lab.size(32, 256);
    let (mut cases, mut diverged) = (0, 0);
    for eta in rates {
        let (x, [from, to]) = (&variables[0], ETA);
        let rest = match variables.get(1) {
            None => format!("across = \"eta = {from} .. {to} : log\"\nup = \"{x} = -{REACH} .. {REACH}\""),
            Some(y) => format!(
                "across = \"{x} = -{REACH} .. {REACH}\"\nup = \"{y} = -{REACH} .. {REACH}\"\neta = {eta:?}"
            ),
        };
        let keys = format!("{rest}\nsize = [{side}, {side}]\nsteps = 4000\nescape = {:?}", 4.0 * REACH);
        let (_, ends) = lab.map(landscape, &keys)?;
        cases += ends.fate.len() as u64;
        diverged += ends.fate.iter().filter(|&&fate| fate == Fate::Diverged as u8).count();
    }
    Ok(Claim::new(
        format!("{name}: no start within 1000 diverges, eta to 100"),
        "Theorem 4.3",
        cases,
        (diverged as f64, 0.0),
        "worst: trajectories that left the radius 4000 within 4000 steps",
    ))
}

/// How a start of [`follow`] ended.
#[derive(Clone)]
struct End {
    eta: f64,
    /// The proof's.
    bound: f64,
    /// The distance at the start, ...
    first: f64,
    /// ... and the largest in the last steps.
    farthest: f64,
    /// Whether the proof's ball was reached, whether it was left again, ...
    inside: bool,
    left: bool,
    /// ... and whether every step before led nearer.
    nearing: bool,
}

/// Steps whose largest distance is taken for the empirical R_eta.
const LAST: u32 = 2000;
/// The proof's radii are read off samples, up to 0.4 % apart.
const SLACK: f64 = 1.01;

/// A learning rate and the radius that the proof gives for it.
type Bound = (f64, f64);

fn ends_in_a_ball(lab: &Lab, name: &str, landscape: &Landscape) -> Result<Claim> {
    let field = Field::new(landscape, 10.0 * REACH)?;
    let claim = format!("{name}: every start ends within R_eta");
    let bounds = logspace(ETA, lab.size(4, 16)).map(|eta| Some((eta, ball(&field, eta)?.bound)));
    let Some(bounds) = bounds.collect::<Option<Vec<Bound>>>() else {
        return Ok(Claim::failed(claim, "Theorem 4.3", "the proof's conditions do not hold within 10000"));
    };
    let (count, steps) = lab.size((64, 20_000), (256, 400_000));
    let starts = starts(&bounds, landscape.variables.len(), count);
    let followed =
        follow(&descent(landscape)?, &starts, |tracer, starts| to_the_end(tracer, starts, &bounds, steps));
    let ends = followed.concat();

    let arrived = || ends.iter().filter(|end| end.inside);
    let outside = || ends.iter().filter(|end| !end.inside);
    let worst = largest(arrived().map(|end| end.farthest / end.bound));
    let way_in = |end: &End| steps_inwards(&field, end.eta, [end.first, end.bound]);
    let longest = outside().map(way_in).fold(0.0, f64::max);
    let late = outside().filter(|end| way_in(end) < 0.9 * f64::from(steps)).count();
    let lost = late + ends.iter().filter(|end| end.left || !end.nearing).count();
    let on_the_way = match outside().count() {
        0 => "all arrived".to_owned(),
        some => format!(
            "{some} still on the way after {steps} steps, nearer at every one: by the pull along it, it takes up to \
             {longest:.0e}"
        ),
    };
    let empirical = |eta: f64| largest(arrived().filter(|end| end.eta == eta).map(|end| end.farthest));
    let shown = bounds.iter().rev().step_by(bounds.len().div_ceil(4));
    let shown = shown.map(|&(eta, bound)| format!("{:.4} of {bound:.4} at eta {eta:.3}", empirical(eta)));
    Ok(Claim::new(
        claim,
        "Theorem 4.3",
        ends.len() as u64,
        (if lost == 0 { worst } else { f64::NAN }, SLACK),
        format!(
            "worst: empirical R_eta, the largest distance in the last {LAST} steps, over the proof's bound: {}; \
             {on_the_way}; {lost} led farther, left the ball or are late",
            shown.collect::<Vec<_>>().join(", ")
        ),
    ))
}

/// For each learning rate `count` starts, as many in every decade of distance.
fn starts(bounds: &[Bound], variables: usize, count: u32) -> Vec<Start> {
    let start = |rate: u32, eta: f64, k: u32| {
        let radius = 0.1 * (REACH / 0.1).powf(uniform([k, 64 + rate], [0.0, 1.0]));
        let angle = uniform([k, 128 + rate], [0.0, std::f64::consts::TAU]);
        let point = match variables {
            1 => vec![radius.copysign(angle.cos())],
            _ => vec![radius * angle.cos(), radius * angle.sin()],
        };
        Start { point, eta }
    };
    let rates = (0..).zip(bounds).map(|(rate, (eta, _))| (rate, *eta));
    rates.flat_map(|(rate, eta)| (0..count).map(move |k| start(rate, eta, k))).collect()
}

/// Follows the starts placed until all have been in their balls for a while, for `steps` at most.
fn to_the_end(tracer: &mut Tracer, starts: &[Start], bounds: &[Bound], steps: u32) -> Vec<End> {
    let bound = |eta: f64| bounds.iter().find(|(rate, _)| *rate == eta).map_or(f64::NAN, |(_, bound)| *bound);
    let mut last: Vec<f64> = (0..starts.len()).map(|lane| radius(tracer, lane)).collect();
    let end = |(start, &first): (&Start, &f64)| {
        let bound = bound(start.eta);
        let inside = first <= SLACK * bound;
        End { eta: start.eta, bound, first, farthest: 0.0, inside, left: false, nearing: true }
    };
    let mut ends: Vec<End> = starts.iter().zip(&last).map(end).collect();
    let mut until = steps;
    let mut t = 0;
    while t < until {
        tracer.observe(t, starts.len());
        tracer.step();
        for (lane, end) in ends.iter_mut().enumerate() {
            let now = radius(tracer, lane);
            let is_inside = now <= SLACK * end.bound;
            end.nearing &= end.inside || now < last[lane];
            end.left |= end.inside && !is_inside;
            end.inside |= is_inside;
            if end.inside && t + LAST >= until {
                end.farthest = end.farthest.max(now);
            }
            last[lane] = now;
        }
        t += 1;
        if until == steps && ends.iter().all(|end| end.inside) {
            until = steps.min(t + 2 * LAST);
        }
    }
    ends
}

/// The distance of a lane's point from the minimum.
fn radius(tracer: &Tracer, lane: usize) -> f64 {
    tracer.point(lane).map(|x| x * x).sum::<f64>().sqrt()
}
