//! One step of gradient descent as formulas: the state after it, the tangent map, the loss.

use crate::error::{Error, Result};
use crate::formula::{Graph, Id};
use crate::landscape::Landscape;

/// The step map of an optimiser on a landscape, with its derivative.
#[derive(Clone, Debug)]
pub struct Descent {
    pub graph: Graph,
    /// The state before the step, by input node: the landscape's variables first.
    pub state: Vec<Id>,
    /// A tangent vector of the state.
    pub tangent: Vec<Id>,
    /// What differs from trajectory to trajectory besides the state: names and input nodes.
    pub quantities: Vec<(String, Id)>,
    /// The step number.
    pub step: Id,
    /// The state after the step.
    pub next: Vec<Id>,
    /// The tangent vector after the step.
    pub tangent_next: Vec<Id>,
    /// The loss before the step.
    pub loss: Id,
    /// The loss's gradient before the step.
    pub gradient: Vec<Id>,
    /// The loss's Hessian before the step, times the tangent vector.
    pub curvature: Vec<Id>,
    /// The learning rate of the step.
    pub eta: Id,
}

impl Descent {
    /// Plain gradient descent, `x' = x - eta grad`.
    ///
    /// `eta` builds the learning rate; `fixed` gives the value of each name that is the same for all
    /// trajectories, and names without one become [`Descent::quantities`].
    ///
    /// # Errors
    /// [`Error::Formula`] from the landscape.
    pub fn new(
        landscape: &Landscape,
        eta: impl FnOnce(&mut Graph) -> Result<Id>,
        fixed: impl Fn(&str) -> Option<f64>,
    ) -> Result<Self> {
        // The derivatives are taken before numbers are put in: cancellations are by name.
        let mut general = Graph::default();
        let loss = landscape.build(&mut general)?;
        let variables: Vec<Id> = landscape.variables.iter().map(|v| general.input(v)).collect();
        let gradient = general.gradient(loss, &variables);
        let eta = eta(&mut general)?;
        let next: Vec<Id> = (variables.iter().zip(&gradient))
            .map(|(&x, &g)| {
                let update = general.mul(eta, g);
                general.sub(x, update)
            })
            .collect();
        let seeds: Vec<(Id, Id)> = (landscape.variables.iter().zip(&variables))
            .map(|(name, &x)| (x, general.input(&tangent_name(name))))
            .collect();
        let tangent_next = general.tangent(&next, &seeds);
        let tangent_next = general.one_sided(&tangent_next, &variables);
        let curvature = general.tangent(&gradient, &seeds);
        let curvature = general.one_sided(&curvature, &variables);

        let mut numbers = Graph::default();
        let roots = [&next, &tangent_next, &gradient, &curvature, &vec![loss, eta]];
        let roots: Vec<Id> = roots.into_iter().flatten().copied().collect();
        let roots = general.substitute(&mut numbers, &roots, |g, name| {
            if landscape.variables.iter().any(|v| v == name) { None } else { Some(g.constant(fixed(name)?)) }
        });
        let (mut graph, copied) = numbers.tabulate(&roots);
        let state: Vec<Id> = landscape.variables.iter().map(|v| graph.input(v)).collect();
        let tangent: Vec<Id> = landscape.variables.iter().map(|v| graph.input(&tangent_name(v))).collect();
        let step = graph.input("t");
        let n = variables.len();
        let part = |k: usize| copied[k * n..(k + 1) * n].to_vec();
        let known = |name: &str| {
            name == "t" || landscape.variables.iter().any(|v| v == name || tangent_name(v) == name)
        };
        let quantities: Vec<(String, Id)> = graph
            .inputs()
            .to_vec()
            .into_iter()
            .filter(|name| !known(name))
            .map(|name| (name.clone(), graph.input(&name)))
            .collect();
        Ok(Self {
            graph,
            state,
            tangent,
            quantities,
            step,
            next: part(0),
            tangent_next: part(1),
            gradient: part(2),
            curvature: part(3),
            loss: copied[4 * n],
            eta: copied[4 * n + 1],
        })
    }

    /// Refuses numbers that an f32 cannot hold: too large, or so small that a GPU takes them for 0.
    ///
    /// # Errors
    /// [`Error::Request`] naming the remedy.
    pub fn check_f32(&self) -> Result<()> {
        let roots: Vec<Id> =
            self.next.iter().chain(&self.tangent_next).chain([&self.loss]).copied().collect();
        let nodes = self.graph.reachable(&roots).into_iter();
        let unfit = |value: &f64| *value != 0.0 && !(*value as f32).is_normal();
        match nodes.filter_map(|id| self.graph.value(id)).find(unfit) {
            Some(value) => Err(Error::request(format!(
                "the number {value:e} in the formulas does not fit an f32; use --precision f64"
            ))),
            None => Ok(()),
        }
    }
}

/// The tangent vector's name for a variable; no formula can contain it.
fn tangent_name(variable: &str) -> String {
    format!("d {variable}")
}
