//! The points of many cycles, each from one of them.

use rayon::prelude::*;

use crate::engine::Outcomes;
use crate::engine::cpu::Tracer;
use crate::fate::Fate;
use crate::formula::LANES;
use crate::plan::{Plan, Source};

/// A cycle to follow.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The map cell whose quantities apply.
    pub cell: u32,
    pub period: u32,
    /// Shape `[dims]`: a state of the cycle.
    pub point: &'a [f64],
}

/// The quantities of a cell, in the order of `plan.descent.quantities`.
pub fn quantities(plan: &Plan, cell: u32) -> impl Iterator<Item = f64> {
    plan.quantities.iter().map(move |&source: &Source| plan.value(source, cell as usize))
}

/// Follows every cycle once around in f64. `observe` is given the tracer at each point, and for each
/// cycle in it its lane and what has been found of it so far; cycles that are through are left out.
fn around<T: Clone + Default + Send>(
    plan: &Plan,
    starts: &[Start<'_>],
    observe: impl Fn(&mut Tracer, Vec<(usize, &mut T)>) + Sync,
) -> Vec<T> {
    if starts.is_empty() {
        return Vec::new();
    }
    let tracer = Tracer::new(&plan.descent, plan.seed);
    let parts = starts.par_chunks(LANES);
    parts
        .map_init(|| tracer.clone(), |tracer, starts| followed(tracer, plan, starts, &observe))
        .flatten()
        .collect()
}

/// The same for at most [`LANES`] cycles.
pub fn followed<T: Clone + Default>(
    tracer: &mut Tracer,
    plan: &Plan,
    starts: &[Start<'_>],
    observe: impl Fn(&mut Tracer, Vec<(usize, &mut T)>),
) -> Vec<T> {
    for (lane, start) in starts.iter().enumerate() {
        tracer.place(lane, start.point, quantities(plan, start.cell));
    }
    let mut found = vec![T::default(); starts.len()];
    for k in 0..starts.iter().map(|s| s.period).max().unwrap_or(0) {
        // The learning rate is the one at the end: cycles live where it no longer changes.
        tracer.observe(plan.last_step(), starts.len());
        let lanes = found.iter_mut().enumerate();
        observe(tracer, lanes.filter(|(lane, _)| k < starts[*lane].period).collect());
        tracer.step();
    }
    found
}

/// The states of each cycle in order, in f64: shape `[period, dims]` each.
pub fn cycles(plan: &Plan, starts: &[Start<'_>]) -> Vec<Vec<f64>> {
    around(plan, starts, |tracer, cycles: Vec<(usize, &mut Vec<f64>)>| {
        cycles.into_iter().for_each(|(lane, cycle)| cycle.extend(tracer.point(lane)));
    })
}

/// Steps along a chaotic orbit that stand for its attractor.
pub const ALONG_CHAOS: u32 = 512;

/// The mean of each cycle's states, shape `[dims]`, and its largest coordinate without its sign.
pub fn centres(plan: &Plan, starts: &[Start<'_>]) -> Vec<(Vec<f64>, f64)> {
    let mut centres = around(plan, starts, |tracer, centres: Vec<(usize, &mut (Vec<f64>, f64))>| {
        for (lane, (sum, reach)) in centres {
            sum.resize(tracer.point(lane).count(), 0.0);
            for (sum, x) in sum.iter_mut().zip(tracer.point(lane)) {
                *sum += x;
                *reach = reach.max(x.abs());
            }
        }
    });
    for ((sum, _), start) in centres.iter_mut().zip(starts) {
        sum.iter_mut().for_each(|sum| *sum /= f64::from(start.period));
    }
    centres
}

/// Outcomes that one thread looks through at a time.
const TOGETHER: usize = 1 << 12;

/// The numbers that `measure` finds of the cycle that each outcome ends on; with `chaos`, of that many steps of those that
/// are chaotic as well. NaN for the others. Outcome `k` is that of cell `cells[k]`.
pub fn of_outcomes<const N: usize>(
    plan: &Plan,
    cells: &[u32],
    outcomes: &Outcomes,
    chaos: Option<u32>,
    measure: impl Fn(&mut Tracer, &[Start<'_>]) -> Vec<[f64; N]> + Sync,
) -> Vec<[f64; N]> {
    let dims = plan.initial.len();
    let period = |k: usize| match outcomes.period[k] {
        0 => chaos.filter(|_| outcomes.fate[k] == Fate::Chaotic as u8),
        period => Some(period),
    };
    let start = |k: usize| {
        Some((
            k,
            Start { cell: cells[k], period: period(k)?, point: &outcomes.point[k * dims..(k + 1) * dims] },
        ))
    };
    let mut values = vec![[f64::NAN; N]; cells.len()];
    if (0..cells.len()).all(|k| period(k).is_none()) {
        return values;
    }
    let tracer = Tracer::new(&plan.descent, plan.seed);
    let parts = values.par_chunks_mut(TOGETHER).enumerate();
    parts.for_each_init(
        || tracer.clone(),
        |tracer, (part, values)| {
            let first = part * TOGETHER;
            let (places, starts): (Vec<usize>, Vec<Start<'_>>) =
                (first..first + values.len()).filter_map(start).unzip();
            for (places, starts) in places.chunks(LANES).zip(starts.chunks(LANES)) {
                places.iter().zip(measure(tracer, starts)).for_each(|(k, value)| values[k - first] = value);
            }
        },
    );
    values
}

/// The largest Hessian eigenvalue, mean over the cycle that each outcome ends on; where that is `chaos`, over
/// the next 512 steps. NaN for the others.
pub fn sharpness_of_cells(plan: &Plan, cells: &[u32], outcomes: &Outcomes, chaos: bool) -> Vec<f64> {
    let sharpness = of_outcomes(plan, cells, outcomes, chaos.then_some(ALONG_CHAOS), |tracer, starts| {
        mean_sharpness(tracer, plan, starts).into_iter().map(|[own, _]| [own]).collect()
    });
    sharpness.into_flattened()
}

/// The same, of chaos too, and the mean of its product with the learning rate at each point.
pub fn sharpness_and_products(plan: &Plan, cells: &[u32], outcomes: &Outcomes) -> (Vec<f64>, Vec<f64>) {
    let both = of_outcomes(plan, cells, outcomes, Some(ALONG_CHAOS), |tracer, starts| {
        mean_sharpness(tracer, plan, starts)
    });
    both.into_iter().map(|[own, product]| (own, product)).unzip()
}

/// The largest Hessian eigenvalue, mean over each cycle.
pub fn sharpness(plan: &Plan, starts: &[Start<'_>]) -> Vec<f64> {
    if starts.is_empty() {
        return Vec::new();
    }
    let tracer = Tracer::new(&plan.descent, plan.seed);
    let parts = starts.par_chunks(LANES);
    parts
        .map_init(|| tracer.clone(), |tracer, starts| mean_sharpness(tracer, plan, starts))
        .flatten()
        .map(|[own, _]| own)
        .collect()
}

/// The same of at most [`LANES`] cycles, and the mean of its product with the learning rate at each point.
pub fn mean_sharpness(tracer: &mut Tracer, plan: &Plan, starts: &[Start<'_>]) -> Vec<[f64; 2]> {
    let sums = followed(tracer, plan, starts, |tracer, sums: Vec<(usize, &mut [f64; 2])>| {
        let Some(&(last, _)) = sums.last() else { return };
        let now = tracer.sharpness(last + 1);
        for (lane, [own, product]) in sums {
            *own += now[lane];
            *product += tracer.eta(lane) * now[lane];
        }
    });
    starts.iter().zip(sums).map(|(start, sums)| sums.map(|sum| sum / f64::from(start.period))).collect()
}
