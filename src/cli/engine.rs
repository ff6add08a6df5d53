//! The flags that choose the engine.

use clap::{Args, ValueEnum};

use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::engine::gpu::GpuEngine;
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
#[derive(Debug, Args)]
pub struct EngineArguments {
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    engine: Choice,

    /// The GPU or software adapter to use, by part of its name or by its number in `gdscope devices`
    #[arg(long, value_name = "NAME|INDEX")]
    device: Option<String>,
}

impl EngineArguments {
    /// The flags that ask for a device which is known by its name.
    pub fn of(engine: &str, device: &str) -> Self {
        match engine {
            "cpu" => Self { engine: Choice::Cpu, device: None },
            _ => Self { engine: Choice::Gpu, device: Some(device.to_owned()) },
        }
    }

    /// Opens the engine.
    pub fn open(&self, precision: Precision) -> Result<Box<dyn Engine>> {
        let f64_asked = precision == Precision::F64;
        let gpu = |wanted| {
            let engine = GpuEngine::open(wanted)?;
            if f64_asked && !engine.device().f64 {
                return Err(Error::request(
                    "precision: f64 runs on the CPU engine; give --engine cpu, or drop --engine and --device",
                ));
            }
            Ok(Box::new(engine) as Box<dyn Engine>)
        };
        let cpu = || Box::new(CpuEngine::default()) as Box<dyn Engine>;
        match (self.engine, self.device.as_deref()) {
            (Choice::Cpu, Some(device)) => Err(Error::request(format!(
                "device: `{device}` names a GPU, and --engine cpu uses none; drop one of the two"
            ))),
            (Choice::Cpu, None) => Ok(cpu()),
            (Choice::Gpu, wanted) => gpu(wanted),
            (Choice::Auto, Some(device)) => gpu(Some(device)),
            (Choice::Auto, None) if f64_asked => Ok(cpu()),
            (Choice::Auto, None) => Ok(gpu(None).unwrap_or_else(|_| cpu())),
        }
    }
}
