//! Symbolic derivatives: the gradient (reverse mode) and the tangent map (forward mode).
//!
//! A Hessian-vector product is the tangent map of the gradient. At a kink both take the branch that
//! the value takes, with 0 for `abs` at 0.
//!
//! A branch of an `if` that is not taken may be infinite or NaN, and 0 * inf is NaN. So a derivative
//! that belongs to a branch is not multiplied by a mask on its way; it carries its [`Path`] along, and
//! the `if` is written where two paths meet, or where no more infinite factor can lie ahead.
//!
//! Below a mean over the rows of the data, adjoints differ from row to row. What they add to a node that
//! all rows share is gathered apart, and comes to it as one mean; behind an `if` that differs from row to
//! row only where no more infinite factor can lie ahead.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};

/// The branches of `if` nodes that a value belongs to: conditions, and whether each holds.
type Path = Vec<(Id, bool)>;

/// A derivative as a sum of values, each of which counts only where its path is taken.
type Parts = BTreeMap<Path, Id>;

impl Graph {
    /// The derivatives of `loss` by each of `variables`.
    pub fn gradient(&mut self, loss: Id, variables: &[Id]) -> Vec<Id> {
        let active = self.depends_on(variables, loss);
        let singular = self.singular_below(loss);
        let one = self.constant(1.0);
        let mut adjoints = HashMap::from([(loss, Parts::from([(Path::new(), one)]))]);
        // For nodes that do not vary by row, what comes to them from each row.
        let mut by_row: HashMap<Id, Parts> = HashMap::new();
        let mut rows = None;
        for id in (0..=loss.0).rev().map(Id) {
            if !active[id.index()] {
                continue;
            }
            if let (Some(parts), Some(count)) = (by_row.remove(&id), rows) {
                let mut parts = self.meet(parts);
                if singular[id.index()] && !matches!(self.node(id), Node::Mean(..)) {
                    parts = self.pull_back_by_row(id, parts, &active, &mut by_row);
                }
                self.average(parts, count, adjoints.entry(id).or_default());
            }
            match self.node(id) {
                Node::Input(_) => continue,
                Node::Mean(_, count) => rows = Some(count),
                _ => {}
            }
            let Some(parts) = adjoints.remove(&id) else { continue };
            let mut parts = self.meet(parts);
            if parts.len() > 1 && !singular[id.index()] {
                parts = Parts::from([(Path::new(), self.close(parts))]);
            }
            for (path, adjoint) in parts {
                for (operand, path, contribution) in self.pull_back(id, path, adjoint) {
                    let leaves_rows = self.varies_by_row(id) && !self.varies_by_row(operand);
                    let into = if leaves_rows { &mut by_row } else { &mut adjoints };
                    if active[operand.index()] {
                        self.accumulate(into.entry(operand).or_default(), path, contribution);
                    }
                }
            }
        }
        let mut total = |variable: &Id| {
            let parts = self.meet(adjoints.get(variable).cloned().unwrap_or_default());
            self.close(parts)
        };
        variables.iter().map(&mut total).collect()
    }

    /// The directional derivatives of `outputs` when the quantities in `seeds` move at the given rates.
    pub fn tangent(&mut self, outputs: &[Id], seeds: &[(Id, Id)]) -> Vec<Id> {
        let order = self.reachable(outputs);
        let singular = self.singular_above(&order);
        let mut tangents: HashMap<Id, Parts> =
            seeds.iter().map(|&(id, rate)| (id, Parts::from([(Path::new(), rate)]))).collect();
        for id in order {
            if tangents.contains_key(&id) {
                continue;
            }
            let mut parts = Parts::new();
            if let Node::Mean(a, count) = self.node(id) {
                self.average(tangents.get(&a).cloned().unwrap_or_default(), count, &mut parts);
            } else {
                for (place, operand) in self.node(id).operands().enumerate() {
                    for (path, rate) in tangents.get(&operand).cloned().unwrap_or_default() {
                        if let Some((path, part)) = self.push_forward(id, place, path, rate) {
                            self.accumulate(&mut parts, path, part);
                        }
                    }
                }
            }
            if parts.is_empty() {
                continue;
            }
            let mut parts = self.meet(parts);
            if !singular.contains(&id) {
                parts = Parts::from([(Path::new(), self.close(parts))]);
            }
            tangents.insert(id, parts);
        }
        outputs.iter().map(|o| self.close(tangents.get(o).cloned().unwrap_or_default())).collect()
    }

    /// Which nodes up to `root` depend on one of `variables`.
    pub(super) fn depends_on(&self, variables: &[Id], root: Id) -> Vec<bool> {
        let mut active = vec![false; root.index() + 1];
        variables.iter().filter(|v| **v <= root).for_each(|v| active[v.index()] = true);
        for i in 0..active.len() {
            active[i] |= self.node(Id(i as u32)).operands().any(|o| active[o.index()]);
        }
        active
    }

    /// Which nodes up to `root` have a [singular](Node::is_singular) one below them, or are one.
    fn singular_below(&self, root: Id) -> Vec<bool> {
        let mut singular = vec![false; root.index() + 1];
        for i in 0..singular.len() {
            let node = self.node(Id(i as u32));
            singular[i] = node.is_singular() || node.operands().any(|o| singular[o.index()]);
        }
        singular
    }

    /// The nodes of `order` that have a [singular](Node::is_singular) one above them.
    fn singular_above(&self, order: &[Id]) -> HashSet<Id> {
        let mut singular = HashSet::new();
        for &id in order.iter().rev() {
            if self.node(id).is_singular() || singular.contains(&id) {
                singular.extend(self.node(id).operands());
            }
        }
        singular
    }

    fn accumulate(&mut self, parts: &mut Parts, path: Path, value: Id) {
        if self.value(value) == Some(0.0) {
            return;
        }
        let sum = parts.get(&path).map_or(value, |&sum| self.add(sum, value));
        parts.insert(path, sum);
    }

    /// Passes those of `parts` on to the operands of `id`, row by row, that an `if` in the rows decides over;
    /// returns the others.
    fn pull_back_by_row(
        &mut self,
        id: Id,
        parts: Parts,
        active: &[bool],
        by_row: &mut HashMap<Id, Parts>,
    ) -> Parts {
        let decided = |path: &Path| path.iter().any(|&(condition, _)| self.varies_by_row(condition));
        let (inside, outside): (Parts, Parts) = parts.into_iter().partition(|(path, _)| decided(path));
        for (path, adjoint) in inside {
            for (operand, path, contribution) in self.pull_back(id, path, adjoint) {
                if active[operand.index()] {
                    self.accumulate(by_row.entry(operand).or_default(), path, contribution);
                }
            }
        }
        outside
    }

    /// Adds the means of `parts` over the rows to `sums`; what of a path varies by row ends here.
    fn average(&mut self, parts: Parts, count: Id, sums: &mut Parts) {
        let zero = self.constant(0.0);
        for (path, value) in parts {
            let (inner, outer): (Path, Path) = path.into_iter().partition(|&(c, _)| self.varies_by_row(c));
            let value = self.masked(inner, value, zero);
            let mean = self.mean(value, count);
            self.accumulate(sums, outer, mean);
        }
    }

    /// `value` where the path is taken, and `other` elsewhere.
    fn masked(&mut self, path: Path, value: Id, other: Id) -> Id {
        path.into_iter().rev().fold(value, |value, (condition, taken)| match taken {
            true => self.select(condition, value, other),
            false => self.select(condition, other, value),
        })
    }

    /// Joins the two sides of an `if` wherever both have arrived.
    fn meet(&mut self, parts: Parts) -> Parts {
        // Innermost first: what is joined belongs to the path outside.
        let deepest = parts.keys().map(Vec::len).max().unwrap_or(0);
        let mut levels = vec![Parts::new(); deepest + 1];
        for (path, value) in parts {
            levels[path.len()].insert(path, value);
        }
        for depth in (1..=deepest).rev() {
            let taken: Vec<Path> = levels[depth].keys().filter(|p| p[depth - 1].1).cloned().collect();
            for path in taken {
                let mut twin = path.clone();
                twin[depth - 1].1 = false;
                let Some(b) = levels[depth].remove(&twin) else { continue };
                let a = levels[depth].remove(&path).expect("it was found above");
                let (condition, _) = twin.pop().expect("this deep");
                let joined = self.select(condition, a, b);
                self.accumulate(&mut levels[depth - 1], twin, joined);
            }
        }
        levels.into_iter().flatten().collect()
    }

    /// The parts as one value, 0 where none counts.
    fn close(&mut self, parts: Parts) -> Id {
        let zero = self.constant(0.0);
        parts.into_iter().fold(zero, |sum, (path, value)| {
            let whole = self.masked(path, value, zero);
            self.add(sum, whole)
        })
    }

    /// What the adjoint of `id` adds to the adjoint of each of its operands.
    fn pull_back(&mut self, id: Id, path: Path, adjoint: Id) -> Vec<(Id, Path, Id)> {
        if let Node::Mean(a, _) = self.node(id) {
            return vec![(a, path, adjoint)];
        }
        if let Node::Select(condition, a, b) = self.node(id) {
            let branches = [(a, true), (b, false)].into_iter();
            return branches
                .filter_map(|(o, t)| Some((o, narrowed(&path, condition, t)?, adjoint)))
                .collect();
        }
        let operands: Vec<Id> = self.node(id).operands().collect();
        let pull = |(place, operand)| (operand, path.clone(), self.scaled_partial(id, place, adjoint));
        operands.into_iter().enumerate().map(pull).collect()
    }

    /// What the rate of operand number `place` adds to the rate of `id`.
    fn push_forward(&mut self, id: Id, place: usize, path: Path, rate: Id) -> Option<(Path, Id)> {
        match self.node(id) {
            // The condition's own rate has no effect.
            Node::Select(condition, ..) if place > 0 => Some((narrowed(&path, condition, place == 1)?, rate)),
            Node::Select(..) => None,
            _ => Some((path, self.scaled_partial(id, place, rate))),
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
                (Binary::Div, _) => self.quotient_partial(id, (a, b), place, rate),
                // The slope of a^0 at a = 0 is 0, but `0 * 0^-1` is NaN.
                (Binary::Pow, 0) => {
                    let (zero, one) = (self.constant(0.0), self.constant(1.0));
                    let less = self.sub(b, one);
                    let power = self.binary(Binary::Pow, a, less);
                    let slope = self.mul(b, power);
                    let (base, exponent) =
                        (self.binary(Binary::Eq, a, zero), self.binary(Binary::Eq, b, zero));
                    let flat = self.mul(base, exponent);
                    let slope = self.select(flat, zero, slope);
                    self.mul(rate, slope)
                }
                // A power of a negative number, or of 0, does not vary smoothly with its exponent: 0.
                (Binary::Pow, _) => {
                    let zero = self.constant(0.0);
                    let log = self.unary(Unary::Log, a);
                    let slope = self.mul(id, log);
                    let smooth = self.binary(Binary::Lt, zero, a);
                    let slope = self.select(smooth, slope, zero);
                    self.mul(rate, slope)
                }
                (Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne, _) => self.constant(0.0),
            },
            Node::Const(_) | Node::Input(_) | Node::Row(_) | Node::Select(..) | Node::Mean(..) => {
                unreachable!("leaves, choices and means have no partial derivatives")
            }
        }
    }

    /// The same for the quotient `a / b`. If `b` is `c + a` or `c - a` with a constant `c`, the slope by `a` of both is
    /// `c / b^2`: in one part, since those of `a` and `b` would all but cancel where `a` is large.
    fn quotient_partial(&mut self, id: Id, (a, b): (Id, Id), place: usize, rate: Id) -> Id {
        let (difference, sum) = (self.sub(b, a), self.add(b, a));
        let constant = [difference, sum].into_iter().find(|&rest| self.value(rest).is_some());
        match (constant, place) {
            (Some(constant), 0) => {
                let square = self.mul(b, b);
                let scaled = self.mul(rate, constant);
                self.div(scaled, square)
            }
            (Some(_), _) => self.constant(0.0),
            (None, 0) => self.div(rate, b),
            (None, _) => {
                // What the rate has in common with the divisor goes before the quotient comes in, which stays whole.
                let relative = self.div(rate, b);
                let (_, unscaled) = self.split_scale(relative);
                let slope = match self.node(unscaled) {
                    Node::Binary(Binary::Div, _, below) if below == b => {
                        let scaled = self.mul(rate, id);
                        self.div(scaled, b)
                    }
                    _ => self.mul(relative, id),
                };
                self.neg(slope)
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
            Unary::Sign | Unary::Round => self.constant(0.0),
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
                // 1 - tanh^2 without what cancels: (1 + tanh) (1 - tanh), each twice a sigmoid.
                let twice = self.add(a, a);
                let minus = self.neg(twice);
                let [above, below] = [twice, minus].map(|a| self.unary(Unary::Sigmoid, a));
                let product = self.mul(above, below);
                let four = self.constant(4.0);
                let slope = self.mul(four, product);
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

/// `path` with one more choice, or none if it has made the opposite one.
fn narrowed(path: &Path, condition: Id, taken: bool) -> Option<Path> {
    match path.iter().find(|(c, _)| *c == condition) {
        Some(&(_, chosen)) => (chosen == taken).then(|| path.clone()),
        None => Some(path.iter().copied().chain([(condition, taken)]).collect()),
    }
}

impl Node {
    /// Whether its value or its slope is infinite or undefined for some finite operands of ordinary size.
    fn is_singular(self) -> bool {
        use Unary::{Exp, Expm1, Log, Log1p, Sqrt, Tan};
        match self {
            Node::Unary(op, _) => matches!(op, Sqrt | Exp | Expm1 | Log | Log1p | Tan),
            Node::Binary(op, ..) => matches!(op, Binary::Div | Binary::Pow),
            Node::Const(_) | Node::Input(_) | Node::Row(_) | Node::Select(..) | Node::Mean(..) => false,
        }
    }
}
