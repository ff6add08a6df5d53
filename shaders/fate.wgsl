// How a trajectory ends: the twin of src/fate.rs, whose constants are put in front of this text.

struct Probe {
    half_steps: f32,
    elapsed: f32,
    reach: f32,
    period: f32,
    before: f32,
    after: f32,
    growth: f32,
}

struct Memory {
    rate: f32,
    score: f32,
    period: f32,
}

struct Samples {
    count: f32,
    steps: f32,
    growth: f32,
    growth_squared: f32,
    extent_first: f32,
    extent: f32,
}

struct Judgement {
    fate: u32,
    memory: Memory,
}

// The bits of a number without its sign grow with it, and those of inf and NaN are the largest: a
// comparison of bits sees them, where a compiler may assume that floats are finite.
fn size_bits(a: f32) -> u32 {
    return bitcast<u32>(a) & 0x7fffffffu;
}

// RUNNING or a fate.
fn decide(probe: Probe, memory_before: Memory, tolerance: f32, escape: f32) -> Judgement {
    var memory = memory_before;
    if size_bits(probe.reach) > size_bits(escape) {
        return Judgement(DIVERGED, memory);
    }
    if probe.period == 0.0 {
        return Judgement(RUNNING, memory);
    }
    let ulp = EPSILON * probe.reach;
    let noise = MOVING * ulp;
    let error = GROWTH_ERROR / probe.half_steps;
    let shrinking = -probe.growth;
    var rate: f32;
    var score: f32;
    if probe.before > noise {
        let least = max(probe.after, ulp);
        var seen = 64.0;
        if least > 0.0 {
            seen = m_log(probe.before / least) / probe.half_steps;
        }
        rate = select(seen, shrinking, shrinking > error && shrinking < seen);
        score = rate * probe.elapsed;
        memory = Memory(0.0, 0.0, 0.0);
        if rate > 0.0 {
            memory = Memory(rate, score, probe.period);
        }
    } else if memory.rate > 0.0 && memory.period == probe.period {
        rate = select(memory.rate, shrinking, shrinking > error && shrinking < memory.rate);
        // Rounding may have stopped an orbit that still crept; one that contracts visibly has arrived.
        score = max(memory.score, select(0.0, shrinking * probe.elapsed, shrinking > error));
    } else {
        rate = shrinking;
        score = rate * probe.elapsed;
    }
    // The share of the distance to the attractor that a return closes.
    let closed = -m_expm1(-(rate * probe.period));
    let excess = probe.after - ulp - ulp;
    let contracts = rate > 0.0 && probe.growth <= error;
    let resolved = contracts && ulp <= closed * (RESOLVED * probe.reach + tolerance);
    if resolved && score >= SCORE_MIN && excess <= closed * tolerance {
        return Judgement(select(PERIODIC, CONVERGED, probe.period == 1.0), memory);
    }
    let frozen = probe.period == 1.0 && probe.before == 0.0 && probe.after == 0.0;
    if frozen && !resolved {
        return Judgement(STALLED, memory);
    }
    return Judgement(RUNNING, memory);
}

fn decide_at_end(samples: Samples) -> u32 {
    if samples.steps == 0.0 {
        return UNDECIDED;
    }
    let mean = samples.growth / samples.count;
    let spread = max(samples.growth_squared / samples.count - mean * mean, 0.0);
    let error = sqrt(spread / max(samples.count - 1.0, 1.0));
    let bounded = samples.extent <= CHAOS_EXTENT * samples.extent_first;
    let grows = mean > CHAOS_ERRORS * error + CHAOS_GROWTH / samples.steps;
    return select(UNDECIDED, CHAOTIC, bounded && grows);
}
