//! Load: maps of random experiments, one after the other in one process, each checked and drawn.

use std::time::{Duration, Instant};

use gdscope::analysis::Check;
use gdscope::engine::Engine;
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::gpu::GpuEngine;
use gdscope::experiment::{Draft, Experiment, Precision};
use gdscope::picture::{self, Caption, Theme};
use gdscope::view::View;

use crate::guard::allocated;

/// A landscape with what may be swept or set, each with a range, coordinates first.
type Subject = (&'static str, &'static [(&'static str, f64, f64)]);

const SUBJECTS: [Subject; 15] = [
    ("'quadratic'", &[("x", -5.0, 5.0), ("lambda", 0.5, 3.0)]),
    ("'f1'", &[("x", -8.0, 8.0)]),
    ("'f2'", &[("w", -6.0, 6.0), ("C", 1.0, 4.0)]),
    ("'f3'", &[("x1", -4.0, 4.0), ("x2", -4.0, 4.0), ("C", 1.0, 4.0)]),
    ("'separable-2-5'", &[("x1", -4.0, 4.0), ("x2", -4.0, 4.0), ("c1", 0.5, 2.0)]),
    ("'separable-3-1'", &[("x1", -4.0, 4.0), ("x2", -4.0, 4.0), ("x3", -4.0, 4.0)]),
    ("'valley'", &[("x1", -9.0, 9.0), ("x2", -3.0, 3.0)]),
    ("'two-valleys'", &[("x1", -30.0, 30.0), ("x2", -4.0, 4.0)]),
    ("'noisy-valley'", &[("x1", -2.0, 2.0), ("x2", -2.0, 2.0), ("sigma", 0.1, 1.0)]),
    ("'relu-data'", &[("w", -4.0, 4.0), ("spread", 1.0, 20.0)]),
    ("'relu-uniform'", &[("w", -4.0, 4.0), ("C", 1.0, 4.0)]),
    ("'relu-2d'", &[("w1", -4.0, 4.0), ("w2", -0.4, 0.4)]),
    ("{ variables = ['x'], loss = '(x^2 - 1)^2/4' }", &[("x", -1.6, 1.6)]),
    (
        "{ variables = ['x', 'y'], parameters = { a = 1 }, loss = '(a - x*y)^2/2' }",
        &[("x", -3.0, 3.0), ("y", -3.0, 3.0), ("a", -1.0, 2.0)],
    ),
    (
        "{ variables = ['x', 'y'], loss = '(x^2 + y - 11)^2/50 + (x + y^2 - 7)^2/50' }",
        &[("x", -5.0, 5.0), ("y", -5.0, 5.0)],
    ),
];

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn within(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// An experiment that may be asked for, as a file has it.
fn toml(random: &mut Random) -> String {
    let (landscape, quantities) = SUBJECTS[random.below(SUBJECTS.len())];
    let mut names: Vec<(&str, f64, f64)> = quantities.to_vec();
    names.push(("eta", 0.05, 3.0));
    let mut axis = |random: &mut Random| {
        let (name, from, to) = names.remove(random.below(names.len()));
        let (a, b) = (random.within(from, to), random.within(from, to));
        format!("\"{name} = {:.4} .. {:.4}\"", a.min(b), a.max(b) + 0.01 * (to - from))
    };
    let mut text = format!("landscape = {landscape}\nacross = {}\nup = {}\n", axis(random), axis(random));
    let mut set: Vec<String> = Vec::new();
    for (name, from, to) in names {
        let value = random.within(from, to);
        match (name, random.below(3)) {
            ("eta", 0) => {
                text += &format!("eta = [[0, {value:.4}], [{}, {:.4}]]\n", 1 + random.below(200), value / 3.0)
            }
            ("eta", 1) => text += &format!("eta = \"{value:.4}/(1 + t/{})\"\n", 1 + random.below(500)),
            ("eta", _) => text += &format!("eta = {value:.4}\n"),
            _ => set.push(format!("{name} = {value:.4}")),
        }
    }
    let optimizer = ["gd", "gd", "heavy-ball", "nesterov"][random.below(4)];
    if optimizer != "gd" {
        set.push(format!("beta = {:.3}", random.within(-0.5, 0.95)));
    }
    text += &format!("optimizer = \"{optimizer}\"\nset = {{ {} }}\n", set.join(", "));
    let size = [8 + random.below(120), 8 + random.below(120)];
    text += &format!("size = {size:?}\nsteps = {}\n", 100 + random.below(4000));
    let precision = ["f32", "f32", "f32", "f64"][random.below(4)];
    text += &format!("precision = \"{precision}\"\ncertain = {}\n", random.below(4) == 0);
    if landscape == "'noisy-valley'" {
        text += &format!("seed = {}\n", random.below(1 << 20));
    }
    let view = View::ALL[random.below(View::ALL.len())];
    match view {
        View::Reach => text += "target = 0.1\n",
        View::Certainty => text = text.replace("certain = false", "certain = true"),
        _ => {}
    }
    text + &format!("show = [\"{view}\", \"basins\"]\n")
}

/// Why a check has failed, if it has: away from boundaries, few cells contradict f64. Chaotic ones may end otherwise:
/// f32 has so few numbers that an orbit comes back to one of its own, and then it is a cycle.
fn failed(check: &Check, chaotic: f64) -> Option<String> {
    let away = &check.away_from_boundary;
    let most = if chaotic > 0.01 { 0.2 } else { check.tolerated().max(0.03) };
    let contradicted = away.contradicted.filter(|share| away.cells >= 200 && *share > most)?;
    Some(format!(
        "{:.2} % of {} cells end otherwise than in f64, {:.1} % are chaotic",
        100.0 * contradicted,
        away.cells,
        100.0 * chaotic
    ))
}

/// One map, checked and drawn; what is wrong with it.
fn map(experiment: &Experiment, engine: &dyn Engine) -> Option<String> {
    let (map, report) = match gdscope::run(experiment, engine, true, &|_| {}) {
        Ok(made) => made,
        Err(e) => return Some(e.to_string()),
    };
    for view in &experiment.show {
        let figure = picture::figure(&map, &report.attractors, &Caption::of(experiment), *view, 400);
        let file = figure.draw(Theme::Light).file(picture::Format::Png, 1, &[]).unwrap();
        assert!(file.len() > 1000);
    }
    let chaotic = report.fates.get("chaotic").copied().unwrap_or(0) as f64 / map.cells() as f64;
    failed(&report.check.unwrap(), chaotic)
}

/// Resident memory of this process in MiB, where the system tells.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some((text.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096) >> 20)
}

/// `GDSCOPE_SOAK_SECONDS=3600 cargo test --release --test fuzz soak -- --ignored --nocapture`
#[test]
#[ignore = "a minute, or as many seconds as GDSCOPE_SOAK_SECONDS says"]
fn soak() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let lasts = Duration::from_secs(asked("GDSCOPE_SOAK_SECONDS").unwrap_or(60));
    let mut random = Random(asked("GDSCOPE_SOAK_SEED").unwrap_or(1));
    let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(CpuEngine::default())];
    match GpuEngine::open(None).or_else(|_| GpuEngine::open(Some("0"))) {
        Ok(gpu) => engines.push(Box::new(gpu)),
        Err(e) => println!("on the CPU engine alone: {e}"),
    }
    let begun = Instant::now();
    let (mut made, mut refused, mut wrong, mut first, mut minute) = (0, 0, Vec::new(), None, 0);
    while begun.elapsed() < lasts {
        let text = toml(&mut random);
        let experiment = match Draft::parse(&text).unwrap().resolve() {
            Ok(experiment) => experiment,
            Err(e) if e.is_request() => {
                refused += 1;
                continue;
            }
            Err(e) => panic!("{e}: {text}"),
        };
        let engine = &engines[made % engines.len()];
        if experiment.precision == Precision::F64 && !engine.device().f64 {
            made += 1;
            continue;
        }
        if let Some(what) = map(&experiment, engine.as_ref()) {
            println!("{}: {what}\n{text}", engine.device().name);
            wrong.push(text);
        }
        made += 1;
        if begun.elapsed().as_secs() / 60 > minute {
            minute = begun.elapsed().as_secs() / 60;
            let (own, all) = (allocated() >> 10, resident());
            println!(
                "{minute} min: {made} maps, {} failed checks, {own} KiB allocated, {all:?} MiB resident",
                wrong.len()
            );
            first.get_or_insert((own, all));
        }
    }
    let last = (allocated() >> 10, resident());
    println!(
        "{made} maps in {:?}, {refused} experiments refused, {} failed checks",
        begun.elapsed(),
        wrong.len()
    );
    println!("memory (KiB allocated, MiB resident): after a minute {first:?}, at the end {last:?}");
    assert!(made > 0 && refused < 20 * made, "the experiments are badly made");
    assert_eq!(wrong.len(), 0, "failed checks");
    if let Some((own, _)) = first {
        assert!(last.0 < own + (32 << 10), "memory grows");
    }
}
