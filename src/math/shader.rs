//! What `shaders/math.wgsl` is given: constants, polynomials, and the format of a number.

use super::*;

pub const POLYNOMIALS: [(&str, &[Float]); 7] = [
    ("log1p", &LOG1P),
    ("exp", &EXP),
    ("sin", &SIN),
    ("cos", &COS),
    ("tanh", &TANH),
    ("atan", &ATAN),
    ("atanh", &ATANH),
];

/// What a GPU makes of an exponent's bits: it looks at the upper 32 of a number alone, as an integer.
const UNIT: Float = (1_u32 << (MANTISSA + 32 - Word::BITS)) as Float;

pub const CONSTANTS: [(&str, Float); 22] = [
    ("EXP_LOW", EXP_LOW),
    ("EXP_HIGH", EXP_HIGH),
    ("EXPM1_LOW", EXPM1_LOW),
    ("TANH_HIGH", TANH_HIGH),
    ("ANGLE_MAX", ANGLE_MAX),
    ("POW_MAX", POW_MAX),
    ("LN_2_HI", LN_2_HI),
    ("LN_2_LO", LN_2_LO),
    ("LN_2_UNIT", LN_2 / UNIT),
    ("LOG2_E", LOG2_E),
    ("LN_LOW_HI", LN_LOW_HI),
    ("LN_LOW_LO", LN_LOW_LO),
    ("LN_HIGH_HI", LN_HIGH_HI),
    ("LN_HIGH_LO", LN_HIGH_LO),
    ("FRAC_2_PI", FRAC_2_PI),
    ("FRAC_PI_4", FRAC_PI_4),
    ("FRAC_PI_4_LO", FRAC_PI_4_LO),
    ("EXPONENT_UNIT", UNIT),
    ("ALL_WHOLE", ALL_WHOLE),
    ("HALF_PI_A", HALF_PI[EXACT_TURNS]),
    ("HALF_PI_B", HALF_PI[EXACT_TURNS + 1]),
    ("HALF_PI_C", HALF_PI[EXACT_TURNS + 2]),
];

/// The parts of pi/2 before the last three; the differences with their multiples are exact.
const EXACT_TURNS: usize = HALF_PI.len() - 3;

/// Exponent and fraction of special numbers, and masks.
pub const WORDS: [(&str, Word); 8] = [
    ("SIGN", SIGN),
    ("EXPONENT", EXPONENT),
    ("HEAD", HEAD),
    ("INFINITY", Float::INFINITY.to_bits()),
    ("NAN", Float::NAN.to_bits()),
    ("LEAST_BITS", Float::MIN_POSITIVE.to_bits()),
    ("ONE", (1.0 as Float).to_bits()),
    ("FOUR", (4.0 as Float).to_bits()),
];

/// The WGSL text: the float type and its bits, of which the literals end in `suffix`, the constants, the
/// polynomials, and the turns that trigonometric functions take off.
pub fn wgsl(float: &str, bits: &str, whole: &str, suffix: &str) -> String {
    let mut text = format!("alias Float = {float};\nalias Bits = {bits};\nalias Whole = {whole};\n");
    let mut line = |line: String| {
        text += &line;
        text.push('\n');
    };
    line(format!("const BITS: u32 = {}u;", Word::BITS));
    line(format!("const MANTISSA: u32 = {MANTISSA}u;"));
    line(format!("const BIAS: i32 = {};", Float::MAX_EXP - 1));
    for (name, word) in WORDS {
        line(format!("const {name}: Bits = {word:#x}{suffix};"));
    }
    for (name, value) in CONSTANTS {
        line(format!("const {name}: Float = {value:?};"));
    }
    for (name, coefficients) in POLYNOMIALS {
        // As `polynomial`.
        let powers = |first: usize| {
            let literals = coefficients.iter().skip(first).step_by(2).rev().map(|c| format!("Float({c:?})"));
            literals.reduce(|sum, next| format!("({sum}) * square + {next}")).unwrap_or_default()
        };
        let (even, odd) = (powers(0), powers(1));
        line(format!("fn {name}_polynomial(x: Float) -> Float {{"));
        line("    let square = x * x;".to_owned());
        line(format!("    return ({odd}) * x + ({even});\n}}"));
    }
    line("fn less_exact_turns(x: Float, n: Float, outside: Bits) -> Float {".to_owned());
    line("    var r = x;".to_owned());
    for part in &HALF_PI[..EXACT_TURNS] {
        line(format!("    r = opaque(r - n * Float({part:?}), outside);"));
    }
    line("    return r;\n}".to_owned());
    text
}
