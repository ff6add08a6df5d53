//! Whether a device's answers can be trusted: a short test of known answers for one that was not seen before.
//!
//! Some drivers compute wrongly and say nothing. So the elementary functions and the random generator are computed on
//! the device and compared with this crate's own in f64, and a small map with that of the CPU engine. Who passes is
//! remembered, by device, driver and version, in the user's cache directory; who does not is tested again each time.

use std::io::Write;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Serialize;

use super::adapters::GpuEngine;
use super::compute::Computed;
use super::format::Format;
use super::shader;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Device, Engine};
use crate::error::{Error, Result};
use crate::experiment::{Draft, Precision};
use crate::math::{Function, Real};
use crate::noise::normals;
use crate::plan::Plan;

/// The functions of one argument, with their names in WGSL.
const FUNCTIONS: [(&str, Function); 11] = [
    ("exp", Function::Exp),
    ("expm1", Function::Expm1),
    ("log", Function::Ln),
    ("log1p", Function::Log1p),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("tanh", Function::Tanh),
    ("atan", Function::Atan),
    ("sigmoid", Function::Sigmoid),
    ("softplus", Function::Softplus),
];
/// The numbers of what is computed after them.
const POWER: usize = FUNCTIONS.len();
const UNORDINARY: usize = POWER + 1;
/// Arguments of each function, and draws of the generator.
const COUNT: usize = 1024;
/// Errors that are tolerated, in epsilons, relative and near 0 absolute: twice the largest that `math` states.
const EPSILONS: f64 = 16.0;
/// The key of the generator.
const SEED: u32 = 7;
/// A map that is quiet almost everywhere, with fixed points and cycles.
const MAP: &str =
    "landscape = 'f1'\nacross = 'eta = 0.5 .. 10'\nup = 'x = -8 .. 8'\nsize = [64, 32]\nsteps = 1000";
/// Share of the map's cells that have to end as on the CPU engine, to this relative difference of the amplitudes.
const SHARE: f64 = 0.98;
const AMPLITUDES: f64 = 1e-4;

/// Where results are remembered, if the system says.
pub fn cache_directory() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join("gdscope"))
}

/// The whole WGSL text of the functions' test.
pub fn known_answers_source(precision: Precision) -> String {
    let kind = Format(precision).name();
    Computed { precision, kind, more: &picked(kind), expression: EXPRESSION }.text()
}

/// Of element number `i`, the function number `i / COUNT`.
const EXPRESSION: &str = "picked(i, a, b)";

/// What `unordinary` gives where everything is told apart.
const TOLD: f64 = 15.0;

/// One WGSL function for all: the functions of one argument, the power, what is infinite or no number, and the first of two
/// normal numbers.
fn picked(kind: &str) -> String {
    let cases = FUNCTIONS.iter().enumerate();
    let cases: String =
        cases.map(|(k, (name, _))| format!("        case {k}u: {{ return m_{name}(a); }}\n")).collect();
    format!(
        "
// Infinite.
fn unbounded(a: {kind}) -> {kind} {{
    var large = abs(a) + 2.0;
    for (var k = 0u; k < 12u; k++) {{
        large *= large;
    }}
    return large;
}}

// Compilers may take it that there is neither infinity nor what is no number, and leave out what asks for them.
fn unordinary(a: {kind}, b: {kind}) -> {kind} {{
    let large = unbounded(a);
    var told = 0u;
    told |= select(0u, 1u, size_bits(large) == INFINITY);
    told |= select(0u, 2u, size_bits(large - unbounded(b)) > INFINITY);
    told |= select(0u, 4u, size_bits(m_log(-large)) > INFINITY);
    told |= select(0u, 8u, size_bits(m_exp(-large)) < LEAST_BITS);
    return {kind}(told);
}}

fn picked(i: u32, a: {kind}, b: {kind}) -> {kind} {{
    switch i / {COUNT}u {{
{cases}        case {power}u: {{ return m_pow(abs(a), b); }}
        case {unordinary}u: {{ return unordinary(a, b); }}
        default: {{ return normals({SEED}u, i, 3u, 0u).x; }}
    }}
}}
",
        power = POWER,
        unordinary = UNORDINARY,
    )
}

/// Arguments of both signs, from small to large.
fn arguments() -> Vec<f64> {
    let half = COUNT as i32 / 2;
    let size = |k: i32| 10_f64.powf(f64::from(k) / f64::from(half) * 8.0 - 6.5);
    (0..half).flat_map(|k| [size(k), -size(k)]).collect()
}

impl GpuEngine {
    /// Tests the device, unless it has passed before and `cache` says so.
    ///
    /// # Errors
    /// [`Error::Refused`] with what is wrong.
    pub fn vouch(&self, cache: Option<&Path>) -> Result<()> {
        let passed = cache.map(|cache| Passed::new(cache, &self.description));
        if passed.as_ref().is_some_and(Passed::is_known) {
            return Ok(());
        }
        self.test().map_err(|reason| {
            let name = &self.description.name;
            Error::Refused(format!(
                "{name} ({}) is refused, because {reason}; update its driver, give --engine cpu, or use it all the \
                 same with --trust-device",
                self.description.driver
            ))
        })?;
        // It does not matter where this fails: then the test is made again.
        if let Some(passed) = passed {
            let _ = passed.remember();
        }
        Ok(())
    }

    /// Compares what the device computes with what is known.
    fn test(&self) -> std::result::Result<(), String> {
        let in_f64 = self.description.f64.then_some(Precision::F64);
        for precision in [Some(Precision::F32), in_f64].into_iter().flatten() {
            self.test_functions(precision)?;
        }
        self.test_map()
    }

    fn test_functions(&self, precision: Precision) -> std::result::Result<(), String> {
        let parts = UNORDINARY + 2;
        let a: Vec<f64> = arguments().repeat(parts);
        let b: Vec<f64> = a.iter().rev().map(|b| b.clamp(-8.0, 8.0)).collect();
        let computed = Computed {
            precision,
            kind: Format(precision).name(),
            more: &picked(Format(precision).name()),
            expression: EXPRESSION,
        };
        let opened = self.opened().map_err(|e| e.to_string())?;
        let (a, b, values) = match precision {
            Precision::F32 => {
                let [a, b] = [a, b].map(|v| v.into_iter().map(|x| x as f32).collect::<Vec<f32>>());
                let values = computed.of(&opened, &a, &b).map_err(|e| e.to_string())?;
                let [a, b, values] =
                    [a, b, values].map(|v| v.into_iter().map(f64::from).collect::<Vec<f64>>());
                (a, b, values)
            }
            Precision::F64 => {
                let values = computed.of(&opened, &a, &b).map_err(|e| e.to_string())?;
                (a, b, values)
            }
        };
        let limits = Format(precision).limits();
        for (i, &got) in values.iter().enumerate() {
            let of = |function: Function| f64::apply(function, a[i]);
            let (name, wanted) = match i / COUNT {
                k if k < FUNCTIONS.len() => (FUNCTIONS[k].0, of(FUNCTIONS[k].1)),
                POWER => ("pow", a[i].abs().powf(b[i])),
                UNORDINARY => ("telling infinity and what is no number from numbers", TOLD),
                _ => ("its random generator", normals::<f64>(SEED, i as u32, 3, 0)[0]),
            };
            // A normal number has the rounding of an angle of up to a turn.
            let scale = if i / COUNT > UNORDINARY { 8.0 } else { wanted.abs() };
            if !is_near(got, wanted, scale, limits) {
                let kind = Format(precision).name();
                return Err(match i / COUNT <= POWER {
                    true => format!("in {kind} its {name} of {:e} is {got:e} instead of {wanted:e}", a[i]),
                    false => format!("in {kind} {name} gives {got:e} instead of {wanted:e}"),
                });
            }
        }
        Ok(())
    }

    fn test_map(&self) -> std::result::Result<(), String> {
        let said = |e: Error| e.to_string();
        let plan = Draft::parse(MAP)?.resolve().and_then(|e| Plan::new(&e)).map_err(said)?;
        let found = self.run(&plan, &Cells::All, &|_| {}).map_err(said)?;
        let known = CpuEngine::default().run(&plan, &Cells::All, &|_| {}).map_err(said)?;
        let agrees = |k: &usize| {
            let (a, b) = (found.amplitude[*k], known.amplitude[*k]);
            let amplitudes = a.is_nan() == b.is_nan() && (a - b).abs() <= AMPLITUDES * b.abs() || b.is_nan();
            found.fate[*k] == known.fate[*k] && found.period[*k] == known.period[*k] && amplitudes
        };
        let share = (0..plan.cells()).filter(agrees).count() as f64 / plan.cells() as f64;
        if share < SHARE {
            return Err(format!("only {:.1} % of a map of f1 end as on the CPU", 100.0 * share));
        }
        Ok(())
    }
}

/// Whether a value is right, to some epsilons of `scale`; `limits`: epsilon, least normal number, largest number.
fn is_near(got: f64, wanted: f64, scale: f64, [epsilon, least, most]: [f64; 3]) -> bool {
    if wanted.is_nan() || got.is_nan() {
        return wanted.is_nan() && got.is_nan();
    }
    let (got, wanted) = (got.clamp(-most, most), wanted.clamp(-most, most));
    // Less than the least normal number may count as 0.
    (got - wanted).abs() <= (EPSILONS * epsilon * scale).max(least)
}

/// The memory of a device that has passed.
pub(super) struct Passed {
    path: PathBuf,
    text: String,
}

/// What has to be the same for a result to count again.
#[derive(Serialize)]
struct Key<'a> {
    gdscope: &'a str,
    /// A checksum of what is written in WGSL.
    shaders: u32,
    device: &'a Device,
}

impl Passed {
    pub(super) fn new(cache: &Path, device: &Device) -> Self {
        let shaders = known_answers_source(Precision::F32)
            + &known_answers_source(Precision::F64)
            + &shader::TEXTS.concat();
        let shaders = crc32fast::hash(shaders.as_bytes());
        let key = Key { gdscope: env!("CARGO_PKG_VERSION"), shaders, device };
        let text = serde_json::to_string_pretty(&key).expect("a device has no keys but strings") + "\n";
        let path = cache.join("devices").join(format!("{:08x}.json", crc32fast::hash(text.as_bytes())));
        Self { path, text }
    }

    /// Whether the whole of it is on the disk, and nothing else.
    pub(super) fn is_known(&self) -> bool {
        std::fs::read(&self.path).is_ok_and(|bytes| bytes == self.text.as_bytes())
    }

    /// Others may read it while it is written.
    fn remember(&self) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.text.as_bytes())?;
        file.persist(&self.path)?;
        Ok(())
    }
}
