//! Engine against engine.

use super::engines::{Subject, all, experiment, fate, gpu};
use gdscope::analysis::next_to_boundary;
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::{Cells, Engine};
use gdscope::experiment::Precision;
use gdscope::fate::Fate;
use gdscope::landscape::Landscape;
use gdscope::map::Map;
use gdscope::plan::Plan;

/// Share of the cells away from the basin boundaries of `exact` whose fate and period are the same in
/// both maps.
fn agreement(a: &Map, b: &Map, exact: &Map) -> f64 {
    let near = next_to_boundary(exact);
    let away: Vec<usize> = (0..a.cells()).filter(|&c| !near[c]).collect();
    assert!(away.len() * 2 > a.cells(), "more than half of the cells are next to a boundary");
    let same = |c: usize| (a.fate[c], a.period[c]) == (b.fate[c], b.period[c]);
    away.iter().filter(|&&c| same(c)).count() as f64 / away.len() as f64
}

pub fn compare(toml: &str, wanted: &[Fate]) {
    let maps: Vec<(&str, Map)> = all().iter().map(|subject| (subject.name, subject.map(toml))).collect();
    let exact = &maps[2].1;
    for fate in wanted {
        assert!(exact.fate.contains(&(*fate as u8)), "the map should hold {} cells", fate.name());
    }
    for (a, b) in [(0, 1), (1, 2), (0, 2)].into_iter().chain((3..maps.len()).map(|k| (k, 2))) {
        let share = agreement(&maps[a].1, &maps[b].1, exact);
        println!("{} against {}: {:.4} %", maps[a].0, maps[b].0, 100.0 * share);
        assert!(share > 0.999, "{} and {} agree on {share}", maps[a].0, maps[b].0);
    }
}

#[test]
fn f1_over_learning_rate_and_start() {
    let toml = r#"landscape = "f1"
        across = "eta = 0.5 .. 10"
        up = "x = -8 .. 8"
        size = [256, 256]"#;
    compare(toml, &[Fate::Converged, Fate::Periodic]);
}

#[test]
fn f3_over_the_plane() {
    for eta in [0.1, 0.3, 1.0] {
        let toml = format!(
            r#"landscape = "f3"
            across = "x1 = -4 .. 4"
            up = "x2 = -4 .. 4"
            eta = {eta}
            size = [96, 96]
            steps = 4000"#
        );
        compare(&toml, &[]);
    }
}

#[test]
fn f3_over_learning_rate_and_parameter() {
    let toml = r#"landscape = "f3"
        across = "eta = 0.1 .. 4"
        up = "C = 0.5 .. 3"
        set = { x1 = -3, x2 = 1 }
        size = [96, 96]
        steps = 4000"#;
    compare(toml, &[Fate::Converged, Fate::Periodic, Fate::Chaotic]);
}

#[test]
fn separable_in_few_and_many_variables() {
    // In many variables basins are small wherever several of them swing.
    for (n, size, eta) in [(2, 64, "0.5 .. 8"), (8, 32, "0.5 .. 4"), (16, 24, "0.8 .. 1.4")] {
        let others: String = (2..=n).map(|i| format!("x{i} = {}, ", 0.3 * f64::from(i - 4))).collect();
        let toml = format!(
            r#"landscape = "separable-{n}-2"
            across = "x1 = -1 .. 1"
            up = "eta = {eta}"
            set = {{ {others} }}
            size = [{size}, {size}]
            steps = 2000"#
        );
        compare(&toml, &[Fate::Converged, Fate::Periodic]);
    }
}

#[test]
fn momentum_over_the_plane() {
    for optimizer in ["heavy-ball", "nesterov"] {
        let toml = format!(
            r#"landscape = "f3"
            optimizer = "{optimizer}"
            across = "x1 = -4 .. 4"
            up = "x2 = -4 .. 4"
            eta = 0.1
            set = {{ beta = 0.7 }}
            size = [96, 96]
            steps = 4000"#
        );
        compare(&toml, &[]);
    }
}

#[test]
fn one_wrong_cell_in_two_hundred_is_seen() {
    let toml = r#"landscape = "f1"
        across = "eta = 3 .. 10"
        up = "x = -8 .. 8"
        size = [20, 20]"#;
    let map = all()[1].map(toml);
    assert_eq!(agreement(&map, &map, &map), 1.0);
    for spoil in [|map: &mut Map| map.fate[47] = Fate::Chaotic as u8, |map: &mut Map| map.period[47] = 4] {
        let mut wrong = map.clone();
        spoil(&mut wrong);
        assert_eq!(agreement(&wrong, &map, &map), 1.0 - 1.0 / 400.0);
        // The wrong map's own boundaries do not hide it either, but for the cells around it.
        assert!(agreement(&wrong, &map, &wrong) < 0.998);
    }
}

#[test]
fn more_lanes_than_one_dimension_of_workgroups_can_hold() {
    // 65,535 workgroups of 64 are 4.19 million.
    let toml = r#"landscape = "quadratic"
        across = "x = -1 .. 1"
        up = "eta = 0.5 .. 1.5"
        size = [2100, 2000]
        steps = 300"#;
    let gpu = Subject { name: "gpu f32", engine: Box::new(gpu()), precision: Precision::F32 };
    let outcomes = gpu.outcomes(toml);
    assert_eq!(outcomes.fate.len(), 4_200_000);
    assert!(outcomes.fate.iter().all(|&f| f == Fate::Converged as u8));
}

/// A map with convergence and chaos, whose trajectories retire at many different times.
const MIXED: &str = r#"landscape = "f3"
    across = "x1 = -4 .. 4"
    up = "eta = 0.1 .. 1.2"
    set = { x2 = 1 }
    size = [70, 30]
    steps = 2000"#;

#[test]
fn the_same_experiment_gives_the_same_map() {
    for subject in all() {
        let (a, b) = (subject.outcomes(MIXED), subject.outcomes(MIXED));
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
        assert_eq!(a.fate, b.fate);
        assert_eq!(bits(&a.amplitude), bits(&b.amplitude));
        assert_eq!(bits(&a.point), bits(&b.point));
    }
}

#[test]
fn fates_do_not_depend_on_what_else_is_in_the_block() {
    // Cells computed alone end as they do in company.
    let plan = Plan::new(&experiment(MIXED, Precision::F32)).unwrap();
    let engine = CpuEngine::default();
    let all = engine.run(&plan, &Cells::All, &|_| {}).unwrap();
    let some: Vec<u32> = (0..2100).step_by(37).collect();
    let alone = engine.run(&plan, &Cells::Listed(some.clone()), &|_| {}).unwrap();
    for (k, &cell) in some.iter().enumerate() {
        let cell = cell as usize;
        assert_eq!((alone.fate[k], alone.period[k]), (all.fate[cell], all.period[cell]));
        assert_eq!(alone.lyapunov[k].to_bits(), all.lyapunov[cell].to_bits());
    }
}

#[test]
fn a_map_of_one_cell_works() {
    for subject in all() {
        let map =
            subject.map("landscape = \"f1\"\nacross = \"x = 1 .. 2\"\nup = \"eta = 3 .. 5\"\nsize = [1, 1]");
        assert_eq!((map.cells(), fate(&map, 0), map.period[0]), (1, Fate::Periodic, 2));
    }
}

/// Every landscape, optimiser and kind of schedule takes the same steps on a GPU as on the CPU in f64.
#[test]
fn the_same_steps_everywhere() {
    // Small rates: descent does not yet enlarge what rounding has done.
    const SCHEDULES: [(&str, &str); 3] = [
        ("eta = 0.01 .. 0.1", ""),
        ("rate = 0.01 .. 0.1", "eta = \"if(t < 3, rate, 0.04)\""),
        ("drop = 1 .. 6", "eta = \"if(t < drop, 0.1, 0.2/(1 + t))\""),
    ];
    let subjects = all();
    for name in Landscape::names() {
        let variables = Landscape::load(name).unwrap().variables;
        for optimizer in ["gd", "heavy-ball", "nesterov"] {
            for (up, eta) in SCHEDULES {
                let set = variables[1..].iter().map(|v| format!("{v} = 0.7"));
                let set = set.chain((optimizer != "gd").then(|| "beta = 0.6".to_owned()));
                let toml = format!(
                    "landscape = '{name}'\nacross = '{} = -2 .. 2'\nup = '{up}'\n{eta}
                    optimizer = '{optimizer}'\nset = {{ {} }}\nsize = [9, 7]\nsteps = 7",
                    variables[0],
                    set.collect::<Vec<_>>().join(", "),
                );
                let exact = subjects[2].outcomes(&toml).point;
                for (subject, error) in subjects.iter().step_by(3).zip([2e-5, 1e-13]) {
                    let gpu = subject.outcomes(&toml).point;
                    let far = |(a, b): (&f64, &f64)| (a - b).abs() > error * (1.0 + b.abs());
                    let wrong = gpu.iter().zip(&exact).filter(|&pair| far(pair)).count();
                    // Where a trajectory comes upon a kink, rounding may choose the other side.
                    let cells = exact.len();
                    assert!(
                        wrong * 50 <= cells,
                        "{}: {wrong} of {cells} coordinates differ:\n{toml}",
                        subject.name
                    );
                }
            }
        }
    }
}
