//! What theory says of each column: where the minimum stops being stable, and the cycle beyond.

use crate::analysis::theory::{Curve, x_eta};
use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::{MOMENTUM, Optimizer, PhaseExperiment, Setup};
use crate::formula::{Graph, Id};
use crate::landscape::Landscape;

/// A gradient of this length, or less, is none.
pub(crate) const AT_REST: f64 = 1e-12;
/// How far f' may be from odd, relatively.
const ODD: f64 = 1e-9;

/// Theory by column, shape `[W]`; NaN where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Theory {
    /// The learning rate of each column.
    pub eta: Vec<f64>,
    /// The learning rate at which the minimum (or 0, if the landscape names none and 0 is at rest) stops
    /// being stable: 2/s with the largest Hessian eigenvalue s there; with momentum beta 2 (1 + beta)/s for the
    /// heavy ball and 2 (1 + beta)/((1 + 2 beta) s) for Nesterov's.
    pub threshold: Vec<f64>,
    /// The observable at x_eta of Lemma 4.1, on the cycle of period 2 of a loss of one variable that is
    /// symmetric about 0, ...
    pub cycle: Vec<f64>,
    /// ... and at -x_eta.
    pub cycle_minus: Vec<f64>,
    /// Whether the landscape has one variable: its sharpness is f''.
    pub is_curve: bool,
}

impl Theory {
    /// What is known of an experiment's columns at `across`.
    ///
    /// # Errors
    /// Those of the formulas.
    pub fn new(experiment: &PhaseExperiment, across: &[f64]) -> Result<Self> {
        let setup = &experiment.setup;
        let body = &setup.landscape.body;
        let is_curve = body.variables.len() == 1;
        let mut theory = Self { is_curve, ..Self::default() };
        // Only a parameter of the landscape changes what is known of it from column to column.
        let changes = body.parameters.contains_key(&experiment.across.name);
        let mut known: Option<Known> = None;
        for &value in across {
            let named = |name: &str| match name {
                _ if name == experiment.across.name => Some(value),
                "t" => Some(f64::from(experiment.steps - 1)),
                _ => setup.value(name),
            };
            if known.is_none() || changes {
                known = Some(Known::new(body, named)?);
            }
            let Some(known) = &mut known else { continue };
            let rate = match experiment.across.name.as_str() {
                "eta" => value,
                _ => rate(setup, named)?,
            };
            let momentum = named(MOMENTUM).filter(|_| setup.optimizer.has_momentum()).unwrap_or(0.0);
            let observe = |x: f64| observed(&known.landscape, &experiment.observe, x, (rate, named));
            let cycle = known.curve.as_mut().and_then(|curve| cycle(curve, setup.optimizer, rate, momentum));
            let at = |x: Option<f64>| x.map_or(Ok(f64::NAN), observe);
            theory.eta.push(rate);
            theory.threshold.push(threshold(setup.optimizer, known.sharpness, momentum));
            theory.cycle.push(at(cycle)?);
            theory.cycle_minus.push(at(cycle.map(|x| -x))?);
        }
        Ok(theory)
    }

    /// Whether theory knows a cycle, and whether the observable tells its two points apart.
    pub fn has_cycle(&self) -> (bool, bool) {
        let known = self.cycle.iter().any(|v| !v.is_nan());
        let differ = |(a, b): (&f64, &f64)| (a - b).abs() > ODD * a.abs();
        (known, self.cycle.iter().zip(&self.cycle_minus).any(differ))
    }

    /// The arrays that hold something, by name.
    pub fn arrays(&self) -> impl Iterator<Item = (&'static str, &Vec<f64>)> {
        let (_, differ) = self.has_cycle();
        let minus = Some(("theory_minus", &self.cycle_minus)).filter(|_| differ);
        [("threshold", &self.threshold), ("theory", &self.cycle)]
            .into_iter()
            .chain(minus)
            .filter(|(_, values)| values.iter().any(|v| !v.is_nan()))
    }

    /// Where along `across` the learning rate passes the threshold.
    pub fn crossings(&self, across: &[f64]) -> Vec<f64> {
        let excess: Vec<f64> = self.eta.iter().zip(&self.threshold).map(|(eta, limit)| eta - limit).collect();
        let pairs = excess.windows(2).zip(across.windows(2));
        let crossing =
            pairs.filter(|(e, _)| (e[0] <= 0.0) != (e[1] <= 0.0) && e.iter().all(|v| v.is_finite()));
        crossing.map(|(e, x)| x[0] + (x[1] - x[0]) * e[0] / (e[0] - e[1])).collect()
    }
}

/// What is known of a landscape with its parameters.
pub(crate) struct Known {
    landscape: Landscape,
    /// Largest Hessian eigenvalue at the minimum; NaN if there is none.
    sharpness: f64,
    /// Of a loss of one variable that has its minimum at 0.
    pub curve: Option<Curve>,
}

impl Known {
    pub fn new(body: &Landscape, named: impl Fn(&str) -> Option<f64>) -> Result<Self> {
        let mut landscape = body.clone();
        for (name, value) in &mut landscape.parameters {
            *value = named(name).unwrap_or(*value);
        }
        landscape.noise = Vec::new();
        let n = landscape.variables.len();
        let place = landscape.minimum.clone().unwrap_or_else(|| vec![0.0; n]);
        let rate = |graph: &mut Graph| Ok(graph.constant(1.0));
        let descent = Descent::new(&landscape, Optimizer::Gd, rate, |name| landscape.usual(name))?;
        let mut tracer = Tracer::new(&descent, 0);
        tracer.place(0, &place, []);
        let sharpness = tracer.sharpness(1)[0];
        tracer.observe(0, 1);
        let is_at_rest = tracer.gradient(0).all(|g| g.abs() <= AT_REST);
        let sharpness = if is_at_rest && sharpness > 0.0 { sharpness } else { f64::NAN };
        let is_central = place == [0.0] && !sharpness.is_nan();
        let curve = if is_central { Some(Curve::new(&landscape)?) } else { None };
        Ok(Self { landscape, sharpness, curve })
    }
}

/// The product of learning rate and sharpness up to which a minimum is stable. On a quadratic, the characteristic
/// polynomial `z^2 - (1 + beta - eta h) z + beta`, for Nesterov with the factor `1 + beta` at z and `beta` at 1 of the last
/// term, has the root -1 there; or, for Nesterov below beta = -1/3, a pair of roots of size 1.
pub(crate) fn limit(optimizer: Optimizer, beta: f64) -> f64 {
    match optimizer {
        Optimizer::Gd => 2.0,
        Optimizer::HeavyBall => 2.0 + 2.0 * beta,
        Optimizer::Nesterov if beta < -1.0 / 3.0 => 1.0 - 1.0 / beta,
        Optimizer::Nesterov => (2.0 + 2.0 * beta) / (1.0 + 2.0 * beta),
    }
}

/// The learning rate at which a minimum of this sharpness stops being stable, as [`Theory::threshold`].
fn threshold(optimizer: Optimizer, sharpness: f64, beta: f64) -> f64 {
    limit(optimizer, beta) / sharpness
}

/// How far a learning rate is beyond that threshold: their ratio less 1; without a limit, where there is no curvature, -1.
pub(crate) fn excess(optimizer: Optimizer, eta: f64, sharpness: f64, beta: f64) -> f64 {
    eta * sharpness / limit(optimizer, beta) - 1.0
}

/// How much less a learning rate moves a cycle of period 2 with momentum.
fn slowing(optimizer: Optimizer, beta: f64) -> f64 {
    if optimizer.has_momentum() { 1.0 / (1.0 + beta) } else { 1.0 }
}

/// How much farther out than the cycle the gradient is taken.
fn ahead(optimizer: Optimizer, beta: f64) -> f64 {
    if optimizer == Optimizer::Nesterov { 1.0 + 2.0 * beta } else { 1.0 }
}

/// x_eta of Lemma 4.1: half the distance between the points of a cycle of period 2 about 0. With momentum the
/// velocity on the cycle is 2 x_eta, so that the heavy ball's is that of the rate eta/(1 + beta), and
/// Nesterov's has its gradients at (1 + 2 beta) x_eta.
pub(crate) fn cycle(curve: &mut Curve, optimizer: Optimizer, eta: f64, beta: f64) -> Option<f64> {
    let ahead = ahead(optimizer, beta);
    let x = x_eta(curve, eta * slowing(optimizer, beta) * ahead)?;
    let (right, left) = (curve.slope(x), curve.slope(-x));
    ((right + left).abs() <= ODD * right.abs()).then_some(x / ahead)
}

/// The learning rate where everything has the value that `named` gives it.
pub(crate) fn rate(setup: &Setup, named: impl Fn(&str) -> Option<f64>) -> Result<f64> {
    let mut graph = Graph::default();
    let root = setup.build_eta(&mut graph)?;
    Ok(folded(&graph, root, named))
}

/// The observable of a landscape of one variable at `x`.
fn observed(
    landscape: &Landscape,
    formula: &str,
    x: f64,
    (eta, named): (f64, impl Fn(&str) -> Option<f64>),
) -> Result<f64> {
    let mut graph = Graph::default();
    let loss = landscape.build(&mut graph)?;
    let variable = graph.input(&landscape.variables[0]);
    let gradient = graph.gradient(loss, &[variable]);
    let eta = graph.constant(eta);
    let root = landscape.build_observable(&mut graph, formula, (eta, loss, &gradient))?;
    Ok(folded(&graph, root, |name| if name == landscape.variables[0] { Some(x) } else { named(name) }))
}

/// The value of `root` where every name has one; NaN if one has none.
fn folded(graph: &Graph, root: Id, named: impl Fn(&str) -> Option<f64>) -> f64 {
    let mut numbers = Graph::default();
    let roots = graph.substitute(&mut numbers, &[root], |g, name| Some(g.constant(named(name)?)));
    numbers.value(roots[0]).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Draft;

    fn theory(toml: &str) -> (Theory, Vec<f64>) {
        let experiment = Draft::parse(toml).unwrap().resolve_phase().unwrap();
        let across = experiment.across.values(experiment.size[0]);
        (Theory::new(&experiment, &across).unwrap(), across)
    }

    #[test]
    fn f1_has_its_threshold_and_its_cycle() {
        let (theory, across) = theory("landscape = \"f1\"\nacross = \"eta = 0.5 .. 10\"\nsize = [96, 8]");
        assert_eq!(theory.threshold, vec![2.0; 96]);
        for (eta, x) in across.iter().zip(&theory.cycle) {
            // eta ln(1 + x) = 2 x.
            assert_eq!(x.is_nan(), *eta <= 2.0, "{eta}");
            assert!(x.is_nan() || (eta * x.ln_1p() / (2.0 * x) - 1.0).abs() < 1e-12, "{eta}: {x}");
        }
        assert_eq!(theory.has_cycle(), (true, false));
        assert!((theory.crossings(&across)[0] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn parameters_and_observables_count() {
        // f2''(0) = 2 C^2/3.
        let (theory, across) = theory(
            "landscape = \"f2\"\neta = 0.5\nacross = \"C = 1 .. 5\"\nsize = [41, 8]\n[phase]\nobserve = \"2*w\"",
        );
        for (c, limit) in across.iter().zip(&theory.threshold) {
            assert!((limit * c * c / 3.0 - 1.0).abs() < 1e-12, "{c}: {limit}");
        }
        // 0.5 = 3/C^2.
        assert!((theory.crossings(&across)[0] - 6f64.sqrt()).abs() < 2e-3);
        assert_eq!(theory.has_cycle(), (true, true));
        assert!(theory.cycle.iter().zip(&theory.cycle_minus).all(|(a, b)| a.is_nan() || *a == -b));
    }

    /// A step from each point that theory names leads to its mirror image, whatever the optimiser.
    #[test]
    fn cycles_are_cycles() {
        for (optimizer, set) in
            [("gd", ""), ("heavy-ball", "set = { beta = 0.6 }"), ("nesterov", "set = { beta = 0.6 }")]
        {
            let toml = format!(
                "landscape = \"f1\"\noptimizer = \"{optimizer}\"\n{set}\nacross = \"eta = 1 .. 12\"\nsize = [23, 8]"
            );
            let (theory, across) = theory(&toml);
            let beta = if set.is_empty() { 0.0 } else { 0.6 };
            let slope = |x: f64| x.signum() * x.abs().ln_1p();
            let mut cycles = 0;
            for ((eta, x), limit) in across.iter().zip(&theory.cycle).zip(&theory.threshold) {
                assert_eq!(x.is_nan(), eta <= limit, "{optimizer} {eta} {limit}");
                if x.is_nan() {
                    continue;
                }
                cycles += 1;
                // On the cycle the velocity into x is 2x.
                let ahead = if optimizer == "nesterov" { x + beta * 2.0 * x } else { *x };
                let velocity = beta * 2.0 * x - eta * slope(ahead);
                assert!((velocity / (-2.0 * x) - 1.0).abs() < 1e-12, "{optimizer} {eta}: {velocity} at {x}");
            }
            assert!(cycles > 3, "{optimizer}");
        }
    }

    #[test]
    fn where_there_is_none_it_says_nothing() {
        // Not symmetric; and with no minimum at 0.
        let (theory, _) = theory(
            "landscape = { variables = [\"x\"], loss = \"x^2/2 + x^3/3\" }\nacross = \"eta = 1 .. 4\"\nsize = [9, 8]",
        );
        assert_eq!((theory.threshold[0], theory.has_cycle().0), (2.0, false));
        let (theory, across) = self::theory(
            "landscape = { variables = [\"x\"], loss = \"(x - 1)^2\" }\nacross = \"eta = 0.5 .. 2\"\nsize = [9, 8]",
        );
        assert!(theory.arrays().next().is_none() && theory.crossings(&across).is_empty());
    }
}
