//! A window of gradient descent over a block of trajectories; the twin of `shaders/descend.wgsl`.
//!
//! The shader runs the same phases for one trajectory per invocation; here each line does
//! [`LANES`] of them.

use multiversion::multiversion;

use crate::descent::Descent;
use crate::fate::{GROWTH_STRIDE, MATCH, Memory, Probe, Rules, Window, match_grain};
use crate::formula::{CHUNK, LANES, Register, Tape, chunk, put};
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

    fn loss_register(&self) -> usize {
        self.step_register() + 1
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
    /// See [`match_grain`].
    grain: Register<R>,
    /// 1 once a recurrence within the matching distance is found.
    matched: Register<R>,
    period: Register<R>,
    before: Register<R>,
    after: Register<R>,
    far: Register<R>,
    /// Steps of the measurement after which the orbit is back at its start; 0 before that.
    returned: Register<R>,
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
            grain: zero,
            matched: zero,
            period: zero,
            before: zero,
            after: zero,
            far: zero,
            returned: zero,
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

    /// Tells a lane what is remembered of its trajectory.
    pub fn recall(&mut self, lane: usize, memory: &Memory<R>) {
        self.grain[lane] = match_grain(memory.growth);
    }

    /// What the probe has measured of one lane. `elapsed`: steps from the last change of the learning
    /// rate to the probe's start.
    pub fn probe(&self, program: &Program<R>, window: &Window, elapsed: u32, lane: usize) -> Probe<R> {
        let half = f64::from(window.half);
        let reach = (0..program.dims).fold(R::ZERO, |m, d| larger(m, self.tape[d][lane].abs()));
        let size = self
            .low
            .iter()
            .zip(&self.high)
            .fold(R::ZERO, |size, (low, high)| larger(larger(size, -low[lane]), high[lane]));
        Probe {
            half: R::from_f64(half),
            elapsed: R::from_f64(f64::from(elapsed)),
            reach,
            size,
            period: self.period[lane],
            before: self.before[lane],
            after: self.after[lane],
            far: self.far[lane],
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
            let returned = self.returned[lane];
            if returned > R::ZERO && returned < self.period[lane] {
                // The orbit has turned out to return sooner: no verdict on this recurrence.
                self.period[lane] = R::ZERO;
            }
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
    /// The smallest recurrence, while the tangent vector aligns.
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
            Phase::Advance => &program.advance,
            Phase::Search | Phase::Measure | Phase::Sample => &program.measure,
        };
        tape.load_constants(&mut block.tape);
        begin(program, block, phase, steps, chunks);
        for step in 1..=steps {
            block.tape[program.step_register()] = [R::from_f64(f64::from(t)); LANES];
            tape.run(&mut block.tape, chunks);
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
            block.far = zero;
            block.returned = zero;
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
    grow(program, block, chunks, R::ZERO);
    block.exponent = [R::ZERO; LANES];
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
        let mut best = chunk(&block.key, at);
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
            (chunk(&block.tape[program.loss_register()], at), chunk(&block.sums.loss, at));
        for i in 0..CHUNK {
            loss[i] = loss[i] + value[i];
        }
        put(&mut block.sums.loss, at, loss);
    }
}

/// Takes the tangent vector's binary exponent out of it and into the sum, of lanes whose limit `step`
/// does not exceed; a vector that has vanished starts anew.
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
        let mut scale = [R::ONE; CHUNK];
        for i in 0..CHUNK {
            let (down, power) = length[i].normalize();
            let inside = step <= limit[i];
            let reduced = if length[i] == R::ZERO { R::ONE } else { length[i] * down };
            exponent[i] = if inside { exponent[i] + power } else { exponent[i] };
            factor[i] = if inside { reduced } else { factor[i] };
            scale[i] = down;
        }
        put(&mut block.exponent, at, exponent);
        put(&mut block.factor, at, factor);
        for d in 0..dims {
            let mut v = chunk(&block.tape[dims + d], at);
            for i in 0..CHUNK {
                v[i] = if length[i] == R::ZERO { R::ONE } else { v[i] * scale[i] };
            }
            put(&mut block.tape[dims + d], at, v);
        }
    }
}
