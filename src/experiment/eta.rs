//! The learning rate: a number, steps such as `5@0,3@100,1@150`, or a formula in `t`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::axis::number;
use crate::error::{Error, Result};
use crate::formula::{Binary, Graph, Id, Node, Scope, lower, parse};

/// Steps at which a formula is tried: the first ones, and as many over the whole budget.
const SAMPLES: u32 = 512;

/// A learning-rate schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Eta {
    /// The same at every step.
    Constant(f64),
    /// (from step, rate), the first from step 0, steps ascending.
    Steps(Vec<(u32, f64)>),
    /// A formula in `t` and parameters.
    Formula(String),
}

impl FromStr for Eta {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if let Ok(value) = number(text) {
            return Ok(Eta::Constant(value));
        }
        if !text.contains('@') {
            return Ok(Eta::Formula(text.trim().to_owned()));
        }
        let steps = text.split(',').map(|part| {
            let form =
                || format!("`{}` is no step of a schedule; write RATE@STEP, such as 0.5@100", part.trim());
            let (rate, step) = part.split_once('@').ok_or_else(form)?;
            Ok((step.trim().parse().map_err(|_| form())?, number(rate)?))
        });
        Ok(Eta::Steps(steps.collect::<std::result::Result<_, String>>()?))
    }
}

impl fmt::Display for Eta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Eta::Constant(rate) => write!(f, "{rate}"),
            Eta::Steps(steps) => {
                let parts: Vec<String> = steps.iter().map(|(step, rate)| format!("{rate}@{step}")).collect();
                f.write_str(&parts.join(","))
            }
            Eta::Formula(text) => f.write_str(text),
        }
    }
}

impl Eta {
    /// Whether the rates are positive numbers and the steps ascend from 0.
    ///
    /// # Errors
    /// [`Error::Request`] naming `eta` and the remedy.
    pub fn check(&self) -> Result<()> {
        let positive = |rate: f64| match rate {
            r if r > 0.0 && r.is_finite() => Ok(()),
            r => Err(Error::request(format!("eta: the learning rate is {r}; give a number above 0"))),
        };
        match self {
            Eta::Constant(rate) => positive(*rate),
            Eta::Steps(steps) => {
                steps.iter().try_for_each(|(_, rate)| positive(*rate))?;
                if steps.first().map(|s| s.0) != Some(0) {
                    return Err(Error::request(
                        "eta: the first step of a schedule must be at 0, such as 5@0,3@100",
                    ));
                }
                if steps.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
                    return Err(Error::request(
                        "eta: the steps of a schedule must ascend, such as 5@0,3@100,1@150",
                    ));
                }
                Ok(())
            }
            Eta::Formula(text) if text.is_empty() => {
                Err(Error::request("eta: the formula is empty; give a number or a formula in t"))
            }
            Eta::Formula(_) => {
                let mut graph = Graph::default();
                let root = self.build(&mut graph)?;
                graph.value(root).map_or(Ok(()), positive)
            }
        }
    }

    /// Whether a formula stays above 0 for `steps` steps, as far as a thousand of them tell. `value` gives
    /// the value of the names in it; those without one are not looked at.
    ///
    /// # Errors
    /// [`Error::Request`] with the first such step.
    pub fn check_formula(&self, steps: u32, value: impl Fn(&str) -> Option<f64>) -> Result<()> {
        let Eta::Formula(text) = self else { return Ok(()) };
        let mut graph = Graph::default();
        let root = self.build(&mut graph)?;
        let spread =
            (0..SAMPLES).map(|k| (u64::from(k) * u64::from(steps - 1) / u64::from(SAMPLES - 1)) as u32);
        let times = (0..steps.min(SAMPLES)).chain(spread.filter(|_| steps > SAMPLES));
        // Without `t`, every step is like the first.
        let t = graph.input("t");
        let changes = graph.reachable(&[root]).contains(&t);
        let times = times.take(if changes { usize::MAX } else { 1 });
        for t in times {
            let mut folded = Graph::default();
            let known = |name: &str| if name == "t" { Some(f64::from(t)) } else { value(name) };
            let at = graph.substitute(&mut folded, &[root], |g, name| Some(g.constant(known(name)?)))[0];
            if let Some(rate) = folded.value(at).filter(|rate| !(*rate > 0.0 && rate.is_finite())) {
                return Err(Error::request(format!(
                    "eta: the learning rate {text} is {rate} at step {t}; give a formula that stays above 0, \
                     or fewer --steps"
                )));
            }
        }
        Ok(())
    }

    /// The steps after which the rate no longer changes; `None` if no step is known to be the last.
    ///
    /// A formula's is known if it only compares `t` with numbers and single quantities, whose largest
    /// values `largest` gives: `if(t < drop, 2.5, 0.25)`.
    pub fn settled(&self, largest: impl Fn(&str) -> Option<f64>) -> Option<u32> {
        let mut graph = Graph::default();
        let root = self.build(&mut graph).ok()?;
        let t = graph.input("t");
        let mut last = 0.0f64;
        for id in graph.reachable(&[root]) {
            let node = graph.node(id);
            if !node.operands().any(|operand| operand == t) {
                continue;
            }
            let (a, b) = match node {
                Node::Binary(Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne, a, b) => (a, b),
                _ => return None,
            };
            let other = if a == t { b } else { a };
            let bound = match graph.node(other) {
                Node::Const(bits) => f64::from_bits(bits),
                Node::Input(place) => largest(&graph.inputs()[place as usize])?,
                _ => return None,
            };
            // From its bound on `t < bound` stays as it is, the others from the next step on.
            let stays = if matches!(node, Node::Binary(Binary::Lt, left, _) if left == t) {
                bound.ceil()
            } else {
                bound.floor() + 1.0
            };
            last = last.max(stays);
        }
        Some(last.min(f64::from(u32::MAX)) as u32)
    }

    /// The names, besides `t`, that the rate depends on.
    pub fn names(&self) -> Vec<String> {
        let mut graph = Graph::default();
        match self.build(&mut graph) {
            Ok(_) => graph.inputs().iter().filter(|n| *n != "t").cloned().collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Adds the rate to `graph`, with `t` for the step.
    ///
    /// # Errors
    /// [`Error::Formula`].
    pub fn build(&self, graph: &mut Graph) -> Result<Id> {
        match self {
            Eta::Constant(rate) => Ok(graph.constant(*rate)),
            Eta::Formula(text) => {
                let ast = parse(text).map_err(Error::formula("eta"))?;
                lower(graph, &Scope::default(), &ast, text).map_err(Error::formula("eta"))
            }
            Eta::Steps(steps) => {
                let t = graph.input("t");
                let mut rate = graph.constant(steps.last().map_or(f64::NAN, |s| s.1));
                for pair in steps.windows(2).rev() {
                    let (change, before) = (graph.constant(f64::from(pair[1].0)), graph.constant(pair[0].1));
                    let early = graph.binary(Binary::Lt, t, change);
                    rate = graph.select(early, before, rate);
                }
                Ok(rate)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_a_rate() {
        let settled = |text: &str| {
            let eta: Eta = text.parse().unwrap();
            eta.settled(|name| if name == "drop" { Some(700.5) } else { None })
        };
        assert_eq!(settled("2.5"), Some(0));
        assert_eq!(settled("5@0,3@100,1@150"), Some(150));
        assert_eq!(settled("2*decay"), Some(0));
        assert_eq!(settled("if(t < drop, 2.5, 0.25)"), Some(701));
        assert_eq!(settled("if(t < 650, 2.5, if(t <= 800, 1, 0.25))"), Some(801));
        assert_eq!(settled("if(t > 650, 2.5, 1)"), Some(651));
        assert_eq!(settled("if(t == 20, 2.5, 1)"), Some(21));
        assert_eq!(settled("if(t < other, 2.5, 0.25)"), None);
        assert_eq!(settled("if(t < 2*drop, 2.5, 0.25)"), None);
        assert_eq!(settled("1/(1 + t)"), None);
    }

    /// At the step from which it is settled, a rate is what it stays, and not before.
    #[test]
    fn a_settled_rate_stays() {
        for text in
            ["3@0,1@7", "if(t < 6.5, 3, 1)", "if(t <= 6, 3, 1)", "if(6 < t, 3, 1)", "if(t == 6, 3, 1)"]
        {
            let eta: Eta = text.parse().unwrap();
            let mut graph = Graph::default();
            let root = eta.build(&mut graph).unwrap();
            let at = |t: u32| {
                let mut folded = Graph::default();
                let known = |g: &mut Graph, _: &str| Some(g.constant(f64::from(t)));
                let value = graph.substitute(&mut folded, &[root], known)[0];
                folded.value(value).unwrap()
            };
            let last = eta.settled(|_| None).unwrap();
            assert!(
                (last..last + 20).all(|t| at(t) == at(last)) && at(last - 1) != at(last),
                "{text}: {last}"
            );
        }
    }
}
