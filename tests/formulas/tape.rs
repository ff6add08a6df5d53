//! The register tape against the nodes evaluated one by one: the same bits.

use gdscope::formula::{Binary, Graph, Id, LANES, Node, Register, Scope, Tape, Unary, lower, parse};

use crate::evaluate::evaluate_fused;
use crate::reference::{Random, formula};

const NAMES: [&str; 3] = ["x", "y", "a"];

/// The values that a tape writes to the registers `places`, of `outputs`; inputs in registers 0 to 2.
fn run(graph: &mut Graph, outputs: &[Id], places: &[usize], point: &[f64]) -> Vec<f64> {
    let inputs: Vec<Id> = NAMES.iter().map(|name| graph.input(name)).collect();
    let outputs: Vec<_> = outputs.iter().copied().zip(places.iter().copied()).collect();
    let reserved = places.iter().max().map_or(0, |p| p + 1).max(inputs.len());
    let tape = Tape::<f64>::compile(graph, &inputs, reserved, &outputs);
    let mut registers = vec![Register::splat(f64::NAN); tape.registers()];
    tape.load_constants(&mut registers);
    // Twice, as an engine does: constants and inputs of the second run are not spoilt by the first.
    for _ in 0..2 {
        point.iter().enumerate().for_each(|(i, value)| registers[i] = Register::splat(*value));
        tape.run(&mut registers, LANES / gdscope::formula::CHUNK);
    }
    places.iter().map(|place| registers[*place][LANES - 1]).collect()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

fn check(formulas: &[&str], places: &[usize], truth: &[f64]) {
    let mut graph = Graph::default();
    let outputs: Vec<Id> = (formulas.iter())
        .map(|text| lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap())
        .collect();
    let got = run(&mut graph, &outputs, places, &[2.0, 3.0, 5.0]);
    assert_eq!(got, truth, "{formulas:?} to {places:?}");
}

#[test]
fn outputs_over_inputs() {
    check(&["y", "x"], &[0, 1], &[3.0, 2.0]);
    check(&["y", "a", "x"], &[0, 1, 2], &[3.0, 5.0, 2.0]);
    check(&["x", "y"], &[0, 1], &[2.0, 3.0]);
    check(&["x + y", "x - y"], &[0, 1], &[5.0, -1.0]);
    check(&["x*y", "x"], &[0, 1], &[6.0, 2.0]);
    check(&["y", "x*y"], &[0, 1], &[3.0, 6.0]);
    // An output that another one reads.
    check(&["x + y", "(x + y)*a", "(x + y)*x"], &[0, 1, 2], &[5.0, 25.0, 10.0]);
    check(&["(x + y)*x", "x + y"], &[1, 0], &[10.0, 5.0]);
}

/// A product with a sign changes a sign, if its other factor vanishes where the sign does.
#[test]
fn products_with_a_sign() {
    let flips = ["log1p(abs(x)) * sign(x)", "sign(x) * (y*expm1(x))", "y*sqrt(abs(x))*sign(x) + a"];
    let others = ["sign(x) * y", "sign(x) * cos(x)", "sign(x) + log1p(abs(x)) * sign(x)"];
    for text in flips.into_iter().chain(others) {
        let mut graph = Graph::default();
        let root = lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap();
        for x in [0.0, -0.0, 1.5, -1.5, 1e-320, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            for y in [2.0, -3.0, 0.0, f64::INFINITY] {
                let point = [x, y, 5.0];
                let named: Vec<(&str, f64)> = NAMES.into_iter().zip(point).collect();
                let truth = evaluate_fused(&graph, &[root], &named)[0];
                let got = run(&mut graph, &[root], &[3], &point)[0];
                let near = (got - truth).abs() <= 2.0 * f64::EPSILON * truth.abs();
                let is_same = got == truth && got.is_sign_negative() == truth.is_sign_negative();
                assert!(
                    near || is_same || (got.is_nan() && truth.is_nan()),
                    "{text} at {point:?}: {got}, not {truth}"
                );
            }
        }
    }
}

#[test]
fn outputs_that_are_equal_constant_or_inputs() {
    check(&["x + y", "x + y"], &[0, 1], &[5.0, 5.0]);
    check(&["x + y", "x + y", "x"], &[2, 0, 1], &[5.0, 5.0, 2.0]);
    check(&["7", "7", "x"], &[0, 1, 2], &[7.0, 7.0, 2.0]);
    check(&["x", "x", "x"], &[0, 1, 2], &[2.0, 2.0, 2.0]);
    check(&["y", "y", "x", "4"], &[0, 3, 4, 1], &[3.0, 3.0, 2.0, 4.0]);
    check(&["0", "a*a - x*y"], &[0, 1], &[0.0, 19.0]);
}

/// Operations that are exact or correctly rounded, and so the same everywhere.
fn is_exact(node: Node) -> bool {
    match node {
        Node::Unary(op, _) => matches!(op, Unary::Neg | Unary::Abs | Unary::Sign | Unary::Sqrt | Unary::Norm),
        Node::Binary(op, ..) => op != Binary::Pow,
        _ => true,
    }
}

#[test]
fn random_formulas() {
    let mut random = Random(4);
    let mut checked = 0;
    while checked < 3000 {
        let mut graph = Graph::default();
        let count = 1 + random.below(5);
        let outputs: Vec<Id> = (0..count)
            .map(|_| {
                let text = formula(&mut random, 4, &NAMES, &[]);
                lower(&mut graph, &Scope::default(), &parse(&text).unwrap(), &text).unwrap()
            })
            .collect();
        let variables = [graph.input("x"), graph.input("y")];
        let gradient = graph.gradient(outputs[0], &variables);
        let outputs: Vec<Id> = outputs.into_iter().chain(gradient).collect();
        if !graph.reachable(&outputs).into_iter().all(|id| is_exact(graph.node(id))) {
            continue;
        }
        checked += 1;
        // Distinct places, over inputs and beyond them.
        let mut free: Vec<usize> = (0..9).collect();
        let places: Vec<usize> = outputs.iter().map(|_| free.remove(random.below(free.len()))).collect();
        let point = [(); 3].map(|()| random.scaled(-2.0, 1.0));
        let truth = evaluate_fused(&graph, &outputs, &[("x", point[0]), ("y", point[1]), ("a", point[2])]);
        let got = run(&mut graph, &outputs, &places, &point);
        let texts: Vec<String> = outputs.iter().map(|id| graph.text(*id)).collect();
        assert!(same(&got, &truth), "{texts:?} to {places:?} at {point:?}: {got:?}, truth {truth:?}");
    }
}
