//! The elementary functions as a device computes them, against the bounds that `math` states; and how work is cut.

mod faults;
mod mutations;
mod trust;

use std::sync::Mutex;
use std::time::Duration;

use super::adapters::{GpuEngine, Settings};
use super::compute::Computed;
use super::density::density;
use super::run::{ROUNDS, SLICE_TARGET};
use super::slice::TILE_LANES;
use super::tile::is_cut;
use crate::engine::{Cells, Engine, Outcomes, Watch};
use crate::experiment::Draft;
use crate::experiment::Precision;
use crate::math::tests::{
    DOUBLE, FUNCTIONS, Known, SINGLE, Worst, arguments, bounds, error, known, pow_reference, powers,
};
use crate::noise::tests::KNOWN;
use crate::noise::{normal_pair, threefry};
use crate::plan::Plan;

/// Hardware if there is some, and else what there is; no device at all is a failure.
fn any_device() -> GpuEngine {
    let engine = GpuEngine::open(None).or_else(|_| GpuEngine::open(Some("0"))).expect("no device opens");
    println!("on {}", engine.description.name);
    engine
}

/// `expression` of `a` and `b` for all pairs.
fn compute(engine: &GpuEngine, expression: &str, a: &[f32], b: &[f32]) -> Vec<f32> {
    compute_of(Precision::F32, "f32", engine, expression, a, b)
}

/// `expression` of `a` and `b`, the elements number `i` of `first` and `second`, all of a WGSL type; its
/// functions are those of a precision.
fn compute_of<T: bytemuck::Pod>(
    precision: Precision,
    kind: &str,
    engine: &GpuEngine,
    expression: &str,
    a: &[T],
    b: &[T],
) -> Vec<T> {
    let computed = Computed { precision, kind, more: "", expression };
    computed.of(&engine.opened().unwrap(), a, b).expect("the device answers")
}

/// The error of a device's value: what is smaller than the normal numbers may be anything so small.
fn device_error(got: f32, wanted: f64) -> f64 {
    let small = f64::from(f32::MIN_POSITIVE);
    if wanted.abs() < small && f64::from(got).abs() <= small {
        return 0.0;
    }
    error(f64::from(got), wanted, 0.0, SINGLE)
}

#[test]
fn functions_are_as_exact_as_stated() {
    let engine = any_device();
    let xs: Vec<f32> = arguments(4099).collect();
    for f in &FUNCTIONS {
        let name = if f.name == "ln" { "log" } else { f.name };
        let values = compute(&engine, &format!("m_{name}(a) + 0.0 * b"), &xs, &vec![0.0; xs.len()]);
        let mut worst = Worst::new();
        for (&x, &got) in xs.iter().zip(&values) {
            // A subnormal number may count as 0.
            let counted = if x.is_subnormal() && name == "log" { 0.0 } else { x };
            let wanted = (f.reference)(f64::from(counted));
            worst.see(device_error(got, wanted), || format!("{x:e}: {got:e}, {wanted:e}"));
        }
        worst.check(f.name, bounds(f.name)[2]);
    }
}

#[test]
fn powers_are_as_exact_as_stated() {
    let engine = any_device();
    let pairs = powers(1_000_000).filter(|(a, _)| !a.is_subnormal());
    let (bases, exponents): (Vec<f32>, Vec<f32>) = pairs.unzip();
    let values = compute(&engine, "m_pow(a, b)", &bases, &exponents);
    let mut worst = Worst::new();
    for ((&a, &b), &got) in bases.iter().zip(&exponents).zip(&values) {
        let wanted = pow_reference(f64::from(a), f64::from(b));
        worst.see(device_error(got, wanted), || format!("{a:e}^{b:e}: {got:e}, {wanted:e}"));
    }
    worst.check("pow", bounds("pow")[2]);
}

/// The error of a device's f64 value of the function number `k` of the table.
fn known_error(name: &str, line: &Known, got: f64) -> f64 {
    let Known { arguments, wanted, fraction } = line;
    // As in f32: a subnormal number may count as 0, and as an argument of logarithms does.
    let logarithm = name == "ln" || name == "pow";
    if logarithm && arguments[0].is_subnormal()
        || wanted.abs() < f64::MIN_POSITIVE && got.abs() <= f64::MIN_POSITIVE
    {
        return 0.0;
    }
    error(got, *wanted, *fraction, DOUBLE)
}

#[test]
fn f64_functions_are_as_exact_as_stated() {
    let engine = any_device();
    if !engine.device().f64 {
        println!("not here: {} has no f64", engine.device().name);
        return;
    }
    for name in FUNCTIONS.iter().map(|f| f.name).chain(["pow"]) {
        let lines = known(name);
        let first: Vec<f64> = lines.iter().map(|line| line.arguments[0]).collect();
        let second: Vec<f64> = lines.iter().map(|line| *line.arguments.last().unwrap()).collect();
        let expression = match name {
            "pow" => "m_pow(a, b)".to_owned(),
            "ln" => "m_log(a) + 0.0 * min(abs(b), 1.0)".to_owned(),
            _ => format!("m_{name}(a) + 0.0 * min(abs(b), 1.0)"),
        };
        let values = compute_of(Precision::F64, "f64", &engine, &expression, &first, &second);
        let mut worst = Worst::new();
        for (line, &got) in lines.iter().zip(&values) {
            worst.see(known_error(name, line, got), || {
                format!("{:?}: {got:e}, {:e}", line.arguments, line.wanted)
            });
        }
        worst.check(name, bounds(name)[3]);
    }
}

#[test]
fn a_wrong_function_is_seen() {
    let engine = any_device();
    let xs = [0.25_f32, 0.5, 2.0];
    let values = compute(&engine, "m_exp(a) * (1.0 + b)", &xs, &[2.0_f32.powi(-18); 3]);
    for (&x, &got) in xs.iter().zip(&values) {
        let off = device_error(got, f64::from(x).exp());
        assert!(off > bounds("exp")[2] && off < 100.0, "{off}");
    }
}

#[test]
fn a_device_without_f64_says_what_to_do() {
    let mut engine = any_device();
    engine.description.f64 = false;
    let toml = "landscape = 'f1'\nacross = 'x = 1 .. 2'\nup = 'eta = 1 .. 2'\nprecision = 'f64'";
    let plan = Plan::new(&Draft::parse(toml).unwrap().resolve().unwrap()).unwrap();
    let refused = engine.run(&plan, &Cells::All, &|_| {}).unwrap_err();
    let message = refused.to_string();
    assert!(refused.is_request() && message.contains("has no f64; give --engine cpu"), "{message}");
}

/// The bits of everything that is known of trajectories.
fn bits(outcomes: &Outcomes) -> (Vec<u8>, Vec<[u32; 3]>, Vec<u64>) {
    let floats = [&outcomes.amplitude, &outcomes.lyapunov, &outcomes.loss, &outcomes.point, &outcomes.reach];
    let numbers = outcomes.period.iter().zip(&outcomes.phase).zip(&outcomes.steps);
    let numbers = numbers.map(|((&period, &phase), &steps)| [period, phase, steps]);
    let floats = floats.into_iter().flatten().map(|value| value.to_bits());
    (outcomes.fate.clone(), numbers.collect(), floats.collect())
}

/// However the work is cut, into tiles, slices of lanes and dispatches of steps, the outcomes have the same bits.
#[test]
fn the_work_may_be_cut_anywhere() {
    let mut engine = any_device();
    for toml in [
        "landscape = \"f3\"\nacross = \"x1 = -4 .. 4\"\nup = \"eta = 0.1 .. 1.2\"\nset = { x2 = 1 }\nsize = [70, 30]\nsteps = 2000",
        "landscape = \"f1\"\nacross = \"x = -4 .. 4\"\nup = \"eta = 0.1 .. 9\"\nsize = [40, 40]\nsteps = 3000\ntarget = 0.5",
    ] {
        for precision in [Precision::F32, Precision::F64] {
            if precision == Precision::F64 && !engine.device().f64 {
                continue;
            }
            let plan = Plan::new(&Draft::parse(toml).unwrap().resolve().unwrap()).unwrap();
            let plan = Plan { precision, ..plan };
            let count = plan.cells();
            let mut run = |rounds: u64, tile_lanes: u64, target: Duration| {
                let cut = Settings { rounds, tile_lanes, slice_target: target, ..Settings::default() };
                engine.settings = cut;
                let told = Mutex::new(Vec::new());
                let outcomes =
                    engine.run(&plan, &Cells::All, &|done| told.lock().unwrap().push(done)).unwrap();
                let told = told.into_inner().unwrap();
                assert!(told.is_sorted() && told.last() == Some(&(count as u64)), "{told:?}");
                (bits(&outcomes), told.len())
            };
            assert!(!is_cut(&plan, ROUNDS) && is_cut(&plan, 70));
            let (whole, tiles) = run(ROUNDS, TILE_LANES, SLICE_TARGET);
            assert_eq!(tiles, 1);
            // Two tiles at a time, and slices of one workgroup.
            let (cut, tiles) = run(ROUNDS, 300, Duration::from_nanos(1));
            assert!(cut == whole && tiles == count.div_ceil(300));
            // Tens of steps in a dispatch; 1 is a step for each, with every border of a phase.
            assert!(run(70, 2000, SLICE_TARGET).0 == whole);
            if plan.initial.len() == 1 {
                assert!(run(1, TILE_LANES, SLICE_TARGET).0 == whole);
            }
            // In parts, in any order, to be put together.
            engine.settings = Settings::default();
            let mut parts = Outcomes::of(&plan, count);
            for start in [1000, 0] {
                let listed = Cells::Listed((start..if start == 0 { 1000 } else { count as u32 }).collect());
                parts.put(start as usize, &engine.run(&plan, &listed, &|_| {}).unwrap());
            }
            assert!(bits(&parts) == whole);
        }
    }
}

/// Counts do not depend on how the work is cut: into dispatches, tiles of lanes and groups of columns.
#[test]
fn counting_may_be_cut_anywhere() {
    let mut engine = any_device();
    let base = "landscape = 'f3'\nacross = 'eta = 0.1 .. 1.2'\nsize = [30, 20]\nsteps = 300\n[phase]\nstarts = 70\nrange = '0 .. 3'\n";
    for more in ["", "warm = 'up'", "warm = 'down'"] {
        let experiment = Draft::parse(&format!("{base}{more}")).unwrap().resolve_phase().unwrap();
        let plan = Plan::of_phase(&experiment, experiment.bins().as_ref()).unwrap();
        let watch = Watch { transient: 100, steps: 300, bins: 20, warm: experiment.warm };
        let cells = match experiment.warm {
            // Some orbits are left out.
            None => Cells::Listed((0..2100).filter(|cell| cell % 7 != 3).collect()),
            Some(_) => Cells::All,
        };
        let mut run = |rounds: u64, bytes: u64| {
            engine.settings.rounds = rounds;
            let density = density(&engine, &plan, &watch, (&cells, bytes), &|_| {}).unwrap();
            (density.visits, density.ends.iter().map(|x| x.to_bits()).collect::<Vec<u64>>())
        };
        let whole = run(ROUNDS, 1 << 20);
        assert!(whole.0.iter().any(|&count| count > 0));
        assert_eq!(whole.1.is_empty(), experiment.warm.is_none());
        // The axes and lists need 17,200 bytes; the counts of a column 92, with the mark 96.
        assert!(run(500, 17_300) == whole, "{more}");
        assert!(density(&engine, &plan, &watch, (&cells, 17_000), &|_| {}).is_err());
    }
}

/// Element number `i` of pairs (key, counter) is one of the two words that they make.
const WORD: &str =
    "threefry(vec2<u32>(first[i & ~1u], first[i | 1u]), vec2<u32>(second[i & ~1u], second[i | 1u]))";

#[test]
fn random_words_are_the_published_ones_and_those_of_the_cpu() {
    let engine = any_device();
    let mut keys: Vec<[u32; 2]> = KNOWN.iter().map(|known| known[0]).collect();
    let mut counters: Vec<[u32; 2]> = KNOWN.iter().map(|known| known[1]).collect();
    keys.extend((0..10_000).map(|k| [k % 7, k]));
    counters.extend((0..10_000).map(|k: u32| [k.wrapping_mul(2_654_435_769), k % 3]));
    // What a compiler drops because it is not used would not be seen: both arguments are.
    let expression = format!("{WORD}[i & 1u] ^ ((a ^ a) & b)");
    let words =
        compute_of(Precision::F32, "u32", &engine, &expression, keys.as_flattened(), counters.as_flattened());
    let wanted: Vec<u32> = keys.iter().zip(&counters).flat_map(|(k, c)| threefry(*k, *c)).collect();
    assert_eq!(words, wanted);
    assert_eq!(words[..6], *KNOWN.map(|known| known[2]).as_flattened());
}

#[test]
fn normal_numbers_are_those_of_the_cpu() {
    let engine = any_device();
    let words: Vec<u32> =
        (0..200_000).flat_map(|k| threefry([1, k], [k, 0])).chain([0, 0, u32::MAX, u32::MAX]).collect();
    let expression =
        "bitcast<u32>(normal_pair(vec2<u32>(first[i & ~1u], first[i | 1u]))[i & 1u]) ^ ((a ^ a) & b)";
    let found = compute_of(Precision::F32, "u32", &engine, expression, &words, &words);
    for (pair, found) in words.chunks_exact(2).zip(found.chunks_exact(2)) {
        let wanted: [f64; 2] = normal_pair([pair[0], pair[1]]);
        for (found, wanted) in found.iter().zip(wanted) {
            let off = (f64::from(f32::from_bits(*found)) - wanted).abs();
            // Of a number up to 5.8: the angle's rounding and a few units in the last place.
            assert!(off < 6e-6, "{pair:?}: {} and {wanted}", f32::from_bits(*found));
        }
    }
}
