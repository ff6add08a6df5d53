//! Formulas: of a loss, its helpers, data, noise, the learning rate and an observable.

use gdscope::engine::cpu::CpuEngine;
use gdscope::error::Result;
use gdscope::experiment::{Draft, EtaKey, Experiment, LandscapeKey, PhaseKeys};
use gdscope::formula::{parse, parse_definition, wgsl_function};
use gdscope::landscape::Landscape;
use gdscope::plan::Plan;
use proptest::prelude::*;

use crate::guard::fuzz;
use crate::text::texts;

const WORDS: [&str; 52] = [
    "+",
    "-",
    "*",
    "/",
    "^",
    "<",
    "<=",
    "==",
    "!=",
    ">",
    "(",
    ")",
    ",",
    ":",
    "pi",
    "t",
    "eta",
    "x",
    "y",
    "a",
    "abs",
    "sign",
    "sqrt",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sin",
    "cos",
    "tan",
    "tanh",
    "atan",
    "min",
    "max",
    "relu",
    "softplus",
    "sigmoid",
    "norm",
    "if",
    "mean(row in data: u)",
    "u",
    "v",
    "f",
    "g",
    "linspace(0, 1, 4)",
    "logspace(1, 2, 1000000)",
    "loss",
    "grad_norm",
    "amplitude",
    "row",
    "é",
    "\u{0}",
];

fn corpus() -> Vec<String> {
    let built_in = Landscape::names().map(|name| Landscape::load(name).unwrap());
    let built_in = built_in.flat_map(|l| [vec![l.loss], l.define, l.noise].concat());
    let more = [
        "(a - x*y)^2/2",
        "mean(row in data: (u*x - v*y)^2)",
        "f(x) + f(x + y)",
        "if(x < y, x^2, abs(y))",
        "softplus(x)*sigmoid(y) + atan(x/y)",
        "log(1 + exp(a*x)) + norm(x, y, 1)",
        "x^3 - 3*x*y^2",
        "0.5",
        "1/(1 + t)",
        "if(t < 100, 5, 1)",
        "linspace(a, 1, 7)",
        "5@0,3@100,1@150",
        "max(1/(1 + t/10), 0.1)",
        "tanh(x)^2 + cos(5*y)",
        "x^y + y^x",
        "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        "1 - exp(-x^2-y^2)",
        "h(b) = b^2*x",
    ];
    built_in.chain(more.map(str::to_owned)).collect()
}

/// An experiment with a formula in one of its places.
fn experiment(text: &str, place: u8) -> Result<Draft> {
    let mut body = Landscape {
        variables: vec!["x".into(), "y".into()],
        parameters: [("a".to_owned(), 1.5), ("C".to_owned(), 3.0)].into(),
        define: vec!["f(b) = (1 + abs(b))*log1p(abs(b))".into(), "g(b, c) = f(b) - c".into()],
        loss: "mean(row in data: (u*x - v)^2) + f(y)".into(),
        data: toml::from_str("u = [1, 2, 3]\nv = [0.5, 0, -4]").unwrap(),
        noise: Vec::new(),
        minimum: None,
        source: None,
    };
    let mut draft = Draft {
        across: Some("x = -2 .. 3".into()),
        up: Some("y = -1 .. 1".into()),
        eta: Some(EtaKey::Text("0.25".into())),
        size: Some([3, 2]),
        steps: Some(9),
        ..Draft::default()
    };
    match place % 8 {
        0..=3 => body.loss = text.to_owned(),
        4 => body.define.push(text.to_owned()),
        5 => {
            let column = format!("u = [1, 2]\nv = [0.5, 0]\nw = {}", toml::Value::from(text));
            body.data = toml::from_str(&column).unwrap();
        }
        6 => body.noise = vec![text.to_owned(), "0.1".to_owned()],
        _ => draft.eta = Some(EtaKey::Text(text.to_owned())),
    }
    draft.landscape = Some(LandscapeKey::Table(body));
    Ok(draft)
}

/// Everything that an experiment goes through; `whole`: to the map.
pub fn run(experiment: &Experiment, whole: bool) -> Result<()> {
    let plan = Plan::new(experiment)?;
    let mut graph = plan.descent.graph.clone();
    let names = graph.inputs().to_vec();
    let named: Vec<_> = names.into_iter().map(|name| (graph.input(&name), name)).collect();
    wgsl_function(&graph, &named, &plan.descent.next);
    // A trajectory of a large formula takes long, rightly.
    if whole && graph.len() < 2000 {
        gdscope::run(experiment, &CpuEngine::default(), false, &|_| {})?;
    }
    Ok(())
}

#[test]
fn formulas() {
    let strategy = (texts(corpus(), &WORDS), any::<u8>());
    fuzz(2000, strategy, |(text, place)| {
        let text = String::from_utf8_lossy(&text.0);
        let shown = [parse(&text).err(), parse_definition(&text).err()];
        shown.into_iter().flatten().for_each(|e| assert!(e.to_string().len() < 1000, "{e}"));
        let result = experiment(&text, *place).and_then(Draft::resolve).and_then(|e| run(&e, *place < 32));
        result.is_ok()
    });
}

/// An observable of a phase diagram.
#[test]
fn observables() {
    let strategy = texts(corpus(), &WORDS);
    fuzz(500, strategy, |text| {
        let text = String::from_utf8_lossy(&text.0).into_owned();
        let base = experiment("(a - x*y)^2/2 + 0*mean(row in data: u)", 0).unwrap();
        let draft = Draft {
            across: Some("eta = 0.5 .. 1".into()),
            up: None,
            eta: None,
            set: [("x".to_owned(), 1.0), ("y".to_owned(), 0.5)].into(),
            phase: Some(PhaseKeys { observe: Some(text), ..PhaseKeys::default() }),
            ..base
        };
        draft.resolve_phase().and_then(|e| Plan::of_phase(&e, None)).is_ok()
    });
}
