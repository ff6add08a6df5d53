//! sin, cos, tan and atan.

use super::*;

/// `x` less the nearest multiple of pi/2, NaN beyond [`ANGLE_MAX`], and that multiple in the low bits.
#[inline(always)]
fn quarter_turns<L: Value>(x: L) -> (L, L::Bits) {
    let shifted = x * FRAC_2_PI + ROUND;
    let n = shifted - ROUND;
    const EXACT: usize = HALF_PI.len() - 3;
    let mut r = x;
    for &part in &HALF_PI[..EXACT] {
        r = n.neg_mul_add(n.constant(part), r);
    }
    // The last differences are rounded: what two of them lose goes into the third.
    let (a, b, c) = (n * HALF_PI[EXACT], n * HALF_PI[EXACT + 1], n * HALF_PI[EXACT + 2]);
    let less_a = r - a;
    let less_b = less_a - b;
    let lost = ((r - less_a) - a) + ((less_a - less_b) - b);
    let r = less_b - (c - lost);
    (L::choose(x.abs().le(x.constant(ANGLE_MAX)), r, x.constant(Float::NAN)), shifted.to_bits())
}

/// Sine and cosine for `|r| <= pi/4`.
#[inline(always)]
fn sin_cos_reduced<L: Value>(r: L) -> (L, L) {
    let z = r * r;
    let sin = (r * z).mul_add(polynomial(&SIN, z), r);
    let cos = r.constant(1.0) - (z * z).neg_mul_add(polynomial(&COS, z), z * 0.5);
    (sin, cos)
}

/// Whether a number of quarter turns is even.
#[inline(always)]
fn is_even<L: Value>(turns: L::Bits) -> L::Truth {
    let odd = L::from_bits(turns.shl(Word::BITS - 1).shr(1));
    odd.eq(odd.constant(0.0))
}

/// The sine of `r` and `turns` quarter turns.
#[inline(always)]
fn sin_turned<L: Value>(r: L, turns: L::Bits) -> L {
    let (sin, cos) = sin_cos_reduced(r);
    let value = L::choose(is_even::<L>(turns), sin, cos);
    let sign = turns.and(turns.constant(2)).shl(Word::BITS - 2);
    L::from_bits(value.to_bits().xor(sign))
}

#[inline(always)]
pub fn sin<L: Value>(x: L) -> L {
    let (r, turns) = quarter_turns(x);
    sin_turned(r, turns)
}

#[inline(always)]
pub fn cos<L: Value>(x: L) -> L {
    let (r, turns) = quarter_turns(x);
    sin_turned(r, turns.wrapping_add(turns.constant(1)))
}

#[inline(always)]
pub fn tan<L: Value>(x: L) -> L {
    let (r, turns) = quarter_turns(x);
    let (sin, cos) = sin_cos_reduced(r);
    let even = is_even::<L>(turns);
    L::choose(even, sin, -cos) / L::choose(even, cos, sin)
}

#[inline(always)]
pub fn atan<L: Value>(x: L) -> L {
    let a = x.abs();
    let number = |number: Float| x.constant(number);
    // atan(a) = k pi/4 + atan(q), |q| <= 0.45
    let (middle, far) = (number(0.45).lt(a), number(2.414).lt(a));
    let above = L::choose(far, number(-1.0), L::choose(middle, a - 1.0, a));
    let below = L::choose(far, a, L::choose(middle, a + 1.0, number(1.0)));
    let k = L::choose(far, number(2.0), L::choose(middle, number(1.0), number(0.0)));
    let q = above / below;
    let z = q * q;
    let near = (q * z).mul_add(polynomial(&ATAN, z), q);
    k.mul_add(number(FRAC_PI_4), k.mul_add(number(FRAC_PI_4_LO), near)).copysign(x)
}
