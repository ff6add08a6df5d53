//! Symbolic derivatives: the gradient (reverse mode) and the tangent map (forward mode).
//!
//! A Hessian-vector product is the tangent map of the gradient. At a kink both take the branch that
//! the value takes, with 0 for `abs` at 0.

use std::collections::HashMap;

use super::graph::{Binary, Graph, Id, Node, Unary};

/// The branches of `if` nodes that a value belongs to, outermost first.
type Path = Vec<(Id, bool)>;

impl Graph {
    /// The derivatives of `loss` by each of `variables`.
    ///
    /// A branch of an `if` that is not taken may be infinite or NaN, and 0 * inf is NaN. So a
    /// derivative is not multiplied by a mask on its way down; it carries its [`Path`] along, and the
    /// `if` is written where two paths meet or where the way ends.
    pub fn gradient(&mut self, loss: Id, variables: &[Id]) -> Vec<Id> {
        let active = self.depends_on(variables, loss);
        let one = self.constant(1.0);
        let mut adjoints: HashMap<Id, Vec<(Path, Id)>> = HashMap::new();
        adjoints.insert(loss, vec![(Path::new(), one)]);
        for id in (0..=loss.0).rev().map(Id) {
            if !active[id.index()] || matches!(self.node(id), Node::Input(_)) {
                continue;
            }
            let Some(entries) = adjoints.remove(&id) else { continue };
            for (path, adjoint) in self.meet(entries) {
                for (operand, path, contribution) in self.pull_back(id, path, adjoint) {
                    if active[operand.index()] && self.value(contribution) != Some(0.0) {
                        let entries = adjoints.entry(operand).or_default();
                        self.accumulate(entries, path, contribution);
                    }
                }
            }
        }
        let zero = self.constant(0.0);
        let total = |g: &mut Self, variable: &Id| {
            let entries = adjoints.remove(variable).unwrap_or_default();
            g.meet(entries).into_iter().fold(zero, |sum, (path, value)| {
                let whole = path.iter().rev().fold(value, |value, &(condition, branch)| match branch {
                    true => g.select(condition, value, zero),
                    false => g.select(condition, zero, value),
                });
                g.add(sum, whole)
            })
        };
        let mut total = total;
        variables.iter().map(|variable| total(self, variable)).collect()
    }

    /// The directional derivatives of `outputs` when the quantities in `seeds` move at the given rates.
    pub fn tangent(&mut self, outputs: &[Id], seeds: &[(Id, Id)]) -> Vec<Id> {
        let zero = self.constant(0.0);
        let mut tangents: HashMap<Id, Id> = seeds.iter().copied().collect();
        for id in self.reachable(outputs) {
            if tangents.contains_key(&id) {
                continue;
            }
            let node = self.node(id);
            let rate = |operand: Id| tangents.get(&operand).copied();
            let total = match node {
                Node::Select(condition, a, b) => match (rate(a), rate(b)) {
                    (None, None) => None,
                    (da, db) => Some(self.select(condition, da.unwrap_or(zero), db.unwrap_or(zero))),
                },
                _ => {
                    let rates: Vec<_> = node.operands().map(rate).collect();
                    let mut total = None;
                    for (place, rate) in rates.into_iter().enumerate() {
                        let Some(rate) = rate else { continue };
                        let part = self.scaled_partial(id, place, rate);
                        total = Some(total.map_or(part, |sum| self.add(sum, part)));
                    }
                    total
                }
            };
            if let Some(total) = total.filter(|&t| self.value(t) != Some(0.0)) {
                tangents.insert(id, total);
            }
        }
        outputs.iter().map(|o| tangents.get(o).copied().unwrap_or(zero)).collect()
    }

    /// Which nodes up to `root` depend on one of `variables`.
    fn depends_on(&self, variables: &[Id], root: Id) -> Vec<bool> {
        let mut active = vec![false; root.index() + 1];
        for i in 0..active.len() {
            let id = Id(i as u32);
            active[i] = variables.contains(&id) || self.node(id).operands().any(|o| active[o.index()]);
        }
        active
    }

    fn accumulate(&mut self, entries: &mut Vec<(Path, Id)>, path: Path, value: Id) {
        match entries.iter_mut().find(|(p, _)| *p == path) {
            Some((_, sum)) => *sum = self.add(*sum, value),
            None => entries.push((path, value)),
        }
    }

    /// Joins the two sides of an `if` wherever both have arrived.
    fn meet(&mut self, mut entries: Vec<(Path, Id)>) -> Vec<(Path, Id)> {
        loop {
            let twins = entries.iter().enumerate().find_map(|(i, (path, _))| {
                let mut other = path.clone();
                let last = other.last_mut().filter(|last| last.1)?;
                last.1 = false;
                Some((i, entries.iter().position(|(p, _)| *p == other)?))
            });
            let Some((taken, other)) = twins else { return entries };
            let (mut path, a) = entries[taken].clone();
            let b = entries[other].1;
            entries.remove(taken.max(other));
            entries.remove(taken.min(other));
            let (condition, _) = path.pop().expect("a twin has a last branch");
            let joined = self.select(condition, a, b);
            self.accumulate(&mut entries, path, joined);
        }
    }

    /// What the adjoint of `id` adds to the adjoint of each of its operands.
    fn pull_back(&mut self, id: Id, path: Path, adjoint: Id) -> Vec<(Id, Path, Id)> {
        let Node::Select(condition, a, b) = self.node(id) else {
            let operands: Vec<Id> = self.node(id).operands().collect();
            let pull = |(place, operand)| (operand, path.clone(), self.scaled_partial(id, place, adjoint));
            return operands.into_iter().enumerate().map(pull).collect();
        };
        match path.iter().find(|(c, _)| *c == condition) {
            Some((_, true)) => vec![(a, path, adjoint)],
            Some((_, false)) => vec![(b, path, adjoint)],
            None => {
                let branch = |taken| path.iter().copied().chain([(condition, taken)]).collect();
                vec![(a, branch(true), adjoint), (b, branch(false), adjoint)]
            }
        }
    }

    /// `rate` times the derivative of node `id` by its operand number `place`.
    fn scaled_partial(&mut self, id: Id, place: usize, rate: Id) -> Id {
        match self.node(id) {
            Node::Unary(op, a) => self.unary_partial(op, id, a, rate),
            Node::Binary(op, a, b) => match (op, place) {
                (Binary::Add, _) | (Binary::Sub, 0) => rate,
                (Binary::Sub, _) => self.neg(rate),
                (Binary::Mul, 0) => self.mul(rate, b),
                (Binary::Mul, _) => self.mul(rate, a),
                (Binary::Div, 0) => self.div(rate, b),
                (Binary::Div, _) => {
                    let scaled = self.mul(rate, id);
                    let quotient = self.div(scaled, b);
                    self.neg(quotient)
                }
                (Binary::Pow, 0) => {
                    let one = self.constant(1.0);
                    let less = self.sub(b, one);
                    let power = self.binary(Binary::Pow, a, less);
                    let slope = self.mul(b, power);
                    self.mul(rate, slope)
                }
                (Binary::Pow, _) => {
                    let log = self.unary(Unary::Log, a);
                    let slope = self.mul(id, log);
                    self.mul(rate, slope)
                }
                (Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne, _) => self.constant(0.0),
            },
            Node::Const(_) | Node::Input(_) | Node::Select(..) => {
                unreachable!("leaves and choices have no partial derivatives")
            }
        }
    }

    fn unary_partial(&mut self, op: Unary, id: Id, a: Id, rate: Id) -> Id {
        let one = self.constant(1.0);
        let half = self.constant(0.5);
        match op {
            Unary::Neg => self.neg(rate),
            Unary::Abs => {
                let sign = self.unary(Unary::Sign, a);
                self.mul(rate, sign)
            }
            Unary::Sign => self.constant(0.0),
            Unary::Sqrt | Unary::Norm => {
                let scaled = self.mul(half, rate);
                self.div(scaled, id)
            }
            Unary::Exp => self.mul(rate, id),
            Unary::Expm1 => {
                let exp = self.unary(Unary::Exp, a);
                self.mul(rate, exp)
            }
            Unary::Log => self.div(rate, a),
            Unary::Log1p => {
                let below = self.add(one, a);
                self.div(rate, below)
            }
            Unary::Sin => {
                let cos = self.unary(Unary::Cos, a);
                self.mul(rate, cos)
            }
            Unary::Cos => {
                let sin = self.unary(Unary::Sin, a);
                let scaled = self.mul(rate, sin);
                self.neg(scaled)
            }
            Unary::Tan => {
                let square = self.mul(id, id);
                let slope = self.add(one, square);
                self.mul(rate, slope)
            }
            Unary::Tanh => {
                let square = self.mul(id, id);
                let slope = self.sub(one, square);
                self.mul(rate, slope)
            }
            Unary::Atan => {
                let square = self.mul(a, a);
                let below = self.add(one, square);
                self.div(rate, below)
            }
            Unary::Sigmoid => {
                let minus = self.neg(a);
                let rest = self.unary(Unary::Sigmoid, minus);
                let slope = self.mul(id, rest);
                self.mul(rate, slope)
            }
            Unary::Softplus => {
                let sigmoid = self.unary(Unary::Sigmoid, a);
                self.mul(rate, sigmoid)
            }
        }
    }
}
