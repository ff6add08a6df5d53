//! Normal numbers for noisy descent: a function of seed, trajectory and step, the same on every engine.
//!
//! The generator is Threefry2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, *Parallel random numbers:
//! as easy as 1, 2, 3*, 2011): it holds no state, so a trajectory's noise depends neither on what else is
//! computed nor on where. Its integers are the same everywhere; the normal numbers made of them differ
//! by the errors of the elementary functions. `shaders/noise.wgsl` says the same.

use crate::math::Real;

/// How far the rounds rotate, four and four in turn.
pub const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// The third word of every key, before the key itself is put in.
pub const PARITY: u32 = 0x1bd1_1bda;
/// One of the equal steps between 0 and 1 that a word stands for: few enough that an f32 holds them all.
pub const UNIT: f64 = 1.0 / 16_777_216.0; // 2^-24
/// The bits of a word that are left over.
pub const SPARE_BITS: u32 = 8;

/// Two random words.
#[inline(always)]
pub fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let [even, odd] = ROTATIONS;
    let third = PARITY ^ key[0] ^ key[1];
    let x = plus(counter, key);
    let x = plus(four_rounds(x, even), [key[1], third.wrapping_add(1)]);
    let x = plus(four_rounds(x, odd), [third, key[0].wrapping_add(2)]);
    let x = plus(four_rounds(x, even), [key[0], key[1].wrapping_add(3)]);
    let x = plus(four_rounds(x, odd), [key[1], third.wrapping_add(4)]);
    plus(four_rounds(x, even), [third, key[0].wrapping_add(5)])
}

#[inline(always)]
fn four_rounds(x: [u32; 2], by: [u32; 4]) -> [u32; 2] {
    round(round(round(round(x, by[0]), by[1]), by[2]), by[3])
}

#[inline(always)]
fn round(x: [u32; 2], by: u32) -> [u32; 2] {
    let sum = x[0].wrapping_add(x[1]);
    [sum, x[1].rotate_left(by) ^ sum]
}

#[inline(always)]
fn plus(a: [u32; 2], b: [u32; 2]) -> [u32; 2] {
    [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])]
}

/// Two independent standard normal numbers from two random words (Box and Muller 1958); no larger than
/// 5.8 in size.
#[inline(always)]
pub fn normal_pair<R: Real>(words: [u32; 2]) -> [R; 2] {
    let [a, b] = words.map(|word| R::from_i32((word >> SPARE_BITS) as i32));
    // Above 0 and up to 1: a logarithm is taken.
    let length = (-(R::from_f64(2.0) * ((a + R::ONE) * R::from_f64(UNIT)).ln())).sqrt();
    let angle = b * R::from_f64(std::f64::consts::TAU * UNIT);
    [length * angle.cos(), length * angle.sin()]
}

/// The two normal numbers number `pair` of a trajectory's step.
#[inline(always)]
pub fn normals<R: Real>(seed: u32, trajectory: u32, step: u32, pair: u32) -> [R; 2] {
    normal_pair(threefry([seed, trajectory], [step, pair]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Key, counter and result: the known answers published with Random123 (`kat_vectors`).
    pub const KNOWN: [[[u32; 2]; 3]; 3] = [
        [[0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]],
        [[u32::MAX, u32::MAX], [u32::MAX, u32::MAX], [0x1cb9_96fc, 0xbb00_2be7]],
        [[0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]],
    ];

    #[test]
    fn the_words_are_the_published_ones() {
        for [key, counter, words] in KNOWN {
            assert_eq!(threefry(key, counter), words);
        }
    }

    #[test]
    fn the_normal_numbers_are_those_of_the_formula() {
        for [a, b] in [[0, 0], [u32::MAX, u32::MAX], [0x1234_5678, 0x9abc_def0], [255, 256], [256, 255]] {
            let uniform = (f64::from(a >> 8) + 1.0) / 16_777_216.0;
            let angle = std::f64::consts::TAU * f64::from(b >> 8) / 16_777_216.0;
            let length = (-2.0 * uniform.ln()).sqrt();
            let wanted = [length * angle.cos(), length * angle.sin()];
            let (double, single) = (normal_pair::<f64>([a, b]), normal_pair::<f32>([a, b]));
            for i in 0..2 {
                assert!((double[i] - wanted[i]).abs() < 1e-14, "{a} {b}: {double:?} {wanted:?}");
                assert!((f64::from(single[i]) - wanted[i]).abs() < 4e-6, "{a} {b}: {single:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn a_million_draws_are_standard_normal_and_independent() {
        // Moments 1 to 4 of a standard normal number and their standard errors over n draws.
        const N: usize = 1_000_000;
        for (name, draws) in [
            ("steps", (0..N as u32 / 2).map(|t| normals::<f64>(7, 3, t, 0)).collect::<Vec<_>>()),
            ("trajectories", (0..N as u32 / 2).map(|k| normals(7, k, 3, 0)).collect()),
            ("pairs", (0..N as u32 / 2).map(|p| normals(7, 3, 5, p)).collect()),
            ("seeds", (0..N as u32 / 2).map(|s| normals(s, 3, 5, 1)).collect()),
        ] {
            let flat: Vec<f64> = draws.iter().flatten().copied().collect();
            let mean = |values: &mut dyn Iterator<Item = f64>, n: usize| values.sum::<f64>() / n as f64;
            let n = N as f64;
            for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
                let found = mean(&mut flat.iter().map(|x| x.powi(power)), N);
                let errors = (found - moment) / f64::sqrt(variance / n);
                assert!(errors.abs() < 4.0, "{name}: moment {power} is {found}, off by {errors} errors");
            }
            // The two of a pair, and each number and the next of its kind, before and after squaring.
            let square = |x: f64| (x * x - 1.0) / 2f64.sqrt();
            for lag in [0, 1, 2] {
                for f in [(|x| x) as fn(f64) -> f64, square] {
                    let pairs = draws.iter().zip(&draws[lag..]);
                    let count = draws.len() - lag;
                    let crossed = mean(&mut pairs.clone().map(|(a, b)| f(a[0]) * f(b[1])), count);
                    let own = mean(&mut pairs.map(|(a, b)| f(a[0]) * f(b[0])), count);
                    let error = 1.0 / (count as f64).sqrt();
                    assert!(crossed.abs() < 4.0 * error, "{name}: correlation {crossed} at lag {lag}");
                    assert!(lag == 0 || own.abs() < 4.0 * error, "{name}: correlation {own} at lag {lag}");
                }
            }
        }
    }
}
