//! A piece of code to machine instructions, with its values in machine registers.

use iced_x86::{Code as X86, Instruction, MemoryOperand, Register};

use super::allocate::{Allocation, Freed};
use super::code::{Code, Fused, One, Op, Two, Value};
use super::emit::{CONSTANTS, Emitter, Operand, ROW};
use super::isa::Isa;

/// Masks k1 to k7; k0 means none.
const MASKS: usize = 7;
/// Holds a column's address.
const SCRATCH: Register = Register::RAX;

/// A piece of code that is being written.
pub struct PieceWriter<'a> {
    emitter: &'a mut Emitter,
    code: &'a Code,
    allocation: Allocation,
}

impl<'a> PieceWriter<'a> {
    pub fn new(emitter: &'a mut Emitter, code: &'a Code) -> Self {
        let masks = if emitter.form.isa == Isa::Avx512 { MASKS } else { 0 };
        let allocation = Allocation::new(code, emitter.free_vectors(), masks, emitter.spills);
        Self { emitter, code, allocation }
    }

    /// Writes its instructions: values in their order, then what is stored.
    pub fn write(mut self) {
        for at in 0..self.code.ops.len() {
            let op = self.code.ops[at];
            if !op.is_in_memory() {
                self.op(at, op);
            }
        }
        self.stores();
        self.emitter.spills = self.allocation.spills;
    }

    fn is_mask(&self, value: Value) -> bool {
        self.emitter.form.isa == Isa::Avx512 && self.code.ops[value as usize].is_truth()
    }

    fn name(&self, value: Value, register: u8) -> Register {
        if self.is_mask(value) { Register::K1 + u32::from(register) } else { self.emitter.vector(register) }
    }

    /// Takes a register for a value to be written to.
    fn take(&mut self, value: Value, at: usize, locked: &[Value]) -> Register {
        let Freed { register, save } = self.allocation.take(self.code, value, at, locked);
        let name = self.name(value, register);
        if let Some((evicted, slot)) = save {
            let evicted = self.name(evicted, register);
            self.save(evicted, slot);
        }
        name
    }

    fn save(&mut self, register: Register, slot: u32) {
        let to = self.emitter.tape(slot);
        let code = if register.is_k() { X86::VEX_Kmovw_m16_kr } else { self.emitter.form.store() };
        self.emitter.two_operands(code, to, register);
    }

    /// Where a value that is in no register lies.
    fn in_memory(&mut self, value: Value) -> Operand {
        if let Some(slot) = self.allocation.spill(value) {
            return self.emitter.tape(slot);
        }
        match self.code.ops[value as usize] {
            Op::Register(register) => self.emitter.tape(register),
            Op::Constant(bits) => self.emitter.constant(bits),
            Op::Number(number) => self.emitter.number(number),
            op => unreachable!("{op:?} is lost"),
        }
    }

    /// The register that the value stays in, if it is such a constant.
    fn pinned(&self, value: Value) -> Option<Register> {
        match self.code.ops[value as usize] {
            Op::Constant(bits) => self.emitter.pinned(bits),
            _ => None,
        }
    }

    /// Whether the value's register must not be overwritten at `at`.
    fn stays(&self, value: Value, at: usize) -> bool {
        self.pinned(value).is_some() || self.allocation.is_needed_after(value, at)
    }

    /// The value in a register, loaded if need be.
    fn register(&mut self, value: Value, at: usize, locked: &[Value]) -> Register {
        if let Some(register) = self.pinned(value) {
            return register;
        }
        if let Some(register) = self.allocation.register(value) {
            return self.name(value, register);
        }
        let from = self.in_memory(value);
        let to = self.take(value, at, locked);
        let code = if to.is_k() { X86::VEX_Kmovw_kr_km16 } else { self.emitter.form.load() };
        self.emitter.unary(code, to, from);
        to
    }

    /// The value as a last operand: in a register if it is there or needed again, else in memory.
    fn operand(&mut self, value: Value, at: usize, locked: &[Value]) -> Operand {
        let is_register = matches!(self.code.ops[value as usize], Op::Register(_));
        let is_read_again = is_register && self.allocation.is_needed_after(value, at);
        if self.is_in_register(value) || is_read_again {
            return Operand::Register(self.register(value, at, locked));
        }
        self.in_memory(value)
    }

    fn is_in_register(&self, value: Value) -> bool {
        self.pinned(value).is_some() || self.allocation.register(value).is_some()
    }

    fn op(&mut self, at: usize, op: Op) {
        let value = at as Value;
        let locked: Vec<Value> = op.operands().collect();
        let form = self.emitter.form;
        match op {
            Op::Register(_) | Op::Constant(_) | Op::Number(_) => unreachable!("lies in memory"),
            Op::Row => {
                let to = self.take(value, at, &[]);
                let number = (to as u32 - self.emitter.vector(0) as u32) as u8;
                self.emitter.integer_to(ROW, number);
            }
            Op::Column(column) => self.column(at, column),
            Op::One(one, a) => {
                let a = self.operand(a, at, &locked);
                let to = self.result(at, op, &locked);
                match one {
                    // To nearest, without a report that the number was not whole.
                    One::Round => self.emitter.unary_with(form.one(one), to, a, 8),
                    One::Sqrt | One::FromSigned => self.emitter.unary(form.one(one), to, a),
                }
            }
            Op::ShiftLeft(a, places) | Op::ShiftRight(a, places) => {
                let a = self.register(a, at, &locked);
                let to = self.result(at, op, &locked);
                let code =
                    if matches!(op, Op::ShiftLeft(..)) { form.shift_left() } else { form.shift_right() };
                self.emitter.unary_with(code, to, Operand::Register(a), places);
            }
            Op::Two(two, a, b) => {
                let exchange = two.commutes() && !self.is_in_register(a) && self.is_in_register(b);
                let (a, b) = if exchange { (b, a) } else { (a, b) };
                let a = self.register(a, at, &locked);
                let b = self.operand(b, at, &locked);
                let to = self.result(at, op, &locked);
                self.emitter.binary(form.two(two), to, a, b);
            }
            Op::Compare(predicate, a, b) => {
                let exchange = !self.is_in_register(a) && self.is_in_register(b);
                let number = if exchange { predicate.exchanged() } else { predicate.number() };
                let (a, b) = if exchange { (b, a) } else { (a, b) };
                let a = self.register(a, at, &locked);
                let b = self.operand(b, at, &locked);
                let to = self.result(at, op, &locked);
                let code = form.compare();
                self.emitter.push(
                    match b {
                        Operand::Register(b) => Instruction::with4(code, to, a, b, number),
                        Operand::Memory(base, at) => {
                            Instruction::with4(code, to, a, Emitter::memory(base, at), number)
                        }
                    }
                    .expect("a comparison"),
                );
            }
            Op::Both(..) | Op::Either(..) | Op::Not(_) => self.truth(at, op, &locked),
            Op::Choose(truth, a, b) => {
                let truth = self.register(truth, at, &locked);
                let b = self.register(b, at, &locked);
                let a = self.operand(a, at, &locked);
                let to = self.result(at, op, &locked);
                self.choose(to, truth, a, b);
            }
            Op::Fused(fused, a, b, c) => self.fused(at, fused, [a, b, c]),
        }
    }

    /// Gives the operands' registers back where they are done with, and takes one for the result.
    fn result(&mut self, at: usize, op: Op, locked: &[Value]) -> Register {
        self.allocation.release(op.operands(), at);
        self.take(at as Value, at, locked)
    }

    fn column(&mut self, at: usize, column: u32) {
        let to = self.take(at as Value, at, &[]);
        let bytes = if self.emitter.form.is_double { 8 } else { 4 };
        self.emitter.columns.push((self.emitter.instructions.len(), column));
        let address = MemoryOperand::with_base_displ_size(CONSTANTS, 0, 8);
        self.emitter.push(Instruction::with2(X86::Mov_r64_rm64, SCRATCH, address).expect("a load"));
        let element = MemoryOperand::with_base_index_scale(SCRATCH, ROW, bytes);
        let code = self.emitter.form.broadcast();
        self.emitter.push(Instruction::with2(code, to, element).expect("a broadcast"));
    }

    fn truth(&mut self, at: usize, op: Op, locked: &[Value]) {
        let operands: Vec<Register> =
            op.operands().map(|operand| self.register(operand, at, locked)).collect();
        let to = self.result(at, op, locked);
        let (a, b) = (operands[0], operands.get(1).copied());
        if to.is_k() {
            let instruction = match (op, b) {
                (Op::Both(..), Some(b)) => Instruction::with3(X86::VEX_Kandw_kr_kr_kr, to, a, b),
                (Op::Either(..), Some(b)) => Instruction::with3(X86::VEX_Korw_kr_kr_kr, to, a, b),
                _ => Instruction::with2(X86::VEX_Knotw_kr_kr, to, a),
            };
            return self.emitter.push(instruction.expect("a truth"));
        }
        let (two, b) = match (op, b) {
            (Op::Both(..), Some(b)) => (Two::And, Operand::Register(b)),
            (Op::Either(..), Some(b)) => (Two::Or, Operand::Register(b)),
            _ => (Two::Xor, self.emitter.constant(u64::MAX)),
        };
        self.emitter.binary(self.emitter.form.two(two), to, a, b);
    }

    fn choose(&mut self, to: Register, truth: Register, a: Operand, b: Register) {
        let code = self.emitter.form.blend();
        let a_memory = |base, at| Emitter::memory(base, at);
        let instruction = match (self.emitter.form.isa, a) {
            (Isa::Avx512, Operand::Register(a)) => Instruction::with3(code, to, b, a),
            (Isa::Avx512, Operand::Memory(base, at)) => Instruction::with3(code, to, b, a_memory(base, at)),
            (Isa::Avx2, Operand::Register(a)) => Instruction::with4(code, to, b, a, truth),
            (Isa::Avx2, Operand::Memory(base, at)) => {
                Instruction::with4(code, to, b, a_memory(base, at), truth)
            }
        };
        let mut instruction = instruction.expect("a choice");
        if truth.is_k() {
            instruction.set_op_mask(truth);
        }
        self.emitter.push(instruction);
    }

    /// One of the operands is overwritten: best one that is in a register and that nothing reads afterwards. Another
    /// one has to be in a register, and the last may be in memory.
    fn fused(&mut self, at: usize, fused: Fused, [a, b, c]: [Value; 3]) {
        let locked = [a, b, c];
        // `a = b * a + c`, `a = b * c + a`, `a = a * c + b`
        let [by_second, to_first, by_last] = self.emitter.form.fused(fused);
        let ways = [
            (c, a, b, to_first),
            (c, b, a, to_first),
            (a, b, c, by_second),
            (a, c, b, by_last),
            (b, a, c, by_second),
            (b, c, a, by_last),
        ];
        let moves = |&(first, second, ..): &(Value, Value, Value, X86)| {
            let is_free = self.is_in_register(first) && !self.stays(first, at);
            u32::from(!is_free) + u32::from(!self.is_in_register(second))
        };
        let (first, second, last, code) = ways.into_iter().min_by_key(moves).expect("there are six ways");
        let second = self.register(second, at, &locked);
        let (to, last) = if self.stays(first, at) {
            let last = self.operand(last, at, &locked);
            let from = match self.is_in_register(first) {
                true => Operand::Register(self.register(first, at, &locked)),
                false => self.in_memory(first),
            };
            // The other operands are still read when the copy has been made.
            let to = self.take(at as Value, at, &locked);
            self.emitter.unary(self.emitter.form.load(), to, from);
            (to, last)
        } else {
            let to = self.register(first, at, &locked);
            let last = self.operand(last, at, &locked);
            // The result takes over the very register.
            self.allocation.hand_over(first, at as Value);
            (to, last)
        };
        self.allocation.release(self.code.ops[at].operands(), at);
        self.emitter.binary(code, to, second, last);
    }

    fn stores(&mut self) {
        let count = self.code.ops.len();
        let stored: Vec<u32> = self.code.stores.iter().map(|&(register, _)| register).collect();
        // What is moved from a register that is overwritten here is set aside.
        for &(register, value) in &self.code.stores {
            if let Op::Register(from) = self.code.ops[value as usize]
                && from != register
                && stored.contains(&from)
                && self.allocation.spill(value).is_none()
            {
                let held = self.register(value, count, &[value]);
                let slot = self.allocation.spill_to_new(value);
                self.save(held, slot);
            }
        }
        for (k, &(register, value)) in self.code.stores.iter().enumerate() {
            let at = count + k;
            if self.code.ops[value as usize] == Op::Register(register) {
                continue;
            }
            let from = self.register(value, at, &[value]);
            let to = self.emitter.tape(register);
            self.emitter.two_operands(self.emitter.form.store(), to, from);
            self.allocation.release(std::iter::once(value), at);
        }
    }
}
