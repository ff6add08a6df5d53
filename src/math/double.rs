//! The elementary functions in f64: the constants, and the functions of the neighbouring files made with them.

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

pub use core::f64::consts::{FRAC_2_PI, FRAC_PI_4, LN_2, LOG2_E};
pub use exponential::*;
pub use logarithm::*;
pub use parts::*;
pub use shader::*;
pub use trigonometric::*;

use super::lane::{Bits, Lane};

pub type Float = f64;
pub type Word = u64;

/// Bits of a number below its exponent.
pub const MANTISSA: u32 = 52;
pub const SIGN: Word = 1 << 63;
/// The exponent's bits, and the sign above them.
pub const EXPONENT: Word = Word::MAX << MANTISSA;
/// The bits that [`head`] keeps: few enough that the product of two heads is exact.
pub const HEAD: Word = Word::MAX << 27;
/// Added to a number below `2^(MANTISSA - 1)` in size, it leaves the nearest integer in the low bits.
pub const ROUND: Float = 6_755_399_441_055_744.0; // 1.5 * 2^52
/// From here on every number is an integer.
pub const ALL_WHOLE: Float = 4_503_599_627_370_496.0; // 2^52
/// What makes every subnormal number normal.
pub const RAISE: Float = 18_014_398_509_481_984.0; // 2^54
pub const RAISED: Word = 54 << MANTISSA;

/// Where `exp` has long become 0 and infinite.
pub const EXP_LOW: Float = -746.0;
pub const EXP_HIGH: Float = 710.0;
/// Where `expm1` has long become -1.
pub const EXPM1_LOW: Float = -40.0;
/// Where `tanh` has long become 1.
pub const TANH_HIGH: Float = 20.0;
/// Largest argument of `sin`, `cos` and `tan`.
pub const ANGLE_MAX: Float = 1_073_741_824.0; // 2^30
/// Exponents of `pow` beyond this size say no more than this.
pub const POW_MAX: Float = 1.0e22;

/// ln(2) as a sum; a multiple of 2^-40, so that its product with any exponent is exact, and the rest.
pub const LN_2_HI: Float = 0.6931471805592082;
pub const LN_2_LO: Float = 7.371002565167799e-13;
/// The logarithms of 51/64 and 81/64 as such sums.
pub const LN_LOW_HI: Float = -0.22705745063558425;
pub const LN_LOW_LO: Float = 2.3816104294194896e-13;
pub const LN_HIGH_HI: Float = 0.23556607131286;
pub const LN_HIGH_LO: Float = -9.30945949519689e-14;
/// pi/4 less its nearest `Float`.
pub const FRAC_PI_4_LO: Float = 3.061616997868383e-17;
/// pi/2 as a sum; every part but the last has so few bits that its product with the number of quarter
/// turns up to [`ANGLE_MAX`] is exact.
pub const HALF_PI: [Float; 5] = [
    1.570796251296997,
    7.549789415861596e-08,
    5.390302529957765e-15,
    3.282003415807913e-22,
    1.2706558760139879e-29,
];

/// How much [`exponent`] counts for one binary exponent, and the logarithm that one unit stands for.
pub const EXPONENT_UNIT: Float = 1.0;
pub const LN_2_UNIT: Float = LN_2;

/// The signed binary exponent whose bits are `field`, times [`EXPONENT_UNIT`].
///
/// Put into the low bits of a large number: few instruction sets convert 64-bit integers.
#[inline(always)]
pub fn exponent<L: Value>(field: L::Bits) -> L {
    const LARGE: Float = 4_503_599_627_370_496.0; // 2^52
    let shifted = field.xor(field.constant(SIGN)).shr(MANTISSA); // the exponent + 2^11
    L::from_bits(shifted.or(shifted.constant(LARGE.to_bits()))) - (LARGE + 2048.0)
}

// Polynomials, lowest coefficient first. Each is the minimax fit (Remez exchange with 60 digits, by
// tools outside this crate) whose largest error relative to the function itself is the one given.

/// `(ln(1 + m) - m) / m^2` over `[-1/3, 1/3]`; relative error 2^-54.2 of ln(1 + m).
pub const LOG1P: [Float; 19] = [
    -0.4999999999999997,
    0.33333333333338827,
    -0.25000000000023775,
    0.19999999998030912,
    -0.16666666661645685,
    0.14285714528362445,
    -0.12500000466325997,
    0.11111096484027307,
    -0.09999976664667296,
    0.09091406170766059,
    -0.08334026203585146,
    0.07682161453247412,
    -0.07130108338104416,
    0.06793031966420106,
    -0.06396116149113829,
    0.049520240576081044,
    -0.04551532803426316,
    0.08868631010142125,
    -0.08664232957804996,
];
/// `(e^r - 1 - r) / r^2` over `|r| <= ln(2)/2`; relative error 2^-55.6 of e^r - 1.
pub const EXP: [Float; 10] = [
    0.5000000000000006,
    0.16666666666666588,
    0.04166666666657682,
    0.008333333333389481,
    0.001388888893154227,
    0.00019841269719158745,
    2.48015053023791e-05,
    2.7557407420579857e-06,
    2.762602602062324e-07,
    2.505380684527537e-08,
];
/// `(sin(r) - r) / r^3` in `z = r^2`, over `|r| <= pi/4`; relative error 2^-57.9 of sin(r).
pub const SIN: [Float; 6] = [
    -0.1666666666666663,
    0.008333333333322104,
    -0.00019841269829577304,
    2.755731361700029e-06,
    -2.5050747055012863e-08,
    1.5896187946115398e-10,
];
/// `(cos(r) - 1 + r^2/2) / r^4` in `z = r^2`, over `|r| <= pi/4`; relative error 2^-64.0 of cos(r).
pub const COS: [Float; 6] = [
    0.041666666666666595,
    -0.0013888888888873036,
    2.4801587288838466e-05,
    -2.755731417536595e-07,
    2.087570029390811e-09,
    -1.1358507461046966e-11,
];
/// `(tanh(x) - x) / x^3` in `z = x^2`, over `|x| <= 5/8`; relative error 2^-56.5 of tanh(x).
pub const TANH: [Float; 11] = [
    -0.33333333333332854,
    0.13333333333262093,
    -0.05396825393126854,
    0.021869487576110055,
    -0.008863221002799234,
    0.00359198917497045,
    -0.0014549588830904696,
    0.0005863165548971265,
    -0.00022856423712759626,
    7.714439319745e-05,
    -1.6072581537790563e-05,
];
/// `(atan(q) - q) / q^3` in `z = q^2`, over `|q| <= 0.45`; relative error 2^-56.8 of atan(q).
pub const ATAN: [Float; 11] = [
    -0.33333333333332604,
    0.19999999999789192,
    -0.14285714264490582,
    0.11111110042954926,
    -0.09090877749807083,
    0.07691726534441365,
    -0.06659552172502296,
    0.05823699643280994,
    -0.04937285670314865,
    0.035637440068264546,
    -0.015416543998449187,
];
/// `(2 artanh(s) - 2 s) / s^3` in `z = s^2`, over `|s| <= 0.059`; relative error 2^-63.5 of 2 artanh(s).
pub const ATANH: [Float; 5] =
    [0.6666666666666687, 0.3999999999918096, 0.2857142964648457, 0.22221606632728988, 0.18341677154668443];
