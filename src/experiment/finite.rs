//! Whether what formulas make of the parameters alone, data and noise, is finite.

use super::sweep::{Sweep, Swept, combination, combinations};
use super::{Axis, Setup};
use crate::error::{Error, Result};
use crate::formula::{Graph, Id, Node, Scope, lower, parse, parse_definition};

/// So many rows tell what a generator makes, where their number is a parameter.
const ROWS: f64 = 1000.0;

impl Setup {
    /// Whether the columns that formulas make are finite at both ends of `axes`.
    pub(super) fn check_generated(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        let body = &self.landscape.body;
        let Some(data) = body.data.data()? else { return Ok(()) };
        let definitions = body.define.iter().map(|text| parse_definition(text));
        let definitions =
            definitions.collect::<std::result::Result<_, _>>().map_err(Error::formula("define"))?;
        let scope = Scope { definitions, quantities: None, data: Some(data) };
        let count = body.data.count_parameter();
        for (column, text) in body.data.formulas() {
            let mean = format!("mean(row in data: {column})");
            let mut graph = Graph::default();
            let ast = parse(&mean).map_err(Error::formula("data"))?;
            let root = lower(&mut graph, &scope, &ast, &mean).map_err(Error::formula("data"))?;
            self.at_corners(&graph, root, axes, |value, with| match value.is_finite() {
                true => Ok(()),
                false => Err(Error::request(format!(
                    "data: `{column} = {text}` is not finite{with}; give it other values or another range \
                     (logspace needs ends above 0)"
                ))),
            }, |name, value| if count.as_deref() == Some(name) { value.min(ROWS) } else { value })?;
        }
        Ok(())
    }

    /// Whether noise that depends on parameters alone is finite at both ends of `axes`.
    pub(super) fn check_noise(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        let mut graph = Graph::default();
        let eta = graph.input("eta");
        let factors = self.landscape.body.build_noise(&mut graph, eta)?;
        for (factor, text) in factors.into_iter().zip(&self.landscape.body.noise) {
            self.at_corners(&graph, factor, axes, |value, with| match value.is_finite() {
                true => Ok(()),
                false => Err(Error::request(format!(
                    "noise: `{text}` is {value}{with}; correct the formula, or give its names other values"
                ))),
            }, |_, value| value)?;
        }
        Ok(())
    }

    /// Calls `check` with the value of `root` at each corner of those `axes` that it names, and with these
    /// in words; not at all if it depends on more than parameters.
    fn at_corners(
        &self,
        graph: &Graph,
        root: Id,
        axes: &[(&str, &Axis)],
        check: impl Fn(f64, &str) -> Result<()>,
        adjust: impl Fn(&str, f64) -> f64,
    ) -> Result<()> {
        let names = names(graph, root);
        let swept = axes.iter().map(|(_, axis)| *axis).filter(|axis| names.contains(&axis.name));
        let swept: Vec<Swept> =
            swept.map(|axis| Swept { name: axis.name.clone(), values: vec![axis.from, axis.to] }).collect();
        for corner in 0..combinations(&swept) {
            let at: Vec<(&str, f64)> =
                swept.iter().map(|s| s.name.as_str()).zip(combination(&swept, corner)).collect();
            let known = |name: &str| match at.iter().find(|(n, _)| *n == name) {
                _ if self.is_variable(name) || name == "t" || name == "eta" => None,
                Some((_, value)) => Some(adjust(name, *value)),
                None => Some(adjust(name, self.value(name)?)),
            };
            let mut folded = Graph::default();
            let root = graph.substitute(&mut folded, &[root], |g, name| Some(g.constant(known(name)?)))[0];
            let (folded, root) = folded.tabulate(&[root]);
            if !self::names(&folded, root[0]).is_empty() {
                continue;
            }
            let value = match folded.value(root[0]) {
                Some(value) => value,
                None => {
                    let mut sweep = Sweep::new(&folded, root[0], &[]);
                    sweep.load(0);
                    sweep.at(0.0)[0]
                }
            };
            let told = names.iter().filter_map(|name| {
                let at = at.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
                Some(format!("{name} = {}", at.or_else(|| self.value(name))?))
            });
            let told: Vec<String> = told.collect();
            let with = if told.is_empty() { String::new() } else { format!(" with {}", told.join(", ")) };
            check(value, &with)?;
        }
        Ok(())
    }
}

/// The names of the quantities that `root` needs.
fn names(graph: &Graph, root: Id) -> Vec<String> {
    let needed = graph.reachable(&[root]).into_iter();
    needed
        .filter_map(|id| match graph.node(id) {
            Node::Input(place) => Some(graph.inputs()[place as usize].clone()),
            _ => None,
        })
        .collect()
}
