//! What the functions are made of.

use super::*;

/// A lane of this precision.
pub trait Value: Lane<Number = Float, Bits: Bits<Word = Word>> {}

impl<L: Lane<Number = Float, Bits: Bits<Word = Word>>> Value for L {}

/// The polynomial with these coefficients, lowest first: the even and the odd powers, each by Horner's rule in `x^2`, which
/// half as many operations wait for one another in.
#[inline(always)]
pub fn polynomial<L: Value, const N: usize>(coefficients: &[Float; N], x: L) -> L {
    let square = x * x;
    let of_power = |k: usize| x.constant(coefficients[k]);
    let [mut last, mut sum] = [of_power(N - 1), of_power(N - 2)];
    // The two take turns: in the end `last` is that of the odd powers.
    for k in (0..N - 2).rev() {
        (last, sum) = (sum, last.mul_add(square, of_power(k)));
    }
    last.mul_add(x, sum)
}

/// `a`, or `least` where it is smaller. NaN comes through, as in [`at_most`].
#[inline(always)]
pub fn at_least<L: Value>(a: L, least: Float) -> L {
    let least = a.constant(least);
    L::choose(a.lt(least), least, a)
}

/// `a`, or `most` where it is larger.
#[inline(always)]
pub fn at_most<L: Value>(a: L, most: Float) -> L {
    let most = a.constant(most);
    L::choose(most.lt(a), most, a)
}

/// The nearest integer, ties to even, of a number below `2^(MANTISSA - 1)` in size.
#[inline(always)]
pub fn nearest<L: Value>(x: L) -> L {
    (x + ROUND) - ROUND
}

/// Whether `x >= 0` is an integer.
#[inline(always)]
pub fn is_whole<L: Value>(x: L) -> L::Truth {
    x.constant(ALL_WHOLE).le(x) | ((x + ALL_WHOLE) - ALL_WHOLE).eq(x)
}

/// `2^n` for an integer `n` within the exponents of normal numbers.
#[inline(always)]
pub fn power_of_two<L: Value>(n: L) -> L {
    const BIAS: Float = (Float::MAX_EXP - 1) as Float;
    // The biased exponent lies in the low bits of the sum; the shift drops what is above it.
    L::from_bits((n + (ROUND + BIAS)).to_bits().shl(MANTISSA))
}

/// `a * 2^n`, where the result may be subnormal, zero or infinite.
#[inline(always)]
pub fn scale<L: Value>(a: L, n: L) -> L {
    let half = nearest(n * 0.5);
    a * power_of_two(half) * power_of_two(n - half)
}

/// The leading half of a number's bits: the rest is what subtracting it leaves.
#[inline(always)]
pub fn head<L: Value>(a: L) -> L {
    let bits = a.to_bits();
    L::from_bits(bits.and(bits.constant(HEAD)))
}

/// `2^down` and `up = -down`, with `down` such that `x * 2^down` lies in `[1, 2)` for a normal `x`;
/// `-inf` for an infinite one or NaN.
#[inline(always)]
pub fn normalize<L: Value>(x: L) -> (L, L) {
    const BIAS: Word = (Float::MAX_EXP - 1) as Word;
    // From here to the double, numbers are one apart: their low bits are whole numbers.
    const LARGE: Float = ALL_WHOLE;
    let bits = x.to_bits();
    let biased = bits.and(bits.constant(!SIGN)).shr(MANTISSA);
    let down = L::from_bits(bits.constant(2 * BIAS).wrapping_sub(biased).shl(MANTISSA));
    (down, L::from_bits(biased.or(bits.constant(LARGE.to_bits()))) - (LARGE + BIAS as Float))
}
