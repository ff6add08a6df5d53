//! One step of an optimiser as formulas: the state after it, the tangent map, the loss.

use crate::bins::Bins;
use crate::error::{Error, Result};
use crate::experiment::{MOMENTUM, Optimizer};
use crate::formula::{Column, Graph, Id, Node};
use crate::landscape::Landscape;

/// The step map of an optimiser on a landscape, with its derivative.
#[derive(Clone, Debug)]
pub struct Descent {
    /// Where the formulas are; the other fields are nodes of it.
    pub graph: Graph,
    /// How many of the state's coordinates, the first ones, are the landscape's variables.
    pub variables: usize,
    /// The state before the step, by input node: the variables, then with momentum a velocity for each.
    pub state: Vec<Id>,
    /// A tangent vector of the state.
    pub tangent: Vec<Id>,
    /// What differs from trajectory to trajectory besides the state: names and input nodes.
    pub quantities: Vec<(String, Id)>,
    /// The step number.
    pub step: Id,
    /// Independent standard normal numbers, drawn anew for every step; empty without noise.
    pub normals: Vec<Normals>,
    /// The state after the step.
    pub next: Vec<Id>,
    /// The tangent vector after the step.
    pub tangent_next: Vec<Id>,
    /// The loss before the step.
    pub loss: Id,
    /// Shape `[variables]`: the loss's gradient before the step, at the point where the loss is.
    pub gradient: Vec<Id>,
    /// Shape `[variables]`: the loss's Hessian there, times the tangent vector's first coordinates.
    pub curvature: Vec<Id>,
    /// The learning rate of the step.
    pub eta: Id,
    /// What is observed of the state before the step, if anything is.
    pub observed: Option<Id>,
}

/// A quantity that is observed along an orbit.
#[derive(Clone, Copy, Debug)]
pub struct Observable<'a> {
    /// A formula in the names that [`Landscape::build_observable`] knows.
    pub formula: &'a str,
    /// The bins that it is sorted into: then its place among them is computed, see [`Bins::position`].
    pub bins: Option<&'a Bins>,
}

/// Two normal numbers that are drawn together, see [`crate::noise::normals`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normals {
    /// Which of a step's pairs: they are for the variables `2 pair` and `2 pair + 1`.
    pub pair: u32,
    /// The input node of each number that the step needs.
    pub inputs: [Option<Id>; 2],
}

impl Descent {
    /// The step map of `optimizer`, whose momentum is the name `beta`.
    ///
    /// `eta` builds the learning rate; `fixed` gives the value of each name that is the same for all
    /// trajectories, and names without one become [`Descent::quantities`].
    ///
    /// # Errors
    /// [`Error::Formula`] from the landscape.
    pub fn new(
        landscape: &Landscape,
        optimizer: Optimizer,
        eta: impl FnOnce(&mut Graph) -> Result<Id>,
        fixed: impl Fn(&str) -> Option<f64>,
    ) -> Result<Self> {
        Self::observing(landscape, optimizer, eta, fixed, None)
    }

    /// As [`Descent::new`], with something that is observed.
    ///
    /// # Errors
    /// [`Error::Formula`] from the landscape or the observable.
    pub fn observing(
        landscape: &Landscape,
        optimizer: Optimizer,
        eta: impl FnOnce(&mut Graph) -> Result<Id>,
        fixed: impl Fn(&str) -> Option<f64>,
        observable: Option<Observable>,
    ) -> Result<Self> {
        // The derivatives are taken before numbers are put in: cancellations are by name.
        let mut general = Graph::default();
        let names = state_names(landscape, optimizer);
        let roots = formulas(&mut general, landscape, optimizer, &names, (eta, observable))?;

        let mut numbers = Graph::default();
        let roots = general.substitute(&mut numbers, &roots, |g, name| {
            if names.iter().any(|n| n == name) { None } else { Some(g.constant(fixed(name)?)) }
        });
        let (mut graph, copied) = numbers.tabulate(&roots);
        let state: Vec<Id> = names.iter().map(|name| graph.input(name)).collect();
        let tangent: Vec<Id> = names.iter().map(|name| graph.input(&tangent_name(name))).collect();
        let step = graph.input("t");
        let mut copied = copied.into_iter();
        let mut part = |count: usize| copied.by_ref().take(count).collect::<Vec<Id>>();
        let (dims, n) = (state.len(), landscape.variables.len());
        let (next, tangent_next, gradient, curvature) = (part(dims), part(dims), part(n), part(n));
        let (loss, eta) = (part(1)[0], part(1)[0]);
        let observed = observable.map(|_| part(1)[0]);
        let normals = normals(&mut graph, n, &[next.as_slice(), &tangent_next].concat());
        let known = |name: &str| {
            name == "t"
                || names.iter().any(|n| n == name || tangent_name(n) == name)
                || (0..n).any(|d| normal_name(d) == name)
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
            variables: n,
            state,
            tangent,
            quantities,
            step,
            normals,
            next,
            tangent_next,
            loss,
            gradient,
            curvature,
            eta,
            observed,
        })
    }

    /// The inputs of all normal numbers, pair by pair.
    pub fn normal_inputs(&self) -> impl Iterator<Item = Id> {
        self.normals.iter().flat_map(|n| n.inputs).flatten()
    }

    /// Refuses numbers that an f32 cannot hold: too large, or so small that a GPU takes them for 0; in data,
    /// small ones are refused where they are all of a column.
    ///
    /// # Errors
    /// [`Error::Request`] naming the remedy.
    pub fn check_f32(&self) -> Result<()> {
        let roots: Vec<Id> = self
            .next
            .iter()
            .chain(&self.tangent_next)
            .chain([&self.loss])
            .chain(&self.observed)
            .copied()
            .collect();
        let nodes = self.graph.reachable(&roots);
        let unfit = |value: &f64| *value != 0.0 && !(*value as f32).is_normal();
        for id in &nodes {
            let Node::Row(place) = self.graph.node(*id) else { continue };
            let Column::Listed { values, .. } = &self.graph.columns()[place as usize] else { continue };
            // What is not finite even here is guarded by a choice.
            let beyond = values.iter().find(|v| v.is_finite() && !(**v as f32).is_finite());
            let vanishing =
                values.iter().find(|v| **v != 0.0).filter(|_| values.iter().all(|v| *v == 0.0 || unfit(v)));
            if let Some(value) = beyond.or(vanishing) {
                return Err(Error::request(format!(
                    "data: the number {value:e}, in the data or made of them, does not fit an f32; use --precision \
                     f64, or another unit"
                )));
            }
        }
        match nodes.into_iter().filter_map(|id| self.graph.value(id)).find(unfit) {
            Some(value) => Err(Error::request(format!(
                "the number {value:e} in the formulas does not fit an f32; use --precision f64"
            ))),
            None => Ok(()),
        }
    }
}

/// State and tangent vector after a step, gradient, curvature, loss, learning rate, and what is observed, in
/// one list.
fn formulas(
    graph: &mut Graph,
    landscape: &Landscape,
    optimizer: Optimizer,
    names: &[String],
    (eta, observable): (impl FnOnce(&mut Graph) -> Result<Id>, Option<Observable>),
) -> Result<Vec<Id>> {
    let loss = landscape.build(graph)?;
    let variables: Vec<Id> = landscape.variables.iter().map(|v| graph.input(v)).collect();
    let gradient = graph.gradient(loss, &variables);
    let eta = eta(graph)?;
    let state: Vec<Id> = names.iter().map(|name| graph.input(name)).collect();
    let noise = landscape.build_noise(graph, eta)?;
    let kicks: Vec<Id> = (noise.into_iter().enumerate())
        .map(|(d, factor)| {
            let normal = graph.input(&normal_name(d));
            graph.mul(factor, normal)
        })
        .collect();
    let next = after_step(graph, optimizer, &state, (&gradient, &kicks), eta);
    let seeds: Vec<(Id, Id)> =
        (names.iter().zip(&state)).map(|(name, &x)| (x, graph.input(&tangent_name(name)))).collect();
    let slopes = |graph: &mut Graph, outputs: &[Id], variables: &[Id]| {
        let slopes = graph.tangent(outputs, &seeds);
        let slopes = graph.gathered(&slopes);
        graph.one_sided(&slopes, variables)
    };
    let tangent_next = slopes(graph, &next, &state);
    let curvature = slopes(graph, &gradient, &variables);
    let mut observed = Vec::new();
    if let Some(Observable { formula, bins }) = observable {
        let value = landscape.build_observable(graph, formula, (eta, loss, &gradient))?;
        observed.push(bins.map_or(value, |bins| bins.position(graph, value)));
    }
    Ok([next, tangent_next, gradient, curvature, vec![loss, eta], observed].concat())
}

/// The state after a step from `before`, where `gradient` is that of the loss at the variables, and the
/// kicks are what noise adds to each variable's update, if there is noise.
///
/// Plain descent is `x' = x - eta grad(x)`. With momentum, `x' = x + v'`, and `v' = beta v - eta grad(x)`
/// (heavy ball, Polyak 1964) or `v' = beta v - eta grad(x + beta v)` (Nesterov 1983, in the form of
/// Sutskever, Martens, Dahl and Hinton 2013).
fn after_step(
    graph: &mut Graph,
    optimizer: Optimizer,
    before: &[Id],
    (gradient, kicks): (&[Id], &[Id]),
    eta: Id,
) -> Vec<Id> {
    let (variables, velocities) = before.split_at(gradient.len());
    let slope = match optimizer {
        Optimizer::Gd | Optimizer::HeavyBall => gradient.to_vec(),
        Optimizer::Nesterov => gradient_ahead(graph, variables, velocities, gradient),
    };
    let update = |g: &mut Graph, from: Id, d: usize| {
        let descent = g.mul(eta, slope[d]);
        let updated = g.sub(from, descent);
        kicks.get(d).map_or(updated, |&kick| g.add(updated, kick))
    };
    if velocities.is_empty() {
        return variables.iter().enumerate().map(|(d, &x)| update(graph, x, d)).collect();
    }
    let beta = graph.input(MOMENTUM);
    let velocities: Vec<Id> = (velocities.iter().enumerate())
        .map(|(d, &v)| {
            let kept = graph.mul(beta, v);
            update(graph, kept, d)
        })
        .collect();
    let moved = variables.iter().zip(&velocities).map(|(&x, &v)| graph.add(x, v));
    moved.collect::<Vec<Id>>().into_iter().chain(velocities).collect()
}

/// The gradient at `x + beta v`.
fn gradient_ahead(graph: &mut Graph, variables: &[Id], velocities: &[Id], gradient: &[Id]) -> Vec<Id> {
    let here = graph.clone();
    here.substitute(graph, gradient, |g, name| {
        let input = g.input(name);
        let d = variables.iter().position(|&x| x == input)?;
        let beta = g.input(MOMENTUM);
        let ahead = g.mul(beta, velocities[d]);
        Some(g.add(input, ahead))
    })
}

/// The normal numbers of `variables` variables that `roots` need, two and two.
fn normals(graph: &mut Graph, variables: usize, roots: &[Id]) -> Vec<Normals> {
    let needed = graph.reachable(roots);
    let mut input = |d: usize| {
        let name = normal_name(d);
        let known = d < variables && graph.inputs().contains(&name);
        known.then(|| graph.input(&name)).filter(|id| needed.contains(id))
    };
    (0..variables.div_ceil(2))
        .map(|pair| Normals { pair: pair as u32, inputs: [input(2 * pair), input(2 * pair + 1)] })
        .filter(|normals| normals.inputs != [None; 2])
        .collect()
}

/// The name of the normal number for a variable; no formula can contain it.
fn normal_name(d: usize) -> String {
    format!("normal {d}")
}

/// The names of the state's coordinates; no formula can contain that of a velocity.
fn state_names(landscape: &Landscape, optimizer: Optimizer) -> Vec<String> {
    let velocities = landscape.variables.iter().map(|x| format!("v {x}"));
    let velocities = velocities.filter(|_| optimizer.has_momentum());
    landscape.variables.iter().cloned().chain(velocities).collect()
}

/// The tangent vector's name for a coordinate; no formula can contain it.
fn tangent_name(coordinate: &str) -> String {
    format!("d {coordinate}")
}
