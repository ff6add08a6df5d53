//! The elementary functions in f32: the constants, and the functions of the neighbouring files made with them.

#[path = "exponential.rs"]
mod exponential;
#[path = "logarithm.rs"]
mod logarithm;
#[path = "parts.rs"]
mod parts;
#[path = "shader.rs"]
mod shader;
#[path = "trigonometric.rs"]
mod trigonometric;

pub use core::f32::consts::{FRAC_2_PI, FRAC_PI_4, LN_2, LOG2_E};
pub use exponential::*;
pub use logarithm::*;
pub use parts::*;
pub use shader::*;
pub use trigonometric::*;

use super::lane::{Bits, Lane};

pub type Float = f32;
pub type Word = u32;

/// Bits of a number below its exponent.
pub const MANTISSA: u32 = 23;
pub const SIGN: Word = 1 << 31;
/// The exponent's bits, and the sign above them.
pub const EXPONENT: Word = Word::MAX << MANTISSA;
/// The bits that [`head`] keeps: few enough that the product of two heads is exact.
pub const HEAD: Word = Word::MAX << 12;
/// Added to a number below `2^(MANTISSA - 1)` in size, it leaves the nearest integer in the low bits.
pub const ROUND: Float = 12_582_912.0; // 1.5 * 2^23
/// From here on every number is an integer.
pub const ALL_WHOLE: Float = 8_388_608.0; // 2^23
/// What makes every subnormal number normal.
pub const RAISE: Float = 16_777_216.0; // 2^24
pub const RAISED: Word = 24 << MANTISSA;

/// Where `exp` has long become 0 and infinite.
pub const EXP_LOW: Float = -104.0;
pub const EXP_HIGH: Float = 89.0;
/// Where `expm1` has long become -1.
pub const EXPM1_LOW: Float = -20.0;
/// Where `tanh` has long become 1.
pub const TANH_HIGH: Float = 10.0;
/// Largest argument of `sin`, `cos` and `tan`.
pub const ANGLE_MAX: Float = 131_072.0; // 2^17
/// Exponents of `pow` beyond this size say no more than this.
pub const POW_MAX: Float = 1.0e12;

/// ln(2) as a sum; a multiple of 2^-15, so that its product with any exponent is exact, and the rest.
pub const LN_2_HI: Float = 0.69314575;
pub const LN_2_LO: Float = 1.4286068e-06;
/// The logarithms of 51/64 and 81/64 as such sums.
pub const LN_LOW_HI: Float = -0.22705078;
pub const LN_LOW_LO: Float = -6.669385e-06;
pub const LN_HIGH_HI: Float = 0.23556519;
pub const LN_HIGH_LO: Float = 8.8576587e-07;
/// pi/4 less its nearest `Float`.
pub const FRAC_PI_4_LO: Float = -2.1855694e-08;
/// pi/2 as a sum; every part but the last has so few bits that its product with the number of quarter
/// turns up to [`ANGLE_MAX`] is exact.
pub const HALF_PI: [Float; 6] =
    [1.5703125, 0.00048065186, 3.1590462e-06, 1.5832484e-08, 6.04814e-11, 2.896074e-13];

/// How much [`exponent`] counts for one binary exponent, and the logarithm that one unit stands for.
pub const EXPONENT_UNIT: Float = 8_388_608.0; // 2^23
pub const LN_2_UNIT: Float = LN_2 / EXPONENT_UNIT;

/// The signed binary exponent whose bits are `field`, times [`EXPONENT_UNIT`].
#[inline(always)]
pub fn exponent<L: Value>(field: L::Bits) -> L {
    L::from_signed(field)
}

// Polynomials, lowest coefficient first. Each is the minimax fit (Remez exchange with 60 digits, by
// tools outside this crate) whose largest error relative to the function itself is the one given.

/// `(ln(1 + m) - m) / m^2` over `[-1/3, 1/3]`; relative error 2^-25.2 of ln(1 + m).
pub const LOG1P: [Float; 8] =
    [-0.49999937, 0.33333197, -0.2500782, 0.20011169, -0.16415958, 0.13995801, -0.15388548, 0.14026386];
/// `(e^r - 1 - r) / r^2` over `|r| <= ln(2)/2`; relative error 2^-26.2 of e^r - 1.
pub const EXP: [Float; 5] = [0.49999997, 0.16666543, 0.0416672, 0.008366515, 0.0013882519];
/// `(sin(r) - r) / r^3` in `z = r^2`, over `|r| <= pi/4`; relative error 2^-28.0 of sin(r).
pub const SIN: [Float; 3] = [-0.16666655, 0.00833216, -0.000195152];
/// `(cos(r) - 1 + r^2/2) / r^4` in `z = r^2`, over `|r| <= pi/4`; relative error 2^-33.0 of cos(r).
pub const COS: [Float; 3] = [0.041666646, -0.0013887315, 2.4433062e-05];
/// `(tanh(x) - x) / x^3` in `z = x^2`, over `|x| <= 5/8`; relative error 2^-27.8 of tanh(x).
pub const TANH: [Float; 5] = [-0.3333328, 0.13331442, -0.053739715, 0.020639094, -0.0057049934];
/// `(atan(q) - q) / q^3` in `z = q^2`, over `|q| <= 0.45`; relative error 2^-29.1 of atan(q).
pub const ATAN: [Float; 5] = [-0.33333296, 0.19997233, -0.14220713, 0.10430457, -0.056792807];
/// `(2 artanh(s) - 2 s) / s^3` in `z = s^2`, over `|s| <= 0.059`; relative error 2^-32.0 of 2 artanh(s).
pub const ATANH: [Float; 2] = [0.66666514, 0.40139845];
