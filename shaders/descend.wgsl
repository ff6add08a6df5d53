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
    tolerance: f32,
    escape: f32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> slice: Slice;
// The axis across, then the axis up.
@group(0) @binding(1) var<storage, read> axes: array<f32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> running: array<u32>;
@group(0) @binding(4) var<storage, read_write> still_running: array<u32>;
// Lanes that still run, and lanes that have ended: together the mark that the window was done.
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>, 2>;
// By column, then by lane: state, tangent, memory (4), box of the samples (2 DIMS), mean loss, growth,
// squared growth, first extent.
@group(0) @binding(6) var<storage, read_write> state: array<f32>;
// By column, then by lane: fate and period, steps, amplitude, Lyapunov exponent, loss, point.
@group(0) @binding(7) var<storage, read_write> outcomes: array<u32>;

fn load(column: u32, lane: u32) -> f32 {
    return state[column * slice.capacity + lane];
}

fn store(column: u32, lane: u32, value: f32) {
    state[column * slice.capacity + lane] = value;
}

fn write(column: u32, lane: u32, value: u32) {
    outcomes[column * slice.capacity + lane] = value;
}

const MEMORY: u32 = 2u * DIMS;
const SUMS: u32 = MEMORY + 4u;

// The tangent vector's length is kept as a power of two and a factor in [1, 2).
struct Growth {
    exponent: f32,
    factor: f32,
    factor_start: f32,
}

fn grow(v: ptr<function, Point>, growth: ptr<function, Growth>, inside: bool) {
    var length = 0u;
    for (var d = 0u; d < DIMS; d++) {
        length = max(length, size_bits((*v)[d]));
    }
    let biased = length >> 23u;
    let scale = bitcast<f32>((254u - biased) << 23u);
    // A vector that has vanished or overflowed starts anew.
    let lost = biased == 0u || biased == 255u;
    for (var d = 0u; d < DIMS; d++) {
        (*v)[d] = select((*v)[d] * scale, 1.0, lost);
    }
    if inside {
        (*growth).exponent += f32(i32(biased) - 127);
        (*growth).factor = select(bitcast<f32>(length) * scale, 1.0, lost);
    }
}

fn growth_over(growth: Growth, steps: f32) -> f32 {
    return (growth.exponent * LN_2 + m_log(growth.factor / growth.factor_start)) / steps;
}

// In the variables alone.
fn half_diagonal(low: Point, high: Point) -> f32 {
    var lows = low;
    var highs = high;
    var squares = 0.0;
    for (var d = 0u; d < VARIABLES; d++) {
        let side = highs[d] - lows[d];
        squares += side * side;
    }
    return 0.5 * sqrt(squares);
}

// Whether an orbit that is `distance` from an earlier point of its own has come back to it.
fn is_return(distance: f32, reach: f32, grain: f32) -> bool {
    return distance <= MATCH * slice.tolerance + grain * reach;
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
    if slice.start == 0u {
        x = initial(cell);
        v = tangent_start();
    } else {
        for (var d = 0u; d < DIMS; d++) {
            x[d] = load(d, lane);
            v[d] = load(DIMS + d, lane);
        }
        memory = Memory(
            load(MEMORY, lane), load(MEMORY + 1u, lane), load(MEMORY + 2u, lane), load(MEMORY + 3u, lane),
        );
    }
    var t = slice.start;

    // Nothing is observed.
    for (var s = 0u; s < slice.advance; s++) {
        x = advance(x, q, t, cell);
        t++;
    }

    // The smallest recurrence is searched, and the tangent vector aligned.
    var growth: Growth;
    var reference = x;
    var period = 0.0;
    var before = FAR;
    var matched = false;
    let grain = match_grain(memory.growth);
    for (var s = 1u; s <= slice.half_steps; s++) {
        let next = measure(x, v, q, t, cell);
        x = next.x;
        v = next.v;
        t++;
        if s % GROWTH_STRIDE == 0u {
            grow(&v, &growth, true);
        }
        var distance = 0.0;
        var reach = 0.0;
        for (var d = 0u; d < DIMS; d++) {
            distance = max(distance, abs(x[d] - reference[d]));
            reach = max(reach, abs(x[d]));
        }
        if distance < 0.5 * before && !matched {
            before = distance;
            period = f32(s);
            matched = is_return(distance, reach, grain);
        }
    }

    // The cycle is measured.
    reference = x;
    var low: Point;
    var high: Point;
    var point: Point;
    for (var d = 0u; d < DIMS; d++) {
        low[d] = FAR;
        high[d] = -FAR;
    }
    var after = 0.0;
    var far = 0.0;
    var returned = 0.0;
    var loss = 0.0;
    var best = -FAR;
    let half_steps = f32(slice.half_steps);
    let limit = select(half_steps, period * floor(half_steps / max(period, 1.0)), period > 0.0);
    var probe_growth = 0.0;
    if slice.half_steps > 0u {
        grow(&v, &growth, true);
        growth = Growth(0.0, growth.factor, growth.factor);
        for (var s = 1u; s <= slice.half_steps; s++) {
            let next = measure(x, v, q, t, cell);
            x = next.x;
            v = next.v;
            t++;
            let inside = f32(s) <= limit;
            var distance = 0.0;
            var reach = 0.0;
            var key = 0.0;
            for (var d = 0u; d < DIMS; d++) {
                distance = max(distance, abs(x[d] - reference[d]));
                reach = max(reach, abs(x[d]));
                key += weight(d) * x[d];
                if inside {
                    low[d] = min(low[d], x[d]);
                    high[d] = max(high[d], x[d]);
                }
            }
            if inside {
                if key > best {
                    best = key;
                    point = x;
                }
                loss += next.loss;
            }
            if f32(s) == period {
                after = distance;
            }
            if f32(s) == limit {
                far = distance;
            }
            if returned == 0.0 && is_return(distance, reach, grain) {
                returned = f32(s);
            }
            grow(&v, &growth, inside);
        }
        probe_growth = growth_over(growth, limit);
        if returned > 0.0 && returned < period {
            // The orbit has turned out to return sooner: no verdict on this recurrence.
            period = 0.0;
        }
    }

    // The orbit is sampled, in case it has no period.
    var sampled_low: Point;
    var sampled_high: Point;
    var sampled_loss = 0.0;
    var sampled_growth = 0.0;
    var growth_squared = 0.0;
    var extent_first = 0.0;
    var extent = 0.0;
    if slice.sample > 0u {
        for (var d = 0u; d < DIMS; d++) {
            sampled_low[d] = FAR;
            sampled_high[d] = -FAR;
        }
        if slice.samples > 1u {
            for (var d = 0u; d < DIMS; d++) {
                sampled_low[d] = load(SUMS + d, lane);
                sampled_high[d] = load(SUMS + DIMS + d, lane);
            }
            sampled_loss = load(SUMS + 2u * DIMS, lane);
            sampled_growth = load(SUMS + 2u * DIMS + 1u, lane);
            growth_squared = load(SUMS + 2u * DIMS + 2u, lane);
            extent_first = load(SUMS + 2u * DIMS + 3u, lane);
        }
        var window_loss = 0.0;
        grow(&v, &growth, true);
        growth = Growth(0.0, growth.factor, growth.factor);
        for (var s = 1u; s <= slice.sample; s++) {
            let next = measure(x, v, q, t, cell);
            x = next.x;
            v = next.v;
            t++;
            for (var d = 0u; d < DIMS; d++) {
                sampled_low[d] = min(sampled_low[d], x[d]);
                sampled_high[d] = max(sampled_high[d], x[d]);
            }
            window_loss += next.loss;
            if s % GROWTH_STRIDE == 0u || s == slice.sample {
                grow(&v, &growth, true);
            }
        }
        let steps = f32(slice.sample);
        sampled_loss += (window_loss / steps - sampled_loss) * (steps / f32(slice.sampled));
        let mean = growth_over(growth, steps);
        sampled_growth += mean;
        growth_squared += mean * mean;
        for (var d = 0u; d < DIMS; d++) {
            extent = max(extent, sampled_high[d] - sampled_low[d]);
        }
        if slice.samples == 1u {
            extent_first = extent;
        }
    }

    var reach = 0u;
    for (var d = 0u; d < VARIABLES; d++) {
        reach = max(reach, size_bits(x[d]));
    }
    var size = 0.0;
    var side = 0.0;
    for (var d = 0u; d < DIMS; d++) {
        size = max(size, max(-low[d], high[d]));
        side = max(side, high[d] - low[d]);
    }
    var fate = RUNNING;
    if slice.half_steps > 0u {
        let probe = Probe(
            half_steps, f32(slice.elapsed), f32(slice.last_elapsed), bitcast<f32>(reach), size, side, period, before,
            after, far, probe_growth,
        );
        let judgement = decide(probe, memory, slice.tolerance, slice.escape);
        fate = judgement.fate;
        memory = judgement.memory;
    } else if reach > size_bits(slice.escape) {
        fate = DIVERGED;
    }
    if fate == RUNNING && slice.last == 1u {
        fate = decide_at_end(Samples(
            f32(slice.samples), f32(slice.sampled), sampled_growth, growth_squared, extent_first, extent,
        ));
    }

    if fate == RUNNING {
        for (var d = 0u; d < DIMS; d++) {
            store(d, lane, x[d]);
            store(DIMS + d, lane, v[d]);
        }
        store(MEMORY, lane, memory.rate);
        store(MEMORY + 1u, lane, memory.score);
        store(MEMORY + 2u, lane, memory.far);
        store(MEMORY + 3u, lane, memory.growth);
        if slice.sample > 0u {
            for (var d = 0u; d < DIMS; d++) {
                store(SUMS + d, lane, sampled_low[d]);
                store(SUMS + DIMS + d, lane, sampled_high[d]);
            }
            store(SUMS + 2u * DIMS, lane, sampled_loss);
            store(SUMS + 2u * DIMS + 1u, lane, sampled_growth);
            store(SUMS + 2u * DIMS + 2u, lane, growth_squared);
            store(SUMS + 2u * DIMS + 3u, lane, extent_first);
        }
        still_running[atomicAdd(&counts[0], 1u)] = lane;
        return;
    }

    let has_period = fate == CONVERGED || fate == PERIODIC;
    let has_samples = (fate == CHAOTIC || fate == UNDECIDED) && slice.sampled > 0u;
    var amplitude = 0u;
    var lyapunov = bitcast<u32>(probe_growth);
    var mean_loss = bitcast<u32>(loss / limit);
    if fate == PERIODIC {
        amplitude = bitcast<u32>(half_diagonal(low, high));
    } else if has_samples {
        amplitude = bitcast<u32>(half_diagonal(sampled_low, sampled_high));
        lyapunov = bitcast<u32>(sampled_growth / f32(slice.samples));
        mean_loss = bitcast<u32>(sampled_loss);
    } else if fate != CONVERGED && fate != STALLED {
        amplitude = NOT_MEASURED;
        lyapunov = NOT_MEASURED;
        mean_loss = NOT_MEASURED;
    }
    write(0u, lane, fate | (select(0u, u32(period), has_period) << 8u));
    write(1u, lane, t);
    write(2u, lane, amplitude);
    write(3u, lane, lyapunov);
    write(4u, lane, mean_loss);
    for (var d = 0u; d < DIMS; d++) {
        write(5u + d, lane, bitcast<u32>(select(x[d], point[d], has_period)));
    }
    atomicAdd(&counts[1], 1u);
}
