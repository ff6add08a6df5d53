//! Written code in memory that the processor may run, and the only place that calls it.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::Arc;

use iced_x86::{BlockEncoder, BlockEncoderOptions, InstructionBlock};
use memmap2::{Mmap, MmapMut};

use super::emit::Emitted;
use super::isa::Isa;
use crate::formula::tape::{LANES, Register};

/// Constants, in whole cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// A function in memory, with the constants and columns that it reads.
#[derive(Debug)]
pub struct Function<R> {
    code: Mmap,
    constants: Vec<Line>,
    /// Held because `constants` has their addresses.
    _columns: Vec<Arc<[R]>>,
    /// Registers that it reads and writes: the tape's, and its own after them.
    registers: usize,
    vector_bytes: usize,
}

/// Registers, constants, bytes of the lanes in each register, steps, the first one's number, and its number in the run.
type Entry = unsafe extern "sysv64" fn(*mut u8, *const u8, usize, usize, u64, u64);

impl<R> Function<R> {
    /// Puts a function into memory; none where the system does not allow that.
    pub fn new(emitted: &Emitted, columns: Vec<Arc<[R]>>, isa: Isa) -> Option<Self> {
        // Only jumps within the function depend on its address, and those are relative.
        let block = InstructionBlock::new(&emitted.instructions, 0);
        let bytes = BlockEncoder::encode(64, block, BlockEncoderOptions::NONE)
            .expect("the emitter writes valid instructions")
            .code_buffer;
        let mut memory = MmapMut::map_anon(bytes.len()).ok()?;
        memory.copy_from_slice(&bytes);
        let code = memory.make_exec().ok()?;
        let mut words = Vec::new();
        for &bits in &emitted.constants {
            let word = if size_of::<R>() == 4 { bits << 32 | bits & u64::from(u32::MAX) } else { bits };
            words.extend(std::iter::repeat_n(word, isa.bytes() / 8));
        }
        words.extend(columns.iter().map(|column| column.as_ptr() as u64));
        let constants = words.chunks(8).map(|part| {
            let mut line = Line([0; 8]);
            line.0[..part.len()].copy_from_slice(part);
            line
        });
        let constants = constants.collect();
        let (registers, vector_bytes) = (emitted.registers, isa.bytes());
        Some(Self { code, constants, _columns: columns, registers, vector_bytes })
    }

    /// How many registers a run needs.
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// Takes steps over the first `lanes` lanes, the first of which is number `count` of the run.
    ///
    /// # Panics
    /// If there are too few registers, or `lanes` is no whole number of vectors.
    pub fn run(&self, registers: &mut [Register<R>], lanes: usize, steps: Range<u32>, count: u32) {
        let bytes = lanes * size_of::<R>();
        assert!(registers.len() >= self.registers, "the tape needs {} registers", self.registers);
        assert!(lanes <= LANES && bytes.is_multiple_of(self.vector_bytes), "{lanes} lanes");
        if steps.is_empty() || lanes == 0 {
            return;
        }
        // SAFETY: the memory holds a whole function of this signature, written by `emit`, for an instruction set
        // that the processor has. It keeps the calling convention and does not use the stack. It touches
        // `self.registers` registers, of which there are enough, and in them `lanes` lanes, a whole number of
        // vectors: none begins inside and ends outside. `Register` is aligned to 64 bytes, as are the constants,
        // which it only reads; from the columns, whose addresses are among these, it reads as many rows as the
        // tape says, and `translate` has seen to it that they have these.
        unsafe {
            let entry: Entry = std::mem::transmute(self.code.as_ptr());
            entry(
                registers.as_mut_ptr().cast(),
                self.constants.as_ptr().cast(),
                bytes,
                steps.len(),
                u64::from(steps.start),
                u64::from(count),
            );
        }
    }
}
