//! Losses that are means over data, engine against engine.

use super::agreement::compare;
use gdscope::fate::Fate;

#[test]
fn few_and_many_inputs() {
    for (rows, size, steps) in [(3, 48, 2000), (100, 24, 1000), (10_000, 6, 64)] {
        let toml = format!(
            r#"landscape = "relu-data"
            across = "eta = 0.002 .. 0.05"
            up = "w = -4 .. 4"
            set = {{ N = {rows} }}
            size = [{size}, {size}]
            steps = {steps}"#
        );
        compare(&toml, if rows == 3 { &[Fate::Converged] } else { &[] });
    }
}

#[test]
fn the_number_of_inputs_as_an_axis() {
    let toml = r#"landscape = "relu-data"
        across = "N = 1 .. 40"
        up = "w = -2 .. 2"
        eta = 0.02
        size = [40, 32]
        steps = 1500"#;
    compare(toml, &[Fate::Converged]);
}

#[test]
fn the_spread_of_magnitudes_as_an_axis() {
    let toml = r#"landscape = "relu-data"
        across = "spread = 1 .. 20 : log"
        up = "eta = 0.002 .. 0.05"
        set = { w = 0.05, N = 20 }
        size = [32, 32]
        steps = 1500"#;
    compare(toml, &[Fate::Converged]);
}

#[test]
fn two_weights() {
    let toml = r#"landscape = "relu-2d"
        across = "w1 = -2 .. 2"
        up = "w2 = -0.5 .. 0.5"
        eta = 0.02
        size = [24, 24]
        steps = 1500"#;
    compare(toml, &[Fate::Converged]);
}
