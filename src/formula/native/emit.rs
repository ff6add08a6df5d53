//! Code to machine instructions.
//!
//! The function that is written takes, in this order, the tape's registers, the constants, the bytes of the lanes to
//! compute in each register, the steps to take, the number of the first and which of the run it is. Each step computes
//! what is the same in every lane and goes through the pieces, and each piece through all vectors, with the values of one
//! in machine registers.

use std::collections::HashMap;

use iced_x86::{Code as X86, Instruction, MemoryOperand, Register};

use super::allocate;
use super::code::{Code, Op, Predicate, Two};
use super::isa::{Form, Isa};
use super::piece::PieceWriter;
use super::translate::{Count, Loop, Piece, Step};
use crate::formula::tape::{BLOCK, LANES};

// What the general registers hold.
const REGISTERS: Register = Register::RDI;
pub(super) const CONSTANTS: Register = Register::RSI;
/// Bytes of the lanes in a register; then where those of the first register end.
const END: Register = Register::RDX;
const STEPS: Register = Register::RCX;
const STEP: Register = Register::R8;
/// As it is called, which step of the run it is; then the tape's registers from the vector on that is computed.
const CURSOR: Register = Register::R9;
const COUNT: Register = Register::R10;
pub(super) const ROW: Register = Register::R11;

/// Written instructions and the constants that they read.
#[derive(Debug)]
pub struct Emitted {
    pub instructions: Vec<Instruction>,
    /// The bits of each constant, which fills a vector; then addresses of columns follow, eight bytes each.
    pub constants: Vec<u64>,
    /// Registers that are used: the tape's, and its own after them.
    pub registers: usize,
}

/// Writes a function out for a tape of so many registers.
pub fn emit<R>(step: &Step<R>, form: Form, registers: u32) -> Emitted {
    let Step { before, pieces, .. } = step;
    let mut emitter = Emitter {
        form,
        instructions: Vec::new(),
        constants: Vec::new(),
        known: HashMap::new(),
        pinned: HashMap::new(),
        numbers: registers,
        spills: step.registers,
        labels: 0,
        pending: None,
        columns: Vec::new(),
    };
    let codes = || before.iter().chain(pieces.iter().map(|piece| &piece.code));
    let uses = |op| codes().any(|code| code.ops.contains(&op));
    let at_step = emitter.label();
    emitter.move_general(COUNT, CURSOR);
    emitter.general(X86::Add_r64_rm64, END, REGISTERS);
    emitter.pin_constants(pieces);
    emitter.place(at_step);
    for (number, counter) in [(0, STEP), (1, COUNT)] {
        if uses(Op::Number(number)) {
            emitter.integer_to(counter, 0);
            let to = emitter.number(number);
            emitter.two_operands(emitter.form.store(), to, emitter.vector(0));
        }
    }
    emitter.move_general(CURSOR, REGISTERS);
    before.iter().for_each(|code| emitter.piece(code));
    for piece in pieces {
        let at_vector = emitter.label();
        emitter.move_general(CURSOR, REGISTERS);
        emitter.place(at_vector);
        match &piece.rows {
            None => emitter.piece(&piece.code),
            Some(rows) => emitter.rows(&piece.code, rows),
        }
        emitter.add_general(CURSOR, form.isa.bytes() as i32);
        emitter.general(X86::Cmp_r64_rm64, CURSOR, END);
        emitter.jump(X86::Jne_rel32_64, at_vector);
    }
    emitter.add_general(STEP, 1);
    emitter.add_general(COUNT, 1);
    emitter.add_general(STEPS, -1);
    emitter.jump(X86::Jne_rel32_64, at_step);
    emitter.finish()
}

/// An operand of an instruction.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Register(Register),
    Memory(Register, i64),
}

pub(super) struct Emitter {
    pub form: Form,
    pub instructions: Vec<Instruction>,
    constants: Vec<u64>,
    known: HashMap<u64, usize>,
    /// Constants that stay in a register of their own, from the last one down.
    pinned: HashMap<u64, u8>,
    /// The register in whose first vector the first [`Op::Number`] is; the others follow in the next ones.
    numbers: u32,
    /// Registers in use: the tape's, and those after them for what does not fit into machine registers.
    pub spills: u32,
    labels: u64,
    /// The label of the next instruction.
    pending: Option<u64>,
    /// Instructions that read the address of a column, and its number.
    pub columns: Vec<(usize, u32)>,
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

    pub fn push(&mut self, mut instruction: Instruction) {
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

    pub fn vector(&self, n: u8) -> Register {
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
    pub fn integer_to(&mut self, from: Register, vector: u8) {
        let low = Register::XMM0 + u32::from(vector);
        let (to_lowest, to_all) = (self.form.convert_integer(), self.form.spread());
        self.push(Instruction::with3(to_lowest, low, low, from).expect("a conversion"));
        self.push(Instruction::with2(to_all, self.vector(vector), low).expect("a broadcast"));
    }

    pub fn memory(base: Register, displacement: i64) -> MemoryOperand {
        MemoryOperand::with_base_displ(base, displacement)
    }

    /// Where an [`Op::Number`] is.
    pub fn number(&self, number: u32) -> Operand {
        match self.tape(self.numbers + number) {
            Operand::Memory(_, at) => Operand::Memory(REGISTERS, at),
            register => register,
        }
    }

    pub fn tape(&self, register: u32) -> Operand {
        let bytes = if self.form.is_double { 8 } else { 4 };
        Operand::Memory(CURSOR, i64::from(register) * (LANES * bytes) as i64)
    }

    pub fn constant(&mut self, bits: u64) -> Operand {
        let next = self.constants.len();
        let at = *self.known.entry(bits).or_insert(next);
        if at == next {
            self.constants.push(bits);
        }
        Operand::Memory(CONSTANTS, (at * self.form.isa.bytes()) as i64)
    }

    /// Loads the constants that are read most into the registers that nothing else needs.
    fn pin_constants(&mut self, pieces: &[Piece]) {
        let vectors = self.form.isa.vectors();
        let has_masks = self.form.isa == Isa::Avx512;
        let needed = pieces.iter().map(|piece| allocate::pressure(&piece.code, has_masks)).max().unwrap_or(0);
        let mut reads: Vec<(u64, usize)> = Vec::new();
        for code in pieces.iter().map(|piece| &piece.code) {
            for (bits, count) in allocate::constants(code) {
                match reads.iter_mut().find(|known| known.0 == bits) {
                    Some(known) => known.1 += count,
                    None => reads.push((bits, count)),
                }
            }
        }
        reads.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        for (k, (bits, _)) in reads.into_iter().take(vectors.saturating_sub(needed)).enumerate() {
            let register = (vectors - 1 - k) as u8;
            let from = self.constant(bits);
            self.unary(self.form.load(), self.vector(register), from);
            self.pinned.insert(bits, register);
        }
    }

    /// The register that a constant stays in.
    pub fn pinned(&self, bits: u64) -> Option<Register> {
        self.pinned.get(&bits).map(|&register| self.vector(register))
    }

    /// Vectors that values can be in.
    pub fn free_vectors(&self) -> usize {
        self.form.isa.vectors() - self.pinned.len()
    }

    pub fn two_operands(&mut self, code: X86, to: Operand, from: Register) {
        self.push(
            match to {
                Operand::Register(to) => Instruction::with2(code, to, from),
                Operand::Memory(base, at) => Instruction::with2(code, Self::memory(base, at), from),
            }
            .expect("a store"),
        );
    }

    pub fn unary(&mut self, code: X86, to: Register, a: Operand) {
        self.push(
            match a {
                Operand::Register(a) => Instruction::with2(code, to, a),
                Operand::Memory(base, at) => Instruction::with2(code, to, Self::memory(base, at)),
            }
            .expect("two operands"),
        );
    }

    pub fn unary_with(&mut self, code: X86, to: Register, a: Operand, number: u32) {
        self.push(
            match a {
                Operand::Register(a) => Instruction::with3(code, to, a, number),
                Operand::Memory(base, at) => Instruction::with3(code, to, Self::memory(base, at), number),
            }
            .expect("two operands and a number"),
        );
    }

    pub fn binary(&mut self, code: X86, to: Register, a: Register, b: Operand) {
        self.push(
            match b {
                Operand::Register(b) => Instruction::with3(code, to, a, b),
                Operand::Memory(base, at) => Instruction::with3(code, to, a, Self::memory(base, at)),
            }
            .expect("three operands"),
        );
    }

    fn piece(&mut self, code: &Code) {
        PieceWriter::new(self, code).write();
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
