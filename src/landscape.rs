//! A landscape: a loss formula with its variables, parameters and data.

pub mod separable;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result, nearest, toml_message};
use crate::formula::{Ast, Graph, Id, Scope, is_reserved, lower, parse, parse_definition};
use crate::input;

/// The files of the folder `landscapes/`, by name.
macro_rules! files {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../landscapes/", $name, ".toml")))),*]
    };
}

/// The landscapes that are built in. A new one needs its file and its name here.
const BUILT_IN: &[(&str, &str)] = &files!(
    "quadratic" "f1" "f2" "f3" "valley" "two-valleys" "noisy-valley" "relu-data" "relu-uniform" "relu-2d"
);

/// Names that mean something else: the step number and the learning rate.
const TAKEN: [&str; 2] = ["t", "eta"];
/// Names in formulas of what is observed, besides those of the loss.
const OBSERVED: [&str; 3] = ["loss", "grad_norm", "amplitude"];
/// Stands for the value of a parameter that has no usual one.
const NO_VALUE: f64 = f64::NAN;
/// Most variables a landscape may have.
pub const MAX_VARIABLES: usize = 64;

/// A loss with its variables, parameters and data: the content of a landscape file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landscape {
    /// What is descended in, in order.
    pub variables: Vec<String>,
    /// Further names in the loss, each with its usual value; NaN for one that has none, see
    /// [`Landscape::usual`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, f64>,
    /// Helper functions, `name(arguments) = formula`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub define: Vec<String>,
    /// The loss formula.
    pub loss: String,
    /// What a mean in the loss goes through.
    #[serde(default, skip_serializing_if = "Dataset::is_empty")]
    pub data: Dataset,
    /// One formula for each variable, in the names of the loss, `eta` and the step number `t`: what
    /// multiplies a standard normal number, drawn anew at every step, that is added to its update.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<String>,
    /// Where the least loss is, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Vec<f64>>,
    /// Where the landscape comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Landscape {
    /// The names of the built-in landscapes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).chain([separable::NAME])
    }

    /// A built-in landscape, [`separable`] ones of any size and seed among them, or the file at the path `name` (anything with a dot or a separator).
    ///
    /// # Errors
    /// [`Error::Request`] for an unknown name, [`Error::File`] for a file that cannot be read, and
    /// what [`Landscape::check`] finds.
    pub fn load(name: &str) -> Result<Self> {
        Self::load_with(name, None)
    }

    /// The same with other data than its own, if some are given, which then are not read.
    ///
    /// # Errors
    /// As [`Landscape::load`] and [`Landscape::take_data`].
    pub fn load_with(name: &str, data: Option<&Dataset>) -> Result<Self> {
        if let Some(made) = separable::called(name) {
            let mut made = made?;
            data.map_or(Ok(()), |data| made.take_data(data))?;
            return Ok(made);
        }
        let (text, path) = match BUILT_IN.iter().find(|(n, _)| *n == name) {
            Some((_, text)) => ((*text).to_owned(), Path::new(name)),
            None if Self::is_path(name) => {
                let path = Path::new(name);
                let text = input::read_text(path).map_err(|e| Error::file(path, e))?;
                input::check_toml(&text).map_err(|e| Error::file(path, e))?;
                (text, path)
            }
            None => {
                let hint = nearest(name, Self::names());
                let known = Self::names().collect::<Vec<_>>().join(", ");
                return Err(Error::request(format!(
                    "unknown landscape `{name}`{hint}; built in: {known} (and separable-N-SEED); or give a file's path, or --loss"
                )));
            }
        };
        let mut landscape: Self =
            toml::from_str(&text).map_err(|e| Error::file(path, toml_message(&text, &e)))?;
        match data {
            Some(data) => landscape.take_data(data)?,
            None => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let read = landscape.data.rebase(folder).and_then(|()| landscape.data.read_file());
                read.map_err(|e| e.within(path))?;
            }
        }
        landscape.check()?;
        Ok(landscape)
    }

    /// Puts `data` in the place of its own. Parameters that only the formulas of those have named, such as
    /// their number of rows, go with them.
    ///
    /// # Errors
    /// [`Error::Request`] if no mean goes through data.
    pub fn take_data(&mut self, data: &Dataset) -> Result<()> {
        let parsed = |text: &str| parse(text).ok();
        let defined = self.define.iter().filter_map(|text| Some(parse_definition(text).ok()?.body));
        let formulas = [&self.loss].into_iter().chain(&self.noise).filter_map(|text| parsed(text));
        let bodies: Vec<Ast> = formulas.chain(defined).collect();
        let parts = bodies.iter().flat_map(Ast::parts);
        if !parts.into_iter().any(|part| matches!(part, Ast::Mean { .. })) {
            return Err(Error::request(
                "data: the loss has no mean over data; drop --data, or write `mean(row in data: ...)` in it",
            ));
        }
        let columns = |data: &Dataset| data.formulas().filter_map(|(_, text)| parsed(text)).collect();
        let (before, now): (Vec<Ast>, Vec<Ast>) = (columns(&self.data), columns(data));
        let named = |asts: &[Ast], wanted: &str| {
            let parts = asts.iter().flat_map(Ast::parts);
            parts.into_iter().any(|part| matches!(part, Ast::Name { name, .. } if name == wanted))
        };
        self.parameters.retain(|name, _| !named(&before, name) || named(&bodies, name) || named(&now, name));
        self.data = data.clone();
        Ok(())
    }

    /// Whether `name` is meant as a file's path: it holds a dot or a separator.
    pub fn is_path(name: &str) -> bool {
        name.contains(['.', '/', '\\'])
    }

    /// A landscape made of one formula.
    ///
    /// Its free names are variables if they are called `x`, `y`, `z` or `w`, with or without a number,
    /// and `given` (by an axis or a setting); the other free names are parameters without a value. Those in
    /// the formulas of `data` are always parameters.
    ///
    /// # Errors
    /// [`Error::Formula`] if it does not parse; [`Error::Request`] if it has no variable.
    pub fn from_loss(loss: &str, given: &[&str], data: Dataset) -> Result<Self> {
        if let Some(name) = data.names().find(|name| given.contains(&name.as_str())) {
            return Err(Error::request(format!(
                "data: the column `{name}` is called like a quantity that has an axis or a value; rename the \
                 column"
            )));
        }
        let mut graph = Graph::default();
        let ast = parse(loss).map_err(Error::formula("--loss"))?;
        let scope = Scope { data: data.data()?, ..Scope::default() };
        lower(&mut graph, &scope, &ast, loss).map_err(Error::formula("--loss"))?;
        let names = graph.inputs().iter().cloned();
        let (mut variables, others): (Vec<String>, Vec<String>) =
            names.partition(|name| is_variable_name(name) && given.contains(&name.as_str()));
        let parameters = others.into_iter().map(|name| (name, NO_VALUE)).collect();
        variables.sort_by_key(|name| {
            let (letter, number) = name.split_at(1);
            ("xyzw".find(letter), number.parse::<u32>().unwrap_or(0))
        });
        if variables.is_empty() {
            return Err(Error::request(format!(
                "--loss {loss}: no variable; use x, y, z, w or one of these with a number, and give each \
                 an axis (--across x=-3..3) or a value (--set x=1); in `phase` a range of starts (--from x=0..1)"
            )));
        }
        let landscape = Self {
            variables,
            parameters,
            define: Vec::new(),
            loss: loss.to_owned(),
            data,
            noise: Vec::new(),
            minimum: None,
            source: None,
        };
        landscape.check()?;
        Ok(landscape)
    }

    /// Whether the names fit together and the formulas parse.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Formula`] with the key and the remedy.
    pub fn check(&self) -> Result<()> {
        if self.variables.is_empty() || self.variables.len() > MAX_VARIABLES {
            return Err(Error::request(format!(
                "variables: {} names; give between 1 and {MAX_VARIABLES}",
                self.variables.len()
            )));
        }
        let names: Vec<&String> =
            self.variables.iter().chain(self.parameters.keys()).chain(self.data.names()).collect();
        for (i, name) in names.iter().enumerate() {
            let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !valid || is_reserved(name) || TAKEN.contains(&name.as_str()) {
                return Err(Error::request(format!(
                    "`{name}` cannot name a variable, a parameter or a column; use a letter followed by letters, \
                     digits or `_`, and no function's name, `pi`, `t` or `eta`"
                )));
            }
            if names[..i].contains(name) && self.data.names().any(|column| column == *name) {
                return Err(Error::request(format!(
                    "data: the column `{name}` is called like a variable or a parameter; rename the column"
                )));
            }
            if names[..i].contains(name) {
                return Err(Error::request(format!("`{name}` is named twice; rename one of the two")));
            }
        }
        if let Some((name, value)) = self.parameters.iter().find(|(_, v)| v.is_infinite()) {
            return Err(Error::request(format!(
                "parameters: `{name}` = {value} is not finite; give a number"
            )));
        }
        if self.minimum.as_ref().is_some_and(|m| m.len() != self.variables.len()) {
            return Err(Error::request("minimum: give one coordinate for each variable"));
        }
        self.data.check()?;
        self.scope()?.check().map_err(Error::formula("define"))?;
        if !self.noise.is_empty() && self.noise.len() != self.variables.len() {
            return Err(Error::request("noise: give one formula for each variable, \"0\" for none"));
        }
        let mut graph = Graph::default();
        self.build(&mut graph)?;
        let eta = graph.input("eta");
        self.build_noise(&mut graph, eta)?;
        Ok(())
    }

    /// The usual value of a parameter, if it is one and has one.
    pub fn usual(&self, parameter: &str) -> Option<f64> {
        self.parameters.get(parameter).copied().filter(|value| !value.is_nan())
    }

    /// Adds the loss to `graph`; variables and parameters become its inputs.
    ///
    /// # Errors
    /// [`Error::Formula`].
    pub fn build(&self, graph: &mut Graph) -> Result<Id> {
        let ast = parse(&self.loss).map_err(Error::formula("loss"))?;
        lower(graph, &self.scope()?, &ast, &self.loss).map_err(Error::formula("loss"))
    }

    /// Adds the noise's factors to `graph`, one for each variable or none at all; `eta` is the learning rate.
    ///
    /// # Errors
    /// [`Error::Formula`].
    pub fn build_noise(&self, graph: &mut Graph, eta: Id) -> Result<Vec<Id>> {
        let mut scope = self.scope()?;
        scope.quantities.iter_mut().for_each(|known| known.extend(TAKEN.map(str::to_owned)));
        let mut own = Graph::default();
        let factors = self.noise.iter().map(|text| {
            let ast = parse(text).map_err(Error::formula("noise"))?;
            lower(&mut own, &scope, &ast, text).map_err(Error::formula("noise"))
        });
        let factors: Vec<Id> = factors.collect::<Result<_>>()?;
        Ok(own.substitute(graph, &factors, |_, name| (name == "eta").then_some(eta)))
    }

    /// Adds a formula of what is observed along an orbit to `graph`. It may name what the loss may, the learning
    /// rate `eta`, the step number `t`, and unless the landscape has quantities of these names `loss`,
    /// `grad_norm` (the gradient's length) and `amplitude` (the distance from the minimum, or from 0 where
    /// the landscape names none).
    ///
    /// # Errors
    /// [`Error::Formula`].
    pub fn build_observable(
        &self,
        graph: &mut Graph,
        text: &str,
        (eta, loss, gradient): (Id, Id, &[Id]),
    ) -> Result<Id> {
        let mut scope = self.scope()?;
        scope
            .quantities
            .iter_mut()
            .for_each(|known| known.extend(TAKEN.into_iter().chain(OBSERVED).map(str::to_owned)));
        let own_name = |name: &str| self.variables.iter().chain(self.parameters.keys()).any(|n| n == name);
        let mut own = Graph::default();
        let ast = parse(text).map_err(Error::formula("observe"))?;
        let root = lower(&mut own, &scope, &ast, text).map_err(Error::formula("observe"))?;
        let roots = own.substitute(graph, &[root], |g, name| match name {
            "eta" => Some(eta),
            _ if own_name(name) => None,
            "loss" => Some(loss),
            "grad_norm" => Some(g.norm(gradient)),
            "amplitude" => Some(self.distance(g)),
            _ => None,
        });
        Ok(roots[0])
    }

    /// Adds the distance from the minimum, or from 0, to `graph`.
    fn distance(&self, graph: &mut Graph) -> Id {
        let centre = self.minimum.clone().unwrap_or_else(|| vec![0.0; self.variables.len()]);
        let sides: Vec<Id> = (self.variables.iter().zip(centre))
            .map(|(name, centre)| {
                let (x, centre) = (graph.input(name), graph.constant(centre));
                graph.sub(x, centre)
            })
            .collect();
        graph.norm(&sides)
    }

    /// What the loss may refer to.
    fn scope(&self) -> Result<Scope> {
        let definitions = self.define.iter().map(|text| parse_definition(text));
        Ok(Scope {
            definitions: definitions
                .collect::<std::result::Result<_, _>>()
                .map_err(Error::formula("define"))?,
            quantities: Some(self.variables.iter().chain(self.parameters.keys()).cloned().collect()),
            data: self.data.data()?,
        })
    }
}

/// Whether `--loss` may take `name` for a variable.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(['x', 'y', 'z', 'w']) && name[1..].chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/landscapes");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".toml", ""))
            .chain([separable::NAME.to_owned()])
            .collect();
        let mut names: Vec<&str> = Landscape::names().collect();
        files.sort();
        names.sort();
        assert_eq!(names, files);
        for name in names {
            Landscape::load(name).unwrap();
        }
    }

    #[test]
    fn a_landscape_of_one_formula() {
        let given = ["x10", "x2", "y", "a"];
        let landscape = Landscape::from_loss("x10 + x2*y + a*z + x", &given, Dataset::default()).unwrap();
        assert_eq!(landscape.variables, ["x2", "x10", "y"]);
        assert_eq!(landscape.parameters.keys().collect::<Vec<_>>(), ["a", "x", "z"]);
        assert_eq!(landscape.usual("a"), None);
        assert!(
            Landscape::from_loss("a + x", &["a"], Dataset::default())
                .unwrap_err()
                .to_string()
                .contains("no variable")
        );
        assert!(
            Landscape::from_loss("x + t", &["x"], Dataset::default())
                .unwrap_err()
                .to_string()
                .contains("`t` cannot name")
        );
    }

    #[test]
    fn helper_functions_are_checked_even_where_they_are_not_called() {
        let check = |define: &[&str]| {
            let landscape = Landscape {
                variables: vec!["x".into()],
                parameters: BTreeMap::from([("C".into(), 3.0)]),
                define: define.iter().map(|&d| d.into()).collect(),
                loss: "x^2".into(),
                data: Dataset::default(),
                noise: Vec::new(),
                minimum: None,
                source: None,
            };
            landscape.check().map_err(|e| e.to_string())
        };
        assert_eq!(check(&["f(a) = a*C + x", "g(a) = f(a)"]), Ok(()));
        for (define, message) in [
            (&["f(a) = b"][..], "define: unknown name `b`"),
            (&["f(a) = g(a)", "g(a) = a"], "used before it is defined"),
            (&["f(a) = f(a)"], "cannot call themselves"),
            (&["f(a) = a", "f(a) = 2*a"], "`f` is defined twice"),
            (&["abs(a) = a"], "`abs` is built in"),
            (&["x(a) = a"], "`x` is a quantity"),
        ] {
            let error = check(define).unwrap_err();
            assert!(error.contains(message), "{define:?}: {error}");
        }
    }
}
