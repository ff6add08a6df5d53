//! Landscape files, experiment files and reports.

use gdscope::experiment::{Draft, Experiment};
use gdscope::landscape::Landscape;
use gdscope::plan::Plan;
use gdscope::report::Report;
use gdscope::sweep::{Stack, attractors_of};

use crate::formulas::run;
use crate::guard::{Place, fuzz, measured};
use crate::text::texts;

/// The texts of the files of a folder.
fn files(folder: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

const TABLE: &str = r#"variables = ["x1", "x2"]
parameters = { C = 3.0, n = 5 }
define = ["f1(x) = (1 + abs(x)) * log1p(abs(x)) - abs(x)", "f2(w) = f1(C*w)"]
loss = "f2(x1) + f2(x1 + x2) + mean(row in data: (u*x1 - v)^2) + 0.5 * f1(norm(x1, x2))"
data = { u = "linspace(0, 1, n)", v = "u^2" }
noise = ["0.1*sqrt(eta)", "0"]
minimum = [0, 0]
source = "a book"
"#;

const LISTED: &str = r#"variables = ["w"]
loss = "mean(row in data: (u*w - v)^2)"
data = { u = [1, 2, 3.5, -4e-3], v = [0.5, 1e3, 2, 7] }
"#;

const FROM_FILE: &str =
    "variables = [\"w\"]\nloss = \"mean(row in data: (u*w - v)^2)\"\ndata = { file = \"d.csv\" }\n";

const EVERY_KEY: &str = r#"
landscape = "f3"
eta = [[0, 1.0], [200, 0.3]]
optimizer = "nesterov"
set = { C = 2.5, beta = 0.5 }
across = "x1 = -4 .. 4"
up = "x2 = 0.5 .. 2 : log"
size = [6, 5]
steps = 50
steps-max = 90
period-max = 128
phases = true
precision = "f64"
tolerance = 1e-6
escape = 1e5
target = 0.25
certain = true
show = ["fate", "loss", "reach", "edge"]
"#;

const PHASE: &str = r#"landscape = "f1"
across = "eta = 1 .. 4"
size = [16, 9]
steps = 200
set = { }
[phase]
observe = "amplitude + loss"
range = "0.1 .. 5 : log"
starts = 3
transient = 20
warm = "up"
from = { x = "-3 .. 3" }
"#;

const STACK: &str = r#"landscape = { variables = ["x"], parameters = { a = 1 }, loss = "(x^2 - a)^2" }
across = "x = -1 .. 1"
up = "eta = 0.1 .. 1"
sweep = "a = 0.5 .. 2"
frames = 5
size = [6, 5]
steps = 40
"#;

const WORDS: [&str; 58] = [
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "\n",
    "#",
    "..",
    ": log",
    "true",
    "landscape",
    "eta",
    "x",
    "x1",
    "y",
    "w",
    "beta",
    "set",
    "across",
    "up",
    "size",
    "steps",
    "steps-max",
    "period-max",
    "phases",
    "precision",
    "\"f32\"",
    "\"f64\"",
    "tolerance",
    "escape",
    "target",
    "certain",
    "show",
    "\"basins\"",
    "\"settle\"",
    "optimizer",
    "\"heavy-ball\"",
    "seed",
    "sweep",
    "zoom",
    "factor",
    "frames",
    "[phase]",
    "observe",
    "variables",
    "parameters",
    "define",
    "loss",
    "data",
    "noise",
    "minimum",
    "file",
    "\"separable-3-1\"",
    "1979-05-27T07:32:00Z",
    "\u{0}",
];

fn landscapes() -> Vec<String> {
    files("landscapes").into_iter().chain([TABLE, LISTED, FROM_FILE].map(str::to_owned)).collect()
}

#[test]
fn landscape_files() {
    let place = Place::new();
    place.file("d.csv", b"u,v\n1,2\n0.5,-1\n");
    fuzz(1000, texts(landscapes(), &WORDS), |text| {
        let path = place.file("l.toml", &text.0);
        let Ok(landscape) = Landscape::load(path.to_str().unwrap()) else { return false };
        let first = &landscape.variables[0];
        let others = landscape.variables[1..].iter().map(|name| (name.clone(), 0.5));
        let unset = landscape.parameters.keys().filter(|name| landscape.usual(name).is_none());
        let mut draft = Draft::open(path.to_str().unwrap()).unwrap();
        draft.across = Some(format!("{first} = -1 .. 1"));
        draft.up = Some("eta = 0.5 .. 1".to_owned());
        draft.set = others.chain(unset.map(|name| (name.clone(), 2.0))).collect();
        (draft.size, draft.steps) = (Some([2, 3]), Some(5));
        let result = draft.resolve().and_then(|experiment| run(&experiment, text.0.len() % 8 == 0));
        result.is_ok()
    });
}

/// Whether the work for an experiment is small.
fn is_small(experiment: &Experiment) -> bool {
    let [width, height] = experiment.size.map(u64::from);
    let steps = u64::from(experiment.steps.max(experiment.steps_max.unwrap_or(0)));
    width.saturating_mul(height).saturating_mul(steps) < 3000
}

#[test]
fn experiment_files() {
    let place = Place::new();
    place.file("d.csv", b"u,v\n1,2\n0.5,-1\n");
    place.file("l.toml", LISTED.as_bytes());
    let tables = [TABLE, LISTED, FROM_FILE].map(|table| {
        let table = table.trim_end().replace('\n', ", ");
        let name = if table.contains("x1") { "x1" } else { "w" };
        format!("landscape = {{ {table} }}\nacross = \"{name} = 0 .. 1\"\nup = \"eta = 0.1..1\"\nset = {{ x2 = 1 }}\n")
    });
    let named = "landscape = \"l.toml\"\ndata = { file = \"d.csv\" }\nacross = \"w = 0 .. 1\"\nup = \"eta = 0.1..1\"\n";
    let more = tables.into_iter().chain([EVERY_KEY, PHASE, STACK, named].map(str::to_owned));
    let corpus: Vec<String> = files("experiments").into_iter().chain(more).collect();
    fuzz(1000, texts(corpus, &WORDS), |text| {
        let path = place.file("e.toml", &text.0);
        let Ok(draft) = Draft::read(&path) else { return false };
        let phase = draft.clone().resolve_phase().and_then(|phase| Plan::of_phase(&phase, None));
        let stack = Stack::of(&draft);
        let map = draft.resolve().and_then(|experiment| {
            // What it is written down as is the same experiment.
            let written = Draft::parse(&experiment.to_toml()).unwrap().resolve();
            assert_eq!(written.map(|again| again.to_toml()).ok(), Some(experiment.to_toml()));
            run(&experiment, text.0.len() % 8 == 0 && is_small(&experiment))
        });
        phase.is_ok() || stack.is_ok_and(|stack| stack.is_some()) || map.is_ok()
    });
}

/// Found by [`experiment_files`].
#[test]
fn a_stack_of_a_loss_without_variables_is_refused() {
    let text = "landscape = { variables = [], loss = 'a^2' }\nacross = 'x = -1 .. 1'\nup = 'eta = 0.1 .. 1'\n\
                sweep = 'a = 0.5 .. 2'\nframes = 3";
    let draft = Draft::parse(text).unwrap();
    let said = Stack::of(&draft).unwrap_err().to_string();
    assert!(said.contains("variables: 0 names"), "{said}");
    assert!(draft.resolve().is_err());
}

#[test]
fn reports() {
    let place = Place::new();
    let draft =
        Draft::parse("landscape = \"f1\"\nacross = \"x = -1 .. 1\"\nup = \"eta = 0.5 .. 4\"\nsize = [3, 4]");
    let experiment = draft.unwrap().resolve().unwrap();
    let engine = gdscope::engine::cpu::CpuEngine::default();
    let (_, report) = gdscope::run(&experiment, &engine, true, &|_| {}).unwrap();
    let corpus = vec![report.to_json(), serde_json::to_string(&report).unwrap()];
    let words =
        ["null", "true", "{", "}", "[", "]", "\"", ":", ",", "\"99.0.0\"", "\\u0000", "\\ud800", "\u{e9}"];
    fuzz(1000, texts(corpus, &words), |text| {
        let path = place.file("report.json", &text.0);
        drop(attractors_of(place.path()));
        Report::read(&path).is_ok()
    });
}

/// Large files, of everything that takes much memory for its length.
#[test]
fn large_files() {
    let place = Place::new();
    // As long as is read.
    let length = 31 << 20;
    for part in [
        "[",
        "a=[[],[],[],",
        "a.",
        "{a=",
        "1,",
        "'',",
        "\n",
        "#\n",
        "a=1\n",
        "\"\\n",
        "[[a]]\n",
        "[a.b]\n",
        "\u{e9}",
    ] {
        for start in ["", "x=["] {
            let text = format!("{start}{}", part.repeat(length / part.len()));
            let path = place.file("e.toml", text.as_bytes());
            drop(text);
            let most = measured(|| {
                assert!(Draft::read(&path).is_err());
                assert!(Landscape::load(path.to_str().unwrap()).is_err());
            });
            assert!(most < 1 << 30, "{start}{part} takes {} MiB", most >> 20);
        }
    }
}
