//! What is descended, and how: the part of a request that maps and single orbits share.

use std::collections::BTreeMap;

use super::{Axis, Draft, Eta, EtaKey, LandscapeKey, MOMENTUM, Optimizer, Settling, Swept};
use crate::dataset::{Dataset, is_count};
use crate::error::{Error, Result, nearest};
use crate::formula::{Graph, Id, MAX_ROWS};
use crate::landscape::Landscape;

/// A landscape and how the user called it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLandscape {
    /// A built-in name, or none for a landscape of the user's.
    pub name: Option<String>,
    /// The landscape itself.
    pub body: Landscape,
}

impl NamedLandscape {
    /// The data of a built-in landscape, where they are not its own.
    pub fn changed_data(&self) -> Option<Dataset> {
        let own = Landscape::load(self.name.as_ref()?).ok()?;
        (own.data != self.body.data).then(|| self.body.data.clone())
    }
}

/// A landscape, an optimiser with its learning rate, and values for the names in them.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// What is descended.
    pub landscape: NamedLandscape,
    /// `None` where `eta` is an axis.
    pub eta: Option<Eta>,
    /// How a step is made from the gradient.
    pub optimizer: Optimizer,
    /// Of the noise, where the landscape has some.
    pub seed: u32,
    /// Initial coordinates and parameters.
    pub set: BTreeMap<String, f64>,
}

impl Setup {
    /// The value of a name that is the same for all trajectories: set, or the landscape's own.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.set.get(name).copied().or_else(|| self.landscape.body.usual(name))
    }

    /// When the learning rate stops changing; `axes`: with their flags and numbers of values.
    pub fn settling(&self, axes: &[(&str, &Axis, u32)]) -> Settling {
        let Some(eta) = &self.eta else { return Settling::At(0) };
        let swept = self.swept_by_eta(axes);
        eta.settling(|name| self.value_in_eta(name, &swept), &swept)
    }

    /// The largest initial coordinate, on an axis or set, without its sign; 1 if all are 0.
    pub fn scale(&self, axes: &[&Axis]) -> f64 {
        let is_variable = |name: &String| self.landscape.body.variables.contains(name);
        let axes = axes.iter().filter(|axis| is_variable(&axis.name));
        let ends = axes.flat_map(|axis| [axis.from, axis.to]);
        let fixed = self.set.iter().filter(|(name, _)| is_variable(name)).map(|(_, value)| *value);
        match ends.chain(fixed).fold(0.0, |largest: f64, x| largest.max(x.abs())) {
            0.0 => 1.0,
            largest => largest,
        }
    }

    /// The keys that say so in an experiment file; a landscape of the user's is written out.
    pub fn draft(&self) -> Draft {
        let landscape = match &self.landscape.name {
            Some(name) => LandscapeKey::Name(name.clone()),
            None => {
                let mut body = self.landscape.body.clone();
                // A parameter of `--loss` has no value of its own; a reader of the file wants one.
                for (name, value) in body.parameters.iter_mut().filter(|(_, value)| value.is_nan()) {
                    *value = self.set.get(name).copied().unwrap_or(f64::NAN);
                }
                LandscapeKey::Table(body)
            }
        };
        Draft {
            landscape: Some(landscape),
            data: self.landscape.changed_data(),
            eta: self.eta.clone().map(EtaKey::Value),
            optimizer: Some(self.optimizer),
            seed: (!self.landscape.body.noise.is_empty()).then_some(self.seed),
            set: self.set.clone(),
            ..Draft::default()
        }
    }

    /// Adds the learning rate to `graph`; an input called `eta` where it is an axis.
    ///
    /// # Errors
    /// [`Error::Formula`].
    pub fn build_eta(&self, graph: &mut Graph) -> Result<Id> {
        match &self.eta {
            Some(eta) => eta.build(graph),
            None => Ok(graph.input("eta")),
        }
    }

    /// Whether every name is bound once, by `axes` (flag and axis), a setting or the landscape, and
    /// every number can be used.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Formula`], naming the flag or key and the remedy.
    pub fn check(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        self.landscape.body.check()?;
        if let Some(eta) = &self.eta {
            eta.check()?;
        }
        if let Some((name, value)) = self.set.iter().find(|(_, v)| !v.is_finite()) {
            return Err(Error::request(format!("set: `{name}` = {value} is not finite; give a number")));
        }
        self.check_names(axes)?;
        self.check_rows(axes)?;
        self.check_generated(axes)?;
        self.check_noise(axes)?;
        self.check_momentum(axes)
    }

    /// Whether the parameter that says how many rows of data there are can do so everywhere.
    fn check_rows(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        let Some(name) = self.landscape.body.data.count_parameter() else { return Ok(()) };
        let remedy = format!("give 1 to {MAX_ROWS}");
        match axes.iter().find(|(_, axis)| axis.name == name) {
            Some((flag, axis)) if axis.from < 1.0 || axis.to > MAX_ROWS as f64 => {
                Err(Error::request(format!(
                    "{flag}: `{name}` is the number of rows of the data; {remedy}, and not {} .. {}",
                    axis.from, axis.to
                )))
            }
            None if !self.value(&name).is_some_and(is_count) => Err(Error::request(format!(
                "set: `{name}` is the number of rows of the data; {remedy}, a whole number"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether an optimiser with momentum has one that lets go, and no other quantity its name.
    fn check_momentum(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        if !self.optimizer.has_momentum() {
            return Ok(());
        }
        let values = axes.iter().filter(|(_, axis)| axis.name == MOMENTUM);
        let values = values.flat_map(|(flag, axis)| [(*flag, axis.from), (*flag, axis.to)]);
        let mut values: Vec<(&str, f64)> = values.collect();
        values.extend(self.set.get(MOMENTUM).map(|value| ("set", *value)));
        if values.is_empty() {
            return Err(Error::request(format!(
                "optimizer: {} has no momentum `{MOMENTUM}`; give --set {MOMENTUM}=0.9, or in a map make it an \
                 axis such as --across {MOMENTUM}=0..0.99",
                self.optimizer.name()
            )));
        }
        // Negative momentum is no mistake: games are descended with it, and the Henon map is such a descent.
        match values.into_iter().find(|(_, value)| value.is_nan() || value.abs() >= 1.0) {
            Some((flag, value)) => Err(Error::request(format!(
                "{flag}: the momentum `{MOMENTUM}` is {value}; give a number between -1 and 1"
            ))),
            None => Ok(()),
        }
    }

    /// Whether a learning rate that is a formula stays above 0 for `steps` steps, at all values of the `axes`:
    /// flag, axis and cells.
    ///
    /// # Errors
    /// [`Error::Request`] with the step and the values.
    pub fn check_eta(&self, steps: u32, axes: &[(&str, &Axis, u32)]) -> Result<()> {
        let Some(eta) = &self.eta else { return Ok(()) };
        let swept = self.swept_by_eta(axes);
        eta.check_formula(steps, |name| self.value_in_eta(name, &swept), &swept)
    }

    /// What the formula of the learning rate names and `axes` sweep, with the values of all cells.
    pub(super) fn swept_by_eta(&self, axes: &[(&str, &Axis, u32)]) -> Vec<Swept> {
        let names = self.eta.as_ref().map(Eta::names).unwrap_or_default();
        let named = axes.iter().filter(|(_, axis, _)| names.contains(&axis.name));
        named
            .filter(|(_, axis, _)| !self.is_variable(&axis.name))
            .map(|(_, axis, cells)| Swept { name: axis.name.clone(), values: axis.values(*cells) })
            .collect()
    }

    /// The value that a name in the learning rate has in all cells and at all steps, if it has one.
    pub(super) fn value_in_eta(&self, name: &str, swept: &[Swept]) -> Option<f64> {
        let varies = self.is_variable(name) || swept.iter().any(|s| s.name == name);
        if varies { None } else { self.value(name) }
    }

    pub(crate) fn is_variable(&self, name: &str) -> bool {
        self.landscape.body.variables.iter().any(|v| v == name)
    }

    /// Refuses names that mean nothing, two things, or something else already, and those without a value.
    fn check_names(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        let eta_names = self.eta.as_ref().map(Eta::names).unwrap_or_default();
        self.check_reserved(&eta_names)?;
        let quantities = self.quantities(&eta_names);
        let known = self.known(&quantities);
        let check_known = |flag: &str, name: &str| {
            if known.contains(&name) {
                return Ok(());
            }
            let hint = match name {
                MOMENTUM => " (a momentum needs --optimizer heavy-ball or nesterov)".to_owned(),
                _ => nearest(name, known.iter().copied()),
            };
            let list = known.join(", ");
            Err(Error::request(format!("{flag}: nothing is called `{name}` here{hint}; there are {list}")))
        };
        for (flag, axis) in axes {
            check_known(flag, &axis.name)?;
            self.check_axis(flag, axis)?;
        }
        for name in self.set.keys() {
            if name == "eta" {
                return Err(Error::request("set: give the learning rate with --eta"));
            }
            check_known("set", name)?;
        }
        let on_axis = |name: &str| axes.iter().any(|(_, axis)| axis.name == name);
        if self.eta.is_none() && !on_axis("eta") {
            return Err(Error::request(
                "no learning rate: give --eta NUMBER, or in a map an axis such as --across eta=0.5..10",
            ));
        }
        match quantities.into_iter().find(|name| !on_axis(name) && self.value(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(Error::request(format!(
                "set: `{name}` has no value; give --set {name}=NUMBER, or in a map make it an axis"
            ))),
        }
    }

    /// Refuses names that mean something else already.
    fn check_reserved(&self, eta_names: &[String]) -> Result<()> {
        let body = &self.landscape.body;
        let is_taken = |name: &String| self.optimizer.has_momentum() && name == MOMENTUM;
        if body.variables.iter().chain(body.parameters.keys()).any(is_taken) {
            return Err(Error::request(format!(
                "optimizer: `{MOMENTUM}` is the momentum of {}, and the landscape has a quantity of that name; \
                 rename it there, or use --optimizer gd",
                self.optimizer.name()
            )));
        }
        if eta_names.iter().any(|name| name == "eta") {
            return Err(Error::request("eta: the formula names `eta` itself; call the rate in it otherwise"));
        }
        Ok(())
    }

    /// The names of the landscape and of the learning rate's formula, each once, but for the optimiser's momentum.
    fn quantities<'a>(&'a self, eta_names: &'a [String]) -> Vec<&'a str> {
        let body = &self.landscape.body;
        let mut quantities = Vec::new();
        for name in body.variables.iter().chain(body.parameters.keys()).chain(eta_names) {
            let is_momentum = self.optimizer.has_momentum() && name == MOMENTUM;
            if !is_momentum && !quantities.contains(&name.as_str()) {
                quantities.push(name.as_str());
            }
        }
        quantities
    }

    /// All names that mean something, given those of the landscape and the learning rate.
    fn known<'a>(&self, quantities: &[&'a str]) -> Vec<&'a str> {
        let of_optimizer = self.optimizer.has_momentum().then_some(MOMENTUM);
        quantities.iter().copied().chain(["eta"]).chain(of_optimizer).collect()
    }

    /// Whether something is called so.
    pub(super) fn knows(&self, name: &str) -> bool {
        let eta_names = self.eta.as_ref().map(Eta::names).unwrap_or_default();
        self.known(&self.quantities(&eta_names)).contains(&name)
    }

    /// Refuses an axis of what is bound already, and learning rates that are not above 0.
    fn check_axis(&self, flag: &str, axis: &Axis) -> Result<()> {
        let Axis { name, from, .. } = axis;
        if self.set.contains_key(name) {
            return Err(Error::request(format!(
                "{flag}: `{name}` is bound twice; drop this axis or --set {name}=..."
            )));
        }
        if name == "eta" && self.eta.is_some() {
            return Err(Error::request(format!("{flag}: `eta` is bound twice; drop this axis or --eta")));
        }
        if name == "eta" && *from <= 0.0 {
            return Err(Error::request(format!(
                "{flag}: the learning rate must be above 0; raise the lower end {from} of `eta`"
            )));
        }
        Ok(())
    }
}
