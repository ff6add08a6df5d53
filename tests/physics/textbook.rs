//! One-dimensional maps of the textbooks, written as a loss: x -> g(x) is descent with eta = 1 on the
//! integral of x - g(x).

use super::engines::{all, fate, fates};
use gdscope::fate::Fate;

/// The logistic map x -> r x (1 - x), with r along the axis.
fn logistic(from: f64, to: f64, columns: usize, rest: &str) -> String {
    format!(
        r#"landscape = {{ variables = ["x"], parameters = {{ r = 3 }}, loss = "x^2/2 - r*(x^2/2 - x^3/3)" }}
        across = "r = {from} .. {to}"
        up = "x = 0.2 .. 0.6"
        eta = 1
        size = [{columns}, 3]
        {rest}"#
    )
}

#[test]
fn the_logistic_map_doubles_its_period_where_it_should() {
    // May 1976; the thresholds to six decimals, and between them the period.
    let bounds = [1.0, 3.0, 3.449_490, 3.544_090, 3.564_407, 3.568_759];
    for subject in all() {
        for (k, pair) in bounds.windows(2).enumerate() {
            // Close to a threshold the approach is slow, and f32's rounding swings as widely as the cycle
            // that is about to be born.
            let margin = if subject.name.ends_with("f32") { 0.1 } else { 0.01 } * (pair[1] - pair[0]);
            let map = subject.map(&logistic(pair[0] + margin, pair[1] - margin, 60, "steps = 40000"));
            let wanted = 1 << k;
            for cell in 0..map.cells() {
                let r = map.across[cell % 60];
                assert_eq!(map.period[cell], wanted, "{} at r = {r}: {:?}", subject.name, fate(&map, cell));
                assert_eq!(map.attractor[cell], 0, "{} at r = {r}", subject.name);
            }
        }
    }
}

#[test]
fn the_window_of_period_three_opens_at_one_plus_root_eight() {
    let opens = 1.0 + 8f64.sqrt();
    for subject in all() {
        let map = subject.map(&logistic(opens + 1e-3, 3.8410, 20, ""));
        assert!(map.period.iter().all(|&p| p == 3), "{}: {:?}", subject.name, fates(&map));
        let map = subject.map(&logistic(opens - 2e-3, opens - 1e-3, 5, ""));
        assert!(map.period.iter().all(|&p| p != 3), "{}: {:?}", subject.name, map.period);
    }
}

#[test]
fn fully_developed_chaos_has_the_exponent_ln_2() {
    // The tent map's exponent, carried over by x = sin^2; just below r = 4 nothing escapes in f32.
    for subject in all() {
        let map = subject.map(&logistic(3.9999, 3.99999, 40, ""));
        let mean = map.lyapunov.iter().sum::<f64>() / map.cells() as f64;
        assert!(map.fate.iter().all(|&f| f == Fate::Chaotic as u8), "{}: {:?}", subject.name, fates(&map));
        assert!((mean - std::f64::consts::LN_2).abs() < 0.01, "{}: {mean}", subject.name);
    }
}

#[test]
fn superstable_cycles_are_found() {
    // r = 1 + sqrt(5) puts 1/2 on the cycle of two: its multiplier is 0. And r = 2 for the fixed point.
    for subject in all() {
        for (r, period) in [(2.0, 1), (1.0 + 5f64.sqrt(), 2), (3.498_561_699, 4)] {
            let map = subject.map(&logistic(r - 1e-6, r + 1e-6, 3, ""));
            assert!(map.period.iter().all(|&p| p == period), "{} at {r}: {:?}", subject.name, map.period);
            assert!(map.lyapunov.iter().all(|&l| l < -1.0), "{} at {r}: {:?}", subject.name, map.lyapunov);
        }
    }
}

#[test]
fn the_cubic_map_has_two_fixed_points_with_their_half_lines() {
    // x -> a x - x^3, up to |x| = sqrt(a) where it changes sign; the fixed points are +-sqrt(a - 1).
    let toml = r#"landscape = { variables = ["x"], parameters = { a = 2 }, loss = "x^2/2 - a*x^2/2 + x^4/4" }
        across = "x = -1 .. 1"
        up = "a = 1.2 .. 1.9"
        eta = 1
        size = [40, 8]"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            let (x, a) = (map.across[cell % 40], map.up[cell / 40]);
            let what = format!("{} from {x} at a = {a}", subject.name);
            assert_eq!(fate(&map, cell), Fate::Converged, "{what}");
            assert_eq!(map.attractor[cell] == map.attractor[cell / 40 * 40], x < 0.0, "{what}");
            let minimum = -(a - 1.0) * (a - 1.0) / 4.0;
            assert!((map.loss[cell] - minimum).abs() < 1e-5, "{what}: loss {}", map.loss[cell]);
        }
    }
}

#[test]
fn the_tent_map_has_the_exponent_of_its_slope() {
    // x -> s min(x, 1 - x): every orbit's exponent is ln s. In f32, s = 2 would end at 0 for want of digits.
    let toml = r#"landscape = { variables = ["x"], parameters = { s = 1.5 }, loss = "x^2/2 - s*if(x < 0.5, x^2/2, x - x^2/2 - 0.25)" }
        across = "s = 1.1 .. 1.95"
        up = "x = 0.2 .. 0.7"
        eta = 1
        size = [30, 4]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert_eq!(fates(&map), [("chaotic", 120)], "{}", subject.name);
        for cell in 0..120 {
            let exact = map.across[cell % 30].ln();
            assert!(
                (map.lyapunov[cell] - exact).abs() < 1e-3,
                "{}: {} {exact}",
                subject.name,
                map.lyapunov[cell]
            );
        }
    }
}

#[test]
fn the_cubic_map_doubles_and_merges_where_it_should() {
    // a x - x^3: fixed points up to a = 2, cycles of two up to 1 + sqrt(5) (superstable at a = 1 + sqrt(2));
    // the logistic map's windows, squeezed; and one attractor from a = 3 sqrt(3) / 2 on.
    let doubles = 5f64.sqrt();
    let toml = |from: f64, to: f64| {
        format!(
            r#"landscape = {{ variables = ["x"], parameters = {{ a = 2 }}, loss = "x^2/2 - a*x^2/2 + x^4/4" }}
            across = "a = {from} .. {to}"
            up = "x = 0.3 .. 0.5"
            eta = 1
            size = [20, 3]
            steps = 40000"#
        )
    };
    for subject in all() {
        for (from, to, period) in [(1.05, 1.97, 1), (2.03, doubles - 0.01, 2), (doubles + 0.003, 2.285, 4)] {
            let map = subject.map(&toml(from, to));
            assert!(
                map.period.iter().all(|&p| p == period),
                "{} {from} .. {to}: {:?}",
                subject.name,
                map.period
            );
        }
    }
}

/// The Henon map x'' = 1 - a x'^2 + b x as descent: momentum -b, and the loss whose gradient is
/// (1 - b) x - 1 + a x^2.
fn henon(from: f64, to: f64, rest: &str) -> String {
    format!(
        r#"landscape = {{ variables = ["x"], parameters = {{ a = 1.4 }}, loss = "0.35*x^2 - x + a*x^3/3" }}
        optimizer = "heavy-ball"
        across = "a = {from} .. {to}"
        up = "x = 0 .. 0.2"
        eta = 1
        size = [40, 3]
        {rest}
        set = {{ beta = -0.3 }}"#
    )
}

#[test]
fn the_henon_map_doubles_its_period_where_it_should() {
    // With b = 0.3 the fixed point turns at 3 (1 - b)^2 / 4, the cycle of two at (1 - b)^2 + (1 + b)^2 / 4; the next
    // doublings are at 1.026 and 1.051 (Derrida, Gervois and Pomeau 1979).
    let b = 0.3_f64;
    let (first, second) = (0.75 * (1.0 - b).powi(2), (1.0 - b).powi(2) + 0.25 * (1.0 + b).powi(2));
    let bounds = [(0.05, first, 1), (first, second, 2), (second, 1.026, 4), (1.0262, 1.051, 8)];
    for subject in all() {
        for (from, to, period) in bounds {
            let margin = 0.1 * (to - from);
            let map = subject.map(&henon(from + margin, to - margin, "steps = 40000"));
            assert!(map.period.iter().all(|&p| p == period), "{} {from}: {:?}", subject.name, map.period);
        }
    }
}

#[test]
fn the_henon_map_has_its_published_exponent() {
    // 0.4192 at a = 1.4 (Sprott 2003, table A.2).
    for subject in all() {
        let map = subject.map(&henon(1.3999, 1.4001, ""));
        assert_eq!(fates(&map), [("chaotic", 120)], "{}", subject.name);
        let mean = map.lyapunov.iter().sum::<f64>() / 120.0;
        assert!((mean - 0.4192).abs() < 0.005, "{}: {mean}", subject.name);
    }
}

#[test]
fn coupled_logistic_maps_lose_their_symmetry_where_they_should() {
    // x' = 1 - a x^2 + d (y - x), and the same for y: the fixed point x* in step has the multipliers -2 a x* and, against
    // the step, -2 a x* - 2 d. A positive coupling lets the second pass -1 first.
    let toml = |d: f64| {
        format!(
            r#"landscape = {{ variables = ["x", "y"], parameters = {{ a = 0.5, d = 0 }}, loss = "(x^2 + y^2)/2 - x - y + a*(x^3 + y^3)/3 + d*(x - y)^2/2" }}
            across = "a = 0.1 .. 0.9"
            up = "x = 0.1 .. 0.3"
            set = {{ y = 0.15, d = {d} }}
            eta = 1
            size = [80, 2]
            steps = 20000"#
        )
    };
    for subject in all() {
        for d in [0.0, 0.1, 0.2, -0.1] {
            let map = subject.map(&toml(d));
            for cell in 0..map.cells() {
                let a = map.across[cell % 80];
                let fixed = ((1.0 + 4.0 * a).sqrt() - 1.0) / (2.0 * a);
                let multiplier = (-2.0 * a * fixed).min(-2.0 * a * fixed - 2.0 * d);
                if (multiplier + 1.0).abs() > 0.02 {
                    let expected = if multiplier > -1.0 { 1 } else { 2 };
                    let found = map.period[cell];
                    let what = format!("{} at a {a}, d {d}: period {found}", subject.name);
                    // Far beyond it doubles again.
                    assert!(found == expected || (multiplier < -1.3 && found != 1), "{what}");
                    if found == 1 {
                        let slowest = multiplier
                            .abs()
                            .max((-2.0 * a * fixed).abs())
                            .max((2.0 * a * fixed + 2.0 * d).abs());
                        assert!(
                            (map.lyapunov[cell] - slowest.ln()).abs() < 1e-3,
                            "{what} {}",
                            map.lyapunov[cell]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn product_losses_converge_where_their_flattest_minimum_lets_them() {
    // (1 - x^2 y^2)^2 / 2: at a minimum the sharpness is 4 (x^2 + y^2) >= 8; (1 - x y z)^2 / 2: it is
    // (y z)^2 + (x z)^2 + (x y)^2 >= 3; (1 - x^3 y)^2 / 2: 9 (x^2 y)^2 + x^6 >= 4 * 3^(3/4), at x^8 = 3.
    let products =
        [("(1 - x^2*y^2)^2/2", 8.0), ("(1 - x*y*z)^2/2", 3.0), ("(1 - x^3*y)^2/2", 4.0 * 3f64.powf(0.75))];
    for (loss, flattest) in products {
        let (variables, set) = match loss.contains('z') {
            true => (r#"["x", "y", "z"]"#, "set = { z = 0.9 }"),
            false => (r#"["x", "y"]"#, ""),
        };
        for (share, converges) in [(0.7, true), (0.95, true), (0.99, true), (1.01, false), (1.05, false)] {
            let eta = share * 2.0 / flattest;
            let toml = format!(
                r#"landscape = {{ variables = {variables}, loss = "{loss}" }}
                across = "x = 0.5 .. 1.5"
                up = "y = 0.55 .. 1.5"
                eta = {eta}
                size = [40, 40]
                steps = 40000
                {set}"#
            );
            for subject in all() {
                let map = subject.map(&toml);
                let what = format!("{} {loss} at {share}: {:?}", subject.name, fates(&map));
                assert_eq!(map.fate.contains(&(Fate::Converged as u8)), converges, "{what}");
                let sharpest =
                    map.sharpness.iter().zip(&map.fate).filter(|(_, f)| **f == Fate::Converged as u8);
                assert!(
                    sharpest.clone().all(|(&s, _)| s <= 2.0 / eta * 1.001 && s > flattest * 0.999),
                    "{what}"
                );
            }
        }
    }
}

#[test]
fn orbits_that_shrink_onto_a_saddle_have_not_converged() {
    // On the diagonal x and y vanish together and leave a stationary point that repels along the diagonal, by a factor
    // of 1.004 a step.
    for subject in all() {
        let map = subject.map(
            r#"landscape = { variables = ["x", "y", "z"], loss = "(1 - x*y*z)^2/2" }
            across = "x = 1.4170854271356783 .. 1.418"
            up = "y = 1.4170854271356783 .. 1.418"
            set = { z = 1 }
            eta = 0.7
            size = [3, 3]"#,
        );
        assert!(
            !map.fate.contains(&(Fate::Converged as u8)),
            "{}: {:?} {:?}",
            subject.name,
            fates(&map),
            map.lyapunov
        );
    }
}

#[test]
fn orbits_that_come_to_rest_at_a_saddle_are_not_chaotic() {
    // Along the line that is drawn in to the saddle the other direction stays at 0 exactly, and its tangent vector grows.
    let wells = "(x^2 - 1)^2/4 + 0.15*y^2";
    let lines = "(x - 1)^2/2 - y^2/2 + y^4/4";
    for (loss, rest) in [
        (wells, "across = \"x = -2 .. 2\"\nup = \"y = -2 .. 2\"\neta = 0.05\nsize = [5, 8]"),
        (
            "(1 - x*y)^2/2",
            "across = \"x = -2 .. 2\"\nup = \"y = -2 .. 2\"\neta = 0.01\nsteps = 3000\nsize = [9, 9]",
        ),
        (
            lines,
            "across = \"eta = 0.01 .. 0.03\"\nup = \"x = 0.5 .. 0.8\"\nset = { y = 0 }\nsteps = 1000\nsize = [6, 2]",
        ),
    ] {
        for subject in all() {
            let map = subject
                .map(&format!("landscape = {{ variables = [\"x\", \"y\"], loss = \"{loss}\" }}\n{rest}"));
            assert!(!map.fate.contains(&(Fate::Chaotic as u8)), "{} {loss}: {:?}", subject.name, fates(&map));
        }
    }
}

/// y has no minimum, and moves by eta c in every step, however little; x is drawn in. Whatever else is asked for.
#[test]
fn a_slow_drift_beside_a_contraction_is_no_convergence() {
    for subject in all() {
        // In f32 the slowest of these do not move y at all.
        let least = if subject.name.ends_with("f64") { "1e-10" } else { "1e-6" };
        for target in ["", "target = -1"] {
            let map = subject.map(&format!(
                r#"landscape = {{ variables = ["x", "y"], parameters = {{ c = 1 }}, loss = "x^2/2 + c*y" }}
                across = "c = {least} .. 1e-3 : log"
                up = "eta = 0.05 .. 1.5"
                set = {{ x = 1, y = 1.5 }}
                size = [12, 8]
                {target}"#
            ));
            let drift = |cell: usize| map.across[cell % 12] * map.up[cell / 12];
            let moving: Vec<usize> =
                (0..96).filter(|&cell| subject.name.ends_with("f64") || drift(cell) > 4e-7).collect();
            assert!(moving.len() > 60, "{}", moving.len());
            for cell in moving {
                assert_eq!(fate(&map, cell), Fate::Undecided, "{}: {:e} {target}", subject.name, drift(cell));
            }
        }
    }
}

/// Descent with a momentum of 0, or with a variable that nothing depends on, is descent in one dimension: what rests on a
/// plateau is stalled, and what bounces from a kink to where it was has no cycle that contracts.
#[test]
fn nothing_is_drawn_to_where_nothing_is_curved() {
    let both = ["optimizer = \"heavy-ball\"\nset = { beta = 0 }", "set = { y = 1 }"];
    for subject in all() {
        for (more, loss) in both.into_iter().zip(["", " + 0*y"]) {
            let map = |loss: String, eta: &str| {
                subject.map(&format!(
                    "landscape = {{ variables = [\"x\"{}], loss = \"{loss}\" }}\n{more}\nacross = \"eta = {eta}\"\nup = \"x = -3.1 \
                     .. 3\"\nsize = [20, 20]\nsteps = 2000",
                    if loss.contains('y') { ", \"y\"" } else { "" }
                ))
            };
            let plateau = map(format!("relu(x - 1){loss}"), "0.1 .. 0.5");
            assert_eq!(fates(&plateau), [("stalled", 400)], "{} {more}", subject.name);
            let bounces = map(format!("abs(x){loss}"), "0.1 .. 1");
            let drawn =
                (0..400).filter(|cell| matches!(fate(&bounces, *cell), Fate::Converged | Fate::Periodic));
            assert_eq!(drawn.count(), 0, "{} {more}: {:?}", subject.name, fates(&bounces));
        }
        // A slope that single numbers of f32 do not feel.
        let slope = subject.map(
            "landscape = { variables = [\"x\", \"y\"], loss = \"x^2/2 + 1e-6*y\" }\neta = 0.5\nacross = \"x = -2 .. 2\"\nup = \
             \"y = 5 .. 20\"\nsize = [20, 20]\nsteps = 3000",
        );
        assert_eq!(fates(&slope), [("undecided", 400)], "{}", subject.name);
    }
}
