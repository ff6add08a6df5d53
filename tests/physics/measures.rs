//! What is measured on an attractor, against orbits computed here.

use std::cmp::Ordering;

use super::engines::{all, fate, fates, root};
use gdscope::experiment::{Draft, Eta, EtaKey, LandscapeKey};
use gdscope::fate::Fate;

fn logistic(from: f64, to: f64, rest: &str) -> String {
    format!(
        r#"landscape = {{ variables = ["x"], parameters = {{ r = 3 }}, loss = "100 + x^2/2 - r*(x^2/2 - x^3/3)" }}
        across = "r = {from} .. {to}"
        up = "x = 0.2 .. 0.6"
        eta = 1
        {rest}"#
    )
}

#[test]
fn cycles_of_three_four_and_five() {
    for (r, period) in [(3.835, 3), (3.5, 4), (3.739, 5)] {
        let mut x = 0.3;
        for _ in 0..100_000 {
            x = r * x * (1.0 - x);
        }
        let cycle: Vec<f64> = (0..period)
            .map(|_| {
                x = r * x * (1.0 - x);
                x
            })
            .collect();
        let mean = |f: &dyn Fn(f64) -> f64| cycle.iter().map(|&x| f(x)).sum::<f64>() / f64::from(period);
        let exponent = mean(&|x| (r * (1.0 - 2.0 * x)).abs().ln());
        let loss = mean(&|x| 100.0 + x * x / 2.0 - r * (x * x / 2.0 - x * x * x / 3.0));
        let highest = cycle.iter().fold(0.0_f64, |a, &b| a.max(b));
        let amplitude = 0.5 * (highest - cycle.iter().fold(1.0_f64, |a, &b| a.min(b)));
        for subject in all() {
            let map = subject.map(&logistic(r - 1e-3, r + 1e-3, "size = [1, 5]"));
            for cell in 0..map.cells() {
                let what = format!("{} at r = {r}: {:?}", subject.name, fates(&map));
                assert_eq!((fate(&map, cell), map.period[cell]), (Fate::Periodic, period as u32), "{what}");
                assert!(
                    (map.lyapunov[cell] - exponent).abs() < 2e-3,
                    "{what} {} {exponent}",
                    map.lyapunov[cell]
                );
                assert!((map.amplitude[cell] - amplitude).abs() < 1e-5, "{what} {}", map.amplitude[cell]);
                assert!((map.loss[cell] - loss).abs() < 1e-4, "{what} {} {loss}", map.loss[cell]);
            }
        }
    }
}

#[test]
fn a_separable_loss_adds_up() {
    // Each coordinate swings between +-x, where 2 x = eta log(1 + x).
    let eta = 3.0;
    let x = root(0.5, 50.0, |x| 2.0 * x - eta * x.ln_1p());
    let exponent = (1.0 - eta / (1.0 + x)).abs().ln();
    let loss = 2.0 * ((1.0 + x) * x.ln_1p() - x);
    let toml = r#"landscape = { variables = ["x", "y"], define = ["f(w) = (1 + abs(w)) * log1p(abs(w)) - abs(w)"], loss = "f(x) + f(y)" }
        across = "x = -5 .. 5"
        up = "y = -4 .. 4"
        eta = 3
        size = [20, 20]"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            assert_eq!((fate(&map, cell), map.period[cell]), (Fate::Periodic, 2), "{}", subject.name);
            let measured = [map.amplitude[cell], map.lyapunov[cell], map.loss[cell], map.sharpness[cell]];
            for (got, wanted) in measured.into_iter().zip([x * 2f64.sqrt(), exponent, loss, 1.0 / (1.0 + x)])
            {
                assert!(
                    (got - wanted).abs() < 1e-3 * wanted.abs(),
                    "{}: {measured:?} {wanted}",
                    subject.name
                );
            }
        }
        // In step, or against it.
        assert_eq!(map.attractor.iter().max(), Some(&1), "{}", subject.name);
    }
}

#[test]
fn an_infinite_curvature_on_the_way_is_forgotten() {
    // At x = 1, where the middle column starts, the second derivative is infinite; the minimum is
    // where x = sqrt(1 - x).
    let x = 0.5 * (5f64.sqrt() - 1.0);
    let curvature = 1.0 + 0.5 / (1.0 - x).sqrt();
    let toml = r#"landscape = { variables = ["x"], loss = "x^2/2 + abs(x - 1)^1.5/1.5" }
        across = "x = 0 .. 2"
        up = "eta = 0.4 .. 0.6"
        size = [3, 3]"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            let wanted = (1.0 - map.up[cell / 3] * curvature).abs().ln();
            assert_eq!(fate(&map, cell), Fate::Converged, "{} cell {cell}", subject.name);
            assert!((map.lyapunov[cell] - wanted).abs() < 0.02, "{}: {:?}", subject.name, map.lyapunov);
        }
    }
}

#[test]
fn the_mean_loss_of_a_long_chaotic_orbit_is_exact() {
    let maps: Vec<_> = all()
        .iter()
        .map(|subject| (subject.name, subject.map(&logistic(3.9, 3.95, "size = [4, 2]\nsteps = 1_000_000"))))
        .collect();
    let exact = &maps[2].1;
    for (name, map) in &maps {
        for cell in 0..map.cells() {
            if (fate(map, cell), fate(exact, cell)) == (Fate::Chaotic, Fate::Chaotic) {
                let off = map.loss[cell] - exact.loss[cell];
                assert!(off.abs() < 0.01, "{name} cell {cell}: {off}");
            }
        }
        assert!(
            map.fate.iter().filter(|&&f| f == Fate::Chaotic as u8).count() >= 4,
            "{name}: {:?}",
            fates(map)
        );
    }
}

/// The first step at a loss, in every phase of a window, against descents followed here.
#[test]
fn the_first_step_at_a_loss() {
    // lambda/2 x^2 with a loss that falls by (1 - eta)^2 a step, until eta drops.
    let (target, steps, factor) = (1e-4, 600, 0.1);
    let toml = format!(
        r#"landscape = "quadratic"
        across = "drop = 1 .. 40"
        up = "x = 0.005 .. 30"
        eta = "if(t < drop, 0.1, {})"
        size = [40, 25]
        steps = {steps}
        target = {target}"#,
        0.1 * factor
    );
    for subject in all() {
        let map = subject.map(&toml);
        let (mut exact, mut never) = (0, 0);
        for (cell, &reached) in map.reach.as_ref().unwrap().iter().enumerate() {
            let (drop, mut x) = (map.across[cell % map.width()], map.up[cell / map.width()]);
            let first = (0..=steps).find(|&t| {
                let arrived = 0.5 * x * x <= target;
                x *= 1.0 - if f64::from(t) < drop { 0.1 } else { 0.1 * factor };
                arrived
            });
            match first {
                None => {
                    assert!(reached.is_nan(), "{}: {reached} for none", subject.name);
                    never += 1;
                }
                // Rounding may move the step by one, where the loss comes near the target.
                Some(first) => {
                    assert!(
                        (reached - f64::from(first)).abs() <= 1.0,
                        "{}: {reached}, {first}",
                        subject.name
                    );
                    exact += usize::from(reached == f64::from(first));
                }
            }
        }
        assert!(never > 50 && exact + never > 995, "{}: {exact} exact, {never} never", subject.name);
    }
}

/// A target that is nearer to the minimum than what counts as arrived is still looked for.
#[test]
fn a_target_beyond_the_tolerance_is_reached() {
    // With lambda = 1/2, x halves in every step, and x^2/4 is 1e-18 or less from x = 2e-9 on.
    let toml = r#"landscape = "quadratic"
        across = "x = 1 .. 9"
        up = "lambda = 0.499 .. 0.501"
        eta = 1
        size = [9, 3]
        steps = 200
        target = 1e-18"#;
    for subject in all() {
        let map = subject.map(toml);
        let middle = 9..18;
        for (cell, x) in middle.zip(&map.across) {
            let first = (x / 2e-9).log2().ceil();
            assert_eq!(map.reach.as_ref().unwrap()[cell], first, "{}: from {x}", subject.name);
        }
        assert_eq!(fates(&map), [("converged", 27)], "{}", subject.name);
        // The farthest comes there with the last step of a budget of 33, and not in one of 32.
        for (steps, reached) in [(33, 33.0), (32, f64::NAN)] {
            let map = subject.map(&toml.replace("200", &steps.to_string()));
            let found = map.reach.unwrap()[17];
            assert!(found == reached || (found.is_nan() && reached.is_nan()), "{}: {found}", subject.name);
        }
    }
}

/// The same where orbits are chaotic: the step of an orbit computed alone.
#[test]
fn the_first_step_at_a_loss_of_a_chaotic_orbit() {
    let toml = r#"landscape = "f2"
        across = "eta = 1.5 .. 3"
        up = "w = 0.2 .. 3"
        size = [16, 16]
        steps = 800
        target = 0.0005"#;
    let map = all()[2].map(toml);
    let mut found = 0;
    for (cell, &reached) in map.reach.as_ref().unwrap().iter().enumerate() {
        let (eta, w) = (map.across[cell % 16], map.up[cell / 16]);
        let draft = Draft {
            landscape: Some(LandscapeKey::Name("f2".into())),
            eta: Some(EtaKey::Value(Eta::Constant(eta))),
            set: [("w".to_owned(), w)].into(),
            ..Draft::default()
        };
        let mut rows = gdscope::orbit(&draft.setup().unwrap(), 800).unwrap();
        let first = rows.find(|row| row.loss <= 0.0005).map_or(f64::NAN, |row| f64::from(row.t));
        assert!(reached == first || (reached.is_nan() && first.is_nan()), "{eta} {w}: {reached} {first}");
        found += usize::from(first > 100.0);
    }
    assert!(found > 20, "{found} late ones");
}

/// Around a cycle of two points a product of two Hessians acts, whose eigenvalues may be complex: a tangent
/// vector that turns swings in length. Every cycle that attracts has an exponent below 0 all the same.
#[test]
fn cycles_that_attract_have_negative_exponents() {
    for subject in all() {
        let toml = include_str!("../../experiments/wells.toml").replace("[768, 768]", "[96, 96]");
        let map = subject.map(&toml);
        let attracted = |cell: usize| matches!(fate(&map, cell), Fate::Converged | Fate::Periodic);
        let cells: Vec<usize> = (0..map.cells()).filter(|&cell| attracted(cell)).collect();
        let wrong =
            cells.iter().filter(|&&cell| map.lyapunov[cell].partial_cmp(&0.0) != Some(Ordering::Less));
        assert!(cells.len() > 1000 && wrong.count() == 0, "{}: {:?}", subject.name, fates(&map));
    }
}

#[test]
fn learning_rate_times_sharpness_is_two_at_the_edge_of_stability() {
    for subject in all() {
        // Below the threshold f1''(0) = 1; on the cycle of two, f1''(x) = 1 / (1 + x).
        let map = subject.map(
            "landscape = \"f1\"\nacross = \"eta = 0.55 .. 6\"\nup = \"x = 1 .. 3\"\nsize = [12, 2]\nshow = [\"edge\"]",
        );
        for (&eta, edge) in map.across.iter().zip(map.edge.as_ref().unwrap()) {
            let x = if eta < 2.0 { 0.0 } else { root(1e-6, 100.0, |x| 2.0 * x - eta * x.ln_1p()) };
            assert!((edge - eta / (1.0 + x)).abs() < 1e-3, "{} at {eta}: {edge}, {x}", subject.name);
        }
        // With momentum the threshold is another, and the edge is not.
        // Sum and product of the multipliers on a parabola, and the first rate at which one of them is 1 in size.
        let heavy_ball = |beta: f64, eta: f64| (1.0 + beta - eta, beta);
        let nesterov = |beta: f64, eta: f64| ((1.0 + beta) * (1.0 - eta), beta * (1.0 - eta));
        type Multipliers = fn(f64, f64) -> (f64, f64);
        let radius = |(sum, product): (f64, f64)| match sum * sum / 4.0 - product {
            turning if turning < 0.0 => product.sqrt(),
            square => sum.abs() / 2.0 + square.sqrt(),
        };
        for (optimizer, multipliers) in
            [("heavy-ball", heavy_ball as Multipliers), ("nesterov", nesterov as Multipliers)]
        {
            let map = subject.map(&format!(
                r#"landscape = "quadratic"
                optimizer = "{optimizer}"
                set = {{ lambda = 1, x = 1 }}
                across = "beta = -0.9 .. 0.5"
                up = "eta = 0.3 .. 3.9"
                size = [15, 23]
                show = ["edge"]"#
            ));
            for (cell, &edge) in map.edge.as_ref().unwrap().iter().enumerate() {
                let (beta, eta) = (map.across[cell % 15], map.up[cell / 15]);
                let limit = (1..50_000).map(|k| f64::from(k) * 1e-4);
                let limit = limit.into_iter().find(|&eta| radius(multipliers(beta, eta)) > 1.0).unwrap();
                let product = 2.0 * eta / limit;
                if (product - 2.0).abs() < 0.05 {
                    continue;
                }
                let expected = if product < 2.0 { Fate::Converged } else { Fate::Diverged };
                assert_eq!(fate(&map, cell), expected, "{} {optimizer} {beta} {eta}", subject.name);
                let right =
                    if product < 2.0 { (edge / product - 1.0).abs() < 1.5e-4 / limit } else { edge.is_nan() };
                assert!(right, "{} {optimizer} {beta} {eta}: {edge}", subject.name);
            }
        }
    }
}

#[test]
fn the_edge_is_that_of_the_rate_at_the_end() {
    for subject in all() {
        let map = subject.map(
            "landscape = \"quadratic\"\neta = \"r/(1 + t/1000)\"\nacross = \"r = 1 .. 6\"\nup = \"x = 1 .. 2\"\nsteps = \
             5000\nsize = [6, 2]\nset = { lambda = 1 }\nshow = [\"edge\"]",
        );
        for (cell, &edge) in map.edge.as_ref().unwrap().iter().enumerate() {
            let expected = map.across[cell % 6] / (1.0 + 4.999);
            let right = fate(&map, cell) != Fate::Converged || (edge / expected - 1.0).abs() < 1e-6;
            assert!(right, "{}: {edge}, {expected}", subject.name);
        }
        assert_eq!(fate(&map, 0), Fate::Converged, "{}", subject.name);
    }
}

/// x is mapped to x (0.4 x^2 - 1.4): from everywhere to -1 and 1 in turn, where the rate is 2.
#[test]
fn the_edge_is_that_of_rates_along_the_attractor() {
    for subject in all() {
        let map = subject.map(
            "landscape = { variables = [\"x\"], parameters = { k = 0 }, loss = \"x^2/2 + k\" }\neta = \"2.4 - 0.4*x^2\"\nacross = \"x = 0.3 .. \
             1.2\"\nup = \"k = 0 .. 1\"\nsize = [8, 2]\nshow = [\"edge\"]",
        );
        for (cell, &edge) in map.edge.as_ref().unwrap().iter().enumerate() {
            assert_eq!((fate(&map, cell), map.period[cell]), (Fate::Periodic, 2), "{}", subject.name);
            assert!((edge - 2.0).abs() < 1e-5, "{}: {edge}", subject.name);
        }
    }
}

#[test]
fn sharpness_of_chaos_is_the_mean_over_the_invariant_density() {
    // Near r = 4 the logistic map visits x as often as 1 - x, so that the mean of 1 - r (1 - 2 x) is 1.
    for subject in all() {
        let map = subject.map(&logistic(3.9999, 3.99999, "size = [20, 20]\nshow = [\"sharpness\"]"));
        assert_eq!(fates(&map), [("chaotic", 400)], "{}", subject.name);
        let mean = map.sharpness.iter().sum::<f64>() / 400.0;
        // Each is a mean of 512 steps, whose standard deviation is 4 / sqrt 2.
        assert!((mean - 1.0).abs() < 5.0 * 2.83 / (512.0_f64 * 400.0).sqrt(), "{}: {mean}", subject.name);
    }
}
