//! The flags that choose the engine.

use clap::{Args, ValueEnum};

use super::warn;
use crate::engine::cpu::CpuEngine;
use crate::engine::fallback::Fallback;
use crate::engine::gpu::{GpuEngine, cache_directory};
use crate::engine::several::Several;
use crate::engine::{Device, Engine};
use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::formula::Isa;

/// Which engine computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// A hardware GPU if there is one, else the CPU
    #[default]
    Auto,
    /// A GPU, or with --device a software adapter
    Gpu,
    /// All cores of the CPU
    Cpu,
}

/// What machine code the CPU engine writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Code {
    /// With 512-bit vectors
    Avx512,
    /// With 256-bit vectors
    Avx2,
    /// None: every instruction of a formula runs as it was compiled into gdscope
    None,
}

/// Engine and device.
#[derive(Debug, Default, Args)]
pub struct EngineArguments {
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    engine: Choice,

    /// The GPU or software adapter to use, by part of its name or by its number in `gdscope devices`;
    /// `all`: every GPU at once
    #[arg(long, value_name = "NAME|INDEX")]
    device: Option<String>,

    /// End with exit code 1 when the device has failed for good, instead of computing the rest on the CPU
    #[arg(long)]
    no_fallback: bool,

    /// Use a GPU without the short test of its answers that is made the first time, or although it failed that
    #[arg(long)]
    trust_device: bool,
    /// Machine code that the CPU engine writes for formulas; the results are the same, to the bit [default: the
    /// widest that the processor runs]
    #[arg(long, value_enum, value_name = "SET")]
    isa: Option<Code>,
}

impl EngineArguments {
    /// The flags that ask for a device which is known by its name.
    pub fn of(engine: &str, device: &str) -> Self {
        match engine {
            "cpu" => Self { engine: Choice::Cpu, ..Self::default() },
            // It was tested, or trusted, when it was used before.
            _ => Self {
                engine: Choice::Gpu,
                device: Some(device.to_owned()),
                trust_device: true,
                ..Self::default()
            },
        }
    }

    /// Devices as one engine that says when one fails, and unless that is not wanted goes on without.
    fn guarded(&self, opened: Vec<GpuEngine>) -> Box<dyn Engine> {
        let mut engines: Vec<_> =
            opened.into_iter().map(|engine| Box::new(engine.telling(warn)) as Box<dyn Engine>).collect();
        let engine = if engines.len() == 1 { engines.remove(0) } else { Box::new(Several::new(engines)) };
        if self.no_fallback { engine } else { Box::new(Fallback::new(engine, warn)) }
    }

    /// Opens the engine.
    pub fn open(&self, precision: Precision) -> Result<Box<dyn Engine>> {
        let engine = self.opened(precision)?;
        let Device { engine: kind, name, backend, driver, .. } = engine.device();
        tracing::info!("engine: {kind}, {name} ({backend}, {driver})");
        Ok(engine)
    }

    fn opened(&self, precision: Precision) -> Result<Box<dyn Engine>> {
        let gpu = |wanted: Option<&str>| {
            let opened = match wanted {
                Some("all") => GpuEngine::open_all()?,
                _ => vec![GpuEngine::open(wanted)],
            };
            let cache = cache_directory();
            let fits = |engine: GpuEngine| {
                engine.check(precision)?;
                if !self.trust_device {
                    engine.vouch(cache.as_deref())?;
                }
                Ok(engine)
            };
            Ok(self.guarded(without_failed(opened.into_iter().map(|engine| engine.and_then(fits)))?))
        };
        let cpu = || Box::new(CpuEngine::default()) as Box<dyn Engine>;
        if let Some(code) = self.isa {
            choose(code)?;
        }
        match (self.engine, self.device.as_deref()) {
            (Choice::Gpu, _) | (_, Some(_)) if self.isa.is_some() => Err(Error::request(
                "isa: a GPU runs no machine code of the CPU engine; drop --isa, or use --engine cpu",
            )),
            (Choice::Auto, None) if self.isa.is_some() => Ok(cpu()),
            (Choice::Cpu, Some(device)) => Err(without_device(device)),
            (Choice::Cpu, None) => Ok(cpu()),
            (Choice::Gpu, wanted) => gpu(wanted),
            (Choice::Auto, Some(device)) => gpu(Some(device)),
            // Most GPUs are slow in f64.
            (Choice::Auto, None) if precision == Precision::F64 => Ok(cpu()),
            (Choice::Auto, None) => Ok(gpu(None).unwrap_or_else(|e| {
                match e {
                    Error::Refused(reason) => warn(&format!("{reason}; computing on the CPU engine")),
                    e => tracing::info!("no GPU is taken: {e}"),
                }
                cpu()
            })),
        }
    }
}

/// What there is of those devices that do not fail; of the others is told, or if all fail, the first failure is an error.
pub(super) fn without_failed<T>(devices: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    devices.into_iter().for_each(|device| match device {
        Ok(device) => found.push(device),
        Err(e) => failures.push(e),
    });
    if found.is_empty() {
        return failures.into_iter().next().map_or(Ok(found), Err);
    }
    failures.iter().for_each(|e| warn(&format!("{e}; it is left out")));
    Ok(found)
}

/// Has machine code of this kind written, and no other.
fn choose(code: Code) -> Result<()> {
    let name = match code {
        Code::None => None,
        Code::Avx512 => Some("AVX-512"),
        Code::Avx2 => Some("AVX2"),
    };
    let found = name.map(|name| {
        let mut all = Isa::ALL.into_iter().filter(|isa| isa.is_here());
        all.find(|isa| isa.name().ends_with(name)).ok_or_else(|| {
            let here: Vec<&str> = Isa::ALL.into_iter().filter(|isa| isa.is_here()).map(Isa::name).collect();
            let here = if here.is_empty() { "none".to_owned() } else { here.join(", ") };
            Error::request(format!(
                "isa: this processor does not run {name}; use --isa none (it runs: {here})"
            ))
        })
    });
    let set = Isa::choose(found.transpose()?);
    set.map_err(|_| Error::request("isa: other code has been written already; give --isa once"))
}

/// Why the CPU engine takes no device.
pub(super) fn without_device(device: &str) -> Error {
    Error::request(format!("device: `{device}` names a GPU, and --engine cpu uses none; drop one of the two"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_devices_those_that_do_not_open_are_left_out() {
        fn refused<T>(name: &str) -> Result<T> {
            Err(Error::NoDevice(format!("{name} does not open")))
        }
        assert_eq!(without_failed([Ok(1), refused("a"), Ok(2)]).unwrap(), [1, 2]);
        let error = without_failed::<u8>([refused("a"), refused("b")]).unwrap_err();
        assert_eq!(error.to_string(), "a does not open");
    }
}
