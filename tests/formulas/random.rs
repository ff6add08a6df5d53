//! Value, gradient and Hessian-vector product of random formulas at random points.

use std::collections::HashMap;

use gdscope::formula::{Ast, Definition, FormulaError, Tape, parse, parse_definition};
use num_dual::HyperDual64;

use crate::evaluate::{Derived, evaluate};
use crate::reference::{Interpreter, Random, formula, helpers};

const VARIABLES: [&str; 2] = ["x", "y"];
const FORMULAS: u64 = 4000;
const POINTS: usize = 10;

/// How the interpreter sees one formula at one point.
struct Truth {
    /// Loss, gradient and Hessian-vector product.
    values: Vec<f64>,
    kink: bool,
    extreme: bool,
    degenerate: bool,
}

/// x, y, dx, dy and the parameter a.
type Point = [(&'static str, f64); 5];

fn truth(ast: &Ast, definitions: &[Definition], point: &Point, noise: f64, seed: u64) -> Truth {
    let values = vec![0.0; 1 + 2 * VARIABLES.len()];
    let mut truth = Truth { values, kink: false, extreme: false, degenerate: false };
    for k in 0..VARIABLES.len() {
        let mut interpreter = Interpreter::new(definitions, noise, seed);
        let seeds = (0..VARIABLES.len()).map(|i| {
            let along = if i == k { 1.0 } else { 0.0 };
            (VARIABLES[i], HyperDual64::new(point[i].1, along, point[VARIABLES.len() + i].1, 0.0))
        });
        interpreter.quantities = HashMap::from_iter(seeds);
        interpreter.quantities.insert("a", HyperDual64::from_re(point[4].1));
        let value = interpreter.value(ast);
        truth.values[0] = value.re;
        truth.values[1 + k] = value.eps1;
        truth.values[1 + VARIABLES.len() + k] = value.eps1eps2;
        truth.kink |= interpreter.kink;
        truth.extreme |= interpreter.extreme;
        truth.degenerate |= interpreter.degenerate;
    }
    truth
}

fn random_point(random: &mut Random) -> Point {
    let mut coordinate = || match random.below(12) {
        0 => 0.0,
        1 => *random.pick(&[1.0, -1.0, 2.0, 0.5]),
        2..=4 => random.scaled(-4.0, 0.0),
        _ => random.scaled(-1.0, 1.0),
    };
    let (x, mut y, mut a) = (coordinate(), coordinate(), coordinate());
    if random.below(10) == 0 {
        y = x;
    }
    if random.below(10) == 0 {
        a = (3.0 * a).round();
    }
    [("x", x), ("y", y), ("dx", random.symmetric()), ("dy", random.symmetric()), ("a", a)]
}

/// What became of the comparisons of one run.
#[derive(Default, Debug)]
struct Tally {
    pairs: usize,
    compared: usize,
    /// The reference is not a number, or infinite, or only finite because nothing moves.
    undefined: usize,
    /// The reference moves by more than a thousandth when every operation moves by 1e-12, or it
    /// passes the ends of the number format.
    hopeless: usize,
    /// At a kink: compared as to being finite only.
    kinks: usize,
    failures: Vec<String>,
}

impl Tally {
    /// Compares `values` by `derived` with the interpreter, at one point.
    fn compare(
        &mut self,
        text: &str,
        values: &[f64],
        ast: &Ast,
        definitions: &[Definition],
        point: &Point,
        floor: f64,
    ) {
        const NOISE: f64 = 1e-12;
        self.pairs += 1;
        let exact = truth(ast, definitions, point, 0.0, 0);
        let blind = exact.degenerate && values.iter().any(|v| !v.is_finite());
        if blind || exact.values.iter().any(|v| !v.is_finite()) {
            self.undefined += 1;
            return;
        }
        let mut spread = vec![0.0f64; values.len()];
        let mut unstable = exact.extreme;
        for seed in 1..=3 {
            let moved = truth(ast, definitions, point, NOISE, seed);
            unstable |= moved.extreme;
            for ((spread, m), e) in spread.iter_mut().zip(moved.values).zip(&exact.values) {
                unstable |= !m.is_finite() || (m - e).abs() > 1e-3 * e.abs().max(1e-3);
                *spread = spread.max((m - e).abs());
            }
        }
        if unstable {
            self.hopeless += 1;
            return;
        }
        if exact.kink {
            self.kinks += 1;
            if values.iter().any(|v| !v.is_finite()) {
                self.failures.push(format!("{text}\n  at {point:?}: {values:?}, at a kink"));
            }
            return;
        }
        self.compared += 1;
        let close = |((v, e), s): ((&f64, &f64), &f64)| (v - e).abs() <= 30.0 * s + floor * (1.0 + e.abs());
        if !values.iter().zip(&exact.values).zip(&spread).all(close) {
            self.failures.push(format!("{text}\n  at {point:?}:\n  {values:?}, truth\n  {:?}", exact.values));
        }
    }

    fn check(&self) {
        assert!(
            self.failures.is_empty(),
            "{} failures:\n{}",
            self.failures.len(),
            self.failures[..self.failures.len().min(12)].join("\n")
        );
        let skipped = self.hopeless as f64 / (self.pairs - self.undefined) as f64;
        assert!(skipped < 0.1, "{skipped} of the defined pairs are skipped: {self:?}");
        assert!(self.kinks < self.compared / 4, "{self:?}");
    }
}

/// The evaluated graph, the tape, and the graph that is read from the text of the graph.
#[test]
fn random_formulas_agree_with_automatic_differentiation() {
    let (mut random, mut in_means) = (Random(1), Random(9));
    let [mut tally, mut tape_tally, mut text_tally] = [(); 3].map(|()| Tally::default());
    for _ in 0..FORMULAS {
        let (texts, known) = helpers(&mut random);
        let mut text = formula(&mut random, 4, &["x", "x", "y", "a"], &known);
        if in_means.below(4) == 0 {
            let [one, two] =
                [(); 2].map(|()| formula(&mut in_means, 3, &["x", "y", "a", "u", "u", "v"], &known));
            text = format!("mean(row in data: {one}) * ({text}) + mean(row in data: {two})");
        }
        let definitions: Result<Vec<_>, FormulaError> = texts.iter().map(|t| parse_definition(t)).collect();
        let definitions = definitions.unwrap_or_else(|e| panic!("{e}"));
        let ast = parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let mut derived =
            Derived::with(&text, &VARIABLES, &definitions).unwrap_or_else(|e| panic!("{text}: {e}"));
        let shown = format!("{text}  where {}", texts.join(", "));
        let points: Vec<Point> = (0..POINTS).map(|_| random_point(&mut random)).collect();
        let names = points[0].map(|(name, _)| name);
        let inputs = names.map(|name| derived.graph.input(name));
        let roots = derived.roots();
        let outputs: Vec<_> = roots.iter().copied().zip(inputs.len()..).collect();
        let tape = Tape::<f64>::compile(&derived.graph, &inputs, inputs.len() + roots.len(), &outputs);
        let mut registers = vec![gdscope::formula::Register::splat(0.0); tape.registers()];
        tape.load_constants(&mut registers);
        for (lane, point) in points.iter().enumerate() {
            point.iter().enumerate().for_each(|(i, (_, value))| registers[i][lane] = *value);
        }
        tape.run(&mut registers, 1);
        let again = Derived::with(&derived.graph.text(derived.loss), &VARIABLES, &[])
            .unwrap_or_else(|e| panic!("{shown}: {e}"));
        for (lane, point) in points.iter().enumerate() {
            let values = evaluate(&derived.graph, &roots, point);
            tally.compare(&shown, &values, &ast, &definitions, point, 1e-14);
            let by_tape: Vec<f64> = outputs.iter().map(|(_, register)| registers[*register][lane]).collect();
            tape_tally.compare(&shown, &by_tape, &ast, &definitions, point, 1e-6);
            let reread = evaluate(&again.graph, &again.roots(), point);
            text_tally.compare(&shown, &reread, &ast, &definitions, point, 1e-14);
        }
    }

    tally.check();
    tape_tally.check();
    text_tally.check();
    assert!(tally.compared >= 20_000, "{tally:?}");
}
