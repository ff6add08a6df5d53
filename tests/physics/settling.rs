//! The settling time, against orbits computed here one by one.

use super::engines::{all, fates};
use gdscope::fate::Fate;

/// The first step from which the orbit of `next` from `start` stays within `tolerance` of its cycle, by
/// keeping it all.
fn settled<const D: usize>(
    start: [f64; D],
    variables: usize,
    tolerance: f64,
    period: usize,
    next: impl Fn(usize, [f64; D]) -> [f64; D],
) -> usize {
    const LONG: usize = 40_000;
    let mut orbit = vec![start];
    for t in 0..LONG {
        orbit.push(next(t, orbit[t]));
    }
    // Whole periods before the end, the orbit was where the cycle is now.
    let there = |t: usize| LONG - period + (t + period * LONG - (LONG - period)) % period;
    let distance = |t: usize| {
        let (x, y) = (orbit[t], orbit[there(t)]);
        (0..variables).map(|d| (x[d] - y[d]).abs()).fold(0.0, f64::max)
    };
    (0..LONG).rev().find(|&t| distance(t) > tolerance).map_or(0, |t| t + 1)
}

fn slope_f1(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

#[test]
fn settling_is_exact_to_the_step() {
    for subject in all() {
        // Below, near and above the threshold; fixed points and cycles of two.
        let map = subject.map(
            r#"landscape = "f1"
            across = "eta = 0.5 .. 6"
            up = "x = -8 .. 8"
            size = [40, 15]
            show = ["settle"]"#,
        );
        for cell in 0..map.cells() {
            let (eta, x) = (map.across[cell % 40], map.up[cell / 40]);
            let period = map.period[cell].max(1) as usize;
            let exact = settled([x], 1, 8e-7, period, |_, [x]| [x - eta * slope_f1(x)]);
            let settle = map.settle[cell];
            assert_eq!(settle.ceil(), exact as f64, "{} at eta {eta}, x {x}: {settle}", subject.name);
        }
    }
}

#[test]
fn settling_under_a_schedule_and_with_momentum() {
    for subject in all() {
        let map = subject.map(
            r#"landscape = "f1"
            eta = "if(t < 30, 3, 0.7)"
            optimizer = "heavy-ball"
            across = "beta = 0.1 .. 0.8"
            up = "x = -4 .. 4"
            size = [12, 9]
            show = ["settle"]"#,
        );
        assert_eq!(fates(&map), [("converged", map.cells())], "{}", subject.name);
        for cell in 0..map.cells() {
            let (beta, x) = (map.across[cell % 12], map.up[cell / 12]);
            let next = |t: usize, [x, v]: [f64; 2]| {
                let v = beta * v - if t < 30 { 3.0 } else { 0.7 } * slope_f1(x);
                [x + v, v]
            };
            let exact = settled([x, 0.0], 1, 4e-7, 1, next);
            assert_eq!(map.settle[cell].ceil(), exact as f64, "{} at beta {beta}, x {x}", subject.name);
        }
    }
}

#[test]
fn settling_on_cycles_of_any_phase_and_on_lines_of_minima() {
    let logistic = r#"landscape = { variables = ["x"], parameters = { r = 3 }, loss = "x^2/2 - r*(x^2/2 - x^3/3)" }
        across = "r = 3.5 .. 3.53"
        up = "x = 0.01 .. 0.99"
        eta = 1
        size = [3, 101]
        show = ["settle"]"#;
    let line = r#"landscape = { variables = ["x", "y"], parameters = {}, loss = "(1 - x*y)^2/2" }
        across = "x = 0.3 .. 1.5"
        up = "y = 0.3 .. 1.5"
        eta = 0.2
        size = [17, 17]
        tolerance = 1e-5
        show = ["settle"]"#;
    for subject in all() {
        let map = subject.map(logistic);
        assert_eq!(fates(&map), [("periodic", map.cells())], "{}", subject.name);
        for cell in 0..map.cells() {
            let (r, x) = (map.across[cell % 3], map.up[cell / 3]);
            let exact = settled([x], 1, 9.9e-8, 4, |_, [x]| [r * x * (1.0 - x)]);
            assert_eq!(map.settle[cell].ceil(), exact as f64, "{} at r {r}, x {x}", subject.name);
        }
        let map = subject.map(line);
        // On the line itself, f32 may leave a start undecided.
        let converged = |cell: &usize| map.fate[*cell] == Fate::Converged as u8;
        assert!((0..map.cells()).filter(converged).count() > map.cells() * 98 / 100, "{:?}", fates(&map));
        for cell in (0..map.cells()).filter(converged) {
            let (x, y) = (map.across[cell % 17], map.up[cell / 17]);
            let next = |_, [x, y]: [f64; 2]| {
                let r = 1.0 - x * y;
                [x + 0.2 * r * y, y + 0.2 * r * x]
            };
            let exact = settled([x, y], 2, 1e-5, 1, next);
            assert_eq!(map.settle[cell].ceil(), exact as f64, "{} at {x}, {y}", subject.name);
        }
    }
}

/// Orbits that alternate come to a line of minima, along which no exponent says how soon: most islands of the
/// gallery's `product-eyes` had no settling times.
#[test]
fn what_converges_alternating_to_a_line_of_minima_settles() {
    let toml = include_str!("../../experiments/product-eyes.toml").replace("[560, 400]", "[56, 40]");
    for subject in all() {
        let map = subject.map(&toml);
        let converged: Vec<usize> =
            (0..map.cells()).filter(|&cell| map.fate[cell] == Fate::Converged as u8).collect();
        let without = converged.iter().filter(|&&cell| map.settle[cell].is_nan()).count();
        assert!(converged.len() > 2000 && 500 * without < converged.len(), "{}: {without}", subject.name);
    }
}

#[test]
fn the_settling_time_has_no_steps() {
    // Where an orbit shrinks by the same factor a in every step, from x it takes ln(x / tolerance) / ln(1 / a).
    for subject in all() {
        let map = subject.map(
            r#"landscape = "quadratic"
            set = { lambda = 1 }
            across = "x = 0.1 .. 10"
            up = "eta = 0.02 .. 0.9"
            size = [200, 5]
            show = ["settle"]"#,
        );
        for cell in 0..map.cells() {
            let (x, eta) = (map.across[cell % 200], map.up[cell / 200]);
            let exact = (x / 1e-6).ln() / -(1.0 - eta).ln();
            assert!(
                (map.settle[cell] - exact).abs() < 1e-6 * exact,
                "{}: {}, {exact}",
                subject.name,
                map.settle[cell]
            );
        }
    }
}

#[test]
fn what_has_no_attractor_does_not_settle() {
    for subject in all() {
        let map = subject.map(
            r#"landscape = "quadratic"
            set = { lambda = 1 }
            across = "eta = 1.5 .. 2.5"
            up = "x = 1 .. 2"
            size = [3, 2]
            show = ["settle"]"#,
        );
        let settles: Vec<bool> = map.settle.iter().map(|s| s.is_finite()).collect();
        assert_eq!(settles, [true, false, false].repeat(2), "{}", subject.name);
        assert_eq!(map.fate[2], Fate::Diverged as u8);
        // Whoever does not ask for it does not pay for it.
        let unasked =
            subject.map("landscape = \"f1\"\nacross = \"eta = 1 .. 3\"\nup = \"x = 1 .. 2\"\nsize = [2, 2]");
        assert!(unasked.settle.iter().all(|s| s.is_nan()));
    }
}
