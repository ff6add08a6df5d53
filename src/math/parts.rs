//! What the functions are made of.

use super::*;

/// The polynomial with these coefficients, lowest first, by Horner's rule.
#[inline(always)]
pub fn polynomial<const N: usize>(coefficients: &[Float; N], x: Float) -> Float {
    let mut sum = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * x + coefficients[k];
    }
    sum
}

/// The nearest integer, ties to even, of a number below `2^(MANTISSA - 1)` in size.
#[inline(always)]
pub fn nearest(x: Float) -> Float {
    (x + ROUND) - ROUND
}

/// Whether `x >= 0` is an integer.
#[inline(always)]
pub fn is_whole(x: Float) -> bool {
    (x >= ALL_WHOLE) | ((x + ALL_WHOLE) - ALL_WHOLE == x)
}

/// `2^n` for an integer `n` within the exponents of normal numbers.
#[inline(always)]
pub fn power_of_two(n: Float) -> Float {
    const BIAS: Float = (Float::MAX_EXP - 1) as Float;
    // The biased exponent lies in the low bits of the sum; the shift drops what is above it.
    Float::from_bits((n + (ROUND + BIAS)).to_bits() << MANTISSA)
}

/// `a * 2^n`, where the result may be subnormal, zero or infinite.
#[inline(always)]
pub fn scale(a: Float, n: Float) -> Float {
    let half = nearest(0.5 * n);
    a * power_of_two(half) * power_of_two(n - half)
}

/// The leading half of a number's bits: the rest is what subtracting it leaves.
#[inline(always)]
pub fn head(a: Float) -> Float {
    Float::from_bits(a.to_bits() & HEAD)
}

/// `2^down` and `up = -down`, with `down` such that `x * 2^down` lies in `[1, 2)` for a normal `x`;
/// `-inf` for an infinite one or NaN.
#[inline(always)]
pub fn normalize(x: Float) -> (Float, Float) {
    const BIAS: i32 = Float::MAX_EXP - 1;
    let biased = ((x.to_bits() & !SIGN) >> MANTISSA) as i32;
    (Float::from_bits(((2 * BIAS - biased) as Bits) << MANTISSA), (biased - BIAS) as Float)
}
