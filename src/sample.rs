//! Losses at given points: in f64, many side by side.

use rayon::prelude::*;

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::Setup;
use crate::formula::LANES;

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
}
