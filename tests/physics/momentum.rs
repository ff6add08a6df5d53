//! Heavy ball and Nesterov: thresholds, rates and iterates that are known exactly.

use super::engines::{Subject, all, experiment, fate, fates, root};
use gdscope::experiment::{Draft, Optimizer};
use gdscope::fate::Fate;

const BOTH: [Optimizer; 2] = [Optimizer::HeavyBall, Optimizer::Nesterov];

/// Trace and determinant of a step from (x, v) on a parabola with eta lambda = `h`.
fn trace_and_determinant(optimizer: Optimizer, beta: f64, h: f64) -> (f64, f64) {
    match optimizer {
        Optimizer::Gd => (1.0 - h, 0.0),
        Optimizer::HeavyBall => (1.0 + beta - h, beta),
        Optimizer::Nesterov => ((1.0 + beta) * (1.0 - h), beta * (1.0 - h)),
    }
}

fn spectral_radius((trace, determinant): (f64, f64)) -> f64 {
    let discriminant = 0.25 * trace * trace - determinant;
    if discriminant < 0.0 { determinant.sqrt() } else { 0.5 * trace.abs() + discriminant.sqrt() }
}

/// The eta lambda above which a minimum loses its stability: Nesterov looks ahead by beta times the last
/// move, which is backwards in an oscillation.
fn threshold(optimizer: Optimizer, beta: f64) -> f64 {
    match optimizer {
        Optimizer::Gd => 2.0,
        Optimizer::HeavyBall => 2.0 * (1.0 + beta),
        Optimizer::Nesterov => 2.0 * (1.0 + beta) / (1.0 + 2.0 * beta),
    }
}

#[test]
fn the_parabola_is_stable_up_to_the_threshold_and_contracts_by_the_spectral_radius() {
    for optimizer in BOTH {
        let toml = format!(
            r#"landscape = "quadratic"
            optimizer = "{}"
            across = "beta = 0 .. 0.95"
            up = "eta = 0.05 .. 4.2"
            set = {{ x = -3 }}
            size = [96, 83]"#,
            optimizer.name()
        );
        for subject in all() {
            let map = subject.map(&toml);
            for cell in 0..map.cells() {
                let (beta, eta) = (map.across[cell % 96], map.up[cell / 96]);
                let radius = spectral_radius(trace_and_determinant(optimizer, beta, eta));
                let what = format!("{} {optimizer:?} beta {beta} eta {eta} radius {radius}", subject.name);
                let is_stable = eta < threshold(optimizer, beta);
                match fate(&map, cell) {
                    Fate::Converged => {
                        assert!(is_stable, "{what}");
                        let error = (map.lyapunov[cell] - radius.ln()).abs();
                        assert!(error < 2e-6, "{what}: exponent off by {error:e}");
                        assert_eq!((map.amplitude[cell], map.attractor[cell]), (0.0, 0), "{what}");
                    }
                    Fate::Diverged => assert!(!is_stable, "{what}"),
                    // 10,000 steps are few next to the threshold.
                    Fate::Undecided => assert!((radius - 1.0).abs() < 3e-3, "{what}: undecided"),
                    other => panic!("{what}: {}", other.name()),
                }
            }
        }
    }
}

/// With complex multipliers an orbit turns around the minimum as it comes, and a tangent vector grows for a while: only
/// many steps tell that both shrink, by the root of beta in each.
#[test]
fn what_turns_as_it_comes_has_arrived() {
    for (betas, steps) in [("0.95 .. 0.99", 10_000), ("0.985 .. 0.995", 50_000)] {
        let toml = format!(
            r#"landscape = "quadratic"
            optimizer = "heavy-ball"
            across = "eta = 0.1 .. 3.5"
            up = "beta = {betas}"
            set = {{ x = 1, lambda = 1 }}
            steps = {steps}
            size = [50, 9]"#
        );
        for subject in all() {
            let map = subject.map(&toml);
            for cell in 0..map.cells() {
                let (eta, beta) = (map.across[cell % 50], map.up[cell / 50]);
                let what = format!("{}: eta {eta}, beta {beta}", subject.name);
                assert_eq!(fate(&map, cell), Fate::Converged, "{what}");
                let error = (map.lyapunov[cell] - 0.5 * beta.ln()).abs();
                assert!(error < 2e-6, "{what}: exponent off by {error:e}");
            }
        }
    }
}

#[test]
fn f1_swings_with_the_amplitude_that_is_known() {
    // Between x and -x the velocity is -2 x: heavy ball needs eta f1'(x) = 2 (1 + beta) x, and Nesterov
    // the same with the slope at (1 + 2 beta) x. Strong momentum has other cycles beside it.
    for optimizer in BOTH {
        let toml = format!(
            r#"landscape = "f1"
            optimizer = "{}"
            across = "beta = 0 .. 0.4"
            up = "eta = 0.5 .. 10"
            set = {{ x = -5 }}
            size = [21, 96]"#,
            optimizer.name()
        );
        for subject in all() {
            let map = subject.map(&toml);
            for cell in 0..map.cells() {
                let (beta, eta) = (map.across[cell % 21], map.up[cell / 21]);
                let what = format!("{} {optimizer:?} beta {beta} eta {eta}", subject.name);
                let threshold = threshold(optimizer, beta);
                if (eta - threshold).abs() < 0.02 {
                    continue;
                }
                if eta < threshold {
                    assert_eq!(fate(&map, cell), Fate::Converged, "{what}");
                    continue;
                }
                assert_eq!((fate(&map, cell), map.period[cell]), (Fate::Periodic, 2), "{what}");
                let ahead = if optimizer == Optimizer::Nesterov { 1.0 + 2.0 * beta } else { 1.0 };
                let x = root(1e-9, eta * eta, |x| 2.0 * (1.0 + beta) * x - eta * (ahead * x).ln_1p());
                assert!((map.amplitude[cell] / x - 1.0).abs() < 1e-4, "{what}: {}", map.amplitude[cell]);
                let bend = eta / (1.0 + ahead * x);
                let radius = spectral_radius(trace_and_determinant(optimizer, beta, bend));
                assert!((map.lyapunov[cell].exp() - radius).abs() < 1e-5, "{what}: {}", map.lyapunov[cell]);
                assert!((map.sharpness[cell] - 1.0 / (1.0 + x)).abs() < 1e-4, "{what}");
            }
        }
    }
}

/// f1(x1) + f1(x1 + x2) + x2^2/4 and its slope.
const COUPLED: &str = r#"{ variables = ["x1", "x2"], define = ["f(r) = (1 + abs(r)) * log1p(abs(r)) - abs(r)"], loss = "f(x1) + f(x1 + x2) + x2^2/4" }"#;

fn slope([a, b]: [f64; 2]) -> [f64; 2] {
    let f = |x: f64| x.signum() * x.abs().ln_1p();
    [f(a) + f(a + b), f(a + b) + 0.5 * b]
}

/// Positions and velocities after some steps by hand.
fn by_hand(optimizer: Optimizer, beta: f64, eta: f64, start: [f64; 2], steps: u32) -> [f64; 4] {
    let (mut x, mut v) = (start, [0.0; 2]);
    for _ in 0..steps {
        let at = match optimizer {
            Optimizer::Nesterov => [0, 1].map(|d| x[d] + beta * v[d]),
            _ => x,
        };
        let g = slope(at);
        v = [0, 1].map(|d| beta * v[d] - eta * g[d]);
        x = [0, 1].map(|d| x[d] + v[d]);
    }
    [x[0], x[1], v[0], v[1]]
}

/// A map of the coupled loss that ends after `steps` steps, undecided.
fn coupled(optimizer: &str, steps: u32, set: &str) -> String {
    format!(
        "landscape = {COUPLED}\noptimizer = \"{optimizer}\"\nacross = \"x1 = -4 .. 4\"\nup = \"x2 = -3 .. 3\"\n\
         eta = 0.3\nset = {{ {set} }}\nsize = [9, 7]\nsteps = {steps}\ntolerance = 1e-30"
    )
}

#[test]
fn iterates_are_those_of_a_plain_loop() {
    for optimizer in BOTH {
        for steps in [1, 2, 15, 60] {
            for subject in all() {
                let outcomes = subject.outcomes(&coupled(optimizer.name(), steps, "beta = 0.8"));
                let tolerance = if subject.name.ends_with("f64") { 1e-13 } else { 2e-5 };
                for (cell, found) in outcomes.point.chunks_exact(4).enumerate() {
                    let start = [(cell % 9) as f64 - 4.0, (cell / 9) as f64 - 3.0];
                    let wanted = by_hand(optimizer, 0.8, 0.3, start, steps);
                    let off = found.iter().zip(wanted).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
                    assert!(
                        off < tolerance,
                        "{} {optimizer:?} {steps} from {start:?}: {off:e}",
                        subject.name
                    );
                }
            }
        }
    }
}

#[test]
fn without_momentum_it_is_gradient_descent() {
    // To the rounding: the step of gradient descent is one fused multiply-add, that of a velocity is added.
    for subject in all() {
        let plain = subject.outcomes(&coupled("gd", 40, ""));
        for optimizer in BOTH {
            let heavy = subject.outcomes(&coupled(optimizer.name(), 40, "beta = 0"));
            for (a, b) in plain.point.chunks_exact(2).zip(heavy.point.chunks_exact(4)) {
                for d in 0..2 {
                    let rounding = if subject.name.ends_with("f64") { 1e-14 } else { 1e-6 };
                    assert!((a[d] - b[d]).abs() < rounding, "{} {optimizer:?}: {a:?} {b:?}", subject.name);
                }
            }
        }
    }
}

#[test]
fn what_is_reported_is_in_the_variables() {
    let toml = format!(
        "landscape = {COUPLED}\noptimizer = \"heavy-ball\"\nacross = \"x1 = -4 .. 4\"\nup = \"x2 = -3 .. 3\"\n\
         eta = 3\nset = {{ beta = 0.3 }}\nsize = [12, 12]"
    );
    for Subject { name, engine, precision } in all() {
        let experiment = experiment(&toml, precision);
        let (map, report) = gdscope::run(&experiment, engine.as_ref(), true, &|_| {}).unwrap();
        let check = report.check.unwrap();
        assert!(check.away_from_boundary.fates.unwrap_or(1.0) > 0.98, "{name}: {check:?}");
        assert!(!report.attractors.is_empty(), "{name}: {:?}", fates(&map));
        for attractor in report.attractors {
            assert_eq!(attractor.point.len(), 2, "{name}");
            // Half the diagonal of the box over the positions alone, from an orbit that passes there.
            let cell = map.attractor.iter().position(|&id| id == attractor.id).unwrap();
            let start = [map.across[cell % 12], map.up[cell / 12]];
            let orbit = (0..64).map(|k| by_hand(Optimizer::HeavyBall, 0.3, 3.0, start, 4000 + k));
            let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
            orbit.for_each(|p| {
                (low, high) = ([0, 1].map(|d| low[d].min(p[d])), [0, 1].map(|d| high[d].max(p[d])));
            });
            let amplitude = 0.5 * (high[0] - low[0]).hypot(high[1] - low[1]);
            assert!(
                (map.amplitude[cell] - amplitude).abs() < 1e-4,
                "{name}: {} {amplitude}",
                map.amplitude[cell]
            );
        }
    }
}

#[test]
fn almost_everything_is_decided() {
    // A spiral is no chaos, and no cycle either.
    for optimizer in BOTH {
        for (landscape, set, eta) in
            [("f1", "x = -5", "0.05 .. 10"), ("f3", "x1 = -3, x2 = 2", "0.01 .. 0.08")]
        {
            let toml = format!(
                "landscape = \"{landscape}\"\noptimizer = \"{}\"\nacross = \"beta = 0 .. 0.95\"\n\
                 up = \"eta = {eta}\"\nset = {{ {set} }}\nsize = [40, 40]",
                optimizer.name()
            );
            for subject in all() {
                let map = subject.map(&toml);
                let settled = (0..map.cells())
                    .filter(|&c| matches!(fate(&map, c), Fate::Converged | Fate::Periodic))
                    .count();
                let what = format!("{} {optimizer:?} {landscape}: {:?}", subject.name, fates(&map));
                assert!(settled + 4 >= map.cells(), "{what}");
            }
        }
    }
}

#[test]
fn a_name_of_the_landscape_is_not_the_momentum() {
    let setup = |optimizer: &str, landscape: &str| {
        let text = format!(
            "landscape = {{ variables = [\"x\"], {landscape} }}\neta = 0.5\noptimizer = \"{optimizer}\"\n\
             set = {{ x = 1, beta = 0.5 }}"
        );
        let setup = Draft::parse(&text).unwrap().setup().unwrap();
        setup.check(&[]).map_err(|e| e.to_string())
    };
    let own = "parameters = { beta = 2 }, loss = \"beta*x^2\"";
    let local = "define = [\"f(beta) = beta^2\"], loss = \"f(x)\"";
    assert_eq!(setup("gd", own), Ok(()));
    assert_eq!(setup("nesterov", local), Ok(()));
    let message = setup("heavy-ball", own).unwrap_err();
    assert!(
        message.contains("`beta` is the momentum of heavy-ball") && message.contains("rename"),
        "{message}"
    );
}
