//! The functions of one and two arguments that formulas are made of, and their values in f64.

use crate::math::Function;

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-a`
    Neg,
    /// `|a|`
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// The square root.
    Sqrt,
    /// The nearest whole number, the even one of two; how a number of rows is read.
    Round,
    /// `sqrt(max(a, 2^-120))`: the root under `norm`, see [`NORM_FLOOR`].
    Norm,
    /// `e^a`
    Exp,
    /// `e^a - 1`
    Expm1,
    /// The natural logarithm.
    Log,
    /// `ln(1 + a)`
    Log1p,
    /// The sine, of an angle in radians.
    Sin,
    /// The cosine, of an angle in radians.
    Cos,
    /// The tangent, of an angle in radians.
    Tan,
    /// The hyperbolic tangent.
    Tanh,
    /// The arc tangent, in radians.
    Atan,
    /// `1 / (1 + e^-a)`
    Sigmoid,
    /// `ln(1 + e^a)`
    Softplus,
}

/// A function of two arguments; comparisons are 1 where they hold and 0 where not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a b`
    Mul,
    /// `a / b`
    Div,
    /// `a^b`
    Pow,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
}

/// The least value of `norm` squared, 2^-120.
///
/// `norm(a, b, ...)` is `sqrt(max(a^2 + b^2 + ..., 2^-120))`, about 1e-18 at the origin instead of 0.
/// So its derivative `a / norm` is 0 there and never 0/0, a smooth function of it such as
/// `f1(norm(x1, x2))` keeps its true curvature all the way in, and no square underflows in f32.
pub const NORM_FLOOR: f64 = 7.523_163_845_262_64e-37;

impl Unary {
    /// The functions of one node, by the names that they have in formulas.
    pub(super) const NAMED: [(&str, Self); 14] = [
        ("abs", Self::Abs),
        ("sign", Self::Sign),
        ("sqrt", Self::Sqrt),
        ("exp", Self::Exp),
        ("expm1", Self::Expm1),
        ("log", Self::Log),
        ("log1p", Self::Log1p),
        ("sin", Self::Sin),
        ("cos", Self::Cos),
        ("tan", Self::Tan),
        ("tanh", Self::Tanh),
        ("atan", Self::Atan),
        ("sigmoid", Self::Sigmoid),
        ("softplus", Self::Softplus),
    ];

    /// Whether the function's value is 0 or more wherever it is defined.
    pub(super) fn is_never_negative(self) -> bool {
        use Unary::{Abs, Exp, Norm, Sigmoid, Softplus, Sqrt};
        matches!(self, Abs | Sqrt | Norm | Exp | Sigmoid | Softplus)
    }

    /// The function, if it is one of the elementary ones.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only machine code asks for it"))]
    pub(super) fn elementary(self) -> Option<Function> {
        Some(match self {
            Unary::Exp => Function::Exp,
            Unary::Expm1 => Function::Expm1,
            Unary::Log => Function::Ln,
            Unary::Log1p => Function::Log1p,
            Unary::Sin => Function::Sin,
            Unary::Cos => Function::Cos,
            Unary::Tan => Function::Tan,
            Unary::Tanh => Function::Tanh,
            Unary::Atan => Function::Atan,
            Unary::Sigmoid => Function::Sigmoid,
            Unary::Softplus => Function::Softplus,
            Unary::Neg | Unary::Abs | Unary::Sign | Unary::Sqrt | Unary::Round | Unary::Norm => return None,
        })
    }

    /// The function in f64.
    pub fn eval(self, a: f64) -> f64 {
        match self {
            Unary::Neg => -a,
            Unary::Abs => a.abs(),
            Unary::Sign if a == 0.0 => 0.0,
            Unary::Sign => a.signum(),
            Unary::Sqrt => a.sqrt(),
            Unary::Round => a.round_ties_even(),
            // Not `f64::max`, which hides a NaN.
            Unary::Norm => (if a < NORM_FLOOR { NORM_FLOOR } else { a }).sqrt(),
            Unary::Exp => libm::exp(a),
            Unary::Expm1 => libm::expm1(a),
            Unary::Log => libm::log(a),
            Unary::Log1p => libm::log1p(a),
            Unary::Sin => libm::sin(a),
            Unary::Cos => libm::cos(a),
            Unary::Tan => libm::tan(a),
            Unary::Tanh => libm::tanh(a),
            Unary::Atan => libm::atan(a),
            Unary::Sigmoid => 1.0 / (1.0 + libm::exp(-a)),
            Unary::Softplus => a.max(0.0) + libm::log1p(libm::exp(-a.abs())),
        }
    }
}

impl Binary {
    /// The function in f64.
    pub fn eval(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Pow => libm::pow(a, b),
            Binary::Lt => f64::from(a < b),
            Binary::Le => f64::from(a <= b),
            Binary::Eq => f64::from(a == b),
            Binary::Ne => f64::from(a != b),
        }
    }
}
