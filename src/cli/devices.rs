//! `gdscope devices`: what can compute here.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::printed;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Device, Engine, gpu};
use crate::error::Result;

/// List the GPUs, software adapters and the CPU that can compute
///
/// Each line begins with the flag that makes `gdscope map` use it.
///
/// Example:
///   gdscope devices --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A device with its number for `--device`; the CPU has none.
#[derive(Serialize)]
struct Numbered {
    index: Option<usize>,
    #[serde(flatten)]
    device: Device,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let cpu = Numbered { index: None, device: CpuEngine::default().device().clone() };
    let gpus = gpu::devices().into_iter().enumerate();
    let devices: Vec<Numbered> =
        gpus.map(|(index, device)| Numbered { index: Some(index), device }).chain([cpu]).collect();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let text = serde_json::to_string_pretty(&devices).expect("devices have no keys but strings");
        return printed(writeln!(out, "{text}"));
    }
    printed(devices.iter().try_for_each(|Numbered { index, device }| {
        let choice = index.map_or("--engine cpu".to_owned(), |index| format!("--device {index}"));
        let Device { name, kind, backend, driver, f64, .. } = device;
        let precisions = if *f64 { "f32 and f64" } else { "f32" };
        writeln!(out, "{choice:13} {name} ({kind}, {backend}, {driver}; {precisions})")
    }))
}
