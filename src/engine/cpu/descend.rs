//! A window of gradient descent over a block of trajectories; the twin of `shaders/descend.wgsl`.
//!
//! The shader runs the same phases for one trajectory per invocation; here each line does
//! [`LANES`] of them.

use multiversion::multiversion;

use super::block::{Block, Program, larger};
use super::draw::draw;
use crate::fate::{GROWTH_STRIDE, MATCH, Rules};
use crate::formula::{CHUNK, LANES, Register, chunk, put};
use crate::math::Real;
use crate::plan::Stage;

/// What is observed after a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Advance,
    /// The smallest recurrence, while the tangent vector aligns.
    Search,
    /// The cycle: its box, loss, growth and the displacement over one period.
    Measure,
    /// The orbit, if it has no period.
    Sample,
}

/// Runs one window over the first `chunks * CHUNK` lanes.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
pub fn descend<R: Real>(
    program: &Program<R>,
    block: &mut Block<R>,
    stage: &Stage,
    rules: &Rules<R>,
    chunks: usize,
) {
    let window = &stage.window;
    let phases = [
        (Phase::Advance, window.advance),
        (Phase::Search, window.half),
        (Phase::Measure, window.half),
        (Phase::Sample, window.sample),
    ];
    let mut t = window.start;
    for (phase, steps) in phases {
        if steps == 0 {
            continue;
        }
        let tape = match phase {
            Phase::Advance => &program.advance,
            Phase::Search | Phase::Measure | Phase::Sample => &program.measure,
        };
        tape.load_constants(&mut block.tape);
        begin(program, block, phase, steps, chunks);
        if phase == Phase::Advance && program.draws.is_empty() && program.target.is_none() {
            // Nothing is done between the steps.
            tape.run_steps(&mut block.tape, chunks, t..t + steps);
            t += steps;
            continue;
        }
        for step in 1..=steps {
            if !program.draws.is_empty() {
                draw(&program.draws, &mut block.tape, chunks, (program.seed, t), &block.trajectories);
            }
            tape.run_steps(&mut block.tape, chunks, t..t + 1);
            if let Some(target) = program.target {
                note(program, block, chunks, target, t);
            }
            t += 1;
            let s = R::from_f64(f64::from(step));
            match phase {
                Phase::Advance => {}
                Phase::Search => {
                    search(program, block, rules, chunks, s);
                    if step % GROWTH_STRIDE == 0 {
                        grow(program, block, chunks, R::ZERO);
                    }
                }
                Phase::Measure => measure(program, block, rules, chunks, s),
                Phase::Sample => {
                    sample(program, block, chunks);
                    if step % GROWTH_STRIDE == 0 || step == steps {
                        grow(program, block, chunks, R::ZERO);
                    }
                }
            }
        }
        match phase {
            Phase::Advance | Phase::Search => {}
            Phase::Measure => block.close_measurement(chunks),
            Phase::Sample => block.close_sample(stage, chunks),
        }
    }
    if let Some(target) = program.target
        && stage.is_last
    {
        // The loss after the last step; the step from there on is not taken.
        let state = block.tape[..program.dims].to_vec();
        program.advance.load_constants(&mut block.tape);
        program.advance.run_steps(&mut block.tape, chunks, t..t + 1);
        note(program, block, chunks, target, t);
        block.tape[..program.dims].copy_from_slice(&state);
    }
}

/// Notes step `t` for the lanes in which it is the first at the target.
#[inline(always)]
fn note<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize, target: R, t: u32) {
    let t = R::from_f64(f64::from(t));
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (loss, mut reached) =
            (chunk(&block.tape[program.loss_register()], at), chunk(&block.reached, at));
        for i in 0..CHUNK {
            let first = (loss[i] <= target) & (reached[i] < R::ZERO);
            reached[i] = if first { t } else { reached[i] };
        }
        put(&mut block.reached, at, reached);
    }
}

#[inline(always)]
fn begin<R: Real>(program: &Program<R>, block: &mut Block<R>, phase: Phase, steps: u32, chunks: usize) {
    let (zero, infinity) = (Register::splat(R::ZERO), R::from_f64(f64::INFINITY));
    match phase {
        Phase::Advance => {}
        Phase::Search => {
            for d in 0..program.dims {
                block.reference[d] = block.tape[d];
            }
            block.period = zero;
            block.matched = zero;
            block.before = Register::splat(infinity);
        }
        Phase::Measure => {
            for d in 0..program.dims {
                block.reference[d] = block.tape[d];
                block.low[d] = Register::splat(infinity);
                block.high[d] = Register::splat(-infinity);
            }
            block.after = zero;
            block.far = zero;
            block.returned = zero;
            block.loss = zero;
            block.key = Register::splat(-infinity);
            let half = f64::from(steps);
            for lane in 0..LANES {
                let period = block.period[lane].to_f64();
                let whole = if period > 0.0 { period * (half / period).floor() } else { half };
                block.limit[lane] = R::from_f64(whole);
            }
            begin_growth(program, block, chunks);
        }
        Phase::Sample => {
            block.loss_sampled = zero;
            begin_growth(program, block, chunks);
        }
    }
}

#[inline(always)]
fn begin_growth<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    grow(program, block, chunks, R::ZERO);
    block.exponent = Register::splat(R::ZERO);
    block.factor_start = block.factor;
}

/// Whether an orbit that is `distance` from an earlier point of its own has come back to it.
#[inline(always)]
fn is_return<R: Real>(distance: R, reach: R, grain: R, rules: &Rules<R>) -> bool {
    distance <= R::from_f64(MATCH) * rules.tolerance + grain * reach
}

#[inline(always)]
fn search<R: Real>(program: &Program<R>, block: &mut Block<R>, rules: &Rules<R>, chunks: usize, s: R) {
    let half = R::from_f64(0.5);
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut distance, mut reach) = ([R::ZERO; CHUNK], [R::ZERO; CHUNK]);
        for d in 0..program.dims {
            let (x, reference) = (chunk(&block.tape[d], at), chunk(&block.reference[d], at));
            for i in 0..CHUNK {
                distance[i] = larger(distance[i], (x[i] - reference[i]).abs());
                reach[i] = larger(reach[i], x[i].abs());
            }
        }
        let (mut before, mut period) = (chunk(&block.before, at), chunk(&block.period, at));
        let (mut matched, grain) = (chunk(&block.matched, at), chunk(&block.grain, at));
        for i in 0..CHUNK {
            let found = (distance[i] < half * before[i]) & (matched[i] == R::ZERO);
            before[i] = if found { distance[i] } else { before[i] };
            period[i] = if found { s } else { period[i] };
            let matches = found & is_return(distance[i], reach[i], grain[i], rules);
            matched[i] = if matches { R::ONE } else { matched[i] };
        }
        put(&mut block.before, at, before);
        put(&mut block.period, at, period);
        put(&mut block.matched, at, matched);
    }
}

#[inline(always)]
fn measure<R: Real>(program: &Program<R>, block: &mut Block<R>, rules: &Rules<R>, chunks: usize, s: R) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut distance, mut key) = ([R::ZERO; CHUNK], [R::ZERO; CHUNK]);
        let mut reach = [R::ZERO; CHUNK];
        let limit = chunk(&block.limit, at);
        for d in 0..program.dims {
            let (x, reference) = (chunk(&block.tape[d], at), chunk(&block.reference[d], at));
            let (mut low, mut high) = (chunk(&block.low[d], at), chunk(&block.high[d], at));
            let weight = program.weights[d];
            for i in 0..CHUNK {
                distance[i] = larger(distance[i], (x[i] - reference[i]).abs());
                reach[i] = larger(reach[i], x[i].abs());
                key[i] = key[i] + weight * x[i];
                let inside = s <= limit[i];
                low[i] = if inside & (x[i] < low[i]) { x[i] } else { low[i] };
                high[i] = if inside & (x[i] > high[i]) { x[i] } else { high[i] };
            }
            put(&mut block.low[d], at, low);
            put(&mut block.high[d], at, high);
        }
        let (mut best, mut pointed) = (chunk(&block.key, at), chunk(&block.pointed, at));
        for i in 0..CHUNK {
            pointed[i] = if (s <= limit[i]) & (key[i] > best[i]) { s } else { pointed[i] };
        }
        put(&mut block.pointed, at, pointed);
        for d in 0..program.dims {
            let (x, mut point) = (chunk(&block.tape[d], at), chunk(&block.point[d], at));
            for i in 0..CHUNK {
                point[i] = if (s <= limit[i]) & (key[i] > best[i]) { x[i] } else { point[i] };
            }
            put(&mut block.point[d], at, point);
        }
        let period = chunk(&block.period, at);
        let (mut after, mut far) = (chunk(&block.after, at), chunk(&block.far, at));
        let (value, mut loss) = (chunk(&block.tape[program.loss_register()], at), chunk(&block.loss, at));
        let (mut returned, grain) = (chunk(&block.returned, at), chunk(&block.grain, at));
        for i in 0..CHUNK {
            let returns = (returned[i] == R::ZERO) & is_return(distance[i], reach[i], grain[i], rules);
            returned[i] = if returns { s } else { returned[i] };
            let inside = s <= limit[i];
            best[i] = if inside & (key[i] > best[i]) { key[i] } else { best[i] };
            after[i] = if s == period[i] { distance[i] } else { after[i] };
            far[i] = if s == limit[i] { distance[i] } else { far[i] };
            loss[i] = if inside { loss[i] + value[i] } else { loss[i] };
        }
        put(&mut block.key, at, best);
        put(&mut block.after, at, after);
        put(&mut block.far, at, far);
        put(&mut block.returned, at, returned);
        put(&mut block.loss, at, loss);
    }
    grow(program, block, chunks, s);
}

#[inline(always)]
fn sample<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        for d in 0..program.dims {
            let x = chunk(&block.tape[d], at);
            let (low, high) = (chunk(&block.sums.low[d], at), chunk(&block.sums.high[d], at));
            // New arrays: written in place, a choice becomes a masked store, which is slow.
            let (mut lower, mut higher) = (x, x);
            for i in 0..CHUNK {
                lower[i] = if x[i] < low[i] { x[i] } else { low[i] };
                higher[i] = if x[i] > high[i] { x[i] } else { high[i] };
            }
            put(&mut block.sums.low[d], at, lower);
            put(&mut block.sums.high[d], at, higher);
        }
        let (value, mut loss) =
            (chunk(&block.tape[program.loss_register()], at), chunk(&block.loss_sampled, at));
        for i in 0..CHUNK {
            loss[i] = loss[i] + value[i];
        }
        put(&mut block.loss_sampled, at, loss);
    }
}

/// Takes the tangent vector's binary exponent out of it and into the sum, of lanes whose limit `step`
/// does not exceed; a vector that has vanished or overflowed starts anew.
#[inline(always)]
fn grow<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize, step: R) {
    let dims = program.dims;
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let mut length = [R::ZERO; CHUNK];
        for d in 0..dims {
            let v = chunk(&block.tape[dims + d], at);
            for i in 0..CHUNK {
                length[i] = larger(length[i], v[i].abs());
            }
        }
        let (mut exponent, mut factor) = (chunk(&block.exponent, at), chunk(&block.factor, at));
        let limit = chunk(&block.limit, at);
        let (mut scale, mut lost) = ([R::ONE; CHUNK], [false; CHUNK]);
        for i in 0..CHUNK {
            let (down, power) = length[i].normalize();
            let inside = step <= limit[i];
            lost[i] = (length[i] == R::ZERO) | (down < R::ZERO);
            let reduced = if lost[i] { R::ONE } else { length[i] * down };
            exponent[i] = if inside { exponent[i] + power } else { exponent[i] };
            factor[i] = if inside { reduced } else { factor[i] };
            scale[i] = down;
        }
        put(&mut block.exponent, at, exponent);
        put(&mut block.factor, at, factor);
        for d in 0..dims {
            let mut v = chunk(&block.tape[dims + d], at);
            for i in 0..CHUNK {
                v[i] = if lost[i] { R::ONE } else { v[i] * scale[i] };
            }
            put(&mut block.tape[dims + d], at, v);
        }
    }
}
