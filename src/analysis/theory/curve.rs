//! A function of one variable with its first two derivatives.

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::{Error, Result};
use crate::experiment::Optimizer;
use crate::landscape::Landscape;

/// A loss f(x) of one variable, with f' and f'', in f64.
pub struct Curve {
    tracer: Tracer,
}

impl Curve {
    /// The loss of a landscape of one variable, whose parameters have their usual values.
    ///
    /// # Errors
    /// [`Error::Request`] if it has more variables or a parameter without a value; [`Error::Formula`].
    pub fn new(landscape: &Landscape) -> Result<Self> {
        if landscape.variables.len() != 1 {
            return Err(Error::request(format!(
                "variables: a curve has one, not {}; turn the others into parameters",
                landscape.variables.join(", ")
            )));
        }
        let step = |graph: &mut crate::formula::Graph| Ok(graph.constant(1.0));
        let descent = Descent::new(landscape, Optimizer::Gd, step, |name| landscape.usual(name))?;
        if let Some((name, _)) = descent.quantities.first() {
            return Err(Error::request(format!("parameters: `{name}` has no value; give it one")));
        }
        Ok(Self { tracer: Tracer::new(&descent, 0) })
    }

    /// f of a formula in `variable`, without parameters.
    ///
    /// # Errors
    /// As [`Curve::new`].
    pub fn of(formula: &str, variable: &str) -> Result<Self> {
        Self::new(&Landscape::from_loss(formula, &[variable], Default::default())?)
    }

    /// f(x).
    pub fn value(&mut self, x: f64) -> f64 {
        self.observe(x);
        self.tracer.loss(0)
    }

    /// f'(x).
    pub fn slope(&mut self, x: f64) -> f64 {
        self.observe(x);
        self.tracer.gradient(0).next().unwrap_or(f64::NAN)
    }

    /// f''(x).
    pub fn curvature(&mut self, x: f64) -> f64 {
        self.tracer.place(0, &[x], []);
        self.tracer.sharpness(1)[0]
    }

    fn observe(&mut self, x: f64) {
        self.tracer.place(0, &[x], []);
        self.tracer.observe(0, 1);
    }
}
