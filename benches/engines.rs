//! Trajectory-steps per second of the engines, and whole maps.
//!
//! `cargo bench` runs all; `cargo bench -- steps/cpu` what the name selects. Of steps, the engine's time for running
//! counts, not what it takes to compile and to read back.

mod naive;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gdscope::bench::{CASES, Case};
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::gpu::{GpuEngine, devices};
use gdscope::engine::{Cells, Engine};
use gdscope::experiment::Precision;
use gdscope::window::Window;
use naive::Naive;

/// Steps of a run without fates.
const STEPS: u32 = 1024;

/// The engines there are, with their names and the side of a square map that keeps them busy.
fn engines() -> Vec<(String, Box<dyn Engine>, u32)> {
    let mut engines: Vec<(String, Box<dyn Engine>, u32)> =
        vec![("cpu".to_owned(), Box::new(CpuEngine::default()), 512)];
    for (index, device) in devices().into_iter().enumerate() {
        let side = if device.kind == "software" { 512 } else { 2048 };
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
            group.throughput(Throughput::Elements(u64::from(side).pow(2) * u64::from(STEPS)));
            for case in &CASES {
                let name = case.landscape;
                for (what, advance, sample) in [("plain", STEPS, 0), ("observed", 0, STEPS)] {
                    let mut plan = case.steps_plan([side; 2], STEPS, precision).expect(name);
                    plan.windows = vec![Window { start: 0, advance, half: 0, sample }];
                    group.bench_function(BenchmarkId::new(name, what), |b| {
                        b.iter_custom(|times| {
                            let run = || engine.run(black_box(&plan), &Cells::All, &|_| {}).expect("runs");
                            (0..times).map(|_| Duration::from_secs_f64(run().seconds.run)).sum()
                        });
                    });
                }
                let plan = case.steps_plan([side; 2], STEPS, precision).expect(name);
                // The adapters come after the CPU, in their order. The naive kernel reads no data.
                if place > 0 && plan.descent.graph.columns().is_empty() {
                    let naive = Naive::new(place - 1, &plan, STEPS);
                    group.bench_function(BenchmarkId::new(name, "naive"), |b| {
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
    for (landscape, side) in [("f1", 512), ("f3", 128)] {
        let case = Case::find(landscape).expect(landscape);
        let experiment = case.experiment([side; 2], 10_000, Precision::F32).expect(landscape);
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
