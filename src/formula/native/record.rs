//! Lanes that write down what is done with them.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::builder::Builder;
use super::code::{Code, Fused, One, Op, Predicate, Two, Value};
use crate::math::{Bits, Lane, Real};

/// Code that is being written.
#[derive(Debug)]
pub struct Recorder {
    code: RefCell<Builder>,
}

impl Recorder {
    /// `sign` is the bit of a number's sign.
    pub fn new(sign: u64) -> Self {
        Self { code: RefCell::new(Builder::new(sign)) }
    }

    pub fn push<R: Real>(&self, op: Op) -> Symbol<'_, R> {
        Symbol { recorder: self, value: self.code.borrow_mut().push(op), number: PhantomData }
    }

    /// The code, which writes `stores` at its end.
    pub fn finish(self, stores: Vec<(u32, Value)>) -> Code {
        Code { ops: self.code.into_inner().ops, stores }
    }
}

/// A value of the code: a number, its bits, or a truth.
#[derive(Clone, Copy, Debug)]
pub struct Symbol<'a, R> {
    recorder: &'a Recorder,
    pub value: Value,
    number: PhantomData<R>,
}

impl<'a, R: Real> Symbol<'a, R> {
    fn push(self, op: Op) -> Self {
        self.recorder.push(op)
    }

    fn two(self, op: Two, other: Self) -> Self {
        self.push(Op::Two(op, self.value, other.value))
    }

    fn with_bits(self, op: Two, bits: u64) -> Self {
        let bits = self.push(Op::Constant(bits));
        self.two(op, bits)
    }

    /// `-self` where `other` has a negative sign.
    pub fn flip(self, other: Self) -> Self {
        self.two(Two::Xor, other.with_bits(Two::And, R::SIGN))
    }

    pub fn compare(self, predicate: Predicate, other: Self) -> Truth<'a, R> {
        Truth(self.push(Op::Compare(predicate, self.value, other.value)))
    }
}

/// The bits of a [`Symbol`].
#[derive(Clone, Copy, Debug)]
pub struct Word<'a, R>(Symbol<'a, R>);

/// What holds of [`Symbol`]s.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a, R>(Symbol<'a, R>);

impl<R: Real> BitAnd for Truth<'_, R> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0.push(Op::Both(self.0.value, other.0.value)))
    }
}

impl<R: Real> BitOr for Truth<'_, R> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0.push(Op::Either(self.0.value, other.0.value)))
    }
}

impl<R: Real> Not for Truth<'_, R> {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.push(Op::Not(self.0.value)))
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident),*) => {
        $(
            impl<R: Real> $operator for Symbol<'_, R> {
                type Output = Self;

                fn $method(self, other: Self) -> Self {
                    self.two(Two::$operator, other)
                }
            }

            impl<R: Real> $operator<R> for Symbol<'_, R> {
                type Output = Self;

                fn $method(self, other: R) -> Self {
                    self.two(Two::$operator, self.constant(other))
                }
            }
        )*
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl<R: Real> Neg for Symbol<'_, R> {
    type Output = Self;

    fn neg(self) -> Self {
        self.with_bits(Two::Xor, R::SIGN)
    }
}

impl<'a, R: Real> Lane for Symbol<'a, R> {
    type Number = R;
    type Bits = Word<'a, R>;
    type Truth = Truth<'a, R>;

    fn constant(self, number: R) -> Self {
        self.push(Op::Constant(number.word()))
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.push(Op::Fused(Fused::MulAdd, self.value, factor.value, addend.value))
    }

    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        self.push(Op::Fused(Fused::NegMulAdd, self.value, factor.value, addend.value))
    }

    fn abs(self) -> Self {
        self.with_bits(Two::And, R::SIGN - 1)
    }

    fn sqrt(self) -> Self {
        self.push(Op::One(One::Sqrt, self.value))
    }

    fn round(self) -> Self {
        self.push(Op::One(One::Round, self.value))
    }

    fn copysign(self, sign: Self) -> Self {
        self.abs().two(Two::Or, sign.with_bits(Two::And, R::SIGN))
    }

    fn lt(self, other: Self) -> Truth<'a, R> {
        self.compare(Predicate::Lt, other)
    }

    fn le(self, other: Self) -> Truth<'a, R> {
        self.compare(Predicate::Le, other)
    }

    fn eq(self, other: Self) -> Truth<'a, R> {
        self.compare(Predicate::Eq, other)
    }

    fn choose(truth: Truth<'a, R>, a: Self, b: Self) -> Self {
        a.push(Op::Choose(truth.0.value, a.value, b.value))
    }

    fn to_bits(self) -> Word<'a, R> {
        Word(self)
    }

    fn from_bits(bits: Word<'a, R>) -> Self {
        bits.0
    }

    fn from_signed(bits: Word<'a, R>) -> Self {
        bits.0.push(Op::One(One::FromSigned, bits.0.value))
    }
}

impl<R: Real> Bits for Word<'_, R> {
    type Word = R::Word;

    fn constant(self, word: R::Word) -> Self {
        Self(self.0.push(Op::Constant(word.into())))
    }

    fn wrapping_add(self, other: Self) -> Self {
        Self(self.0.two(Two::WrappingAdd, other.0))
    }

    fn wrapping_sub(self, other: Self) -> Self {
        Self(self.0.two(Two::WrappingSub, other.0))
    }

    fn and(self, other: Self) -> Self {
        Self(self.0.two(Two::And, other.0))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0.two(Two::Or, other.0))
    }

    fn xor(self, other: Self) -> Self {
        Self(self.0.two(Two::Xor, other.0))
    }

    fn shl(self, places: u32) -> Self {
        Self(self.0.push(Op::ShiftLeft(self.0.value, places)))
    }

    fn shr(self, places: u32) -> Self {
        Self(self.0.push(Op::ShiftRight(self.0.value, places)))
    }
}
