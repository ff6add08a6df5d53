//! What the two sides of a sum have in common is written once: derivatives repeat it in every term.
//!
//! This comes after all cancelling, which looks at terms one by one.

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};
use super::sides::DEPTH;

/// Constants in front of quotients that are put into the quotient: between this and its inverse.
const LARGEST: f64 = 1024.0;

impl Graph {
    /// `roots`, with common signs, divisors and powers of two taken out of sums: `s a + s b` is `s (a + b)`, and
    /// `a / c + b / c` is `(a + b) / c`.
    pub fn gathered(&mut self, roots: &[Id]) -> Vec<Id> {
        self.rewritten(roots, |graph, id, rebuilt| {
            let Node::Binary(op @ (Binary::Add | Binary::Sub), a, b) = graph.node(id) else { return None };
            let (a, b) = (rebuilt[&a], rebuilt[&b]);
            (graph.common_sign(op, a, b))
                .or_else(|| graph.common_divisor(op, a, b))
                .or_else(|| graph.common_scale(op, a, b))
        })
    }

    fn common_sign(&mut self, op: Binary, a: Id, b: Id) -> Option<Id> {
        let sign = self.sign_in(a, DEPTH)?;
        let (a, b) = (self.without(a, sign, DEPTH)?, self.without(b, sign, DEPTH)?);
        let sum = self.binary(op, a, b);
        Some(self.mul(sum, sign))
    }

    /// A factor that is the sign of something.
    fn sign_in(&self, id: Id, depth: usize) -> Option<Id> {
        match self.node(id) {
            _ if depth == 0 => None,
            Node::Unary(Unary::Sign, _) => Some(id),
            Node::Unary(Unary::Neg, a) | Node::Binary(Binary::Div, a, _) => self.sign_in(a, depth - 1),
            Node::Binary(Binary::Mul, a, b) => {
                self.sign_in(a, depth - 1).or_else(|| self.sign_in(b, depth - 1))
            }
            _ => None,
        }
    }

    /// `id` without one of its factors, and everything else in its place.
    fn without(&mut self, id: Id, factor: Id, depth: usize) -> Option<Id> {
        if id == factor {
            return Some(self.constant(1.0));
        }
        match self.node(id) {
            _ if depth == 0 => None,
            Node::Unary(Unary::Neg, a) => {
                let rest = self.without(a, factor, depth - 1)?;
                Some(self.neg(rest))
            }
            Node::Binary(op @ (Binary::Mul | Binary::Div), a, b) => {
                match self.without(a, factor, depth - 1) {
                    Some(rest) => Some(self.binary(op, rest, b)),
                    None if op == Binary::Mul => {
                        let rest = self.without(b, factor, depth - 1)?;
                        Some(self.mul(a, rest))
                    }
                    None => None,
                }
            }
            _ => None,
        }
    }

    fn common_divisor(&mut self, op: Binary, a: Id, b: Id) -> Option<Id> {
        let ((of_a, left), (of_b, right)) = (self.split_scale(a), self.split_scale(b));
        let is_ordinary = |scale: f64| (LARGEST.recip()..=LARGEST).contains(&scale.abs());
        match (self.node(left), self.node(right)) {
            (Node::Binary(Binary::Div, a, c), Node::Binary(Binary::Div, b, d))
                if c == d && is_ordinary(of_a) && is_ordinary(of_b) =>
            {
                let (a, b) = (self.scaled(of_a, a), self.scaled(of_b, b));
                let sum = self.binary(op, a, b);
                Some(self.div(sum, c))
            }
            _ => None,
        }
    }

    /// Powers of two, with which nothing is rounded otherwise.
    fn common_scale(&mut self, op: Binary, a: Id, b: Id) -> Option<Id> {
        let ((of_a, left), (of_b, right)) = (self.split_scale(a), self.split_scale(b));
        let is_power = of_a.to_bits() << 12 == 0 && of_a.abs() != 1.0;
        if !is_power || of_a != of_b || [left, right].iter().any(|&id| self.value(id).is_some()) {
            return None;
        }
        let sum = self.binary(op, left, right);
        Some(self.scaled(of_a, sum))
    }
}
