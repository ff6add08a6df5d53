//! The commands of `gdscope`, one file each: parse, call the library, print.

mod bench;
mod bench_table;
mod completions;
mod devices;
mod engine;
mod figures;
mod landscapes;
mod map;
mod new;
mod orbit;
mod phase;
mod progress;
mod render;
mod request;
mod stats;
mod style;
mod sweep;
mod units;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ErrorKind};

use crate::error::{Result, nearest};
use crate::experiment::STEPS_MAX;

/// A microscope for gradient descent with large learning rates
///
/// Runs a gradient-descent trajectory for every cell of a map, on the GPU or the CPU, finds out how
/// each one ends, and draws it: basins of attraction, oscillation amplitudes, periods, Lyapunov
/// exponents.
///
/// To begin with, map which learning rates and initial points oscillate:
///
///   gdscope map f1 --across eta=0.5..10 --up x=-8..8 -o out/f1
///
/// Then see out/f1/basins.png; `gdscope landscapes` lists what else can be descended.
#[derive(Debug, Parser)]
#[command(name = "gdscope", version, max_term_width = 100, verbatim_doc_comment)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Say what the engine is doing, on stderr; -vv says more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 1000)]
    verbose: u8,

    /// Say nothing but warnings and errors: no progress and no summary
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 1000)]
    quiet: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Map(Box<map::Arguments>),
    Phase(Box<phase::Arguments>),
    Orbit(orbit::Arguments),
    Render(render::Arguments),
    Stats(stats::Arguments),
    New(new::Arguments),
    Figures(figures::Arguments),
    Verify(verify::Arguments),
    Bench(bench::Arguments),
    Landscapes(landscapes::Arguments),
    Devices(devices::Arguments),
    Completions(completions::Arguments),
    Man(completions::ManualArguments),
}

/// Runs the command that the process was called with.
///
/// Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return unparsed(&e),
    };
    if arguments.quiet {
        progress::be_quiet();
    }
    if arguments.verbose > 0 {
        progress::explain(arguments.verbose);
    }
    // Without a handler the process would end by the signal, which is not the same for every caller.
    let interrupted = || {
        if let Some(words) = crate::output::abandon() {
            say(&format!("\ngdscope: interrupted; {words}"));
        }
        std::process::exit(130)
    };
    if let Err(e) = ctrlc::set_handler(interrupted) {
        say(&format!("gdscope: interrupts are left to the system: {e}\n"));
    }
    match run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("gdscope: {e}\n"));
            ExitCode::from(if e.is_request() { 2 } else { 1 })
        }
    }
}

/// Help that was asked for, or what is wrong with the arguments, in one line like any other error.
fn unparsed(error: &clap::Error) -> ExitCode {
    let asked_for = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    if asked_for.contains(&error.kind()) {
        // A reader that has seen enough is no failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.to_string();
    let told = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let told = told.map(str::trim).filter(|line| !line.is_empty() && !misleads(error, line));
    let told = told.collect::<Vec<&str>>().join(" ").replace(" tip: ", "; ");
    let told = told.replace("invalid digit found in string", "give a whole number from 0 on");
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    say(&format!("gdscope: {told}; --help tells more\n"));
    ExitCode::from(2)
}

/// Whether a tip of the parser's is none: `-- -5` where nothing is wanted, and flags that are not alike.
fn misleads(error: &clap::Error, line: &str) -> bool {
    let said = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let [given, known] = [ContextKind::InvalidArg, ContextKind::SuggestedArg].map(said);
    let alike = nearest(given.trim_start_matches('-'), [known.trim_start_matches('-')].into_iter());
    line.starts_with("tip: to pass") || (line.starts_with("tip: a similar argument") && alike.is_empty())
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Map(arguments) => map::run(arguments),
        Command::Phase(arguments) => phase::run(arguments),
        Command::Orbit(arguments) => orbit::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
        Command::New(arguments) => new::run(arguments),
        Command::Figures(arguments) => figures::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Landscapes(arguments) => landscapes::run(arguments),
        Command::Devices(arguments) => devices::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => completions::manual(arguments),
    }
}

/// Writes a message to stderr, unless there are to be none. Unlike `eprint!`, it goes on where nobody reads it.
fn tell(text: &str) {
    if !progress::is_quiet() {
        say(text);
    }
}

/// Writes to stderr what must not be missed.
fn say(text: &str) {
    let _ = progress::Above.write_all(text.as_bytes());
}

/// Warns of something that does not end the work.
fn warn(text: &str) {
    say(&format!("gdscope: warning: {text}\n"));
}

/// Says which files have been written.
fn tell_files(files: &[PathBuf]) {
    files.iter().for_each(|file| tell(&format!("wrote {}\n", file.display())));
}

/// Parses a number of steps.
fn steps() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(STEPS_MAX))
}

/// Whether writing to stdout came to its end: a reader that has seen enough is no failure.
fn printed(result: std::io::Result<()>) -> Result<()> {
    match result {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(crate::Error::write("stdout")),
    }
}
