//! When each orbit settles: the first step from which it stays within the tolerance of its attractor.
//!
//! An orbit's attractor is known only at its end, and keeping the way there would take memory for every
//! step. So the way is gone twice: once to the attractor and along it until it is known to the last digit,
//! and once more beside it, in phase. All of it is done in f64: f32 does not resolve the default tolerance.

use rayon::prelude::*;

use super::cycles::{Start, cycles, quantities};
use crate::engine::Outcomes;
use crate::engine::cpu::Tracer;
use crate::fate::Fate;
use crate::formula::LANES;
use crate::plan::Plan;

/// Steps along an attractor, in units of the time in which it closes the distance to it by the factor e,
/// before it counts as known: from the tolerance to f64's rounding.
const REFINED: f64 = 16.0;
/// Steps that a cycle is followed on if need be, of an orbit that took fewer itself.
const REFINED_AT_LEAST: u32 = 1 << 12;
/// An orbit in f64 ends where the map's does if it comes this near to it, in units of the attractor's own
/// size or of the map's scale, whichever is larger.
const SAME: f64 = 2e-2;

/// The settling time of each outcome, of which number `k` is that of cell `cells[k]`: the step, counted in
/// fractions by the logarithm of the distance between the last step outside the tolerance and the next.
/// Rounded up, it is the first step from which the orbit stays within the tolerance of its attractor.
///
/// NaN for those without a fixed point or a cycle, and where the orbit in f64 does not end on that of the
/// outcome.
pub fn settling_times(plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> Vec<f64> {
    let ends = |k: &u32| {
        let fate = Fate::from_code(outcomes.fate[*k as usize]);
        fate.is_some_and(|fate| fate.has_period() || fate == Fate::Stalled)
    };
    let mut places: Vec<u32> = (0..cells.len() as u32).filter(ends).collect();
    // Lanes that run side by side should take as long.
    places.sort_by_key(|&k| outcomes.steps[k as usize]);
    let tracer = Tracer::new(&plan.descent, plan.seed);
    let measured: Vec<Vec<f64>> = places
        .par_chunks(LANES)
        .map_init(|| tracer.clone(), |tracer, places| settle(plan, cells, outcomes, tracer, places))
        .collect();
    let mut times = vec![f64::NAN; cells.len()];
    for (k, time) in places.into_iter().zip(measured.into_iter().flatten()) {
        times[k as usize] = time;
    }
    times
}

/// The settling times of the outcomes at `places`, at most [`LANES`] of them.
fn settle(plan: &Plan, cells: &[u32], outcomes: &Outcomes, tracer: &mut Tracer, places: &[u32]) -> Vec<f64> {
    let refined = |k: usize| {
        let (steps, exponent) = (outcomes.steps[k], outcomes.lyapunov[k]);
        let more = match exponent {
            _ if outcomes.fate[k] == Fate::Stalled as u8 => 0.0,
            exponent if exponent < 0.0 => (REFINED / -exponent).ceil(),
            // Along a line of minima it does not say how fast the distance to it closes.
            _ => f64::INFINITY,
        };
        steps.saturating_add((more as u32).min(steps.max(REFINED_AT_LEAST)))
    };
    // Each orbit by its own steps: what runs beside it makes no difference.
    let lasts: Vec<u32> = places.iter().map(|&k| refined(k as usize)).collect();
    let last = lasts.iter().copied().max().unwrap_or(0);
    let begin = |tracer: &mut Tracer| {
        for (lane, &k) in places.iter().enumerate() {
            let cell = cells[k as usize];
            let start: Vec<f64> = plan.initial.iter().map(|&s| plan.value(s, cell as usize)).collect();
            tracer.place(lane, &start, quantities(plan, cell));
        }
    };
    begin(tracer);
    let mut ends: Vec<Vec<f64>> = vec![Vec::new(); places.len()];
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&lane| lasts[lane]);
    let (mut order, mut step) = (order.into_iter().peekable(), 0);
    tracer.follow(0..last, places.len(), |state| {
        while let Some(lane) = order.next_if(|&lane| lasts[lane] == step) {
            ends[lane] = state.iter().map(|register| register[lane]).collect();
        }
        step += 1;
    });
    order.for_each(|lane| ends[lane] = tracer.point(lane).collect());
    let period = |k: u32| outcomes.period[k as usize].max(1);
    let starts: Vec<Start<'_>> = (places.iter().zip(&ends))
        // Once around, and the point where that ends.
        .map(|(&k, point)| Start { cell: cells[k as usize], period: period(k) + 1, point })
        .collect();
    let mut beside: Vec<Beside> = (cycles(plan, &starts).into_iter().zip(places).zip(&lasts))
        .map(|((cycle, &k), &last)| Beside::new(plan, outcomes, k as usize, cycle, last))
        .collect();
    begin(tracer);
    tracer.follow(0..last, places.len(), |state| {
        for (lane, beside) in beside.iter_mut().enumerate() {
            beside.see(state[..plan.descent.variables].iter().map(|register| register[lane]));
        }
    });
    beside.into_iter().map(|beside| beside.settled()).collect()
}

/// An orbit beside its attractor.
struct Beside {
    /// Shape `[period, dims]`; empty if it is not the attractor that the map says.
    cycle: Vec<f64>,
    dims: usize,
    /// The place in `cycle` that belongs to the step to come, and the number of that step.
    at: usize,
    step: u32,
    /// The step from which the cycle is known: no more are looked at.
    last: u32,
    tolerance: f64,
    /// The last step outside the tolerance, its distance and that of the next one.
    outside: Option<(u32, f64, f64)>,
}

impl Beside {
    /// Beside `cycle`, which is the orbit from step `last` to one return later.
    fn new(plan: &Plan, outcomes: &Outcomes, k: usize, mut cycle: Vec<f64>, last: u32) -> Self {
        let dims = plan.initial.len();
        let tolerance = plan.rules.tolerance;
        let returned = cycle.split_off(cycle.len() - dims);
        let variables = plan.descent.variables;
        let distance = |a: &[f64], b: &[f64]| {
            // A NaN is no distance that is small.
            a.iter()
                .zip(b)
                .take(variables)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, |m: f64, d| if d <= m { m } else { d })
        };
        let point = &outcomes.point[k * dims..(k + 1) * dims];
        let size = point.iter().fold(plan.scale.max(outcomes.amplitude[k]), |m, x| m.max(x.abs()));
        let nearest = cycle.chunks_exact(dims).map(|p| distance(p, point)).fold(f64::INFINITY, f64::min);
        if !(distance(&cycle[..dims], &returned) <= tolerance && nearest <= SAME * size) {
            cycle.clear();
        }
        let period = (cycle.len() / dims).max(1);
        let at = (period - last as usize % period) % period;
        Self { cycle, dims, at, step: 0, last, tolerance, outside: None }
    }

    fn see(&mut self, state: impl Iterator<Item = f64>) {
        if self.cycle.is_empty() || self.step == self.last {
            return;
        }
        let there = &self.cycle[self.at * self.dims..];
        let distance = state.zip(there).fold(0.0, |most: f64, (x, y)| most.max((x - y).abs()));
        if distance > self.tolerance {
            self.outside = Some((self.step, distance, f64::NAN));
        } else if let Some((step, _, next)) = &mut self.outside
            && *step + 1 == self.step
        {
            *next = distance;
        }
        self.step += 1;
        self.at += 1;
        if self.at * self.dims == self.cycle.len() {
            self.at = 0;
        }
    }

    /// The settling time, once all steps have been seen.
    fn settled(&self) -> f64 {
        match self.outside {
            _ if self.cycle.is_empty() => f64::NAN,
            None => 0.0,
            Some((step, _, _)) if step + 1 >= self.last => f64::NAN,
            Some((step, outside, inside)) => {
                let resolved = inside.max(f64::EPSILON * self.tolerance);
                f64::from(step) + libm::log(outside / self.tolerance) / libm::log(outside / resolved)
            }
        }
    }
}
