//! A phase diagram: where the cycles of the logistic map double, which is gradient descent with eta = 1 on a cubic.
//!
//!     cargo run --release --example period_doubling

use gdscope::{CpuEngine, PhaseExperiment};

const EXPERIMENT: &str = r#"
eta       = 1
across    = "r = 2.9 .. 3.56"
size      = [661, 256]
precision = "f64"

[landscape]
variables  = ["x"]
parameters = { r = 3 }
loss       = "x^2/2 - r*(x^2/2 - x^3/3)"

[phase]
observe = "x"
starts  = 8
from    = { x = "0.1 .. 0.9" }
"#;

/// The first r of each period that is longer than those before.
pub fn doublings() -> gdscope::Result<Vec<(u32, f64)>> {
    let experiment: PhaseExperiment = EXPERIMENT.parse()?;
    let (diagram, _) = gdscope::phase::run(&experiment, &CpuEngine::default(), &|_| {})?;
    let mut found: Vec<(u32, f64)> = Vec::new();
    for (&period, &r) in diagram.period.iter().zip(&diagram.across) {
        if period > found.last().map_or(0, |(longest, _)| *longest) {
            found.push((period, r));
        }
    }
    Ok(found)
}

#[allow(dead_code)]
fn main() -> gdscope::Result<()> {
    for (period, r) in doublings()? {
        println!("period {period} from r = {r:.3} on");
    }
    Ok(())
}
