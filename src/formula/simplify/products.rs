//! Products and quotients.

use super::DEPTH;
use crate::formula::graph::{Graph, Id, Node};
use crate::formula::operation::{Binary, Unary};

impl Graph {
    /// `a * b^direction`, with constants and signs taken to the front and common factors cancelled.
    pub(super) fn product(&mut self, a: Id, direction: i32, b: Id) -> Id {
        let (mut scale, left) = self.split_scale(a);
        let (other, right) = self.split_scale(b);
        let by_zero = direction < 0 && other == 0.0;
        if !by_zero && (scale == 0.0 || other == 0.0) {
            return self.constant(0.0);
        }
        // Dividing by a constant becomes a multiplication: one more rounding, a tenth of the time.
        scale *= other.powi(direction);
        if !scale.is_normal() {
            return self.uncombined(a, direction, b);
        }
        let product = self.unscaled_product(left, direction, right);
        self.scaled(scale, product)
    }

    /// `id` as a constant times a node without one in front. A quotient of a constant stays whole, as what it may be
    /// elsewhere too.
    pub(in crate::formula) fn split_scale(&mut self, id: Id) -> (f64, Id) {
        let one = self.constant(1.0);
        match self.node(id) {
            Node::Const(bits) => (f64::from_bits(bits), one),
            Node::Unary(Unary::Neg, a) => {
                let (scale, rest) = self.split_scale(a);
                (-scale, rest)
            }
            Node::Binary(Binary::Mul, a, b) => match (self.value(a), self.value(b)) {
                (Some(scale), _) => (scale, b),
                (_, Some(scale)) => (scale, a),
                _ => (1.0, id),
            },
            _ => (1.0, id),
        }
    }

    /// `id` times a constant, which is joined with the one in front of it.
    pub(in crate::formula) fn scaled(&mut self, scale: f64, id: Id) -> Id {
        let (own, rest) = self.split_scale(id);
        let (total, rest) = if (scale * own).is_normal() { (scale * own, rest) } else { (scale, id) };
        if self.value(rest) == Some(1.0) {
            return self.constant(total);
        }
        let size = self.constant(total.abs());
        let quotient = match self.node(rest) {
            Node::Binary(Binary::Div, above, below) => {
                self.value(above).map(|above| (total.abs() * above, below))
            }
            _ => None,
        };
        let sized = match quotient {
            _ if total.abs() == 1.0 => rest,
            Some((above, below)) if above.is_normal() => {
                let above = self.constant(above);
                self.intern(Node::Binary(Binary::Div, above, below))
            }
            _ => self.intern(Node::Binary(Binary::Mul, size, rest)),
        };
        if total < 0.0 { self.intern_neg(sized) } else { sized }
    }

    fn intern_neg(&mut self, a: Id) -> Id {
        match self.node(a) {
            Node::Binary(Binary::Sub, l, r) => self.binary(Binary::Sub, r, l),
            _ => self.intern(Node::Unary(Unary::Neg, a)),
        }
    }

    fn unscaled_product(&mut self, a: Id, direction: i32, b: Id) -> Id {
        match (direction > 0, self.value(a), self.value(b)) {
            (true, Some(1.0), _) => return b,
            (_, _, Some(1.0)) => return a,
            _ => {}
        }
        let (mut factors, mut others) = (Factors::default(), Factors::default());
        self.collect_factors(a, 1, DEPTH, &mut factors);
        self.collect_factors(b, direction, DEPTH, &mut others);
        let cancels = others
            .parts
            .iter()
            .any(|&(o, p)| factors.parts.iter().any(|&(f, q)| self.cancels((f, q), (o, p))));
        let constant = factors.constant * others.constant;
        if cancels && constant.is_normal() {
            factors.constant = constant;
            for (id, power) in others.parts {
                factors.add(id, power);
            }
            return self.product_of(factors);
        }
        self.uncombined(a, direction, b)
    }

    fn uncombined(&mut self, a: Id, direction: i32, b: Id) -> Id {
        let op = if direction > 0 { Binary::Mul } else { Binary::Div };
        self.intern(Node::Binary(op, a, b))
    }

    /// Whether two factors of a product, each with its power, make something simpler together.
    fn cancels(&self, (f, q): (Id, i32), (o, p): (Id, i32)) -> bool {
        let inner = |id| match self.node(id) {
            Node::Unary(op @ (Unary::Sign | Unary::Abs), a) => Some((op, a)),
            _ => None,
        };
        if f == o {
            return q.signum() != p.signum() || inner(f).is_some();
        }
        // A sign, and what it is the sign of.
        let meets = |sign: Id, other: Id| match (inner(sign), inner(other)) {
            (Some((Unary::Sign, x)), Some((Unary::Abs, y))) => x == y,
            (Some((Unary::Sign, x)), _) => x == other,
            _ => false,
        };
        meets(f, o) || meets(o, f)
    }

    fn collect_factors(&self, id: Id, power: i32, depth: usize, factors: &mut Factors) {
        let below = depth.saturating_sub(1);
        match self.node(id) {
            _ if depth == 0 => factors.add(id, power),
            Node::Const(bits) => factors.constant *= f64::from_bits(bits).powi(power),
            Node::Unary(Unary::Neg, a) => {
                factors.constant = -factors.constant;
                self.collect_factors(a, power, below, factors);
            }
            Node::Binary(Binary::Mul, a, b) => {
                self.collect_factors(a, power, below, factors);
                self.collect_factors(b, power, below, factors);
            }
            Node::Binary(Binary::Div, a, b) => {
                self.collect_factors(a, power, below, factors);
                self.collect_factors(b, -power, below, factors);
            }
            _ => factors.add(id, power),
        }
    }

    fn product_of(&mut self, mut factors: Factors) -> Id {
        self.merge_signs(&mut factors);
        let (mut above, mut below): (Option<Id>, Option<Id>) = (None, None);
        for &(id, power) in &factors.parts {
            let side = if power > 0 { &mut above } else { &mut below };
            for _ in 0..power.abs() {
                *side = Some(match *side {
                    None => id,
                    Some(product) => self.intern(Node::Binary(Binary::Mul, product, id)),
                });
            }
        }
        let one = self.constant(1.0);
        let quotient = match (above, below) {
            (above, None) => above.unwrap_or(one),
            (above, Some(below)) => self.intern(Node::Binary(Binary::Div, above.unwrap_or(one), below)),
        };
        self.scaled(factors.constant, quotient)
    }

    /// sign^2 = 1, |a|^2 = a^2, sign(a) |a| = a, sign(a) a = |a|, and the same below the line.
    fn merge_signs(&mut self, factors: &mut Factors) {
        for (id, _) in factors.parts.clone() {
            match self.node(id) {
                Node::Unary(Unary::Sign, a) => {
                    // Not what it was at first: a sign may be that of another one.
                    let power = factors.power_of(id);
                    factors.add(id, power.rem_euclid(2) - power);
                    if power.rem_euclid(2) == 0 {
                        continue;
                    }
                    let abs = self.unary(Unary::Abs, a);
                    match (factors.power_of(abs), factors.power_of(a)) {
                        (0, 0) => continue,
                        (0, own) => {
                            factors.add(a, -own.signum());
                            factors.add(abs, own.signum());
                        }
                        (size, _) => {
                            factors.add(abs, -size.signum());
                            factors.add(a, size.signum());
                        }
                    }
                    factors.add(id, -1);
                }
                Node::Unary(Unary::Abs, a) => {
                    let left = factors.power_of(id);
                    factors.add(id, left % 2 - left);
                    factors.add(a, left - left % 2);
                }
                _ => {}
            }
        }
    }
}

/// `constant * product of id^power`, in order of first appearance.
struct Factors {
    constant: f64,
    parts: Vec<(Id, i32)>,
}

impl Default for Factors {
    fn default() -> Self {
        Self { constant: 1.0, parts: Vec::new() }
    }
}

impl Factors {
    fn add(&mut self, id: Id, power: i32) {
        match self.parts.iter_mut().find(|(i, _)| *i == id) {
            Some((_, p)) => *p += power,
            None => self.parts.push((id, power)),
        }
    }

    fn power_of(&self, id: Id) -> i32 {
        self.parts.iter().find(|(i, _)| *i == id).map_or(0, |(_, p)| *p)
    }
}
