//! Formulas that are easy to get wrong, by name.

use std::f64::consts::LN_2;

use gdscope::formula::{Binary, Graph, Node, Register, Scope, Tape, lower, parse};

use crate::evaluate::{Derived, evaluate, number};

/// Checks (x, value, derivative, second derivative) of a formula in `x`, to 1e-14 of each.
fn check(text: &str, cases: &[(f64, [f64; 3])]) {
    let derived = Derived::of(text, &["x"]);
    for (x, truth) in cases {
        let got = derived.at(*x);
        let close = |(g, t): (&f64, &f64)| g == t || (g - t).abs() <= 1e-14 * t.abs().max(1e-300);
        assert!(got.iter().zip(truth).all(close), "{text} at {x}: {got:?}, truth {truth:?}");
    }
}

/// The simplified text of a formula.
fn simplified(text: &str) -> String {
    let mut graph = Graph::default();
    let root = lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap();
    graph.text(root)
}

#[test]
fn gradient_of_f1_has_no_remainder() {
    let derived = Derived::of("(1 + abs(x)) * log1p(abs(x)) - abs(x)", &["x"]);
    assert_eq!(derived.graph.text(derived.gradient[0]), "log1p(abs(x)) * sign(x)");
}

/// `x / (1 + x)` flattens as `x^-2`, which the difference of the two parts of its slope would lose.
#[test]
fn slopes_of_quotients_do_not_cancel() {
    let plus = |x: f64| (x, [x / (1.0 + x), (1.0 + x).powi(-2), -2.0 * (1.0 + x).powi(-3)]);
    check("x / (1 + x)", &[plus(1.0), plus(1e12), plus(-1e9)]);
    let minus = |x: f64| (x, [x / (2.0 - x), 2.0 * (2.0 - x).powi(-2), 4.0 * (2.0 - x).powi(-3)]);
    check("x / (2 - x)", &[minus(1.0), minus(-2e10), minus(1e9)]);
    let derived = Derived::of("x^2 / (3 + x^2)", &["x"]);
    assert_eq!(derived.at(1.0), [0.25, 6.0 / 16.0, 6.0 / 16.0 - 24.0 / 64.0]);
}

#[test]
fn branches_not_taken_do_not_leak() {
    check(
        "if(x > 0, x*log(x), 0)",
        &[(0.0, [0.0; 3]), (-1.0, [0.0; 3]), (2.0, [2.0 * LN_2, LN_2 + 1.0, 0.5])],
    );
    check("if(x > 0, sqrt(x), 0)", &[(0.0, [0.0; 3]), (-1.0, [0.0; 3]), (4.0, [2.0, 0.25, -1.0 / 32.0])]);
    check("if(x == 0, 1, sin(x)/x)", &[(0.0, [1.0, 0.0, 0.0])]);
    check("if(x != 0, 1/x, 3)", &[(0.0, [3.0, 0.0, 0.0]), (2.0, [0.5, -0.25, 0.25])]);
    check(
        "if(x > 0, if(x < 1, sqrt(x), 1/x), if(x < -1, log(-x), 2*x))",
        &[
            (0.25, [0.5, 1.0, -2.0]),
            (2.0, [0.5, -0.25, 0.25]),
            (-2.0, [LN_2, -0.5, -0.25]),
            (0.0, [0.0, 2.0, 0.0]),
        ],
    );
    // The same condition inside and out; the inner other branch can never be reached.
    check("if(x > 0, if(x > 0, x^2, 1/0), x)", &[(3.0, [9.0, 6.0, 2.0]), (-3.0, [-3.0, 1.0, 0.0])]);
    // Two roots that share what one of them excludes.
    check(
        "if(x > 0, sqrt(x), 0) + if(x > 1, 2*sqrt(x), 0)",
        &[(0.25, [0.5, 1.0, -2.0]), (4.0, [6.0, 0.75, -3.0 / 32.0])],
    );
    check("sqrt(relu(x))", &[(-1.0, [0.0; 3]), (0.0, [0.0; 3]), (4.0, [2.0, 0.25, -1.0 / 32.0])]);
    check("exp(if(x < 1, x, 1))", &[(0.0, [1.0; 3]), (1000.0, [1f64.exp(), 0.0, 0.0])]);
}

/// A Hessian-vector product where an infinite slope multiplies a branch that stands still.
#[test]
fn branches_not_taken_do_not_leak_into_mixed_derivatives() {
    for (text, point, truth) in [
        ("y * sqrt(relu(x))", [-1.0, 2.0], [0.0, 0.0, 0.0, 0.0]),
        ("y * sqrt(relu(x))", [4.0, 2.0], [0.5, 2.0, 0.25 * 0.5 - 2.0 / 32.0, 0.25]),
        ("y^2 * sqrt(relu(x) + relu(y))", [-1.0, -2.0], [0.0, 0.0, 0.0, 0.0]),
        ("y * log(1 + if(x > 0, x, -1))", [1.0, 2.0], [1.0, LN_2, -0.5 + 0.25, 0.5]),
        ("(x + y)^relu(y)", [-3.0, -1.0], [0.0, 0.0, 0.0, 0.0]),
        ("x^(relu(y))", [-2.0, -1.0], [0.0, 0.0, 0.0, 0.0]),
        ("(-1)^tanh(x^7)", [0.0, 0.0], [0.0, 0.0, 0.0, 0.0]),
        // The slope of x^0 along x is 0, but it changes with the exponent.
        ("x^y", [0.5, 0.0], [0.0, -LN_2, 1.0, 2.0 + 0.5 * LN_2 * LN_2]),
    ] {
        let derived = Derived::of(text, &["x", "y"]);
        let place = [("x", point[0]), ("y", point[1]), ("dx", 1.0), ("dy", 0.5)];
        let got = evaluate(&derived.graph, &derived.roots(), &place);
        assert!(got[1..].iter().zip(truth).all(|(g, t)| (g - t).abs() < 1e-14), "{text}: {got:?}");
    }
}

#[test]
fn kinks_follow_the_convention() {
    check("abs(x)", &[(0.0, [0.0, 0.0, 0.0]), (-2.0, [2.0, -1.0, 0.0])]);
    check("relu(x)", &[(0.0, [0.0; 3]), (-1.0, [0.0; 3]), (1.0, [1.0, 1.0, 0.0])]);
    check("sign(x)", &[(0.0, [0.0; 3]), (-2.0, [-1.0, 0.0, 0.0])]);
    // A tie takes the second argument.
    check("min(x, 0)", &[(0.0, [0.0; 3]), (-1.0, [-1.0, 1.0, 0.0])]);
    check("max(x, -x)", &[(0.0, [0.0, -1.0, 0.0])]);
    check("norm(x)", &[(-3.0, [3.0, -1.0, 0.0])]);
    for text in ["norm(x)", "norm(x, 2*x)", "norm(x)^3", "log1p(norm(x))", "x^2/norm(x)", "norm(relu(x))"] {
        let [value, slope, curvature] = Derived::of(text, &["x"]).at(0.0);
        assert!(value.abs() < 1e-17 && slope == 0.0 && curvature.is_finite(), "{text}");
    }
}

#[test]
fn powers() {
    check("x^0.5", &[(4.0, [2.0, 0.25, -1.0 / 32.0]), (0.0, [0.0, f64::INFINITY, f64::NEG_INFINITY])]);
    check("x^-0.5", &[(4.0, [0.5, -1.0 / 16.0, 3.0 / 128.0])]);
    check("x^-2", &[(-0.5, [4.0, 16.0, 96.0])]);
    check("x^-1", &[(-2.0, [-0.5, -0.25, -0.25])]);
    check("x^0", &[(0.0, [1.0, 0.0, 0.0]), (-3.0, [1.0, 0.0, 0.0])]);
    check("x^1", &[(0.0, [0.0, 1.0, 0.0])]);
    check("x^2", &[(0.0, [0.0, 0.0, 2.0])]);
    check("x^3", &[(0.0, [0.0; 3]), (-2.0, [-8.0, 12.0, -12.0])]);
    check("x^64", &[(-1.0, [1.0, -64.0, 64.0 * 63.0])]);
    check("x^101", &[(-1.0, [-1.0, 101.0, -101.0 * 100.0]), (0.0, [0.0; 3])]);
    check("x^1.5", &[(0.0, [0.0, 0.0, f64::INFINITY]), (4.0, [8.0, 3.0, 0.375])]);
    check("2^x", &[(3.0, [8.0, 8.0 * LN_2, 8.0 * LN_2.powi(2)])]);
    check("x^x", &[(1.0, [1.0, 1.0, 2.0])]);
    let derived = Derived::of("x^n", &["x"]);
    for (x, n, truth) in [
        (-3.0, 2.0, [9.0, -6.0, 2.0]),
        (0.0, 2.0, [0.0, 0.0, 2.0]),
        (0.0, 1.0, [0.0, 1.0, 0.0]),
        (0.0, 0.0, [1.0, 0.0, 0.0]),
        (-2.0, -1.0, [-0.5, -0.25, -0.25]),
        (4.0, 0.5, [2.0, 0.25, -1.0 / 32.0]),
    ] {
        let got = evaluate(&derived.graph, &derived.roots(), &[("x", x), ("n", n), ("dx", 1.0)]);
        assert!(got.iter().zip(truth).all(|(g, t)| (g - t).abs() < 1e-14), "{x}^{n}: {got:?}");
    }
}

#[test]
fn saturation() {
    check("sigmoid(x)", &[(800.0, [1.0, 0.0, 0.0]), (-800.0, [0.0; 3]), (0.0, [0.5, 0.25, 0.0])]);
    check("softplus(x)", &[(800.0, [800.0, 1.0, 0.0]), (-800.0, [0.0; 3]), (0.0, [LN_2, 0.5, 0.25])]);
    check("tanh(x)", &[(1e3, [1.0, 0.0, 0.0]), (-1e3, [-1.0, 0.0, 0.0]), (0.0, [0.0, 1.0, 0.0])]);
    check("atan(x)", &[(1e200, [std::f64::consts::FRAC_PI_2, 0.0, 0.0])]);
    let small = (-40f64).exp();
    check("tanh(x)", &[(20.0, [1.0, 4.0 * small, -8.0 * small]), (-20.0, [-1.0, 4.0 * small, 8.0 * small])]);
    check("sigmoid(x)", &[(-40.0, [small, small, small]), (40.0, [1.0, small, -small])]);
}

#[test]
fn precedence() {
    for (text, value) in [
        ("-2^2", -4.0),
        ("2^-3", 0.125),
        ("2^3^2", 512.0),
        ("2^-1^2", 0.5),
        ("2*-3", -6.0),
        ("--3", 3.0),
        ("-3 - -3", 0.0),
        ("8/4/2", 1.0),
        ("7 - 4 - 2", 1.0),
        ("2 + 3*4 - 6/2", 11.0),
        ("1 + 1 < 3", 1.0),
        ("(1 < 2) * (2 >= 3)", 0.0),
        ("(2 != 2) + (2 == 2) + (3 > 2) + (2 <= 2)", 3.0),
        ("if(-0.5, 1, 2)", 1.0),
        ("if(0, 1, 2)", 2.0),
        ("1.5e-3*1e3", 1.5),
        (".5 + 1.", 1.5),
        ("min(1, 2) + max(3, 4)*10", 41.0),
        ("norm(3, 4, 12)", 13.0),
    ] {
        assert_eq!(number(text), value, "{text}");
    }
}

#[test]
fn cancellation_is_avoided() {
    let x = 1e-12f64;
    for (text, truth) in [
        ("log(1 + x)", x.ln_1p()),
        ("log(x + 1)", x.ln_1p()),
        ("exp(x) - 1", x.exp_m1()),
        ("-1 + exp(x)", x.exp_m1()),
        ("exp(x) + -1", x.exp_m1()),
        ("1 - exp(x)", -x.exp_m1()),
        ("-exp(x) + 1", -x.exp_m1()),
        ("(x + 1) - 1", x),
        ("1 + x - 1", x),
        ("(x + 3)*2 - 6", 2.0 * x),
    ] {
        let got = Derived::of(text, &["x"]).at(x)[0];
        assert!((got - truth).abs() <= 1e-15 * x, "{text}: {got:e}, truth {truth:e}");
    }
}

#[test]
fn simplification() {
    for (text, simple) in [
        ("x - x", "0"),
        ("x + y - x", "y"),
        ("x*y/x", "y"),
        ("x/x", "1"),
        ("x*x*x/x", "x^2"),
        ("sign(x)*abs(x)", "x"),
        ("abs(x)*abs(x)", "x^2"),
        ("sign(x)^2", "1"),
        ("sign(x)^3", "sign(x)"),
        ("sign(x)/abs(x)", "1 / x"),
        ("sign(x)/x", "1 / abs(x)"),
        ("y*sign(x)/x^2", "y / (x * abs(x))"),
        ("sign(x)/abs(x)^2", "1 / (x * abs(x))"),
        ("sign(x)/abs(x)^3", "1 / (x^2 * x)"),
        ("x*sign(y)/x", "sign(y)"),
        ("x*sign(x)", "abs(x)"),
        ("x*y*sign(x)/abs(x)", "y"),
        ("sign(x)*y - 2*sign(x)*abs(x)", "sign(x) * y - 2 * x"),
        ("2*(3/x)", "6 / x"),
        ("abs(-x)", "abs(x)"),
        ("0*x", "0"),
        ("x - -y", "x + y"),
        ("-x + y", "y - x"),
        ("x + -2", "x - 2"),
        ("(x < y) < (y <= x)", "(x < y) < (y <= x)"),
        ("1e-300*x + 1e16", "1e-300 * x + 1e16"),
        ("2*x*3", "6 * x"),
        ("if(1 < 2, x, 1/0)", "x"),
        ("if(x > 0, y, y)", "y"),
        ("norm(x, y, x - y)", "norm(x, y, x - y)"),
        ("norm(x, 2)", "sqrt(max(x^2 + 4, 7.52316384526264e-37))"),
    ] {
        assert_eq!(simplified(text), simple, "{text}");
    }
}

/// What terms have in common is taken out of sums where nothing is left to cancel.
#[test]
fn gathering() {
    for (text, gathered) in [
        ("sign(x)*y + z*sign(x)", "(y + z) * sign(x)"),
        ("sign(x)*y/z - sign(x)", "(y / z - 1) * sign(x)"),
        ("sign(x)*y + z*sign(y)", "sign(x) * y + z * sign(y)"),
        ("x/z - y/z", "(x - y) / z"),
        ("x/z + 3/z", "(x + 3) / z"),
        ("2*x/z + y/z + 1/z", "(2 * x + y + 1) / z"),
        ("1e30*(x/z) + y/z", "1e30 * x / z + y / z"),
        ("2*x + 2*y", "2 * (x + y)"),
        ("0.5*(2*x - 2*y)", "x - y"),
        ("3*x + 3*y", "3 * x + 3 * y"),
        // Divisors stay apart: their product may be 0 or infinite where they are not.
        ("sign(w)*(y/z/x) + sign(w)*x/z/y", "(y / z / x + x / z / y) * sign(w)"),
    ] {
        let mut graph = Graph::default();
        let root = lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap();
        let root = graph.gathered(&[root])[0];
        assert_eq!(graph.text(root), gathered, "{text}");
    }
    // One divisor of a long chain at a time.
    let chain = "/a".repeat(8000);
    let text = format!("x{chain} + y{chain}");
    let mut graph = Graph::default();
    let root = lower(&mut graph, &Scope::default(), &parse(&text).unwrap(), &text).unwrap();
    let root = graph.gathered(&[root])[0];
    assert!(matches!(graph.node(root), Node::Binary(Binary::Div, ..)));
    // Cancelling comes first.
    assert_eq!(simplified("sign(x)*y + sign(x)*z + w - sign(x)*y"), "sign(x) * z + w");
    assert_eq!(simplified("y/c + z/c + w - y/c"), "z / c + w");
    assert_eq!(Derived::of("(sign(sign(x)) * x) * sign(x)", &["x"]).at(0.0)[0], 0.0);
}

/// Divisors that f32 can hold, with products that it cannot.
#[test]
fn slopes_of_quotients_in_single_precision() {
    for (text, at, rate, truth) in [
        ("abs((y + 0.5)/(x*x))", [1e7, 1e14], [1.0, 0.0], 6e-14),
        ("abs(y/(1 + x*x))", [4e6, 1e13], [1.0, 0.0], 2.34375e-13),
        ("abs(y/x)", [1e-13, 1e-13], [1e-13, 0.0], 2e13),
    ] {
        let mut derived = Derived::of(text, &["x", "y"]);
        let [x, y, dx, dy] = ["x", "y", "dx", "dy"].map(|name| derived.graph.input(name));
        let slope = derived.graph.tangent(&derived.gradient.clone(), &[(x, dx), (y, dy)]);
        let slope = derived.graph.gathered(&slope);
        let tape = Tape::<f32>::compile(&derived.graph, &[x, y, dx, dy], 5, &[(slope[0], 4)]);
        let mut registers = vec![Register::splat(0.0f32); tape.registers()];
        tape.load_constants(&mut registers);
        for (register, value) in registers.iter_mut().zip(at.into_iter().chain(rate)) {
            *register = Register::splat(value as f32);
        }
        tape.run(&mut registers, 1);
        let got = f64::from(registers[4][0]);
        assert!((got - truth).abs() <= 1e-5 * truth, "{text}: {got:e}, truth {truth:e}");
    }
}

/// A rule may fill in isolated points, but not more.
#[test]
fn domains_are_kept() {
    for text in
        ["sqrt(x)^2", "sqrt(x)*sqrt(x)", "exp(log(x))", "x^0.5^2 * 0 + sqrt(x)", "log(x) - log(x) + log(x)"]
    {
        assert!(Derived::of(text, &["x"]).at(-1.0)[0].is_nan(), "{text}");
    }
    for (text, value) in [("1/0", f64::INFINITY), ("-1/0", f64::NEG_INFINITY), ("log(0)", f64::NEG_INFINITY)]
    {
        assert_eq!(number(text), value, "{text}");
    }
    assert!(number("0/0").is_nan() && number("sqrt(-1)").is_nan());
}

#[test]
fn constants_are_not_gathered_beyond_the_range() {
    for (text, x, value) in [
        ("1e200 * x * 1e200", 1e-200, 1e200),
        ("1e200 * (1e200 * x)", 1e-200, 1e200),
        ("x / 1e-200 / 1e-200", 1e-200, 1e200),
        ("1e-200 * x * 1e-200", 1e300, 1e-100),
        ("x / 1e-310", 1e-310, 1.0),
        ("x / 1e308 * 1e308", 3.0, 3.0),
        ("1e200*(1e200*x + y) - 1e200*y", 1e-200, 1e200),
        ("-1e308*x - 1e308*x + 2e307*x", 0.5, -9e307),
    ] {
        let derived = Derived::of(text, &["x"]);
        let got = evaluate(&derived.graph, &[derived.loss], &[("x", x), ("y", 0.0)])[0];
        assert!((got - value).abs() <= 1e-14 * value.abs(), "{text}: {got:e}, truth {value:e}");
    }
}

#[test]
fn commuted_twins_are_one_node() {
    let mut graph = Graph::default();
    let mut node = |text: &str| lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap();
    assert_eq!(node("x + y*z"), node("z*y + x"));
    assert_eq!(node("x == y"), node("y == x"));
    assert_ne!(node("x < y"), node("y < x"));
    assert_ne!(node("x - y"), node("y - x"));
    assert_eq!(node("x > y"), node("y < x"));
}

/// At the origin `norm` is 2^-60, whose third power is 0 in f32.
#[test]
fn functions_of_the_norm_are_finite_in_single_precision() {
    for text in [
        "norm(x, y)",
        "norm(x, y)^2",
        "norm(x, y)^3",
        "norm(x, y)^1.5",
        "norm(x, y) * log1p(norm(x, y))",
        "(1 + norm(x, y)) * log1p(norm(x, y)) - norm(x, y)",
        "log1p(norm(x, y))",
        "sqrt(1 + norm(x, y)^2)",
        "sin(norm(x, y))/norm(x, y)",
        "1 - cos(norm(x, y))",
        "norm(x, y)/(1 + norm(x, y))",
        "tanh(norm(x, y))^2",
        "x*norm(x, y)",
        "x^2/norm(x, y)",
        "exp(-norm(x, y))*norm(x, y)",
    ] {
        let mut derived = Derived::of(text, &["x", "y"]);
        let inputs = ["x", "y", "dx", "dy"].map(|name| derived.graph.input(name));
        let outputs: Vec<_> = derived.roots().into_iter().zip(inputs.len()..).collect();
        let tape = Tape::<f32>::compile(&derived.graph, &inputs, 4 + outputs.len(), &outputs);
        let mut registers = vec![Register::splat(0.0f32); tape.registers()];
        tape.load_constants(&mut registers);
        registers[2..4].fill(Register::splat(1.0));
        tape.run(&mut registers, 1);
        let got: Vec<f32> = outputs.iter().map(|(_, register)| registers[*register][0]).collect();
        assert!(got.iter().all(|v| v.is_finite()), "{text}: {got:?}");
        assert!(got[1].abs() < 1e-17 && got[2].abs() < 1e-17, "{text}: {got:?}");
    }
}
