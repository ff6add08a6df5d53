//! Graph to register tape: the form that formulas run in on the CPU.
//!
//! A register holds one value for each of [`LANES`] trajectories. An instruction is read once and
//! done for all of them, in chunks of [`CHUNK`] that are read into locals, computed and written
//! back: written over two slices instead, an instruction that overwrites its operand compiles to
//! scalar code. A product whose only user is a sum is fused with it; every instruction set gives the same bits.
//!
//! Where the processor has the instructions for it, a tape is written out as machine code (`stepper`, `native`),
//! which does the same, faster; running the instructions one by one is the reference that it is tested against, and
//! what other processors do.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::compile::Compiler;
use super::graph::{Graph, Id};
use super::operation::{Binary, NORM_FLOOR, Unary};
use crate::math::{Function, Real};

/// Trajectories computed together. 128 registers of f32 are 512 bytes each: a tape stays in L1.
pub const LANES: usize = 128;
/// Lanes held in machine registers at once.
pub const CHUNK: usize = 16;

/// One value per lane, in whole cache lines: a vector that straddles two of them takes twice as long.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Register<R>([R; LANES]);

impl<R: Copy> Register<R> {
    /// The same value in every lane.
    pub fn splat(value: R) -> Self {
        Self([value; LANES])
    }
}

impl<R> Deref for Register<R> {
    type Target = [R; LANES];

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R> DerefMut for Register<R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Move,
    Unary(Unary),
    Binary(Binary),
    Select,
    /// `a + b * c`
    AddMul,
    /// `a - b * c`
    SubMul,
    /// `b * c - a`
    MulSub,
    /// `-a` where `b` has a negative sign, else `a`
    Flip,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub op: Op,
    pub target: u32,
    pub operands: [u32; 3],
}

/// A stretch of a tape, run once or for every row of the data.
#[derive(Clone, Debug)]
pub(super) struct Part<R> {
    pub code: Vec<Instruction>,
    pub rows: Option<Rows<R>>,
}

/// What a part that is run for every row reads and adds up.
#[derive(Clone, Debug)]
pub(super) struct Rows<R> {
    /// The register of the number of rows, which may differ from lane to lane.
    pub count: u32,
    /// Registers that hold a column's value in the row: its values, or the row's number where it has none.
    pub columns: Vec<(u32, Option<Arc<[R]>>)>,
    pub sums: Vec<Sum>,
}

/// What a loop adds up: the sum of all rows, through the sum of a [`BLOCK`] of them, whose rounding
/// errors do not grow with the number of rows before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub term: u32,
    pub block: u32,
    pub total: u32,
}

/// Rows whose sum is taken apart.
pub const BLOCK: usize = 64;

/// Formulas compiled to instructions over registers.
///
/// Registers `0 .. inputs` are the inputs, in the order given to [`Tape::compile`]; every output is
/// written to a register that the caller names, which may be that of an input.
#[derive(Clone, Debug)]
pub struct Tape<R> {
    pub(super) parts: Vec<Part<R>>,
    pub(super) constants: Vec<(u32, R)>,
    pub(super) registers: usize,
    /// Registers that are inputs or outputs; the others are temporary.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only machine code asks for it"))]
    pub(super) reserved: usize,
    /// The input that is the number of the step.
    pub(super) step: Option<usize>,
}

impl<R: Real> Tape<R> {
    /// Compiles `outputs`, each with the register to write it to.
    ///
    /// `inputs` are the nodes whose values the caller puts into registers `0 .. inputs.len()`;
    /// `reserved >= inputs.len()` registers are left to the caller.
    pub fn compile(graph: &Graph, inputs: &[Id], reserved: usize, outputs: &[(Id, usize)]) -> Self {
        Compiler::new(graph, inputs, reserved, outputs).compile()
    }

    /// The same tape, with the input that is the number of the step.
    #[must_use]
    pub fn counting(self, step: usize) -> Self {
        Self { step: Some(step), ..self }
    }

    pub(super) fn new(
        parts: Vec<Part<R>>,
        constants: Vec<(u32, R)>,
        registers: usize,
        reserved: usize,
    ) -> Self {
        Self { parts, constants, registers, reserved, step: None }
    }

    /// How many registers a run needs.
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// Writes the constants into their registers; once before any number of runs.
    pub fn load_constants(&self, registers: &mut [Register<R>]) {
        for &(register, value) in &self.constants {
            registers[register as usize] = Register::splat(value);
        }
    }

    /// Runs the tape over the first `chunks * CHUNK` lanes.
    ///
    /// Inlined into callers that are compiled for several instruction sets.
    #[inline(always)]
    pub fn run(&self, registers: &mut [Register<R>], chunks: usize) {
        // A closure would be compiled for the least instruction set.
        for part in &self.parts {
            part.run(registers, chunks);
        }
    }

    /// The same, with the number of the step in its register.
    #[inline(always)]
    pub fn run_step(&self, registers: &mut [Register<R>], chunks: usize, t: u32) {
        if let Some(step) = self.step {
            registers[step] = Register::splat(R::from_f64(f64::from(t)));
        }
        self.run(registers, chunks);
    }
}

impl<R: Real> Part<R> {
    #[inline(always)]
    fn run(&self, registers: &mut [Register<R>], chunks: usize) {
        let (fewest, most) = self.rows.as_ref().map_or((1, 1), |rows| rows.begin(registers, chunks));
        for row in 0..most {
            if let Some(rows) = &self.rows {
                rows.place(registers, row);
            }
            execute(&self.code, registers, chunks);
            if let Some(rows) = &self.rows {
                rows.add(registers, chunks, row, fewest);
            }
        }
        if let Some(rows) = &self.rows {
            rows.close_block(registers, chunks);
        }
    }
}

impl<R: Real> Rows<R> {
    /// Clears the sums and returns the fewest and the most rows of any lane.
    #[inline(always)]
    fn begin(&self, registers: &mut [Register<R>], chunks: usize) -> (usize, usize) {
        for sum in &self.sums {
            registers[sum.block as usize] = Register::splat(R::ZERO);
            registers[sum.total as usize] = Register::splat(R::ZERO);
        }
        let counts =
            registers[self.count as usize][..chunks * CHUNK].iter().map(|rows| rows.to_f64() as usize);
        counts.fold((usize::MAX, 0), |(fewest, most), rows| (fewest.min(rows), most.max(rows)))
    }

    #[inline(always)]
    fn place(&self, registers: &mut [Register<R>], row: usize) {
        for (register, values) in &self.columns {
            let value = values.as_ref().map_or_else(|| R::from_f64(row as f64), |values| values[row]);
            registers[*register as usize] = Register::splat(value);
        }
    }

    /// Adds the terms of `row` to the sums of the lanes that have such a row.
    #[inline(always)]
    fn add(&self, registers: &mut [Register<R>], chunks: usize, row: usize, fewest: usize) {
        for sum in &self.sums {
            let (term, block) = (sum.term as usize, sum.block as usize);
            if row < fewest {
                binary(registers, chunks, block, block, term, |sum, term| sum + term);
            } else {
                let row = R::from_f64(row as f64);
                ternary(registers, chunks, block, [block, term, self.count as usize], |sum, term, rows| {
                    if row < rows { sum + term } else { sum }
                });
            }
        }
        if (row + 1).is_multiple_of(BLOCK) {
            self.close_block(registers, chunks);
        }
    }

    #[inline(always)]
    fn close_block(&self, registers: &mut [Register<R>], chunks: usize) {
        for &Sum { block, total, .. } in &self.sums {
            let (block, total) = (block as usize, total as usize);
            binary(registers, chunks, total, total, block, |total, block| total + block);
            registers[block] = Register::splat(R::ZERO);
        }
    }
}

#[inline(always)]
fn execute<R: Real>(code: &[Instruction], registers: &mut [Register<R>], chunks: usize) {
    for i in code {
        let (t, [a, b, c]) = (i.target as usize, i.operands.map(|o| o as usize));
        match i.op {
            Op::Move => unary(registers, chunks, t, a, |a| a),
            Op::Unary(op) => unary_op(registers, chunks, t, a, op),
            Op::Binary(op) => binary_op(registers, chunks, t, a, b, op),
            Op::Select => {
                ternary(registers, chunks, t, [a, b, c], |c, a, b| if c != R::ZERO { a } else { b })
            }
            Op::AddMul => ternary(registers, chunks, t, [a, b, c], |a, b, c| b.mul_add(c, a)),
            Op::SubMul => ternary(registers, chunks, t, [a, b, c], |a, b, c| b.neg_mul_add(c, a)),
            Op::MulSub => ternary(registers, chunks, t, [a, b, c], |a, b, c| b.mul_add(c, -a)),
            Op::Flip => binary(registers, chunks, t, a, b, R::flip),
        }
    }
}

/// The [`CHUNK`] lanes of `register` from `at` on.
#[inline(always)]
pub fn chunk<R: Real>(register: &Register<R>, at: usize) -> [R; CHUNK] {
    let mut chunk = [R::ZERO; CHUNK];
    chunk.copy_from_slice(&register[at..at + CHUNK]);
    chunk
}

/// Writes back what [`chunk`] has read.
#[inline(always)]
pub fn put<R: Real>(register: &mut Register<R>, at: usize, chunk: [R; CHUNK]) {
    register[at..at + CHUNK].copy_from_slice(&chunk);
}

#[inline(always)]
fn unary<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, f: impl Fn(R) -> R) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let mut a = chunk(&r[a], at);
        for a in &mut a {
            *a = f(*a);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn binary<R: Real>(
    r: &mut [Register<R>],
    chunks: usize,
    t: usize,
    a: usize,
    b: usize,
    f: impl Fn(R, R) -> R,
) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut a, b) = (chunk(&r[a], at), chunk(&r[b], at));
        for i in 0..CHUNK {
            a[i] = f(a[i], b[i]);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn ternary<R: Real>(
    r: &mut [Register<R>],
    chunks: usize,
    t: usize,
    operands: [usize; 3],
    f: impl Fn(R, R, R) -> R,
) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut a, b, c) =
            (chunk(&r[operands[0]], at), chunk(&r[operands[1]], at), chunk(&r[operands[2]], at));
        for i in 0..CHUNK {
            a[i] = f(a[i], b[i], c[i]);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn unary_op<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, op: Unary) {
    match op {
        Unary::Neg => unary(r, chunks, t, a, |a| -a),
        Unary::Abs => unary(r, chunks, t, a, |a| a.abs()),
        Unary::Sign => unary(r, chunks, t, a, R::sign),
        Unary::Sqrt => unary(r, chunks, t, a, |a| a.sqrt()),
        Unary::Round => unary(r, chunks, t, a, |a| a.round()),
        Unary::Norm => {
            let floor = R::from_f64(NORM_FLOOR);
            unary(r, chunks, t, a, |a| (if a < floor { floor } else { a }).sqrt());
        }
        Unary::Exp => unary(r, chunks, t, a, |a| R::apply(Function::Exp, a)),
        Unary::Expm1 => unary(r, chunks, t, a, |a| R::apply(Function::Expm1, a)),
        Unary::Log => unary(r, chunks, t, a, |a| R::apply(Function::Ln, a)),
        Unary::Log1p => unary(r, chunks, t, a, |a| R::apply(Function::Log1p, a)),
        Unary::Sin => unary(r, chunks, t, a, |a| R::apply(Function::Sin, a)),
        Unary::Cos => unary(r, chunks, t, a, |a| R::apply(Function::Cos, a)),
        Unary::Tan => unary(r, chunks, t, a, |a| R::apply(Function::Tan, a)),
        Unary::Tanh => unary(r, chunks, t, a, |a| R::apply(Function::Tanh, a)),
        Unary::Atan => unary(r, chunks, t, a, |a| R::apply(Function::Atan, a)),
        Unary::Sigmoid => unary(r, chunks, t, a, |a| R::apply(Function::Sigmoid, a)),
        Unary::Softplus => unary(r, chunks, t, a, |a| R::apply(Function::Softplus, a)),
    }
}

#[inline(always)]
fn binary_op<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, b: usize, op: Binary) {
    let truth = |holds: bool| if holds { R::ONE } else { R::ZERO };
    match op {
        Binary::Add => binary(r, chunks, t, a, b, |a, b| a + b),
        Binary::Sub => binary(r, chunks, t, a, b, |a, b| a - b),
        Binary::Mul => binary(r, chunks, t, a, b, |a, b| a * b),
        Binary::Div => binary(r, chunks, t, a, b, |a, b| a / b),
        Binary::Pow => binary(r, chunks, t, a, b, |a, b| R::power(a, b)),
        Binary::Lt => binary(r, chunks, t, a, b, |a, b| truth(a < b)),
        Binary::Le => binary(r, chunks, t, a, b, |a, b| truth(a <= b)),
        Binary::Eq => binary(r, chunks, t, a, b, |a, b| truth(a == b)),
        Binary::Ne => binary(r, chunks, t, a, b, |a, b| truth(a != b)),
    }
}
