// Normal numbers for noisy descent: the twin of src/noise.rs, whose constants are put in front of this
// text, with the seed. Only shaders of landscapes with noise have it.

// Two random words.
fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
    let third = PARITY ^ key.x ^ key.y;
    var x = counter + key;
    x = four_rounds(x, ROTATIONS_EVEN) + vec2<u32>(key.y, third + 1u);
    x = four_rounds(x, ROTATIONS_ODD) + vec2<u32>(third, key.x + 2u);
    x = four_rounds(x, ROTATIONS_EVEN) + vec2<u32>(key.x, key.y + 3u);
    x = four_rounds(x, ROTATIONS_ODD) + vec2<u32>(key.y, third + 4u);
    return four_rounds(x, ROTATIONS_EVEN) + vec2<u32>(third, key.x + 5u);
}

fn four_rounds(x: vec2<u32>, by: vec4<u32>) -> vec2<u32> {
    return round_by(round_by(round_by(round_by(x, by.x), by.y), by.z), by.w);
}

fn round_by(x: vec2<u32>, by: u32) -> vec2<u32> {
    let sum = x.x + x.y;
    return vec2<u32>(sum, ((x.y << by) | (x.y >> (32u - by))) ^ sum);
}

// Two independent standard normal numbers from two random words.
fn normal_pair(words: vec2<u32>) -> vec2<Float> {
    let a = Float(words.x >> SPARE_BITS);
    let b = Float(words.y >> SPARE_BITS);
    // Above 0 and up to 1: a logarithm is taken.
    let length = sqrt(-(2.0 * m_log((a + 1.0) * UNIT)));
    let angle = b * TURN_UNIT;
    return vec2<Float>(length * m_cos(angle), length * m_sin(angle));
}

// The two normal numbers number `pair` of a trajectory's step.
fn normals(seed: u32, trajectory: u32, step: u32, pair: u32) -> vec2<Float> {
    return normal_pair(threefry(vec2<u32>(seed, trajectory), vec2<u32>(step, pair)));
}
