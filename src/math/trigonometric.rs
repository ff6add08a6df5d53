//! sin, cos, tan and atan.

use super::*;

/// `x` less the nearest multiple of pi/2, NaN beyond [`ANGLE_MAX`], and that multiple in the low bits.
#[inline(always)]
fn quarter_turns(x: Float) -> (Float, Bits) {
    let shifted = x * FRAC_2_PI + ROUND;
    let n = shifted - ROUND;
    const EXACT: usize = HALF_PI.len() - 3;
    let mut r = x;
    for part in &HALF_PI[..EXACT] {
        r -= n * part;
    }
    // The last differences are rounded: what two of them lose goes into the third.
    let (a, b, c) = (n * HALF_PI[EXACT], n * HALF_PI[EXACT + 1], n * HALF_PI[EXACT + 2]);
    let less_a = r - a;
    let less_b = less_a - b;
    let lost = ((r - less_a) - a) + ((less_a - less_b) - b);
    let r = less_b - (c - lost);
    (if x.abs() <= ANGLE_MAX { r } else { Float::NAN }, shifted.to_bits())
}

/// Sine and cosine for `|r| <= pi/4`.
#[inline(always)]
fn sin_cos_reduced(r: Float) -> (Float, Float) {
    let z = r * r;
    let sin = r + r * z * polynomial(&SIN, z);
    let cos = 1.0 - (0.5 * z - z * z * polynomial(&COS, z));
    (sin, cos)
}

/// The sine of `r` and `turns` quarter turns.
#[inline(always)]
fn sin_turned(r: Float, turns: Bits) -> Float {
    let (sin, cos) = sin_cos_reduced(r);
    let value = if turns & 1 == 0 { sin } else { cos };
    Float::from_bits(value.to_bits() ^ ((turns & 2) << (Bits::BITS - 2)))
}

#[inline(always)]
pub fn sin(x: Float) -> Float {
    let (r, turns) = quarter_turns(x);
    sin_turned(r, turns)
}

#[inline(always)]
pub fn cos(x: Float) -> Float {
    let (r, turns) = quarter_turns(x);
    sin_turned(r, turns.wrapping_add(1))
}

#[inline(always)]
pub fn tan(x: Float) -> Float {
    let (r, turns) = quarter_turns(x);
    let (sin, cos) = sin_cos_reduced(r);
    let even = turns & 1 == 0;
    (if even { sin } else { -cos }) / (if even { cos } else { sin })
}

#[inline(always)]
pub fn atan(x: Float) -> Float {
    let a = x.abs();
    // atan(a) = k pi/4 + atan(q), |q| <= 0.45
    let (middle, far) = (a > 0.45, a > 2.414);
    let above = if middle { a - 1.0 } else { a };
    let above = if far { -1.0 } else { above };
    let below = if middle { a + 1.0 } else { 1.0 };
    let below = if far { a } else { below };
    let k = if middle { 1.0 } else { 0.0 };
    let k = if far { 2.0 } else { k };
    let q = above / below;
    let z = q * q;
    let near = q + q * z * polynomial(&ATAN, z);
    (k * FRAC_PI_4 + (near + k * FRAC_PI_4_LO)).copysign(x)
}
