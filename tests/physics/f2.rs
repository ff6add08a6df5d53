//! f2, the population loss (6.2) with C = 3: chaos, slow approaches and plateaus.

use super::engines::{all, fate, fates};
use gdscope::fate::Fate;

#[test]
fn at_eta_two_it_is_chaotic_with_the_published_exponent() {
    let toml = r#"landscape = "f2"
        across = "w = -5 .. 5"
        up = "C = 2.999 .. 3.001"
        eta = 2
        size = [200, 3]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert!(map.fate.iter().all(|&f| f == Fate::Chaotic as u8), "{}: {:?}", subject.name, fates(&map));
        let mean = map.lyapunov.iter().sum::<f64>() / 600.0;
        assert!((mean - 0.42).abs() < 0.02, "{}: mean exponent {mean}", subject.name);
        // In f32 every orbit soon falls onto one of a few bit-exact cycles, each with an exponent of its
        // own; their mean is right.
        let allowed = if subject.name.ends_with("f64") { 0.08 } else { 0.15 };
        for value in &map.lyapunov {
            assert!((value - 0.42).abs() < allowed, "{}: exponent {value}", subject.name);
        }
    }
}

#[test]
fn at_a_small_rate_it_converges() {
    let toml = r#"landscape = "f2"
        across = "w = -5 .. 5"
        up = "eta = 0.05 .. 0.2"
        size = [64, 4]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert!(map.fate.iter().all(|&f| f == Fate::Converged as u8), "{}: {:?}", subject.name, fates(&map));
    }
}

#[test]
fn the_slow_way_in_is_not_taken_for_an_end() {
    // From w0 the way to the minimum takes about |w0|^3 / (3 eta 2/9) steps: 6,000 from 20 and 94,000
    // from 50.
    let toml = |steps: u32| {
        format!(
            r#"landscape = "f2"
            across = "w = 20 .. 50"
            up = "C = 2.999 .. 3.001"
            eta = 2
            size = [2, 2]
            steps = {steps}"#
        )
    };
    for subject in all() {
        let early = subject.map(&toml(5_000));
        assert!(
            early.fate.iter().all(|&f| f == Fate::Undecided as u8),
            "{}: {:?}",
            subject.name,
            fates(&early)
        );
        let later = subject.map(&toml(40_000));
        let row = [0, 1].map(|cell| fate(&later, cell));
        assert_eq!(row, [Fate::Chaotic, Fate::Undecided], "{}", subject.name);
    }
}

#[test]
fn where_f32_can_no_longer_move_it_is_stalled() {
    let toml = r#"landscape = "f2"
        across = "w = 600 .. 1000"
        up = "eta = 1 .. 2"
        size = [8, 2]"#;
    for subject in all() {
        let map = subject.map(toml);
        let expected = if subject.name.ends_with("f32") { Fate::Stalled } else { Fate::Undecided };
        assert!((0..16).all(|c| fate(&map, c) == expected), "{}: {:?}", subject.name, fates(&map));
    }
}
