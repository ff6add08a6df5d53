//! The stopping rule on made-up measurements, and the windows it is asked in.

mod plain;

use gdscope::fate::*;
use gdscope::window::{Window, windows};

const RULES: Rules<f64> = Rules { tolerance: 1e-7, escape: 1e6, neutral: true };

/// An orbit of size 1 that has come back after one step, moving from 1e-9 to 1e-12 in 40 steps.
fn contracting() -> Probe<f64> {
    Probe {
        half: 40.0,
        elapsed: 1000.0,
        last: 900.0,
        reach: 1.0,
        size: 1.0,
        extent: 0.5,
        period: 1.0,
        measured: 40.0,
        before: 1e-9,
        after: 1e-12,
        far: 1.1e-12,
        growth: -0.17,
    }
}

/// The verdict after the probe has been seen twice, the first time as the first.
fn verdict(probe: Probe<f64>) -> Verdict {
    let mut memory = Memory::new();
    match decide(&Probe { last: -1.0, ..probe }, &mut memory, &RULES) {
        Verdict::Running => decide(&probe, &mut memory, &RULES),
        ended => ended,
    }
}

#[test]
fn each_condition_is_needed() {
    let converged = Verdict::Ended(Fate::Converged);
    assert_eq!(verdict(contracting()), converged);
    assert_eq!(verdict(Probe { period: 5.0, ..contracting() }), Verdict::Ended(Fate::Periodic));
    let spoiled = [
        ("no recurrence", Probe { period: 0.0, ..contracting() }),
        ("too far still", Probe { before: 1e-2, after: 1e-5, ..contracting() }),
        ("a tangent vector that grows", Probe { growth: 0.17, ..contracting() }),
        // 2/t for both measures is an approach like 1/t.
        ("like 1/t", Probe { after: 9.2e-10, far: 3.5e-8, growth: -0.002, ..contracting() }),
        ("a return by chance", Probe { after: 1e-6, ..contracting() }),
        ("a contraction that has just begun", Probe { elapsed: 20.0, ..contracting() }),
        ("a cycle no wider than what is to go", Probe { period: 2.0, extent: 1e-12, ..contracting() }),
        ("a drift", Probe { before: 1e-9, after: 1e-9, far: 4e-8, growth: 0.0, ..contracting() }),
        ("a drift along a valley", Probe { growth: 0.0, far: 1e-6, ..contracting() }),
    ];
    for (why, probe) in spoiled {
        assert_eq!(verdict(probe), Verdict::Running, "{why}");
    }
    // Along a line of minima no tangent vector shrinks; the displacements tell it, once they are rounding. Where there is
    // no room for one, nothing contracts.
    let resting = Probe { growth: 0.0, before: 1e-12, after: 1e-15, far: 1.1e-15, ..contracting() };
    let seen_twice = |along: Probe<f64>, rules: &Rules<f64>| {
        let mut memory = Memory::new();
        let far_out = Probe { last: -1.0, elapsed: 800.0, before: 1e-2, after: 1e-5, far: 1.1e-5, ..along };
        assert_eq!(decide(&far_out, &mut memory, rules), Verdict::Running);
        decide(&along, &mut memory, rules)
    };
    assert_eq!(seen_twice(resting, &RULES), converged);
    assert_eq!(seen_twice(resting, &Rules { neutral: false, ..RULES }), Verdict::Running);
    assert_eq!(seen_twice(Probe { growth: 0.0, ..contracting() }, &RULES), Verdict::Running, "it may drift");
    // What shrinks faster than it contracts only came by.
    let mut memory = Memory::new();
    decide(
        &Probe { last: -1.0, growth: 0.3, before: 1.0, after: 1.0, far: 1.0, ..contracting() },
        &mut memory,
        &RULES,
    );
    memory.growth = -0.005;
    let passing = Probe {
        growth: -0.005,
        before: 1e-14,
        after: 1e-14,
        far: 1e-14,
        last: 1000.0 - 40.0,
        ..contracting()
    };
    assert_eq!(decide(&passing, &mut memory, &RULES), Verdict::Running);
    assert_eq!(decide(&Probe { elapsed: 1080.0, last: 1000.0, ..passing }, &mut memory, &RULES), converged);
}

#[test]
fn leaving_is_seen_first() {
    for reach in [1e7, f64::INFINITY, f64::NAN] {
        assert_eq!(verdict(Probe { reach, ..contracting() }), Verdict::Ended(Fate::Diverged), "{reach}");
    }
}

#[test]
fn rest_without_contraction_is_a_stall() {
    let rest = Probe { before: 0.0, after: 0.0, far: 0.0, ..contracting() };
    assert_eq!(verdict(rest), Verdict::Ended(Fate::Converged));
    assert_eq!(verdict(Probe { growth: 0.0, ..rest }), Verdict::Ended(Fate::Stalled));
    // With room to turn in, a tangent vector may grow while an orbit is drawn in: the budget's end tells.
    let growing = Probe { growth: 0.5, ..rest };
    assert_eq!(verdict(growing), Verdict::Running);
    let mut memory = Memory::new();
    decide(&growing, &mut memory, &RULES);
    let alone = decide(&growing, &mut memory, &Rules { neutral: false, ..RULES });
    assert_eq!(alone, Verdict::Ended(Fate::Stalled));
    // One look is not enough: the tangent vector may not be aligned yet.
    let first = decide(&Probe { growth: 0.0, ..rest }, &mut Memory::new(), &RULES);
    assert_eq!(first, Verdict::Running);
}

#[test]
fn rounding_that_keeps_an_orbit_moving_is_told_from_an_approach() {
    let ulp = f64::from(f32::EPSILON);
    let rules = Rules { tolerance: 1e-9f32, escape: 1e6, neutral: true };
    let moving = |before: f64, after: f64, far: f64, elapsed: f32| {
        let probe = Probe {
            half: 40.0f32,
            elapsed,
            last: elapsed - 1.0,
            reach: 1.0,
            size: 1.0,
            extent: 0.0,
            period: 1.0,
            measured: 40.0,
            before: (before * ulp) as f32,
            after: (after * ulp) as f32,
            far: (far * ulp) as f32,
            growth: -0.3,
        };
        let mut memory = Memory::new();
        decide(&probe, &mut memory, &rules);
        decide(&probe, &mut memory, &rules)
    };
    assert_eq!(moving(12.0, 15.0, 9.0, 1000.0), Verdict::Ended(Fate::Converged));
    assert_eq!(moving(12.0, 15.0, 9.0, 50.0), Verdict::Running, "too early to tell");
    assert_eq!(moving(500.0, 400.0, 300.0, 1000.0), Verdict::Running, "more than rounding can do");
}

#[test]
fn chaos_needs_growth_beyond_its_error_within_bounds() {
    let samples = Samples {
        count: 10.0,
        steps: 5000.0,
        growth: 0.4,
        growth_squared: 0.17,
        extent_first: 2.0,
        extent: 2.5,
        moves: true,
    };
    let rules = Rules { tolerance: 1e-7, escape: 1e6, neutral: true };
    let moving = Probe {
        half: 64.0,
        elapsed: 9000.0,
        last: 7000.0,
        reach: 1.0,
        size: 1.0,
        extent: 1.0,
        period: 0.0,
        measured: 64.0,
        before: 0.1,
        after: 0.2,
        far: 0.3,
        growth: 0.4,
    };
    let at_end = |samples: &Samples<f64>, probe: &Probe<f64>| decide_at_end(samples, probe, &rules);
    assert_eq!(at_end(&samples, &moving), Fate::Chaotic);
    for spoiled in [
        // A single sample tells nothing of bounds.
        Samples { count: 1.0, growth_squared: 0.16, ..samples },
        Samples { count: 0.0, steps: 0.0, ..samples },
        Samples { growth: -0.4, ..samples },
        Samples { growth: 0.0005, growth_squared: 2.5e-7, ..samples },
        Samples { growth_squared: 4.0, ..samples },
        Samples { extent: 9.0, ..samples },
        // Held by rounding at a point that repels.
        Samples { moves: false, ..samples },
        // No wider than what counts as one point.
        Samples { extent_first: 2e-7, extent: 4e-7, ..samples },
    ] {
        assert_eq!(at_end(&spoiled, &moving), Fate::Undecided, "{spoiled:?}");
    }
    let resting = Probe { period: 1.0, before: 0.0, after: 0.0, far: 0.0, ..moving };
    assert_eq!(at_end(&samples, &resting), Fate::Stalled);
}

/// Half of a budget tells that an orbit contracts, where a probe sees it turn.
#[test]
fn what_has_arrived_is_told_by_its_samples() {
    let rules = Rules { tolerance: 1e-7, escape: 1e6, neutral: true };
    let samples = Samples {
        count: 10.0,
        steps: 5000.0,
        growth: -0.005,
        growth_squared: 2.7e-5,
        extent_first: 1e-9,
        extent: 1e-9,
        moves: true,
    };
    let probe = Probe {
        half: 64.0,
        elapsed: 9000.0,
        last: 7000.0,
        reach: 1e-12,
        size: 1e-12,
        extent: 1e-12,
        period: 1.0,
        measured: 64.0,
        before: 1e-12,
        after: 8e-13,
        far: 9e-13,
        growth: 0.01,
    };
    let mut memory = Memory::new();
    assert_eq!(decide(&probe, &mut memory, &rules), Verdict::Running);
    assert_eq!(decide_at_end(&samples, &probe, &rules), Fate::Converged);
    let on_its_way = Probe { before: 1e-6, after: 9e-7, far: 8e-7, ..probe };
    assert_eq!(decide_at_end(&samples, &on_its_way, &rules), Fate::Undecided);
    assert_eq!(decide_at_end(&samples, &Probe { period: 0.0, ..probe }, &rules), Fate::Undecided);
    // An approach like 1/t loses 2 ln 2 in half of a budget.
    let slow = Samples { growth: -0.00028, growth_squared: 8e-8, ..samples };
    assert_eq!(decide_at_end(&slow, &probe, &rules), Fate::Undecided);
    let uncertain = Samples { growth_squared: 5e-4, ..samples };
    assert_eq!(decide_at_end(&uncertain, &probe, &rules), Fate::Undecided);
}

#[test]
fn what_moves_further_than_rounding_moves_it() {
    let ulps = |n: f32| n * f32::EPSILON;
    assert!(!moved(1.0, 1.0 + ulps(790.0)) && moved(1.0, 1.0 + ulps(810.0)));
    assert!(!moved(-1000.0, -1000.0 + ulps(790e3)) && moved(-1000.0, -1000.0 + ulps(810e3)));
    // Around 0 it is the motion itself that rounding is measured by.
    assert!(moved(-1e-30, 1e-30f32) && !moved(0.0, 0.0f32) && !moved(0.0, 1e-40f32));
    assert!(moved(1.0, 1.0 + f64::from(ulps(1.0))));
}

#[test]
fn windows_tile_the_budget() {
    for (steps, settled, period_max) in [
        (1, 0, 64),
        (2, 0, 64),
        (17, 0, 64),
        (999, 0, 64),
        (10_000, 0, 64),
        (10_000, 9_000, 64),
        (700, 700, 64),
        (500, 900, 64),
        (100_000, 0, 1024),
        (1 << 24, 12_345, 64),
    ] {
        let windows = windows(steps, settled, period_max);
        let mut t = 0;
        for window in &windows {
            assert_eq!(window.start, t, "{steps} {settled}");
            assert!(window.steps() > 0 && window.half <= period_max);
            assert!(window.start >= settled.min(steps) || (window.half, window.sample) == (0, 0));
            t += window.steps();
        }
        assert_eq!(t, steps, "{steps} {settled}");
        // Half of what is left after the schedule is sampled, but for a share that probes take.
        let sampled: u32 = windows.iter().map(|w| w.sample).sum();
        assert!(sampled <= (steps - settled.min(steps)).div_ceil(2));
        if steps >= settled + 16 {
            assert!(sampled >= (steps - settled) / 16, "{steps} {settled}: {sampled}");
            assert!(windows.iter().any(|w| w.half > 0));
            // One sample could not be compared with another.
            assert!(windows.iter().filter(|w| w.sample > 0).count() >= 2, "{steps} {settled}");
        }
    }
}

/// An orbit is looked at once more before the end, and until then no later than a quarter more and one window after it
/// was looked at, and seldom enough that this costs little of a long budget.
#[test]
fn probes_come_at_a_growing_distance() {
    for (steps, settled, period_max) in [
        (1474, 0, 64),
        (2000, 0, 64),
        (10_000, 2_000, 64),
        (21_425, 0, 1024),
        (100_000, 0, 64),
        (1 << 24, 12_345, 256),
    ] {
        let windows = windows(steps, settled, period_max);
        let longest = windows.iter().map(Window::steps).max().unwrap();
        assert!(longest <= 5 * 128.max(2 * period_max), "{longest}");
        let probes: Vec<_> = windows.iter().filter(|w| w.half > 0).collect();
        // The longest periods are measured twice at least, so that their growth is known, where the budget suffices.
        let longest_probes = probes.iter().filter(|w| w.half == period_max).count();
        let enough = if steps >= 23 * period_max { 2 } else { 1 };
        assert!(longest_probes >= enough, "{steps} steps, {settled} settled: {longest_probes}");
        let ends: Vec<u32> = probes.iter().map(|w| w.start + w.advance + 2 * w.half).collect();
        for (k, pair) in ends.windows(2).enumerate().take(ends.len() - 2) {
            let (since, before) = (pair[1] - pair[0], pair[0] - settled);
            assert!(since <= before / 4 + longest.max(16), "{pair:?} after {settled}");
            let as_long = probes[..=k].iter().filter(|w| w.half >= probes[k + 1].half).count();
            assert!(since >= before / 4 || as_long < 2, "{pair:?} after {settled}");
        }
        assert!(windows.last().unwrap().half > 0);
        let looked_at: u32 = probes.iter().map(|w| 2 * w.half).sum();
        assert!(u64::from(looked_at) * 2 <= u64::from(steps) && (steps < 100_000 || looked_at < steps / 20));
    }
}
