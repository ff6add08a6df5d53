//! How a trajectory ends: the one definition that both engines share.
//!
//! A trajectory is run in [windows](crate::window) of steps. In the first half of a window's *probe* the smallest
//! recurrence is searched, in the second half the cycle is measured. [`decide`] turns the measurements into a
//! verdict, and [`decide_at_end`] what was sampled in the last half of the budget, if that ends.
//! `shaders/fate.wgsl` says the same with the same names and constants; it returns as soon as it can, where this
//! takes no branch.

mod samples;

use serde::{Deserialize, Serialize};

pub use self::samples::{Samples, decide_at_end, moved, with_loss};
use crate::math::{Lane, Real};

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
    /// Left the escape radius, or the gradient is not finite, or the loss is no number where it ends.
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

/// Longest period that is looked for, unless an experiment says otherwise.
pub const PERIOD_MAX: u32 = 64;
/// Distance still to go at which an orbit has arrived, in units of the map's scale: the largest
/// initial coordinate, or 1 where all are 0.
pub const TOLERANCE: f64 = 1e-7;
/// Escape radius, in units of the map's scale.
pub const ESCAPE: f64 = 1e6;

/// The escape radius of a map of this scale, unless an experiment says otherwise: small starts may end at any size, and
/// do not diverge for that.
pub fn escape(scale: f64) -> f64 {
    ESCAPE * scale.max(1.0)
}

/// Two points count as one if they are nearer than this many tolerances: a fixed point that is
/// approached in alternating steps is otherwise taken for a cycle of two.
pub const MATCH: f64 = 16.0;
/// What rounding alone may move an orbit in one step, in units in the last place of its size.
pub const NOISE: f64 = 16.0;
/// How far rounding may hold an orbit from its attractor, in the same units. In f32 that is a
/// hundred-thousandth, ...
pub const RESOLVED: f64 = 80.0;
/// ... and how far it may keep an orbit in motion, around a point that draws it in slowly or lets it go slowly.
pub const JITTER: f64 = 800.0;
/// Displacements above this many such units, that shrink by this factor's logarithm and more, do so
/// because the orbit contracts.
pub const EVIDENT: f64 = 4.0;
/// See [`EVIDENT`].
pub const EVIDENT_SHRINKING: f64 = 1.5;
/// What shrinks by less than this factor does not by [`EVIDENT_SHRINKING`]: the shader then asks for no logarithm.
pub const EVIDENT_LEAST: f64 = 4.0;
/// After this many returns an orbit that drifts has come half as far as all of them together at least,
/// and one that rounding moves has not.
pub const DRIFT_RETURNS: f64 = 4.0;
/// A cycle is wider than this many times the distance to go.
pub const WIDER: f64 = 4.0;
/// Least product of contraction rate and elapsed steps. An approach like `t^-a` has a product of
/// about `a + 1` for ever, the power of t by which its displacements shrink; a geometric one passes any
/// bound.
pub const SCORE_MIN: f64 = 4.0;
/// The same before motion is put down to rounding: by then any start has shrunk below it.
pub const SCORE_JITTER: f64 = 20.0;
/// Displacements that shrink faster than this many times the rate of contraction do so for another reason.
pub const CAME_BY: f64 = 1.5;
/// The growth of a tangent vector over n steps is known to about this / n at first: the start's
/// alignment is not. Later its change from probe to probe tells more, ...
pub const GROWTH_ERROR: f64 = 2.0;
/// ... and rounding adds this many units in the last place per step.
pub const GROWTH_ROUNDING: f64 = 8.0;
/// An orbit at rest is judged once its growth is known this well; a growth below it may be none.
pub const GROWTH_SURE: f64 = 1e-3;
/// At the end of the budget a growth is told from none by this many standard errors, ...
pub const GROWTH_ERRORS: f64 = 3.0;
/// ... and this / (steps sampled), below which a slow straight-line escape and an approach like `t^-a` cannot be told apart.
pub const GROWTH_LEAST: f64 = 4.0;
/// The extent of a chaotic orbit stays within this many times the extent of the first sample.
pub const CHAOS_EXTENT: f64 = 4.0;
/// An orbit whose box shrinks by this factor from its first sample to its last probe comes to rest, ...
pub const CHAOS_SHRINKING: f64 = 64.0;
/// ... if the probe measures this many steps: in a few, chaotic orbits do not get far either.
pub const CHAOS_STEPS: f64 = 32.0;

/// Steps between two readings of a tangent vector, but for the measurement, which reads every one; its
/// length stays in an f32's range as long as one step does not change it more than a billionfold.
pub const GROWTH_STRIDE: u32 = 4;

/// What [`decide`] compares with, in the units of the landscape's variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules<R> {
    /// Distance from the attractor, in every variable, at which an orbit has arrived.
    pub tolerance: R,
    /// A variable larger than this has diverged.
    pub escape: R,
    /// Whether there is room for directions in which nothing contracts: with two dimensions and more.
    pub neutral: bool,
}

/// What a probe has measured of one trajectory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe<R> {
    /// Steps in each half of the probe.
    pub half: R,
    /// Steps from the last change of the learning rate to the probe's start, and to the measurement of
    /// the probe before it; -1 for the first.
    pub elapsed: R,
    /// ... the same for the probe before it; -1 for the first.
    pub last: R,
    /// Largest variable over the whole window, without its sign.
    pub reach: R,
    /// The same over the cycle, velocities included, as everything below.
    pub size: R,
    /// Longest side of the box around the cycle.
    pub extent: R,
    /// The recurrence found, in steps; 0 for none.
    pub period: R,
    /// Steps of the measurement that all the periods which fit in it take.
    pub measured: R,
    /// Displacement over one period at the start of the search, and of the measurement.
    pub before: R,
    /// See [`Probe::before`].
    pub after: R,
    /// Displacement over [`Probe::measured`] steps.
    pub far: R,
    /// Growth of a tangent vector over the measurement, nats per step.
    pub growth: R,
}

/// What is remembered of a trajectory from window to window, or of many, each value in a column of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory<R> {
    /// The best contraction of the displacement that was seen: its rate in nats per step, and the power
    /// of the elapsed steps that it amounts to. A rate of 0 means none.
    pub rate: R,
    /// See [`Memory::rate`].
    pub score: R,
    /// Displacement over the last measurement.
    pub far: R,
    /// The growth in it; [`Memory::UNKNOWN`] before the first.
    pub growth: R,
}

impl<T> Memory<T> {
    /// Everything in it, in order.
    pub fn each(&self) -> [&T; 4] {
        [&self.rate, &self.score, &self.far, &self.growth]
    }

    /// See [`Memory::each`].
    pub fn each_mut(&mut self) -> [&mut T; 4] {
        [&mut self.rate, &mut self.score, &mut self.far, &mut self.growth]
    }

    /// The same with each value made anew.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Memory<U> {
        Memory { rate: f(self.rate), score: f(self.score), far: f(self.far), growth: f(self.growth) }
    }
}

impl<R: Real> Memory<R> {
    /// A growth that no orbit has.
    pub const UNKNOWN: f64 = 1e30;

    /// What is known before the first window.
    pub fn new() -> Self {
        Self { rate: R::ZERO, score: R::ZERO, far: R::ZERO, growth: R::from_f64(Self::UNKNOWN) }
    }
}

impl<R: Real> Default for Memory<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a trajectory has ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet.
    Running,
    /// It has, like this.
    Ended(Fate),
}

/// What [`end`] says of a trajectory that runs on; other numbers are [`Fate`] codes.
pub const RUNNING: f64 = -1.0;

impl Verdict {
    /// The verdict that a code of [`end`] says.
    #[inline(always)]
    pub fn from_code<R: Real>(code: R) -> Self {
        match Fate::from_code(code.to_f64() as i8 as u8) {
            Some(fate) => Verdict::Ended(fate),
            None => Verdict::Running,
        }
    }
}

/// The stopping rule: how a trajectory has ended, if it has.
#[inline(always)]
pub fn decide<R: Real>(probe: &Probe<R>, memory: &mut Memory<R>, rules: &Rules<R>) -> Verdict {
    Verdict::from_code(end(probe, memory, rules))
}

/// The stopping rule, as the code of a fate or [`RUNNING`]. It takes no branch: compilers make vector instructions of a
/// loop over trajectories.
///
/// How fast an orbit contracts is told by a tangent vector where one shrinks beyond doubt. Where none
/// does, because nothing contracts along a line of minima, the displacements over a return tell it, as
/// long as they stand out from rounding. With displacement d over n steps, a number of whole returns, and rate c, the
/// distance to the attractor before them is at most d / (1 - exp(-c n)): it is that where an orbit comes straight, and
/// where it alternates and n is even.
///
/// A trajectory has arrived when that is below the tolerance, or when its displacements are those that
/// rounding keeps up for ever; when the contraction has lasted ([`SCORE_MIN`]); when rounding could not
/// hold it further away than [`RESOLVED`]; and when no tangent vector grows.
#[inline(always)]
pub fn end<R: Real>(probe: &Probe<R>, memory: &mut Memory<R>, rules: &Rules<R>) -> R {
    let constant = R::from_f64;
    let code = |fate: Fate| constant(f64::from(fate as u8));
    let Probe { half, elapsed, far, growth, .. } = *probe;
    let ulp = ulp(probe);
    let earlier = memory.far;
    remember_displacements(probe, ulp, memory);
    let found = probe.period != R::ZERO;
    let changed = (growth - memory.growth).abs() + constant(0.5 * GROWTH_ROUNDING) * R::EPSILON;
    let error = least(constant(GROWTH_ERROR) / half, changed + changed);
    memory.growth = R::choose(found, growth, memory.growth);

    let shrinking = -growth;
    let told = shrinking > error;
    let rate = seen(probe, R::choose(told, shrinking, memory.rate), ulp);
    let score = R::choose(told, rate * elapsed, memory.score);
    // Without a tangent vector that shrinks there must be one that is known not to grow, and room for both.
    let sure = error <= constant(GROWTH_SURE);
    let contracts = (rate > R::ZERO) & (growth <= error) & (told | (rules.neutral & sure));
    let closed = R::choose(contracts, closed(rate, probe.period), R::ZERO);
    let resolved = contracts & (ulp <= closed * (constant(RESOLVED) * ulp + rules.tolerance));

    // What shrank faster than this since the last probe was not drawn in, but came by: chaotic orbits pass
    // near cycles that they do not stay on.
    let kept = greatest(far, rules.tolerance + jitter(rate, probe.period, ulp));
    let since = elapsed + half - probe.last;
    let drawn_in = constant(CAME_BY) * (rate * since + R::ONE);
    let came_by = (probe.last >= R::ZERO) & ((earlier / kept).ln() > drawn_in);
    // A direction in which nothing contracts may be one in which it drifts, however slowly: then all that moves must be
    // rounding.
    let tolerance = R::choose(told, rules.tolerance, R::ZERO);
    let arrival = arrival(probe, (rate, closed, ulp), tolerance);
    let arrived = found & resolved & (score >= constant(SCORE_MIN)) & !came_by;

    // Where an orbit turns around its attractor as it comes, a tangent vector grows for a while and shrinks for a while.
    let grows = growth > error;
    let stalled = found & is_at_rest(probe) & !resolved & sure & !(rules.neutral & grows);
    let ended = R::choose(stalled, code(Fate::Stalled), constant(RUNNING));
    let ended = R::choose(arrived, arrival, ended);
    // A NaN ends here too.
    R::choose(probe.reach <= rules.escape, ended, code(Fate::Diverged))
}

/// Whether an orbit that contracts at `rate`, and closes this share of its distance in each return, has arrived: as the
/// code of a fate or [`RUNNING`].
#[inline(always)]
fn arrival<R: Real>(probe: &Probe<R>, (rate, closed, ulp): (R, R, R), tolerance: R) -> R {
    let constant = R::from_f64;
    let code = |fate: Fate| constant(f64::from(fate as u8));
    let Probe { half, elapsed, before, after, far, .. } = *probe;
    let jitter = jitter(rate, probe.period, ulp);
    // A step is no longer than twice the distance, and rounding blurs it.
    let to_go = greatest(far / self::closed(rate, probe.measured), constant(0.5) * after);
    let blurred = (ulp + ulp) / closed;
    let near = to_go <= tolerance + blurred;
    // Still on its way, an orbit would lose about exp(-rate half) of its displacement.
    let slowed = before * (constant(-0.5) * rate * half).exp() <= after;
    let lasts = rate * elapsed >= constant(SCORE_JITTER);
    let jitters = slowed & lasts & (greatest(before, greatest(after, far)) <= jitter);
    let arrived = near | jitters;
    // A cycle no wider than the distance to go may be a fixed point yet.
    let is_cycle = probe.extent > constant(WIDER) * (to_go + blurred);
    let ended = R::choose(arrived & is_cycle, code(Fate::Periodic), constant(RUNNING));
    R::choose(arrived & (probe.period == R::ONE), code(Fate::Converged), ended)
}

/// Notes how the displacements shrink: the best that was seen, until it is contradicted beyond what
/// rounding can do. An orbit that drifts contradicts it all.
#[inline(always)]
fn remember_displacements<R: Real>(probe: &Probe<R>, ulp: R, memory: &mut Memory<R>) {
    let Probe { half, elapsed, before, after, far, .. } = *probe;
    let is_first = probe.last < R::ZERO;
    let start = R::choose(is_first, elapsed, probe.last);
    let from = R::choose(is_first, before, memory.far);
    memory.far = far;
    let noise = R::from_f64(EVIDENT) * ulp;
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN does")]
    let stands_out = !(from <= noise);
    // An orbit at rest has been so since the search began, and to the last digit.
    let rests = is_at_rest(probe);
    let until = R::choose(rests, elapsed, elapsed + half);
    let remains = R::choose(rests, ulp, far + noise);
    let steps = until - start;
    let times_longer = (steps / (start + R::ONE)).log1p();
    let at_least = ((from - noise) / remains).ln();
    let is_better = (at_least >= R::from_f64(EVIDENT_SHRINKING)) & (at_least > memory.score * times_longer);
    let kept_up = R::choose(memory.rate > R::ZERO, jitter(memory.rate, R::ONE, ulp), noise);
    let at_most = ((from + kept_up) / greatest(far - kept_up, ulp)).ln();
    // Displacements that have shrunk to rounding's size contradict no rate.
    let moves = far > noise;
    let is_contradicted = (from > kept_up) & moves & (at_most < memory.score * times_longer);
    let returns = half / greatest(probe.period, R::ONE);
    let drifts = (returns >= R::from_f64(DRIFT_RETURNS))
        & moves
        & (far + far > returns * greatest(before, after))
        & (at_least <= R::ZERO);
    let changes = stands_out & (is_better | is_contradicted | drifts);
    let shrunk = greatest(at_least, R::ZERO);
    memory.rate = R::choose(changes, shrunk / steps, memory.rate);
    memory.score = R::choose(changes, shrunk / times_longer, memory.score);
}

/// The last place of an orbit's size: below the normal numbers rounding does not shrink with the size.
#[inline(always)]
fn ulp<R: Real>(probe: &Probe<R>) -> R {
    greatest(R::EPSILON * probe.size, R::LEAST)
}

/// A rate of contraction, as far as the probe itself has seen its displacements shrink.
#[inline(always)]
fn seen<R: Real>(probe: &Probe<R>, rate: R, ulp: R) -> R {
    let slowest = jitter(rate, probe.period, ulp);
    let remains = greatest(probe.after - slowest, ulp);
    let seen = least(rate, ((probe.before + slowest) / remains).ln() / probe.half);
    R::choose((rate > R::ZERO) & (probe.before > slowest), seen, rate)
}

/// Whether an orbit did not move at all.
#[inline(always)]
fn is_at_rest<R: Real>(probe: &Probe<R>) -> bool {
    let Probe { period, before, after, far, .. } = *probe;
    (period == R::ONE) & (before == R::ZERO) & (after == R::ZERO) & (far == R::ZERO)
}

/// The share of the distance to the attractor that so many steps close, if they come straight.
#[inline(always)]
fn closed<R: Real>(rate: R, steps: R) -> R {
    -(-(rate * steps)).expm1()
}

/// The motion that rounding keeps up in an orbit of size `ulp / EPSILON` that contracts at `rate`.
#[inline(always)]
fn jitter<R: Real>(rate: R, period: R, ulp: R) -> R {
    least(R::from_f64(NOISE) / closed(rate, period), R::from_f64(JITTER)) * ulp
}

/// How near two points of an orbit must be to be taken for one, relative to their size and beyond
/// [`MATCH`] tolerances, if the orbit's tangent vector has last grown by `growth` per step.
#[inline(always)]
pub fn match_grain<R: Real>(growth: R) -> R {
    // Where nothing seems to contract, something may, and slowly.
    let slowly = jitter(greatest(-growth, R::from_f64(NOISE / JITTER)), R::ONE, R::EPSILON);
    R::choose(growth < R::from_f64(GROWTH_SURE), slowly, R::from_f64(NOISE) * R::EPSILON)
}

/// The smaller of two, `a` if one is NaN.
#[inline(always)]
pub(crate) fn least<L: Lane>(a: L, b: L) -> L {
    L::choose(b.lt(a), b, a)
}

/// The larger of two, `a` if one is NaN.
#[inline(always)]
pub(crate) fn greatest<L: Lane>(a: L, b: L) -> L {
    L::choose(a.lt(b), b, a)
}
