//! Straight-line code over vectors of lanes: every value once.

use std::collections::HashMap;

/// A value's place in its [`Code`].
pub type Value = u32;

/// What computes a value: a vector of numbers or of their bits, or the truth in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// What a register of the tape holds before the code has run.
    Register(u32),
    /// The bits of the same number in every lane.
    Constant(u64),
    /// The number of the step.
    Step,
    /// Which step of the run it is.
    Count,
    /// The number of the data's row.
    Row,
    /// What the row holds in the column of this number.
    Column(u32),
    One(One, Value),
    Two(Two, Value, Value),
    Fused(Fused, Value, Value, Value),
    ShiftLeft(Value, u32),
    ShiftRight(Value, u32),
    /// A truth.
    Compare(Predicate, Value, Value),
    Both(Value, Value),
    Either(Value, Value),
    Not(Value),
    /// The second where the first holds, and else the third.
    Choose(Value, Value, Value),
}

/// Operations on one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum One {
    Sqrt,
    /// To the nearest whole number, the even one of two.
    Round,
    /// Signed whole numbers to f32.
    FromSigned,
}

/// Operations on two vectors: of numbers, then of their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Two {
    Add,
    Sub,
    Mul,
    Div,
    /// `a < b ? a : b`
    Min,
    /// `a > b ? a : b`
    Max,
    And,
    Or,
    Xor,
    WrappingAdd,
    WrappingSub,
}

impl Two {
    pub fn commutes(self) -> bool {
        !matches!(self, Two::Sub | Two::Div | Two::Min | Two::Max | Two::WrappingSub)
    }
}

/// Operations that round once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fused {
    /// `a * b + c`
    MulAdd,
    /// `a * b - c`
    MulSub,
    /// `c - a * b`
    NegMulAdd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    Lt,
    Le,
    Eq,
    /// Also where one of the two is NaN.
    Ne,
}

impl Op {
    /// The values it reads.
    pub fn operands(self) -> impl Iterator<Item = Value> {
        let all = match self {
            Op::Register(_) | Op::Constant(_) | Op::Step | Op::Count | Op::Row | Op::Column(_) => [None; 3],
            Op::One(_, a) | Op::ShiftLeft(a, _) | Op::ShiftRight(a, _) | Op::Not(a) => [Some(a), None, None],
            Op::Two(_, a, b) | Op::Compare(_, a, b) | Op::Both(a, b) | Op::Either(a, b) => {
                [Some(a), Some(b), None]
            }
            Op::Fused(_, a, b, c) | Op::Choose(a, b, c) => [Some(a), Some(b), Some(c)],
        };
        all.into_iter().flatten()
    }

    /// Whether the value is a truth.
    pub fn is_truth(self) -> bool {
        matches!(self, Op::Compare(..) | Op::Both(..) | Op::Either(..) | Op::Not(_))
    }

    /// Whether the value lies in memory before the code has run.
    pub fn is_in_memory(self) -> bool {
        matches!(self, Op::Register(_) | Op::Constant(_) | Op::Step | Op::Count)
    }
}

/// Values in an order in which they can be computed, and what is done with them.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub ops: Vec<Op>,
    known: HashMap<Op, Value>,
    /// Registers of the tape that are written at the end, and with what.
    pub stores: Vec<(u32, Value)>,
}

impl Code {
    /// The value that `op` computes, new or not.
    pub fn push(&mut self, op: Op) -> Value {
        let op = self.simpler(op);
        let next = self.ops.len() as Value;
        let value = *self.known.entry(op).or_insert(next);
        if value == next {
            self.ops.push(op);
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
}
