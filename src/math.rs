//! stub
pub trait Real:
    Copy
    + Send
    + Sync
    + 'static
    + Default
    + PartialOrd
    + PartialEq
    + core::fmt::Debug
    + core::ops::Add<Output = Self>
    + core::ops::Sub<Output = Self>
    + core::ops::Mul<Output = Self>
    + core::ops::Div<Output = Self>
    + core::ops::Neg<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    const EPSILON: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn sign(self) -> Self;
    fn exp(self) -> Self;
    fn expm1(self) -> Self;
    fn ln(self) -> Self;
    fn log1p(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn tanh(self) -> Self;
    fn atan(self) -> Self;
    fn sigmoid(self) -> Self;
    fn softplus(self) -> Self;
    fn powf(self, b: Self) -> Self;
    /// binary exponent e with |self| in [2^e, 2^(e+1))
    fn normalize(self) -> (Self, Self);
}
#[inline(always)]
fn l1p(a: f32) -> f32 {
    let u = 1.0 + a;
    let e = (u.to_bits().wrapping_sub(0x3f400000)) & 0xff800000;
    let s = f32::from_bits(0x40800000u32.wrapping_sub(e));
    let m = f32::from_bits(a.to_bits().wrapping_sub(e)) + (0.25 * s - 1.0);
    let m = if e == 0 { a } else { m };
    let mut r = -0.0466;
    r = r * m + 0.105;
    r = r * m - 0.132;
    r = r * m + 0.1449;
    r = r * m - 0.1668;
    r = r * m + 0.19999;
    r = r * m - 0.25;
    r = r * m + 0.33333;
    r = r * m - 0.5;
    let r = m + m * m * r;
    let l = r + (e as i32 as f32) * (8.2629582e-8);
    if a == -1.0 {
        f32::NEG_INFINITY
    } else if !(a > -1.0) || a == f32::INFINITY {
        a
    } else {
        l
    }
}
macro_rules! r {
    ($t:ty, $one:expr, $l1p:expr) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = <$t>::EPSILON;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else {
                    self
                }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                libm::exp(self as f64) as $t
            }
            #[inline(always)]
            fn expm1(self) -> Self {
                libm::expm1(self as f64) as $t
            }
            #[inline(always)]
            fn ln(self) -> Self {
                libm::log(self as f64) as $t
            }
            #[inline(always)]
            fn log1p(self) -> Self {
                $l1p(self)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                libm::sin(self as f64) as $t
            }
            #[inline(always)]
            fn cos(self) -> Self {
                libm::cos(self as f64) as $t
            }
            #[inline(always)]
            fn tan(self) -> Self {
                libm::tan(self as f64) as $t
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                libm::tanh(self as f64) as $t
            }
            #[inline(always)]
            fn atan(self) -> Self {
                libm::atan(self as f64) as $t
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                (1.0 / (1.0 + libm::exp(-self as f64))) as $t
            }
            #[inline(always)]
            fn softplus(self) -> Self {
                ((self as f64).max(0.0) + libm::log1p(libm::exp(-self.abs() as f64))) as $t
            }
            #[inline(always)]
            fn powf(self, b: Self) -> Self {
                libm::pow(self as f64, b as f64) as $t
            }
            #[inline(always)]
            fn normalize(self) -> (Self, Self) {
                let e = ((self.to_bits() & !(1 << ($one))) >> (<$t>::MANTISSA_DIGITS - 1)) as i32;
                let bias = <$t>::MAX_EXP - 1;
                (
                    <$t>::from_bits((((2 * bias - e) as u64) << (<$t>::MANTISSA_DIGITS - 1)) as _),
                    (e - bias) as $t,
                )
            }
        }
    };
}
r!(f32, 31, l1p);
r!(f64, 63, libm::log1p);
