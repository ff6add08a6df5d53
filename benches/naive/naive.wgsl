// The plainest kernel: one trajectory per invocation, all of its steps in one dispatch, and its end.
//
// In front of this text stands the shader of the plan, whose `initial`, `quantities` and `advance` it calls.

@group(0) @binding(9) var<storage, read_write> ends: array<Point>;

@compute @workgroup_size(WORKGROUP)
fn naive(@builtin(global_invocation_id) id: vec3<u32>) {
    let cell = id.x;
    let q = quantities(cell);
    var x = initial(cell);
    for (var t = 0u; t < slice.end; t++) {
        x = advance(x, q, t, cell).x;
    }
    ends[cell] = x;
}
