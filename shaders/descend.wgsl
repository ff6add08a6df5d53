// A window of gradient descent, one trajectory per invocation; the twin of src/engine/cpu/descend.rs.
//
// In front of this text stand math.wgsl, noise.wgsl where there is noise, fate.wgsl and what is generated
// from the formulas: DIMS (of the state), VARIABLES (of them, the first ones), WEIGHTS, `initial`,
// `quantities`, `advance` and `measure`.

struct Slice {
    // The window: steps before it and in each of its phases.
    start: u32,
    advance: u32,
    half_steps: u32,
    sample: u32,
    // Its steps that this dispatch does: after the first, up to the last.
    begin: u32,
    end: u32,
    // The part of the list of running lanes that this dispatch does.
    first: u32,
    count: u32,
    // Lanes that the buffers are made for.
    capacity: u32,
    // Cells in a row.
    width: u32,
    // Steps from the last change of the learning rate to the probe.
    elapsed: u32,
    // The same to the measurement of the probe before; -1 for the first.
    last_elapsed: i32,
    // Samples and their steps, with this window's.
    samples: u32,
    sampled: u32,
    // 1 for the last window.
    last: u32,
}

@group(0) @binding(0) var<uniform> slice: Slice;
// The axis across, then the axis up.
@group(0) @binding(1) var<storage, read> axes: array<Float>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> running: array<u32>;
@group(0) @binding(4) var<storage, read_write> still_running: array<u32>;
// Lanes that still run, and lanes that have ended: together the mark that the window was done. Where it takes several
// dispatches, the lanes of those before the last are the mark of these.
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>, 3>;
// By column, then by lane: state, tangent, memory (4), sums over the samples (2 DIMS + 4), and where windows
// take several dispatches what has been seen (4 DIMS + 15).
@group(0) @binding(6) var<storage, read_write> state: array<Float>;
// By column, then by lane: fate, period and phase, steps, amplitude, Lyapunov exponent, loss, point, and with a target
// the first step at it.
@group(0) @binding(7) var<storage, read_write> outcomes: array<Bits>;

fn load(column: u32, lane: u32) -> Float {
    return state[column * slice.capacity + lane];
}

fn store(column: u32, lane: u32, value: Float) {
    state[column * slice.capacity + lane] = value;
}

fn write(column: u32, lane: u32, value: Bits) {
    outcomes[column * slice.capacity + lane] = value;
}

const MEMORY: u32 = 2u * DIMS;
const SUMS: u32 = MEMORY + 4u;
// First step at the target, if there is one: the last column.
const REACHED: u32 = SUMS + 2u * DIMS + 4u + select(0u, 4u * DIMS + 15u, CUT);
const SEEN: u32 = SUMS + 2u * DIMS + 4u;
const GROWTH: u32 = SEEN + 4u * DIMS + 12u;

// The tangent vector's length is kept as a power of two and a factor in [1, 2).
struct Growth {
    exponent: Float,
    factor: Float,
    factor_start: Float,
}

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

// What a window has seen of an orbit so far, kept when a dispatch ends before the window does.
struct Seen {
    // Where the orbit was at the start of the search, then of the measurement.
    reference: Point,
    // The box of the cycle, and the point that stands for it, with its weighted sum and the steps of the
    // measurement after which the orbit is there.
    low: Point,
    high: Point,
    point: Point,
    best: Float,
    pointed: Float,
    period: Float,
    before: Float,
    matched: bool,
    after: Float,
    far: Float,
    returned: Float,
    loss: Float,
    window_loss: Float,
    probe_growth: Float,
    // The largest variable of the whole window, without its sign, as bits: see `reach_of`.
    reach: Bits,
}

// Sums over an orbit's samples.
struct Sums {
    low: Point,
    high: Point,
    loss: Float,
    growth: Float,
    growth_squared: Float,
    extent_first: Float,
}

fn load_point(column: u32, lane: u32) -> Point {
    var point: Point;
    for (var d = 0u; d < DIMS; d++) {
        point[d] = load(column + d, lane);
    }
    return point;
}

fn store_point(column: u32, lane: u32, point: Point) {
    var values = point;
    for (var d = 0u; d < DIMS; d++) {
        store(column + d, lane, values[d]);
    }
}

fn load_memory(lane: u32) -> Memory {
    return Memory(
        load(MEMORY, lane), load(MEMORY + 1u, lane), load(MEMORY + 2u, lane), load(MEMORY + 3u, lane),
    );
}

fn store_memory(lane: u32, memory: Memory) {
    store(MEMORY, lane, memory.rate);
    store(MEMORY + 1u, lane, memory.score);
    store(MEMORY + 2u, lane, memory.far);
    store(MEMORY + 3u, lane, memory.growth);
}

fn load_sums(lane: u32) -> Sums {
    let scalars = SUMS + 2u * DIMS;
    return Sums(
        load_point(SUMS, lane), load_point(SUMS + DIMS, lane), load(scalars, lane), load(scalars + 1u, lane),
        load(scalars + 2u, lane), load(scalars + 3u, lane),
    );
}

fn store_sums(lane: u32, sums: Sums) {
    store_point(SUMS, lane, sums.low);
    store_point(SUMS + DIMS, lane, sums.high);
    let scalars = SUMS + 2u * DIMS;
    store(scalars, lane, sums.loss);
    store(scalars + 1u, lane, sums.growth);
    store(scalars + 2u, lane, sums.growth_squared);
    store(scalars + 3u, lane, sums.extent_first);
}

fn load_seen(lane: u32) -> Seen {
    let scalars = SEEN + 4u * DIMS;
    return Seen(
        load_point(SEEN, lane), load_point(SEEN + DIMS, lane), load_point(SEEN + 2u * DIMS, lane),
        load_point(SEEN + 3u * DIMS, lane), load(scalars, lane), load(scalars + 1u, lane),
        load(scalars + 2u, lane), load(scalars + 3u, lane), load(scalars + 4u, lane) != 0.0,
        load(scalars + 5u, lane), load(scalars + 6u, lane), load(scalars + 7u, lane), load(scalars + 8u, lane),
        load(scalars + 9u, lane), load(scalars + 10u, lane), bitcast<Bits>(load(scalars + 11u, lane)),
    );
}

fn load_growth(lane: u32) -> Growth {
    return Growth(load(GROWTH, lane), load(GROWTH + 1u, lane), load(GROWTH + 2u, lane));
}

fn store_growth(lane: u32, growth: Growth) {
    store(GROWTH, lane, growth.exponent);
    store(GROWTH + 1u, lane, growth.factor);
    store(GROWTH + 2u, lane, growth.factor_start);
}

fn store_seen(lane: u32, seen: Seen) {
    store_point(SEEN, lane, seen.reference);
    store_point(SEEN + DIMS, lane, seen.low);
    store_point(SEEN + 2u * DIMS, lane, seen.high);
    store_point(SEEN + 3u * DIMS, lane, seen.point);
    let scalars = SEEN + 4u * DIMS;
    store(scalars, lane, seen.best);
    store(scalars + 1u, lane, seen.pointed);
    store(scalars + 2u, lane, seen.period);
    store(scalars + 3u, lane, seen.before);
    store(scalars + 4u, lane, select(Float(0.0), 1.0, seen.matched));
    store(scalars + 5u, lane, seen.after);
    store(scalars + 6u, lane, seen.far);
    store(scalars + 7u, lane, seen.returned);
    store(scalars + 8u, lane, seen.loss);
    store(scalars + 9u, lane, seen.window_loss);
    store(scalars + 10u, lane, seen.probe_growth);
    store(scalars + 11u, lane, bitcast<Float>(seen.reach));
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
    var seen: Seen;
    var growth: Growth;
    if CUT && slice.begin > 0u {
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
        seen.reference = x;
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
            distance = max(distance, abs(x[d] - seen.reference[d]));
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
        seen.reference = x;
        for (var d = 0u; d < DIMS; d++) {
            seen.low[d] = FAR;
            seen.high[d] = -FAR;
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
            distance = max(distance, abs(x[d] - seen.reference[d]));
            reach = max(reach, abs(x[d]));
            key += weight(d) * x[d];
            if inside {
                seen.low[d] = min(seen.low[d], x[d]);
                seen.high[d] = max(seen.high[d], x[d]);
            }
        }
        if inside {
            if key > seen.best {
                seen.best = key;
                seen.point = x;
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
    var sums: Sums;
    var extent: Float = 0.0;
    var moves = false;
    if sampled.y > 0u {
        if slice.samples > 1u || sampled.x > 0u {
            sums = load_sums(lane);
        } else {
            for (var d = 0u; d < DIMS; d++) {
                sums.low[d] = FAR;
                sums.high[d] = -FAR;
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
                sums.low[d] = min(sums.low[d], x[d]);
                sums.high[d] = max(sums.high[d], x[d]);
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
        store_seen(lane, seen);
        store_growth(lane, growth);
        if sampled.y > 0u {
            store_sums(lane, sums);
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
            extent = max(extent, sums.high[d] - sums.low[d]);
            moves |= moved(sums.low[d], sums.high[d]);
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
        size = max(size, max(-seen.low[d], seen.high[d]));
        side = max(side, seen.high[d] - seen.low[d]);
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
            store_sums(lane, sums);
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
        amplitude = bitcast<Bits>(half_diagonal(seen.low, seen.high));
    } else if is_sampled {
        amplitude = bitcast<Bits>(half_diagonal(sums.low, sums.high));
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
        write(5u + d, lane, bitcast<Bits>(select(x[d], seen.point[d], has_period)));
    }
    atomicAdd(&counts[1], 1u);
}
