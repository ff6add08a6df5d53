//! Constructors of graph nodes, which simplify as they build.
//!
//! A rule may define a formula on isolated points where it was not (`x / x` is 1) or change its value
//! there (`sign(x)^2` is 1, which is what makes f1''(0) = 1), never elsewhere: so `sqrt(x)^2` stays.
//! Constants are gathered only if their product is a number of ordinary size. The order of evaluation
//! that the formula was written in is kept unless something cancels. Cancelling matters for more than speed: left as it is,
//! f1's gradient `log1p(a) + (1 + a)/(1 + a) - 1` has a floor of about 1e-7 on a GPU whose
//! division is not exact, and nothing converges below it.

mod products;
mod sums;

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};

/// How many levels below a sum or a product are looked at for something to cancel: enough for what
/// differentiation leaves behind, and a bound on recursion for a sum of thousands of terms.
const DEPTH: usize = 8;

impl Graph {
    /// `op(a)`
    pub fn unary(&mut self, op: Unary, a: Id) -> Id {
        if let Some(value) = self.value(a) {
            let folded = op.eval(value);
            if folded.is_finite() {
                return self.constant(folded);
            }
        }
        match (op, self.node(a)) {
            (Unary::Neg, Node::Unary(Unary::Neg, inner)) => inner,
            (Unary::Neg, Node::Binary(Binary::Sub, l, r)) => self.binary(Binary::Sub, r, l),
            (Unary::Abs, Node::Unary(Unary::Neg, inner)) => self.unary(Unary::Abs, inner),
            (Unary::Abs, Node::Unary(inner, _)) if inner.is_never_negative() => a,
            (Unary::Sign, Node::Unary(Unary::Norm | Unary::Exp | Unary::Sigmoid, _)) => self.constant(1.0),
            (Unary::Sign, Node::Unary(Unary::Neg, inner)) => {
                let sign = self.unary(Unary::Sign, inner);
                self.unary(Unary::Neg, sign)
            }
            // The stable form of what is usually meant.
            (Unary::Log, Node::Binary(Binary::Add, l, r)) if self.value(l) == Some(1.0) => {
                self.unary(Unary::Log1p, r)
            }
            (Unary::Log, Node::Binary(Binary::Add, l, r)) if self.value(r) == Some(1.0) => {
                self.unary(Unary::Log1p, l)
            }
            _ => self.intern(Node::Unary(op, a)),
        }
    }

    /// `op(a, b)`
    pub fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.value(a), self.value(b)) {
            let folded = op.eval(x, y);
            if folded.is_finite() {
                return self.constant(folded);
            }
        }
        match op {
            Binary::Add => self.sum(a, 1.0, b),
            Binary::Sub => self.sum(a, -1.0, b),
            Binary::Mul => self.product(a, 1, b),
            Binary::Div => self.product(a, -1, b),
            Binary::Pow => self.power(a, b),
            Binary::Lt | Binary::Ne if a == b => self.constant(0.0),
            Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne => self.intern(Node::Binary(op, a, b)),
        }
    }

    /// `if(condition, a, b)`
    pub fn select(&mut self, condition: Id, a: Id, b: Id) -> Id {
        match self.value(condition) {
            Some(0.0) => b,
            Some(_) => a,
            None if a == b => a,
            None => self.intern(Node::Select(condition, a, b)),
        }
    }

    /// The mean of `a` over the first `count` rows of the data; factors that all rows share come before it.
    pub fn mean(&mut self, a: Id, count: Id) -> Id {
        if !self.varies_by_row(a) {
            return a;
        }
        match self.node(a) {
            Node::Unary(Unary::Neg, a) => {
                let mean = self.mean(a, count);
                self.neg(mean)
            }
            Node::Binary(Binary::Mul, factor, a) if !self.varies_by_row(factor) => {
                let mean = self.mean(a, count);
                self.mul(factor, mean)
            }
            Node::Binary(op @ (Binary::Mul | Binary::Div), a, factor) if !self.varies_by_row(factor) => {
                let mean = self.mean(a, count);
                self.binary(op, mean, factor)
            }
            _ => self.intern(Node::Mean(a, count)),
        }
    }

    /// `-a`
    pub fn neg(&mut self, a: Id) -> Id {
        self.unary(Unary::Neg, a)
    }

    /// `a + b`
    pub fn add(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Add, a, b)
    }

    /// `a - b`
    pub fn sub(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Sub, a, b)
    }

    /// `a * b`
    pub fn mul(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Mul, a, b)
    }

    /// `a / b`
    pub fn div(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Div, a, b)
    }

    /// `norm(parts...)`, see [`NORM_FLOOR`](super::NORM_FLOOR).
    pub fn norm(&mut self, parts: &[Id]) -> Id {
        let mut sum = self.constant(0.0);
        for &part in parts {
            let square = self.mul(part, part);
            sum = self.add(sum, square);
        }
        self.unary(Unary::Norm, sum)
    }

    fn power(&mut self, a: Id, b: Id) -> Id {
        const LARGEST: f64 = 64.0;
        match self.value(b) {
            Some(0.5) => self.unary(Unary::Sqrt, a),
            Some(-0.5) => {
                let (one, root) = (self.constant(1.0), self.unary(Unary::Sqrt, a));
                self.div(one, root)
            }
            Some(n) if n.fract() == 0.0 && n.abs() <= LARGEST => {
                let product = self.integer_power(a, n.abs() as u32);
                if n >= 0.0 {
                    return product;
                }
                let one = self.constant(1.0);
                self.div(one, product)
            }
            _ => self.intern(Node::Binary(Binary::Pow, a, b)),
        }
    }

    /// `a^n` by repeated squaring.
    fn integer_power(&mut self, a: Id, n: u32) -> Id {
        match n {
            0 => self.constant(1.0),
            1 => a,
            _ => {
                let half = self.integer_power(a, n / 2);
                let square = self.mul(half, half);
                if n.is_multiple_of(2) { square } else { self.mul(square, a) }
            }
        }
    }
}
