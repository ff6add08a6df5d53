//! Cell by cell: what can be relied on.

use super::engines::{all, experiment};
use gdscope::analysis::{Certainty, doubtful, nudged};
use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::{Cells, Engine};
use gdscope::experiment::Precision;
use gdscope::fate::Fate;
use gdscope::plan::Plan;

/// Two minima, on either side of x = 0, with basins so finely mixed that many starts are decided by rounding.
const PLANE: &str = r#"landscape = { variables = ["x", "y"], loss = "(x^2-1)^2/4 + (y^2-1)^2/4 + 0.3*x*y + 0.05*x" }
    across = "x = -2 .. 2"
    up = "y = -2 .. 2"
    eta = 1
    size = [101, 101]
    certain = true"#;

#[test]
fn what_is_certain_is_the_same_in_f64_and_from_a_nudged_start() {
    let in_f64 = CpuEngine::default();
    for subject in all() {
        let experiment = experiment(PLANE, subject.precision);
        let engine = subject.engine.as_ref();
        let (map, report) = gdscope::run(&experiment, engine, false, &|_| {}).unwrap();
        let plan = Plan::new(&experiment).unwrap();
        let exact = Plan { precision: Precision::F64, ..plan.clone() };
        let exact = in_f64.run(&exact, &Cells::All, &|_| {}).unwrap();
        let outcomes = engine.run(&plan, &Cells::All, &|_| {}).unwrap();
        let moved = engine.run(&nudged(&plan), &Cells::All, &|_| {}).unwrap();
        let doubtful = doubtful(&map);
        let mut counts = [0_usize; 4];
        for cell in 0..map.cells() {
            let code = map.certainty.as_ref().unwrap()[cell];
            counts[usize::from(code)] += 1;
            let end =
                |fate: u8, period: u32, x: f64| (fate, period, fate == Fate::Converged as u8 && x > 0.0);
            let own = end(map.fate[cell], map.period[cell], outcomes.point[2 * cell]);
            let f64 = end(exact.fate[cell], exact.period[cell], exact.point[2 * cell]);
            let nudge = end(moved.fate[cell], moved.period[cell], moved.point[2 * cell]);
            let what = format!("{} cell {cell}: {own:?}, {f64:?}, {nudge:?}", subject.name);
            let expected = if own.0 == Fate::Undecided as u8 {
                Certainty::Undecided
            } else if !doubtful.contains(&(cell as u32)) {
                Certainty::Agreed
            } else if f64 != own {
                Certainty::ChangedInF64
            } else if nudge != own {
                Certainty::ChangedByNudge
            } else {
                Certainty::Agreed
            };
            assert_eq!(code, expected as u8, "{what}");
        }
        assert!(counts[Certainty::ChangedByNudge as usize] > 100, "{}: {counts:?}", subject.name);
        assert_eq!(report.certain.cells, counts[0] as u64);
        assert_eq!(report.certain.recomputed, doubtful.len() as u64);
        assert!((report.certain.share - counts[0] as f64 / map.cells() as f64).abs() < 1e-12);
    }
}

#[test]
fn every_report_says_what_is_certain() {
    for subject in all() {
        let run = |toml: &str| {
            gdscope::run(&experiment(toml, subject.precision), subject.engine.as_ref(), false, &|_| {})
                .unwrap()
        };
        // Without a second look, what is doubtful does not count.
        let (map, report) = run(&PLANE.replace("certain = true", ""));
        assert!(map.certainty.is_none());
        let undecided = map.fate.iter().filter(|&&f| f == Fate::Undecided as u8).count();
        let certain = map.cells() - undecided - doubtful(&map).len();
        assert_eq!(
            (report.certain.cells, report.certain.recomputed),
            (certain as u64, 0),
            "{}",
            subject.name
        );
        // A bowl has no doubtful cell.
        let (_, report) = run(
            "landscape = \"quadratic\"\nset = { lambda = 1 }\nacross = \"x = 1 .. 2\"\nup = \"eta = 0.1 .. 0.9\"\nsize = [9, 9]\ncertain = true",
        );
        assert_eq!((report.certain.share, report.certain.recomputed), (1.0, 0), "{}", subject.name);
    }
}

#[test]
fn in_f64_alone_the_nudge_remains() {
    // The same cells, computed in f64 to begin with: f64 cannot change them.
    let experiment = experiment(PLANE, Precision::F64);
    let (map, _) = gdscope::run(&experiment, &CpuEngine::default(), false, &|_| {}).unwrap();
    let codes = map.certainty.unwrap();
    assert!(!codes.contains(&(Certainty::ChangedInF64 as u8)));
    assert!(codes.contains(&(Certainty::ChangedByNudge as u8)));
}
