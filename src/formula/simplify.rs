//! Constructors of graph nodes, which simplify as they build.
//!
//! A rule may define a formula on isolated points where it was not (`x / x` is 1) or change its value
//! there (`sign(x)^2` is 1, which is what makes f1''(0) = 1), never elsewhere: so `sqrt(x)^2` stays.
//! Constants are gathered only if their product is a number of ordinary size. The order of evaluation
//! that the formula was written in is kept unless something cancels. Cancelling matters for more than speed: left as it is,
//! f1's gradient `log1p(a) + (1 + a)/(1 + a) - 1` has a floor of about 1e-7 on a GPU whose
//! division is not exact, and nothing converges below it.

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

    /// `a + sign b`, cancelling terms that both have.
    fn sum(&mut self, a: Id, sign: f64, b: Id) -> Id {
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

    /// `a * b^direction`, with constants and signs taken to the front and common factors cancelled.
    fn product(&mut self, a: Id, direction: i32, b: Id) -> Id {
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
    pub(super) fn split_scale(&mut self, id: Id) -> (f64, Id) {
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
    pub(super) fn scaled(&mut self, scale: f64, id: Id) -> Id {
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
