//! A single orbit, step by step in f64.

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::Setup;

/// An orbit's point at step `t`, and what the formulas say there.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Steps taken.
    pub t: u32,
    /// The learning rate of the step from here.
    pub eta: f64,
    /// Shape `[variables]`.
    pub point: Vec<f64>,
    /// The loss at the point.
    pub loss: f64,
    /// Euclidean length of the gradient at the point.
    pub grad_norm: f64,
    /// Largest Hessian eigenvalue; NaN where the Hessian is not finite.
    pub sharpness: f64,
}

/// The orbit of `setup` from t = 0 to t = `steps`; with noise, that of the trajectory number 0, a map's first cell.
///
/// # Errors
/// Those of [`Setup::check`].
pub fn orbit(setup: &Setup, steps: u32) -> Result<impl Iterator<Item = Row> + use<>> {
    setup.check(&[])?;
    setup.check_eta(steps.max(1), &[])?;
    let body = &setup.landscape.body;
    let descent =
        Descent::new(body, setup.optimizer, |graph| setup.build_eta(graph), |name| setup.value(name))?;
    let variables = descent.variables;
    let start: Vec<f64> = body.variables.iter().filter_map(|name| setup.value(name)).collect();
    let mut tracer = Tracer::new(&descent, setup.seed);
    // Velocities start at rest, as the tracer's registers do.
    tracer.place(0, &start, []);
    Ok((0..=steps).map(move |t| {
        if t > 0 {
            tracer.step();
        }
        let sharpness = tracer.sharpness(1)[0];
        tracer.observe(t, 1);
        Row {
            t,
            eta: tracer.eta(0),
            point: tracer.point(0).take(variables).collect(),
            loss: tracer.loss(0),
            grad_norm: tracer.gradient(0).fold(0.0, libm::hypot),
            sharpness,
        }
    }))
}
