//! A tape run step by step, and what is observed after each step.

use std::ops::Range;

use super::native::{Isa, Native};
use super::tape::{CHUNK, Register, Tape, chunk, put};
use crate::math::{Bits, Chunk, Lane, Real};

/// Lanes of a precision.
pub trait LaneOf<R: Real>: Lane<Number = R, Bits: Bits<Word = R::Word>> {}

impl<R: Real, L: Lane<Number = R, Bits: Bits<Word = R::Word>>> LaneOf<R> for L {}

/// Registers, in the lanes that are computed together.
pub trait Access {
    /// The numbers of the lanes.
    type Lane: Lane;

    /// What a register holds.
    fn get(&mut self, register: usize) -> Self::Lane;
    /// Writes a register.
    fn set(&mut self, register: usize, value: Self::Lane);
    /// The number of the step that has been taken.
    fn step(&mut self) -> Self::Lane;
    /// Which step of the run it is, from 1 on.
    fn count(&mut self) -> Self::Lane;
}

/// What is done before and after each step: registers read and written, the same in all lanes.
pub trait Observer<R: Real> {
    /// Sees the registers before a step, when the step's own formulas read the same ones; else as the next.
    #[inline(always)]
    fn before<L: LaneOf<R>>(&self, _: &mut impl Access<Lane = L>) {}
    /// Sees the registers after a step, and may write those that are left to it.
    fn observe<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>);
}

/// Nothing is observed.
impl<R: Real> Observer<R> for () {
    #[inline(always)]
    fn observe<L: LaneOf<R>>(&self, _: &mut impl Access<Lane = L>) {}
}

/// A tape and an observer, which take steps together.
#[derive(Debug)]
pub struct Stepper<R, O = ()> {
    tape: Tape<R>,
    observer: O,
    native: Option<Native<R>>,
}

impl<R: Real, O: Observer<R>> Stepper<R, O> {
    /// In machine code, if there is an instruction set for it; the results are the same without.
    pub fn new(tape: Tape<R>, observer: O, isa: Option<Isa>) -> Self {
        let native = isa.and_then(|isa| Native::new(&tape, &observer, isa));
        Self { tape, observer, native }
    }

    /// How many registers a run needs.
    pub fn registers(&self) -> usize {
        self.native.as_ref().map_or(self.tape.registers(), Native::registers)
    }

    /// Writes the tape's constants into their registers; once before any number of runs.
    pub fn load_constants(&self, registers: &mut [Register<R>]) {
        if self.native.is_none() {
            self.tape.load_constants(registers);
        }
    }

    /// Takes the steps with these numbers in the first `chunks * CHUNK` lanes; the first is number `count` of the run.
    ///
    /// Inlined into callers that are compiled for several instruction sets.
    #[inline(always)]
    pub fn run(&self, registers: &mut [Register<R>], chunks: usize, steps: Range<u32>, count: u32) {
        if let Some(native) = &self.native {
            return native.run(registers, chunks, steps, count);
        }
        for numbers @ (t, _) in steps.zip(count..) {
            in_chunks(registers, chunks, numbers, |access| self.observer.before(access));
            self.tape.run_step(registers, chunks, t);
            in_chunks(registers, chunks, numbers, |access| self.observer.observe(access));
        }
    }
}

/// Lets `see` have the first `chunks * CHUNK` lanes, at a step given by its number and which of the run it is.
#[inline(always)]
fn in_chunks<R: Real>(
    registers: &mut [Register<R>],
    chunks: usize,
    (t, count): (u32, u32),
    mut see: impl FnMut(&mut InChunk<R>),
) {
    let [step, count] = [t, count].map(|number| Chunk([R::from_f64(f64::from(number)); CHUNK]));
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        see(&mut InChunk { registers: &mut *registers, at, step, count });
    }
}

/// The lanes of a chunk.
struct InChunk<'a, R> {
    registers: &'a mut [Register<R>],
    at: usize,
    step: Chunk<R, CHUNK>,
    count: Chunk<R, CHUNK>,
}

impl<R: Real> Access for InChunk<'_, R> {
    type Lane = Chunk<R, CHUNK>;

    #[inline(always)]
    fn get(&mut self, register: usize) -> Self::Lane {
        Chunk(chunk(&self.registers[register], self.at))
    }

    #[inline(always)]
    fn set(&mut self, register: usize, value: Self::Lane) {
        put(&mut self.registers[register], self.at, value.0);
    }

    #[inline(always)]
    fn step(&mut self) -> Self::Lane {
        self.step
    }

    #[inline(always)]
    fn count(&mut self) -> Self::Lane {
        self.count
    }
}
