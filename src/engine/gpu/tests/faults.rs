//! Faults, made on purpose, and how they are survived.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::adapters::{GpuEngine, REPEATS, Settings};
use super::super::faults::{Fault, Faults};
use super::{any_device, bits};
use crate::engine::fallback::Fallback;
use crate::engine::{Cells, Engine, Outcomes, Watch};
use crate::experiment::{Draft, Precision};
use crate::plan::Plan;

/// A fault at every dispatch that `when` picks by its number, counted from 0.
struct Injected {
    fault: Fault,
    when: fn(u64) -> bool,
    dispatches: AtomicU64,
    openings: AtomicU64,
    /// Openings that succeed.
    opens: u64,
}

impl Injected {
    fn new(fault: Fault, when: fn(u64) -> bool) -> Arc<Self> {
        let (dispatches, openings) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { fault, when, dispatches, openings, opens: u64::MAX })
    }
}

impl Faults for Injected {
    fn opening(&self) -> Option<String> {
        let before = self.openings.fetch_add(1, Ordering::Relaxed);
        (before >= self.opens).then(|| "it is gone".to_owned())
    }

    fn dispatch(&self) -> Option<Fault> {
        let number = self.dispatches.fetch_add(1, Ordering::Relaxed);
        (self.when)(number).then_some(self.fault)
    }
}

const ALL: [Fault; 5] = [Fault::Lost, Fault::OutOfMemory, Fault::Invalid, Fault::Hang, Fault::Dropped];

const MIXED: &str = "landscape = 'f3'\nacross = 'x1 = -4 .. 4'\nup = 'eta = 0.1 .. 1.2'\nset = { x2 = 1 }
    size = [60, 40]\nsteps = 1500\ntarget = 0.5";

fn plan(precision: Precision) -> Plan {
    Plan { precision, ..Plan::new(&Draft::parse(MIXED).unwrap().resolve().unwrap()).unwrap() }
}

/// Small tiles in small slices, kept after each window, and no pauses.
const SMALL: fn() -> Settings = || Settings {
    tile_lanes: 500,
    slice_target: Duration::from_nanos(1),
    keep_every: Duration::ZERO,
    pause: Duration::ZERO,
    ..Settings::default()
};

/// An engine with faults, and what it has told.
fn engine(settings: Settings, faults: Arc<dyn Faults>) -> (GpuEngine, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let tell = move |text: &str| sink.lock().unwrap().push(text.to_owned());
    let mut engine = any_device().telling(tell).with_faults(faults);
    engine.settings = settings;
    (engine, told)
}

fn run(engine: &dyn Engine, plan: &Plan) -> Outcomes {
    engine.run(plan, &Cells::All, &|_| {}).unwrap()
}

/// What the device finds without a fault.
fn alone(plan: &Plan) -> Outcomes {
    run(&any_device(), plan)
}

#[test]
fn a_device_that_fails_is_opened_again_and_the_bits_are_the_same() {
    let plan = plan(Precision::F32);
    let wanted = bits(&alone(&plan));
    for fault in ALL {
        for (when, least) in [((|n| n == 0) as fn(u64) -> bool, 1), (|n| n == 40, 1), (|n| n % 150 == 149, 3)]
        {
            let injected = Injected::new(fault, when);
            let (engine, told) = engine(SMALL(), injected);
            let outcomes = run(&engine, &plan);
            assert!(bits(&outcomes) == wanted, "{fault:?}");
            let faults = engine.faults();
            assert!(faults >= least && outcomes.fallback.is_empty(), "{fault:?}: {faults}");
            let told = told.lock().unwrap();
            assert_eq!(told.len() as u64, faults);
            let said = match fault {
                Fault::Lost => "lost",
                Fault::OutOfMemory => "emory",
                Fault::Invalid => "alidation",
                Fault::Hang => "did not answer",
                Fault::Dropped => "the mark of a slice is missing",
            };
            assert!(
                told.iter().all(|text| text.contains("has failed") && text.contains(said)),
                "{fault:?}: {told:?}"
            );
        }
    }
}

/// Where windows take several dispatches, each has its mark.
#[test]
fn no_dispatch_of_a_window_can_be_left_out() {
    let plan = plan(Precision::F32);
    let wanted = bits(&alone(&plan));
    for left_out in [|n| n == 3, |n| n == 20, |n| n == 21] {
        let (engine, told) =
            engine(Settings { rounds: 70, ..SMALL() }, Injected::new(Fault::Dropped, left_out));
        let outcomes = run(&engine, &plan);
        assert!(bits(&outcomes) == wanted);
        assert_eq!(engine.faults(), 1, "{:?}", told.lock().unwrap());
    }
}

#[test]
fn a_tile_goes_on_from_where_it_was_kept() {
    // One tile of one workgroup: each window is one dispatch.
    let plan =
        Plan::new(&Draft::parse(&MIXED.replace("[60, 40]", "[8, 8]")).unwrap().resolve().unwrap()).unwrap();
    let wanted = bits(&alone(&plan));
    let dispatches = |keep_every: Duration, when: fn(u64) -> bool| {
        let injected = Injected::new(Fault::Lost, when);
        let (engine, _) =
            engine(Settings { keep_every, ..SMALL() }, Arc::clone(&injected) as Arc<dyn Faults>);
        assert!(bits(&run(&engine, &plan)) == wanted);
        injected.dispatches.load(Ordering::Relaxed)
    };
    let never = Duration::from_secs(3600);
    let all = dispatches(never, |_| false);
    assert!(all > 15, "{all}");
    // Twelve windows and one that failed are lost, or that one alone.
    assert_eq!(dispatches(never, |n| n == 12), all + 13);
    assert_eq!(dispatches(Duration::ZERO, |n| n == 12), all + 1);
    // More failures than are repeated, but each time something was done.
    assert!(dispatches(Duration::ZERO, |n| n % 3 == 2) > all + u64::from(REPEATS));
}

#[test]
fn what_a_device_cannot_do_is_done_by_the_cpu_and_counted() {
    for precision in [Precision::F32, Precision::F64] {
        let plan = plan(precision);
        let cpu = run(&crate::engine::cpu::CpuEngine::default(), &plan);
        if precision == Precision::F64 && !any_device().device().f64 {
            continue;
        }
        let gpu = alone(&plan);
        for fault in ALL {
            // A tile or two are done before.
            let injected = Injected::new(fault, |n| n >= 300);
            let (engine, told) = engine(SMALL(), injected);
            let warned = Arc::new(Mutex::new(Vec::new()));
            let sink = Arc::clone(&warned);
            let engine =
                Fallback::new(Box::new(engine), move |text| sink.lock().unwrap().push(text.to_owned()));
            let outcomes = run(&engine, &plan);
            let fallback = outcomes.fallback.clone();
            assert!(!fallback.is_empty() && fallback.len() < plan.cells(), "{fault:?}: {}", fallback.len());
            assert!(fallback.is_sorted());
            for k in 0..plan.cells() {
                let by = if fallback.binary_search(&(k as u32)).is_ok() { &cpu } else { &gpu };
                assert_eq!(
                    (outcomes.fate[k], outcomes.steps[k]),
                    (by.fate[k], by.steps[k]),
                    "{fault:?}, cell {k}"
                );
                assert_eq!(outcomes.loss[k].to_bits(), by.loss[k].to_bits());
            }
            assert!(engine.faults() > u64::from(REPEATS));
            assert_eq!(told.lock().unwrap().len() as u64, engine.faults() - 1);
            // From then on the device is left alone.
            assert_eq!(run(&engine, &plan).fallback.len(), plan.cells());
            let warned = warned.lock().unwrap();
            assert!(warned.len() == 1 && warned[0].contains("computed on the CPU engine"), "{warned:?}");
            assert!(
                warned[0].contains("5 times in a row") && warned[0].contains("--no-fallback"),
                "{warned:?}"
            );
        }
    }
}

#[test]
fn without_a_fallback_the_work_fails() {
    let (engine, _) = engine(SMALL(), Injected::new(Fault::Hang, |_| true));
    let error = engine.run(&plan(Precision::F32), &Cells::All, &|_| {}).unwrap_err();
    // The exit code is 1.
    assert!(!error.is_request() && error.to_string().contains("did not answer"), "{error}");
}

/// Twelve windows are done and kept, and the next is never done, neither from there nor again from the start.
#[test]
fn a_device_that_always_fails_at_the_same_place_is_given_up() {
    let plan =
        Plan::new(&Draft::parse(&MIXED.replace("[60, 40]", "[8, 8]")).unwrap().resolve().unwrap()).unwrap();
    let settings = Settings { keep_every: Duration::ZERO, ..SMALL() };
    let (engine, told) = engine(settings, Injected::new(Fault::Lost, |n| n % 14 >= 12));
    let error = engine.run(&plan, &Cells::All, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("times in a row"), "{error}");
    assert_eq!(engine.faults(), 1 + u64::from(REPEATS), "{:?}", told.lock().unwrap());
}

#[test]
fn a_device_that_does_not_come_back_is_given_up() {
    let lost = Injected::new(Fault::Lost, |n| n == 40);
    let lost = Arc::new(Injected { opens: 1, ..Arc::into_inner(lost).unwrap() });
    let (engine, _) = engine(SMALL(), Arc::clone(&lost) as Arc<dyn Faults>);
    let error = engine.run(&plan(Precision::F32), &Cells::All, &|_| {}).unwrap_err();
    assert!(!error.is_request() && error.to_string().contains("it is gone"), "{error}");
    assert_eq!(lost.openings.load(Ordering::Relaxed), 1 + u64::from(REPEATS));
}

#[test]
fn counting_survives_faults() {
    let base =
        "landscape = 'f3'\nacross = 'eta = 0.1 .. 1.2'\nsize = [30, 20]\nsteps = 300\n[phase]\nstarts = 70
        range = '0 .. 3'\n";
    for more in ["", "warm = 'up'"] {
        let experiment = Draft::parse(&format!("{base}{more}")).unwrap().resolve_phase().unwrap();
        let plan = Plan::of_phase(&experiment, experiment.bins().as_ref()).unwrap();
        let watch = Watch { transient: 100, steps: 300, bins: 20, warm: experiment.warm };
        let count = |engine: &dyn Engine| engine.density(&plan, &watch, &Cells::All, &|_| {}).unwrap();
        let wanted = count(&any_device());
        // Dispatches of tens of steps: the first ones are in the transient, where nothing is counted.
        let settings = Settings { rounds: 50, ..SMALL() };
        for fault in ALL {
            for when in [(|n| n == 0) as fn(u64) -> bool, |n| n == 1, |n| n == 17] {
                let (engine, told) = engine(settings, Injected::new(fault, when));
                let found = count(&engine);
                assert!(
                    found.visits == wanted.visits && engine.faults() == 1,
                    "{fault:?}: {:?}",
                    told.lock().unwrap()
                );
                assert_eq!(
                    found.ends.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
                    wanted.ends.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
                );
            }
            let (engine, _) = engine(settings, Injected::new(fault, |n| n > 2));
            let engine = Fallback::new(Box::new(engine), |_| {});
            let found = count(&engine);
            assert!(found.fallback && found.visits.len() == wanted.visits.len());
            assert_eq!(engine.faults(), 1 + u64::from(REPEATS));
        }
    }
}

/// The report of a map says what happened.
#[test]
fn a_report_counts_faults_and_cells_of_the_fallback() {
    let experiment = Draft::parse(MIXED).unwrap().resolve().unwrap();
    let map = |engine: &dyn Engine| crate::run(&experiment, engine, true, &|_| {}).unwrap();
    let (survived, report) = map(&engine(SMALL(), Injected::new(Fault::Lost, |n| n == 40)).0);
    let (alone, quiet) = map(&any_device());
    assert_eq!((report.device_faults, report.fallback_cells), (1, 0));
    assert_eq!((quiet.device_faults, quiet.fallback_cells), (0, 0));
    assert!(survived.fate == alone.fate && survived.attractor == alone.attractor);
    let engine = engine(SMALL(), Injected::new(Fault::Lost, |n| n >= 300)).0;
    let (_, report) = map(&Fallback::new(Box::new(engine), |_| {}));
    assert!(report.fallback_cells > 0 && report.fallback_cells < 2400, "{}", report.fallback_cells);
    assert!(report.to_json().contains("\"fallback_cells\""));
}
