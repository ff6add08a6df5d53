// What trajectories visit, counted: a run of steps, one trajectory per invocation; the twin of
// src/engine/cpu/density.rs.
//
// In front of this text stand math.wgsl, noise.wgsl where there is noise, and what is generated from the
// formulas: DIMS (of the state), VARIABLES (of them, the first ones), BINS, `initial`, `quantities`,
// `advance`, `watch` and `nudge`.

struct Slice {
    // The steps that this dispatch does: from the first on, up to the last.
    begin: u32,
    end: u32,
    // Steps before counting begins.
    transient: u32,
    // The lanes that this dispatch does.
    first: u32,
    count: u32,
    // Lanes that the buffers are made for.
    capacity: u32,
    // Cells in a row.
    width: u32,
    // The columns that are counted: the first one, and how many.
    column: u32,
    columns: u32,
    // How many lanes before its own a trajectory's orbit comes from; 0 if it starts here.
    back: u32,
}

@group(0) @binding(0) var<uniform> slice: Slice;
// The axis across, then the axis up, then the lists of the cells.
@group(0) @binding(1) var<storage, read> axes: array<Float>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
// By dimension, then by lane.
@group(0) @binding(3) var<storage, read_write> state: array<Float>;
// By row, then by column: below the range, in each bin, above it, not counted. Behind them, the mark that dispatches
// were done: their lanes.
@group(0) @binding(4) var<storage, read_write> visits: array<atomic<u32>>;

// Beyond this, a place is far outside the range.
const FARTHEST: Float = 1e9;

fn load_point(lane: u32) -> Point {
    var point: Point;
    for (var d = 0u; d < DIMS; d++) {
        point[d] = state[d * slice.capacity + lane];
    }
    return point;
}

// The orbit that has come to `x` in the column before, as it enters its cell.
fn entering(x: Point, cell: u32) -> Point {
    if reach_of(x) > size_bits(ESCAPE) {
        return initial(cell);
    }
    var point = x;
    var moved = nudge();
    for (var d = 0u; d < VARIABLES; d++) {
        point[d] += moved[d];
    }
    return point;
}

// The row of a visit at `place` among the bins.
fn row_of(place: Float) -> u32 {
    let size = size_bits(place);
    if size > INFINITY {
        return BINS + 2u;
    }
    if size > size_bits(FARTHEST) {
        return select(BINS + 1u, 0u, bitcast<Whole>(place) < Whole(0));
    }
    return u32(clamp(place, -1.0, Float(BINS)) + 1.0);
}

@compute @workgroup_size(WORKGROUP)
fn count(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= slice.count {
        return;
    }
    let lane = slice.first + id.x;
    let cell = cells[lane];
    let q = quantities(cell);
    var x: Point;
    if slice.begin > 0u {
        x = load_point(lane);
    } else if slice.back > 0u {
        x = entering(load_point(lane - slice.back), cell);
    } else {
        x = initial(cell);
    }
    var t = slice.begin;
    let unseen = min(slice.end, slice.transient);
    while t < unseen {
        x = advance(x, q, t, cell).x;
        t++;
    }
    let column = cell % slice.width - slice.column;
    let escape = size_bits(ESCAPE);
    while t < slice.end {
        let is_inside = reach_of(x) <= escape;
        let next = watch(x, q, t, cell);
        let row = select(BINS + 2u, row_of(next.loss), is_inside);
        atomicAdd(&visits[row * slice.columns + column], 1u);
        x = next.x;
        t++;
    }
    for (var d = 0u; d < DIMS; d++) {
        state[d * slice.capacity + lane] = x[d];
    }
    atomicAdd(&visits[(BINS + 3u) * slice.columns], 1u);
}
