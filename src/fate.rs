//! How a trajectory ends: the one definition that both engines share.
//!
//! A trajectory is run in [`Window`]s of steps that depend on the budget alone. Each window ends with
//! a *probe*: in its first half the smallest recurrence is searched, in its second half the cycle is
//! measured. [`decide`] turns the measurements into a verdict; `descend.wgsl` says the same in
//! the same words, with the same constants.

use serde::{Deserialize, Serialize};

use crate::math::Real;

/// How a trajectory ends. The numbers are those of `map.npz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Fate {
    /// The budget ended and none of the others was shown.
    Undecided = 0,
    /// A contracting fixed point.
    Converged = 1,
    /// A contracting cycle of 2 or more steps.
    Periodic = 2,
    /// Bounded to the end of the budget, with a Lyapunov exponent above zero by more than its error.
    Chaotic = 3,
    /// Left the escape radius, or the gradient is not finite.
    Diverged = 4,
    /// The gradient is zero or the update below the number format's resolution, without contraction.
    Stalled = 5,
}

impl Fate {
    /// All fates, by code.
    pub const ALL: [Fate; 6] =
        [Fate::Undecided, Fate::Converged, Fate::Periodic, Fate::Chaotic, Fate::Diverged, Fate::Stalled];

    /// The fate with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Its name in files and legends.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Undecided => "undecided",
            Fate::Converged => "converged",
            Fate::Periodic => "periodic",
            Fate::Chaotic => "chaotic",
            Fate::Diverged => "diverged",
            Fate::Stalled => "stalled",
        }
    }

    /// Whether the trajectory ends on an attractor with a period.
    pub fn has_period(self) -> bool {
        matches!(self, Fate::Converged | Fate::Periodic)
    }
}

/// Longest period that is called periodic.
pub const PERIOD_MAX: u32 = 64;
/// Distance still to go at which an orbit has arrived, in units of the map's scale: the largest
/// initial coordinate, or 1 where all are 0.
pub const TOLERANCE: f64 = 1e-7;
/// Escape radius, in units of the map's scale.
pub const ESCAPE: f64 = 1e6;
/// Two points count as one if they are nearer than this many tolerances: a fixed point that is
/// approached in alternating steps is otherwise taken for a cycle of two.
pub const MATCH: f64 = 16.0;
/// A displacement above this many units in the last place is movement, below it is rounding.
pub const MOVING: f64 = 8.0;
/// How far rounding may hold an orbit from its attractor, relative to the orbit's size.
pub const RESOLVED: f64 = 1e-5;
/// Least product of contraction rate and elapsed steps. An approach like `t^-a` has a product of
/// about `a + 1` for ever; a geometric one passes any bound.
pub const SCORE_MIN: f64 = 4.0;
/// A tangent growth over n steps is known to about this / n: the start's alignment is not.
pub const GROWTH_ERROR: f64 = 2.0;
/// A chaotic orbit's exponent must exceed this many standard errors, ...
pub const CHAOS_ERRORS: f64 = 3.0;
/// ... and this / (steps sampled), below which a slow straight-line escape cannot be told apart, ...
pub const CHAOS_GROWTH: f64 = 4.0;
/// ... and its extent must stay within this many times the extent of the first sample.
pub const CHAOS_EXTENT: f64 = 4.0;

/// Steps between two readings of a sampled orbit's tangent vector; its length stays in an f32's range
/// as long as one step does not change it more than a billionfold.
pub const GROWTH_STRIDE: u32 = 4;

/// A run of steps that is done in one go: `advance` steps unobserved, a probe of twice `half`
/// steps, then `sample` steps that are averaged for orbits without a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Steps before this window.
    pub start: u32,
    pub advance: u32,
    /// Steps of the search, and again of the measurement; 0 while the schedule still changes.
    pub half: u32,
    pub sample: u32,
}

impl Window {
    /// Steps in this window.
    pub fn steps(&self) -> u32 {
        self.advance + 2 * self.half + self.sample
    }
}

/// Longest window, in steps, unless a longer period is searched.
const WINDOW_MAX: u32 = 512;

/// The windows of a budget of `steps`, of which the first `settled` have a changing learning rate
/// and decide nothing.
///
/// Windows grow with time, by a quarter, so that a trajectory is retired soon after it has
/// arrived; in the last half of the budget everything is sampled.
pub fn windows(steps: u32, settled: u32, period_max: u32) -> Vec<Window> {
    let longest = WINDOW_MAX.max(8 * period_max);
    let settled = settled.min(steps);
    let sampled = settled + (steps - settled) / 2;
    let mut windows = Vec::new();
    let mut start = 0;
    while start < steps {
        let window = if start < settled {
            Window { start, advance: (settled - start).min(longest), half: 0, sample: 0 }
        } else if start < sampled {
            let length = ((start - settled) / 4).clamp(16, longest).min(sampled - start);
            let half = (length / 4).clamp(length.min(8) / 2, period_max);
            Window { start, advance: length - 2 * half, half, sample: 0 }
        } else {
            let left = steps - start;
            let length = if left < longest + longest / 4 { left } else { longest };
            let half = (length * 3 / 8).min(period_max);
            Window { start, advance: 0, half, sample: length - 2 * half }
        };
        start += window.steps();
        windows.push(window);
    }
    windows
}

/// What [`decide`] compares with, in the units of the landscape's variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules<R> {
    pub tolerance: R,
    pub escape: R,
}

/// What a probe has measured of one trajectory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe<R> {
    /// Steps in each half of the probe; 0 for a window that does not probe.
    pub half: R,
    /// Steps from the last change of the learning rate to the probe's start.
    pub elapsed: R,
    /// Largest coordinate, without its sign, at the window's end.
    pub reach: R,
    /// The recurrence found, in steps; 0 for none.
    pub period: R,
    /// Displacement over one period at the start of the search, and of the measurement.
    pub before: R,
    pub after: R,
    /// Growth of a tangent vector over the measurement, nats per step.
    pub growth: R,
}

/// What is remembered of a trajectory from window to window.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Memory<R> {
    /// The last contraction seen while the orbit still moved: its rate in nats per step, that rate
    /// times the steps elapsed, and the period. A rate of 0 means none.
    pub rate: R,
    pub score: R,
    pub period: R,
}

/// Whether a trajectory has ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Running,
    Ended(Fate),
}

/// The stopping rule.
///
/// With displacement d over a return of period p and contraction rate c per step, the distance to the
/// attractor before the return is d / (1 - exp(-c p)). A trajectory has arrived when that is below the
/// tolerance, when rounding (one unit in the last place per return) could not hold it further away
/// than [`RESOLVED`], when the contraction has lasted ([`SCORE_MIN`]), and when no tangent vector grows.
pub fn decide<R: Real>(probe: &Probe<R>, memory: &mut Memory<R>, rules: &Rules<R>) -> Verdict {
    let constant = R::from_f64;
    // Not `>`: a NaN must end here too.
    if !(probe.reach <= rules.escape) {
        return Verdict::Ended(Fate::Diverged);
    }
    if probe.period == R::ZERO {
        return Verdict::Running;
    }
    let ulp = R::EPSILON * probe.reach;
    let noise = constant(MOVING) * ulp;
    let error = constant(GROWTH_ERROR) / probe.half;
    let shrinking = -probe.growth;
    let (rate, score);
    if probe.before > noise {
        let floor = if probe.after < ulp { ulp } else { probe.after };
        // A displacement that turns as it shrinks is measured too fast; the tangent is not.
        let seen = if floor > R::ZERO { (probe.before / floor).ln() / probe.half } else { constant(64.0) };
        rate = if shrinking > error && shrinking < seen { shrinking } else { seen };
        score = rate * probe.elapsed;
        *memory = if rate > R::ZERO {
            Memory { rate, score, period: probe.period }
        } else {
            Memory { rate: R::ZERO, score: R::ZERO, period: R::ZERO }
        };
    } else if memory.rate > R::ZERO && memory.period == probe.period {
        rate = if shrinking > error && shrinking < memory.rate { shrinking } else { memory.rate };
        // Rounding may have stopped an orbit that still crept; one that contracts visibly has arrived.
        let lasting = if shrinking > error { shrinking * probe.elapsed } else { R::ZERO };
        score = if lasting > memory.score { lasting } else { memory.score };
    } else {
        rate = shrinking;
        score = rate * probe.elapsed;
    }
    // The share of the distance to the attractor that a return closes.
    let closed = -(-(rate * probe.period)).expm1();
    let excess = probe.after - ulp - ulp;
    let contracts = rate > R::ZERO && probe.growth <= error;
    let resolved = contracts && ulp <= closed * (constant(RESOLVED) * probe.reach + rules.tolerance);
    if resolved && score >= constant(SCORE_MIN) && excess <= closed * rules.tolerance {
        return Verdict::Ended(if probe.period == R::ONE { Fate::Converged } else { Fate::Periodic });
    }
    let frozen = probe.period == R::ONE && probe.before == R::ZERO && probe.after == R::ZERO;
    if frozen && !resolved {
        return Verdict::Ended(Fate::Stalled);
    }
    Verdict::Running
}

/// Sums over the samples of a trajectory that reached the end of its budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Samples<R> {
    /// Number of samples (windows), and of steps in all of them.
    pub count: R,
    pub steps: R,
    /// Mean growth per step of each sample: their sum and their squares' sum.
    pub growth: R,
    pub growth_squared: R,
    /// Largest extent of the orbit's box, after the first sample and after the last.
    pub extent_first: R,
    pub extent: R,
}

/// The fate at the end of the budget.
pub fn decide_at_end<R: Real>(samples: &Samples<R>) -> Fate {
    let constant = R::from_f64;
    if samples.steps == R::ZERO {
        return Fate::Undecided;
    }
    let mean = samples.growth / samples.count;
    let spread = samples.growth_squared / samples.count - mean * mean;
    let spread = if spread > R::ZERO { spread } else { R::ZERO };
    let fewer = if samples.count > R::ONE { samples.count - R::ONE } else { R::ONE };
    let error = (spread / fewer).sqrt();
    let bounded = samples.extent <= constant(CHAOS_EXTENT) * samples.extent_first;
    let grows = mean > constant(CHAOS_ERRORS) * error + constant(CHAOS_GROWTH) / samples.steps;
    if bounded && grows { Fate::Chaotic } else { Fate::Undecided }
}
