//! exp and its relatives.

use super::*;

/// `r` and `n` with `x = n ln(2) + r` and `|r| <= ln(2)/2`.
#[inline(always)]
fn reduce<L: Value>(x: L) -> (L, L) {
    let n = nearest(x * LOG2_E);
    let r = n.neg_mul_add(n.constant(LN_2_HI), x);
    (n.neg_mul_add(n.constant(LN_2_LO), r), n)
}

/// `e^r - 1` for `|r| <= ln(2)/2`.
#[inline(always)]
pub fn expm1_reduced<L: Value>(r: L) -> L {
    (r * r).mul_add(polynomial(&EXP, r), r)
}

#[inline(always)]
pub fn exp<L: Value>(x: L) -> L {
    let (r, n) = reduce(at_most(at_least(x, EXP_LOW), EXP_HIGH));
    scale(expm1_reduced(r) + 1.0, n)
}

/// `e^-|x|`.
#[inline(always)]
pub fn exp_falling<L: Value>(x: L) -> L {
    let (r, n) = reduce(at_least(-x.abs(), EXP_LOW));
    scale(expm1_reduced(r) + 1.0, n)
}

#[inline(always)]
pub fn expm1<L: Value>(x: L) -> L {
    let (r, n) = reduce(at_most(at_least(x, EXPM1_LOW), EXP_HIGH));
    // 2^n itself may overflow where the result does not.
    let half = power_of_two(n - 1.0);
    expm1_reduced(r).mul_add(half, half - 0.5) * 2.0
}

#[inline(always)]
pub fn sigmoid<L: Value>(x: L) -> L {
    let e = exp_falling(x);
    L::choose(x.lt(x.constant(0.0)), e, x.constant(1.0)) / (e + 1.0)
}

#[inline(always)]
pub fn tanh<L: Value>(x: L) -> L {
    let a = x.abs();
    let z = x * x;
    let near = (a * z).mul_add(polynomial(&TANH, z), a);
    let (r, n) = reduce(at_most(a, TANH_HIGH) * 2.0);
    let power = (expm1_reduced(r) + 1.0) * power_of_two(n);
    let far = x.constant(1.0) - x.constant(2.0) / (power + 1.0);
    L::choose(a.lt(a.constant(0.625)), near, far).copysign(x)
}
