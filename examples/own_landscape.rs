//! A loss of one's own, and how sharp the minima are that gradient descent picks among those of `x*y = a`.
//!
//!     cargo run --release --example own_landscape

use gdscope::fate::Fate;
use gdscope::{CpuEngine, Experiment};

const EXPERIMENT: &str = r#"
across = "x = -2 .. 2"
up     = "y = -2 .. 2"
size   = [200, 200]
eta    = 0.9

[landscape]
variables  = ["x", "y"]
parameters = { a = 1 }
loss       = "(a - x*y)^2/2"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment: Experiment = EXPERIMENT.parse()?;
    let (map, report) = gdscope::run(&experiment, &CpuEngine::default(), false, &|_| {})?;
    let converged = (0..map.cells()).filter(|&cell| map.fate[cell] == Fate::Converged as u8);
    let (least, most) = converged
        .map(|cell| map.sharpness[cell])
        .fold((f64::MAX, 0.0), |(least, most), s| (s.min(least), s.max(most)));
    println!("{} of {} starts converge, on {}", report.fates["converged"], map.cells(), report.device);
    println!("to minima with a sharpness from {least:.3} to {most:.3}; 2/eta is {:.3}", 2.0 / 0.9);
    Ok(())
}
