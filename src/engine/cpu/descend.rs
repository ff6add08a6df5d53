//! A window of gradient descent over a block of trajectories; the twin of `shaders/descend.wgsl`.
//!
//! The shader runs the same phases for one trajectory per invocation; here each line does
//! [`LANES`] of them.

use multiversion::multiversion;

use crate::descent::Descent;
use crate::fate::{MATCH, MOVING, Probe, Rules, Window};
use crate::formula::{CHUNK, LANES, Register, Tape};
use crate::math::Real;

/// The two tapes of a descent, sharing one layout of registers: state, tangent, quantities, step
/// number, loss, then temporaries.
pub struct Program<R> {
    /// The state after a step.
    advance: Tape<R>,
    /// The state, the tangent vector and the loss.
    measure: Tape<R>,
    /// Dimensions of the state.
    dims: usize,
    quantities: usize,
    weights: Vec<R>,
}

impl<R: Real> Program<R> {
    pub fn new(descent: &Descent, weights: &[f64]) -> Self {
        let dims = descent.state.len();
        let quantities = descent.quantities.iter().map(|(_, id)| *id);
        let inputs: Vec<_> = (descent.state.iter().chain(&descent.tangent).copied())
            .chain(quantities)
            .chain([descent.step])
            .collect();
        let loss = inputs.len();
        let states = descent.next.iter().copied().zip(0..);
        let tangents = descent.tangent_next.iter().copied().zip(dims..);
        let advance: Vec<_> = states.clone().collect();
        let measure: Vec<_> = states.chain(tangents).chain([(descent.loss, loss)]).collect();
        Self {
            advance: Tape::compile(&descent.graph, &inputs, loss + 1, &advance),
            measure: Tape::compile(&descent.graph, &inputs, loss + 1, &measure),
            dims,
            quantities: descent.quantities.len(),
            weights: weights.iter().map(|&w| R::from_f64(w)).collect(),
        }
    }

    fn step_register(&self) -> usize {
        2 * self.dims + self.quantities
    }
}

/// Sums over an orbit's samples, kept from window to window.
#[derive(Clone, Debug)]
pub struct Sums<R> {
    /// The box that the orbit has visited, by dimension.
    pub low: Vec<Register<R>>,
    pub high: Vec<Register<R>>,
    pub loss: Register<R>,
    /// Sum and sum of squares of each sample's mean growth.
    pub growth: Register<R>,
    pub growth_squared: Register<R>,
    pub extent_first: Register<R>,
}

impl<R: Real> Sums<R> {
    fn new(dims: usize) -> Self {
        let zero = [R::ZERO; LANES];
        let infinity = R::from_f64(f64::INFINITY);
        Self {
            low: vec![[infinity; LANES]; dims],
            high: vec![[-infinity; LANES]; dims],
            loss: zero,
            growth: zero,
            growth_squared: zero,
            extent_first: zero,
        }
    }

    /// Forgets all samples.
    pub fn reset(&mut self) {
        *self = Self::new(self.low.len());
    }

    /// The sums that are one number for each lane.
    pub fn scalars(&mut self) -> [&mut Register<R>; 4] {
        [&mut self.loss, &mut self.growth, &mut self.growth_squared, &mut self.extent_first]
    }
}

/// A block of trajectories: registers of the tapes and what the phases observe.
pub struct Block<R> {
    tape: Vec<Register<R>>,
    /// The orbit's point at the start of the search, then of the measurement.
    reference: Vec<Register<R>>,
    low: Vec<Register<R>>,
    high: Vec<Register<R>>,
    /// The point that stands for the cycle, and its weighted sum.
    point: Vec<Register<R>>,
    key: Register<R>,
    /// 1 once a recurrence within the matching distance is found.
    matched: Register<R>,
    period: Register<R>,
    before: Register<R>,
    after: Register<R>,
    loss: Register<R>,
    /// Whole periods that fit the measurement, in steps.
    limit: Register<R>,
    /// log2 of the tangent's length, as an exponent and a factor in [1, 2), now and at the start.
    exponent: Register<R>,
    factor: Register<R>,
    factor_start: Register<R>,
    /// Growth per step over the measurement.
    growth: Register<R>,
    pub sums: Sums<R>,
}

impl<R: Real> Block<R> {
    pub fn new(program: &Program<R>) -> Self {
        let zero = [R::ZERO; LANES];
        let registers = program.advance.registers().max(program.measure.registers());
        let by_dims = || vec![zero; program.dims];
        Self {
            tape: vec![zero; registers],
            reference: by_dims(),
            low: by_dims(),
            high: by_dims(),
            point: by_dims(),
            key: zero,
            matched: zero,
            period: zero,
            before: zero,
            after: zero,
            loss: zero,
            limit: zero,
            exponent: zero,
            factor: zero,
            factor_start: zero,
            growth: zero,
            sums: Sums::new(program.dims),
        }
    }

    /// The period found, in steps.
    pub fn period(&self, lane: usize) -> R {
        self.period[lane]
    }

    /// The state's coordinate `d`.
    pub fn state(&mut self, d: usize) -> &mut Register<R> {
        &mut self.tape[d]
    }

    /// The tangent vector's coordinate `d`.
    pub fn tangent(&mut self, program: &Program<R>, d: usize) -> &mut Register<R> {
        &mut self.tape[program.dims + d]
    }

    /// The quantity number `q`.
    pub fn quantity(&mut self, program: &Program<R>, q: usize) -> &mut Register<R> {
        &mut self.tape[2 * program.dims + q]
    }

    /// What the probe has measured of one lane. `elapsed`: steps from the last change of the learning
    /// rate to the probe's start.
    pub fn probe(&self, program: &Program<R>, window: &Window, elapsed: u32, lane: usize) -> Probe<R> {
        let half = f64::from(window.half);
        let reach = (0..program.dims).fold(R::ZERO, |m, d| larger(m, self.tape[d][lane].abs()));
        Probe {
            half: R::from_f64(half),
            elapsed: R::from_f64(f64::from(elapsed)),
            reach,
            period: self.period[lane],
            before: self.before[lane],
            after: self.after[lane],
            growth: self.growth[lane],
        }
    }

    /// The tangent vector's growth over the measurement, nats per step: the cycle's Lyapunov exponent.
    pub fn growth(&self, lane: usize) -> R {
        self.growth[lane]
    }

    /// Growth of the tangent vector in nats per step over `steps` steps of the phase that has just run.
    fn growth_over(&self, lane: usize, steps: R) -> R {
        let ratio = (self.factor[lane] / self.factor_start[lane]).ln();
        (self.exponent[lane] * R::from_f64(std::f64::consts::LN_2) + ratio) / steps
    }

    /// Half the diagonal of the measured box.
    pub fn amplitude(&self, lane: usize) -> R {
        half_diagonal(&self.low, &self.high, lane)
    }

    /// Mean loss over the measured periods.
    pub fn mean_loss(&self, lane: usize) -> R {
        self.loss[lane] / self.limit[lane]
    }

    /// The coordinate `d` of the point that stands for the cycle.
    pub fn point(&self, d: usize, lane: usize) -> R {
        self.point[d][lane]
    }

    fn close_measurement(&mut self, chunks: usize) {
        for lane in 0..chunks * CHUNK {
            self.growth[lane] = self.growth_over(lane, self.limit[lane]);
        }
    }

    /// Adds the sample phase that has just run to the sums.
    fn close_sample(&mut self, window: &Window, chunks: usize, first: bool) {
        let steps = R::from_f64(f64::from(window.sample));
        for lane in 0..chunks * CHUNK {
            let growth = self.growth_over(lane, steps);
            self.sums.growth[lane] = self.sums.growth[lane] + growth;
            self.sums.growth_squared[lane] = self.sums.growth_squared[lane] + growth * growth;
            if first {
                self.sums.extent_first[lane] = self.extent(lane);
            }
        }
    }

    /// Half the diagonal of the box that the samples have visited.
    pub fn sampled_amplitude(&self, lane: usize) -> R {
        half_diagonal(&self.sums.low, &self.sums.high, lane)
    }

    /// Largest side of the box that the samples have visited.
    pub fn extent(&self, lane: usize) -> R {
        let sides = self.sums.low.iter().zip(&self.sums.high).map(|(low, high)| high[lane] - low[lane]);
        sides.fold(R::ZERO, larger)
    }
}

/// Half the diagonal of a box given by its sides' ends.
fn half_diagonal<R: Real>(low: &[Register<R>], high: &[Register<R>], lane: usize) -> R {
    let squares = low.iter().zip(high).map(|(low, high)| {
        let side = high[lane] - low[lane];
        side * side
    });
    R::from_f64(0.5) * squares.fold(R::ZERO, |a, b| a + b).sqrt()
}

/// The larger of two, NaN if one is NaN.
#[inline(always)]
fn larger<R: Real>(a: R, b: R) -> R {
    if a < b || b != b { b } else { a }
}

/// What is observed after a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Advance,
    /// The smallest recurrence.
    Search,
    /// The cycle: its box, loss, growth and the displacement over one period.
    Measure,
    /// The orbit, if it has no period.
    Sample,
}

/// Runs one window over the first `chunks * CHUNK` lanes. `first_sample`: no sample has been taken yet.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+bmi1+bmi2"))]
pub fn descend<R: Real>(
    program: &Program<R>,
    block: &mut Block<R>,
    window: &Window,
    rules: &Rules<R>,
    chunks: usize,
    first_sample: bool,
) {
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
            Phase::Advance | Phase::Search => &program.advance,
            Phase::Measure | Phase::Sample => &program.measure,
        };
        tape.load_constants(&mut block.tape);
        begin(program, block, phase, steps, chunks);
        for s in 1..=steps {
            block.tape[program.step_register()] = [R::from_f64(f64::from(t)); LANES];
            tape.run(&mut block.tape, chunks);
            t += 1;
            let s = R::from_f64(f64::from(s));
            match phase {
                Phase::Advance => {}
                Phase::Search => search(program, block, rules, chunks, s),
                Phase::Measure => measure(program, block, chunks, s),
                Phase::Sample => sample(program, block, chunks),
            }
        }
        match phase {
            Phase::Advance | Phase::Search => {}
            Phase::Measure => block.close_measurement(chunks),
            Phase::Sample => block.close_sample(window, chunks, first_sample),
        }
    }
}

#[inline(always)]
fn begin<R: Real>(program: &Program<R>, block: &mut Block<R>, phase: Phase, steps: u32, chunks: usize) {
    let (zero, infinity) = ([R::ZERO; LANES], R::from_f64(f64::INFINITY));
    match phase {
        Phase::Advance => {}
        Phase::Search => {
            for d in 0..program.dims {
                block.reference[d] = block.tape[d];
            }
            block.period = zero;
            block.matched = zero;
            block.before = [infinity; LANES];
        }
        Phase::Measure => {
            for d in 0..program.dims {
                block.reference[d] = block.tape[d];
                block.low[d] = [infinity; LANES];
                block.high[d] = [-infinity; LANES];
            }
            block.after = zero;
            block.loss = zero;
            block.key = [-infinity; LANES];
            let half = f64::from(steps);
            for lane in 0..LANES {
                let period = block.period[lane].to_f64();
                let whole = if period > 0.0 { period * (half / period).floor() } else { half };
                block.limit[lane] = R::from_f64(whole);
            }
            begin_growth(program, block, chunks);
        }
        Phase::Sample => begin_growth(program, block, chunks),
    }
}

#[inline(always)]
fn begin_growth<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    grow(program, block, chunks, None);
    block.exponent = [R::ZERO; LANES];
    block.factor_start = block.factor;
}

#[inline(always)]
fn search<R: Real>(program: &Program<R>, block: &mut Block<R>, rules: &Rules<R>, chunks: usize, s: R) {
    let half = R::from_f64(0.5);
    let (near, noise) = (R::from_f64(MATCH) * rules.tolerance, R::from_f64(MOVING) * R::EPSILON);
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut distance, mut reach) = ([R::ZERO; CHUNK], [R::ZERO; CHUNK]);
        for d in 0..program.dims {
            for i in 0..CHUNK {
                let x = block.tape[d][at + i];
                distance[i] = larger(distance[i], (x - block.reference[d][at + i]).abs());
                reach[i] = larger(reach[i], x.abs());
            }
        }
        for i in 0..CHUNK {
            let lane = at + i;
            let nearer = distance[i] < half * block.before[lane];
            let found = nearer & (block.matched[lane] == R::ZERO);
            block.before[lane] = if found { distance[i] } else { block.before[lane] };
            block.period[lane] = if found { s } else { block.period[lane] };
            let matches = found & (distance[i] <= near + noise * reach[i]);
            block.matched[lane] = if matches { R::ONE } else { block.matched[lane] };
        }
    }
}

#[inline(always)]
fn measure<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize, s: R) {
    let loss = program.step_register() + 1;
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut distance, mut key) = ([R::ZERO; CHUNK], [R::ZERO; CHUNK]);
        let mut inside = [false; CHUNK];
        for i in 0..CHUNK {
            inside[i] = s <= block.limit[at + i];
        }
        for d in 0..program.dims {
            for i in 0..CHUNK {
                let lane = at + i;
                let x = block.tape[d][lane];
                distance[i] = larger(distance[i], (x - block.reference[d][lane]).abs());
                key[i] = key[i] + program.weights[d] * x;
                let (low, high) = (block.low[d][lane], block.high[d][lane]);
                block.low[d][lane] = if inside[i] & (x < low) { x } else { low };
                block.high[d][lane] = if inside[i] & (x > high) { x } else { high };
            }
        }
        for d in 0..program.dims {
            for i in 0..CHUNK {
                let lane = at + i;
                let takes = inside[i] & (key[i] > block.key[lane]);
                block.point[d][lane] = if takes { block.tape[d][lane] } else { block.point[d][lane] };
            }
        }
        for i in 0..CHUNK {
            let lane = at + i;
            block.key[lane] = if inside[i] & (key[i] > block.key[lane]) { key[i] } else { block.key[lane] };
            block.after[lane] = if s == block.period[lane] { distance[i] } else { block.after[lane] };
            let sum = block.loss[lane] + block.tape[loss][lane];
            block.loss[lane] = if inside[i] { sum } else { block.loss[lane] };
        }
    }
    grow(program, block, chunks, Some(s));
}

#[inline(always)]
fn sample<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize) {
    let loss = program.step_register() + 1;
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        for d in 0..program.dims {
            for i in 0..CHUNK {
                let lane = at + i;
                let x = block.tape[d][lane];
                let (low, high) = (block.sums.low[d][lane], block.sums.high[d][lane]);
                block.sums.low[d][lane] = if x < low { x } else { low };
                block.sums.high[d][lane] = if x > high { x } else { high };
            }
        }
        for i in 0..CHUNK {
            block.sums.loss[at + i] = block.sums.loss[at + i] + block.tape[loss][at + i];
        }
    }
    grow(program, block, chunks, None);
}

/// Takes the tangent vector's binary exponent out of it and into the sum; a vector that has vanished
/// starts anew. With `step`, only lanes whose limit it does not exceed are summed.
#[inline(always)]
fn grow<R: Real>(program: &Program<R>, block: &mut Block<R>, chunks: usize, step: Option<R>) {
    let dims = program.dims;
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let mut length = [R::ZERO; CHUNK];
        for d in 0..dims {
            for i in 0..CHUNK {
                length[i] = larger(length[i], block.tape[dims + d][at + i].abs());
            }
        }
        let mut scale = [R::ONE; CHUNK];
        for i in 0..CHUNK {
            let lane = at + i;
            let (factor, exponent) = length[i].normalize();
            scale[i] = factor;
            let inside = match step {
                Some(s) => s <= block.limit[lane],
                None => true,
            };
            let reduced = if length[i] == R::ZERO { R::ONE } else { length[i] * factor };
            block.exponent[lane] = block.exponent[lane] + if inside { exponent } else { R::ZERO };
            block.factor[lane] = if inside { reduced } else { block.factor[lane] };
        }
        for d in 0..dims {
            for i in 0..CHUNK {
                let v = &mut block.tape[dims + d][at + i];
                *v = if length[i] == R::ZERO { R::ONE } else { *v * scale[i] };
            }
        }
    }
}
