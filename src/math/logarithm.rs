//! The logarithms, and what is made with them.

use super::*;

const TWO_THIRDS: Float = 2.0 / 3.0;

/// The exponent field of the `e` with `u * 2^-e` in `[start, 2 start)`.
#[inline(always)]
fn exponent_field<L: Value>(u: L, start: Float) -> L::Bits {
    let bits = u.to_bits();
    bits.wrapping_sub(bits.constant(start.to_bits())).and(bits.constant(EXPONENT))
}

/// `a * 2^-e` for the `e` with this field, if both are normal.
#[inline(always)]
fn lower<L: Value>(a: L, field: L::Bits) -> L {
    L::from_bits(a.to_bits().wrapping_sub(field))
}

/// `ln(2^e (1 + m))` for `|m| <= 1/3`.
#[inline(always)]
fn ln_reduced<L: Value>(m: L, field: L::Bits) -> L {
    // What does not wait for the polynomial comes first.
    let first = exponent::<L>(field).mul_add(m.constant(LN_2_UNIT), m);
    (m * m).mul_add(polynomial(&LOG1P, m), first)
}

/// `ln(1 + a)` for finite `a > -1`, with `u = 1 + a`.
#[inline(always)]
fn log1p_finite<L: Value>(a: L, u: L) -> L {
    // 2^e of 1 + a is taken out of a and of 1 apart: the sum would round the low bits of a away.
    let field = exponent_field(u, TWO_THIRDS);
    // Four times 2^-e, as 2^-e itself may be subnormal.
    let one = lower(a.constant(4.0), field);
    ln_reduced(lower(a, field) + one.mul_add(a.constant(0.25), a.constant(-1.0)), field)
}

/// `finite` if `u` is positive and finite, and else the logarithm of `u`.
#[inline(always)]
fn ln_or<L: Value>(u: L, finite: L) -> L {
    let zero = u.constant(0.0);
    let ln = L::choose(u.lt(u.constant(Float::INFINITY)), finite, u);
    let end = L::choose(u.eq(zero), u.constant(Float::NEG_INFINITY), u.constant(Float::NAN));
    // Asked like this, it is known for most arguments.
    L::choose(u.le(zero), end, ln)
}

#[inline(always)]
pub fn log1p<L: Value>(a: L) -> L {
    let u = a + 1.0;
    ln_or(u, log1p_finite(a, u))
}

#[inline(always)]
pub fn ln<L: Value>(a: L) -> L {
    let tiny = a.lt(a.constant(Float::MIN_POSITIVE));
    let u = L::choose(tiny, a * RAISE, a);
    let field = exponent_field(u, TWO_THIRDS);
    let m = lower(u, field) - 1.0;
    ln_or(a, ln_reduced(m, field.wrapping_sub(raised(tiny, a))))
}

/// What raising a number that is `tiny` has added to its exponent field.
#[inline(always)]
fn raised<L: Value>(tiny: L::Truth, a: L) -> L::Bits {
    L::choose(tiny, a.constant(Float::from_bits(RAISED)), a.constant(0.0)).to_bits()
}

#[inline(always)]
pub fn softplus<L: Value>(x: L) -> L {
    let falling = exp_falling(x);
    at_least(x, 0.0) + log1p_finite(falling, falling + 1.0)
}

/// `ln(a)` as a sum, for normal `a > 0`: a head and the rest, with half as many bits more than a number
/// has.
#[inline(always)]
fn ln_double<L: Value>(a: L, raised: L::Bits) -> (L, L) {
    // a = 2^e z = 2^e c (1 + s)/(1 - s): c is one of three numbers of few bits, so |s| < 0.059.
    let field = exponent_field(a, 0.7125);
    let z = lower(a, field);
    let (low, high) = (z.lt(z.constant(0.8926)), z.constant(1.125).lt(z));
    let of_three = |at_low: Float, between: Float, at_high: Float| {
        let value = L::choose(low, z.constant(at_low), z.constant(between));
        L::choose(high, z.constant(at_high), value)
    };
    let c = of_three(51.0 / 64.0, 1.0, 81.0 / 64.0);
    let c_hi = of_three(LN_LOW_HI, 0.0, LN_HIGH_HI);
    let c_lo = of_three(LN_LOW_LO, 0.0, LN_HIGH_LO);
    let f = z - c;
    let d = z + c;
    let s = f / d;
    // What the head of s leaves of f = s (f + 2 c), in products that are exact.
    let s_hi = head(s);
    let f_hi = head(f);
    let rest = ((f - s_hi * (c * 2.0)) - s_hi * f_hi) - s_hi * (f - f_hi);
    let s_lo = rest / d;
    let square = s * s;
    let tail = s * square * polynomial(&ATANH, square);
    let e = exponent::<L>(field.wrapping_sub(raised)) * (1.0 / EXPONENT_UNIT);
    let whole = e * LN_2_HI + c_hi; // exact
    let twice = s_hi + s_hi;
    let sum = whole + twice;
    let lo = (twice - (sum - whole)) + ((e * LN_2_LO + c_lo) + (s_lo + s_lo) + tail);
    let ln_hi = head(sum + lo);
    (ln_hi, (sum - ln_hi) + lo)
}

#[inline(always)]
pub fn pow<L: Value>(a: L, b: L) -> L {
    let (zero, infinity, nan) = (a.constant(0.0), a.constant(Float::INFINITY), a.constant(Float::NAN));
    let size = a.abs();
    let tiny = size.lt(a.constant(Float::MIN_POSITIVE));
    let (ln_hi, ln_lo) = ln_double(L::choose(tiny, size * RAISE, size), raised(tiny, a));
    let power = at_least(at_most(b, POW_MAX), -POW_MAX);
    let power_hi = head(power);
    let y_hi = power_hi * ln_hi; // exact
    let y_lo = (power - power_hi) * ln_hi + power * ln_lo;
    let y = y_hi + y_lo;
    let n = nearest(y * LOG2_E);
    let r = (y_hi - n * LN_2_HI) + (y_lo - n * LN_2_LO);
    let value = scale(expm1_reduced(r) + 1.0, n);
    let value = L::choose(y.constant(EXP_HIGH).lt(y), infinity, value);
    let value = L::choose(y.lt(y.constant(EXP_LOW)), zero, value);
    // 0 and infinity have no finite logarithm; they go to 0, 1 or infinity.
    let (is_zero, falls) = (size.eq(zero), b.lt(zero));
    let rises = (is_zero & falls) | (!is_zero & !falls);
    let end = L::choose(rises, infinity, zero);
    let end = L::choose(b.eq(zero), a.constant(1.0), end);
    let value = L::choose(is_zero | size.eq(infinity), end, value);
    let whole = is_whole(b.abs());
    let odd = whole & !is_whole(b.abs() * 0.5);
    let negative = L::choose(odd, -value, value);
    let negative = L::choose(whole, negative, nan);
    let value = L::choose(a.lt(zero), negative, value);
    L::choose(a.eq(a) & b.eq(b), value, nan)
}
