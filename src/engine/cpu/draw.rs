//! The noise of a step, put into the registers that a tape reads it from.

use multiversion::multiversion;

use crate::descent::Descent;
use crate::formula::{CHUNK, LANES, Register, put};
use crate::math::Real;
use crate::noise::normals;

/// Where a descent's normal numbers go: the number of each pair, and the register of each of its two
/// numbers that is needed.
pub type Draws = Vec<(u32, [Option<usize>; 2])>;

/// The registers of `descent`'s normal numbers, in their order, from `first` on.
pub fn draws(descent: &Descent, first: usize) -> Draws {
    let mut registers = first..;
    let pairs = descent.normals.iter();
    pairs.map(|n| (n.pair, n.inputs.map(|input| input.and_then(|_| registers.next())))).collect()
}

/// Draws the numbers of step `t` in the first lanes of the tape, of which each has its trajectory.
///
/// A function of its own, so that the loops of descent without noise are compiled without it.
#[inline(never)]
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
pub fn draw<R: Real>(
    draws: &Draws,
    tape: &mut [Register<R>],
    chunks: usize,
    (seed, t): (u32, u32),
    trajectories: &[u32; LANES],
) {
    for &(pair, registers) in draws {
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
