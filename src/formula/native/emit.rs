//! Code to machine instructions.
//!
//! The function that is written takes, in this order, the tape's registers, the constants, the bytes of the lanes to
//! compute in each register, the steps to take, the number of the first and which of the run it is. Each step goes through the vectors, and
//! each vector through all pieces, with its values in machine registers.

use std::collections::HashMap;

use iced_x86::{Code as X86, Instruction, MemoryOperand, Register};

use super::allocate::{Allocation, Freed};
use super::code::{Code, Fused, One, Op, Predicate, Two, Value};
use super::isa::{Form, Isa};
use super::translate::{Count, Loop, Piece};
use crate::formula::tape::{BLOCK, LANES};

// What the general registers hold.
const REGISTERS: Register = Register::RDI;
const CONSTANTS: Register = Register::RSI;
/// Bytes of the lanes in a register; then where those of the first register end.
const END: Register = Register::RDX;
const STEPS: Register = Register::RCX;
const STEP: Register = Register::R8;
/// As it is called, which step of the run it is; then the tape's registers from the vector on that is computed.
const CURSOR: Register = Register::R9;
const COUNT: Register = Register::R10;
const ROW: Register = Register::R11;
const SCRATCH: Register = Register::RAX;

/// Masks k1 to k7; k0 means none.
const MASKS: usize = 7;

/// Written instructions and the constants that they read.
#[derive(Debug)]
pub struct Emitted {
    pub instructions: Vec<Instruction>,
    /// The bits of each constant, which fills a vector; then addresses of columns follow, eight bytes each.
    pub constants: Vec<u64>,
    /// Registers that are used: the tape's, and its own after them.
    pub registers: usize,
}

/// Writes a function out.
pub fn emit(pieces: &[Piece], form: Form, registers: usize) -> Emitted {
    let mut emitter = Emitter {
        form,
        instructions: Vec::new(),
        constants: Vec::new(),
        known: HashMap::new(),
        step: registers as u32,
        spills: registers as u32 + 2,
        labels: 0,
        pending: None,
        columns: Vec::new(),
    };
    let uses = |op| pieces.iter().any(|piece| piece.code.ops.contains(&op));
    let at_step = emitter.label();
    let at_vector = emitter.label();
    emitter.move_general(COUNT, CURSOR);
    emitter.general(X86::Add_r64_rm64, END, REGISTERS);
    emitter.place(at_step);
    for (op, counter) in [(Op::Step, STEP), (Op::Count, COUNT)] {
        if uses(op) {
            emitter.integer_to(counter, 0);
            let to = emitter.number(op);
            emitter.two_operands(emitter.form.store(), to, emitter.vector(0));
        }
    }
    emitter.move_general(CURSOR, REGISTERS);
    emitter.place(at_vector);
    for piece in pieces {
        match &piece.rows {
            None => emitter.piece(&piece.code),
            Some(rows) => emitter.rows(&piece.code, rows),
        }
    }
    emitter.add_general(CURSOR, form.isa.bytes() as i32);
    emitter.general(X86::Cmp_r64_rm64, CURSOR, END);
    emitter.jump(X86::Jne_rel32_64, at_vector);
    emitter.add_general(STEP, 1);
    emitter.add_general(COUNT, 1);
    emitter.add_general(STEPS, -1);
    emitter.jump(X86::Jne_rel32_64, at_step);
    emitter.finish()
}

/// An operand of an instruction.
#[derive(Clone, Copy)]
enum Operand {
    Register(Register),
    Memory(Register, i64),
}

struct Emitter {
    form: Form,
    instructions: Vec<Instruction>,
    constants: Vec<u64>,
    known: HashMap<u64, usize>,
    /// The register in whose first vector is the number of the step; in the next one's, which of the run it is.
    step: u32,
    /// Registers in use: the tape's, and those after them for what does not fit into machine registers.
    spills: u32,
    labels: u64,
    /// The label of the next instruction.
    pending: Option<u64>,
    /// Instructions that read the address of a column, and its number.
    columns: Vec<(usize, u32)>,
}

impl Emitter {
    /// The function with its return.
    fn finish(mut self) -> Emitted {
        self.push(Instruction::with(X86::VEX_Vzeroupper));
        self.push(Instruction::with(X86::Retnq));
        let vectors = (self.constants.len() * self.form.isa.bytes()) as u64;
        for &(at, column) in &self.columns {
            self.instructions[at].set_memory_displacement64(vectors + 8 * u64::from(column));
        }
        Emitted {
            instructions: self.instructions,
            constants: self.constants,
            registers: self.spills as usize,
        }
    }

    fn push(&mut self, mut instruction: Instruction) {
        if let Some(label) = self.pending.take() {
            instruction.set_ip(label);
        }
        self.instructions.push(instruction);
    }

    fn label(&mut self) -> u64 {
        self.labels += 1;
        self.labels
    }

    /// Puts the label before the next instruction.
    fn place(&mut self, label: u64) {
        if self.pending.is_some() {
            self.push(Instruction::with(X86::Nopd));
        }
        self.pending = Some(label);
    }

    fn jump(&mut self, code: X86, label: u64) {
        self.push(Instruction::with_branch(code, label).expect("a branch"));
    }

    fn vector(&self, n: u8) -> Register {
        self.form.isa.vector(n as usize)
    }

    fn move_general(&mut self, to: Register, from: Register) {
        self.general(X86::Mov_r64_rm64, to, from);
    }

    fn general(&mut self, code: X86, to: Register, from: Register) {
        self.push(Instruction::with2(code, to, from).expect("two general registers"));
    }

    fn add_general(&mut self, to: Register, number: i32) {
        self.push(Instruction::with2(X86::Add_rm64_imm32, to, number).expect("a sum"));
    }

    /// A whole number to all lanes of a vector.
    fn integer_to(&mut self, from: Register, vector: u8) {
        let low = Register::XMM0 + u32::from(vector);
        let (to_lowest, to_all) = (self.form.convert_integer(), self.form.spread());
        self.push(Instruction::with3(to_lowest, low, low, from).expect("a conversion"));
        self.push(Instruction::with2(to_all, self.vector(vector), low).expect("a broadcast"));
    }

    fn memory(base: Register, displacement: i64) -> MemoryOperand {
        MemoryOperand::with_base_displ(base, displacement)
    }

    /// Where the number of the step is, or which of the run it is.
    fn number(&self, op: Op) -> Operand {
        match self.tape(self.step + u32::from(op == Op::Count)) {
            Operand::Memory(_, at) => Operand::Memory(REGISTERS, at),
            register => register,
        }
    }

    fn tape(&self, register: u32) -> Operand {
        let bytes = if self.form.is_double { 8 } else { 4 };
        Operand::Memory(CURSOR, i64::from(register) * (LANES * bytes) as i64)
    }

    fn constant(&mut self, bits: u64) -> Operand {
        let next = self.constants.len();
        let at = *self.known.entry(bits).or_insert(next);
        if at == next {
            self.constants.push(bits);
        }
        Operand::Memory(CONSTANTS, (at * self.form.isa.bytes()) as i64)
    }

    fn two_operands(&mut self, code: X86, to: Operand, from: Register) {
        self.push(
            match to {
                Operand::Register(to) => Instruction::with2(code, to, from),
                Operand::Memory(base, at) => Instruction::with2(code, Self::memory(base, at), from),
            }
            .expect("a store"),
        );
    }

    fn unary(&mut self, code: X86, to: Register, a: Operand) {
        self.push(
            match a {
                Operand::Register(a) => Instruction::with2(code, to, a),
                Operand::Memory(base, at) => Instruction::with2(code, to, Self::memory(base, at)),
            }
            .expect("two operands"),
        );
    }

    fn unary_with(&mut self, code: X86, to: Register, a: Operand, number: u32) {
        self.push(
            match a {
                Operand::Register(a) => Instruction::with3(code, to, a, number),
                Operand::Memory(base, at) => Instruction::with3(code, to, Self::memory(base, at), number),
            }
            .expect("two operands and a number"),
        );
    }

    fn binary(&mut self, code: X86, to: Register, a: Register, b: Operand) {
        self.push(
            match b {
                Operand::Register(b) => Instruction::with3(code, to, a, b),
                Operand::Memory(base, at) => Instruction::with3(code, to, a, Self::memory(base, at)),
            }
            .expect("three operands"),
        );
    }

    fn piece(&mut self, code: &Code) {
        Writer::new(self, code).write();
    }

    fn rows(&mut self, code: &Code, rows: &Loop) {
        let (at_row, at_end) = (self.label(), self.label());
        let zero = self.vector(0);
        self.binary(self.form.two(Two::Xor), zero, zero, Operand::Register(zero));
        for &(block, total) in &rows.sums {
            for register in [block, total] {
                let slot = self.tape(register);
                self.two_operands(self.form.store(), slot, zero);
            }
        }
        self.push(Instruction::with2(X86::Xor_rm32_r32, Register::R11D, Register::R11D).expect("a zero"));
        self.place(at_row);
        match rows.count {
            Count::Fixed(count) => {
                self.push(Instruction::with2(X86::Cmp_rm64_imm32, ROW, count as u32).expect("a comparison"));
                self.jump(X86::Jae_rel32_64, at_end);
            }
            Count::ByLane(register) => {
                self.integer_to(ROW, 0);
                let count = self.tape(register);
                self.any_below(count);
                self.jump(X86::Je_rel32_64, at_end);
            }
        }
        self.piece(code);
        self.add_general(ROW, 1);
        self.push(Instruction::with2(X86::Test_rm64_imm32, ROW, BLOCK as u32 - 1).expect("a test"));
        self.jump(X86::Jne_rel32_64, at_row);
        self.close_block(rows);
        self.jump(X86::Jmp_rel32_64, at_row);
        self.place(at_end);
        self.close_block(rows);
    }

    /// Compares vector 0 with `count` and leaves "equal" where it is below in no lane.
    fn any_below(&mut self, count: Operand) {
        let below = Predicate::Lt.number();
        let (code, a) = (self.form.compare(), self.vector(0));
        let to = match self.form.isa {
            Isa::Avx512 => Register::K1,
            Isa::Avx2 => a,
        };
        let Operand::Memory(base, at) = count else { unreachable!("the tape is in memory") };
        self.push(Instruction::with4(code, to, a, Self::memory(base, at), below).expect("a comparison"));
        match self.form.isa {
            Isa::Avx512 => {
                self.push(Instruction::with2(X86::VEX_Kortestw_kr_kr, to, to).expect("a test"));
            }
            Isa::Avx2 => {
                self.push(Instruction::with2(X86::VEX_Vmovmskps_r32_ymm, Register::EAX, a).expect("a mask"));
                self.push(
                    Instruction::with2(X86::Test_rm32_r32, Register::EAX, Register::EAX).expect("a test"),
                );
            }
        }
    }

    /// Adds the blocks' sums to those of all rows.
    fn close_block(&mut self, rows: &Loop) {
        let (zero, sum) = (self.vector(0), self.vector(1));
        self.binary(self.form.two(Two::Xor), zero, zero, Operand::Register(zero));
        for &(block, total) in &rows.sums {
            let (block, total) = (self.tape(block), self.tape(total));
            self.unary(self.form.load(), sum, total);
            self.binary(self.form.two(Two::Add), sum, sum, block);
            self.two_operands(self.form.store(), total, sum);
            self.two_operands(self.form.store(), block, zero);
        }
    }
}

/// A piece of code that is being written.
struct Writer<'a> {
    emitter: &'a mut Emitter,
    code: &'a Code,
    allocation: Allocation,
}

impl<'a> Writer<'a> {
    fn new(emitter: &'a mut Emitter, code: &'a Code) -> Self {
        let masks = if emitter.form.isa == Isa::Avx512 { MASKS } else { 0 };
        let allocation = Allocation::new(code, emitter.form.isa.vectors(), masks, emitter.spills);
        Self { emitter, code, allocation }
    }

    fn write(mut self) {
        for at in 0..self.code.ops.len() {
            let (op, value) = (self.code.ops[at], at as Value);
            if !op.is_in_memory() && self.allocation.is_needed_after(value, at) {
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
            op @ (Op::Step | Op::Count) => self.emitter.number(op),
            op => unreachable!("{op:?} is lost"),
        }
    }

    /// The value in a register, loaded if need be.
    fn register(&mut self, value: Value, at: usize, locked: &[Value]) -> Register {
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
        let stays = is_register && self.allocation.is_needed_after(value, at);
        if self.allocation.register(value).is_some() || stays {
            return Operand::Register(self.register(value, at, locked));
        }
        self.in_memory(value)
    }

    fn is_in_register(&self, value: Value) -> bool {
        self.allocation.register(value).is_some()
    }

    fn op(&mut self, at: usize, op: Op) {
        let value = at as Value;
        let locked: Vec<Value> = op.operands().collect();
        let form = self.emitter.form;
        match op {
            Op::Register(_) | Op::Constant(_) | Op::Step | Op::Count => unreachable!("lies in memory"),
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

    /// One of the operands is overwritten: one that nothing reads afterwards, or a copy.
    fn fused(&mut self, at: usize, fused: Fused, [a, b, c]: [Value; 3]) {
        let locked = [a, b, c];
        let dies = |this: &mut Self, value: Value| {
            this.is_in_register(value) && !this.allocation.is_needed_after(value, at)
        };
        // `a = b * a + c`, `a = b * c + a`, `a = a * c + b`
        let [by_second, to_first, by_last] = self.emitter.form.fused(fused);
        let in_register = [a, b, c].map(|value| self.is_in_register(value));
        // (the operand that is overwritten, the one in a register, the last one, the form)
        let (first, second, last, code) = if dies(self, c) {
            if in_register[0] { (c, a, b, to_first) } else { (c, b, a, to_first) }
        } else if dies(self, a) {
            if in_register[1] {
                (a, b, c, by_second)
            } else if in_register[2] {
                (a, c, b, by_last)
            } else {
                (a, b, c, by_second)
            }
        } else if dies(self, b) {
            if in_register[0] {
                (b, a, c, by_second)
            } else if in_register[2] {
                (b, c, a, by_last)
            } else {
                (b, a, c, by_second)
            }
        } else if !in_register[0] {
            // A copy of one that is loaded for it.
            if in_register[1] { (a, b, c, by_second) } else { (a, c, b, by_last) }
        } else if !in_register[2] {
            (c, a, b, to_first)
        } else {
            (b, a, c, by_second)
        };
        let loaded = !self.is_in_register(first) && !self.allocation.is_needed_after(first, at);
        let second_register = self.register(second, at, &locked);
        let first_register =
            if self.is_in_register(first) || loaded { Some(self.register(first, at, &locked)) } else { None };
        let last_operand = self.operand(last, at, &locked);
        let overwrites = !self.allocation.is_needed_after(first, at);
        let op = self.code.ops[at];
        let to = match first_register {
            Some(register) if overwrites => {
                // The result takes over the very register.
                self.allocation.hand_over(first, at as Value);
                self.allocation.release(op.operands(), at);
                register
            }
            _ => {
                // The other operands are still read when the copy has been made.
                let to = self.take(at as Value, at, &locked);
                let from = match first_register {
                    Some(register) => Operand::Register(register),
                    None => self.in_memory(first),
                };
                self.emitter.unary(self.emitter.form.load(), to, from);
                self.allocation.release(op.operands(), at);
                to
            }
        };
        self.emitter.binary(code, to, second_register, last_operand);
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
