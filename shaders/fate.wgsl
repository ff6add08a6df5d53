// How a trajectory ends: the twin of src/fate.rs, whose constants are put in front of this text.

struct Probe {
    half_steps: Float,
    elapsed: Float,
    last: Float,
    reach: Float,
    size: Float,
    extent: Float,
    period: Float,
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
fn decide(probe: Probe, memory_before: Memory, tolerance: Float, escape: Float) -> Judgement {
    var memory = memory_before;
    if size_bits(probe.reach) > size_bits(escape) {
        return Judgement(DIVERGED, memory);
    }
    let half_steps = probe.half_steps;
    let before = probe.before;
    let after = probe.after;
    let far = probe.far;
    let growth = probe.growth;
    // Below the normal numbers rounding does not shrink with the size.
    let ulp = max(EPSILON * probe.size, LEAST);
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
    var rate = select(memory.rate, shrinking, told);
    if rate > 0.0 {
        // Faster than this the probe itself has not seen its displacements shrink.
        let jitter = jitter(rate, probe.period, ulp);
        if before > jitter {
            let remains = max(after - jitter, ulp);
            rate = min(rate, m_log((before + jitter) / remains) / half_steps);
        }
    }
    let score = select(memory.score, rate * probe.elapsed, told);
    // Without a tangent vector that shrinks there must be one that is known not to grow, and room for both.
    let contracts = rate > 0.0 && growth <= error && (told || (DIMS > 1u && error <= GROWTH_SURE));
    var closed: Float = 0.0;
    if contracts {
        closed = closed_share(rate, probe.period);
    }
    let resolved = contracts && ulp <= closed * (RESOLVED * ulp + tolerance);
    if resolved && score >= SCORE_MIN {
        let jitter = jitter(rate, probe.period, ulp);
        // What shrank faster than this since the last probe was not drawn in, but came by: chaotic orbits pass
        // near cycles that they do not stay on.
        let kept = max(far, tolerance + jitter);
        let since = probe.elapsed + half_steps - probe.last;
        let drawn_in = CAME_BY * (rate * since + 1.0);
        let came_by = probe.last >= 0.0 && m_log(earlier / kept) > drawn_in;
        let near = !came_by && after <= closed * tolerance + (ulp + ulp) && far <= tolerance + jitter;
        // Still on its way, an orbit would lose about exp(-rate half) of its displacement.
        let slowed = before * m_exp(-0.5 * rate * half_steps) <= after;
        let jitters = !came_by && slowed && rate * probe.elapsed >= SCORE_JITTER && max(before, max(after, far)) <= jitter;
        if (near || jitters) && probe.period == 1.0 {
            return Judgement(CONVERGED, memory);
        }
        // A cycle no wider than the distance to go may be a fixed point yet.
        let to_go = (after + (ulp + ulp)) / closed;
        if (near || jitters) && probe.extent > WIDER * to_go {
            return Judgement(PERIODIC, memory);
        }
    }
    if is_at_rest(probe) && !resolved && error <= GROWTH_SURE {
        return Judgement(STALLED, memory);
    }
    return Judgement(RUNNING, memory);
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

// Whether an orbit did not move at all.
fn is_at_rest(probe: Probe) -> bool {
    return probe.period == 1.0 && probe.before == 0.0 && probe.after == 0.0 && probe.far == 0.0;
}

// The share of the distance to the attractor that a return closes.
fn closed_share(rate: Float, period: Float) -> Float {
    return -m_expm1(-(rate * period));
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

fn decide_at_end(samples: Samples) -> u32 {
    // An orbit that moves no further than rounding moves it is not chaotic: rounding holds it at a point that repels.
    if samples.steps == 0.0 || !samples.moves {
        return UNDECIDED;
    }
    let mean = samples.growth / samples.count;
    let spread = max(samples.growth_squared / samples.count - mean * mean, 0.0);
    let error = sqrt(spread / max(samples.count - 1.0, 1.0));
    let bounded = samples.extent <= CHAOS_EXTENT * samples.extent_first;
    let grows = mean > CHAOS_ERRORS * error + CHAOS_GROWTH / samples.steps;
    return select(UNDECIDED, CHAOTIC, bounded && grows);
}

// The fate of an orbit by its mean loss: where that is no number there is no descent.
fn with_loss(fate: u32, loss: Float) -> u32 {
    return select(fate, DIVERGED, size_bits(loss) > INFINITY);
}
