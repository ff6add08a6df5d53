//! Longer budgets for what is undecided, and longer periods.

use super::engines::{all, experiment, fates};
use gdscope::fate::Fate;

/// Descent on f1 with a learning rate just below the threshold 2, where it takes long.
const SLOW: &str = r#"landscape = "f1"
    across = "eta = 1.9 .. 1.999"
    up = "x = 0.5 .. 4"
    size = [40, 5]
    steps = 200
    tolerance = 1e-5"#;

#[test]
fn undecided_cells_are_run_again_and_end_as_with_the_long_budget() {
    for subject in all() {
        let run = |toml: &str| {
            let experiment = experiment(toml, subject.precision);
            gdscope::run(&experiment, subject.engine.as_ref(), false, &|_| {}).unwrap()
        };
        let (short, _) = run(SLOW);
        let (map, report) = run(&format!("{SLOW}\nsteps-max = 12800"));
        let (long, _) = run(&SLOW.replace("steps = 200", "steps = 12800"));
        let undecided = |fates: &[u8]| fates.iter().filter(|&&f| f == Fate::Undecided as u8).count() as u64;
        let budgets: Vec<u32> = report.budgets.iter().map(|b| b.steps).collect();
        let doubled: Vec<u32> = (0..7).map(|k| 200 << k).collect();
        assert_eq!(budgets, doubled[..budgets.len()], "{}", subject.name);
        assert_eq!(report.budgets[0].undecided, undecided(&short.fate));
        assert_eq!(report.budgets.last().unwrap().undecided, undecided(&map.fate));
        assert!(report.budgets.windows(2).all(|b| b[0].undecided > b[1].undecided));
        assert!(report.budgets.len() > 3 && undecided(&short.fate) > 20, "{:?}", report.budgets);
        for cell in 0..map.cells() {
            // What was decided at first has stayed.
            if short.fate[cell] != Fate::Undecided as u8 {
                assert_eq!((map.fate[cell], map.lyapunov[cell]), (short.fate[cell], short.lyapunov[cell]));
            }
            assert_eq!(map.fate[cell], long.fate[cell], "{} cell {cell}", subject.name);
        }
        assert_eq!(fates(&map), [("converged", map.cells())], "{}", subject.name);
        let (_, plain) = run(SLOW);
        assert_eq!(plain.budgets.len(), 1);
        assert!(report.steps_taken > plain.steps_taken);
    }
}

#[test]
fn periods_beyond_64_are_found_when_they_are_looked_for() {
    // The doublings of the logistic map come ever closer (Feigenbaum 1978): the superstable parameters of
    // periods 64 to 256, roots of g^p(1/2) = 1/2, found here by bisection between their neighbours.
    let returns = |r: f64, period: usize| {
        let x = (0..period).fold(0.5, |x, _| r * x * (1.0 - x));
        x - 0.5
    };
    let delta = 4.669_201_609;
    let mut superstable = vec![2.0, 1.0 + 5f64.sqrt()];
    for doubling in 2..9 {
        let (a, b) = (superstable[doubling - 2], superstable[doubling - 1]);
        let guess = b + (b - a) / delta;
        let (mut r, period) = (guess, 1 << doubling);
        for _ in 0..60 {
            let step = 1e-9 * (b - a);
            let slope = (returns(r + step, period) - returns(r - step, period)) / (2.0 * step);
            r -= returns(r, period) / slope;
        }
        superstable.push(r);
    }
    assert!((superstable[8] - 3.569_9).abs() < 1e-4, "{superstable:?}");
    for subject in all() {
        for doubling in [6, 7, 8] {
            // f32 has no digits left for longer ones.
            if doubling > 6 && subject.name.ends_with("f32") {
                continue;
            }
            let (r, period) = (superstable[doubling], 1 << doubling);
            let toml = |rest: &str| {
                format!(
                    r#"landscape = {{ variables = ["x"], parameters = {{ r = 3 }}, loss = "x^2/2 - r*(x^2/2 - x^3/3)" }}
                    across = "x = 0.2 .. 0.6"
                    up = "y = 0 .. 1"
                    set = {{ r = {r:?} }}
                    eta = 1
                    size = [5, 1]
                    steps = 100000
                    {rest}"#
                )
                .replace("parameters = { r = 3 }", "parameters = { r = 3, y = 0 }")
                .replace("x^3/3)", "x^3/3) + 0*y")
            };
            let map = subject.map(&toml("period-max = 1024"));
            assert_eq!(map.period, [period; 5], "{} {:?}", subject.name, fates(&map));
            let map = subject.map(&toml(""));
            let expected = if period > 64 { 0 } else { period };
            assert_eq!(map.period, [expected; 5], "{} {:?}", subject.name, fates(&map));
        }
    }
}
