//! Means over the rows of data: against sums written out, and closed forms.

use gdscope::dataset::Dataset;
use gdscope::descent::Descent;
use gdscope::experiment::Optimizer;
use gdscope::formula::{CHUNK, Column, Graph, Id, LANES, Register, Scope, Tape, lower, parse};
use gdscope::landscape::Landscape;
use num_dual::{Dual64, DualNum};

use crate::evaluate::{Derived, evaluate};
use crate::reference::Random;

fn dataset(columns: &[&str]) -> Dataset {
    Dataset::from_words(&columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// A loss over `columns`, with the nodes of `x` and the parameter `n`.
fn graph(loss: &str, columns: &[&str]) -> (Graph, Id, [Id; 2]) {
    let scope = Scope { data: dataset(columns).data().unwrap(), ..Scope::default() };
    let mut graph = Graph::default();
    let root = lower(&mut graph, &scope, &parse(loss).unwrap(), loss).unwrap();
    let inputs = ["x", "n"].map(|name| graph.input(name));
    (graph, root, inputs)
}

fn message(loss: &str, columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let made = Dataset::from_words(&names).and_then(|data| Landscape::from_loss(loss, &["x"], data));
    made.unwrap_err().to_string()
}

#[test]
fn lanes_may_have_different_numbers_of_rows() {
    // The mean of i/(n-1) over i = 0 .. n-1 is 1/2, that of its square (2n - 1)/(6(n - 1)).
    let loss = "x * mean(row in data: u) + mean(row in data: u^2)";
    let (graph, root, inputs) = graph(loss, &["u=linspace(0, 1, n)"]);
    let tape = Tape::<f64>::compile(&graph, &inputs, 3, &[(root, 2)]);
    let mut registers = vec![Register::splat(0.0); tape.registers()];
    tape.load_constants(&mut registers);
    for lane in 0..LANES {
        registers[0][lane] = lane as f64;
        // Rounded, half to even.
        registers[1][lane] = (1 + lane) as f64 + [0.0, 0.4, -0.4][lane % 3];
    }
    tape.run(&mut registers, LANES / CHUNK);
    for (lane, got) in registers[2].iter().enumerate() {
        let (x, n) = (lane as f64, (1 + lane) as f64);
        let truth = if lane == 0 { 0.0 } else { 0.5 * x + (2.0 * n - 1.0) / (6.0 * (n - 1.0)) };
        assert!((got - truth).abs() <= 1e-13 * truth, "{n} rows: {got}, truth {truth}");
    }
}

#[test]
fn single_precision_keeps_its_digits_over_many_rows() {
    let (graph, root, inputs) = graph("mean(row in data: (x*u)^2)", &["u=logspace(0.01, 1, 100000)"]);
    let tape = Tape::<f32>::compile(&graph, &inputs, 3, &[(root, 2)]);
    let mut registers = vec![Register::splat(0.0f32); tape.registers()];
    tape.load_constants(&mut registers);
    registers[0] = Register::splat(1.5);
    tape.run(&mut registers, 1);
    let square = |i: u32| 1.5f64.powi(2) * 10f64.powf(4.0 * f64::from(i) / 99_999.0 - 4.0);
    let truth = (0..100_000).map(square).sum::<f64>() / 1e5;
    // A plain sum of 100,000 numbers in f32 is off by 1e-4.
    assert!((f64::from(registers[2][0]) / truth - 1.0).abs() < 4e-6, "{} {truth}", registers[2][0]);
}

#[test]
fn what_depends_on_the_rows_alone_is_worked_out_once() {
    let (graph, root, _) = graph("x + mean(row in data: sin(u)*exp(u) + 1)", &["u=0.5,-1,2"]);
    let (known, roots) = graph.tabulate(&[root]);
    let truth = [0.5f64, -1.0, 2.0].iter().map(|u| u.sin() * u.exp() + 1.0).sum::<f64>() / 3.0;
    assert!(known.columns().is_empty() || known.reachable(&roots).len() == 3);
    assert!((evaluate(&known, &roots, &[("x", 0.25)])[0] - 0.25 - truth).abs() < 1e-15);
}

/// Each term's column would be 8 MB.
#[test]
fn columns_that_would_be_too_many_are_worked_out_by_the_steps() {
    let terms: Vec<String> = (1..=20).map(|k| format!("abs(x + sin({k}*u))")).collect();
    let formula = format!("mean(row in data: {}) + x*mean(row in data: cos(u))", terms.join(" + "));
    let (graph, root, _) = graph(&formula, &["u=linspace(0, 1, 1048576)"]);
    let (known, roots) = graph.tabulate(&[root]);
    let numbers: usize = known
        .columns()
        .iter()
        .map(|column| match column {
            Column::Listed { values, .. } => values.len(),
            Column::Number => 0,
        })
        .sum();
    assert!(numbers <= 1 << 20, "{numbers}");
    // All terms are above 0: the integral of sin k u is (1 - cos k)/k, and sums in even steps are near it.
    let sines: f64 = (1..=20).map(f64::from).map(|k| 3.0 + (1.0 - k.cos()) / k).sum();
    let truth = sines + 3.0 * 1f64.sin();
    let got = evaluate(&known, &roots, &[("x", 3.0)])[0];
    assert!((got / truth - 1.0).abs() < 1e-6, "{got} {truth}");
}

#[test]
fn a_mean_of_a_mean() {
    // The variance of x*u, with x and in x.
    let variance = "mean(row in data: (x*u - mean(row in data: x*u))^2)";
    let derived = Derived::of(variance, &["x"]);
    let u = [0.7, -1.3, 2.0];
    let mean = u.iter().sum::<f64>() / 3.0;
    let of_u = u.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 3.0;
    let [value, slope, curvature] = derived.at(1.5);
    assert!((value - 2.25 * of_u).abs() < 1e-14, "{value}");
    assert!((slope - 3.0 * of_u).abs() < 1e-14, "{slope}");
    assert!((curvature - 2.0 * of_u).abs() < 1e-14, "{curvature}");
}

/// The gradient of `relu-data` for any number of inputs, against automatic differentiation of (6.1).
#[test]
fn few_and_many_inputs() {
    let mut random = Random(12);
    for rows in [3, 100, 10_000] {
        let inputs: Vec<f64> = (0..rows).map(|_| random.scaled(-1.0, 1.0).abs()).collect();
        let mut landscape = Landscape::load("relu-data").unwrap();
        let words: Vec<String> = inputs.iter().map(f64::to_string).collect();
        landscape.data = dataset(&[&format!("x={}", words.join(","))]);
        let usual = |name: &str| landscape.usual(name);
        let descent = Descent::new(&landscape, Optimizer::Gd, |g| Ok(g.constant(0.5)), usual).unwrap();
        for _ in 0..20 {
            let w = random.scaled(-2.0, 1.0);
            let network = |x: f64| {
                let w = Dual64::from_re(w).derivative();
                let relu = |z: Dual64| if z.re > 0.0 { z } else { Dual64::from_re(0.0) };
                (-relu(w * x + 1.0) + relu(w * x) * 2.0 - relu(w * x - 1.0) + 1.0).powi(2)
            };
            let truth = inputs.iter().fold(Dual64::from_re(0.0), |sum, &x| sum + network(x)) / rows as f64;
            let got = evaluate(
                &descent.graph,
                &[descent.loss, descent.gradient[0]],
                &[("w", w), ("d w", 1.0), ("t", 0.0)],
            );
            assert!((got[0] - truth.re).abs() < 1e-13 && (got[1] - truth.eps).abs() < 1e-13, "{w}: {got:?}");
        }
    }
}

#[test]
fn messages_name_the_remedy() {
    for (loss, columns, wanted) in [
        ("mean(row in data: x)", &[][..], "give columns: --data x=1,2,3"),
        ("mean(x)", &["u=1,2"], "expected `mean(row in data: expression)`"),
        ("mean(row in data x)", &["u=1,2"], "expected `:` as in"),
        ("x*u", &["u=1,2"], "use it inside `mean(row in data: ...)`"),
        ("x + linspace(0, 1, 3)", &["u=1,2"], "`linspace` makes a column of the data"),
        ("mean(row in data: x*u)", &["u=linspace(0, 1)"], "write `linspace(from, to, rows)`"),
        ("mean(row in data: x*u)", &["u=linspace(0, 1, 2.5)"], "a whole number from 1 to"),
        ("mean(row in data: x*u)", &["u=linspace(0, 1, 0)"], "a whole number from 1 to"),
        ("mean(row in data: x*u)", &["u=a*2"], "no column says how many rows"),
        ("mean(row in data: x*u)", &["u=1,2", "v=1,2,3"], "`u` has 2 rows and `v` has 3 rows"),
        ("mean(row in data: x*u)", &["u=1,two"], "write u=1,2,5 or u=linspace(0,1,64)"),
        ("mean(row in data: x*u)", &["u=1,inf"], "is inf in row 2; give finite numbers"),
        ("mean(row in data: x*u)", &["u=1,2", "u=3,4"], "`u` is given twice"),
        (
            "mean(row in data: x*u)",
            &["u=linspace(0, mean(row in data: v), 3)", "v=1,2,3"],
            "cannot use a mean",
        ),
        ("mean(row in data: x*exp)", &["exp=1,2"], "cannot name a variable, a parameter or a column"),
    ] {
        let message = message(loss, columns);
        assert!(message.contains(wanted), "{loss} {columns:?}: {message}");
    }
}
