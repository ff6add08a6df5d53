//! The WGSL text of formulas, parsed and validated by naga.

use gdscope::descent::Descent;
use gdscope::experiment::Optimizer;
use gdscope::formula::{Graph, Id, wgsl_function};
use gdscope::landscape::Landscape;
use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::evaluate::Derived;
use crate::reference::{Random, formula};

/// A shader that computes `roots` of a graph over x, y, a, dx, dy, in the float type `float`.
fn shader(graph: &mut Graph, roots: &[Id], float: &str) -> String {
    let names = ["x", "y", "a", "dx", "dy"];
    let inputs: Vec<(Id, String)> = names.iter().map(|n| (graph.input(n), (*n).to_owned())).collect();
    let (body, results) = wgsl_function(graph, &inputs, roots);
    let functions =
        ["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "atan", "sigmoid", "softplus"];
    let mut text = format!("alias Float = {float};\nfn m_pow(a: Float, b: Float) -> Float {{ return a; }}\n");
    for name in functions {
        text += &format!("fn m_{name}(a: Float) -> Float {{ return a; }}\n");
    }
    let parameters = names.map(|n| format!("{n}: Float")).join(", ");
    let (count, results) = (results.len(), results.join(", "));
    text + &format!(
        "fn f({parameters}) -> array<Float, {count}> {{\n{body}    return array<Float, {count}>({results});\n}}\n"
    )
}

fn validate(text: &str) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(text).map_err(|e| e.emit_to_string(text))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::FLOAT64);
    validator.validate(&module).map(|_| ()).map_err(|e| e.emit_to_string(text))
}

fn check(formula: &str) {
    let mut derived = Derived::of(formula, &["x", "y"]);
    let roots = derived.roots();
    for float in ["f32", "f64"] {
        let text = shader(&mut derived.graph, &roots, float);
        validate(&text).unwrap_or_else(|e| panic!("{formula}:\n{e}\n{text}"));
    }
}

#[test]
fn random_formulas() {
    let mut random = Random(5);
    for _ in 0..1500 {
        let text = formula(&mut random, 4, &["x", "y", "a"], &[]);
        let derived = Derived::of(&text, &["x", "y"]);
        let fits = |v: f64| v == 0.0 || (v as f32).is_normal();
        let nodes = derived.graph.reachable(&derived.roots());
        if nodes.into_iter().filter_map(|id| derived.graph.value(id)).all(fits) {
            check(&text);
        }
    }
}

#[test]
fn numbers() {
    for text in [
        "x + 1e-38",
        "x*3.4e38",
        "x - -2",
        "-3*x",
        "-3 - x",
        "x/(-0.1)",
        "x + 1e-40",
        "x*1e-45",
        "if(x < -1, -1, -2)",
        // Constants that are not finite reach the shader as they are.
        "x + 1/0",
        "x*log(0)",
        "x + sqrt(-1)",
        "x + 0/0",
        "x^(1/0)",
        "if(x > 1/0, x, -1/0)",
        "if(1/0 > x, sign(1/0), abs(1/0))",
        "3",
        "x",
        "-x",
        "x > 1",
        "norm(x, 0)",
        "norm(0)",
    ] {
        check(text);
    }
}

#[test]
fn long_and_deep_formulas() {
    let terms: Vec<String> = (0..3000).map(|k| format!("sin(x + {k})")).collect();
    check(&terms.join(" + "));
    check(&("sin(x + ".repeat(190) + "y" + &")".repeat(190)));
}

#[test]
fn numbers_beyond_f32_are_refused() {
    let check = |loss: &str| {
        let landscape = Landscape::from_loss(loss, &["x"], Default::default()).unwrap();
        let descent = Descent::new(&landscape, Optimizer::Gd, |g| Ok(g.constant(0.5)), |_| None).unwrap();
        descent.check_f32().map_err(|e| e.to_string())
    };
    assert_eq!(check("1e30*x^2"), Ok(()));
    assert_eq!(check("1e-30*x^2 + 0*x"), Ok(()));
    for loss in ["1e39*x^2", "-1e300*x", "1e-39*x^2", "x^2/1e50", "1e38*x^8"] {
        let message = check(loss).unwrap_err();
        assert!(message.contains("does not fit an f32; use --precision f64"), "{loss}: {message}");
    }
}
