//! Trajectory-steps per second: a fixed number of steps, nothing observed.

use super::{Case, Kind, Options, Row, Target, row};
use crate::engine::{Cells, Outcomes};
use crate::error::Result;
use crate::experiment::Precision;
use crate::plan::Plan;

/// Steps of the first try, and the most that are taken.
const FIRST: u32 = 16;
const MOST: u32 = 1 << 14;

/// Measures a landscape on a device.
pub fn measure(target: &Target, options: &Options, case: &Case, precision: Precision) -> Result<Row> {
    let size = options.size.unwrap_or(target.size());
    let once = |plan: &Plan| target.engine().run(plan, &Cells::All, &|_| {});
    let planned = |steps: u32| case.steps_plan(size, steps, precision);
    let steps = match options.steps {
        Some(steps) => {
            once(&planned(steps.min(FIRST))?)?;
            steps
        }
        // A driver may compile in the first run.
        None => fitting(options.run_secs(), |steps| {
            let plan = planned(steps)?;
            Ok(once(&plan)?.seconds.run.min(once(&plan)?.seconds.run))
        })?,
    };
    let plan = planned(steps)?;
    let mut seconds = Vec::new();
    let mut last = Outcomes::default();
    for _ in 0..options.repeats() {
        last = once(&plan)?;
        seconds.push(last.seconds.run);
    }
    let taken = (plan.cells() as u64, steps, last.steps_taken());
    let sizes: f64 = last.point.iter().map(|x| x.abs()).sum();
    Ok(Row {
        measured: Kind::Steps,
        mean_size: Some(sizes / last.point.len() as f64),
        ..row((target, case, precision), taken, operations(&plan), &seconds)
    })
}

/// Operations of one step of a plan.
pub fn operations(plan: &Plan) -> f64 {
    let graph = &plan.descent.graph;
    graph.operations(&plan.descent.next, |rows| graph.value(rows).unwrap_or(1.0))
}

/// Steps that take about `secs`, by tries that grow; these are the warm-up too.
fn fitting(secs: f64, mut attempt: impl FnMut(u32) -> Result<f64>) -> Result<u32> {
    let mut steps = FIRST;
    loop {
        let ratio = secs / attempt(steps)?.max(1e-6);
        // A run may have an overhead that is not the steps'.
        let next = ((f64::from(steps) * ratio.min(8.0)) as u32).clamp(FIRST, MOST);
        if ratio < 4.0 || next <= steps {
            return Ok(next);
        }
        steps = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_until_a_run_takes_long_enough() {
        let at_rate = |per_step: f64| fitting(0.2, |steps| Ok(f64::from(steps) * per_step)).unwrap();
        assert!((900..=1000).contains(&at_rate(2e-4)), "{}", at_rate(2e-4));
        assert_eq!(at_rate(1.0), FIRST);
        assert_eq!(at_rate(1e-9), MOST);
    }
}
