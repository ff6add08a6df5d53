//! Machine code against the tape that it was written from: the same bits.

use std::fmt::Debug;

use gdscope::dataset::Dataset;
use gdscope::formula::{
    Access, CHUNK, Graph, Id, Isa, LANES, LaneOf, Node, Observer, Register, Scope, Stepper, Tape, lower,
    parse,
};
use gdscope::math::Real;

use crate::reference::{Random, formula};

const NAMES: [&str; 3] = ["x", "y", "a"];

/// The instruction sets to test: there is no test without one.
fn sets() -> Vec<Isa> {
    let sets: Vec<Isa> = Isa::ALL.into_iter().filter(|isa| isa.is_here()).collect();
    assert!(
        !sets.is_empty() || cfg!(not(target_arch = "x86_64")),
        "no instruction set that code is written for"
    );
    sets
}

/// The values that are put into the lanes: those of every size and kind, and random ones.
fn values(random: &mut Random) -> [f64; LANES] {
    const SPECIAL: [f64; 14] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e-40,
        -1e-310,
        3.4e38,
        -1e300,
        0.5,
        2.0,
        1e-8,
    ];
    let mut values = [0.0; LANES];
    for (lane, value) in values.iter_mut().enumerate() {
        *value = match lane % 4 {
            0 => SPECIAL[random.below(SPECIAL.len())],
            1 => random.scaled(-3.0, 3.0),
            2 => random.scaled(-100.0, 100.0),
            _ => random.scaled(-1.0, 1.0) * 10f64.powi(random.below(60) as i32 - 30),
        };
    }
    values
}

fn bits<R: Real + Debug>(register: &Register<R>) -> Vec<(u64, R)> {
    #[expect(clippy::eq_op, reason = "says whether it is a NaN, of which there are many")]
    let bits = |v: R| if v != v { u64::MAX } else { v.word() };
    register.iter().map(|&v| (bits(v), v)).collect()
}

/// Runs `outputs` for some steps as a tape and as code, from the same values, and compares all registers.
fn compare<R: Real + Debug>(
    graph: &mut Graph,
    outputs: &[Id],
    places: &[usize],
    random: &mut Random,
    what: &str,
) {
    let inputs: Vec<Id> = NAMES.iter().map(|name| graph.input(name)).collect();
    let step = inputs.len();
    let inputs: Vec<Id> = inputs.into_iter().chain([graph.input("t")]).collect();
    let reserved = places.iter().max().map_or(0, |p| p + 1).max(inputs.len());
    let outputs: Vec<_> = outputs.iter().copied().zip(places.iter().copied()).collect();
    let plain = Tape::<R>::compile(graph, &inputs, reserved, &outputs).counting(step);
    let start: Vec<[f64; LANES]> = NAMES.iter().map(|_| values(random)).collect();
    let chunks = 1 + random.below(LANES / CHUNK);
    let run = |isa: Option<Isa>| {
        let stepper = Stepper::new(plain.clone(), (), isa);
        let mut registers = vec![Register::splat(R::from_f64(7.0)); stepper.registers()];
        stepper.load_constants(&mut registers);
        for (register, values) in registers.iter_mut().zip(&start) {
            values.iter().enumerate().for_each(|(lane, &value)| register[lane] = R::from_f64(value));
        }
        stepper.run(&mut registers, chunks, 3..5, 1);
        places.iter().map(|&place| bits(&registers[place])[..chunks * CHUNK].to_vec()).collect::<Vec<_>>()
    };
    let truth = run(None);
    for isa in sets() {
        let got = run(Some(isa));
        for (k, (got, truth)) in got.iter().zip(&truth).enumerate() {
            for (lane, (g, t)) in got.iter().zip(truth).enumerate() {
                let from: Vec<f64> = start.iter().map(|values| values[lane]).collect();
                assert_eq!(
                    g.0, t.0,
                    "{isa:?} {what}, output {k}, lane {lane} from {from:?}: {:?}, {:?}",
                    g.1, t.1
                );
            }
        }
    }
}

fn compare_both(texts: &[&str], places: &[usize], seed: u64) {
    let mut random = Random(seed);
    let mut graph = Graph::default();
    let outputs: Vec<Id> = (texts.iter())
        .map(|text| lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap())
        .collect();
    for _ in 0..20 {
        compare::<f32>(&mut graph, &outputs, places, &mut random, &texts.join("; "));
        compare::<f64>(&mut graph, &outputs, places, &mut random, &texts.join("; "));
    }
}

#[test]
fn every_operation() {
    let unary = [
        "-x",
        "abs(x)",
        "sign(x)",
        "sqrt(x)",
        "norm(x)",
        "exp(x)",
        "expm1(x)",
        "log(x)",
        "log1p(x)",
        "sin(x)",
        "cos(x)",
        "tan(x)",
        "tanh(x)",
        "atan(x)",
        "sigmoid(x)",
        "softplus(x)",
        "relu(x)",
    ];
    let binary = [
        "x + y",
        "x - y",
        "x * y",
        "x / y",
        "x ^ y",
        "x < y",
        "x <= y",
        "x == y",
        "x != y",
        "max(x, y)",
        "min(x, y)",
        "x^3",
        "norm(x, y)",
    ];
    let ternary = [
        "if(x, y, a)",
        "x + y*a",
        "x - y*a",
        "x*y - a",
        "x*x + a",
        "x*x + x",
        "x*y + x",
        "x*y + y",
        "x - x*x",
        "x*2 + 3",
        "x*y + x*y",
        "x + t",
        "t*x - a",
        "x*x - y*y",
        "log1p(abs(x))*sign(x)",
        "y*expm1(x)*sign(x) + a",
        "log1p(norm(x, y))*x",
        "log1p(x*x + y*y)",
        "log1p(x*y)",
        "log(max(x, 2))",
        "log(if(x < 1, 1, x))",
    ];
    for (k, text) in unary.into_iter().chain(binary).chain(ternary).enumerate() {
        compare_both(&[text], &[4], k as u64);
        compare_both(&[text], &[0], k as u64);
    }
}

#[test]
fn outputs_over_inputs() {
    compare_both(&["y", "x"], &[0, 1], 1);
    compare_both(&["y", "a", "x"], &[0, 1, 2], 2);
    compare_both(&["x + y", "x + y", "x"], &[2, 0, 1], 3);
    compare_both(&["y", "y", "x", "4"], &[0, 4, 5, 1], 4);
    compare_both(&["x*y + t", "t"], &[0, 2], 5);
}

/// More values at once than there are registers.
#[test]
fn long_formulas_spill() {
    let terms: Vec<String> = (1..80).map(|k| format!("sin(x*{k} + y)")).collect();
    let sum = terms.join(" + ");
    let folded = terms.iter().rev().fold("a".to_owned(), |inner, term| format!("({term} - {inner})*y"));
    let truths: Vec<String> = (1..30).map(|k| format!("(x < {k}) * (y < x*{k})")).collect();
    compare_both(&[&sum, &folded, &truths.join(" + ")], &[0, 1, 2], 6);
    let many: Vec<String> = (0..60).map(|k| format!("x*{k} + log1p(abs(y)) * a")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    compare_both(&many, &(4..64).collect::<Vec<_>>(), 7);
}

#[test]
fn random_formulas() {
    let mut random = Random(8);
    for _ in 0..1500 {
        let mut graph = Graph::default();
        let texts: Vec<String> =
            (0..1 + random.below(4)).map(|_| formula(&mut random, 5, &NAMES, &[])).collect();
        let outputs: Vec<Id> = (texts.iter())
            .map(|text| lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap())
            .collect();
        let variables = [graph.input("x"), graph.input("y")];
        let gradient = graph.gradient(outputs[0], &variables);
        let outputs: Vec<Id> = outputs.into_iter().chain(gradient).collect();
        let mut free: Vec<usize> = [0, 1, 2, 4, 5, 6, 7, 8, 9].into();
        let places: Vec<usize> = outputs.iter().map(|_| free.remove(random.below(free.len()))).collect();
        compare::<f32>(&mut graph, &outputs, &places, &mut random, &texts.join("; "));
        compare::<f64>(&mut graph, &outputs, &places, &mut random, &texts.join("; "));
    }
}

/// Registers of x, the number of rows, the step, the result and what is observed after and before the steps.
const ROWS: usize = 1;
const STEP: usize = 2;
const RESULT: usize = 3;
const SEEN: usize = 4;
const BEFORE: usize = 5;

/// Sums the steps' numbers and their places in the run, where x is positive; and what the results were before.
struct Steps;

impl<R: Real> Observer<R> for Steps {
    fn before<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let (sum, result, count) = (access.get(BEFORE), access.get(RESULT), access.count());
        access.set(BEFORE, sum + result * count);
    }

    fn observe<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let (x, seen, step, count) = (access.get(0), access.get(SEEN), access.step(), access.count());
        let more = seen + step * R::from_f64(100.0) + count;
        access.set(SEEN, L::choose(x.constant(R::ZERO).lt(x), more, seen));
    }
}

/// Runs the mean of `text` over data as a tape and as code, observed, with as many rows as a lane's number says.
fn compare_rows<R: Real + Debug>(text: &str, columns: &[&str]) {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let scope = Scope { data: Dataset::from_words(&columns).unwrap().data().unwrap(), ..Scope::default() };
    let mut graph = Graph::default();
    let root = lower(&mut graph, &scope, &parse(text).unwrap(), text).unwrap();
    let inputs = ["x", "n", "t"].map(|name| graph.input(name));
    let tape = Tape::<R>::compile(&graph, &inputs, BEFORE + 1, &[(root, RESULT)]).counting(STEP);
    let run = |isa: Option<Isa>| {
        let stepper = Stepper::new(tape.clone(), Steps, isa);
        let mut registers = vec![Register::splat(R::ZERO); stepper.registers()];
        stepper.load_constants(&mut registers);
        let by_lane = |value: fn(usize) -> f64| {
            let mut register = Register::splat(R::ZERO);
            register.iter_mut().enumerate().for_each(|(lane, to)| *to = R::from_f64(value(lane)));
            register
        };
        registers[0] = by_lane(|lane| 0.1 * lane as f64 - 3.0);
        registers[ROWS] = by_lane(|lane| (1 + lane * 3 % 200) as f64);
        stepper.run(&mut registers, LANES / CHUNK, 7..11, 1);
        [RESULT, SEEN, BEFORE].map(|register| bits(&registers[register]))
    };
    let truth = run(None);
    // 7 + 8 + 9 + 10 a hundred times, and 1 + 2 + 3 + 4.
    assert_eq!((truth[1][0].1.to_f64(), truth[1][LANES - 1].1.to_f64()), (0.0, 3410.0));
    assert!(truth[2].iter().any(|sum| sum.1.to_f64() != 0.0));
    for isa in sets() {
        assert_eq!(run(Some(isa)), truth, "{isa:?} {text}");
    }
}

#[test]
fn means_over_rows_and_what_is_observed() {
    let fixed = "x + mean(row in data: sin(u*x) + t) + mean(row in data: exp(-u^2)*x)";
    let by_lane = "x * mean(row in data: u*x + t) - mean(row in data: log1p(u))";
    // Much of it is the same in every lane, and for every row.
    let uniform = "if(t < 9, log1p(t), t^2) * x + mean(row in data: u*exp(-t/3) + (t < 8)*x) + sin(t)";
    for columns in [["u=0.5,-1,2"], ["u=linspace(0, 1, 64)"], ["u=linspace(-1, 1, 333)"]] {
        compare_rows::<f32>(fixed, &columns);
        compare_rows::<f64>(fixed, &columns);
        compare_rows::<f32>(uniform, &columns);
        compare_rows::<f64>(uniform, &columns);
    }
    compare_rows::<f32>(by_lane, &["u=linspace(0, 1, n)"]);
    compare_rows::<f64>(by_lane, &["u=linspace(0, 1, n)"]);
}

/// Code reads no further than its data goes; the tape stops there.
#[test]
fn loops_beyond_the_data_are_refused() {
    let scope = Scope {
        data: Dataset::from_words(&["u=1,2,3".to_owned()]).unwrap().data().unwrap(),
        ..Scope::default()
    };
    for count in [Some(4.0), None] {
        let mut graph = Graph::default();
        let text = "mean(row in data: sin(u*x))";
        let root = lower(&mut graph, &scope, &parse(text).unwrap(), text).unwrap();
        let Node::Mean(term, _) = graph.node(root) else { panic!("{text} is a mean") };
        let inputs = ["x", "n"].map(|name| graph.input(name));
        let count = count.map_or(inputs[1], |count| graph.constant(count));
        let root = graph.mean(term, count);
        let tape = Tape::<f64>::compile(&graph, &inputs, 3, &[(root, 2)]);
        for isa in sets() {
            let stepper = Stepper::new(tape.clone(), (), Some(isa));
            let mut registers = vec![Register::splat(4.0); stepper.registers()];
            stepper.load_constants(&mut registers);
            let run = std::panic::AssertUnwindSafe(|| stepper.run(&mut registers, 1, 0..1, 1));
            assert!(std::panic::catch_unwind(run).is_err(), "{isa:?} read beyond the data");
        }
    }
}
