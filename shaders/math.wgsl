// The elementary functions of formulas: the twin of src/math/, function for function, in f32.
//
// The constants and the polynomials (`log1p_polynomial` and so on) are generated from src/math/single.rs
// and put in front of this text. WGSL's own functions are not used: `log` and `exp` may be off by
// hundreds of units in the last place, `sin` is good for one turn, and `tanh` may be NaN.
//
// A compiler of shaders may regroup sums, fuse products into them and assume that no float is NaN or
// infinite. So where a sum must not be regrouped, a part of it goes through `opaque`; comparisons that
// must see NaN and infinity are made on bits; and infinities are made of bits after a test of finite
// numbers. Subnormal arguments and results may count as 0.

const SIGN: u32 = 0x80000000u;
const INFINITY: u32 = 0x7f800000u;
const NAN: u32 = 0x7fc00000u;

// The bits of a number without its sign grow with it, and those of inf and NaN are the largest: a
// comparison of bits sees them, where a compiler may assume that floats are finite.
fn size_bits(a: f32) -> u32 {
    return bitcast<u32>(a) & 0x7fffffffu;
}

// `a` if `outside` is 0, NaN if it is all ones. No compiler sees through it, so no sum is regrouped
// across it.
fn opaque(a: f32, outside: u32) -> f32 {
    return bitcast<f32>(bitcast<u32>(a) | outside);
}

fn all_ones(condition: bool) -> u32 {
    return select(0u, 0xffffffffu, condition);
}

fn is_nan(a: f32) -> u32 {
    return all_ones(size_bits(a) > INFINITY);
}

// `value` with the bits `bits` instead if `condition` holds.
fn or_bits(value: f32, bits: u32, condition: bool) -> f32 {
    return bitcast<f32>(select(bitcast<u32>(value), bits, condition));
}

fn copy_sign(size: f32, sign: f32) -> f32 {
    return bitcast<f32>(size_bits(size) | (bitcast<u32>(sign) & SIGN));
}

fn is_whole(x: f32) -> bool {
    return x >= ALL_WHOLE || floor(x) == x;
}

fn power_of_two(n: i32) -> f32 {
    return bitcast<f32>(u32(n + 127) << 23u);
}

fn scale(a: f32, n: i32) -> f32 {
    let half = n >> 1u;
    return a * power_of_two(half) * power_of_two(n - half);
}

fn head(a: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
}

// exponential.rs

struct Reduced {
    r: f32,
    n: i32,
}

fn reduce(x: f32, outside: u32) -> Reduced {
    let n = round(x * LOG2_E);
    return Reduced(opaque(x - n * LN_2_HI, outside) - n * LN_2_LO, i32(n));
}

fn expm1_reduced(r: f32) -> f32 {
    return r + r * r * exp_polynomial(r);
}

fn m_exp(x: f32) -> f32 {
    let reduced = reduce(clamp(x, EXP_LOW, EXP_HIGH), is_nan(x));
    let value = scale(1.0 + expm1_reduced(reduced.r), reduced.n);
    return or_bits(value, INFINITY, x > EXP_HIGH);
}

fn exp_falling(x: f32) -> f32 {
    let reduced = reduce(max(-abs(x), EXP_LOW), is_nan(x));
    return scale(1.0 + expm1_reduced(reduced.r), reduced.n);
}

fn m_expm1(x: f32) -> f32 {
    let outside = is_nan(x);
    let reduced = reduce(clamp(x, EXPM1_LOW, EXP_HIGH), outside);
    let half = power_of_two(reduced.n - 1);
    let value = (expm1_reduced(reduced.r) * half + opaque(half - 0.5, outside)) * 2.0;
    return or_bits(value, INFINITY, x > EXP_HIGH);
}

fn m_sigmoid(x: f32) -> f32 {
    let e = exp_falling(x);
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn m_tanh(x: f32) -> f32 {
    let outside = is_nan(x);
    let a = min(abs(x), TANH_HIGH);
    let z = a * a;
    let near = a + a * z * tanh_polynomial(z);
    let reduced = reduce(2.0 * a, outside);
    let far = 1.0 - 2.0 / ((1.0 + expm1_reduced(reduced.r)) * power_of_two(reduced.n) + 1.0);
    return opaque(copy_sign(select(far, near, a < 0.625), x), outside);
}

// logarithm.rs

fn exponent_field(u: f32, start: f32) -> u32 {
    return (bitcast<u32>(u) - bitcast<u32>(start)) & 0xff800000u;
}

fn lower(a: f32, field: u32) -> f32 {
    return bitcast<f32>(bitcast<u32>(a) - field);
}

fn exponent(field: u32) -> f32 {
    return f32(bitcast<i32>(field));
}

fn ln_reduced(m: f32, field: u32) -> f32 {
    return exponent(field) * LN_2_UNIT + (m + m * m * log1p_polynomial(m));
}

fn log1p_finite(a: f32, outside: u32) -> f32 {
    let field = exponent_field(1.0 + a, 2.0 / 3.0);
    let one = bitcast<f32>(0x40800000u - field);
    return ln_reduced(lower(a, field) + opaque(0.25 * one - 1.0, outside), field);
}

// `finite` for a normal `u`; infinity and NaN stay, 0 and what counts as 0 give -inf, the rest NaN.
fn ln_or(u: f32, finite: f32) -> f32 {
    let ln = or_bits(finite, bitcast<u32>(u), size_bits(u) >= INFINITY);
    let low = select(NAN, INFINITY | SIGN, size_bits(u) < 0x00800000u);
    return or_bits(ln, low, bitcast<i32>(u) < 0x00800000);
}

fn m_log1p(a: f32) -> f32 {
    return ln_or(1.0 + a, log1p_finite(a, all_ones(size_bits(a) >= INFINITY)));
}

fn m_log(a: f32) -> f32 {
    let field = exponent_field(a, 2.0 / 3.0);
    let m = lower(a, field) - 1.0;
    return ln_or(a, ln_reduced(m, field));
}

fn m_softplus(x: f32) -> f32 {
    let outside = is_nan(x);
    return opaque(max(x, 0.0) + log1p_finite(exp_falling(x), outside), outside);
}

struct Double {
    hi: f32,
    lo: f32,
}

fn ln_double(a: f32, outside: u32) -> Double {
    let field = exponent_field(a, 0.7125);
    let z = lower(a, field);
    let low = z < 0.8926;
    let high = z > 1.125;
    let c = select(select(1.0, 51.0 / 64.0, low), 81.0 / 64.0, high);
    let c_hi = select(select(0.0, LN_LOW_HI, low), LN_HIGH_HI, high);
    let c_lo = select(select(0.0, LN_LOW_LO, low), LN_HIGH_LO, high);
    let f = z - c;
    let d = z + c;
    let s = f / d;
    let s_hi = head(s);
    let f_hi = head(f);
    let rest = opaque(opaque(f - s_hi * (2.0 * c), outside) - s_hi * f_hi, outside) - s_hi * (f - f_hi);
    let s_lo = rest / d;
    let square = s * s;
    let tail = s * square * atanh_polynomial(square);
    let e = exponent(field) * (1.0 / EXPONENT_UNIT);
    let whole = e * LN_2_HI + c_hi;
    let twice = s_hi + s_hi;
    let sum = opaque(whole + twice, outside);
    let lo = (twice - opaque(sum - whole, outside)) + ((e * LN_2_LO + c_lo) + (s_lo + s_lo) + tail);
    let ln_hi = head(sum + lo);
    return Double(ln_hi, opaque(sum - ln_hi, outside) + lo);
}

fn m_pow(a: f32, b: f32) -> f32 {
    let size = abs(a);
    let zero = size_bits(a) < 0x00800000u;
    let outside = all_ones(zero || size_bits(a) >= INFINITY || size_bits(b) > INFINITY);
    let ln = ln_double(size, outside);
    let power = clamp(b, -POW_MAX, POW_MAX);
    let power_hi = head(power);
    let y_hi = power_hi * ln.hi;
    let y_lo = (power - power_hi) * ln.hi + power * ln.lo;
    let y = y_hi + y_lo;
    let n = round(clamp(y, EXP_LOW, EXP_HIGH) * LOG2_E);
    let r = opaque(y_hi - n * LN_2_HI, outside) + (y_lo - n * LN_2_LO);
    var value = scale(1.0 + expm1_reduced(r), i32(n));
    value = or_bits(value, INFINITY, y > EXP_HIGH);
    value = or_bits(value, 0u, y < EXP_LOW);
    let rises = zero == (b < 0.0);
    let end = select(select(0u, INFINITY, rises), 0x3f800000u, b == 0.0);
    value = or_bits(value, end, zero || size_bits(a) == INFINITY);
    let whole = is_whole(abs(b));
    let odd = whole && !is_whole(0.5 * abs(b));
    var negative = bitcast<u32>(value) ^ select(0u, SIGN, odd);
    negative = select(NAN, negative, whole);
    value = or_bits(value, negative, bitcast<i32>(a) < 0 && !zero);
    return opaque(value, is_nan(a) | is_nan(b));
}

// trigonometric.rs

struct Turned {
    r: f32,
    turns: u32,
}

fn quarter_turns(x: f32) -> Turned {
    let outside = all_ones(size_bits(x) > bitcast<u32>(ANGLE_MAX));
    let n = round(x * FRAC_2_PI);
    var r = opaque(x - n * HALF_PI_0, outside);
    r = opaque(r - n * HALF_PI_1, outside);
    r = opaque(r - n * HALF_PI_2, outside);
    let a = n * HALF_PI_3;
    let b = n * HALF_PI_4;
    let c = n * HALF_PI_5;
    let less_a = opaque(r - a, outside);
    let less_b = opaque(less_a - b, outside);
    let lost = (opaque(r - less_a, outside) - a) + (opaque(less_a - less_b, outside) - b);
    r = less_b - (c - lost);
    return Turned(r, bitcast<u32>(i32(n)));
}

struct SinCos {
    sin: f32,
    cos: f32,
}

fn sin_cos_reduced(r: f32) -> SinCos {
    let z = r * r;
    return SinCos(r + r * z * sin_polynomial(z), 1.0 - (0.5 * z - z * z * cos_polynomial(z)));
}

fn sin_turned(r: f32, turns: u32) -> f32 {
    let both = sin_cos_reduced(r);
    let value = select(both.cos, both.sin, (turns & 1u) == 0u);
    return bitcast<f32>(bitcast<u32>(value) ^ ((turns & 2u) << 30u));
}

fn m_sin(x: f32) -> f32 {
    let turned = quarter_turns(x);
    return sin_turned(turned.r, turned.turns);
}

fn m_cos(x: f32) -> f32 {
    let turned = quarter_turns(x);
    return sin_turned(turned.r, turned.turns + 1u);
}

fn m_tan(x: f32) -> f32 {
    let turned = quarter_turns(x);
    let both = sin_cos_reduced(turned.r);
    let even = (turned.turns & 1u) == 0u;
    return select(-both.cos, both.sin, even) / select(both.sin, both.cos, even);
}

fn m_atan(x: f32) -> f32 {
    let a = abs(x);
    let middle = a > 0.45;
    let far = a > 2.414;
    let above = select(select(a, a - 1.0, middle), -1.0, far);
    let below = select(select(1.0, a + 1.0, middle), a, far);
    let k = select(select(0.0, 1.0, middle), 2.0, far);
    // A quotient by 1 need not be exact.
    let q = select(a, above / below, middle);
    let z = q * q;
    let near = q + q * z * atan_polynomial(z);
    return opaque(copy_sign(k * FRAC_PI_4 + (near + k * FRAC_PI_4_LO), x), is_nan(x));
}
