//! A map from an experiment file: its fates counted, a picture saved.
//!
//!     cargo run --release --example basins

use gdscope::{CpuEngine, Experiment, View};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment: Experiment = include_str!("../experiments/wells.toml").parse()?;
    let (map, report) = gdscope::run(&experiment, &CpuEngine::default(), false, &|_| {})?;
    for (fate, cells) in &report.fates {
        println!("{:6.2} % {fate}", 100.0 * *cells as f64 / map.cells() as f64);
    }
    std::fs::write("basins.png", gdscope::png(&experiment, &map, &report, View::Basins)?)?;
    Ok(())
}
