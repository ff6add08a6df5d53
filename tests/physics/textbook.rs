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
            let margin = if subject.name.ends_with("f32") { 0.1 } else { 0.04 } * (pair[1] - pair[0]);
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
