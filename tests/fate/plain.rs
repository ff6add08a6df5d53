//! The stopping rule as one would write it down: it returns as soon as it can. The one that trajectories are judged by
//! takes no branch, and must come to the same, bit for bit.

use gdscope::fate::*;
use gdscope::math::Real;

/// See [`gdscope::fate::decide`].
pub fn decide<R: Real>(probe: &Probe<R>, memory: &mut Memory<R>, rules: &Rules<R>) -> Verdict {
    let constant = R::from_f64;
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN must end here too")]
    if !(probe.reach <= rules.escape) {
        return Verdict::Ended(Fate::Diverged);
    }
    let Probe { half, elapsed, before, after, far, growth, .. } = *probe;
    // Below the normal numbers rounding does not shrink with the size.
    let ulp = greatest(R::EPSILON * probe.size, R::LEAST);
    let earlier = memory.far;
    remember_displacements(probe, ulp, memory);
    if probe.period == R::ZERO {
        return Verdict::Running;
    }
    let changed = (growth - memory.growth).abs() + constant(0.5 * GROWTH_ROUNDING) * R::EPSILON;
    let error = least(constant(GROWTH_ERROR) / half, changed + changed);
    memory.growth = growth;

    let shrinking = -growth;
    let told = shrinking > error;
    let mut rate = if told { shrinking } else { memory.rate };
    if rate > R::ZERO {
        // Faster than this the probe itself has not seen its displacements shrink.
        let jitter = jitter(rate, probe.period, ulp);
        if before > jitter {
            let remains = greatest(after - jitter, ulp);
            rate = least(rate, ((before + jitter) / remains).ln() / half);
        }
    }
    let score = if told { rate * elapsed } else { memory.score };
    // Without a tangent vector that shrinks there must be one that is known not to grow, and room for both.
    let contracts =
        rate > R::ZERO && growth <= error && (told || (rules.neutral && error <= constant(GROWTH_SURE)));
    let closed = if contracts { closed(rate, probe.period) } else { R::ZERO };
    let resolved = contracts && ulp <= closed * (constant(RESOLVED) * ulp + rules.tolerance);
    if resolved && score >= constant(SCORE_MIN) {
        let jitter = jitter(rate, probe.period, ulp);
        // What shrank faster than this since the last probe was not drawn in, but came by: chaotic orbits pass
        // near cycles that they do not stay on.
        let kept = greatest(far, rules.tolerance + jitter);
        let since = elapsed + half - probe.last;
        let drawn_in = constant(CAME_BY) * (rate * since + R::ONE);
        let came_by = probe.last >= R::ZERO && (earlier / kept).ln() > drawn_in;
        // A step is no longer than twice the distance, and rounding blurs it.
        let to_go = greatest(far / self::closed(rate, probe.measured), constant(0.5) * after);
        let blurred = (ulp + ulp) / closed;
        // What nothing contracts may drift: all that moves must be rounding then.
        let tolerance = if told { rules.tolerance } else { R::ZERO };
        let near = !came_by && to_go <= tolerance + blurred;
        // Still on its way, an orbit would lose about exp(-rate half) of its displacement.
        let slowed = before * (constant(-0.5) * rate * half).exp() <= after;
        let jitters = !came_by
            && slowed
            && rate * elapsed >= constant(SCORE_JITTER)
            && greatest(before, greatest(after, far)) <= jitter;
        if (near || jitters) && probe.period == R::ONE {
            return Verdict::Ended(Fate::Converged);
        }
        // A cycle no wider than the distance to go may be a fixed point yet.
        if (near || jitters) && probe.extent > constant(WIDER) * (to_go + blurred) {
            return Verdict::Ended(Fate::Periodic);
        }
    }
    // Where an orbit turns around its attractor as it comes, a tangent vector grows for a while.
    let may_turn = rules.neutral && growth > error;
    if is_at_rest(probe) && !resolved && error <= constant(GROWTH_SURE) && !may_turn {
        return Verdict::Ended(Fate::Stalled);
    }
    Verdict::Running
}

/// Notes how the displacements shrink: the best that was seen, until it is contradicted beyond what
/// rounding can do. An orbit that drifts contradicts it all.
fn remember_displacements<R: Real>(probe: &Probe<R>, ulp: R, memory: &mut Memory<R>) {
    let Probe { half, elapsed, before, after, far, .. } = *probe;
    let is_first = probe.last < R::ZERO;
    let (start, from) = if is_first { (elapsed, before) } else { (probe.last, memory.far) };
    memory.far = far;
    let noise = R::from_f64(EVIDENT) * ulp;
    if from <= noise {
        return;
    }
    // An orbit at rest has been so since the search began, and to the last digit.
    let (until, remains) = if is_at_rest(probe) { (elapsed, ulp) } else { (elapsed + half, far + noise) };
    // Nothing to contradict, and nothing better.
    if memory.rate == R::ZERO && from - noise < R::from_f64(EVIDENT_LEAST) * remains {
        return;
    }
    let steps = until - start;
    let times_longer = (steps / (start + R::ONE)).log1p();
    let at_least = ((from - noise) / remains).ln();
    let is_better = at_least >= R::from_f64(EVIDENT_SHRINKING) && at_least > memory.score * times_longer;
    let kept_up = if memory.rate > R::ZERO { jitter(memory.rate, R::ONE, ulp) } else { noise };
    let at_most = ((from + kept_up) / greatest(far - kept_up, ulp)).ln();
    // Displacements that have shrunk to rounding's size contradict no rate.
    let is_contradicted = from > kept_up && far > noise && at_most < memory.score * times_longer;
    let returns = half / greatest(probe.period, R::ONE);
    let drifts =
        returns >= R::from_f64(DRIFT_RETURNS) && far > noise && far + far > returns * greatest(before, after);
    if is_better || is_contradicted || (drifts && at_least <= R::ZERO) {
        let shrunk = greatest(at_least, R::ZERO);
        (memory.rate, memory.score) = (shrunk / steps, shrunk / times_longer);
    }
}

/// Whether an orbit did not move at all.
fn is_at_rest<R: Real>(probe: &Probe<R>) -> bool {
    let Probe { period, before, after, far, .. } = *probe;
    period == R::ONE && before == R::ZERO && after == R::ZERO && far == R::ZERO
}

/// The share of the distance to the attractor that so many steps close, if they come straight.
fn closed<R: Real>(rate: R, steps: R) -> R {
    -(-(rate * steps)).expm1()
}

/// The motion that rounding keeps up in an orbit of size `ulp / EPSILON` that contracts at `rate`.
fn jitter<R: Real>(rate: R, period: R, ulp: R) -> R {
    least(R::from_f64(NOISE) / closed(rate, period), R::from_f64(JITTER)) * ulp
}

/// The smaller of two, `a` if one is NaN.
fn least<R: Real>(a: R, b: R) -> R {
    if b < a { b } else { a }
}

/// The larger of two, `a` if one is NaN.
fn greatest<R: Real>(a: R, b: R) -> R {
    if a < b { b } else { a }
}

/// Numbers in which sizes, zeros, ties and what is no number come up.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.next() as usize % all.len()]
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A distance.
    fn distance(&mut self, epsilon: f64) -> f64 {
        match self.next() % 16 {
            0 => 0.0,
            1 => epsilon,
            2 => self.of(&[f64::NAN, f64::INFINITY, 1e-300, 1.0]),
            3..9 => epsilon * self.between(0.0, 1000.0),
            _ => self.between(-20.0, 1.0).exp(),
        }
    }

    fn growth(&mut self, epsilon: f64) -> f64 {
        match self.next() % 8 {
            0 => self.of(&[0.0, -GROWTH_SURE, GROWTH_SURE, f64::NAN, f64::NEG_INFINITY]),
            1 => epsilon * self.between(-20.0, 20.0),
            2..5 => -self.between(-9.0, 1.0).exp(),
            _ => self.between(-0.5, 0.5),
        }
    }
}

fn agree<R: Real>(seed: u64, cases: usize) {
    let mut numbers = Numbers(seed);
    let (epsilon, real) = (R::EPSILON.to_f64(), R::from_f64);
    let mut ends = [0; 7];
    for case in 0..cases {
        let rests = numbers.next().is_multiple_of(8);
        let elapsed = numbers.of(&[0.0, 16.0, 40.0, 1000.0, 1e5]);
        let half = numbers.of(&[16.0, 40.0, 512.0]);
        let period = numbers.of(&[0.0, 1.0, 1.0, 2.0, 5.0, 64.0]);
        let probe = Probe {
            half: real(half),
            elapsed: real(elapsed),
            last: real(numbers.of(&[-1.0, 0.5 * elapsed])),
            reach: real(numbers.of(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1e6, 1.1e6, f64::NAN])),
            size: real(numbers.of(&[0.0, 1.0, 1.0, 1.0, 30.0, 1e-30])),
            extent: real(numbers.distance(epsilon)),
            period: real(period),
            measured: real(if period > 0.0 { period * (half / period).floor() } else { half }),
            before: real(if rests { 0.0 } else { numbers.distance(epsilon) }),
            after: real(if rests { 0.0 } else { numbers.distance(epsilon) }),
            far: real(if rests { 0.0 } else { numbers.distance(epsilon) }),
            growth: real(numbers.growth(epsilon)),
        };
        let remembers = !numbers.next().is_multiple_of(3);
        let mut memory = Memory {
            rate: real(if remembers { numbers.between(-9.0, 1.0).exp() } else { 0.0 }),
            score: real(if remembers { numbers.between(0.0, 30.0) } else { 0.0 }),
            far: real(numbers.distance(epsilon)),
            growth: real(numbers.of(&[probe.growth.to_f64(), -0.01, Memory::<f64>::UNKNOWN])),
        };
        let tolerance = real(numbers.of(&[1e-7, 1e-9, 1e-3]));
        let rules = Rules { tolerance, escape: real(1e6), neutral: numbers.next().is_multiple_of(2) };
        let (own, mut plain) = (memory, memory);
        let expected = decide(&probe, &mut plain, &rules);
        let found = gdscope::fate::decide(&probe, &mut memory, &rules);
        assert_eq!(found, expected, "case {case}: {probe:?}, {own:?}, {rules:?}");
        ends[match found {
            Verdict::Running => 6,
            Verdict::Ended(fate) => fate as usize,
        }] += 1;
        // What is remembered of one that has left is never asked for.
        if found != Verdict::Ended(Fate::Diverged) {
            let bits = |memory: Memory<R>| {
                memory.each().map(|value| if value.to_f64().is_nan() { u64::MAX } else { value.word() })
            };
            assert_eq!(bits(memory), bits(plain), "case {case}: {probe:?}, {own:?}, {rules:?}");
        }
    }
    // All that a verdict can be has been: converged, periodic, diverged, stalled, running.
    assert!([1, 2, 4, 5, 6].into_iter().all(|end| ends[end] >= cases / 5000), "{ends:?}");
}

#[test]
fn the_rule_without_branches_is_the_plain_one() {
    agree::<f32>(1, 400_000);
    agree::<f64>(2, 400_000);
}
