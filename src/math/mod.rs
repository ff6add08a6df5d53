//! Elementary functions for the CPU engine, in f32 and f64; `shaders/math.wgsl` says them again.
//!
//! No call leaves the crate, no lane takes a branch and no table is looked up, so a loop over lanes
//! compiles to vector instructions. Each function is written once, for a [`Lane`]: a number, or a value in
//! machine code that is being written. Fused multiply-adds round once wherever they are computed, so every
//! instruction set gives the same bits; those without the instruction take longer.
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

mod chunk;
// Each of the shared files is a module of both, on purpose.
#[allow(clippy::duplicate_mod)]
pub(crate) mod double;
mod lane;
#[allow(clippy::duplicate_mod)]
pub(crate) mod single;

#[cfg(test)]
pub(crate) mod tests;

pub use chunk::Chunk;
use core::fmt::Debug;
pub use lane::{Bits, Lane};

macro_rules! real {
    (@ $($name:ident $function:ident),*) => {
        $(
            #[doc = concat!("See [`Function::", stringify!($function), "`].")]
            #[inline(always)]
            fn $name(self) -> Self {
                Self::apply(Function::$function, self)
            }
        )*
    };
    ($float:ident, $word:ident, $functions:ident) => {
        impl Real for $float {
            type Word = $word;

            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $float::EPSILON;
            const LEAST: Self = $float::MIN_POSITIVE;
            const SIGN: u64 = $functions::SIGN as u64;

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
            fn word(self) -> u64 {
                u64::from(self.to_bits())
            }

            #[inline(always)]
            fn sign(self) -> Self {
                let sign = if self < 0.0 { -1.0 } else { self };
                if self > 0.0 { 1.0 } else { sign }
            }

            #[inline(always)]
            fn flip(self, other: Self) -> Self {
                $float::from_bits(self.to_bits() ^ (other.to_bits() & $functions::SIGN))
            }

            #[inline(always)]
            fn apply<L: Lane<Number = Self, Bits: Bits<Word = $word>>>(function: Function, x: L) -> L {
                match function {
                    Function::Exp => $functions::exp(x),
                    Function::Expm1 => $functions::expm1(x),
                    Function::Ln => $functions::ln(x),
                    Function::Log1p => $functions::log1p(x),
                    Function::Sin => $functions::sin(x),
                    Function::Cos => $functions::cos(x),
                    Function::Tan => $functions::tan(x),
                    Function::Tanh => $functions::tanh(x),
                    Function::Atan => $functions::atan(x),
                    Function::Sigmoid => $functions::sigmoid(x),
                    Function::Softplus => $functions::softplus(x),
                }
            }

            #[inline(always)]
            fn power<L: Lane<Number = Self, Bits: Bits<Word = $word>>>(a: L, b: L) -> L {
                $functions::pow(a, b)
            }

            #[inline(always)]
            fn normalize<L: Lane<Number = Self, Bits: Bits<Word = $word>>>(x: L) -> (L, L) {
                $functions::normalize(x)
            }
        }
    };
}

/// A float that trajectories are computed in.
///
/// The functions' errors are listed at the [module](self).
pub trait Real:
    Lane<Number = Self, Bits: Bits<Word = Self::Word>, Truth = bool>
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
{
    /// The unsigned whole number of as many bits.
    type Word: Copy + Into<u64>;

    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// The least normal number.
    const LEAST: Self;
    /// The sign among a number's bits.
    const SIGN: u64;

    /// The nearest number of this precision.
    fn from_f64(x: f64) -> Self;
    /// The nearest number of this precision.
    fn from_i32(x: i32) -> Self;
    /// The same number in f64.
    fn to_f64(self) -> f64;
    /// The number's bits, above which there are zeros.
    fn word(self) -> u64;
    /// -1, 0 or 1.
    fn sign(self) -> Self;
    /// `-self` where `other` has a negative sign, -0 and NaN included.
    fn flip(self, other: Self) -> Self;
    /// An elementary function of a number of this precision, or of what stands for one.
    fn apply<L: Lane<Number = Self, Bits: Bits<Word = Self::Word>>>(function: Function, x: L) -> L;
    /// `a^b`. A negative base has a power if `b` is an integer, and else NaN; 0 and the infinities
    /// go to 0, 1 or inf.
    fn power<L: Lane<Number = Self, Bits: Bits<Word = Self::Word>>>(a: L, b: L) -> L;
    /// For a normal number, `2^-e` and `e` with `|x|` in `[2^e, 2^(e + 1))`; the first is
    /// negative for infinity and NaN.
    fn normalize<L: Lane<Number = Self, Bits: Bits<Word = Self::Word>>>(x: L) -> (L, L);

    /// `self^b`, see [`Real::power`].
    #[inline(always)]
    fn powf(self, b: Self) -> Self {
        Self::power(self, b)
    }

    real!(@ exp Exp, expm1 Expm1, ln Ln, log1p Log1p, sin Sin, cos Cos, tan Tan, tanh Tanh, atan Atan,
        sigmoid Sigmoid, softplus Softplus);
}

/// The elementary functions of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `e^x`; results below the normal numbers are subnormal or 0.
    Exp,
    /// `e^x - 1`, relative accuracy also near 0.
    Expm1,
    /// The natural logarithm; -inf at 0, NaN below.
    Ln,
    /// `ln(1 + x)`, relative accuracy also near 0; -inf at -1, NaN below.
    Log1p,
    /// The sine up to a size of 2^17 (f32) or 2^30 (f64), and NaN beyond, where a step of the argument
    /// would soon be a turn.
    Sin,
    /// The cosine, with the domain of the sine.
    Cos,
    /// The tangent, with the domain of the sine.
    Tan,
    /// The hyperbolic tangent, -1 and 1 at the ends.
    Tanh,
    /// The arc tangent, -pi/2 and pi/2 at the ends.
    Atan,
    /// `1 / (1 + e^-x)`, relative accuracy at both ends.
    Sigmoid,
    /// `ln(1 + e^x)`, which is `e^x` far below 0.
    Softplus,
}

real!(f32, u32, single);
real!(f64, u64, double);
