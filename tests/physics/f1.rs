//! f1 = (1 + |x|) ln(1 + |x|) - |x|: Theorem 4.1 of the paper, to the last cell.

use super::engines::{all, fate, fates, root};
use gdscope::fate::Fate;

/// x_eta of f1: the positive root of eta ln(1 + x) = 2 x.
fn x_eta(eta: f64) -> f64 {
    // Below the root the step is longer than 2 x.
    root(1e-9, eta * eta, |x| 2.0 * x - eta * x.ln_1p())
}

#[test]
fn above_two_every_start_swings_with_amplitude_x_eta() {
    let toml = r#"landscape = "f1"
        across = "eta = 2.05 .. 100"
        up = "x = -8 .. 8"
        size = [100, 32]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert!(map.fate.iter().all(|&f| f == Fate::Periodic as u8), "{}: {:?}", subject.name, fates(&map));
        for cell in 0..map.cells() {
            let eta = map.across[cell % 100];
            let error = map.amplitude[cell] / x_eta(eta) - 1.0;
            assert_eq!(map.period[cell], 2, "{} at {eta}", subject.name);
            assert!(error.abs() < 1e-4, "{} at {eta}: amplitude wrong by {error:e}", subject.name);
            assert_eq!(map.attractor[cell], 0, "one orbit, whatever the phase");
            // The multiplier over one step is 1 - eta f1''(x_eta).
            let exponent = (1.0 - eta / (1.0 + x_eta(eta))).abs().ln();
            assert!((map.lyapunov[cell] - exponent).abs() < 1e-3, "{} at {eta}", subject.name);
        }
    }
}

#[test]
fn near_two_nothing_is_claimed_that_is_not_so() {
    // The amplitude just above 2 is about eta - 2, and the approach is slow on both sides.
    let toml = r#"landscape = "f1"
        across = "eta = 1.95 .. 2.05"
        up = "x = -8 .. 8"
        size = [401, 16]"#;
    for subject in all() {
        let map = subject.map(toml);
        for cell in 0..map.cells() {
            let eta = map.across[cell % 401];
            let what = format!("{} at eta {eta}, x {}", subject.name, map.up[cell / 401]);
            match fate(&map, cell) {
                Fate::Converged => assert!(eta < 2.0, "{what}: converged"),
                Fate::Periodic => {
                    assert!(eta > 2.0 && map.period[cell] == 2, "{what}: period {}", map.period[cell]);
                    let error = map.amplitude[cell] / x_eta(eta) - 1.0;
                    assert!(error.abs() < 1e-2, "{what}: amplitude wrong by {error:e}");
                }
                // The closest columns may stay undecided, and no others.
                Fate::Undecided => assert!((eta - 2.0).abs() < 2.1e-3, "{what}: undecided"),
                other => panic!("{what}: {}", other.name()),
            }
        }
    }
}

#[test]
fn below_two_every_start_converges() {
    let toml = r#"landscape = "f1"
        across = "eta = 0.01 .. 1.95"
        up = "x = -8 .. 8"
        size = [100, 33]"#;
    for subject in all() {
        let map = subject.map(toml);
        assert!(map.fate.iter().all(|&f| f == Fate::Converged as u8), "{}: {:?}", subject.name, fates(&map));
        assert!(map.amplitude.iter().all(|&a| a == 0.0), "{}", subject.name);
        assert!(map.attractor.iter().all(|&a| a == 0), "{}", subject.name);
    }
}

#[test]
fn at_two_the_approach_like_one_over_t_is_not_called_converged() {
    for subject in all() {
        for steps in [100, 1_000, 10_000, 100_000] {
            let toml = format!(
                r#"landscape = "f1"
                across = "x = 0.1 .. 8"
                up = "eta = 2 .. 9"
                size = [16, 2]
                steps = {steps}"#
            );
            let map = subject.map(&toml);
            let found: Vec<Fate> = (0..16).map(|cell| fate(&map, cell)).collect();
            assert!(found.iter().all(|f| *f == Fate::Undecided), "{} after {steps}: {found:?}", subject.name);
        }
    }
}

#[test]
fn a_schedule_ends_on_the_orbit_of_its_last_rate() {
    // Fig. 4.1, left.
    let toml = r#"landscape = "f1"
        across = "x = -5 .. 5"
        up = "e = 1 .. 3"
        eta = "if(t < 100, 5, if(t < 150, 3, e))"
        size = [4, 2]
        steps = 2000"#;
    for subject in all() {
        let map = subject.map(toml);
        let amplitudes: Vec<f64> = map.amplitude.iter().map(|a| (a * 1e4).round() / 1e4).collect();
        let expected = (x_eta(3.0) * 1e4).round() / 1e4;
        assert_eq!(amplitudes, [vec![0.0; 4], vec![expected; 4]].concat(), "{}", subject.name);
    }
}
