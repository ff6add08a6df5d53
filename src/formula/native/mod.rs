//! A tape as machine code: x86-64 with AVX-512, or with AVX2 and FMA.
//!
//! ```text
//! tape -> translate (builder: values, each once) -> hoist -> stages -> order -> emit (allocate) -> instructions -> memory
//! ```
//!
//! The code does what the tape says, operation by operation, so that its results are the tape's bit for bit; but it
//! keeps what a vector of lanes goes through in machine registers, where the tape moves every intermediate
//! value through the cache.

mod allocate;
mod builder;
mod code;
mod emit;
mod hoist;
mod isa;
mod memory;
mod order;
mod piece;
mod record;
mod stages;
mod translate;

use std::ops::Range;

use self::isa::Form;
pub use self::isa::Isa;
use self::memory::Function;
use super::stepper::Observer;
use super::tape::{CHUNK, Register, Tape};
use crate::math::Real;

/// A tape's machine code.
#[derive(Debug)]
pub struct Native<R>(Function<R>);

impl<R: Real> Native<R> {
    /// Writes a tape and its observer out; none for an instruction set that the processor does not have, where the
    /// system lets nobody run what has been written, and for loops that may come to rows that a column does not have.
    pub fn new(tape: &Tape<R>, observer: &impl Observer<R>, isa: Isa) -> Option<Self> {
        if !isa.is_here() {
            return None;
        }
        let step = translate::translate(tape, observer, isa.stage_length())?;
        let form = Form { isa, is_double: size_of::<R>() == size_of::<f64>() };
        let emitted = emit::emit(&step, form, tape.registers() as u32);
        Function::new(&emitted, step.columns, isa).map(Self)
    }

    /// How many registers a run needs.
    pub fn registers(&self) -> usize {
        self.0.registers()
    }

    /// Takes steps over the first `chunks * CHUNK` lanes, the first of which is number `count`.
    pub fn run(&self, registers: &mut [Register<R>], chunks: usize, steps: Range<u32>, count: u32) {
        self.0.run(registers, chunks * CHUNK, steps, count);
    }
}
