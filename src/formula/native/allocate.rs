//! Which values are in which machine registers, while a piece of code is written out in its order.

use super::code::{Code, Op, Value};

/// Where values are. A register that is needed is taken from the value whose next use is furthest.
#[derive(Debug)]
pub struct Allocation {
    /// See [`Code::uses`].
    uses: Vec<Vec<u32>>,
    register: Vec<Option<u8>>,
    /// Registers of the tape that hold what did not fit.
    spill: Vec<Option<u32>>,
    vectors: Vec<Option<Value>>,
    masks: Vec<Option<Value>>,
    pub spills: u32,
}

/// What has to be done before a register can be written.
pub struct Freed {
    pub register: u8,
    /// The value that was in it, and the tape register that it has to be saved to.
    pub save: Option<(Value, u32)>,
}

/// The constants that are read, and how often.
pub fn constants(code: &Code) -> impl Iterator<Item = (u64, usize)> {
    let uses = code.uses();
    code.ops.iter().zip(uses).filter_map(|(op, uses)| match op {
        Op::Constant(bits) if !uses.is_empty() => Some((*bits, uses.len())),
        _ => None,
    })
}

/// The most vectors that are in use at a time, if all constants are in memory.
pub fn pressure(code: &Code, has_masks: bool) -> usize {
    let mut change = vec![0; code.ops.len() + code.stores.len() + 2];
    for (at, (op, uses)) in code.ops.iter().zip(code.uses()).enumerate() {
        let (Some(&last), Some(&first)) = (uses.first(), uses.last()) else { continue };
        if matches!(op, Op::Constant(_)) || (has_masks && op.is_truth()) {
            continue;
        }
        let begin = if op.is_in_memory() { first as usize } else { at };
        change[begin] += 1;
        change[last as usize + 1] -= 1;
    }
    let in_use = change.into_iter().scan(0, |sum, change| {
        *sum += change;
        Some(*sum)
    });
    // And a constant or two on their way.
    in_use.max().unwrap_or(0) as usize + 2
}

impl Allocation {
    pub fn new(code: &Code, vectors: usize, masks: usize, spills: u32) -> Self {
        let count = code.ops.len();
        Self {
            uses: code.uses(),
            register: vec![None; count],
            spill: vec![None; count],
            vectors: vec![None; vectors],
            masks: vec![None; masks],
            spills,
        }
    }

    /// Whether anything reads the value at `at` or later.
    pub fn is_needed(&mut self, value: Value, at: usize) -> bool {
        self.next_use(value, at).is_some()
    }

    /// Whether anything reads the value after `at`.
    pub fn is_needed_after(&self, value: Value, at: usize) -> bool {
        self.uses[value as usize].first().is_some_and(|&last| last as usize > at)
    }

    fn next_use(&mut self, value: Value, at: usize) -> Option<u32> {
        let uses = &mut self.uses[value as usize];
        while uses.last().is_some_and(|&last| (last as usize) < at) {
            uses.pop();
        }
        uses.last().copied()
    }

    pub fn register(&self, value: Value) -> Option<u8> {
        self.register[value as usize]
    }

    pub fn spill(&self, value: Value) -> Option<u32> {
        self.spill[value as usize]
    }

    /// A new register of the tape for the value.
    pub fn spill_to_new(&mut self, value: Value) -> u32 {
        self.spills += 1;
        self.spill[value as usize] = Some(self.spills - 1);
        self.spills - 1
    }

    /// Gives the registers of `values` back if nothing reads them after `at`.
    pub fn release(&mut self, values: impl Iterator<Item = Value>, at: usize) {
        for value in values {
            if !self.is_needed_after(value, at)
                && let Some(register) = self.register[value as usize].take()
            {
                let held = |file: &mut Vec<Option<Value>>| {
                    if let Some(place) = file.get_mut(register as usize)
                        && *place == Some(value)
                    {
                        *place = None;
                    }
                };
                held(&mut self.vectors);
                held(&mut self.masks);
            }
        }
    }

    /// Gives the register of `from` to `to`.
    pub fn hand_over(&mut self, from: Value, to: Value) {
        let register = self.register[from as usize].take().expect("the operand is in a register");
        self.vectors[register as usize] = Some(to);
        self.register[to as usize] = Some(register);
    }

    /// A register for `value`, which none of `locked` is in.
    pub fn take(&mut self, code: &Code, value: Value, at: usize, locked: &[Value]) -> Freed {
        let is_mask = |value: Value, has_masks: bool| has_masks && code.ops[value as usize].is_truth();
        let has_masks = !self.masks.is_empty();
        let in_masks = is_mask(value, has_masks);
        let count = if in_masks { self.masks.len() } else { self.vectors.len() };
        let holder = |this: &Self, k: usize| if in_masks { this.masks[k] } else { this.vectors[k] };
        let free = (0..count).find(|&k| holder(self, k).is_none());
        let chosen = free.unwrap_or_else(|| {
            let candidates = (0..count).filter(|&k| holder(self, k).is_some_and(|v| !locked.contains(&v)));
            let candidates: Vec<(usize, Value)> =
                candidates.filter_map(|k| Some((k, holder(self, k)?))).collect();
            let furthest =
                candidates.into_iter().max_by_key(|&(_, v)| self.next_use(v, at).unwrap_or(u32::MAX));
            furthest.expect("an instruction reads fewer registers than there are").0
        });
        let mut save = None;
        if let Some(evicted) = holder(self, chosen) {
            self.register[evicted as usize] = None;
            let kept = code.ops[evicted as usize].is_in_memory() || self.spill(evicted).is_some();
            if !kept && self.is_needed(evicted, at) {
                save = Some((evicted, self.spill_to_new(evicted)));
            }
        }
        let file = if in_masks { &mut self.masks } else { &mut self.vectors };
        file[chosen] = Some(value);
        self.register[value as usize] = Some(chosen as u8);
        Freed { register: chosen as u8, save }
    }
}
