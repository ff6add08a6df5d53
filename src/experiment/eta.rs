//! The learning rate: a number, steps such as `5@0,3@100,1@150`, or a formula in `t`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::axis::number;
use super::settling::{Settling, settling};
use super::sweep::{Sweep, Swept, combination, combinations};
use crate::error::{Error, Result};
use crate::formula::{Binary, Graph, Id, LANES, Node, Scope, lower, parse};

/// Steps at which a formula is tried: the first ones, and as many over the whole budget.
const SAMPLES: u32 = 512;
/// How often a formula is evaluated to find out whether it stays above 0.
const EVALUATIONS: usize = 1 << 22;

/// A learning-rate schedule.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

    /// Whether a formula stays above 0 for `steps` steps, as far as a thousand of them tell, at all values of
    /// `swept`, as far as some million combinations tell. `fixed` gives the value of the other names; a rate
    /// that depends on one without a value is not looked at.
    ///
    /// # Errors
    /// [`Error::Request`] with such a step, and the values.
    pub fn check_formula(
        &self,
        steps: u32,
        fixed: impl Fn(&str) -> Option<f64>,
        swept: &[Swept],
    ) -> Result<()> {
        let Eta::Formula(text) = self else { return Ok(()) };
        let (mut graph, root) = self.folded(&fixed)?;
        let t = graph.input("t");
        let needed = graph.reachable(&[root]);
        let is_known = |name: &String| name == "t" || swept.iter().any(|s| s.name == *name);
        if needed.iter().any(
            |&id| matches!(graph.node(id), Node::Input(place) if !is_known(&graph.inputs()[place as usize])),
        ) {
            return Ok(());
        }
        let spread =
            (0..SAMPLES).map(|k| (u64::from(k) * u64::from(steps - 1) / u64::from(SAMPLES - 1)) as u32);
        let times = (0..steps.min(SAMPLES)).chain(spread.filter(|_| steps > SAMPLES));
        // Without `t`, every step is like the first.
        let times: Vec<u32> = times.take(if needed.contains(&t) { usize::MAX } else { 1 }).collect();
        let all = combinations(swept).saturating_mul(times.len()) <= EVALUATIONS;
        let side = (EVALUATIONS / times.len()).isqrt();
        let thinned: Vec<Swept> = swept.iter().map(|s| s.thinned(side)).collect();
        let ends = [times[0], times[times.len() - 1]];
        let passes: &[(&[Swept], &[u32])] =
            if all { &[(swept, &times)] } else { &[(swept, &ends), (&thinned, &times)] };
        for (swept, times) in passes {
            if let Some((t, k, rate)) = first_unfit(&graph, root, swept, times) {
                let values = swept.iter().zip(combination(swept, k));
                let values: Vec<String> = values.map(|(s, value)| format!("{} = {value}", s.name)).collect();
                let (with, range) = match values.is_empty() {
                    true => (String::new(), ""),
                    false => (format!(" with {}", values.join(" and ")), ", another range"),
                };
                // What rounding leaves of 0 is 0.
                let rate = if rate.abs() <= f64::EPSILON { 0.0 } else { rate };
                return Err(Error::request(format!(
                    "eta: the learning rate {text} is {rate} at step {t}{with}; give a formula that stays above \
                     0{range}, or fewer --steps"
                )));
            }
        }
        Ok(())
    }

    /// When the rate stops changing, at the last of the values of `swept`; `fixed` gives the values of other
    /// names, and those without one are coordinates.
    pub fn settling(&self, fixed: impl Fn(&str) -> Option<f64>, swept: &[Swept]) -> Settling {
        match self.folded(&fixed) {
            Ok((graph, root)) => settling(&graph, root, swept),
            Err(_) => Settling::Never,
        }
    }

    /// The rate with numbers for the names that have one.
    fn folded(&self, fixed: &impl Fn(&str) -> Option<f64>) -> Result<(Graph, Id)> {
        let (mut graph, mut folded) = (Graph::default(), Graph::default());
        let root = self.build(&mut graph)?;
        let value = |g: &mut Graph, name: &str| match name {
            "t" => None,
            _ => Some(g.constant(fixed(name)?)),
        };
        let root = graph.substitute(&mut folded, &[root], value)[0];
        Ok((folded, root))
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

/// A step, the number of a combination, and the rate there, if one is no rate.
fn first_unfit(graph: &Graph, root: Id, swept: &[Swept], times: &[u32]) -> Option<(u32, usize, f64)> {
    let mut sweep = Sweep::new(graph, root, swept);
    for start in (0..combinations(swept)).step_by(LANES) {
        sweep.load(start);
        for &t in times {
            let rates = sweep.at(f64::from(t));
            if let Some(lane) = rates.iter().position(|rate| !(*rate > 0.0 && rate.is_finite())) {
                return Some((t, start + lane, rates[lane]));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settling_of(text: &str) -> Settling {
        let swept = [
            Swept { name: "drop".to_owned(), values: vec![0.0, 350.25, 700.5] },
            Swept { name: "k".to_owned(), values: (1..=300).map(f64::from).collect() },
        ];
        let eta: Eta = text.parse().unwrap();
        eta.settling(|name| if name == "c" { Some(3.0) } else { None }, &swept)
    }

    #[test]
    fn the_last_change_of_a_rate() {
        use Settling::{At, Never, Smoothly};
        for (text, truth) in [
            ("2.5", At(0)),
            ("5@0,3@100,1@150", At(150)),
            ("2*drop", At(0)),
            ("if(t < drop, 2.5, 0.25)", At(701)),
            ("if(t < 650, 2.5, if(t <= 800, 1, 0.25))", At(801)),
            ("if(t > 650, 2.5, 1)", At(651)),
            ("if(t == 20, 2.5, 1)", At(21)),
            // What has no value is a coordinate, which nobody knows before.
            ("if(t < x, 2.5, 0.25)", Never),
            ("if(x < 2, 2.5, 0.25)", At(0)),
            // Once per period, to the end.
            ("if(sin(t/100) > 0, 2, 1)", Never),
            ("1/(1 + t)", Smoothly(0)),
            ("1 + cos(t/100)", Smoothly(0)),
            ("if(t < 100, 5, 1/(1 + t))", Smoothly(100)),
            ("if(t < 100, 1/(1 + t), 5)", At(100)),
            // Neither side is monotone, but there is no jump where they meet.
            ("max(1/(1 + t/10), 0.1)", Smoothly(0)),
            ("if(t < 1e12, 5, 1)", At(0)),
        ] {
            assert_eq!(settling_of(text), truth, "{text}");
        }
    }

    /// A bound that is worked out is known to two steps.
    #[test]
    fn the_last_change_of_a_worked_out_bound() {
        for (text, truth) in [
            ("if(t < 2*drop + 10, 5, 0.5)", 1411),
            ("if(t/2 < drop, 5, 0.5)", 1401),
            ("if(c*t - 10 >= drop, 5, 0.5)", 237),
            ("if(drop > t/2, 5, 0.5)", 1401),
            ("if(100 - t < -drop, 5, 0.5)", 801),
            ("if(2*t < t + drop, 5, 0.5)", 701),
            ("if(t < drop + 2*k, 5, 0.5)", 1301),
            ("if(t < drop*(1 - drop/700.5), 5, 0.5)", 176),
            ("if(t/drop < 2, 5, 0.5)", 1401),
            ("1 - 0.5*sign(t - 2*drop)", 1402),
            ("if((t < 2*drop)*(t > 100), 5, 0.5)", 1401),
            ("min(t/k + 0.1, 1)", 270),
            ("max(exp(-t/k), 0.1)", 691),
            ("if(exp(-t/k) < 0.01, 1, 2)", 1382),
        ] {
            let Settling::At(step) = settling_of(text) else { panic!("{text}: {:?}", settling_of(text)) };
            assert!((truth..=truth + 3).contains(&step), "{text}: {step}, truth {truth}");
        }
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
            let Settling::At(last) = eta.settling(|_| None, &[]) else { panic!("{text}") };
            assert!(
                (last..last + 20).all(|t| at(t) == at(last)) && at(last - 1) != at(last),
                "{text}: {last}"
            );
        }
    }
}
