//! exp and its relatives.

use super::*;

/// `r` and `n` with `x = n ln(2) + r` and `|r| <= ln(2)/2`.
#[inline(always)]
fn reduce(x: Float) -> (Float, Float) {
    let n = nearest(x * LOG2_E);
    ((x - n * LN_2_HI) - n * LN_2_LO, n)
}

/// `e^r - 1` for `|r| <= ln(2)/2`.
#[inline(always)]
pub fn expm1_reduced(r: Float) -> Float {
    r + r * r * polynomial(&EXP, r)
}

#[inline(always)]
pub fn exp(x: Float) -> Float {
    let x = if x < EXP_LOW { EXP_LOW } else { x };
    let x = if x > EXP_HIGH { EXP_HIGH } else { x };
    let (r, n) = reduce(x);
    scale(1.0 + expm1_reduced(r), n)
}

/// `e^-|x|`.
#[inline(always)]
pub fn exp_falling(x: Float) -> Float {
    let x = -x.abs();
    let (r, n) = reduce(if x < EXP_LOW { EXP_LOW } else { x });
    scale(1.0 + expm1_reduced(r), n)
}

#[inline(always)]
pub fn expm1(x: Float) -> Float {
    let x = if x < EXPM1_LOW { EXPM1_LOW } else { x };
    let x = if x > EXP_HIGH { EXP_HIGH } else { x };
    let (r, n) = reduce(x);
    // 2^n itself may overflow where the result does not.
    let half = power_of_two(n - 1.0);
    (expm1_reduced(r) * half + (half - 0.5)) * 2.0
}

#[inline(always)]
pub fn sigmoid(x: Float) -> Float {
    let e = exp_falling(x);
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

#[inline(always)]
pub fn tanh(x: Float) -> Float {
    let a = x.abs();
    let z = x * x;
    let near = a + a * z * polynomial(&TANH, z);
    let (r, n) = reduce(2.0 * if a > TANH_HIGH { TANH_HIGH } else { a });
    let far = 1.0 - 2.0 / ((1.0 + expm1_reduced(r)) * power_of_two(n) + 1.0);
    (if a < 0.625 { near } else { far }).copysign(x)
}
