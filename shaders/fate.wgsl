// How a trajectory ends: the twin of src/fate.rs, whose constants are put in front of this text.

struct Probe {
    half_steps: Float,
    elapsed: Float,
    last: Float,
    reach: Float,
    size: Float,
    extent: Float,
    period: Float,
    measured: Float,
    before: Float,
    after: Float,
    far: Float,
    growth: Float,
}

struct Memory {
    rate: Float,
    score: Float,
    far: Float,
    growth: Float,
}

struct Samples {
    count: Float,
    steps: Float,
    growth: Float,
    growth_squared: Float,
    extent_first: Float,
    extent: Float,
    moves: bool,
}

// Whether a coordinate that was as low and as high as this has gone further than rounding moves it around a point.
fn moved(low: Float, high: Float) -> bool {
    return high - low > JITTER * max(EPSILON * max(-low, high), LEAST);
}

struct Judgement {
    fate: u32,
    memory: Memory,
}

// RUNNING or a fate.
fn decide(probe: Probe, memory_before: Memory) -> Judgement {
    var memory = memory_before;
    if size_bits(probe.reach) > size_bits(ESCAPE) {
        return Judgement(DIVERGED, memory);
    }
    let half_steps = probe.half_steps;
    let far = probe.far;
    let growth = probe.growth;
    let ulp = ulp_of(probe);
    let earlier = memory.far;
    remember_displacements(probe, ulp, &memory);
    if probe.period == 0.0 {
        return Judgement(RUNNING, memory);
    }
    let changed = abs(growth - memory.growth) + (0.5 * GROWTH_ROUNDING) * EPSILON;
    let error = min(GROWTH_ERROR / half_steps, changed + changed);
    memory.growth = growth;

    let shrinking = -growth;
    let told = shrinking > error;
    let rate = seen_rate(probe, select(memory.rate, shrinking, told), ulp);
    let score = select(memory.score, rate * probe.elapsed, told);
    // Without a tangent vector that shrinks there must be one that is known not to grow, and room for both.
    let sure = error <= GROWTH_SURE;
    let contracts = rate > 0.0 && growth <= error && (told || (DIMS > 1u && sure));
    var closed: Float = 0.0;
    if contracts {
        closed = closed_share(rate, probe.period);
    }
    let resolved = contracts && ulp <= closed * (RESOLVED * ulp + TOLERANCE);
    if resolved && score >= SCORE_MIN {
        // What shrank faster than this since the last probe was not drawn in, but came by: chaotic orbits pass
        // near cycles that they do not stay on.
        let kept = max(far, TOLERANCE + jitter(rate, probe.period, ulp));
        let since = probe.elapsed + half_steps - probe.last;
        let drawn_in = CAME_BY * (rate * since + 1.0);
        let came_by = probe.last >= 0.0 && m_log(earlier / kept) > drawn_in;
        if !came_by {
            // A direction in which nothing contracts may be one in which it drifts, however slowly: then all that moves
            // must be rounding.
            return Judgement(arrival(probe, rate, closed, ulp, select(0.0, TOLERANCE, told)), memory);
        }
    }
    // Where an orbit turns around its attractor as it comes, a tangent vector grows for a while and shrinks for a while.
    let may_turn = DIMS > 1u && growth > error;
    if is_at_rest(probe) && !resolved && sure && !may_turn {
        return Judgement(STALLED, memory);
    }
    return Judgement(RUNNING, memory);
}

// Whether an orbit that contracts at `rate`, and closes this share of its distance in each return, has arrived: RUNNING
// or a fate.
fn arrival(probe: Probe, rate: Float, closed: Float, ulp: Float, tolerance: Float) -> u32 {
    let jitter = jitter(rate, probe.period, ulp);
    // A step is no longer than twice the distance, and rounding blurs it.
    let to_go = max(probe.far / closed_share(rate, probe.measured), 0.5 * probe.after);
    let blurred = (ulp + ulp) / closed;
    let near = to_go <= tolerance + blurred;
    // Still on its way, an orbit would lose about exp(-rate half) of its displacement.
    let slowed = probe.before * m_exp(-0.5 * rate * probe.half_steps) <= probe.after;
    let lasts = rate * probe.elapsed >= SCORE_JITTER;
    let jitters = slowed && lasts && max(probe.before, max(probe.after, probe.far)) <= jitter;
    if !(near || jitters) {
        return RUNNING;
    }
    if probe.period == 1.0 {
        return CONVERGED;
    }
    // A cycle no wider than the distance to go may be a fixed point yet.
    return select(RUNNING, PERIODIC, probe.extent > WIDER * (to_go + blurred));
}

// Notes how the displacements shrink: the best that was seen, until it is contradicted beyond what
// rounding can do. An orbit that drifts contradicts it all.
fn remember_displacements(probe: Probe, ulp: Float, memory: ptr<function, Memory>) {
    let far = probe.far;
    let is_first = probe.last < 0.0;
    let start = select(probe.last, probe.elapsed, is_first);
    let before = select((*memory).far, probe.before, is_first);
    (*memory).far = far;
    let noise = EVIDENT * ulp;
    if before <= noise {
        return;
    }
    // An orbit at rest has been so since the search began, and to the last digit.
    let rests = is_at_rest(probe);
    let until = select(probe.elapsed + probe.half_steps, probe.elapsed, rests);
    let remains = select(far + noise, ulp, rests);
    // Nothing to contradict, and nothing better.
    if (*memory).rate == 0.0 && before - noise < EVIDENT_LEAST * remains {
        return;
    }
    let steps = until - start;
    let times_longer = m_log1p(steps / (start + 1.0));
    let at_least = m_log((before - noise) / remains);
    let is_better = at_least >= EVIDENT_SHRINKING && at_least > (*memory).score * times_longer;
    var kept_up = noise;
    if (*memory).rate > 0.0 {
        kept_up = jitter((*memory).rate, 1.0, ulp);
    }
    let at_most = m_log((before + kept_up) / max(far - kept_up, ulp));
    // Displacements that have shrunk to rounding's size contradict no rate.
    let is_contradicted = before > kept_up && far > noise && at_most < (*memory).score * times_longer;
    let returns = probe.half_steps / max(probe.period, 1.0);
    let drifts = returns >= DRIFT_RETURNS && far > noise && far + far > returns * max(probe.before, probe.after);
    if is_better || is_contradicted || (drifts && at_least <= 0.0) {
        let shrunk = max(at_least, 0.0);
        (*memory).rate = shrunk / steps;
        (*memory).score = shrunk / times_longer;
    }
}

// The last place of an orbit's size: below the normal numbers rounding does not shrink with the size.
fn ulp_of(probe: Probe) -> Float {
    return max(EPSILON * probe.size, LEAST);
}

// A rate of contraction, as far as the probe itself has seen its displacements shrink.
fn seen_rate(probe: Probe, rate: Float, ulp: Float) -> Float {
    if rate <= 0.0 {
        return rate;
    }
    let slowest = jitter(rate, probe.period, ulp);
    if probe.before <= slowest {
        return rate;
    }
    let remains = max(probe.after - slowest, ulp);
    return min(rate, m_log((probe.before + slowest) / remains) / probe.half_steps);
}

// Whether an orbit did not move at all.
fn is_at_rest(probe: Probe) -> bool {
    return probe.period == 1.0 && probe.before == 0.0 && probe.after == 0.0 && probe.far == 0.0;
}

// The share of the distance to the attractor that so many steps close, if they come straight.
fn closed_share(rate: Float, steps: Float) -> Float {
    return -m_expm1(-(rate * steps));
}

// The motion that rounding keeps up in an orbit of size `ulp / EPSILON` that contracts at `rate`.
fn jitter(rate: Float, period: Float, ulp: Float) -> Float {
    return min(NOISE / closed_share(rate, period), JITTER) * ulp;
}

// How near two points of an orbit must be to be taken for one, relative to their size and beyond MATCH
// tolerances, if the orbit's tangent vector has last grown by `growth` per step.
fn match_grain(growth: Float) -> Float {
    if growth < GROWTH_SURE {
        // Where nothing seems to contract, something may, and slowly.
        return jitter(max(-growth, NOISE / JITTER), 1.0, EPSILON);
    }
    return NOISE * EPSILON;
}

// The fate at the end of the budget, which its samples tell; and of the last probe where it found the orbit.
fn decide_at_end(samples: Samples, probe: Probe) -> u32 {
    // A single sample does not tell whether an orbit stays within bounds.
    if samples.count < 2.0 {
        return UNDECIDED;
    }
    let mean = samples.growth;
    let spread = max(samples.growth_squared - mean * mean, 0.0);
    let error = GROWTH_ERRORS * sqrt(spread / (samples.count - 1.0));
    let margin = error + GROWTH_LEAST / samples.steps;
    if is_at_rest(probe) && mean > 0.0 {
        return STALLED;
    }
    if mean > margin {
        // An orbit that moves no further than rounding moves it is not chaotic: rounding holds it at a point that repels.
        // Nor is one that stays within what counts as one point, or comes to rest at one that draws it in along a direction.
        let bounded = samples.extent <= CHAOS_EXTENT * samples.extent_first;
        let moves = samples.moves && samples.extent > MATCH * TOLERANCE;
        let comes_to_rest = probe.half_steps >= CHAOS_STEPS && probe.extent * CHAOS_SHRINKING < samples.extent_first;
        return select(UNDECIDED, CHAOTIC, bounded && !comes_to_rest && moves);
    }
    if -mean > margin && probe.period > 0.0 {
        let ulp = ulp_of(probe);
        let rate = -mean;
        let closed = closed_share(rate, probe.period);
        if ulp <= closed * (RESOLVED * ulp + TOLERANCE) {
            let fate = arrival(probe, rate, closed, ulp, TOLERANCE);
            return select(fate, UNDECIDED, fate == RUNNING);
        }
    }
    return UNDECIDED;
}

// The fate of an orbit by its mean loss: where that is no number there is no descent.
fn with_loss(fate: u32, loss: Float) -> u32 {
    return select(fate, DIVERGED, size_bits(loss) > INFINITY);
}
