//! Straight-line code over vectors of lanes: every value once.

/// A value's place in its [`Code`].
pub type Value = u32;

/// What computes a value: a vector of numbers or of their bits, or the truth in each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// What a register of the tape holds before the code has run.
    Register(u32),
    /// The bits of the same number in every lane.
    Constant(u64),
    /// A number that is the same in every lane: [`Op::STEP`], [`Op::COUNT`], or one that is computed before.
    Number(u32),
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
    /// The number of the step.
    pub const STEP: Self = Op::Number(0);
    /// Which step of the run it is.
    pub const COUNT: Self = Op::Number(1);
    /// The first [`Op::Number`] that is computed.
    pub const FIRST_COMPUTED: u32 = 2;

    /// The values it reads.
    pub fn operands(self) -> impl Iterator<Item = Value> {
        let all = match self {
            Op::Register(_) | Op::Constant(_) | Op::Number(_) | Op::Row | Op::Column(_) => [None; 3],
            Op::One(_, a) | Op::ShiftLeft(a, _) | Op::ShiftRight(a, _) | Op::Not(a) => [Some(a), None, None],
            Op::Two(_, a, b) | Op::Compare(_, a, b) | Op::Both(a, b) | Op::Either(a, b) => {
                [Some(a), Some(b), None]
            }
            Op::Fused(_, a, b, c) | Op::Choose(a, b, c) => [Some(a), Some(b), Some(c)],
        };
        all.into_iter().flatten()
    }

    /// The same of other values.
    pub fn renamed(self, name: impl Fn(Value) -> Value) -> Self {
        match self {
            Op::Register(_) | Op::Constant(_) | Op::Number(_) | Op::Row | Op::Column(_) => self,
            Op::One(one, a) => Op::One(one, name(a)),
            Op::ShiftLeft(a, places) => Op::ShiftLeft(name(a), places),
            Op::ShiftRight(a, places) => Op::ShiftRight(name(a), places),
            Op::Not(a) => Op::Not(name(a)),
            Op::Two(two, a, b) => Op::Two(two, name(a), name(b)),
            Op::Compare(predicate, a, b) => Op::Compare(predicate, name(a), name(b)),
            Op::Both(a, b) => Op::Both(name(a), name(b)),
            Op::Either(a, b) => Op::Either(name(a), name(b)),
            Op::Fused(fused, a, b, c) => Op::Fused(fused, name(a), name(b), name(c)),
            Op::Choose(truth, a, b) => Op::Choose(name(truth), name(a), name(b)),
        }
    }

    /// Whether the value is a truth.
    pub fn is_truth(self) -> bool {
        matches!(self, Op::Compare(..) | Op::Both(..) | Op::Either(..) | Op::Not(_))
    }

    /// Whether the value lies in memory before the code has run.
    pub fn is_in_memory(self) -> bool {
        matches!(self, Op::Register(_) | Op::Constant(_) | Op::Number(_))
    }
}

/// Values in an order in which they can be computed, and what is done with them.
#[derive(Clone, Debug)]
pub struct Code {
    pub ops: Vec<Op>,
    /// Registers of the tape that are written at the end, and with what.
    pub stores: Vec<(u32, Value)>,
}

impl Code {
    /// The operations that `op` gives for the values, and stores of these.
    pub fn part(&self, stores: impl Iterator<Item = (u32, Value)>, op: impl Fn(Value) -> Option<Op>) -> Self {
        let (mut ops, mut names) = (Vec::new(), vec![Value::MAX; self.ops.len()]);
        for value in 0..self.ops.len() as Value {
            if let Some(op) = op(value) {
                names[value as usize] = ops.len() as Value;
                ops.push(op.renamed(|operand| names[operand as usize]));
            }
        }
        let stores = stores.map(|(register, value)| (register, names[value as usize])).collect();
        Self { ops, stores }
    }

    /// The positions at which each value is read, the last first: stores follow the operations.
    pub fn uses(&self) -> Vec<Vec<u32>> {
        let count = self.ops.len();
        let mut uses = vec![Vec::new(); count];
        for (k, &(_, value)) in self.stores.iter().enumerate().rev() {
            uses[value as usize].push((count + k) as u32);
        }
        for at in (0..count).rev() {
            // What nothing reads is not computed.
            if !uses[at].is_empty() {
                self.ops[at].operands().for_each(|operand| uses[operand as usize].push(at as u32));
            }
        }
        uses
    }
}
