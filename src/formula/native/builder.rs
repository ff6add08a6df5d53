//! Values that are known already are not computed again, nor what need not be.

use std::collections::HashMap;

use super::code::{Fused, One, Op, Predicate, Two, Value};

/// What is known of a value that is no NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    Any,
    /// 0 or more.
    NotNegative,
    /// More than 0.
    Positive,
}

/// Operations, each once.
#[derive(Debug)]
pub struct Builder {
    pub ops: Vec<Op>,
    known: HashMap<Op, Value>,
    ranges: Vec<Range>,
    /// The bit of a number's sign.
    sign: u64,
}

impl Builder {
    /// No values yet; `sign` is the bit of a number's sign.
    pub fn new(sign: u64) -> Self {
        Self { ops: Vec::new(), known: HashMap::new(), ranges: Vec::new(), sign }
    }

    /// The value that `op` computes, new or not.
    pub fn push(&mut self, op: Op) -> Value {
        let op = match op {
            // Whether a number is 0 or less, which is known not to be.
            Op::Choose(truth, _, b) if self.is_never(truth) => return b,
            Op::Compare(Predicate::Ne, a, b) => match self.truth_of_number(a, b) {
                Some(truth) => return truth,
                None => op,
            },
            _ => self.simpler(op),
        };
        let next = self.ops.len() as Value;
        let value = *self.known.entry(op).or_insert(next);
        if value == next {
            self.ops.push(op);
            self.ranges.push(self.range(op));
        }
        value
    }

    /// Choices that are one instruction, and operands in one order.
    fn simpler(&self, op: Op) -> Op {
        match op {
            Op::Choose(truth, a, b) => match self.ops[truth as usize] {
                Op::Compare(Predicate::Lt, p, q) if (p, q) == (a, b) => Op::Two(Two::Min, a, b),
                Op::Compare(Predicate::Lt, p, q) if (p, q) == (b, a) => Op::Two(Two::Max, a, b),
                _ => op,
            },
            Op::Two(two, a, b) if two.commutes() && b < a => Op::Two(two, b, a),
            Op::Fused(fused, a, b, c) if b < a => Op::Fused(fused, b, a, c),
            _ => op,
        }
    }

    /// The truth that `a` is made of, if that is a constant that is not 0 where it holds and 0 where not, and `b` is 0.
    fn truth_of_number(&self, a: Value, b: Value) -> Option<Value> {
        let Op::Choose(truth, holds, not) = self.ops[a as usize] else { return None };
        let is_zero = |value: Value| self.ops[value as usize] == Op::Constant(0);
        let is_other = matches!(self.ops[holds as usize], Op::Constant(bits) if bits & !self.sign != 0);
        (is_other && is_zero(not) && is_zero(b)).then_some(truth)
    }

    fn is_never(&self, truth: Value) -> bool {
        match self.ops[truth as usize] {
            Op::Compare(Predicate::Le, a, b) => {
                self.ranges[a as usize] == Range::Positive && self.ops[b as usize] == Op::Constant(0)
            }
            _ => false,
        }
    }

    /// What is known of the value of `op`. Sums of numbers that are 0 or more do not round to less than either;
    /// products and quotients may round to 0.
    fn range(&self, op: Op) -> Range {
        let of = |value: Value| self.ranges[value as usize];
        let is_constant = |value: Value| matches!(self.ops[value as usize], Op::Constant(_));
        let at_most_zero = |range: Range| range.min(Range::NotNegative);
        match op {
            Op::Constant(0) => Range::NotNegative,
            Op::Constant(bits) if bits & self.sign == 0 => Range::Positive,
            Op::One(One::Sqrt, _) => Range::NotNegative,
            Op::Two(Two::And, a, b) => {
                let clears = |value: Value| match self.ops[value as usize] {
                    Op::Constant(bits) => bits & self.sign == 0,
                    _ => false,
                };
                if clears(a) || clears(b) { Range::NotNegative } else { Range::Any }
            }
            Op::Two(Two::Add, a, b) => sum(of(a), of(b)),
            Op::Two(Two::Mul, a, b) if a == b => Range::NotNegative,
            Op::Two(Two::Mul | Two::Div, a, b) => at_most_zero(of(a).min(of(b))),
            // The first operand counts only where it is the larger one; a constant is no NaN.
            Op::Two(Two::Max, a, b) if is_constant(a) => of(a).max(of(b)),
            Op::Two(Two::Max, _, b) => of(b),
            Op::Two(Two::Min, a, b) | Op::Choose(_, a, b) => of(a).min(of(b)),
            Op::Fused(Fused::MulAdd, a, b, c) => {
                let product = if a == b { Range::NotNegative } else { at_most_zero(of(a).min(of(b))) };
                sum(product, of(c))
            }
            _ => Range::Any,
        }
    }
}

fn sum(a: Range, b: Range) -> Range {
    if a.min(b) == Range::Any { Range::Any } else { a.max(b) }
}
