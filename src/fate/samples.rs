//! The fate of a trajectory that reached the end of its budget, by what its samples have measured.

use super::{
    CHAOS_EXTENT, CHAOS_SHRINKING, CHAOS_STEPS, Fate, GROWTH_ERRORS, GROWTH_LEAST, JITTER, MATCH, Probe,
    RESOLVED, Rules, Verdict, arrival, closed, greatest, is_at_rest, ulp,
};
use crate::math::Real;

/// Sums over the samples of a trajectory that reached the end of its budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Samples<R> {
    /// Number of samples (windows).
    pub count: R,
    /// Steps in all of them.
    pub steps: R,
    /// Growth per step of the samples: its mean, and that of its square, over all steps.
    pub growth: R,
    /// See [`Samples::growth`].
    pub growth_squared: R,
    /// Largest extent of the orbit's box, after the first sample and after the last.
    pub extent_first: R,
    /// Largest side of the box, after the last sample.
    pub extent: R,
    /// Whether one of its sides is [`moved`].
    pub moves: bool,
}

/// Whether a coordinate that was as low and as high as this has gone further than rounding moves it around a point.
#[inline(always)]
pub fn moved<R: Real>(low: R, high: R) -> bool {
    let size = greatest(-low, high);
    high - low > R::from_f64(JITTER) * greatest(R::EPSILON * size, R::LEAST)
}

/// The fate at the end of the budget, which its samples tell; and of the last probe where it found the orbit.
///
/// Half of the budget knows a growth better than a probe does, around which an orbit may turn on its way. One that moves
/// no further than rounding moves it is not chaotic, whatever its tangent vector does: rounding holds it at a point that
/// repels. Nor is one that stays within what counts as one point ([`MATCH`]), or that comes to rest at such a point, along a
/// direction that draws it in. A single sample does not tell whether an orbit stays within bounds.
#[inline(always)]
pub fn decide_at_end<R: Real>(samples: &Samples<R>, probe: &Probe<R>, rules: &Rules<R>) -> Fate {
    let constant = R::from_f64;
    if samples.count < constant(2.0) {
        return Fate::Undecided;
    }
    let mean = samples.growth;
    let spread = greatest(samples.growth_squared - mean * mean, R::ZERO);
    let error = constant(GROWTH_ERRORS) * (spread / (samples.count - R::ONE)).sqrt();
    let margin = error + constant(GROWTH_LEAST) / samples.steps;
    let bounded = samples.extent <= constant(CHAOS_EXTENT) * samples.extent_first;
    if is_at_rest(probe) && mean > R::ZERO {
        return Fate::Stalled;
    }
    if mean > margin {
        let comes_to_rest = probe.half >= constant(CHAOS_STEPS)
            && probe.extent * constant(CHAOS_SHRINKING) < samples.extent_first;
        let moves = samples.moves && samples.extent > constant(MATCH) * rules.tolerance;
        return if bounded && !comes_to_rest && moves { Fate::Chaotic } else { Fate::Undecided };
    }
    let ulp = ulp(probe);
    let rate = -mean;
    let closed = closed(rate, probe.period);
    let resolved = ulp <= closed * (constant(RESOLVED) * ulp + rules.tolerance);
    if -mean > margin && probe.period > R::ZERO && resolved {
        return match Verdict::from_code(arrival(probe, (rate, closed, ulp), rules.tolerance)) {
            Verdict::Ended(fate) => fate,
            Verdict::Running => Fate::Undecided,
        };
    }
    Fate::Undecided
}

/// The fate of an orbit by its mean `loss`, if it was measured: where that is no number there is no descent, whatever the
/// derivative of its formula says.
#[inline(always)]
pub fn with_loss<R: Real>(fate: Fate, loss: Option<R>) -> Fate {
    match loss {
        Some(loss) if loss.partial_cmp(&loss).is_none() => Fate::Diverged,
        _ => fate,
    }
}
