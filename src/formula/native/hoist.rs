//! What is the same in every lane is computed once for all vectors of a step.
//!
//! A learning rate that changes with time is a formula in the number of the step and in constants alone.

use super::code::{Code, Op, Value};

/// Code whose stores are the numbers that are the same in every lane, and the rest, which reads them. They are counted
/// from `first` on, and number `n` is in register `registers + n`.
pub fn hoisted(code: &Code, registers: u32, first: u32) -> (Code, Code) {
    let mut is_uniform: Vec<bool> = Vec::with_capacity(code.ops.len());
    for op in &code.ops {
        is_uniform.push(match op {
            Op::Constant(_) | Op::Number(_) => true,
            Op::Register(_) | Op::Row | Op::Column(_) => false,
            op => op.operands().all(|operand| is_uniform[operand as usize]),
        });
    }
    // A truth has no place in memory; each vector that asks for it finds it out.
    let is_number = |value: Value| {
        let op = code.ops[value as usize];
        is_uniform[value as usize] && !op.is_in_memory() && !op.is_truth()
    };
    let mut stays: Vec<bool> = is_uniform.iter().map(|uniform| !uniform).collect();
    let mut numbers: Vec<Value> = code.stores.iter().map(|store| store.1).collect();
    numbers.iter().for_each(|&value| stays[value as usize] |= !is_number(value));
    for value in (0..code.ops.len()).rev() {
        if stays[value] {
            for operand in code.ops[value].operands() {
                stays[operand as usize] |= !is_number(operand);
                numbers.push(operand);
            }
        }
    }
    numbers.retain(|&value| is_number(value));
    numbers.sort_unstable();
    numbers.dedup();

    let number = |value: Value| Some(Op::Number(first + numbers.binary_search(&value).ok()? as u32));
    let kept = |is_kept: &[bool], value: Value| is_kept[value as usize].then(|| code.ops[value as usize]);
    let stored = (registers + first..).zip(numbers.iter().copied());
    let before = code.part(stored, |value| kept(&is_uniform, value));
    let rest = code.part(code.stores.iter().copied(), |value| number(value).or(kept(&stays, value)));
    (before, rest)
}
