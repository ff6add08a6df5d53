// What the device is told of a window, and what it keeps of each trajectory from dispatch to dispatch, a lane in every
// column of a buffer: see src/engine/gpu/tile.rs. The kernel of descend.wgsl works on it.

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

// What a window has seen of an orbit so far, kept when a dispatch ends before the window does; besides points: where the
// orbit was at the start of the search, then of the measurement, the box of the cycle, and the point that stands for it.
struct Seen {
    // The weighted sum of the point that stands for the cycle, and the steps of the measurement after which the orbit is
    // there.
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

// Sums over an orbit's samples, besides the box around them.
struct Sums {
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
        load(scalars, lane), load(scalars + 1u, lane), load(scalars + 2u, lane), load(scalars + 3u, lane),
    );
}

fn store_sums(lane: u32, low: Point, high: Point, sums: Sums) {
    store_point(SUMS, lane, low);
    store_point(SUMS + DIMS, lane, high);
    let scalars = SUMS + 2u * DIMS;
    store(scalars, lane, sums.loss);
    store(scalars + 1u, lane, sums.growth);
    store(scalars + 2u, lane, sums.growth_squared);
    store(scalars + 3u, lane, sums.extent_first);
}

fn load_seen(lane: u32) -> Seen {
    let scalars = SEEN + 4u * DIMS;
    return Seen(
        load(scalars, lane), load(scalars + 1u, lane),
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
