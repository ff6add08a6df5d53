//! What the elementary functions are written for: one number, or the numbers of many lanes that are yet to be
//! computed.

use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A number, or what stands for one in code that is being written.
///
/// Nothing branches on a lane: [`choose`](Lane::choose) takes one of two values, both of which are computed.
pub trait Lane:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<Self::Number, Output = Self>
    + Sub<Self::Number, Output = Self>
    + Mul<Self::Number, Output = Self>
{
    /// `f32` or `f64`.
    type Number: Copy;
    /// The bits of a number.
    type Bits: Bits;
    /// Whether something holds.
    type Truth: Copy + BitAnd<Output = Self::Truth> + BitOr<Output = Self::Truth> + Not<Output = Self::Truth>;

    /// A constant, in the place of a lane like this one.
    fn constant(self, number: Self::Number) -> Self;
    /// `self * factor + addend`, rounded once.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `addend - self * factor`, rounded once.
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self;
    /// Without the sign.
    fn abs(self) -> Self;
    /// The square root, correctly rounded; NaN below 0.
    fn sqrt(self) -> Self;
    /// The nearest whole number, the even one of two.
    fn round(self) -> Self;
    /// The size of this number with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;

    /// Whether `self < other`; not for NaN, as the next two.
    fn lt(self, other: Self) -> Self::Truth;
    /// Whether `self <= other`.
    fn le(self, other: Self) -> Self::Truth;
    /// Whether they are equal; 0 and -0 are.
    fn eq(self, other: Self) -> Self::Truth;
    /// `a` where `truth` holds and `b` where not.
    fn choose(truth: Self::Truth, a: Self, b: Self) -> Self;

    /// The bits of the number.
    fn to_bits(self) -> Self::Bits;
    /// The number with these bits.
    fn from_bits(bits: Self::Bits) -> Self;
    /// The bits as a signed whole number.
    fn from_signed(bits: Self::Bits) -> Self;
}

/// The bits of a number, as an unsigned whole number that wraps around.
pub trait Bits: Copy {
    /// One unsigned whole number: `u32` or `u64`.
    type Word: Copy;

    /// A constant, in the place of bits like these.
    fn constant(self, word: Self::Word) -> Self;
    /// The sum, without what does not fit.
    fn wrapping_add(self, other: Self) -> Self;
    /// The difference, from above where it is negative.
    fn wrapping_sub(self, other: Self) -> Self;
    /// Bits that both have.
    fn and(self, other: Self) -> Self;
    /// Bits that either has.
    fn or(self, other: Self) -> Self;
    /// Bits that one of them has.
    fn xor(self, other: Self) -> Self;
    /// Moved towards the highest bit, with zeros behind.
    fn shl(self, places: u32) -> Self;
    /// Moved towards the lowest bit, with zeros in front.
    fn shr(self, places: u32) -> Self;
}

macro_rules! lane {
    ($float:ident, $bits:ident, $signed:ident) => {
        impl Lane for $float {
            type Number = $float;
            type Bits = $bits;
            type Truth = bool;

            #[inline(always)]
            fn constant(self, number: $float) -> Self {
                number
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                $float::mul_add(self, factor, addend)
            }

            #[inline(always)]
            fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
                $float::mul_add(-self, factor, addend)
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
            fn copysign(self, sign: Self) -> Self {
                $float::copysign(self, sign)
            }

            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self < other
            }

            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self <= other
            }

            #[inline(always)]
            fn eq(self, other: Self) -> bool {
                self == other
            }

            #[inline(always)]
            fn choose(truth: bool, a: Self, b: Self) -> Self {
                if truth { a } else { b }
            }

            #[inline(always)]
            fn to_bits(self) -> $bits {
                $float::to_bits(self)
            }

            #[inline(always)]
            fn from_bits(bits: $bits) -> Self {
                $float::from_bits(bits)
            }

            #[inline(always)]
            fn from_signed(bits: $bits) -> Self {
                bits as $signed as $float
            }
        }

        impl Bits for $bits {
            type Word = $bits;

            #[inline(always)]
            fn constant(self, word: $bits) -> Self {
                word
            }

            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self {
                $bits::wrapping_add(self, other)
            }

            #[inline(always)]
            fn wrapping_sub(self, other: Self) -> Self {
                $bits::wrapping_sub(self, other)
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                self | other
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }

            #[inline(always)]
            fn shl(self, places: u32) -> Self {
                self << places
            }

            #[inline(always)]
            fn shr(self, places: u32) -> Self {
                self >> places
            }
        }
    };
}

lane!(f32, u32, i32);
lane!(f64, u64, i64);
