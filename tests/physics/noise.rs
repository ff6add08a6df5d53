//! Noisy descent: stationary distributions that are known exactly, and numbers that depend on nothing
//! but seed, trajectory and step.

use super::engines::{Subject, all, experiment, fates};
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::{Cells, Engine, Outcomes};
use gdscope::experiment::Draft;
use gdscope::fate::Fate;
use gdscope::noise::normals;
use gdscope::plan::Plan;

/// Trajectories on one landscape from many starts, in one variable; `rest` gives the other keys.
fn ensemble(landscape: &str, rest: &str) -> String {
    format!(
        "landscape = {{ variables = [\"x\"], {landscape} }}\nacross = \"x = -0.1 .. 0.1\"\nup = \"c = 0 .. 1\"\n\
         size = [128, 128]\n{rest}"
    )
}

/// Whether numbers have the mean 0 and a variance, within four standard errors, and are not
/// correlated with their neighbours.
fn check_normal(values: &[f64], variance: f64, what: &str) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let found = values.iter().map(|x| x * x).sum::<f64>() / n;
    let neighbours = values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n;
    assert!(mean.abs() < 4.0 * (variance / n).sqrt(), "{what}: mean {mean}");
    assert!(
        (found / variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
        "{what}: variance {found}, not {variance}"
    );
    assert!(neighbours.abs() < 4.0 * variance / n.sqrt(), "{what}: correlation {neighbours}");
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn a_parabola_with_constant_noise_has_the_variance_of_its_autoregression() {
    // x' = m x + s xi with m = 1 - eta lambda: the stationary variance is s^2 / (1 - m^2).
    for (eta, m) in [(0.1, 0.8_f64), (0.9, -0.8)] {
        let variance = 0.3 * 0.3 / (1.0 - m * m);
        let toml = ensemble(
            "parameters = { c = 0 }, loss = \"x^2 + c\", noise = [\"0.3\"]",
            &format!("eta = {eta}\nsteps = 400\nseed = 11"),
        );
        for subject in all() {
            let what = format!("{} eta {eta}", subject.name);
            check_normal(&subject.outcomes(&toml).point, variance, &what);
            let map = subject.map(&toml);
            // Nothing that noise moves has converged, whatever its tangent vector does.
            assert!(map.fate.iter().all(|&f| f == Fate::Undecided as u8), "{what}: {:?}", fates(&map));
            assert!(map.lyapunov.iter().all(|l| (l - m.abs().ln()).abs() < 1e-5), "{what}");
            // The mean loss over the second half of the budget, less c.
            let loss: Vec<f64> = (0..map.cells()).map(|k| map.loss[k] - map.up[k / 128]).collect();
            assert!((mean(&loss) / variance - 1.0).abs() < 0.02, "{what}: {} {variance}", mean(&loss));
        }
    }
}

#[test]
fn momentum_makes_an_autoregression_of_second_order() {
    // x'' = (1 + beta - eta lambda) x' - beta x + s xi (Yule 1927).
    let (first, second) = (1.0 + 0.6 - 0.5, -0.6_f64);
    let variance = 0.04 * (1.0 - second) / ((1.0 + second) * ((1.0 - second).powi(2) - first * first));
    let toml = ensemble(
        "parameters = { c = 0 }, loss = \"x^2/2 + c\", noise = [\"0.2\"]",
        "optimizer = \"heavy-ball\"\nset = { beta = 0.6 }\neta = 0.5\nsteps = 300",
    );
    for subject in all() {
        let positions: Vec<f64> = subject.outcomes(&toml).point.chunks_exact(2).map(|p| p[0]).collect();
        check_normal(&positions, variance, subject.name);
    }
}

#[test]
fn the_noisy_valley_has_the_variance_of_remark_4_2() {
    // With H the same everywhere, y' = (1 - 2 eta H) y + sigma eta sqrt(H) xi: in steps of dt = eta this is
    // dy = -2 H y dt + sigma sqrt(eta H) dW, whose variance is eta sigma^2 / 4. That of the steps is
    // eta sigma^2 / (4 (1 - eta H)).
    for (eta, a) in [(0.01, 1.0), (0.2, 3.0)] {
        let toml = format!(
            "landscape = \"noisy-valley\"\nacross = \"x1 = -1 .. 1\"\nup = \"x2 = -0.1 .. 0.1\"\nsize = [128, 128]\n\
             eta = {eta}\nsteps = 600\nset = {{ a = {a}, b = 0, sigma = 0.4 }}"
        );
        let variance = eta * 0.16 / (4.0 * (1.0 - eta * a));
        for subject in all() {
            let across: Vec<f64> = subject.outcomes(&toml).point.chunks_exact(2).map(|p| p[1]).collect();
            check_normal(&across, variance, &format!("{} eta {eta}", subject.name));
        }
    }
}

#[test]
fn the_exponent_is_that_of_the_noisy_step() {
    // x' = (1/2 + xi/2) x: the mean of ln |1/2 + xi/2|, by the midpoint rule, fine around its pole at -1.
    let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let exponent = (0..4_000_000)
        .map(|k| -10.0 + (f64::from(k) + 0.5) * 5e-6)
        .map(|z| (0.5 + 0.5 * z).abs().ln() * density(z) * 5e-6)
        .sum::<f64>();
    let toml = ensemble(
        "parameters = { c = 0 }, loss = \"x^2/2 + c\", noise = [\"x/2\"]",
        "eta = 0.5\nsteps = 1000",
    );
    for subject in all() {
        let map = subject.map(&toml);
        // A logarithm's spread of about 1.1, over 16,384 trajectories of 500 steps.
        let found = mean(&map.lyapunov);
        assert!((found - exponent).abs() < 2e-3, "{}: {found}, not {exponent}", subject.name);
    }
}

/// Three variables that are at every step what noise makes of them: descent alone leads to 0 at once.
const BARE: &str = r#"{ variables = ["x1", "x2", "x3"], parameters = { c = 1 }, loss = "(x1^2 + x2^2 + x3^2)/2", noise = ["0", "c*eta", "if(t < 2, 0, c + x1)"] }"#;

#[test]
fn every_number_is_that_of_its_seed_trajectory_step_and_variable() {
    for steps in [1, 3] {
        let toml = format!(
            "landscape = {BARE}\neta = 1\nacross = \"x1 = 0.5 .. 2\"\nup = \"c = 1 .. 2\"\nset = {{ x2 = 1, x3 = 1 }}\n\
             size = [7, 5]\nsteps = {steps}\nseed = 5"
        );
        for subject in all() {
            let tolerance =
                if subject.precision == gdscope::experiment::Precision::F64 { 1e-14 } else { 1e-5 };
            for (cell, point) in (0..).zip(subject.outcomes(&toml).point.chunks_exact(3)) {
                let c = 1.0 + 0.25 * f64::from(cell / 7);
                let third = if steps > 2 { c * normals::<f64>(5, cell, steps - 1, 1)[0] } else { 0.0 };
                let wanted = [0.0, c * normals::<f64>(5, cell, steps - 1, 0)[1], third];
                let off = point.iter().zip(wanted).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
                assert!(off < tolerance, "{} cell {cell}: {point:?} {wanted:?}", subject.name);
            }
        }
    }
    let toml = format!("landscape = {BARE}\neta = 1\nset = {{ x1 = 1, x2 = 1, x3 = 1, c = 3 }}\nseed = 5");
    let orbit = gdscope::orbit(&Draft::parse(&toml).unwrap().setup().unwrap(), 4).unwrap();
    for row in orbit.skip(1) {
        let drawn = [0, 1].map(|pair| normals::<f64>(5, 0, row.t - 1, pair));
        let third = if row.t > 2 { 3.0 * drawn[1][0] } else { 0.0 };
        assert_eq!(row.point, [0.0, 3.0 * drawn[0][1], third], "t = {}", row.t);
    }
}

fn bits(outcomes: &Outcomes, dims: usize, k: usize) -> (Vec<u64>, [u64; 3]) {
    let point = outcomes.point[k * dims..(k + 1) * dims].iter().map(|x| x.to_bits()).collect();
    (point, [outcomes.lyapunov[k], outcomes.loss[k], outcomes.amplitude[k]].map(f64::to_bits))
}

#[test]
fn a_trajectory_does_not_depend_on_what_else_is_computed() {
    // More cells than a tile of a GPU holds, or a batch of a CPU.
    let toml = |seed: u32| {
        format!(
            "landscape = \"noisy-valley\"\nacross = \"x1 = -2 .. 2\"\nup = \"x2 = -1 .. 1\"\nsize = [1100, 1000]\n\
             eta = 0.1\nsteps = 24\nseed = {seed}"
        )
    };
    for Subject { name, engine, precision } in all() {
        let plan = |seed: u32| Plan::new(&experiment(&toml(seed), precision)).unwrap();
        let run = |seed: u32, cells: &Cells| engine.run(&plan(seed), cells, &|_| {}).unwrap();
        let listed: Vec<u32> = (0..1_100_000).rev().step_by(9973).collect();
        let all = run(3, &Cells::All);
        let some = run(3, &Cells::Listed(listed.clone()));
        let other = run(4, &Cells::Listed(listed.clone()));
        for (k, &cell) in listed.iter().enumerate() {
            assert_eq!(bits(&all, 2, cell as usize), bits(&some, 2, k), "{name}: cell {cell}");
            assert_ne!(bits(&some, 2, k).0, bits(&other, 2, k).0, "{name}: another seed");
        }
        if engine.device().engine == "cpu" {
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let alone = one.install(|| CpuEngine::default().run(&plan(3), &Cells::All, &|_| {}).unwrap());
            assert!(alone.point == all.point && alone.loss == all.loss, "{name}: another number of threads");
        }
    }
}

#[test]
fn engines_agree_along_noisy_orbits() {
    for optimizer in ["optimizer = \"gd\"", "optimizer = \"nesterov\"\nset = { beta = 0.5 }"] {
        let toml = format!(
            "landscape = \"noisy-valley\"\nacross = \"x1 = -1 .. 1\"\nup = \"x2 = -1 .. 1\"\nsize = [40, 40]\n\
             eta = 0.1\nsteps = 300\n{optimizer}"
        );
        let outcomes: Vec<Outcomes> = all().iter().map(|subject| subject.outcomes(&toml)).collect();
        let exact = &outcomes[2].point;
        for found in &outcomes {
            let off = found.point.iter().zip(exact).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
            assert!(off < 2e-5, "{optimizer}: {off:e}");
        }
    }
}

#[test]
fn noise_that_is_none_costs_no_verdict() {
    let toml = ensemble("parameters = { c = 0, s = 0 }, loss = \"x^2 + c\", noise = [\"s\"]", "eta = 0.1");
    for subject in all() {
        let map = subject.map(&toml);
        assert!(map.fate.iter().all(|&f| f == Fate::Converged as u8), "{}: {:?}", subject.name, fates(&map));
    }
}
