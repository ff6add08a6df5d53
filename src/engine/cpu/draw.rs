//! The noise of a step, put into the registers that a tape reads it from.

use crate::descent::Descent;
use crate::formula::{CHUNK, Register, put};
use crate::math::Real;
use crate::noise::normals;

/// Where a descent's normal numbers go.
pub struct Draws {
    /// The number of each pair, and the register of each of its two numbers that is needed.
    pairs: Vec<(u32, [Option<usize>; 2])>,
}

impl Draws {
    /// The registers of `descent`'s normal numbers, in their order, from `first` on.
    pub fn new(descent: &Descent, first: usize) -> Self {
        let mut registers = first..;
        let pairs = descent.normals.iter();
        Self {
            pairs: pairs
                .map(|n| (n.pair, n.inputs.map(|input| input.and_then(|_| registers.next()))))
                .collect(),
        }
    }

    /// Draws those of step `t` in the first lanes of the tape, of which each has its trajectory.
    #[inline(always)]
    pub fn draw<R: Real>(
        &self,
        tape: &mut [Register<R>],
        chunks: usize,
        (seed, t): (u32, u32),
        trajectories: &[u32],
    ) {
        for &(pair, registers) in &self.pairs {
            for (number, trajectories) in trajectories.chunks_exact(CHUNK).take(chunks).enumerate() {
                let (mut a, mut b) = ([R::ZERO; CHUNK], [R::ZERO; CHUNK]);
                for i in 0..CHUNK {
                    [a[i], b[i]] = normals(seed, trajectories[i], t, pair);
                }
                for (register, values) in registers.into_iter().zip([a, b]) {
                    if let Some(register) = register {
                        put(&mut tape[register], number * CHUNK, values);
                    }
                }
            }
        }
    }
}
