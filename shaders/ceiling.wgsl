// Multiply-adds and nothing else: the most arithmetic that a device does. `Real`, `WORKGROUP` and `ROUNDS`
// come before this text.
//
// Each invocation has eight chains, which do not wait for each other: x becomes x * a + b, again and
// again. With a = 1/2 and b = 1 every chain ends at 2 exactly, so that a sum other than 16 tells of
// work that was not done.

@group(0) @binding(0) var<storage, read> factors: array<f32, 2>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn ceiling(@builtin(global_invocation_id) id: vec3<u32>) {
    let a = vec4<Real>(Real(factors[0]));
    let b = vec4<Real>(Real(factors[1]));
    var x = vec4<Real>(Real(id.x % 7u));
    var y = b + x;
    for (var round = 0u; round < ROUNDS; round++) {
        // 64 multiply-adds.
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
        x = fma(x, a, b); y = fma(y, a, b);
    }
    let sum = x + y;
    sums[id.x] = f32(sum.x + sum.y + sum.z + sum.w);
}
