//! Devices that answer wrongly are refused, and those that do not are remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::adapters::GpuEngine;
use super::super::faults::{Fault, Faults};
use super::super::trust::Passed;
use super::any_device;
use crate::engine::Device;
use crate::error::Error;

/// A compiler that makes something else of shaders.
pub struct Mutated<F> {
    pub text: F,
    pub compiled: AtomicU64,
    /// How many texts were another afterwards.
    pub changed: AtomicU64,
}

impl<F: Fn(&str) -> String + Send + Sync + 'static> Mutated<F> {
    pub fn new(text: F) -> Arc<Self> {
        Arc::new(Self { text, compiled: AtomicU64::new(0), changed: AtomicU64::new(0) })
    }
}

impl<F: Fn(&str) -> String + Send + Sync> Faults for Mutated<F> {
    fn shader(&self, text: String) -> String {
        let mutated = (self.text)(&text);
        self.compiled.fetch_add(1, Ordering::Relaxed);
        self.changed.fetch_add(u64::from(mutated != text), Ordering::Relaxed);
        mutated
    }
}

fn device(text: impl Fn(&str) -> String + Send + Sync + 'static) -> GpuEngine {
    any_device().with_faults(Mutated::new(text))
}

#[test]
fn a_device_that_computes_wrongly_is_refused_with_the_reason() {
    let refused = |engine: &GpuEngine| match engine.vouch(None) {
        Err(Error::Refused(message)) => message,
        other => panic!("{other:?}"),
    };
    let with = |from: &'static str, to: &'static str| {
        let message = refused(&device(move |text| text.replace(from, to)));
        assert!(message.contains("--trust-device") && message.contains("--engine cpu"), "{message}");
        message
    };
    // One unit in 2^-18, where 2^-22 is tolerated.
    let message = with("return m_tanh(a);", "return m_tanh(a) * (1.0 + 1.0 / 262144.0);");
    assert!(message.contains("its tanh of"), "{message}");
    let message = with("return m_pow(abs(a), b);", "return m_pow(abs(a), b + 1e-5);");
    assert!(message.contains("its pow of"), "{message}");
}

/// Every step goes up the gradient instead of down.
pub fn uphill(text: &str) -> String {
    if !text.contains("fn advance(") {
        return text.to_owned();
    }
    text.replace("fn advance(", "fn advance_down(").replace("fn measure(", "fn measure_down(")
        + "
fn up(x: Point, next: Point) -> Point {
    var start = x;
    var end = next;
    for (var d = 0u; d < DIMS; d++) {
        end[d] = 2.0 * start[d] - end[d];
    }
    return end;
}
fn advance(x: Point, q: Quantities, t: u32, cell: u32) -> Advanced {
    let next = advance_down(x, q, t, cell);
    return Advanced(up(x, next.x), next.loss);
}
fn measure(x: Point, v: Point, q: Quantities, t: u32, cell: u32) -> Measured {
    let next = measure_down(x, v, q, t, cell);
    return Measured(up(x, next.x), up(v, next.v), next.loss);
}
"
}

#[test]
fn a_wrong_generator_or_map_is_a_reason_too() {
    let rotated = device(|text| text.replace("vec4<u32>(13u,", "vec4<u32>(14u,"));
    let message = rotated.vouch(None).unwrap_err().to_string();
    assert!(message.contains("its random generator gives"), "{message}");
    // As if the compiler took it that every number is one.
    let finite = device(|text| text.replace("unbounded(b)) > INFINITY", "unbounded(b)) >= SIGN"));
    let message = finite.vouch(None).unwrap_err().to_string();
    assert!(message.contains("telling infinity and what is no number from numbers"), "{message}");
    let message = device(uphill).vouch(None).unwrap_err().to_string();
    assert!(message.contains("of a map of f1 end as on the CPU"), "{message}");
    let silent = any_device().with_faults(Arc::new(Idle));
    let message = silent.vouch(None).unwrap_err().to_string();
    assert!(message.contains("is refused, because") && message.contains("mark"), "{message}");
}

/// A device that leaves out everything.
struct Idle;

impl Faults for Idle {
    fn dispatch(&self) -> Option<Fault> {
        Some(Fault::Dropped)
    }
}

#[test]
fn a_device_that_has_passed_is_not_tested_again() {
    let place = tempfile::tempdir().unwrap();
    let cache = place.path().join("cache");
    // How many shaders were compiled for a test.
    let tested = |cache: Option<&std::path::Path>| {
        let seen = Mutated::new(str::to_owned);
        any_device().with_faults(Arc::clone(&seen) as Arc<dyn Faults>).vouch(cache).unwrap();
        seen.compiled.load(Ordering::Relaxed)
    };
    let all = if any_device().description.f64 { 3 } else { 2 };
    assert_eq!(tested(Some(&cache)), all);
    assert_eq!(tested(Some(&cache)), 0);
    assert_eq!(tested(None), all);
    let files: Vec<_> =
        std::fs::read_dir(cache.join("devices")).unwrap().map(|e| e.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let whole = std::fs::read(file).unwrap();
    for damaged in [&b""[..], b"\xff\x00{", &whole[..whole.len() - 9], b"{\"gdscope\": \"0.0.1\"}"] {
        std::fs::write(file, damaged).unwrap();
        assert_eq!(tested(Some(&cache)), all);
        assert_eq!(std::fs::read(file).unwrap(), whole);
    }
    // A file where the directory should be: nothing can be remembered.
    let blocked = place.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    assert_eq!(tested(Some(&blocked)), all);
    assert_eq!(tested(Some(&blocked)), all);
}

#[test]
fn another_driver_is_tested_again() {
    let place = tempfile::tempdir().unwrap();
    let engine = any_device();
    engine.vouch(Some(place.path())).unwrap();
    let known = |device: &Device| Passed::new(place.path(), device).is_known();
    let own = engine.description.clone();
    assert!(known(&own));
    assert!(!known(&Device { driver: own.driver.clone() + " newer", ..own.clone() }));
    assert!(!known(&Device { name: "another".to_owned(), ..own }));
}
