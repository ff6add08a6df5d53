//! Which side of a kink a value is on: signs, and products with them.

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};

/// How many levels of a product are looked through for a factor.
pub(super) const DEPTH: usize = 8;

impl Graph {
    /// `roots`, with the sign of what depends on `variables` taken for 1 where that is 0.
    ///
    /// For derivatives of a gradient. The gradient of a smooth function that is written with `abs`, such
    /// as f1, has its sign as a factor, whose own derivative is left out; so at 0 its slope is that
    /// from one side, and not the product of 0 and the rest.
    pub fn one_sided(&mut self, roots: &[Id], variables: &[Id]) -> Vec<Id> {
        let Some(&last) = roots.iter().max() else { return Vec::new() };
        let active = self.depends_on(variables, last);
        let (zero, one) = (self.constant(0.0), self.constant(1.0));
        let minus_one = self.constant(-1.0);
        self.rewritten(roots, |graph, id, rebuilt| {
            if let Some((b, _, a)) = graph.flipped(id) {
                // 0 where the sign is, whatever it is taken for there.
                let sign = graph.unary(Unary::Sign, rebuilt[&a]);
                return Some(graph.mul(rebuilt[&b], sign));
            }
            let Node::Unary(Unary::Sign, a) = graph.node(id) else { return None };
            active[a.index()].then(|| {
                let negative = graph.binary(Binary::Lt, rebuilt[&a], zero);
                graph.select(negative, minus_one, one)
            })
        })
    }

    /// For `b * sign(a)` where `b` vanishes with `a`, so that the product is `b` or `-b`: `b`, the sign and `a`.
    pub(super) fn flipped(&self, id: Id) -> Option<(Id, Id, Id)> {
        let Node::Binary(Binary::Mul, l, r) = self.node(id) else { return None };
        [(l, r), (r, l)].into_iter().find_map(|(b, sign)| match self.node(sign) {
            Node::Unary(Unary::Sign, a) if self.vanishes_with(b, a, DEPTH) => Some((b, sign, a)),
            _ => None,
        })
    }

    /// Whether `b` is known to be 0 or NaN where `a` is 0, and NaN where `a` is NaN.
    fn vanishes_with(&self, b: Id, a: Id, depth: usize) -> bool {
        use Unary::{Atan, Expm1, Log1p, Neg, Sqrt, Tanh};
        match self.node(b) {
            _ if depth == 0 => false,
            _ if b == a => true,
            Node::Unary(Unary::Abs | Neg | Sqrt | Log1p | Expm1 | Tanh | Atan, inner) => {
                self.vanishes_with(inner, a, depth - 1)
            }
            Node::Binary(Binary::Mul, l, r) => {
                self.vanishes_with(l, a, depth - 1) || self.vanishes_with(r, a, depth - 1)
            }
            _ => false,
        }
    }
}
