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
}

impl EngineArguments {
    /// The flags that ask for a device which is known by its name.
    pub fn of(engine: &str, device: &str) -> Self {
        match engine {
            "cpu" => Self { engine: Choice::Cpu, device: None, ..Self::default() },
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
                _ => vec![GpuEngine::open(wanted)?],
            };
            opened.iter().try_for_each(|engine| engine.check(precision))?;
            if !self.trust_device {
                let cache = cache_directory();
                opened.iter().try_for_each(|engine| engine.vouch(cache.as_deref()))?;
            }
            Ok(self.guarded(opened))
        };
        let cpu = || Box::new(CpuEngine::default()) as Box<dyn Engine>;
        match (self.engine, self.device.as_deref()) {
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

/// Why the CPU engine takes no device.
pub(super) fn without_device(device: &str) -> Error {
    Error::request(format!("device: `{device}` names a GPU, and --engine cpu uses none; drop one of the two"))
}
