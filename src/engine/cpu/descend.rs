//! A window of gradient descent over a block of trajectories; the twin of `shaders/descend.wgsl`.
//!
//! The shader runs the same phases for one trajectory per invocation; here each line does
//! [`LANES`](crate::formula::LANES) of them.

use multiversion::multiversion;

use super::block::{Block, Program};
use super::draw::draw;
use super::observe::Phase;
use crate::fate::{GROWTH_STRIDE, match_grain};
use crate::formula::Register;
use crate::math::Real;
use crate::plan::Stage;

/// Runs one window over the first `chunks * CHUNK` lanes.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
pub fn descend<R: Real>(program: &Program<R>, block: &mut Block<R>, stage: &Stage, chunks: usize) {
    let window = &stage.window;
    let phases = [
        (Phase::Advance, window.advance),
        (Phase::Search, window.half),
        (Phase::Measure, window.half),
        (Phase::Sample, window.sample),
    ];
    let mut t = window.start;
    block.begin(chunks);
    for (phase, steps) in phases {
        if steps == 0 {
            continue;
        }
        let stepper = program.stepper(phase);
        stepper.load_constants(&mut block.registers);
        begin(program, block, phase, steps, chunks);
        let grows = matches!(phase, Phase::Search | Phase::Sample);
        let mut taken = 0;
        while taken < steps {
            // As many steps as nothing else is done between.
            let run = match grows {
                _ if !program.draws.is_empty() => 1,
                true => (GROWTH_STRIDE - taken % GROWTH_STRIDE).min(steps - taken),
                false => steps,
            };
            if !program.draws.is_empty() {
                draw(&program.draws, &mut block.registers, chunks, (program.seed, t), &block.trajectories);
            }
            stepper.run(&mut block.registers, chunks, t..t + run, taken + 1);
            (t, taken) = (t + run, taken + run);
            let is_end_of_sample = phase == Phase::Sample && taken == steps;
            if grows && (taken % GROWTH_STRIDE == 0 || is_end_of_sample) {
                grow(program, block, chunks);
            }
        }
        match phase {
            Phase::Advance | Phase::Search => {}
            Phase::Measure => block.close_measurement(chunks),
            Phase::Sample => block.close_sample(stage, chunks),
        }
    }
    if program.notes && stage.is_last {
        // The loss after the last step; the step from there on is not taken.
        let state = block.registers[..program.dims].to_vec();
        let reach = block.registers[program.layout.reach];
        let stepper = program.stepper(Phase::Advance);
        stepper.load_constants(&mut block.registers);
        stepper.run(&mut block.registers, chunks, t..t + 1, 1);
        block.registers[..program.dims].copy_from_slice(&state);
        block.registers[program.layout.reach] = reach;
    }
}

#[inline(always)]
fn begin<R: Real>(program: &Program<R>, block: &mut Block<R>, phase: Phase, steps: u32, chunks: usize) {
    let (dims, layout, registers) = (program.dims, &program.layout, &mut block.registers);
    let (zero, infinity) = (Register::splat(R::ZERO), R::from_f64(f64::INFINITY));
    match phase {
        Phase::Advance => {}
        Phase::Search => {
            registers.copy_within(..dims, layout.reference);
            registers[layout.grain] = block.memory.growth;
            registers[layout.grain].iter_mut().for_each(|grain| *grain = match_grain(*grain));
            registers[layout.period] = zero;
            registers[layout.matched] = zero;
            registers[layout.before] = Register::splat(infinity);
        }
        Phase::Measure => {
            registers.copy_within(..dims, layout.reference);
            registers[layout.low..layout.low + dims].fill(Register::splat(infinity));
            registers[layout.high..layout.high + dims].fill(Register::splat(-infinity));
            for cleared in [layout.after, layout.far, layout.returned, layout.loss_measured] {
                registers[cleared] = zero;
            }
            registers[layout.key] = Register::splat(-infinity);
            let half = f64::from(steps);
            let mut limit = registers[layout.period];
            for whole in limit.iter_mut() {
                let period = whole.to_f64();
                *whole = R::from_f64(if period > 0.0 { period * (half / period).floor() } else { half });
            }
            registers[layout.limit] = limit;
            begin_growth(program, block, chunks);
        }
        Phase::Sample => {
            registers[layout.loss_sampled] = zero;
            begin_growth(program, block, chunks);
        }
    }
}

#[inline(always)]
fn begin_growth<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    grow(program, block, chunks);
    block.registers[program.layout.exponent] = Register::splat(R::ZERO);
    block.registers[program.layout.factor_start] = block.registers[program.layout.factor];
}

#[inline(always)]
fn grow<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    program.grow.run(&mut block.registers, chunks, 0..1, 1);
}
