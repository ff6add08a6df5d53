//! Elementary functions for the CPU engine, in f32 and f64; `shaders/math.wgsl` says them again.
//!
//! No call leaves the crate, no lane takes a branch and no table is looked up, so a loop over lanes
//! compiles to vector instructions. Products and sums stay apart (nothing is fused), so every
//! instruction set gives the same bits.
//!
//! The files `exponential.rs`, `logarithm.rs`, `trigonometric.rs`, `parts.rs` and `shader.rs` are compiled
//! twice: as modules of `single.rs` and of `double.rs`, whose constants and polynomials they use.
//!
//! # Accuracy
//!
//! Largest errors in units in the last place, over the whole domain; the tests read them here.
//!
//! | | f32 | f64 | GPU (f32) | GPU (f64) |
//! |---|---|---|---|---|
//! | `exp` | 2 | 2 | 3 | 3 |
//! | `expm1` | 2 | 2 | 4 | 4 |
//! | `ln` | 2 | 2 | 3 | 3 |
//! | `log1p` | 2 | 2 | 4 | 4 |
//! | `sin` | 2 | 2 | 3 | 3 |
//! | `cos` | 2 | 2 | 3 | 3 |
//! | `tan` | 4 | 4 | 8 | 8 |
//! | `tanh` | 2 | 2 | 5 | 5 |
//! | `atan` | 2 | 2 | 5 | 5 |
//! | `sigmoid` | 2.5 | 2.5 | 6 | 6 |
//! | `softplus` | 2.5 | 2.5 | 4 | 4 |
//! | `pow` | 2 | 4 | 4 | 6 |
//!
//! Those of the GPU leave room for divisions that are off by 2.5 units, as WGSL lets them be.
//!
//! Results below the normal numbers are rounded to subnormal ones, with the same bounds in units of the
//! least of these. A GPU may put 0 in the place of subnormal results and arguments; `ln` and `pow` there
//! always take a subnormal argument for 0.
//!
//! A NaN gives a NaN. A zero of either sign counts as 0, and may be the result where 0 is.

// Each of the shared files is a module of both, on purpose.
#[allow(clippy::duplicate_mod)]
pub(crate) mod double;
#[allow(clippy::duplicate_mod)]
pub(crate) mod single;

#[cfg(test)]
pub(crate) mod tests;

use core::fmt::Debug;
use core::ops::{Add, Div, Mul, Neg, Sub};

/// A float that trajectories are computed in.
///
/// The functions' errors are listed at the [module](self).
pub trait Real:
    Copy
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The least normal number.
    const LEAST: Self;

    fn from_f64(x: f64) -> Self;
    fn from_i32(x: i32) -> Self;
    fn to_f64(self) -> f64;
    fn abs(self) -> Self;
    /// The square root, correctly rounded; NaN below 0.
    fn sqrt(self) -> Self;
    /// -1, 0 or 1.
    fn sign(self) -> Self;
    /// The nearest whole number, the even one of two.
    fn round(self) -> Self;
    /// `e^x`; results below the normal numbers are subnormal or 0.
    fn exp(self) -> Self;
    /// `e^x - 1`, relative accuracy also near 0.
    fn expm1(self) -> Self;
    /// The natural logarithm; -inf at 0, NaN below.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, relative accuracy also near 0; -inf at -1, NaN below.
    fn log1p(self) -> Self;
    /// The sine up to a size of 2^17 (f32) or 2^30 (f64), and NaN beyond, where a step of the argument
    /// would soon be a turn.
    fn sin(self) -> Self;
    /// The cosine, with the domain of [`sin`](Real::sin).
    fn cos(self) -> Self;
    /// The tangent, with the domain of [`sin`](Real::sin).
    fn tan(self) -> Self;
    /// The hyperbolic tangent, -1 and 1 at the ends.
    fn tanh(self) -> Self;
    /// The arc tangent, -pi/2 and pi/2 at the ends.
    fn atan(self) -> Self;
    /// `1 / (1 + e^-x)`, relative accuracy at both ends.
    fn sigmoid(self) -> Self;
    /// `ln(1 + e^x)`, which is `e^x` far below 0.
    fn softplus(self) -> Self;
    /// `self^b`. A negative base has a power if `b` is an integer, and else NaN; 0 and the infinities
    /// go to 0, 1 or inf.
    fn powf(self, b: Self) -> Self;
    /// For a normal number, `2^-e` and `e` with `|self|` in `[2^e, 2^(e + 1))`; the first is
    /// negative for infinity and NaN.
    fn normalize(self) -> (Self, Self);
}

macro_rules! real {
    ($float:ident, $functions:ident) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $float::EPSILON;
            const LEAST: Self = $float::MIN_POSITIVE;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $float
            }

            #[inline(always)]
            fn from_i32(x: i32) -> Self {
                x as $float
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }

            #[inline(always)]
            fn round(self) -> Self {
                $float::round_ties_even(self)
            }

            #[inline(always)]
            fn sign(self) -> Self {
                let sign = if self < 0.0 { -1.0 } else { self };
                if self > 0.0 { 1.0 } else { sign }
            }

            real!(@ $functions exp expm1 ln log1p sin cos tan tanh atan sigmoid softplus);

            #[inline(always)]
            fn powf(self, b: Self) -> Self {
                $functions::pow(self, b)
            }

            #[inline(always)]
            fn normalize(self) -> (Self, Self) {
                $functions::normalize(self)
            }
        }
    };
    (@ $functions:ident $($name:ident)*) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                $functions::$name(self)
            }
        )*
    };
}

real!(f32, single);
real!(f64, double);
