//! Sums and differences.

use super::DEPTH;
use crate::formula::graph::{Graph, Id, Node};
use crate::formula::operation::{Binary, Unary};

impl Graph {
    /// `a + sign b`, cancelling terms that both have.
    pub(super) fn sum(&mut self, a: Id, sign: f64, b: Id) -> Id {
        let (mut terms, mut others) = (Terms::default(), Terms::default());
        self.collect_terms(a, 1.0, DEPTH, &mut terms);
        self.collect_terms(b, sign, DEPTH, &mut others);
        let shared = others.parts.iter().any(|(id, _)| terms.parts.iter().any(|(t, _)| t == id))
            || (terms.constant != 0.0 && others.constant != 0.0);
        if shared {
            terms.constant += others.constant;
            for (id, coefficient) in others.parts {
                terms.add(id, coefficient);
            }
            if terms.are_ordinary() {
                return self.sum_of(terms);
            }
        }
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) if sign > 0.0 => return b,
            (Some(0.0), _) => return self.neg(b),
            (_, Some(0.0)) => return a,
            _ => {}
        }
        let mut negated = |id| match self.node(id) {
            Node::Unary(Unary::Neg, inner) => Some(inner),
            Node::Const(bits) if f64::from_bits(bits) < 0.0 => Some(self.constant(-f64::from_bits(bits))),
            _ => None,
        };
        if let Some(inner) = negated(b) {
            return self.sum(a, -sign, inner);
        }
        if let Some(inner) = negated(a).filter(|_| sign > 0.0) {
            return self.sum(b, -1.0, inner);
        }
        match (sign > 0.0, self.node(a), self.node(b)) {
            (true, ..) => self.intern(Node::Binary(Binary::Add, a, b)),
            (false, Node::Unary(Unary::Exp, inner), _) if self.value(b) == Some(1.0) => {
                self.unary(Unary::Expm1, inner)
            }
            (false, _, Node::Unary(Unary::Exp, inner)) if self.value(a) == Some(1.0) => {
                let expm1 = self.unary(Unary::Expm1, inner);
                self.neg(expm1)
            }
            (false, ..) => self.intern(Node::Binary(Binary::Sub, a, b)),
        }
    }

    fn collect_terms(&self, id: Id, coefficient: f64, depth: usize, terms: &mut Terms) {
        let below = depth.saturating_sub(1);
        match self.node(id) {
            _ if depth == 0 => terms.add(id, coefficient),
            Node::Const(bits) => terms.constant += coefficient * f64::from_bits(bits),
            Node::Unary(Unary::Neg, a) => self.collect_terms(a, -coefficient, below, terms),
            Node::Binary(Binary::Add, a, b) => {
                self.collect_terms(a, coefficient, below, terms);
                self.collect_terms(b, coefficient, below, terms);
            }
            Node::Binary(Binary::Sub, a, b) => {
                self.collect_terms(a, coefficient, below, terms);
                self.collect_terms(b, -coefficient, below, terms);
            }
            Node::Binary(Binary::Mul, a, b) => match (self.value(a), self.value(b)) {
                (Some(c), _) => self.collect_terms(b, c * coefficient, below, terms),
                (_, Some(c)) => self.collect_terms(a, c * coefficient, below, terms),
                _ => terms.add(id, coefficient),
            },
            _ => terms.add(id, coefficient),
        }
    }

    fn sum_of(&mut self, terms: Terms) -> Id {
        let mut total: Option<Id> = None;
        for (id, coefficient) in terms.parts {
            if coefficient == 0.0 {
                continue;
            }
            let magnitude = self.constant(coefficient.abs());
            let part = self.mul(magnitude, id);
            total = Some(match (total, coefficient > 0.0) {
                (None, true) => part,
                (None, false) => self.neg(part),
                (Some(sum), true) => self.add(sum, part),
                (Some(sum), false) => self.sub(sum, part),
            });
        }
        let constant = self.constant(terms.constant.abs());
        match total {
            None => self.constant(terms.constant),
            Some(sum) if terms.constant < 0.0 => self.sub(sum, constant),
            Some(sum) => self.add(sum, constant),
        }
    }
}

/// `constant + sum of coefficient * id`, in order of first appearance.
#[derive(Default)]
struct Terms {
    constant: f64,
    parts: Vec<(Id, f64)>,
}

impl Terms {
    /// Whether no number in it has left the range of f64 on the way.
    fn are_ordinary(&self) -> bool {
        let ordinary = |value: f64| value == 0.0 || value.is_normal();
        ordinary(self.constant) && self.parts.iter().all(|&(_, coefficient)| ordinary(coefficient))
    }

    fn add(&mut self, id: Id, coefficient: f64) {
        match self.parts.iter_mut().find(|(i, _)| *i == id) {
            Some((_, c)) => *c += coefficient,
            None => self.parts.push((id, coefficient)),
        }
    }
}
