//! `gdscope bench`: how fast the devices are.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::bench_table::{Look, text};
use super::engine::without_failed;
use super::progress::Progress;
use super::{map, printed};
use crate::bench::{CASES, Case, Kind, Options, Target, measure};
use crate::error::{Error, Result};
use crate::experiment::Precision;

/// Measure how fast the CPU and each GPU take steps and make maps
///
/// First raw speed: trajectory-steps per second where every trajectory takes the same number of
/// steps and nothing is observed. Then whole maps of fates, from the experiment to the last file,
/// and the seconds of compiling, running, reading back, analysis, drawing and writing. Each number
/// is the median of several runs after a warm-up; spread is the slowest less the fastest run, over
/// the median.
///
/// The ceiling is what the device does at most: multiply-adds per second of independent chains in
/// registers, measured in the same run. The fraction of it that a landscape reaches is
///
///   operations of a step x trajectory-steps per second / (2 x multiply-adds per second)
///
/// where additions, multiplications, divisions and roots count 1 each, a function counts as its
/// polynomial (log 21, log1p 23, exp 21, expm1 23, sigmoid 23, softplus 44, sin and cos 38, tan 39,
/// tanh 37, atan 20, powers that are not products 62), and abs, sign, comparisons and choices count
/// nothing.
///
/// LANDSCAPE is f1, f3, two-valleys, separable-8 or relu-data (100 points). Without flags, this
/// takes some minutes. Close what else computes: a busy machine gives no figures worth keeping.
///
/// Examples:
///   gdscope bench --quick
///   gdscope bench f1 f3 --engine cpu --only steps --json
///   gdscope bench --device 0 --markdown > speed.md
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Landscapes to descend [default: all; maps only of the first three]
    #[arg(value_name = "LANDSCAPE")]
    landscapes: Vec<String>,

    /// Shorter and fewer runs and smaller maps: everything in less than a minute
    #[arg(long)]
    quick: bool,

    /// Print JSON: a list with an entry for each measurement
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print tables in Markdown, to be shared
    #[arg(long)]
    markdown: bool,

    /// What to measure, separated by commas [default: steps,maps]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    only: Vec<Kind>,

    /// Trajectories, across and up [default: as many as suit the device]
    #[arg(long, value_name = "WxH", value_parser = map::size, allow_hyphen_values = true)]
    size: Option<[u32; 2]>,

    /// Steps of each trajectory [default: as many as take a second]; of a map, the budget [default: 10000]
    #[arg(long, value_name = "N", value_parser = super::steps(), allow_negative_numbers = true)]
    steps: Option<u32>,

    /// Number format [default: f32, and f64 where the device has it]
    #[arg(long, value_enum)]
    precision: Option<Precision>,

    /// Which devices to measure
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    engine: Choice,

    /// Only this GPU or software adapter, by part of its name or by its number in `gdscope devices`
    #[arg(long, value_name = "NAME|INDEX")]
    device: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The CPU and every adapter, software adapters too; or --device
    #[default]
    Auto,
    /// Every adapter, software adapters too; or --device
    Gpu,
    /// All cores of the CPU
    Cpu,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let named: Vec<&Case> =
        arguments.landscapes.iter().map(|name| Case::find(name)).collect::<Result<_>>()?;
    let kinds = &arguments.only;
    let options = Options {
        quick: arguments.quick,
        cases: if named.is_empty() { CASES.iter().collect() } else { named },
        precisions: arguments.precision.map_or(vec![Precision::F32, Precision::F64], |only| vec![only]),
        kinds: if kinds.is_empty() { vec![Kind::Steps, Kind::Maps] } else { kinds.clone() },
        size: arguments.size,
        steps: arguments.steps,
    };
    let spinner = Progress::spinner();
    let targets = targets(arguments)?;
    let say = |what: &str| spinner.say(format!("measuring {what}"));
    let measured: Vec<_> = targets.iter().map(|target| measure(target, &options, &say)).collect();
    spinner.clear();
    let rows = without_failed(measured)?.concat();
    if rows.is_empty() {
        return Err(Error::request(
            "nothing to measure: the device does not compute in this --precision, or the landscape has no maps; \
             drop --precision or --only",
        ));
    }
    let out = match (arguments.json, arguments.markdown) {
        (true, _) => serde_json::to_string_pretty(&rows).expect("rows have no keys but strings") + "\n",
        (_, true) => text(&rows, Look::Markdown),
        _ => text(&rows, Look::Plain),
    };
    printed(std::io::stdout().lock().write_all(out.as_bytes()))
}

/// The devices that are asked for.
fn targets(arguments: &Arguments) -> Result<Vec<Target>> {
    if let Some(device) = &arguments.device {
        return match arguments.engine {
            Choice::Cpu => Err(super::engine::without_device(device)),
            Choice::Auto | Choice::Gpu => Ok(vec![Target::gpu(Some(device))?]),
        };
    }
    let cpu = (arguments.engine != Choice::Gpu).then(|| Ok(Target::cpu()));
    let adapters = if arguments.engine == Choice::Cpu { Vec::new() } else { Target::adapters() };
    let targets = without_failed(cpu.into_iter().chain(adapters))?;
    let none = || Error::NoDevice("no GPU was found; use --engine cpu".to_owned());
    if targets.is_empty() { Err(none()) } else { Ok(targets) }
}
