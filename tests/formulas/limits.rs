//! Formulas that are too deep, too long, or expand to too much; and large ones that are not.

use gdscope::descent::Descent;
use gdscope::experiment::Optimizer;
use gdscope::formula::{
    Definition, FormulaError, Graph, MAX_DEPTH, MAX_SOURCE, Scope, Tape, lower, parse, parse_definition,
    wgsl_function,
};
use gdscope::landscape::Landscape;

use crate::evaluate::{Derived, evaluate};

fn lowered(define: &[String], text: &str) -> Result<Graph, FormulaError> {
    let definitions: Vec<Definition> = define.iter().map(|d| parse_definition(d).unwrap()).collect();
    let mut graph = Graph::default();
    lower(&mut graph, &Scope { definitions, quantities: None, data: None }, &parse(text)?, text)?;
    Ok(graph)
}

#[test]
fn nesting_up_to_the_limit_fits_a_small_stack() {
    // The main thread of a Windows program has 1 MiB.
    let work = || {
        for (open, close) in
            [("(", ")"), ("sin(", ")"), ("-", ""), ("2^", ""), ("(1 - 2*", ")"), ("if(x < 1, x, ", ")")]
        {
            let text = |depth: usize| open.repeat(depth) + "x" + &close.repeat(depth);
            let deepest = MAX_DEPTH / if open == "(1 - 2*" { 1 } else { open.matches('(').count().max(1) };
            Derived::of(&text(deepest), &["x"]);
            for depth in [MAX_DEPTH + 1, 60_000 / (open.len() + close.len())] {
                let error = parse(&text(depth)).unwrap_err();
                assert!(error.message.contains("nested more than 200 deep"), "{open}: {}", error.message);
            }
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn length() {
    let longest = "x+".repeat(MAX_SOURCE / 2 - 1) + "xx";
    assert_eq!(longest.len(), MAX_SOURCE);
    assert!(parse(&longest).is_ok());
    let error = parse(&(longest + "x")).unwrap_err();
    assert!(error.message.contains("65537 bytes long; at most 65536"), "{}", error.message);
    assert!(error.to_string().len() < 300);
}

#[test]
fn helper_functions_that_double_forty_times_are_refused() {
    let doubling = |k: usize| match k {
        0 => "f0(x) = x + sin(x)".to_owned(),
        _ => format!("f{k}(x) = f{0}(f{0}(x))", k - 1),
    };
    let define: Vec<String> = (0..40).map(doubling).collect();
    assert!(lowered(&define, "f5(x)").is_ok());
    let error = lowered(&define, "f39(x)").unwrap_err();
    assert!(error.message.contains("expands to more than 200000 nodes"), "{}", error.message);
}

#[test]
fn long_chains_of_helper_functions_are_refused_before_the_stack_ends() {
    let define: Vec<String> = (0..10_000)
        .map(|k| if k == 0 { "f0(x) = x".to_owned() } else { format!("f{k}(x) = 1 + 2*sin(f{}(x))", k - 1) })
        .collect();
    let work = move || {
        assert!(lowered(&define, "f100(x)").is_ok());
        let error = lowered(&define, "f9999(x)").unwrap_err();
        assert!(error.message.contains("more than 600 levels"), "{}", error.message);
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

/// A landscape of `text`, through everything that a plan does with it.
fn compiled(text: &str, variables: &[&str]) -> Descent {
    let landscape = Landscape::from_loss(text, variables, Default::default()).unwrap();
    let descent = Descent::new(&landscape, Optimizer::Gd, |g| Ok(g.constant(0.5)), |_| None).unwrap();
    let inputs: Vec<_> =
        descent.state.iter().chain(&descent.tangent).chain([&descent.step]).copied().collect();
    let all: Vec<_> = descent.next.iter().chain(&descent.tangent_next).copied().collect();
    let outputs: Vec<_> = all.iter().copied().zip(0..).collect();
    let tape = Tape::<f32>::compile(&descent.graph, &inputs, inputs.len(), &outputs);
    assert!(tape.registers() > inputs.len());
    let named: Vec<_> = inputs.iter().map(|&id| (id, "x".to_owned())).collect();
    let (body, results) = wgsl_function(&descent.graph, &named, &all);
    assert!(body.len() > 10_000 && results.len() == all.len());
    descent
}

#[test]
fn thousands_of_terms() {
    let sum: Vec<String> = (0..4000).map(|k| format!("sin({k}*x)/9")).collect();
    compiled(&sum.join("+"), &["x"]);
    let sum: Vec<String> = (0..2500).map(|k| format!("relu(x-{k})*{k}^2")).collect();
    let descent = compiled(&sum.join("+"), &["x"]);
    let slope = evaluate(&descent.graph, &descent.gradient, &[("x", 10.5)])[0];
    assert_eq!(slope, (0..=10).map(|k| f64::from(k * k)).sum::<f64>());
    let product: Vec<String> = (0..5000).map(|k| format!("(x+{k})")).collect();
    compiled(&product.join("*"), &["x"]);
    let quotient: Vec<String> = (1..2500).map(|k| format!("sqrt(x+{k}*y)")).collect();
    compiled(&quotient.join("/"), &["x", "y"]);
}

/// Two layers of relu units: the branches of the second do not multiply those of the first.
#[test]
fn layers_of_relu_units() {
    let mut text = String::from("0");
    for j in 0..40 {
        let inner: Vec<String> = (0..40).map(|k| format!("relu({}.5*x-{}*y)", 1 + k % 7, k + j)).collect();
        text += &format!("+relu({}-3)", inner.join("-"));
    }
    let descent = compiled(&text, &["x", "y"]);
    assert!(descent.graph.len() < 100_000, "{}", descent.graph.len());
}
