//! Many trajectories: on an engine to their ends, or side by side in f64, step by step.

use rayon::prelude::*;

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::engine::{Cells, Engine, Outcomes};
use crate::error::{Error, Result};
use crate::experiment::{Draft, LandscapeKey, Optimizer, Precision};
use crate::formula::LANES;
use crate::landscape::Landscape;
use crate::noise::threefry;
use crate::plan::Plan;

/// What claims are checked with.
pub struct Lab<'a> {
    /// What runs the ensembles.
    pub engine: &'a dyn Engine,
    /// Smaller ensembles, for a look.
    pub quick: bool,
}

impl Lab<'_> {
    /// One of two sizes of an ensemble.
    pub fn size<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// The number format: the best that the engine has.
    pub fn precision(&self) -> Precision {
        if self.engine.device().engine == "cpu" { Precision::F64 } else { Precision::F32 }
    }

    /// One of two tolerances, by the number format.
    pub fn tolerance(&self, single: f64, double: f64) -> f64 {
        if self.precision() == Precision::F32 { single } else { double }
    }

    /// The ends of a map's trajectories on a landscape; `keys` are the experiment's others.
    ///
    /// # Errors
    /// Those of the experiment and the engine.
    pub fn map(&self, landscape: &Landscape, keys: &str) -> Result<(Plan, Outcomes)> {
        let draft = Draft::parse(keys).map_err(Error::Request)?;
        let landscape = Some(LandscapeKey::Table(landscape.clone()));
        let precision = Some(self.precision());
        let plan = Plan::new(&Draft { landscape, precision, ..draft }.resolve()?)?;
        let outcomes = self.engine.run(&plan, &Cells::All, &|_| {})?;
        Ok((plan, outcomes))
    }
}

/// Descent with a learning rate of each trajectory's own, and the usual parameters.
///
/// # Errors
/// [`Error::Formula`] from the landscape.
pub fn descent(landscape: &Landscape) -> Result<Descent> {
    Descent::new(landscape, Optimizer::Gd, |graph| Ok(graph.input("eta")), |name| landscape.usual(name))
}

/// Where a trajectory starts, and its learning rate.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its coordinates.
    pub point: Vec<f64>,
    /// The learning rate.
    pub eta: f64,
}

/// Follows trajectories, [`LANES`] at a time, on all cores; `follow` gets the tracer with the starts placed.
pub fn follow<T: Send>(
    descent: &Descent,
    starts: &[Start],
    follow: impl Fn(&mut Tracer, &[Start]) -> T + Sync,
) -> Vec<T> {
    let needs_eta = !descent.quantities.is_empty();
    let blank = Tracer::new(descent, 0);
    let block = |starts: &[Start]| {
        let mut tracer = blank.clone();
        for (lane, start) in starts.iter().enumerate() {
            tracer.place(lane, &start.point, needs_eta.then_some(start.eta));
        }
        follow(&mut tracer, starts)
    };
    starts.par_chunks(LANES).map(block).collect()
}

/// A number that is even in [from, to), the same for the same `place`.
pub fn uniform(place: [u32; 2], [from, to]: [f64; 2]) -> f64 {
    let [word, _] = threefry([0x9e37_79b9, 0], place);
    from + (to - from) * (f64::from(word) + 0.5) / 4_294_967_296.0
}

/// `count` numbers evenly spaced in the logarithm, both ends among them.
pub fn logspace([from, to]: [f64; 2], count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| from * (to / from).powf(k as f64 / (count.max(2) - 1) as f64))
}

/// The largest of some deviations; NaN if one of them is.
pub fn largest(deviations: impl IntoIterator<Item = f64>) -> f64 {
    deviations.into_iter().fold(0.0, |worst, x| if x.is_nan() || x > worst { x } else { worst })
}

/// The landscape over one of its variables, with the others fixed.
pub fn section(landscape: &Landscape, along: &str, fixed: &[(&str, f64)]) -> Landscape {
    let mut section = landscape.clone();
    section.variables = vec![along.to_owned()];
    section.parameters.extend(fixed.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    (section.minimum, section.noise) = (None, Vec::new());
    section
}
