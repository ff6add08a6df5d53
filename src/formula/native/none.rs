//! No machine code is written for this processor: tapes are run one instruction at a time.

use std::ops::Range;

use super::tape::{Register, Tape};

/// An instruction set that code is written for: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {}

impl Isa {
    /// None.
    pub const ALL: [Self; 0] = [];

    /// None.
    pub fn widest() -> Option<Self> {
        None
    }

    /// None.
    pub fn chosen() -> Option<Self> {
        None
    }

    /// There is nothing to choose from.
    ///
    /// # Errors
    /// Never.
    pub fn choose(_: Option<Self>) -> Result<(), Option<Self>> {
        Ok(())
    }

    /// Never called.
    pub fn name(self) -> &'static str {
        match self {}
    }

    /// Whether this processor has it.
    pub fn is_here(self) -> bool {
        match self {}
    }
}

/// A tape's machine code, of which there is none.
#[derive(Debug)]
pub struct Native<R>(Isa, std::marker::PhantomData<R>);

impl<R> Native<R> {
    /// None.
    pub fn new<O>(_: &Tape<R>, _: &O, isa: Isa) -> Option<Self> {
        match isa {}
    }

    /// Never called.
    pub fn registers(&self) -> usize {
        match self.0 {}
    }

    /// Never called.
    pub fn run(&self, _: &mut [Register<R>], _: usize, _: Range<u32>, _: u32) {
        match self.0 {}
    }
}
