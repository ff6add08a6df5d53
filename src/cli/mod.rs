//! The commands of `gdscope`, one file each: parse, call the library, print.

mod devices;
mod engine;
mod landscapes;
mod map;
mod orbit;
mod render;
mod request;

use std::process::ExitCode;

use clap::Parser;

use crate::error::Result;

/// A microscope for gradient descent with large learning rates.
///
/// Runs a gradient-descent trajectory for every cell of a map, on the GPU or the CPU, finds out how
/// each one ends, and draws it: basins of attraction, oscillation amplitudes, periods, Lyapunov
/// exponents.
#[derive(Debug, Parser)]
#[command(name = "gdscope", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Map(map::Arguments),
    Orbit(orbit::Arguments),
    Render(render::Arguments),
    Landscapes(landscapes::Arguments),
    Devices(devices::Arguments),
}

/// Runs the command that the process was called with.
///
/// Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Without a handler the process would end by the signal, which is not the same for every caller.
    if let Err(e) = ctrlc::set_handler(|| std::process::exit(130)) {
        eprintln!("gdscope: interrupts are left to the system: {e}");
    }
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("gdscope: {e}");
            ExitCode::from(if e.is_request() { 2 } else { 1 })
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Map(arguments) => map::run(arguments),
        Command::Orbit(arguments) => orbit::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::Landscapes(arguments) => landscapes::run(arguments),
        Command::Devices(arguments) => devices::run(arguments),
    }
}

/// Whether writing to stdout came to its end: a reader that has seen enough is no failure.
fn printed(result: std::io::Result<()>) -> Result<()> {
    match result {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(crate::Error::write("stdout")),
    }
}
