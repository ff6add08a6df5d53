//! The independent truth: an interpreter of the syntax tree over hyper-dual numbers, and random
//! formulas to try it on.

use std::collections::HashMap;
use std::fmt::Write;

use gdscope::formula::{Ast, Definition, Infix, NORM_FLOOR};
use num_dual::{DualNum, HyperDual64};

use crate::evaluate::COLUMNS;

/// Random numbers (splitmix64), the same on every run.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Even in [-1, 1).
    pub fn symmetric(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Of either sign, even in the logarithm between 10^`from` and 10^`to`.
    pub fn scaled(&mut self, from: f64, to: f64) -> f64 {
        let size = 10f64.powf(from + (to - from) * (self.symmetric() + 1.0) / 2.0);
        if self.below(2) == 0 { size } else { -size }
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Interprets syntax trees over hyper-dual numbers.
///
/// With `noise`, the result of every operation and each of its derivatives is changed by a random
/// relative amount of that size: how far the end result moves says how well conditioned it is.
pub struct Interpreter<'a> {
    pub definitions: &'a [Definition],
    /// The quantities' values.
    pub quantities: HashMap<&'a str, Number>,
    pub noise: f64,
    pub random: Random,
    /// Whether a kink was met exactly: `abs` or `sign` at 0, a tie of `min` or `max`, `norm` at its
    /// floor. There the simplified formula may have another of the derivatives on either side.
    pub kink: bool,
    /// Whether a number was met at the ends of the range, where reordering decides over overflow.
    pub extreme: bool,
    /// Whether an infinite slope was met where nothing moves: because an `if` has taken a constant
    /// branch, or only because some factor happens to be 0, which the graph cannot see.
    pub degenerate: bool,
}

type Number = HyperDual64;

fn constant(value: f64) -> Number {
    Number::from_re(value)
}

impl<'a> Interpreter<'a> {
    pub fn new(definitions: &'a [Definition], noise: f64, seed: u64) -> Self {
        let (quantities, random) = (HashMap::new(), Random(seed));
        Self { definitions, quantities, noise, random, kink: false, extreme: false, degenerate: false }
    }

    pub fn value(&mut self, ast: &'a Ast) -> Number {
        self.eval(ast, &HashMap::new(), self.definitions.len())
    }

    /// `locals`: the arguments of the helper function that `ast` is in; `visible`: how many of the
    /// helper functions it may call.
    fn eval(&mut self, ast: &'a Ast, locals: &HashMap<&str, Number>, visible: usize) -> Number {
        let exact = match ast {
            Ast::Number(value) => return constant(*value),
            Ast::Name { name, .. } if name == "pi" => return constant(std::f64::consts::PI),
            Ast::Name { name, .. } => {
                let name = name.as_str();
                let value = locals.get(name).copied().unwrap_or_else(|| self.quantities[name]);
                // The value stays, so that equal names compare as equal.
                return Number { re: value.re, ..self.disturbed(value) };
            }
            Ast::Negate(a) => return -self.eval(a, locals, visible),
            Ast::Infix(op, a, b) => {
                let (a, b) = (self.eval(a, locals, visible), self.eval(b, locals, visible));
                let exact = self.infix(*op, a, b);
                self.of_constants(&[a, b], exact)
            }
            Ast::Chain(first, rest) => {
                let mut total = self.eval(first, locals, visible);
                for (op, operand) in rest {
                    let operand = self.eval(operand, locals, visible);
                    let exact = self.infix(*op, total, operand);
                    let exact = self.of_constants(&[total, operand], exact);
                    total = self.disturbed(exact);
                }
                return total;
            }
            Ast::Call { name, arguments, .. } => {
                let defined = self.definitions[..visible].iter().rposition(|d| d.name == *name);
                if let Some(place) = defined {
                    let values: Vec<_> = arguments.iter().map(|a| self.eval(a, locals, visible)).collect();
                    let definition = &self.definitions[place];
                    let inner = definition.parameters.iter().map(String::as_str).zip(values).collect();
                    return self.eval(&definition.body, &inner, place);
                }
                if name == "if" {
                    let taken = if self.eval(&arguments[0], locals, visible).re != 0.0 { 1 } else { 2 };
                    return self.eval(&arguments[taken], locals, visible);
                }
                let values: Vec<_> = arguments.iter().map(|a| self.eval(a, locals, visible)).collect();
                let exact = self.call(name, &values);
                self.of_constants(&values, exact)
            }
            Ast::Mean { body, .. } => {
                let rows = COLUMNS[0].1.len();
                let values: Vec<_> = (0..rows)
                    .map(|row| {
                        let columns = COLUMNS.map(|(name, values)| (name, constant(values[row])));
                        let inner = locals.iter().map(|(k, v)| (*k, *v)).chain(columns).collect();
                        self.eval(body, &inner, visible)
                    })
                    .collect();
                let sum = values.iter().fold(constant(0.0), |sum, value| sum + value);
                self.of_constants(&values, sum / rows as f64)
            }
        };
        self.disturbed(exact)
    }

    /// `result`, without derivatives if none of the operands has any: a function is constant then,
    /// even where its own slope is infinite.
    fn of_constants(&mut self, operands: &[Number], result: Number) -> Number {
        if !operands.iter().all(is_constant) {
            return result;
        }
        let parts = [result.eps1, result.eps2, result.eps1eps2];
        self.degenerate |= parts.iter().any(|part| !part.is_finite());
        constant(result.re)
    }

    fn disturbed(&mut self, exact: Number) -> Number {
        let Number { mut re, mut eps1, mut eps2, mut eps1eps2 } = exact;
        for part in [&mut re, &mut eps1, &mut eps2, &mut eps1eps2] {
            self.extreme |= *part != 0.0 && !(1e-200..1e200).contains(&part.abs());
            *part *= 1.0 + self.noise * self.random.symmetric();
        }
        Number::new(re, eps1, eps2, eps1eps2)
    }

    fn infix(&mut self, op: Infix, a: Number, b: Number) -> Number {
        let truth = |holds: bool| constant(f64::from(holds));
        match op {
            Infix::Add => a + b,
            Infix::Sub => a - b,
            Infix::Mul => a * b,
            Infix::Div => a / b,
            Infix::Pow => power(a, b),
            Infix::Lt => truth(a.re < b.re),
            Infix::Le => truth(a.re <= b.re),
            Infix::Gt => truth(a.re > b.re),
            Infix::Ge => truth(a.re >= b.re),
            Infix::Eq => truth(a.re == b.re),
            Infix::Ne => truth(a.re != b.re),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Number]) -> Number {
        let a = arguments[0];
        let zero = constant(0.0);
        match name {
            "abs" | "sign" | "relu" if a.re == 0.0 => {
                self.kink = true;
                zero
            }
            "abs" if a.re < 0.0 => -a,
            "abs" => a,
            "sign" => constant(a.re.signum()),
            "relu" if a.re < 0.0 => zero,
            "relu" => a,
            "min" | "max" => {
                let b = arguments[1];
                self.kink |= a.re == b.re;
                if (name == "min") == (a.re < b.re) { a } else { b }
            }
            "norm" => {
                let sum = arguments.iter().fold(zero, |sum, part| sum + part * part);
                self.kink |= sum.re <= 2.0 * NORM_FLOOR;
                if sum.re < NORM_FLOOR { constant(NORM_FLOOR.sqrt()) } else { sum.sqrt() }
            }
            "sqrt" => a.sqrt(),
            "exp" => a.exp(),
            "log" => a.ln(),
            "log1p" => a.ln_1p(),
            "expm1" => a.exp_m1(),
            "sin" => a.sin(),
            "cos" => a.cos(),
            "tan" => a.tan(),
            // gdscope takes 1 - tanh^2 for the slope: accurate absolutely, not relatively.
            "tanh" => {
                let slack = self.noise * self.random.symmetric();
                let Number { eps1, eps2, eps1eps2, .. } = a;
                let Number { re, eps1: s1, eps2: s2, eps1eps2: s12 } = a.tanh();
                let curved = eps1eps2 + eps1 * eps2;
                Number::new(re, s1 + slack * eps1, s2 + slack * eps2, s12 + slack * curved)
            }
            "atan" => a.atan(),
            "sigmoid" if a.re < 0.0 => a.exp() / (a.exp() + 1.0),
            "sigmoid" => (constant(1.0) + (-a).exp()).recip(),
            "softplus" if a.re < 0.0 => a.exp().ln_1p(),
            "softplus" => a + (-a).exp().ln_1p(),
            _ => panic!("no function {name}"),
        }
    }
}

fn is_constant(number: &Number) -> bool {
    number.eps1 == 0.0 && number.eps2 == 0.0 && number.eps1eps2 == 0.0
}

fn power(a: Number, b: Number) -> Number {
    let fixed = is_constant(&b);
    match b.re {
        n if fixed && n.fract() == 0.0 && n.abs() < 1000.0 => a.powi(n as i32),
        n if fixed => a.powf(n),
        _ => a.powd(b),
    }
}

/// Random formula text over `names`, of operations nested up to `depth` deep; `helpers` are the
/// functions that it may call, with their number of arguments.
pub fn formula(random: &mut Random, depth: usize, names: &[&str], helpers: &[(String, usize)]) -> String {
    const NUMBERS: [&str; 12] = ["0", "1", "2", "0.5", "3", "10", "0.1", "1.5", "1e-3", "7", "pi", "2.25"];
    const FUNCTIONS: [&str; 15] = [
        "abs", "sign", "sqrt", "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "atan", "relu",
        "softplus", "sigmoid",
    ];
    if depth == 0 || random.below(8) == 0 {
        return match random.below(3) {
            0 => (*random.pick(&NUMBERS)).to_owned(),
            _ => (*random.pick(names)).to_owned(),
        };
    }
    let part = |random: &mut Random| formula(random, depth - 1, names, helpers);
    match random.below(20) {
        0..=8 => {
            let op = *random.pick(&["+", "+", "-", "-", "*", "*", "*", "/", "/"]);
            let (a, b) = (part(random), part(random));
            match random.below(4) {
                0 => format!("{a} {op} {b}"),
                1 => format!("{a} {op} ({b})"),
                2 => format!("({a}) {op} {b}"),
                _ => format!("({a}) {op} ({b})"),
            }
        }
        9 => format!("-({})", part(random)),
        10 => {
            let exponent = match random.below(3) {
                0 => format!("({})", part(random)),
                _ => (*random.pick(&["2", "3", "4", "-1", "-2", "0.5", "1.5", "-0.5", "0", "1", "7", "a"]))
                    .to_owned(),
            };
            format!("({})^{exponent}", part(random))
        }
        11..=14 => format!("{}({})", random.pick(&FUNCTIONS), part(random)),
        15 => format!("{}({}, {})", random.pick(&["min", "max"]), part(random), part(random)),
        16 => {
            let parts: Vec<String> = (0..1 + random.below(3)).map(|_| part(random)).collect();
            format!("norm({})", parts.join(", "))
        }
        17 => {
            let op = *random.pick(&["<", "<=", ">", ">=", "==", "!="]);
            format!("(({}) {op} ({}))", part(random), part(random))
        }
        18 => {
            let op = *random.pick(&["<", "<=", ">", ">="]);
            let (c, d) = (part(random), part(random));
            format!("if(({c}) {op} ({d}), {}, {})", part(random), part(random))
        }
        _ => {
            let Some((name, count)) = (!helpers.is_empty()).then(|| random.pick(helpers).clone()) else {
                return part(random);
            };
            let mut text = format!("{name}(");
            for i in 0..count {
                let _ = write!(text, "{}{}", if i > 0 { ", " } else { "" }, part(random));
            }
            text + ")"
        }
    }
}

/// Random helper functions `h1(p)`, `h2(p, q)`, each of which may call the ones before.
pub fn helpers(random: &mut Random) -> (Vec<String>, Vec<(String, usize)>) {
    let (mut texts, mut known) = (Vec::new(), Vec::new());
    for (count, parameters) in [(1, "p"), (2, "p, q")] {
        let names = ["p", "q", "a"];
        let usable: Vec<&str> = names.into_iter().filter(|n| count == 2 || *n != "q").collect();
        let name = format!("h{count}");
        texts.push(format!("{name}({parameters}) = {}", formula(random, 3, &usable, &known)));
        known.push((name, count));
    }
    (texts, known)
}
