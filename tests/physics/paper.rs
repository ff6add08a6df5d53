//! The paper's runs, engine against engine.

use super::engines::{all, experiment};
use gdscope::experiment::Precision;

#[test]
fn engines_agree_on_where_the_decayed_runs_are() {
    // After 600 steps of Fig. 5.1's learning rate, before anything has ended.
    let toml = "landscape = 'two-valleys'\neta = '2.5@0,0.25@5000'\nsize = [8, 8]\nsteps = 600
        across = 'x1 = -20 .. -19'\nup = 'x2 = 2.5 .. 3'";
    let exact = all()[2].outcomes(toml);
    assert_eq!(experiment(toml, Precision::F64).settled(), 600);
    for subject in all() {
        let outcomes = subject.outcomes(toml);
        for (a, b) in outcomes.point.iter().zip(&exact.point) {
            assert!((a - b).abs() < 1e-3, "{}: {a} against {b}", subject.name);
        }
    }
}
