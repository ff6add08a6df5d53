//! Which cells end on the same attractor.

use super::engines::{all, experiment};
use gdscope::analysis::identify;
use gdscope::engine::Outcomes;
use gdscope::experiment::Precision;
use gdscope::fate::Fate;
use gdscope::plan::Plan;

#[test]
fn wells_far_apart_in_their_own_size_are_two_in_a_wide_map() {
    // Minima at +-0.02, seen from 100 away.
    let toml = r#"landscape = { variables = ["x"], loss = "if(abs(x) < 0.04, 2*(abs(x) - 0.02)^2, 0.0008 + 0.08*(abs(x) - 0.04))" }
        across = "x = -100 .. 100"
        up = "eta = 0.1 .. 0.2"
        size = [100, 3]
        steps = 20000"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            let left = map.across[cell % 100] < 0.0;
            assert_eq!(map.fate[cell], Fate::Converged as u8, "{}", subject.name);
            assert_eq!(map.attractor[cell] == map.attractor[0], left, "{} cell {cell}", subject.name);
        }
    }
}

#[test]
fn every_minimum_and_every_phase_of_a_lattice_is_counted() {
    // Minima at odd multiples of pi, ten in each direction; beyond eta = 2 each coordinate of them
    // swings about its minimum, in step with the other or against it.
    for (eta, wanted) in [(0.5, 100), (2.3, 200)] {
        let toml = format!(
            r#"landscape = {{ variables = ["x", "y"], loss = "cos(x) + cos(y)" }}
            across = "x = -30 .. 30"
            up = "y = -30 .. 30"
            eta = {eta}
            size = [128, 128]"#
        );
        for subject in all() {
            let found = 1 + subject.map(&toml).attractor.into_iter().max().unwrap();
            assert_eq!(found, wanted, "{} at eta = {eta}", subject.name);
        }
    }
}

#[test]
fn a_ring_of_cycles_is_no_crowd_of_attractors() {
    // The two points of a cycle lie on either side of the origin at different distances, in any direction. Half of the cycles
    // are stood for by the outer point and half by the inner one, which makes two attractors of the ring.
    let toml = r#"landscape = { variables = ["x", "y"], loss = "(x^2 + y^2)^2/4 - (x^2 + y^2)/2" }
        across = "x = -1.2 .. 1.2"
        up = "y = -1.2 .. 1.2"
        eta = 1.1
        size = [128, 128]"#;
    for subject in all() {
        let map = subject.map(toml);
        let periodic = map.fate.iter().filter(|&&fate| fate == Fate::Periodic as u8).count();
        // In f32 rounding moves some along the ring for ever.
        assert!(10 * periodic > 8 * map.cells(), "{}: {periodic}", subject.name);
        let found = 1 + map.attractor.iter().max().unwrap();
        assert_eq!(found, 2, "{}", subject.name);
    }
}

/// A map over two parameters, in which every cell is a slice of its own, and its outcomes: all
/// diverged.
fn diverged(width: u32, height: u32) -> (Plan, Vec<u32>, Outcomes) {
    let toml = format!(
        "landscape = \"f3\"\nacross = \"eta = 0.1 .. 4\"\nup = \"C = 0.5 .. 3\"\nset = {{ x1 = -3, x2 = 1 }}\n\
         size = [{width}, {height}]"
    );
    let plan = Plan::new(&experiment(&toml, Precision::F32)).unwrap();
    let mut outcomes = Outcomes::missing(plan.cells(), 2);
    outcomes.fate.fill(Fate::Diverged as u8);
    let cells = (0..plan.cells() as u32).collect();
    (plan, cells, outcomes)
}

#[test]
fn a_tongue_narrower_than_a_cell_is_one_attractor() {
    for rising in [true, false] {
        let (plan, cells, mut outcomes) = diverged(6, 6);
        for i in 0..6 {
            let k = 6 * i + if rising { i } else { 5 - i };
            (outcomes.fate[k], outcomes.period[k]) = (Fate::Converged as u8, 1);
            outcomes.point[2 * k..2 * k + 2].fill(0.1 * i as f64);
        }
        let found = identify(&plan, &cells, &outcomes, false);
        assert_eq!((found.count(), found.ids.iter().filter(|&&id| id == 0).count()), (1, 6));
    }
}

#[test]
fn odd_outcomes_have_no_attractor_or_one() {
    let (plan, cells, mut outcomes) = diverged(3, 2);
    assert_eq!(identify(&plan, &cells, &outcomes, false).ids, [-1; 6]);
    outcomes.fate.fill(Outcomes::MISSING);
    assert_eq!(identify(&plan, &cells, &outcomes, false).count(), 0);
    outcomes.fate.fill(Fate::Stalled as u8);
    assert_eq!(identify(&plan, &cells, &outcomes, false).count(), 0);
    // The points are not numbers, as `missing` leaves them.
    outcomes.fate.fill(Fate::Periodic as u8);
    outcomes.period.fill(2);
    let found = identify(&plan, &cells, &outcomes, false);
    assert!(found.ids.iter().all(|&id| id >= 0));
    let described = found.describe(&plan, &cells, &outcomes, 10);
    assert_eq!(described.iter().map(|a| a.cells).sum::<u64>(), 6);
}
