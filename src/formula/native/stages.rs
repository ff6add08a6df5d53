//! Long code cut into stages, each of which goes through all vectors before the next one begins.
//!
//! A processor looks some two hundred operations ahead for those whose operands are there. Where that many last for two
//! vectors, and a vector's way through them takes long, most of the time goes by in waiting. With half of the code in a
//! stage, twice as many vectors are on their way at once, and each has half as far to go. What a stage hands to a later
//! one goes through memory, so the cuts are made where little is handed on.

use std::collections::{BTreeMap, HashMap};

use super::code::{Code, Op, Two, Value};
use super::order::{heights, starts};

/// Operations that are not worth a cut.
const FEW: usize = 40;
/// Operations for each cycle of a vector's way that are enough to keep a processor busy.
const WIDE: usize = 3;

/// Code as the stages see it.
struct Flow<'a> {
    code: &'a Code,
    /// Values that are computed in one stage, in their order. What takes no longer than being handed on is computed by
    /// every stage that reads it.
    placed: Vec<Value>,
    is_placed: Vec<bool>,
    /// The placed values that each value comes of, by no others, and those that come of it.
    inputs: Vec<Vec<Value>>,
    readers: Vec<Vec<Value>>,
    /// The registers of the tape that it comes of likewise.
    registers: Vec<Vec<u32>>,
    /// When each value can begin, and how long it takes from then to the last value that comes of it.
    starts: Vec<u32>,
    heights: Vec<u32>,
    /// How long a vector's way takes, in cycles.
    length: u32,
}

impl<'a> Flow<'a> {
    fn new(code: &'a Code) -> Self {
        let count = code.ops.len();
        let is_read: Vec<bool> = code.uses().iter().map(|uses| !uses.is_empty()).collect();
        let is_placed: Vec<bool> = (0..count)
            .map(|k| is_read[k] && !code.ops[k].is_in_memory() && !is_light(code, code.ops[k]))
            .collect();
        let placed: Vec<Value> = (0..count as Value).filter(|&value| is_placed[value as usize]).collect();
        let mut inputs: Vec<Vec<Value>> = Vec::with_capacity(count);
        let mut registers: Vec<Vec<u32>> = Vec::with_capacity(count);
        let mut readers = vec![Vec::new(); count];
        for (value, op) in code.ops.iter().enumerate() {
            let (mut of, mut from) = (Vec::new(), Vec::new());
            if let Op::Register(register) = op {
                from.push(*register);
            }
            for operand in op.operands() {
                if is_placed[operand as usize] {
                    of.push(operand);
                } else {
                    of.extend(&inputs[operand as usize]);
                    from.extend(&registers[operand as usize]);
                }
            }
            of.sort_unstable();
            of.dedup();
            if is_placed[value] {
                of.iter().for_each(|&input| readers[input as usize].push(value as Value));
            }
            inputs.push(of);
            registers.push(from);
        }
        let (starts, heights) = (starts(code), heights(code));
        let length = placed.iter().map(|&value| starts[value as usize] + heights[value as usize]).max();
        let length = length.unwrap_or(0);
        Self { code, placed, is_placed, inputs, readers, registers, starts, heights, length }
    }

    /// How many stages there are to be, none of which is to take a vector longer than `most` cycles.
    fn count(&self, most: u32) -> usize {
        let operations = self.placed.len();
        if operations < FEW || operations > WIDE * self.length as usize {
            return 1;
        }
        self.length.div_ceil(most) as usize
    }

    /// The stage of every value.
    fn stages(&self, count: usize) -> Vec<usize> {
        let mut stages = vec![count - 1; self.code.ops.len()];
        for cut in (1..count).rev() {
            let among: Vec<bool> = stages.iter().map(|&stage| stage == cut).collect();
            let (middle, slack) = (self.length * cut as u32 / count as u32, self.length / count as u32 / 4);
            let cuts =
                (middle - slack..=middle + slack).map(|time| (time.abs_diff(middle), self.cut(time, &among)));
            let least = cuts.min_by_key(|(far, before)| (self.handed(before), *far));
            let (_, before) = least.expect("there is one in the middle");
            self.placed
                .iter()
                .filter(|&&value| before[value as usize])
                .for_each(|&value| stages[value as usize] = cut - 1);
        }
        stages
    }

    /// Which of the values `among` all come before a cut at this time: those that can begin by then, but for those that
    /// can wait and would otherwise be handed on.
    fn cut(&self, time: u32, among: &[bool]) -> Vec<bool> {
        let is_early = |value: usize| self.is_placed[value] && among[value] && self.starts[value] < time;
        let mut before: Vec<bool> = (0..among.len()).map(is_early).collect();
        for &value in self.placed.iter().rev() {
            let latest = self.length - self.heights[value as usize];
            let is_read_before =
                || self.readers[value as usize].iter().any(|&reader| before[reader as usize]);
            if !before[value as usize] || latest < time || is_read_before() {
                continue;
            }
            let more = self.inputs[value as usize]
                .iter()
                .filter(|&&input| before[input as usize] && !self.is_handed(input, &before));
            if more.count() <= 1 {
                before[value as usize] = false;
            }
        }
        before
    }

    fn is_handed(&self, value: Value, before: &[bool]) -> bool {
        before[value as usize] && self.readers[value as usize].iter().any(|&reader| !before[reader as usize])
    }

    fn handed(&self, before: &[bool]) -> usize {
        self.placed.iter().filter(|&&value| self.is_handed(value, before)).count()
    }

    /// The stage in which each of the code's stores is made: when the value is there, and no later stage reads what the
    /// register has held.
    fn stores(&self, stages: &[usize], last: usize) -> Vec<usize> {
        let made = |value: Value| if self.is_placed[value as usize] { stages[value as usize] } else { last };
        let mut read: HashMap<u32, usize> = HashMap::new();
        let stored =
            self.code.stores.iter().map(|store| store.1).filter(|&value| !self.is_placed[value as usize]);
        for value in self.placed.iter().copied().chain(stored) {
            for &register in &self.registers[value as usize] {
                let latest = read.entry(register).or_insert(0);
                *latest = made(value).max(*latest);
            }
        }
        let stage =
            |&(register, value): &(u32, Value)| made(value).max(read.get(&register).copied().unwrap_or(0));
        self.code.stores.iter().map(stage).collect()
    }
}

/// Whether an operation takes no longer than to read what another stage has computed: truths and single bits.
fn is_light(code: &Code, op: Op) -> bool {
    let is_constant = |value: Value| matches!(code.ops[value as usize], Op::Constant(_));
    match op {
        Op::Two(Two::And | Two::Or | Two::Xor, a, b) => is_constant(a) || is_constant(b),
        op => op.is_truth(),
    }
}

/// The stages of code, each of which takes a vector about `most` cycles or less, and how many registers they hand values
/// on in, from `first` on.
pub fn staged(code: Code, most: u32, first: u32) -> (Vec<Code>, u32) {
    let flow = Flow::new(&code);
    let count = flow.count(most);
    if count == 1 {
        return (vec![code], 0);
    }
    let stages = flow.stages(count);
    let stored = flow.stores(&stages, count - 1);
    // The registers of what is handed on, and of them those that no stage up to the present one needs.
    let mut handed: BTreeMap<Value, u32> = BTreeMap::new();
    let (mut free, mut registers) = (Vec::new(), 0);
    let mut codes = Vec::with_capacity(count);
    // The last one asks first.
    for stage in (0..count).rev() {
        let own = code.stores.iter().zip(&stored).filter(|&(_, &at)| at == stage).map(|(store, _)| *store);
        let hands = handed.iter().filter(|&(&value, _)| stages[value as usize] == stage);
        let hands: Vec<(u32, Value)> = hands.map(|(&value, &register)| (register, value)).collect();
        let stores: Vec<(u32, Value)> = own.chain(hands.iter().copied()).collect();
        let is_given = |value: usize| flow.is_placed[value] && stages[value] < stage;
        let mut is_read = vec![false; code.ops.len()];
        stores.iter().for_each(|&(_, value)| is_read[value as usize] = true);
        for value in (0..code.ops.len()).rev() {
            if is_read[value] && is_given(value) {
                handed.entry(value as Value).or_insert_with(|| {
                    free.pop().unwrap_or_else(|| {
                        registers += 1;
                        first + registers - 1
                    })
                });
            } else if is_read[value] {
                code.ops[value].operands().for_each(|operand| is_read[operand as usize] = true);
            }
        }
        let op = |value: Value| match handed.get(&value) {
            Some(&register) if is_given(value as usize) => Op::Register(register),
            _ => code.ops[value as usize],
        };
        codes.push(code.part(stores.into_iter(), |value| is_read[value as usize].then(|| op(value))));
        free.extend(hands.iter().map(|&(register, _)| register));
    }
    codes.reverse();
    (codes, registers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::native::code::Predicate;

    const REGISTERS: u32 = 4;
    const FIRST: u32 = 100;

    /// What code does to registers, truths being 1 and 0.
    fn run(code: &Code, registers: &mut BTreeMap<u32, f64>) {
        let mut values: Vec<f64> = Vec::new();
        for op in &code.ops {
            let of = |value: Value| values[value as usize];
            values.push(match *op {
                Op::Register(register) => registers[&register],
                Op::Constant(bits) => f64::from_bits(bits),
                Op::Two(Two::Add, a, b) => of(a) + of(b),
                Op::Two(Two::Mul, a, b) => of(a) * of(b),
                Op::Two(Two::And, a, b) => f64::from_bits(of(a).to_bits() & of(b).to_bits()),
                Op::Compare(Predicate::Lt, a, b) => f64::from(of(a) < of(b)),
                Op::Choose(truth, a, b) => of(if of(truth) == 1.0 { a } else { b }),
                op => unreachable!("{op:?} is not in these tests"),
            });
        }
        registers.extend(code.stores.iter().map(|&(register, value)| (register, values[value as usize])));
    }

    /// Long code: every operation reads one of the last few values.
    fn long(next: &mut impl FnMut(u32) -> u32) -> Code {
        let mut ops: Vec<Op> = (0..REGISTERS).map(Op::Register).collect();
        ops.extend([0.75, -0.5].map(|x: f64| Op::Constant(x.to_bits())));
        let sizes = ops.len() as Value;
        ops.push(Op::Constant(!(1 << 63)));
        for _ in 0..150 {
            let is_number = |&value: &Value| value != sizes && !ops[value as usize].is_truth();
            let numbers: Vec<Value> = (0..ops.len() as Value).filter(is_number).collect();
            let truths: Vec<Value> =
                (0..ops.len() as Value).filter(|&v| ops[v as usize].is_truth()).collect();
            let late = numbers[numbers.len() - 1 - next(2) as usize];
            let any = numbers[next(numbers.len() as u32) as usize];
            ops.push(match next(8) {
                0 => Op::Compare(Predicate::Lt, late, any),
                1 if !truths.is_empty() => Op::Choose(truths[next(truths.len() as u32) as usize], late, any),
                2 => Op::Two(Two::And, late, sizes),
                3 | 4 => Op::Two(Two::Mul, late, any),
                _ => Op::Two(Two::Add, late, any),
            });
        }
        let numbers = (0..ops.len() as Value).filter(|&v| v != sizes && !ops[v as usize].is_truth());
        let numbers: Vec<Value> = numbers.collect();
        let mut stores: Vec<(u32, Value)> =
            (0..REGISTERS).map(|register| (register, numbers[next(numbers.len() as u32) as usize])).collect();
        stores.push((REGISTERS, numbers[numbers.len() - 1]));
        Code { ops, stores }
    }

    #[test]
    fn stages_do_what_the_whole_does() {
        let mut state = 1_u64;
        let mut next = |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % u64::from(below)) as u32
        };
        for _ in 0..500 {
            let code = long(&mut next);
            let (codes, handed) = staged(code.clone(), 45, FIRST);
            assert!(codes.len() > 1, "150 operations one after the other in one stage");
            let mut whole: BTreeMap<u32, f64> =
                (0..=REGISTERS).map(|register| (register, 0.3 + f64::from(register))).collect();
            let mut parts = whole.clone();
            run(&code, &mut whole);
            codes.iter().for_each(|code| run(code, &mut parts));
            let bits = |registers: &BTreeMap<u32, f64>| {
                (0..=REGISTERS).map(|register| registers[&register].to_bits()).collect::<Vec<u64>>()
            };
            assert_eq!(bits(&parts), bits(&whole), "{code:?}");
            assert!(
                parts
                    .keys()
                    .all(|&register| register <= REGISTERS || (FIRST..FIRST + handed).contains(&register))
            );
        }
    }

    /// A chain of so many products.
    fn chain(count: u32) -> Code {
        let products = (0..count).map(|value| Op::Two(Two::Mul, value, value));
        Code { ops: std::iter::once(Op::Register(0)).chain(products).collect(), stores: vec![(0, count)] }
    }

    #[test]
    fn what_takes_a_vector_long_is_cut() {
        // 48 products of 4 cycles; one is handed on at a time, in two registers by turns.
        let (codes, handed) = staged(chain(48), 48, FIRST);
        assert_eq!((codes.len(), handed), (4, 2));
        let products = |code: &Code| code.ops.iter().filter(|op| !op.is_in_memory()).count();
        assert!(codes.iter().all(|code| (9..=15).contains(&products(code))), "{codes:?}");
        assert_eq!(staged(chain(48), 200, FIRST).0.len(), 1);
        assert_eq!(staged(chain(FEW as u32 - 1), 48, FIRST).0.len(), 1);
    }

    #[test]
    fn what_keeps_a_processor_busy_is_not() {
        let chains = 16;
        let mut ops = vec![Op::Register(0)];
        for k in 0..chains * 48 {
            ops.push(Op::Two(Two::Add, 0, if k < chains { 0 } else { ops.len() as Value - chains }));
        }
        let last = ops.len() as Value - 1;
        let stores = (0..chains).map(|k| (k, last - k)).collect();
        assert_eq!(staged(Code { ops, stores }, 48, FIRST).0.len(), 1);
    }
}
