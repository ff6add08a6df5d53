//! The parabola: everything is known exactly.

use super::engines::{all, fate, fates};
use gdscope::fate::Fate;

#[test]
fn converges_below_two_over_lambda_and_diverges_above() {
    let toml = r#"landscape = "quadratic"
        across = "eta = 0.01 .. 4"
        up = "lambda = 0.25 .. 2"
        set = { x = -3 }
        size = [200, 64]"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            let multiplier = 1.0 - map.across[cell % 200] * map.up[cell / 200];
            let what = format!("{}, multiplier {multiplier}", subject.name);
            match multiplier.abs() {
                // From 3 to within 3e-7 it takes 16 / -ln(m) steps, of 10,000.
                m if m < 0.998 => {
                    assert_eq!((fate(&map, cell), map.period[cell]), (Fate::Converged, 1), "{what}");
                    assert_eq!((map.amplitude[cell], map.attractor[cell]), (0.0, 0), "{what}");
                    let exponent = multiplier.abs().ln();
                    // A multiplier near 0 shrinks the tangent vector below what a number holds.
                    if multiplier.abs() > 1e-3 {
                        let error = (map.lyapunov[cell] - exponent).abs();
                        assert!(error < 2e-5 / multiplier.abs(), "{what}: {}", map.lyapunov[cell]);
                    }
                }
                m if m > 1.01 => assert_eq!(fate(&map, cell), Fate::Diverged, "{what}"),
                m if m > 1.0 => assert_ne!(fate(&map, cell), Fate::Converged, "{what}"),
                _ => assert_ne!(fate(&map, cell), Fate::Diverged, "{what}"),
            }
        }
    }
}

/// However few steps there are, and however slowly it grows: with one sample nothing had told whether it stays in bounds.
#[test]
fn what_grows_without_bound_is_not_chaotic() {
    let parabola = r#"landscape = "quadratic"
        across = "eta = 2.0001 .. 2.2"
        up = "x = 0.5 .. 1"
        set = { lambda = 1 }
        size = [100, 2]"#;
    let saddle = r#"landscape = { variables = ["x", "y"], loss = "(x - y)^2/2 - 0.0005*(x + y)^2" }
        across = "x = 0.1 .. 1"
        up = "y = 0.1 .. 1"
        eta = 0.3
        size = [10, 10]"#;
    let budgets = [20, 100, 300, 600, 800, 1000, 1200, 1300].map(|steps| (parabola, steps, 64));
    let slow = [(parabola, 20_000, 1024), (saddle, 20_000, 1024), (saddle, 10_000, 64)];
    for (experiment, steps, period_max) in budgets.into_iter().chain(slow) {
        let toml = format!("{experiment}\nsteps = {steps}\nperiod-max = {period_max}");
        for subject in all() {
            let map = subject.map(&toml);
            for cell in 0..map.cells() {
                let fate = fate(&map, cell);
                let what = format!("{}, {steps} steps, eta {}", subject.name, map.across[cell % map.width()]);
                assert!([Fate::Diverged, Fate::Undecided].contains(&fate), "{what}: {}", fate.name());
            }
        }
    }
}

/// An orbit that alternates around its point closes in as fast as one that comes straight, and is as soon told to have arrived.
#[test]
fn steps_back_and_forth_arrive_as_soon_as_straight_ones() {
    let toml = r#"landscape = "quadratic"
        across = "eta = 0.002 .. 1.998"
        up = "x = 0.5 .. 2"
        set = { lambda = 1 }
        show = ["settle"]
        size = [2, 8]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert_eq!(fates(&map), [("converged", 16)], "{}", subject.name);
        for cell in 0..16 {
            let exact = ((2e-7 / map.up[cell / 2]).ln() / f64::ln(0.998)).ceil();
            let error = (map.settle[cell] - exact).abs();
            assert!(error <= 2.0, "{}: {} not {exact}", subject.name, map.settle[cell]);
        }
    }
}

#[test]
fn iterates_are_powers_of_the_multiplier() {
    for subject in all() {
        let tolerance = if subject.name.ends_with("f64") { 1e-15 } else { 2e-7 };
        for (eta, steps) in [(0.5, 1), (0.25, 7), (1.5, 12), (2.75, 9)] {
            let toml = format!(
                r#"landscape = "quadratic"
                across = "x = -8 .. 8"
                up = "lambda = 0.5 .. 1"
                eta = {eta}
                steps = {steps}
                escape = 1e30
                tolerance = 1e-30
                size = [33, 3]"#
            );
            let outcomes = subject.outcomes(&toml);
            for cell in 0..99 {
                let x0 = -8.0 + 0.5 * (cell % 33) as f64;
                let multiplier = 1.0 - eta * [0.5, 0.75, 1.0][cell / 33];
                let expected = x0 * f64::powi(multiplier, steps);
                let error = (outcomes.point[cell] - expected).abs();
                // Each step rounds twice.
                let allowed = 2.0
                    * f64::from(steps)
                    * tolerance
                    * x0.abs()
                    * f64::max(1.0, multiplier.abs()).powi(steps);
                assert!(error <= allowed, "{}: {eta} {steps} {x0}: {error:e} > {allowed:e}", subject.name);
            }
        }
    }
}

#[test]
fn a_neutral_oscillation_is_no_attractor() {
    // eta = 2/lambda: every start swings between x and -x for ever, and nothing contracts.
    let toml = r#"landscape = "quadratic"
        across = "x = 1 .. 5"
        up = "lambda = 1 .. 2"
        eta = "2/lambda"
        size = [9, 2]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert!((0..18).all(|c| fate(&map, c) == Fate::Undecided), "{}: {:?}", subject.name, fates(&map));
    }
}

#[test]
fn the_unstable_fixed_point_itself_is_no_convergence() {
    let toml = r#"landscape = "quadratic"
        across = "x = -1 .. 1"
        up = "eta = 1 .. 3"
        size = [3, 2]"#;
    for subject in all() {
        let map = subject.map(toml);
        let row = |i: usize| [0, 1, 2].map(|j| fate(&map, 3 * i + j));
        assert_eq!(row(0), [Fate::Converged; 3], "{}", subject.name);
        assert_eq!(row(1), [Fate::Diverged, Fate::Stalled, Fate::Diverged], "{}", subject.name);
    }
}
