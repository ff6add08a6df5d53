// The elementary functions of formulas: the twin of src/math/, function for function, in Float and in f64.
//
// In front of this text stand the float type with its bits (`Float`, `Bits`, `Whole`) and what
// src/math/single.rs or src/math/double.rs says of it: the constants and the polynomials
// (`log1p_polynomial` and so on). WGSL's own functions are not used: `log` and `exp` may be off by
// hundreds of units in the last place, `sin` is good for one turn, `tanh` may be NaN, and none of them is
// there in f64.
//
// A compiler of shaders may regroup sums, fuse products into them and assume that no float is NaN or
// infinite. So where a sum must not be regrouped, a part of it goes through `opaque`; comparisons that
// must see NaN and infinity are made on bits; and infinities are made of bits after a test of finite
// numbers. Subnormal arguments and results may count as 0.

// The bits of a number without its sign grow with it, and those of inf and NaN are the largest: a
// comparison of bits sees them, where a compiler may assume that floats are finite.
fn size_bits(a: Float) -> Bits {
    return bitcast<Bits>(a) & ~SIGN;
}

// `a` if `outside` is 0, NaN if it is all ones. No compiler sees through it, so no sum is regrouped
// across it.
fn opaque(a: Float, outside: Bits) -> Float {
    return bitcast<Float>(bitcast<Bits>(a) | outside);
}

fn all_ones(condition: bool) -> Bits {
    return select(Bits(0), ~Bits(0), condition);
}

fn is_nan(a: Float) -> Bits {
    return all_ones(size_bits(a) > INFINITY);
}

// `value` with the bits `bits` instead if `condition` holds.
fn or_bits(value: Float, bits: Bits, condition: bool) -> Float {
    return bitcast<Float>(select(bitcast<Bits>(value), bits, condition));
}

fn copy_sign(size: Float, sign: Float) -> Float {
    return bitcast<Float>(size_bits(size) | (bitcast<Bits>(sign) & SIGN));
}

fn is_whole(x: Float) -> bool {
    return x >= ALL_WHOLE || floor(x) == x;
}

fn power_of_two(n: i32) -> Float {
    return bitcast<Float>(Bits(u32(n + BIAS)) << MANTISSA);
}

fn scale(a: Float, n: i32) -> Float {
    let half = n >> 1u;
    return a * power_of_two(half) * power_of_two(n - half);
}

fn head(a: Float) -> Float {
    return bitcast<Float>(bitcast<Bits>(a) & HEAD);
}

// exponential.rs

struct Reduced {
    r: Float,
    n: i32,
}

fn reduce(x: Float, outside: Bits) -> Reduced {
    let n = round(x * LOG2_E);
    return Reduced(opaque(x - n * LN_2_HI, outside) - n * LN_2_LO, i32(n));
}

fn expm1_reduced(r: Float) -> Float {
    return r + r * r * exp_polynomial(r);
}

fn m_exp(x: Float) -> Float {
    let reduced = reduce(clamp(x, EXP_LOW, EXP_HIGH), is_nan(x));
    let value = scale(1.0 + expm1_reduced(reduced.r), reduced.n);
    return or_bits(value, INFINITY, x > EXP_HIGH);
}

fn exp_falling(x: Float) -> Float {
    let reduced = reduce(max(-abs(x), EXP_LOW), is_nan(x));
    return scale(1.0 + expm1_reduced(reduced.r), reduced.n);
}

fn m_expm1(x: Float) -> Float {
    let outside = is_nan(x);
    let reduced = reduce(clamp(x, EXPM1_LOW, EXP_HIGH), outside);
    let half = power_of_two(reduced.n - 1);
    let value = (expm1_reduced(reduced.r) * half + opaque(half - 0.5, outside)) * 2.0;
    return or_bits(value, INFINITY, x > EXP_HIGH);
}

fn m_sigmoid(x: Float) -> Float {
    let e = exp_falling(x);
    return select(Float(1.0), e, x < 0.0) / (1.0 + e);
}

fn m_tanh(x: Float) -> Float {
    let outside = is_nan(x);
    let a = min(abs(x), TANH_HIGH);
    let z = a * a;
    let near = a + a * z * tanh_polynomial(z);
    let reduced = reduce(2.0 * a, outside);
    let far = 1.0 - 2.0 / ((1.0 + expm1_reduced(reduced.r)) * power_of_two(reduced.n) + 1.0);
    return opaque(copy_sign(select(far, near, a < 0.625), x), outside);
}

// logarithm.rs

fn exponent_field(u: Float, start: Float) -> Bits {
    return (bitcast<Bits>(u) - bitcast<Bits>(start)) & EXPONENT;
}

fn lower(a: Float, field: Bits) -> Float {
    return bitcast<Float>(bitcast<Bits>(a) - field);
}

// In units of 1 / EXPONENT_UNIT; its bits are among the upper 32.
fn exponent(field: Bits) -> Float {
    return Float(bitcast<i32>(u32(field >> (BITS - 32u))));
}

fn ln_reduced(m: Float, field: Bits) -> Float {
    return (exponent(field) * LN_2_UNIT + m) + m * m * log1p_polynomial(m);
}

fn log1p_finite(a: Float, outside: Bits) -> Float {
    let field = exponent_field(1.0 + a, 2.0 / 3.0);
    let one = bitcast<Float>(FOUR - field);
    return ln_reduced(lower(a, field) + opaque(0.25 * one - 1.0, outside), field);
}

// `finite` for a normal `u`; infinity and NaN stay, 0 and what counts as 0 give -inf, the rest NaN.
fn ln_or(u: Float, finite: Float) -> Float {
    let ln = or_bits(finite, bitcast<Bits>(u), size_bits(u) >= INFINITY);
    let low = select(NAN, INFINITY | SIGN, size_bits(u) < LEAST_BITS);
    return or_bits(ln, low, bitcast<Whole>(u) < Whole(LEAST_BITS));
}

fn m_log1p(a: Float) -> Float {
    return ln_or(1.0 + a, log1p_finite(a, all_ones(size_bits(a) >= INFINITY)));
}

fn m_log(a: Float) -> Float {
    let field = exponent_field(a, 2.0 / 3.0);
    let m = lower(a, field) - 1.0;
    return ln_or(a, ln_reduced(m, field));
}

fn m_softplus(x: Float) -> Float {
    let outside = is_nan(x);
    return opaque(max(x, 0.0) + log1p_finite(exp_falling(x), outside), outside);
}

struct Double {
    hi: Float,
    lo: Float,
}

fn ln_double(a: Float, outside: Bits) -> Double {
    let field = exponent_field(a, 0.7125);
    let z = lower(a, field);
    let low = z < 0.8926;
    let high = z > 1.125;
    let c = select(select(Float(1.0), 51.0 / 64.0, low), 81.0 / 64.0, high);
    let c_hi = select(select(Float(0.0), LN_LOW_HI, low), LN_HIGH_HI, high);
    let c_lo = select(select(Float(0.0), LN_LOW_LO, low), LN_HIGH_LO, high);
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

fn m_pow(a: Float, b: Float) -> Float {
    let size = abs(a);
    let zero = size_bits(a) < LEAST_BITS;
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
    value = or_bits(value, Bits(0), y < EXP_LOW);
    let rises = zero == (b < 0.0);
    let end = select(select(Bits(0), INFINITY, rises), ONE, b == 0.0);
    value = or_bits(value, end, zero || size_bits(a) == INFINITY);
    let whole = is_whole(abs(b));
    let odd = whole && !is_whole(0.5 * abs(b));
    var negative = bitcast<Bits>(value) ^ select(Bits(0), SIGN, odd);
    negative = select(NAN, negative, whole);
    value = or_bits(value, negative, bitcast<Whole>(a) < Whole(0) && !zero);
    return opaque(value, is_nan(a) | is_nan(b));
}

// trigonometric.rs

struct Turned {
    r: Float,
    turns: u32,
}

fn quarter_turns(x: Float) -> Turned {
    let outside = all_ones(size_bits(x) > size_bits(ANGLE_MAX));
    let n = round(x * FRAC_2_PI);
    let r = less_exact_turns(x, n, outside);
    let a = n * HALF_PI_A;
    let b = n * HALF_PI_B;
    let c = n * HALF_PI_C;
    let less_a = opaque(r - a, outside);
    let less_b = opaque(less_a - b, outside);
    let lost = (opaque(r - less_a, outside) - a) + (opaque(less_a - less_b, outside) - b);
    return Turned(less_b - (c - lost), bitcast<u32>(i32(n)));
}

struct SinCos {
    sin: Float,
    cos: Float,
}

fn sin_cos_reduced(r: Float) -> SinCos {
    let z = r * r;
    return SinCos(r + r * z * sin_polynomial(z), 1.0 - (0.5 * z - z * z * cos_polynomial(z)));
}

fn sin_turned(r: Float, turns: u32) -> Float {
    let both = sin_cos_reduced(r);
    let value = select(both.cos, both.sin, (turns & 1u) == 0u);
    return bitcast<Float>(bitcast<Bits>(value) ^ (Bits(turns & 2u) << (BITS - 2u)));
}

fn m_sin(x: Float) -> Float {
    let turned = quarter_turns(x);
    return sin_turned(turned.r, turned.turns);
}

fn m_cos(x: Float) -> Float {
    let turned = quarter_turns(x);
    return sin_turned(turned.r, turned.turns + 1u);
}

fn m_tan(x: Float) -> Float {
    let turned = quarter_turns(x);
    let both = sin_cos_reduced(turned.r);
    let even = (turned.turns & 1u) == 0u;
    return select(-both.cos, both.sin, even) / select(both.sin, both.cos, even);
}

fn m_atan(x: Float) -> Float {
    let a = abs(x);
    let middle = a > 0.45;
    let far = a > 2.414;
    let above = select(select(a, a - 1.0, middle), Float(-1.0), far);
    let below = select(select(Float(1.0), a + 1.0, middle), a, far);
    let k = select(select(Float(0.0), 1.0, middle), 2.0, far);
    // A quotient by 1 need not be exact.
    let q = select(a, above / below, middle);
    let z = q * q;
    let near = q + q * z * atan_polynomial(z);
    return opaque(copy_sign(k * FRAC_PI_4 + (near + k * FRAC_PI_4_LO), x), is_nan(x));
}
