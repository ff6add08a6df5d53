// A window of gradient descent, one trajectory per invocation; the twin of src/engine/cpu/descend.rs.
//
// In front of this text stand math.wgsl, noise.wgsl where there is noise, fate.wgsl, what is generated
// from the formulas: DIMS (of the state), VARIABLES (of them, the first ones), WEIGHTS, `initial`,
// `quantities`, `advance` and `measure`; and lanes.wgsl.

fn grow(v: ptr<function, Point>, growth: ptr<function, Growth>, inside: bool) {
    var length = Bits(0);
    for (var d = 0u; d < DIMS; d++) {
        length = max(length, size_bits((*v)[d]));
    }
    let biased = i32(length >> MANTISSA);
    let scale = power_of_two(BIAS - biased);
    // A vector that has vanished or overflowed starts anew.
    let lost = biased == 0 || biased == 2 * BIAS + 1;
    for (var d = 0u; d < DIMS; d++) {
        (*v)[d] = select((*v)[d] * scale, 1.0, lost);
    }
    if inside {
        (*growth).exponent += Float(biased - BIAS);
        (*growth).factor = select(bitcast<Float>(length) * scale, 1.0, lost);
    }
}

fn growth_over(growth: Growth, steps: Float) -> Float {
    return (growth.exponent * LN_2 + m_log(growth.factor / growth.factor_start)) / steps;
}

// In the variables alone.
fn half_diagonal(low: Point, high: Point) -> Float {
    var lows = low;
    var highs = high;
    var squares: Float = 0.0;
    for (var d = 0u; d < VARIABLES; d++) {
        let side = highs[d] - lows[d];
        squares += side * side;
    }
    return 0.5 * sqrt(squares);
}

// Whether an orbit that is `distance` from an earlier point of its own has come back to it.
fn is_return(distance: Float, reach: Float, grain: Float) -> bool {
    return distance <= MATCH * TOLERANCE + grain * reach;
}

// Notes step `t` if it is the first at the target.
fn note(reached: ptr<function, Float>, loss: Float, t: u32) {
    if TARGETED && size_bits(loss) <= INFINITY && loss <= TARGET && *reached < 0.0 {
        *reached = Float(t);
    }
}

// The steps of a phase that this dispatch does: after the first number, up to the second.
fn part(start: u32, length: u32) -> vec2<u32> {
    if !CUT {
        return vec2(0u, length);
    }
    return clamp(vec2(slice.begin, slice.end), vec2(start), vec2(start + length)) - vec2(start);
}

@compute @workgroup_size(WORKGROUP)
fn descend(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= slice.count {
        return;
    }
    let lane = running[slice.first + id.x];
    let cell = cells[lane];
    let q = quantities(cell);
    var x: Point;
    var v: Point;
    var memory = Memory(0.0, 0.0, 0.0, GROWTH_UNKNOWN);
    if slice.start + slice.begin == 0u {
        x = initial(cell);
        v = tangent_start();
    } else {
        x = load_point(0u, lane);
        v = load_point(DIMS, lane);
        memory = load_memory(lane);
    }
    if slice.begin == 0u {
        // See Block::begin in src/engine/cpu/block.rs.
        for (var d = 0u; d < DIMS; d++) {
            x[d] = select(x[d], 0.0, abs(x[d]) < LEAST);
        }
    }
    // Points that are indexed stand alone: a compiler of DirectX does not index those of a struct.
    var reference: Point;
    var cycle_low: Point;
    var cycle_high: Point;
    var cycle_point: Point;
    var seen: Seen;
    var growth: Growth;
    if CUT && slice.begin > 0u {
        reference = load_point(SEEN, lane);
        cycle_low = load_point(SEEN + DIMS, lane);
        cycle_high = load_point(SEEN + 2u * DIMS, lane);
        cycle_point = load_point(SEEN + 3u * DIMS, lane);
        seen = load_seen(lane);
        growth = load_growth(lane);
    }
    var reached: Float = -1.0;
    if TARGETED && slice.start + slice.begin > 0u {
        reached = load(REACHED, lane);
    }
    var t = slice.start + slice.begin;

    // Nothing is observed. The point has a name of its own, by which it is never indexed: it may stay in registers.
    let advanced = part(0u, slice.advance);
    var point = x;
    for (let until = t + advanced.y - advanced.x; t < until; t++) {
        let next = advance(point, q, t, cell);
        point = next.x;
        seen.reach = max(seen.reach, reach_of(point));
        note(&reached, next.loss, t);
    }
    x = point;

    // The smallest recurrence is searched, and the tangent vector aligned.
    let searched = part(slice.advance, slice.half_steps);
    if searched.x == 0u && searched.y > 0u {
        reference = x;
        seen.before = FAR;
    }
    let grain = match_grain(memory.growth);
    for (var s = searched.x + 1u; s <= searched.y; s++) {
        let next = measure(x, v, q, t, cell);
        x = next.x;
        v = next.v;
        seen.reach = max(seen.reach, reach_of(next.x));
        note(&reached, next.loss, t);
        t++;
        if s % GROWTH_STRIDE == 0u {
            grow(&v, &growth, true);
        }
        var distance: Float = 0.0;
        var reach: Float = 0.0;
        for (var d = 0u; d < DIMS; d++) {
            distance = max(distance, abs(x[d] - reference[d]));
            reach = max(reach, abs(x[d]));
        }
        if distance < 0.5 * seen.before && !seen.matched {
            seen.before = distance;
            seen.period = Float(s);
            seen.matched = is_return(distance, reach, grain);
        }
    }

    // The cycle is measured.
    let measured = part(slice.advance + slice.half_steps, slice.half_steps);
    if measured.x == 0u && measured.y > 0u {
        reference = x;
        for (var d = 0u; d < DIMS; d++) {
            cycle_low[d] = FAR;
            cycle_high[d] = -FAR;
        }
        seen.best = -FAR;
        grow(&v, &growth, true);
        growth = Growth(0.0, growth.factor, growth.factor);
    }
    let half_steps = Float(slice.half_steps);
    let limit = select(half_steps, seen.period * floor(half_steps / max(seen.period, 1.0)), seen.period > 0.0);
    for (var s = measured.x + 1u; s <= measured.y; s++) {
        let next = measure(x, v, q, t, cell);
        x = next.x;
        v = next.v;
        seen.reach = max(seen.reach, reach_of(next.x));
        note(&reached, next.loss, t);
        t++;
        let inside = Float(s) <= limit;
        var distance: Float = 0.0;
        var reach: Float = 0.0;
        var key: Float = 0.0;
        for (var d = 0u; d < DIMS; d++) {
            distance = max(distance, abs(x[d] - reference[d]));
            reach = max(reach, abs(x[d]));
            key += weight(d) * x[d];
            if inside {
                cycle_low[d] = min(cycle_low[d], x[d]);
                cycle_high[d] = max(cycle_high[d], x[d]);
            }
        }
        if inside {
            if key > seen.best {
                seen.best = key;
                cycle_point = x;
                seen.pointed = Float(s);
            }
            seen.loss += next.loss;
        }
        if Float(s) == seen.period {
            seen.after = distance;
        }
        if Float(s) == limit {
            seen.far = distance;
        }
        if seen.returned == 0.0 && is_return(distance, reach, grain) {
            seen.returned = Float(s);
        }
        grow(&v, &growth, inside);
    }
    if measured.x < measured.y && measured.y == slice.half_steps {
        seen.probe_growth = growth_over(growth, limit);
        if seen.returned > 0.0 && seen.returned < seen.period {
            // The orbit has turned out to return sooner: no verdict on this recurrence.
            seen.period = 0.0;
        }
    }

    // The orbit is sampled, in case it has no period.
    let sampled = part(slice.advance + 2u * slice.half_steps, slice.sample);
    var sample_low: Point;
    var sample_high: Point;
    var sums: Sums;
    var extent: Float = 0.0;
    var moves = false;
    if sampled.y > 0u {
        if slice.samples > 1u || sampled.x > 0u {
            sample_low = load_point(SUMS, lane);
            sample_high = load_point(SUMS + DIMS, lane);
            sums = load_sums(lane);
        } else {
            for (var d = 0u; d < DIMS; d++) {
                sample_low[d] = FAR;
                sample_high[d] = -FAR;
            }
        }
        if sampled.x == 0u {
            grow(&v, &growth, true);
            growth = Growth(0.0, growth.factor, growth.factor);
        }
        for (var s = sampled.x + 1u; s <= sampled.y; s++) {
            let next = measure(x, v, q, t, cell);
            x = next.x;
            v = next.v;
            seen.reach = max(seen.reach, reach_of(next.x));
            note(&reached, next.loss, t);
            t++;
            for (var d = 0u; d < DIMS; d++) {
                sample_low[d] = min(sample_low[d], x[d]);
                sample_high[d] = max(sample_high[d], x[d]);
            }
            seen.window_loss += next.loss;
            if s % GROWTH_STRIDE == 0u || s == slice.sample {
                grow(&v, &growth, true);
            }
        }
    }
    if CUT && slice.end < slice.advance + 2u * slice.half_steps + slice.sample {
        store_point(0u, lane, x);
        store_point(DIMS, lane, v);
        if TARGETED {
            store(REACHED, lane, reached);
        }
        store_point(SEEN, lane, reference);
        store_point(SEEN + DIMS, lane, cycle_low);
        store_point(SEEN + 2u * DIMS, lane, cycle_high);
        store_point(SEEN + 3u * DIMS, lane, cycle_point);
        store_seen(lane, seen);
        store_growth(lane, growth);
        if sampled.y > 0u {
            store_sums(lane, sample_low, sample_high, sums);
        }
        if slice.start + slice.begin == 0u {
            store_memory(lane, memory);
        }
        atomicAdd(&counts[2], 1u);
        return;
    }
    if slice.sample > 0u {
        let steps = Float(slice.sample);
        let share = steps / Float(slice.sampled);
        let mean = growth_over(growth, steps);
        sums.loss += (seen.window_loss / steps - sums.loss) * share;
        sums.growth += (mean - sums.growth) * share;
        sums.growth_squared += (mean * mean - sums.growth_squared) * share;
        for (var d = 0u; d < DIMS; d++) {
            extent = max(extent, sample_high[d] - sample_low[d]);
            moves |= moved(sample_low[d], sample_high[d]);
        }
        if slice.samples == 1u {
            sums.extent_first = extent;
        }
    }

    if TARGETED && slice.last == 1u {
        // The loss after the last step.
        note(&reached, advance(x, q, t, cell).loss, t);
    }
    var size: Float = 0.0;
    var side: Float = 0.0;
    for (var d = 0u; d < DIMS; d++) {
        size = max(size, max(-cycle_low[d], cycle_high[d]));
        side = max(side, cycle_high[d] - cycle_low[d]);
    }
    var fate = RUNNING;
    let probe = Probe(
        half_steps, Float(slice.elapsed), Float(slice.last_elapsed), bitcast<Float>(seen.reach), size, side, seen.period,
        limit, seen.before, seen.after, seen.far, seen.probe_growth,
    );
    if slice.half_steps > 0u {
        let judgement = decide(probe, memory);
        fate = judgement.fate;
        memory = judgement.memory;
    } else if seen.reach > size_bits(ESCAPE) {
        fate = DIVERGED;
    }
    if ((TARGETED && reached < 0.0) || DRIFTS) && fate != DIVERGED && slice.last == 0u {
        // Near its attractor, an orbit may still come to the target, or be moved on by the learning rate.
        fate = RUNNING;
    }
    if fate == RUNNING && slice.last == 1u {
        fate = decide_at_end(Samples(
            Float(slice.samples), Float(slice.sampled), sums.growth, sums.growth_squared, sums.extent_first, extent, moves,
        ), probe);
        seen.probe_growth = sums.growth;
    }

    if fate == RUNNING {
        store_point(0u, lane, x);
        store_point(DIMS, lane, v);
        if TARGETED {
            store(REACHED, lane, reached);
        }
        store_memory(lane, memory);
        if slice.sample > 0u {
            store_sums(lane, sample_low, sample_high, sums);
        }
        still_running[atomicAdd(&counts[0], 1u)] = lane;
        return;
    }

    let is_sampled = fate == CHAOTIC || fate == UNDECIDED;
    let mean_loss = select(seen.loss / limit, sums.loss, is_sampled);
    if !is_sampled || slice.sampled > 0u {
        fate = with_loss(fate, mean_loss);
    }
    let is_measured = fate != DIVERGED && (!is_sampled || slice.sampled > 0u);
    let has_period = fate == CONVERGED || fate == PERIODIC;
    var amplitude = Bits(0);
    var lyapunov = bitcast<Bits>(seen.probe_growth);
    if fate == PERIODIC {
        amplitude = bitcast<Bits>(half_diagonal(cycle_low, cycle_high));
    } else if is_sampled {
        amplitude = bitcast<Bits>(half_diagonal(sample_low, sample_high));
        lyapunov = bitcast<Bits>(sums.growth);
    }
    var word = fate;
    if has_period {
        let period = u32(seen.period);
        let phase = (slice.start + slice.advance + slice.half_steps + u32(seen.pointed)) % period;
        word |= (period << 8u) | (phase << 20u);
    }
    write(0u, lane, Bits(word));
    write(1u, lane, Bits(t));
    write(2u, lane, select(NAN, amplitude, is_measured));
    write(3u, lane, select(NAN, lyapunov, is_measured));
    write(4u, lane, select(NAN, bitcast<Bits>(mean_loss), is_measured));
    if TARGETED {
        write(5u + DIMS, lane, select(NAN, bitcast<Bits>(reached), reached >= 0.0));
    }
    for (var d = 0u; d < DIMS; d++) {
        write(5u + d, lane, bitcast<Bits>(select(x[d], cycle_point[d], has_period)));
    }
    atomicAdd(&counts[1], 1u);
}
