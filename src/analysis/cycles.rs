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

/// The points of each cycle in order, in f64: shape `[period, dims]` each.
pub fn cycles(plan: &Plan, starts: &[Start<'_>]) -> Vec<Vec<f64>> {
    let parts = starts.par_chunks(LANES).map_init(
        || Tracer::new(&plan.descent),
        |tracer, starts| {
            let longest = starts.iter().map(|s| s.period).max().unwrap_or(0);
            for (lane, start) in starts.iter().enumerate() {
                tracer.place(lane, start.point, &quantities(plan, start.cell));
            }
            let mut cycles = vec![Vec::new(); starts.len()];
            for k in 0..longest {
                // The learning rate is the one at the end: cycles live where it no longer changes.
                tracer.observe(plan.settled.saturating_add(k), starts.len());
                for (lane, (start, cycle)) in starts.iter().zip(&mut cycles).enumerate() {
                    if k < start.period {
                        cycle.extend(tracer.point(lane));
                    }
                }
                tracer.step();
            }
            cycles
        },
    );
    parts.flatten().collect()
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
    let parts = starts.par_chunks(LANES).map_init(
        || Tracer::new(&plan.descent),
        |tracer, starts| {
            let longest = starts.iter().map(|s| s.period).max().unwrap_or(0);
            for (lane, start) in starts.iter().enumerate() {
                tracer.place(lane, start.point, &quantities(plan, start.cell));
            }
            let mut sums = vec![0.0; starts.len()];
            for k in 0..longest {
                let now = tracer.sharpness(starts.len());
                for ((start, sum), value) in starts.iter().zip(&mut sums).zip(now) {
                    *sum += if k < start.period { value } else { 0.0 };
                }
                tracer.observe(plan.settled.saturating_add(k), starts.len());
                tracer.step();
            }
            let means = starts.iter().zip(sums).map(|(start, sum)| sum / f64::from(start.period));
            means.collect::<Vec<f64>>()
        },
    );
    parts.flatten().collect()
}
