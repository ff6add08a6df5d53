//! Trajectory-steps per second of the engines, and whole maps.
//!
//! `cargo bench` runs all; `cargo bench -- steps/cpu` what the name selects. Of steps, the engine's time for running
//! counts, not what it takes to compile and to read back.

mod naive;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::gpu::{GpuEngine, devices};
use gdscope::engine::{Cells, Engine};
use gdscope::experiment::{Draft, Experiment, Precision};
use gdscope::plan::Plan;
use gdscope::window::Window;
use naive::Naive;

/// The landscapes that are measured: the rest of their experiment.
const LANDSCAPES: [(&str, &str); 3] = [
    ("f1", "landscape = 'f1'\nacross = 'eta = 2.5 .. 10'\nup = 'x = -8 .. 8'"),
    ("f2", "landscape = 'f2'\nacross = 'eta = 1.5 .. 2.5'\nup = 'w = -8 .. 8'"),
    ("f3", "landscape = 'f3'\nacross = 'x1 = -4 .. 4'\nup = 'x2 = -4 .. 4'\neta = 1"),
];
/// Steps of a run without fates.
const STEPS: u32 = 256;

fn experiment(toml: &str, side: u32, precision: Precision) -> Experiment {
    let mut experiment = Draft::parse(toml).and_then(|d| d.resolve().map_err(|e| e.to_string())).expect(toml);
    experiment.size = [side, side];
    experiment.precision = precision;
    experiment
}

/// The engines there are, with their names and the side of a square map that keeps them busy.
fn engines() -> Vec<(String, Box<dyn Engine>, u32)> {
    let mut engines: Vec<(String, Box<dyn Engine>, u32)> =
        vec![("cpu".to_owned(), Box::new(CpuEngine::default()), 512)];
    for (index, device) in devices().into_iter().enumerate() {
        let side = if device.kind == "software" { 256 } else { 2048 };
        let engine = GpuEngine::open(Some(&index.to_string())).expect("a listed device opens");
        engines.push((device.name, Box::new(engine), side));
    }
    engines
}

/// Every trajectory takes the same number of steps and nothing is observed, or everything.
fn steps(c: &mut Criterion) {
    for (place, (device, engine, side)) in engines().into_iter().enumerate() {
        for precision in [Precision::F32, Precision::F64] {
            if precision == Precision::F64 && !engine.device().f64 {
                continue;
            }
            let name = format!("steps/{device}/{precision:?}").to_lowercase();
            let mut group = c.benchmark_group(name);
            group.throughput(Throughput::Elements(u64::from(side * side * STEPS)));
            for (landscape, toml) in LANDSCAPES {
                for (what, advance, sample) in [("plain", STEPS, 0), ("observed", 0, STEPS)] {
                    let mut plan = Plan::new(&experiment(toml, side, precision)).expect(toml);
                    plan.windows = vec![Window { start: 0, advance, half: 0, sample }];
                    group.bench_function(BenchmarkId::new(landscape, what), |b| {
                        b.iter_custom(|times| {
                            let run = || engine.run(black_box(&plan), &Cells::All, &|_| {}).expect("runs");
                            (0..times).map(|_| Duration::from_secs_f64(run().seconds.run)).sum()
                        });
                    });
                }
                // The adapters come after the CPU, in their order.
                if place > 0 {
                    let plan = Plan::new(&experiment(toml, side, precision)).expect(toml);
                    let naive = Naive::new(place - 1, &plan, STEPS);
                    group.bench_function(BenchmarkId::new(landscape, "naive"), |b| {
                        b.iter_custom(|times| (0..times).map(|_| naive.run()).sum());
                    });
                }
            }
        }
    }
}

/// Maps as a user makes them, without drawing.
fn maps(c: &mut Criterion) {
    let engine = CpuEngine::default();
    let mut group = c.benchmark_group("map/cpu");
    for (landscape, toml, side, steps) in
        [("f1", LANDSCAPES[0].1, 512, 10_000), ("f3", LANDSCAPES[2].1, 128, 10_000)]
    {
        let mut experiment = experiment(toml, side, Precision::F32);
        experiment.steps = steps;
        group.throughput(Throughput::Elements(u64::from(side * side)));
        group.bench_function(landscape, |b| {
            b.iter(|| gdscope::run(black_box(&experiment), &engine, false, &|_| {}).expect("runs"));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = steps, maps
}
criterion_main!(benches);
