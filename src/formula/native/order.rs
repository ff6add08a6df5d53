//! The order of a piece's operations: what does not wait for one another is interleaved.
//!
//! A processor looks some tens of instructions ahead for one whose operands are there. Written out formula by
//! formula, two logarithms are further apart than that, and each is a chain in which every operation waits for the
//! last.

use super::code::{Code, One, Op, Two, Value};

/// How many operations are looked at for the next one: more would need more registers.
const AHEAD: usize = 32;

impl Op {
    /// About how many cycles its value takes.
    fn latency(self) -> u32 {
        match self {
            op if op.is_in_memory() => 0,
            Op::Two(Two::Div, ..) | Op::One(One::Sqrt, _) => 14,
            Op::One(..) | Op::Fused(..) | Op::Compare(..) => 4,
            Op::Two(Two::Add | Two::Sub | Two::Mul | Two::Min | Two::Max, ..) => 4,
            _ => 1,
        }
    }
}

/// How long it takes from each value's operands to the last value that comes of it and is read; 0 for what nothing reads.
pub fn heights(code: &Code) -> Vec<u32> {
    let mut heights = vec![0; code.ops.len()];
    let uses = code.uses();
    for (value, op) in code.ops.iter().enumerate().rev().filter(|&(value, _)| !uses[value].is_empty()) {
        heights[value] += op.latency();
        for operand in op.operands() {
            heights[operand as usize] = heights[value].max(heights[operand as usize]);
        }
    }
    heights
}

/// How long it takes at the least until each value's operands are there.
pub fn starts(code: &Code) -> Vec<u32> {
    let mut starts: Vec<u32> = Vec::with_capacity(code.ops.len());
    for op in &code.ops {
        let ends =
            op.operands().map(|operand| starts[operand as usize] + code.ops[operand as usize].latency());
        starts.push(ends.max().unwrap_or(0));
    }
    starts
}

/// The same code in the order in which a machine would begin its operations that begins one a cycle: of
/// those whose operands are there, or else are so next, the one with the longest way to the end; the first in the old
/// order of several. What nothing reads is left out.
pub fn interleaved(code: &Code) -> Code {
    let mut new = Code { ops: Vec::new(), stores: Vec::new() };
    let mut places: Vec<Option<Value>> = vec![None; code.ops.len()];
    let mut done = vec![0; code.ops.len()];
    let mut waiting = Vec::new();
    for (value, (op, uses)) in code.ops.iter().zip(code.uses()).enumerate() {
        if op.is_in_memory() {
            places[value] = Some(new.ops.len() as Value);
            new.ops.push(*op);
        } else if !uses.is_empty() {
            waiting.push(value);
        }
    }
    let heights = heights(code);
    let mut time = 0;
    while !waiting.is_empty() {
        let ready = |value: usize| {
            let mut operands = code.ops[value].operands().map(|operand| operand as usize);
            operands.try_fold(time, |ready: u32, operand| places[operand].map(|_| ready.max(done[operand])))
        };
        let ahead = waiting.iter().take(AHEAD).enumerate();
        let (at, begin) = ahead
            .filter_map(|(at, &value)| Some((at, ready(value)?)))
            .min_by_key(|&(at, begin)| (begin, std::cmp::Reverse(heights[waiting[at]])))
            .expect("the first one reads none that waits");
        let value = waiting.remove(at);
        places[value] = Some(new.ops.len() as Value);
        new.ops.push(code.ops[value].renamed(|operand| places[operand as usize].expect("it is ready")));
        done[value] = begin + code.ops[value].latency();
        time = begin + 1;
    }
    let place = |value: Value| places[value as usize].expect("all that is read is placed");
    new.stores = code.stores.iter().map(|&(register, value)| (register, place(value))).collect();
    new
}
