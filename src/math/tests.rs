//! Measured errors, in units in the last place, against the bounds that the module's text states.

use super::*;

/// The functions of one argument with their f32 and f64 forms, and a reference for f32.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    single: fn(f32) -> f32,
    double: fn(f64) -> f64,
    pub(crate) reference: fn(f64) -> f64,
}

macro_rules! function {
    ($name:ident, $reference:expr) => {
        Function {
            name: stringify!($name),
            single: <f32 as Real>::$name,
            double: <f64 as Real>::$name,
            reference: $reference,
        }
    };
}

pub(crate) const FUNCTIONS: [Function; 11] = [
    function!(exp, libm::exp),
    function!(expm1, libm::expm1),
    function!(ln, libm::log),
    function!(log1p, libm::log1p),
    function!(sin, |x| if x.abs() <= 131_072.0 { libm::sin(x) } else { f64::NAN }),
    function!(cos, |x| if x.abs() <= 131_072.0 { libm::cos(x) } else { f64::NAN }),
    function!(tan, |x| if x.abs() <= 131_072.0 { libm::tan(x) } else { f64::NAN }),
    function!(tanh, libm::tanh),
    function!(atan, libm::atan),
    function!(sigmoid, |x| if x < 0.0 {
        libm::exp(x) / (1.0 + libm::exp(x))
    } else {
        1.0 / (1.0 + libm::exp(-x))
    }),
    function!(softplus, |x| if x.is_nan() { x } else { x.max(0.0) + libm::log1p(libm::exp(-x.abs())) }),
];

/// The bounds that the module's text states for `name`: f32, f64, and the same on a GPU.
pub(crate) fn bounds(name: &str) -> [f64; 4] {
    let row = include_str!("mod.rs").lines().find_map(|l| l.strip_prefix(&format!("//! | `{name}` |")));
    let cells: Vec<f64> = (row.unwrap_or_else(|| panic!("no bound for {name}")).split('|'))
        .filter_map(|cell| cell.trim().parse().ok())
        .collect();
    cells.try_into().expect("a row has four bounds")
}

/// A binary format: digits, and the exponent of its least normal number.
#[derive(Clone, Copy)]
pub(crate) struct Format(i32, i32);

pub(crate) const SINGLE: Format = Format(24, -126);
pub(crate) const DOUBLE: Format = Format(53, -1022);

impl Format {
    /// The last place of `value`.
    fn last_place(self, value: f64) -> f64 {
        let exponent = if value == 0.0 { i32::MIN } else { libm::ilogb(value) };
        libm::ldexp(1.0, exponent.max(self.1) - (self.0 - 1))
    }

    fn largest(self) -> f64 {
        (2.0 - self.last_place(1.0)) * libm::ldexp(1.0, -self.1 + 1)
    }
}

/// How far `got` lies from `wanted + fraction`, the latter in last places of the former. NaN for NaN and
/// infinity for infinity are right; infinity may be wrong by a little where the largest number is near.
pub(crate) fn error(got: f64, wanted: f64, fraction: f64, format: Format) -> f64 {
    if got.is_nan() || wanted.is_nan() {
        return if got.is_nan() && wanted.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got == wanted && got.is_infinite() {
        return 0.0;
    }
    let largest = format.largest();
    let place = format.last_place(wanted.clamp(-largest, largest));
    // An infinity stands for the number after the largest.
    let finite = |v: f64| if v.abs() > largest { v.signum() } else { 0.0 };
    let (over, over_wanted) = (finite(got), finite(wanted));
    let clamped = got.clamp(-largest, largest) / place - wanted.clamp(-largest, largest) / place;
    (clamped + over - over_wanted - fraction).abs()
}

/// The worst of many errors, and where.
pub(crate) struct Worst {
    pub(crate) error: f64,
    at: String,
}

impl Worst {
    pub(crate) fn new() -> Self {
        Self { error: 0.0, at: String::new() }
    }

    pub(crate) fn see(&mut self, error: f64, at: impl FnOnce() -> String) {
        if error > self.error {
            *self = Self { error, at: at() };
        }
    }

    pub(crate) fn check(&self, name: &str, bound: f64) {
        println!("{name:10} worst {:.3} of {bound} at {}", self.error, self.at);
        assert!(self.error <= bound, "{name}: {} last places at {}, bound {bound}", self.error, self.at);
    }
}

/// Numbers of all sizes and both signs, and every number around the points where something changes.
pub(crate) fn arguments(stride: u32) -> impl Iterator<Item = f32> {
    use core::f32::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, PI};
    const POINTS: [f32; 34] = [
        0.0,
        1.0,
        0.5,
        2.0,
        3.0,
        0.375,
        0.625,
        2.0 / 3.0,
        1.0 / 3.0,
        4.0 / 3.0,
        0.346_573_6,
        LN_2,
        1.039_720_8,
        88.722_84,
        87.336_54,
        103.972_08,
        89.0,
        104.0,
        16.635_53,
        20.0,
        10.0,
        5.0,
        9.010_913,
        0.45,
        2.414,
        FRAC_PI_4,
        FRAC_PI_2,
        PI,
        131_072.0,
        8_388_608.0,
        16_777_216.0,
        1.175_494_4e-38,
        5.960_464_5e-8,
        f32::MAX,
    ];
    let around = POINTS
        .into_iter()
        .flat_map(|p| (0..400).map(move |k| f32::from_bits((p.to_bits() + k).saturating_sub(200))));
    // All multiples of pi/2 in the domain of sin.
    let turns = (1..83_443).map(|k| (f64::from(k) * std::f64::consts::FRAC_PI_2) as f32);
    let strided = (0..=u32::MAX / stride).map(move |k| f32::from_bits(k * stride));
    let ends = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0];
    strided.chain(around.chain(turns).flat_map(|x| [x, -x])).chain(ends)
}

/// Bases and powers whose result is mostly within range.
pub(crate) fn powers(count: u64) -> impl Iterator<Item = (f32, f32)> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let near_one = [0.5, 0.7125, 0.8926, 1.0, 1.125, 1.425, 2.0].map(|p: f64| (p as f32).to_bits());
    let special =
        [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0, 1e10, -1e10, 16_777_217.0, 1e38, -1e38, f32::NAN]
            .into_iter()
            .chain([f32::INFINITY, f32::NEG_INFINITY]);
    let corners = special.clone().flat_map(move |a| special.clone().map(move |b| (a, b)));
    let many = (0..count).map(move |k| {
        let base = match k % 3 {
            0 => f32::from_bits((random() * f64::from(0x7f7f_ffff_u32)) as u32),
            1 => (0.5 + 1.5 * random()) as f32,
            _ => f32::from_bits(near_one[(random() * 7.0) as usize] + (random() * 200.0) as u32 - 100),
        };
        let range = -104.0 + 193.0 * random();
        let power =
            if k % 2 == 0 { range / libm::log(f64::from(base)) } else { (random() * 40.0 - 20.0).round() };
        (if k % 2 == 1 && k % 5 == 0 { -base } else { base }, power as f32)
    });
    corners.chain(many)
}

/// `a^b` as documented: a NaN on either side gives NaN, -0 is 0, and -inf is like other negative bases.
pub(crate) fn pow_reference(a: f64, b: f64) -> f64 {
    let fractional = b.is_finite() && b % 1.0 != 0.0;
    if a.is_nan() || b.is_nan() || a < 0.0 && fractional { f64::NAN } else { libm::pow(a + 0.0, b) }
}

#[test]
fn f32_functions_are_as_exact_as_stated() {
    for f in &FUNCTIONS {
        let mut worst = Worst::new();
        for x in arguments(4099) {
            let wanted = (f.reference)(f64::from(x));
            worst.see(error(f64::from((f.single)(x)), wanted, 0.0, SINGLE), || format!("{x:e}, f32"));
        }
        worst.check(f.name, bounds(f.name)[0]);
    }
}

#[test]
fn f32_pow_is_as_exact_as_stated() {
    let mut worst = Worst::new();
    for (a, b) in powers(2_000_000) {
        let got = f64::from(Real::powf(a, b));
        worst.see(error(got, pow_reference(a.into(), b.into()), 0.0, SINGLE), || {
            format!("{a:e}^{b:e} = {got:e}, f32")
        });
    }
    worst.check("pow", bounds("pow")[0]);
}

/// A line of the table of values in f64; `tests/data/elementary.py` says how it is made.
pub(crate) struct Known {
    pub(crate) arguments: Vec<f64>,
    pub(crate) wanted: f64,
    /// What the value is more than `wanted`, in last places.
    pub(crate) fraction: f64,
}

/// The lines for a function.
pub(crate) fn known(name: &str) -> Vec<Known> {
    let table = include_str!("../../tests/data/elementary.txt");
    let bits = |text: &str| f64::from_bits(u64::from_str_radix(text, 16).unwrap());
    let lines = table.lines().filter(|line| line.split(' ').next() == Some(name));
    let known: Vec<Known> = lines
        .map(|line| {
            let parts: Vec<&str> = line.split(' ').skip(1).collect();
            let (fraction, numbers) = parts.split_last().unwrap();
            let mut arguments: Vec<f64> = numbers.iter().map(|text| bits(text)).collect();
            let wanted = arguments.pop().unwrap();
            Known { arguments, wanted, fraction: fraction.parse().unwrap() }
        })
        .collect();
    assert!(known.len() >= 300, "{name}: {} lines", known.len());
    known
}

#[test]
fn f64_functions_are_as_exact_as_stated() {
    for name in FUNCTIONS.iter().map(|f| f.name).chain(["pow"]) {
        let mut worst = Worst::new();
        for Known { arguments, wanted, fraction } in known(name) {
            let got = match FUNCTIONS.iter().find(|f| f.name == name) {
                Some(f) => (f.double)(arguments[0]),
                None => Real::powf(arguments[0], arguments[1]),
            };
            worst.see(error(got, wanted, fraction, DOUBLE), || format!("{arguments:?}, f64"));
        }
        worst.check(name, bounds(name)[1]);
    }
}

#[test]
fn f64_functions_agree_with_libm_within_their_bounds() {
    // libm's own errors are below one last place, those of the two made of it below three.
    for f in &FUNCTIONS {
        let mut worst = Worst::new();
        for k in 0..400_000_u64 {
            let any = f64::from_bits(k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            // The references of sin, cos and tan end where f32 does.
            let x = if f.name.len() == 3 && f.name != "exp" { any % 131_072.0 } else { any };
            worst.see(error((f.double)(x), (f.reference)(x), 0.0, DOUBLE), || format!("{x:e}, f64 and libm"));
        }
        let libm = if ["sigmoid", "softplus"].contains(&f.name) { 3.0 } else { 1.0 };
        worst.check(f.name, bounds(f.name)[1] + libm);
    }
    let mut worst = Worst::new();
    for (a, b) in powers(400_000) {
        // Other low bits than those of f32, and results up to the ends of f64.
        let (a, b) =
            (f64::from_bits(f64::from(a).to_bits() ^ u64::from(b.to_bits() >> 4)), f64::from(b) * 7.0);
        if b.is_finite() && b.abs() > f64::from(1_u32 << 31) {
            continue; // libm is off by hundreds of last places there, as 60 digits show
        }
        let got = Real::powf(a, b);
        worst.see(error(got, pow_reference(a, b), 0.0, DOUBLE), || {
            format!("{a:e}^{b:e} = {got:e}, f64 and libm")
        });
    }
    worst.check("pow", bounds("pow")[1] + 1.0);
}

fn ends<R: Real>() {
    let [inf, nan, big] = [f64::INFINITY, f64::NAN, 1e30].map(R::from_f64);
    let f = R::from_f64;
    assert_eq!((-inf).exp(), R::ZERO);
    assert_eq!(inf.exp(), inf);
    assert_eq!(big.exp(), inf);
    assert_eq!((-inf).expm1(), f(-1.0));
    assert_eq!(inf.expm1(), inf);
    assert_eq!(R::ZERO.ln(), -inf);
    assert_eq!(inf.ln(), inf);
    assert_eq!(f(-1.0).log1p(), -inf);
    assert_eq!(inf.log1p(), inf);
    assert_eq!((inf.tanh(), (-inf).tanh()), (R::ONE, f(-1.0)));
    assert_eq!(inf.atan().to_f64() as f32, std::f32::consts::FRAC_PI_2);
    assert_eq!((inf.sigmoid(), (-inf).sigmoid()), (R::ONE, R::ZERO));
    assert_eq!((inf.softplus(), (-inf).softplus()), (inf, R::ZERO));
    assert_eq!((f(-2.0).powf(f(3.0)), f(-2.0).powf(f(-2.0))), (f(-8.0), f(0.25)));
    assert_eq!((R::ZERO.powf(f(2.0)), R::ZERO.powf(R::ZERO), R::ZERO.powf(f(-0.5))), (R::ZERO, R::ONE, inf));
    let is_nan = |x: R| x.to_f64().is_nan();
    for x in
        [f(-1.0).ln(), f(-2.0).log1p(), f(-2.0).powf(f(0.5)), inf.sin(), big.cos(), big.tan(), f(-1.0).sqrt()]
    {
        assert!(is_nan(x), "{x:?}");
    }
    for g in [R::exp, R::expm1, R::ln, R::log1p, R::sin, R::cos, R::tan, R::tanh, R::atan, R::sigmoid] {
        assert!(is_nan(g(nan)));
        assert!(is_nan(g(-nan)));
    }
    assert!(
        is_nan(nan.softplus()) && is_nan(nan.powf(R::ZERO)) && is_nan(R::ONE.powf(nan)) && is_nan(nan.sign())
    );
    assert_eq!([f(-3.0), R::ZERO, f(0.5)].map(R::sign), [f(-1.0), R::ZERO, R::ONE]);
    for (x, exponent) in [(1.0, 0.0), (-1.5, 0.0), (3.9, 1.0), (1e-30, -100.0), (1e30, 99.0)] {
        let (down, e) = R::normalize(f(x));
        assert_eq!((e, down), (f(exponent), f(libm::exp2(-exponent))));
    }
}

#[test]
fn the_ends_of_the_domains_are_as_stated() {
    ends::<f32>();
    ends::<f64>();
}

#[test]
fn a_wrong_value_is_seen() {
    let next = |x: f32, k: u32| f64::from(f32::from_bits(x.to_bits() + k));
    assert_eq!(error(next(1.5, 3), 1.5, 0.0, SINGLE), 3.0);
    assert_eq!(error(next(1e-40, 2), f64::from(1e-40_f32), 0.0, SINGLE), 2.0);
    assert_eq!(error(1.5, 1.5, 0.25, DOUBLE), 0.25);
    assert_eq!(error(f64::INFINITY, f64::from(f32::MAX), 0.0, SINGLE), 1.0);
    assert_eq!(error(f64::INFINITY, 1e300, 0.0, SINGLE), 0.0);
    assert_eq!(error(1.0, f64::NAN, 0.0, SINGLE), f64::INFINITY);
    assert_eq!(error(f64::NAN, 1.0, 0.0, SINGLE), f64::INFINITY);
    assert!(error(f64::INFINITY, 1e30, 0.0, SINGLE) > 1e6);
    assert!(error(-1.0, 1.0, 0.0, SINGLE) > 1e6);
    let mut worst = Worst::new();
    worst.see(error(next(1.5, 3), 1.5, 0.0, SINGLE), String::new);
    worst.check("right", 3.0);
    assert!(std::panic::catch_unwind(|| worst.check("wrong", 2.9)).is_err());
}

/// The decimal numbers in the code of `text`, without repetition.
fn numbers(text: &str) -> std::collections::BTreeSet<&str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words =
        code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_'));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')).collect()
}

#[test]
fn both_twins_hold_the_same_numbers() {
    let rust =
        [include_str!("exponential.rs"), include_str!("logarithm.rs"), include_str!("trigonometric.rs")];
    let (_, shader) = include_str!("../../shaders/math.wgsl").split_once("// exponential.rs").unwrap();
    let rust: std::collections::BTreeSet<&str> = rust.into_iter().flat_map(numbers).collect();
    let mut shader = numbers(shader);
    // The shader says 4 in bits.
    assert!(shader.insert("4.0"));
    assert_eq!(rust, shader);
    assert!(rust.contains("0.7125") && rust.contains("0.45"));
}
