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
struct End {
    eta: f64,
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

fn ends_in_a_ball(lab: &Lab, name: &str, landscape: &Landscape) -> Result<Claim> {
    let rates: Vec<f64> = logspace(ETA, lab.size(4, 16)).collect();
    let field = Field::new(landscape, 10.0 * REACH)?;
    let claim = format!("{name}: every start ends within R_eta");
    let balls: Option<Vec<f64>> = rates.iter().map(|&eta| Some(ball(&field, eta)?.bound)).collect();
    let Some(bounds) = balls else {
        return Ok(Claim::failed(claim, "Theorem 4.3", "the proof's conditions do not hold within 10000"));
    };
    // As many starts in every decade of distance: few of a square are near its centre.
    let count: u32 = lab.size(64, 256);
    let starts: Vec<Start> = (rates.iter().enumerate())
        .flat_map(|(rate, &eta)| (0..count).map(move |k| (rate as u32, eta, k)))
        .map(|(rate, eta, k)| {
            let radius = 0.1 * (REACH / 0.1).powf(uniform([k, 64 + rate], [0.0, 1.0]));
            let angle = uniform([k, 128 + rate], [0.0, std::f64::consts::TAU]);
            let point = match landscape.variables.len() {
                1 => vec![radius.copysign(angle.cos())],
                _ => vec![radius * angle.cos(), radius * angle.sin()],
            };
            Start { point, eta }
        })
        .collect();
    let steps = lab.size(20_000, 200_000);
    let bound_of = |eta: f64| bounds[rates.iter().position(|rate| *rate == eta).unwrap_or_default()];
    let ends = follow(&descent(landscape)?, &starts, |tracer, starts| {
        let bounds: Vec<f64> = starts.iter().map(|start| SLACK * bound_of(start.eta)).collect();
        let mut last: Vec<f64> = (0..starts.len()).map(|lane| radius(tracer, lane)).collect();
        let end = |(start, &first): (&Start, &f64)| End {
            eta: start.eta,
            first,
            farthest: 0.0,
            inside: first <= SLACK * bound_of(start.eta),
            left: false,
            nearing: true,
        };
        let mut ends: Vec<End> = starts.iter().zip(&last).map(end).collect();
        for t in 0..steps {
            tracer.observe(t, starts.len());
            tracer.step();
            for (lane, end) in ends.iter_mut().enumerate() {
                let now = radius(tracer, lane);
                let is_inside = now <= bounds[lane];
                end.nearing &= end.inside || now < last[lane];
                end.left |= end.inside && !is_inside;
                end.inside |= is_inside;
                if end.inside && t >= steps - LAST {
                    end.farthest = end.farthest.max(now);
                }
                last[lane] = now;
            }
        }
        ends
    });
    let ends: Vec<End> = ends.into_iter().flatten().collect();
    let arrived = || ends.iter().filter(|end| end.inside);
    let worst = largest(arrived().map(|end| end.farthest / bound_of(end.eta)));
    let outside = || ends.iter().filter(|end| !end.inside);
    let way_in = |end: &End| steps_inwards(&field, end.eta, [end.first, bound_of(end.eta)]);
    let longest = outside().map(way_in).fold(0.0, f64::max);
    let late = outside().filter(|end| way_in(end) < 0.9 * f64::from(steps)).count();
    let lost = late + ends.iter().filter(|end| end.left || !end.nearing).count();
    let on_the_way = outside().count();
    let empirical = |eta: f64| largest(arrived().filter(|end| end.eta == eta).map(|end| end.farthest));
    let every = rates.len().div_ceil(4).max(1);
    let pick = rates.iter().zip(&bounds).rev().step_by(every);
    let table: Vec<String> =
        pick.map(|(&eta, bound)| format!("eta {eta:.3}: {:.4} <= {bound:.4}", empirical(eta))).collect();
    Ok(Claim::new(
        claim,
        "Theorem 4.3",
        ends.len() as u64,
        (if lost == 0 { worst } else { f64::NAN }, SLACK),
        format!(
            "worst: largest distance in the last {LAST} of {steps} steps, over the proof's bound; largest seen against \
             bound: {}; {on_the_way} still on the way, nearer at every step, which takes up to {longest:.0e} steps by the \
             pull along it; {lost} led farther, left the ball or are late",
            table.join(", ")
        ),
    ))
}

/// The distance of a lane's point from the minimum.
fn radius(tracer: &Tracer, lane: usize) -> f64 {
    tracer.point(lane).map(|x| x * x).sum::<f64>().sqrt()
}
