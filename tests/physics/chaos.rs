//! Chaotic attractors, and the phases of cycles: which are the same, and which are not.

use std::collections::BTreeMap;

use super::engines::{all, experiment, fate, fates};
use gdscope::fate::Fate;
use gdscope::map::Map;

/// Descent on (1 - x^2)^2 / 4 is the cubic map (1 + eta) x - eta x^3. Below eta = 3 sqrt(3) / 2 - 1 = 1.598 the two
/// halves of the line keep their orbits; there the two attractors merge.
fn cubic(eta: f64, x: f64, steps: usize) -> f64 {
    (0..steps).fold(x, |x, _| x - eta * (x * x * x - x))
}

/// Asserts that the attractors of the cells with `fate` are one and the same as the classes that `class` gives.
fn assert_classes(map: &Map, ended: Fate, class: impl Fn(usize) -> i32, what: &str) -> usize {
    let mut ids: BTreeMap<i32, i32> = BTreeMap::new();
    for cell in (0..map.cells()).filter(|&cell| fate(map, cell) == ended) {
        let (class, id) = (class(cell), map.attractor[cell]);
        assert!(id >= 0, "{what}, cell {cell}");
        assert_eq!(*ids.entry(class).or_insert(id), id, "{what}, cell {cell} of class {class}");
    }
    let mut distinct: Vec<i32> = ids.values().copied().collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len(), "{what}: {ids:?}");
    ids.len()
}

#[test]
fn two_chaotic_attractors_are_told_apart_until_they_merge() {
    for subject in all() {
        let map = |range: &str| {
            let toml = r#"landscape = { variables = ["x"], loss = "(1 - x^2)^2/4" }
                across = "eta = RANGE"
                up = "x = -1.3 .. 1.31"
                size = [12, 60]
                steps = 4000"#;
            subject.map(&toml.replace("RANGE", range))
        };
        let apart = map("1.51 .. 1.59");
        let chaotic = apart.fate.iter().filter(|&&f| f == Fate::Chaotic as u8).count();
        assert!(chaotic > apart.cells() * 8 / 10, "{}: {:?}", subject.name, fates(&apart));
        let side = |cell: usize| i32::from(cubic(apart.across[cell % 12], apart.up[cell / 12], 200) > 0.0);
        assert_eq!(assert_classes(&apart, Fate::Chaotic, side, subject.name), 2);
        let merged = map("1.605 .. 1.68");
        assert_eq!(assert_classes(&merged, Fate::Chaotic, |_| 0, subject.name), 1);
    }
}

#[test]
fn a_chaotic_and_a_periodic_attractor_side_by_side() {
    // The left half has three quarters of the slope: there the learning rate is one at which the cycle has two
    // points.
    for subject in all() {
        let (map, report) = {
            let toml = r#"landscape = { variables = ["x", "y"], loss = "if(x > 0, 1, 0.75)*(1 - x^2)^2/4 + y^2/4" }
                across = "x = -1.2 .. 1.21"
                up = "y = -1 .. 1.01"
                eta = 1.55
                size = [60, 20]"#;
            let experiment = experiment(toml, subject.precision);
            gdscope::run(&experiment, subject.engine.as_ref(), false, &|_| {}).unwrap()
        };
        let found: Vec<(Fate, u32)> = report.attractors.iter().map(|a| (a.fate, a.period)).collect();
        assert_eq!(found.len(), 2, "{}: {found:?}", subject.name);
        assert!(found.contains(&(Fate::Chaotic, 0)) && found.contains(&(Fate::Periodic, 2)), "{found:?}");
        let mean = |map: &[f64]| map.iter().filter(|v| v.is_finite()).sum::<f64>() / map.len() as f64;
        assert!(report.attractors.iter().all(|a| a.sharpness.is_finite() && a.amplitude > 0.1), "{found:?}");
        assert!(mean(&map.amplitude) > 0.1);
        // Starts beyond the well's far side cross over; the others stay.
        for cell in 0..map.cells() {
            let x = map.across[cell % 60];
            if x.abs() < 1.1 {
                let expected = if x > 0.0 { Fate::Chaotic } else { Fate::Periodic };
                assert_eq!(fate(&map, cell), expected, "{} at {x}", subject.name);
            }
        }
    }
}

#[test]
fn chaotic_orbits_that_pass_by_a_cycle_are_not_periodic() {
    // Among millions of returns some come back to within the tolerance by accident.
    for subject in all() {
        let map = subject.map(
            r#"landscape = { variables = ["x"], loss = "(1 - x^2)^2/4" }
            across = "eta = 1.2 .. 2"
            up = "x = -1.4 .. 1.4"
            size = [256, 128]"#,
        );
        for cell in (0..map.cells()).filter(|&cell| map.period[cell] > 0) {
            let (eta, period) = (map.across[cell % 256], map.period[cell]);
            assert!(map.lyapunov[cell] < 0.0, "{} at {eta}: period {period}", subject.name);
        }
    }
}

#[test]
fn phases_of_separable_oscillations_are_counted_as_theorem_4_2_counts() {
    for subject in all() {
        for (phases, wanted) in [(false, 2), (true, 4)] {
            let toml = format!(
                r#"landscape = {{ variables = ["x", "y"], define = ["f(x) = (1 + abs(x))*log1p(abs(x)) - abs(x)"], loss = "f(x) + f(y)" }}
                across = "x = -5 .. 5.1"
                up = "y = -5 .. 5.1"
                eta = 3
                size = [40, 40]
                phases = {phases}"#
            );
            let experiment = experiment(&toml, subject.precision);
            let (map, report) = gdscope::run(&experiment, subject.engine.as_ref(), false, &|_| {}).unwrap();
            // Where each coordinate is at even steps.
            let even = |start: f64| {
                let slope = |x: f64| x.signum() * x.abs().ln_1p();
                (0..4000).fold(start, |x, _| x - 3.0 * slope(x)) > 0.0
            };
            let class = |cell: usize| {
                let (x, y) = (even(map.across[cell % 40]), even(map.up[cell / 40]));
                if phases { i32::from(x) + 2 * i32::from(y) } else { i32::from(x == y) }
            };
            assert_eq!(assert_classes(&map, Fate::Periodic, class, subject.name), wanted);
            assert_eq!(report.attractors_found, wanted, "{}", subject.name);
            for attractor in report.attractors.iter().filter(|_| phases) {
                let cell = map.attractor.iter().position(|&id| id == attractor.id).unwrap();
                let signs = [even(map.across[cell % 40]), even(map.up[cell / 40])];
                let point = [attractor.point[0] > 0.0, attractor.point[1] > 0.0];
                assert_eq!(point, signs, "{}: {:?}", subject.name, attractor.point);
            }
        }
    }
}

#[test]
fn phases_are_followed_along_a_parameter() {
    for subject in all() {
        let map = subject.map(
            r#"landscape = { variables = ["x"], parameters = { r = 3 }, loss = "x^2/2 - r*(x^2/2 - x^3/3)" }
            across = "r = 3.46 .. 3.53"
            up = "x = 0.02 .. 0.98"
            eta = 1
            size = [25, 40]
            phases = true"#,
        );
        assert_eq!(fates(&map), [("periodic", map.cells())], "{}", subject.name);
        let rank = |cell: usize| {
            let (r, mut x) = (map.across[cell % 25], map.up[cell / 25]);
            (0..40_000).for_each(|_| x = r * x * (1.0 - x));
            let first = x;
            let mut below = 0;
            for _ in 0..4 {
                x = r * x * (1.0 - x);
                below += i32::from(x < first - 1e-6);
            }
            below
        };
        assert_eq!(assert_classes(&map, Fate::Periodic, rank, subject.name), 4);
    }
}

#[test]
fn orbits_that_rounding_has_frozen_are_not_chaotic() {
    // At the first doubling of one of four wells the fixed point hardly repels; in f32 some orbits end exactly on it.
    for subject in all() {
        let map = subject.map(
            r#"landscape = { variables = ["x", "y"], loss = "(x^2-1)^2/4 + (y^2-1)^2/4 + 0.3*x*y + 0.05*x" }
            across = "x = -2 .. 2"
            up = "y = -2 .. 2"
            eta = 0.6125
            size = [128, 128]"#,
        );
        let frozen = |cell: &usize| fate(&map, *cell) == Fate::Chaotic && map.amplitude[*cell] < 1e-3;
        assert_eq!((0..map.cells()).filter(frozen).count(), 0, "{}: {:?}", subject.name, fates(&map));
    }
}

/// Beyond the flip of a neuron's minimum, orbits in f32 come so near to it that rounding holds them there. Their tangent
/// vectors grow, but they are not chaotic; in f64 they go on to a cycle of two.
#[test]
fn what_rounding_holds_at_a_repelling_point_is_not_chaotic() {
    let toml = r#"across = "eta1 = 0.5 .. 2 : log"
        up = "eta2 = 6 .. 8 : log"
        size = [24, 48]
        eta = 1
        set = { w1 = 0.5, w2 = 0.8 }
        steps = 4000
        [landscape]
        variables  = ["w1", "w2"]
        parameters = { eta1 = 1, eta2 = 1 }
        loss       = "mean(row in data: (w1*sqrt(eta1)*tanh(w2*sqrt(eta2)*x) - y)^2)/2"
        data       = { x = [-2, -1, -0.5, 0.3, 1, 2.5], y = [-1.2, -0.9, -0.3, 0.4, 0.8, 1.1] }"#;
    for subject in all() {
        let outcomes = subject.outcomes(toml);
        let count = |fate: Fate| outcomes.fate.iter().filter(|&&code| code == fate as u8).count();
        assert_eq!(count(Fate::Chaotic), 0, "{}", subject.name);
        assert!(count(Fate::Periodic) > 500 && count(Fate::Converged) > 300, "{}", subject.name);
        let is_held = |k: &usize| outcomes.fate[*k] == Fate::Undecided as u8 && outcomes.lyapunov[*k] > 0.005;
        let held = (0..outcomes.fate.len()).filter(is_held).count();
        assert_eq!(held > 10, subject.name.ends_with("f32"), "{}: {held}", subject.name);
    }
}
