//! Losses at given points, and how long trajectories take to reach one: in f64, many side by side.

use rayon::prelude::*;

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::{Experiment, Setup};
use crate::formula::LANES;
use crate::plan::Plan;

/// The loss of `setup` at each of `points`, shape `[points, variables]`.
///
/// # Errors
/// Those of the landscape's formula.
pub fn losses(setup: &Setup, points: &[Vec<f64>]) -> Result<Vec<f64>> {
    // A loss has no learning rate.
    let eta = |graph: &mut crate::formula::Graph| Ok(graph.constant(1.0));
    let descent = Descent::new(&setup.landscape.body, setup.optimizer, eta, |name| setup.value(name))?;
    let parts = points.par_chunks(LANES).map(|points| {
        let mut tracer = Tracer::new(&descent, setup.seed);
        points.iter().enumerate().for_each(|(lane, point)| tracer.place(lane, point, &[]));
        tracer.observe(0, points.len());
        (0..points.len()).map(|lane| tracer.loss(lane)).collect::<Vec<f64>>()
    });
    Ok(parts.collect::<Vec<_>>().concat())
}

/// The first step of each cell's trajectory at which the loss is below `level`, shape `[H, W]`; NaN where
/// the budget ends before.
///
/// # Errors
/// Those of [`Plan::new`].
pub fn steps_to_loss(experiment: &Experiment, level: f64) -> Result<Vec<f64>> {
    let plan = Plan::new(experiment)?;
    let cells: Vec<usize> = (0..plan.cells()).collect();
    let parts = cells.par_chunks(LANES).map(|cells| {
        let mut tracer = Tracer::new(&plan.descent, plan.seed);
        for (lane, cell) in cells.iter().enumerate() {
            let values = |sources: &[_]| -> Vec<f64> {
                sources.iter().map(|source| plan.value(*source, *cell)).collect()
            };
            tracer.place(lane, &values(&plan.initial), &values(&plan.quantities));
        }
        let mut reached = vec![f64::NAN; cells.len()];
        for t in 0..=experiment.steps {
            tracer.observe(t, cells.len());
            for (lane, reached) in reached.iter_mut().enumerate().filter(|(_, reached)| reached.is_nan()) {
                if tracer.loss(lane) < level {
                    *reached = f64::from(t);
                }
            }
            if reached.iter().all(|t| !t.is_nan()) {
                break;
            }
            tracer.step();
        }
        reached
    });
    Ok(parts.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Draft;

    #[test]
    fn losses_are_those_of_the_formula() {
        let setup = Draft::parse("landscape = \"quadratic\"\nset = { lambda = 3 }").unwrap().setup().unwrap();
        let points: Vec<Vec<f64>> = (0..300).map(|k| vec![f64::from(k) / 8.0]).collect();
        let losses = losses(&setup, &points).unwrap();
        assert!(points.iter().zip(&losses).all(|(x, loss)| *loss == 1.5 * x[0] * x[0]));
    }

    #[test]
    fn a_parabola_is_descended_in_the_time_of_its_closed_form() {
        let toml = "landscape = 'quadratic'\nacross = 'x = 1 .. 9'\nup = 'eta = 0.1 .. 0.7'\nsize = [20, 10]
            steps = 40\nprecision = 'f64'";
        let experiment = Draft::parse(toml).unwrap().resolve().unwrap();
        let reached = steps_to_loss(&experiment, 1e-3).unwrap();
        let (xs, etas) = (experiment.across.values(20), experiment.up.values(10));
        for (cell, t) in reached.into_iter().enumerate() {
            // x_t = (1 - eta)^t x0; no cell is within rounding of the level.
            let loss = |t: i32| 0.5 * ((1.0 - etas[cell / 20]).powi(t) * xs[cell % 20]).powi(2);
            let first = (0..=40).find(|t| loss(*t) < 1e-3);
            assert_eq!((!t.is_nan()).then_some(t as i32), first, "cell {cell}");
        }
    }
}
