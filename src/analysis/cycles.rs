//! The points of many cycles, each from one of them.

use rayon::prelude::*;

use crate::engine::Outcomes;
use crate::engine::cpu::Tracer;
use crate::formula::LANES;
use crate::plan::{Plan, Source};

/// A cycle to follow.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The map cell whose quantities apply.
    pub cell: u32,
    pub period: u32,
    /// Shape `[dims]`: a point of the cycle.
    pub point: &'a [f64],
}

/// The quantities of a cell, in the order of `plan.descent.quantities`.
pub fn quantities(plan: &Plan, cell: u32) -> Vec<f64> {
    plan.quantities.iter().map(|&source: &Source| plan.value(source, cell as usize)).collect()
}

/// Follows every cycle once around in f64. `observe` is given the tracer at each point, and for each
/// cycle in it its lane and what has been found of it so far; cycles that are through are left out.
fn around<T: Clone + Default + Send>(
    plan: &Plan,
    starts: &[Start<'_>],
    observe: impl Fn(&mut Tracer, Vec<(usize, &mut T)>) + Sync,
) -> Vec<T> {
    let parts = starts.par_chunks(LANES).map_init(
        || Tracer::new(&plan.descent),
        |tracer, starts| {
            for (lane, start) in starts.iter().enumerate() {
                tracer.place(lane, start.point, &quantities(plan, start.cell));
            }
            let mut found = vec![T::default(); starts.len()];
            for k in 0..starts.iter().map(|s| s.period).max().unwrap_or(0) {
                // The learning rate is the one at the end: cycles live where it no longer changes.
                tracer.observe(plan.settled.saturating_add(k), starts.len());
                let lanes = found.iter_mut().enumerate();
                observe(tracer, lanes.filter(|(lane, _)| k < starts[*lane].period).collect());
                tracer.step();
            }
            found
        },
    );
    parts.flatten().collect()
}

/// The points of each cycle in order, in f64: shape `[period, dims]` each.
pub fn cycles(plan: &Plan, starts: &[Start<'_>]) -> Vec<Vec<f64>> {
    around(plan, starts, |tracer, cycles: Vec<(usize, &mut Vec<f64>)>| {
        cycles.into_iter().for_each(|(lane, cycle)| cycle.extend(tracer.point(lane)));
    })
}

/// The largest Hessian eigenvalue, mean over the cycle that each cell ends on; NaN for cells that end
/// on none.
pub fn sharpness_of_cells(plan: &Plan, outcomes: &Outcomes) -> Vec<f64> {
    let dims = plan.initial.len();
    let ended: Vec<usize> = (0..outcomes.fate.len()).filter(|&k| outcomes.period[k] > 0).collect();
    let starts: Vec<Start<'_>> = (ended.iter())
        .map(|&k| Start {
            cell: k as u32,
            period: outcomes.period[k],
            point: &outcomes.point[k * dims..(k + 1) * dims],
        })
        .collect();
    let mut values = vec![f64::NAN; outcomes.fate.len()];
    for (k, value) in ended.into_iter().zip(sharpness(plan, &starts)) {
        values[k] = value;
    }
    values
}

/// The largest Hessian eigenvalue, mean over each cycle.
pub fn sharpness(plan: &Plan, starts: &[Start<'_>]) -> Vec<f64> {
    let sums = around(plan, starts, |tracer, sums: Vec<(usize, &mut f64)>| {
        let Some(&(last, _)) = sums.last() else { return };
        let now = tracer.sharpness(last + 1);
        sums.into_iter().for_each(|(lane, sum)| *sum += now[lane]);
    });
    starts.iter().zip(sums).map(|(start, sum)| sum / f64::from(start.period)).collect()
}
