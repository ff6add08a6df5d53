//! Learning rates that change: no fate may be claimed that a later change undoes.

use super::engines::{all, experiment, fate, fates};
use gdscope::experiment::{Precision, Settling};
use gdscope::fate::Fate;

/// f1 under `eta`, whose names `drop` and `k` are the axes; in the end the rate is 0.5, where f1 converges.
fn toml(eta: &str, drop: &str, k: &str, steps: u32) -> String {
    format!(
        r#"landscape = "f1"
        across = "drop = {drop}"
        up = "k = {k}"
        eta = "{eta}"
        set = {{ x = -3 }}
        size = [24, 5]
        steps = {steps}"#
    )
}

#[test]
fn nothing_oscillates_whose_rate_drops_late() {
    for (eta, drop, k) in [
        ("if(t < 2*drop + 10, 5, 0.5) + 0*k", "0 .. 480", "0 .. 1"),
        ("if(t/2 < drop, 5, 0.5) + 0*k", "0 .. 480", "0 .. 1"),
        ("if(k*t < drop, 5, 0.5)", "0 .. 960", "1 .. 2"),
        ("if(drop - t > -k, 5, 0.5)", "0 .. 960", "1 .. 2"),
        ("if(t < 4*drop*(1 - drop), 5, 0.5)*k", "0 .. 1", "0.9 .. 1.1"),
        ("if(t < 3900*drop*(1 - drop), 5, 0.5)*k", "0 .. 1", "0.9 .. 1.1"),
        ("0.5 + 4.5*(t < 2*drop)*(t < 900 + k)", "0 .. 480", "1 .. 50"),
        ("min(max(980 - t - drop, 0.5), 5) + 0*k", "0 .. 480", "0 .. 1"),
        // Smooth, and yet as steep as a jump.
        ("2.75 - 2.25*tanh((t - 900 - drop)/4) + 0*k", "0 .. 30", "0 .. 1"),
        // On and off to the end: from step 942 on it is 0.5.
        ("if(sin(t/60) > 0, 5, 0.5) + 0*drop*k", "0 .. 1", "0 .. 1"),
    ] {
        for subject in all() {
            let map = subject.map(&toml(eta, drop, k, 1000));
            assert!(!map.fate.contains(&(Fate::Periodic as u8)), "{} {eta}: {:?}", subject.name, fates(&map));
        }
        if eta.contains("sin") || eta.contains("tanh") {
            continue;
        }
        // With time enough, the truth is found.
        let map = all()[1].map(&toml(eta, drop, k, 3000));
        assert_eq!(fates(&map), [("converged", 120)], "{eta}");
    }
}

/// A rate that changes to the end decides by what it is at the end.
#[test]
fn a_smooth_schedule_is_judged_at_its_end() {
    // From 5 down to the number `drop` at step 4000: above 2 there is a cycle of period 2.
    let eta = "drop + (5 - drop)*(1 + cos(pi*t/4000))/2 + 0*k";
    let map = toml(eta, "0.5 .. 4", "0 .. 1", 4000);
    assert_eq!(experiment(&map, Precision::F64).settling(), Settling::Smoothly(0));
    for subject in all() {
        let map = subject.map(&map);
        for cell in 0..map.cells() {
            let end = map.across[cell % 24];
            let expected = if end < 2.0 { Fate::Converged } else { Fate::Periodic };
            // Next to the threshold it is slow, and a cycle that the rate still moves is none.
            if (end - 2.0).abs() > 0.2 && expected == Fate::Converged {
                assert_eq!(fate(&map, cell), expected, "{}: rate {end}", subject.name);
            }
            assert!(end > 1.9 || fate(&map, cell) != Fate::Periodic, "{}: rate {end}", subject.name);
        }
    }
}

#[test]
fn a_warm_up_is_over_when_it_is() {
    let toml = toml("min((t + 1)/(10*drop), 1)*k", "1 .. 20", "0.5 .. 5", 2000);
    let experiment = experiment(&toml, Precision::F32);
    let Settling::At(step) = experiment.settling() else { panic!("{:?}", experiment.settling()) };
    assert!((199..=203).contains(&step), "{step}");
    for subject in all() {
        let map = subject.map(&toml);
        for cell in 0..map.cells() {
            // Slowly warmed up, an orbit comes so near to the minimum that f32 leaves it there for ever.
            let (rate, fate) = (map.up[cell / 24], fate(&map, cell));
            assert!(rate > 2.0 || fate == Fate::Converged, "{}: rate {rate}: {fate:?}", subject.name);
            assert!(rate < 2.0 || fate != Fate::Converged, "{}: rate {rate}: {fate:?}", subject.name);
        }
    }
}
