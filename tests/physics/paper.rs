//! Numbers that the paper gives of its own runs.

use super::engines::{all, experiment};
use gdscope::analysis::theory::{Curve, Quasistatic};
use gdscope::experiment::{Draft, Precision};
use gdscope::landscape::Landscape;
use gdscope::orbit::Row;

/// The orbit of an experiment without axes.
fn orbit(toml: &str, steps: u32) -> Vec<Row> {
    gdscope::orbit(&Draft::parse(toml).unwrap().setup().unwrap(), steps).unwrap().collect()
}

/// Fig. 5.1, with the learning rate decayed at a step.
fn two_valleys(decay: u32) -> String {
    format!("landscape = 'two-valleys'\neta = '2.5@0,0.25@{decay}'\nset = {{ x1 = -20, x2 = 3 }}")
}

#[test]
fn descent_reaches_the_small_valley_at_iteration_466() {
    // Caption of Fig. 5.1: "from iteration 466 (when the x coordinate gets bigger than -4)".
    let rows = orbit(&two_valleys(650), 640);
    assert_eq!(rows.iter().find(|row| row.point[0] > -4.0).unwrap().t, 466);
}

#[test]
fn decays_at_like_losses_lead_to_unlike_times() {
    // Sec. 5: "although the loss values when the learning rate is decayed are similar, the three
    // trajectories take drastically different amount of time to converge".
    let (losses, times): (Vec<f64>, Vec<u32>) = [650, 700, 750]
        .map(|decay| {
            let rows = orbit(&two_valleys(decay), 3000);
            let reached = rows.iter().find(|row| row.loss < 1e-3).unwrap().t;
            (rows[decay as usize].loss, reached - decay)
        })
        .into_iter()
        .unzip();
    assert!(losses.iter().all(|loss| (loss / losses[0] - 1.0).abs() < 0.05), "{losses:?}");
    assert!(times[0] > 3 * times[1] / 2 && times[1] > 3 * times[2], "{times:?}");
}

#[test]
fn the_valley_is_left_as_the_quasistatic_dynamics_say() {
    // Fig. 4.2, with h(x) = 1/(1 + x/100) in (4.7) and (4.8): y is such that eta f1'(h y) h = 2 y, and
    // x moves by -2 y^2 d/dx log h = 2 y^2 / (100 + x).
    let rows = orbit("landscape = 'valley'\neta = 3\nset = { x1 = 1, x2 = 1 }", 4000);
    let (f, h) = (Curve::new(&Landscape::load("f1").unwrap()), Curve::of("1/(1 + 0.01*x)", "x"));
    let mut motion = Quasistatic { f: f.unwrap(), h: h.unwrap(), eta: 3.0 }.path(1.0);
    let mut x = 1.0;
    for row in rows {
        let h = 1.0 / (1.0 + x / 100.0);
        let y = super::engines::root(1e-6, 10.0, |y| 2.0 * y - 3.0 * h * (h * y).ln_1p());
        let point = motion.next().unwrap();
        assert!((point.0 - x).abs() < 1e-9 && (point.1 - y).abs() < 1e-9, "t {}: {point:?}", row.t);
        assert!((row.point[0] - x).abs() < 0.2, "t {}: {} against {x}", row.t, row.point[0]);
        x += 2.0 * y * y / (100.0 + x);
    }
    // It slows down towards where the curvature h^2 is 2/eta: x = 100 (sqrt(3/2) - 1) = 22.5.
    assert!(x > 17.0 && x < 22.5, "{x}");
}

#[test]
fn engines_agree_on_where_the_decayed_runs_are() {
    // After 600 steps of Fig. 5.1's learning rate, before anything has ended.
    let toml = "landscape = 'two-valleys'\neta = '2.5@0,0.25@5000'\nsize = [8, 8]\nsteps = 600
        across = 'x1 = -20 .. -19'\nup = 'x2 = 2.5 .. 3'";
    let exact = all().pop().unwrap().outcomes(toml);
    assert_eq!(experiment(toml, Precision::F64).settled(), 600);
    for subject in all() {
        let outcomes = subject.outcomes(toml);
        for (a, b) in outcomes.point.iter().zip(&exact.point) {
            assert!((a - b).abs() < 1e-3, "{}: {a} against {b}", subject.name);
        }
    }
}
