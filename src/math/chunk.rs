//! Some lanes at once, each operation in all of them: compilers make vector instructions of this.

use core::array::from_fn;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::{Bits, Lane, Real};

/// Values in `N` lanes.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<T, const N: usize>(pub [T; N]);

impl<T: Copy, const N: usize> Chunk<T, N> {
    #[inline(always)]
    fn map<U>(self, f: impl Fn(T) -> U) -> Chunk<U, N> {
        Chunk(from_fn(|i| f(self.0[i])))
    }

    #[inline(always)]
    fn zip<U: Copy, V>(self, other: Chunk<U, N>, f: impl Fn(T, U) -> V) -> Chunk<V, N> {
        Chunk(from_fn(|i| f(self.0[i], other.0[i])))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident),*) => {
        $(
            impl<R: Real, const N: usize> $operator for Chunk<R, N> {
                type Output = Self;

                #[inline(always)]
                fn $method(self, other: Self) -> Self {
                    self.zip(other, |a, b| a.$method(b))
                }
            }

            impl<R: Real, const N: usize> $operator<R> for Chunk<R, N> {
                type Output = Self;

                #[inline(always)]
                fn $method(self, other: R) -> Self {
                    self.map(|a| a.$method(other))
                }
            }
        )*
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl<R: Real, const N: usize> Neg for Chunk<R, N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<const N: usize> BitAnd for Chunk<bool, N> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
}

impl<const N: usize> BitOr for Chunk<bool, N> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
}

impl<const N: usize> Not for Chunk<bool, N> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        self.map(|a| !a)
    }
}

impl<R: Real, const N: usize> Lane for Chunk<R, N> {
    type Number = R;
    type Bits = Chunk<R::Bits, N>;
    type Truth = Chunk<bool, N>;

    #[inline(always)]
    fn constant(self, number: R) -> Self {
        Chunk([number; N])
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Chunk(from_fn(|i| self.0[i].mul_add(factor.0[i], addend.0[i])))
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        Chunk(from_fn(|i| self.0[i].neg_mul_add(factor.0[i], addend.0[i])))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(R::abs)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(R::sqrt)
    }

    #[inline(always)]
    fn round(self) -> Self {
        self.map(R::round)
    }

    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        self.zip(sign, R::copysign)
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Truth {
        self.zip(other, |a, b| a < b)
    }

    #[inline(always)]
    fn le(self, other: Self) -> Self::Truth {
        self.zip(other, |a, b| a <= b)
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Truth {
        self.zip(other, |a, b| a == b)
    }

    #[inline(always)]
    fn choose(truth: Self::Truth, a: Self, b: Self) -> Self {
        Chunk(from_fn(|i| if truth.0[i] { a.0[i] } else { b.0[i] }))
    }

    #[inline(always)]
    fn to_bits(self) -> Self::Bits {
        self.map(R::to_bits)
    }

    #[inline(always)]
    fn from_bits(bits: Self::Bits) -> Self {
        bits.map(R::from_bits)
    }

    #[inline(always)]
    fn from_signed(bits: Self::Bits) -> Self {
        bits.map(R::from_signed)
    }
}

impl<B: Bits, const N: usize> Bits for Chunk<B, N> {
    type Word = B::Word;

    #[inline(always)]
    fn constant(self, word: B::Word) -> Self {
        self.map(|bits| bits.constant(word))
    }

    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self.zip(other, B::wrapping_add)
    }

    #[inline(always)]
    fn wrapping_sub(self, other: Self) -> Self {
        self.zip(other, B::wrapping_sub)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.zip(other, B::and)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.zip(other, B::or)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip(other, B::xor)
    }

    #[inline(always)]
    fn shl(self, places: u32) -> Self {
        self.map(|bits| bits.shl(places))
    }

    #[inline(always)]
    fn shr(self, places: u32) -> Self {
        self.map(|bits| bits.shr(places))
    }
}
