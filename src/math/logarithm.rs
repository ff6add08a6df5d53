//! The logarithms, and what is made with them.

use super::*;

const TWO_THIRDS: Float = 2.0 / 3.0;

/// The exponent field of the `e` with `u * 2^-e` in `[start, 2 start)`.
#[inline(always)]
fn exponent_field(u: Float, start: Float) -> Bits {
    u.to_bits().wrapping_sub(start.to_bits()) & EXPONENT
}

/// `a * 2^-e` for the `e` with this field, if both are normal.
#[inline(always)]
fn lower(a: Float, field: Bits) -> Float {
    Float::from_bits(a.to_bits().wrapping_sub(field))
}

/// `ln(2^e (1 + m))` for `|m| <= 1/3`.
#[inline(always)]
fn ln_reduced(m: Float, field: Bits) -> Float {
    exponent(field) * LN_2_UNIT + (m + m * m * polynomial(&LOG1P, m))
}

/// `ln(1 + a)` for finite `a > -1`.
#[inline(always)]
fn log1p_finite(a: Float) -> Float {
    // 2^e of 1 + a is taken out of a and of 1 apart: the sum would round the low bits of a away.
    let field = exponent_field(1.0 + a, TWO_THIRDS);
    // Four times 2^-e, as 2^-e itself may be subnormal.
    let one = Float::from_bits((4.0 as Float).to_bits().wrapping_sub(field));
    ln_reduced(lower(a, field) + (0.25 * one - 1.0), field)
}

/// `finite` if `u` is positive and finite, and else the logarithm of `u`.
#[inline(always)]
fn ln_or(u: Float, finite: Float) -> Float {
    let ln = if u < Float::INFINITY { finite } else { u };
    let end = if u == 0.0 { Float::NEG_INFINITY } else { Float::NAN };
    if u > 0.0 { ln } else { end }
}

#[inline(always)]
pub fn log1p(a: Float) -> Float {
    ln_or(1.0 + a, log1p_finite(a))
}

#[inline(always)]
pub fn ln(a: Float) -> Float {
    let tiny = a < Float::MIN_POSITIVE;
    let u = if tiny { a * RAISE } else { a };
    let field = exponent_field(u, TWO_THIRDS);
    let m = lower(u, field) - 1.0;
    ln_or(a, ln_reduced(m, field.wrapping_sub(if tiny { RAISED } else { 0 })))
}

#[inline(always)]
pub fn softplus(x: Float) -> Float {
    // Not `x > 0`: NaN has to come through.
    (if x < 0.0 { 0.0 } else { x }) + log1p_finite(exp_falling(x))
}

/// `ln(a)` as a sum, for normal `a > 0`: a head and the rest, with half as many bits more than a number
/// has.
#[inline(always)]
fn ln_double(a: Float, raised: Bits) -> (Float, Float) {
    // a = 2^e z = 2^e c (1 + s)/(1 - s): c is one of three numbers of few bits, so |s| < 0.059.
    let field = exponent_field(a, 0.7125);
    let z = lower(a, field);
    let (low, high) = (z < 0.8926, z > 1.125);
    let c = if low { 51.0 / 64.0 } else { 1.0 };
    let c = if high { 81.0 / 64.0 } else { c };
    let c_hi = if low { LN_LOW_HI } else { 0.0 };
    let c_hi = if high { LN_HIGH_HI } else { c_hi };
    let c_lo = if low { LN_LOW_LO } else { 0.0 };
    let c_lo = if high { LN_HIGH_LO } else { c_lo };
    let f = z - c;
    let d = z + c;
    let s = f / d;
    // What the head of s leaves of f = s (f + 2 c), in products that are exact.
    let s_hi = head(s);
    let f_hi = head(f);
    let rest = ((f - s_hi * (2.0 * c)) - s_hi * f_hi) - s_hi * (f - f_hi);
    let s_lo = rest / d;
    let square = s * s;
    let tail = s * square * polynomial(&ATANH, square);
    let e = exponent(field.wrapping_sub(raised)) * (1.0 / EXPONENT_UNIT);
    let whole = e * LN_2_HI + c_hi; // exact
    let twice = s_hi + s_hi;
    let sum = whole + twice;
    let lo = (twice - (sum - whole)) + ((e * LN_2_LO + c_lo) + (s_lo + s_lo) + tail);
    let ln_hi = head(sum + lo);
    (ln_hi, (sum - ln_hi) + lo)
}

#[inline(always)]
pub fn pow(a: Float, b: Float) -> Float {
    let size = a.abs();
    let tiny = size < Float::MIN_POSITIVE;
    let (ln_hi, ln_lo) = ln_double(if tiny { size * RAISE } else { size }, if tiny { RAISED } else { 0 });
    let power = if b > POW_MAX { POW_MAX } else { b };
    let power = if power < -POW_MAX { -POW_MAX } else { power };
    let power_hi = head(power);
    let y_hi = power_hi * ln_hi; // exact
    let y_lo = (power - power_hi) * ln_hi + power * ln_lo;
    let y = y_hi + y_lo;
    let n = nearest(y * LOG2_E);
    let r = (y_hi - n * LN_2_HI) + (y_lo - n * LN_2_LO);
    let value = scale(1.0 + expm1_reduced(r), n);
    let value = if y > EXP_HIGH { Float::INFINITY } else { value };
    let value = if y < EXP_LOW { 0.0 } else { value };
    // 0 and infinity have no finite logarithm; they go to 0, 1 or infinity.
    let rises = (size == 0.0) == (b < 0.0);
    let end = if rises { Float::INFINITY } else { 0.0 };
    let end = if b == 0.0 { 1.0 } else { end };
    let value = if (size == 0.0) | (size == Float::INFINITY) { end } else { value };
    let odd = is_whole(b.abs()) & !is_whole(0.5 * b.abs());
    let negative = if odd { -value } else { value };
    let negative = if is_whole(b.abs()) { negative } else { Float::NAN };
    let value = if a < 0.0 { negative } else { value };
    if a.is_nan() | b.is_nan() { Float::NAN } else { value }
}
