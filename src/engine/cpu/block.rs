//! A block of trajectories: what the phases of `descend.rs` read and write, and how it is read out.

use super::draw::{Draws, draws};
use crate::fate::{Memory, Probe, Samples, match_grain};
use crate::formula::{CHUNK, Isa, LANES, Register, Tape};
use crate::math::Real;
use crate::plan::{Plan, Stage};

/// The tapes of a descent, sharing one layout of registers: state, tangent, quantities, step
/// number, normal numbers, loss, then temporaries.
pub struct Program<R> {
    /// The state after a step; with a target, the loss as well.
    pub(super) advance: Tape<R>,
    /// The state, the tangent vector and the loss.
    pub(super) measure: Tape<R>,
    /// The state after a step, and what is observed of the one before it, in the loss's register.
    pub(super) observe: Tape<R>,
    /// Dimensions of the state, of which the first are the landscape's variables.
    pub(super) dims: usize,
    pub(super) variables: usize,
    pub(super) quantities: usize,
    pub(super) draws: Draws,
    normals: usize,
    pub(super) seed: u32,
    /// The loss whose first step is noted.
    pub(super) target: Option<R>,
    pub(super) weights: Vec<R>,
}

impl<R: Real> Program<R> {
    /// Compiles a plan's formulas, to machine code if there is an instruction set for it.
    pub fn new(plan: &Plan, isa: Option<Isa>) -> Self {
        let descent = &plan.descent;
        let dims = descent.state.len();
        let quantities = descent.quantities.iter().map(|(_, id)| *id);
        let inputs: Vec<_> = (descent.state.iter().chain(&descent.tangent).copied())
            .chain(quantities)
            .chain([descent.step])
            .chain(descent.normal_inputs())
            .collect();
        let loss = inputs.len();
        let states = descent.next.iter().copied().zip(0..);
        let tangents = descent.tangent_next.iter().copied().zip(dims..);
        let noted = plan.target.map(|_| (descent.loss, loss));
        let advance: Vec<_> = states.clone().chain(noted).collect();
        let observed = descent.observed.map(|observed| (observed, loss));
        let observed: Vec<_> = states.clone().chain(observed).collect();
        let measure: Vec<_> = states.chain(tangents).chain([(descent.loss, loss)]).collect();
        let step = 2 * dims + descent.quantities.len();
        let compile = |outputs: &[_]| {
            Tape::compile(&descent.graph, &inputs, loss + 1, outputs).counting(step).native(isa)
        };
        Self {
            advance: compile(&advance),
            measure: compile(&measure),
            observe: compile(&observed),
            dims,
            variables: descent.variables,
            quantities: descent.quantities.len(),
            draws: draws(descent, step + 1),
            normals: descent.normal_inputs().count(),
            seed: plan.seed,
            target: plan.target.map(R::from_f64),
            weights: plan.phase_weights().into_iter().map(R::from_f64).collect(),
        }
    }

    pub(super) fn loss_register(&self) -> usize {
        2 * self.dims + self.quantities + 1 + self.normals
    }
}

/// Sums over an orbit's samples, kept from window to window.
#[derive(Clone, Debug)]
pub struct Sums<R> {
    /// The box that the orbit has visited, by dimension.
    pub low: Vec<Register<R>>,
    pub high: Vec<Register<R>>,
    /// Mean over all samples: a sum over millions of steps would lose what is added last.
    pub loss: Register<R>,
    /// Sum and sum of squares of each sample's mean growth.
    pub growth: Register<R>,
    pub growth_squared: Register<R>,
    pub extent_first: Register<R>,
}

impl<R: Real> Sums<R> {
    fn new(dims: usize) -> Self {
        let zero = Register::splat(R::ZERO);
        let infinity = R::from_f64(f64::INFINITY);
        Self {
            low: vec![Register::splat(infinity); dims],
            high: vec![Register::splat(-infinity); dims],
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
    pub(super) tape: Vec<Register<R>>,
    /// The number of each lane's trajectory.
    pub(super) trajectories: [u32; LANES],
    /// The orbit's point at the start of the search, then of the measurement.
    pub(super) reference: Vec<Register<R>>,
    pub(super) low: Vec<Register<R>>,
    pub(super) high: Vec<Register<R>>,
    /// The point that stands for the cycle, and its weighted sum.
    pub(super) point: Vec<Register<R>>,
    pub(super) key: Register<R>,
    /// Steps of the measurement after which the orbit is at that point.
    pub(super) pointed: Register<R>,
    /// See [`match_grain`].
    pub(super) grain: Register<R>,
    /// 1 once a recurrence within the matching distance is found.
    pub(super) matched: Register<R>,
    pub(super) period: Register<R>,
    pub(super) before: Register<R>,
    pub(super) after: Register<R>,
    pub(super) far: Register<R>,
    /// Steps of the measurement after which the orbit is back at its start; 0 before that.
    pub(super) returned: Register<R>,
    pub(super) loss: Register<R>,
    /// First step with a loss no more than the target; -1 before that.
    pub(super) reached: Register<R>,
    /// Sum over the sample that is being taken.
    pub(super) loss_sampled: Register<R>,
    /// Whole periods that fit the measurement, in steps.
    pub(super) limit: Register<R>,
    /// log2 of the tangent's length, as an exponent and a factor in [1, 2), now and at the start.
    pub(super) exponent: Register<R>,
    pub(super) factor: Register<R>,
    pub(super) factor_start: Register<R>,
    /// Growth per step over the measurement.
    pub(super) growth: Register<R>,
    pub sums: Sums<R>,
}

impl<R: Real> Block<R> {
    pub fn new(program: &Program<R>) -> Self {
        let zero = Register::splat(R::ZERO);
        let registers = [&program.advance, &program.measure, &program.observe].map(Tape::registers);
        let registers = registers.into_iter().max().unwrap_or_default();
        let by_dims = || vec![zero; program.dims];
        Self {
            tape: vec![zero; registers],
            trajectories: [0; LANES],
            reference: by_dims(),
            low: by_dims(),
            high: by_dims(),
            point: by_dims(),
            key: zero,
            pointed: zero,
            grain: zero,
            matched: zero,
            period: zero,
            before: zero,
            after: zero,
            far: zero,
            returned: zero,
            loss: zero,
            reached: zero,
            loss_sampled: zero,
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

    /// Tells a lane which trajectory it has.
    pub fn name(&mut self, lane: usize, trajectory: u32) {
        self.trajectories[lane] = trajectory;
    }

    /// Tells a lane what is remembered of its trajectory.
    pub fn recall(&mut self, lane: usize, memory: &Memory<R>) {
        self.grain[lane] = match_grain(memory.growth);
    }

    /// What the probe has measured of one lane.
    pub fn probe(&self, program: &Program<R>, stage: &Stage, lane: usize) -> Probe<R> {
        let reach = (0..program.variables).fold(R::ZERO, |m, d| larger(m, self.tape[d][lane].abs()));
        let size = self
            .low
            .iter()
            .zip(&self.high)
            .fold(R::ZERO, |size, (low, high)| larger(larger(size, -low[lane]), high[lane]));
        Probe {
            half: R::from_f64(f64::from(stage.window.half)),
            elapsed: R::from_f64(f64::from(stage.elapsed)),
            last: R::from_f64(f64::from(stage.last_elapsed)),
            reach,
            size,
            extent: longest_side(&self.low, &self.high, lane),
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

    /// Half the diagonal of the measured box, in the variables.
    pub fn amplitude(&self, program: &Program<R>, lane: usize) -> R {
        half_diagonal(&self.low[..program.variables], &self.high, lane)
    }

    /// Mean loss over the measured periods.
    pub fn mean_loss(&self, lane: usize) -> R {
        self.loss[lane] / self.limit[lane]
    }

    /// The coordinate `d` of the point that stands for the cycle.
    pub fn point(&self, d: usize, lane: usize) -> R {
        self.point[d][lane]
    }

    /// Steps of the measurement after which the orbit is at that point.
    pub fn pointed(&self, lane: usize) -> R {
        self.pointed[lane]
    }

    pub(super) fn close_measurement(&mut self, chunks: usize) {
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
    pub(super) fn close_sample(&mut self, stage: &Stage, chunks: usize) {
        let steps = R::from_f64(f64::from(stage.window.sample));
        let share = steps / R::from_f64(f64::from(stage.sampled));
        for lane in 0..chunks * CHUNK {
            let growth = self.growth_over(lane, steps);
            self.sums.growth[lane] = self.sums.growth[lane] + growth;
            self.sums.growth_squared[lane] = self.sums.growth_squared[lane] + growth * growth;
            let (loss, mean) = (self.loss_sampled[lane] / steps, self.sums.loss[lane]);
            self.sums.loss[lane] = mean + (loss - mean) * share;
            if stage.samples == 1 {
                self.sums.extent_first[lane] = self.extent(lane);
            }
        }
    }

    /// What the samples have found of one lane.
    pub fn samples(&self, stage: &Stage, lane: usize) -> Samples<R> {
        Samples {
            count: R::from_f64(f64::from(stage.samples)),
            steps: R::from_f64(f64::from(stage.sampled)),
            growth: self.sums.growth[lane],
            growth_squared: self.sums.growth_squared[lane],
            extent_first: self.sums.extent_first[lane],
            extent: self.extent(lane),
        }
    }

    /// Half the diagonal of the box that the samples have visited, in the variables.
    pub fn sampled_amplitude(&self, program: &Program<R>, lane: usize) -> R {
        half_diagonal(&self.sums.low[..program.variables], &self.sums.high, lane)
    }

    /// Largest side of the box that the samples have visited.
    fn extent(&self, lane: usize) -> R {
        longest_side(&self.sums.low, &self.sums.high, lane)
    }
}

/// Longest side of a box given by its sides' ends.
fn longest_side<R: Real>(low: &[Register<R>], high: &[Register<R>], lane: usize) -> R {
    low.iter().zip(high).fold(R::ZERO, |side, (low, high)| larger(side, high[lane] - low[lane]))
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
#[expect(clippy::eq_op, reason = "a comparison with itself vectorises, and says whether it is a NaN")]
pub(super) fn larger<R: Real>(a: R, b: R) -> R {
    if a < b || b != b { b } else { a }
}
