//! A block of trajectories: what the phases of `descend.rs` read and write, and how it is read out.

use super::draw::{Draws, draws};
use super::judge::Probes;
use super::observe::{Growth, Layout, Phase, Phased, larger};
use crate::fate::{Fate, Memory, Samples, moved};
use crate::formula::{CHUNK, Id, Isa, LANES, Register, Stepper, Tape};
use crate::math::Real;
use crate::plan::{Plan, Stage};

/// A descent's steps in each phase, sharing one layout of registers: state, tangent, quantities, step
/// number, normal numbers, loss, what is observed, then temporaries.
pub struct Program<R> {
    /// The state after a step; with a target, the loss as well.
    advance: Stepper<R, Phased<R>>,
    /// The same, and the tangent vector.
    search: Stepper<R, Phased<R>>,
    /// The state, the tangent vector and the loss.
    measure: Stepper<R, Phased<R>>,
    sample: Stepper<R, Phased<R>>,
    /// No step: the tangent vector's length is read.
    pub(super) grow: Stepper<R, Growth>,
    pub(super) layout: Layout,
    /// Dimensions of the state, of which the first are the landscape's variables.
    pub(super) dims: usize,
    pub(super) variables: usize,
    pub(super) draws: Draws,
    pub(super) seed: u32,
    /// Whether the first step at a target is noted.
    pub(super) notes: bool,
}

/// The formulas of a plan, with the registers of their values.
pub struct Formulas<'a> {
    plan: &'a Plan,
    inputs: Vec<Id>,
    pub loss: usize,
    /// Registers that are not left to the tapes.
    reserved: usize,
}

impl<'a> Formulas<'a> {
    /// With as many registers for an observer as `layout` says.
    pub fn new(plan: &'a Plan) -> (Self, Layout) {
        let descent = &plan.descent;
        let dims = descent.state.len();
        let inputs: Vec<Id> = (descent.state.iter().chain(&descent.tangent).copied())
            .chain(descent.quantities.iter().map(|(_, id)| *id))
            .chain([descent.step])
            .chain(descent.normal_inputs())
            .collect();
        let loss = inputs.len();
        let layout = Layout::new(dims, loss);
        (Self { plan, inputs, loss, reserved: layout.end }, layout)
    }

    fn step(&self) -> usize {
        2 * self.plan.descent.state.len() + self.plan.descent.quantities.len()
    }

    /// The registers of the noise.
    pub fn draws(&self) -> Draws {
        draws(&self.plan.descent, self.step() + 1)
    }

    /// A tape of the state after a step, and of more outputs with their registers.
    pub fn tape<R: Real>(&self, more: impl IntoIterator<Item = (Id, usize)>) -> Tape<R> {
        let descent = &self.plan.descent;
        let outputs: Vec<_> = descent.next.iter().copied().zip(0..).chain(more).collect();
        Tape::compile(&descent.graph, &self.inputs, self.reserved, &outputs).counting(self.step())
    }

    /// A tape that leaves everything as it is.
    fn no_step<R: Real>(&self) -> Tape<R> {
        Tape::compile(&self.plan.descent.graph, &self.inputs, self.reserved, &[])
    }
}

impl<R: Real> Program<R> {
    /// Compiles a plan's formulas, to machine code if there is an instruction set for it.
    pub fn new(plan: &Plan) -> Self {
        let isa = Isa::chosen();
        let (formulas, layout) = Formulas::new(plan);
        let descent = &plan.descent;
        let (dims, loss) = (descent.state.len(), (descent.loss, formulas.loss));
        let noted = plan.target.map(|_| loss);
        let tangents = descent.tangent_next.iter().copied().zip(dims..);
        let measured: Tape<R> = formulas.tape(tangents.clone().chain([loss]));
        let weights: Vec<R> = plan.phase_weights().into_iter().map(R::from_f64).collect();
        let tolerance = R::from_f64(plan.rules.tolerance);
        let observer = |phase| {
            let target = plan.target.map(R::from_f64);
            let variables = descent.variables;
            Phased { phase, layout, weights: weights.clone(), variables, tolerance, target }
        };
        let measured = |phase| Stepper::new(measured.clone(), observer(phase), isa);
        Self {
            advance: Stepper::new(formulas.tape(noted), observer(Phase::Advance), isa),
            search: Stepper::new(formulas.tape(tangents.chain(noted)), observer(Phase::Search), isa),
            measure: measured(Phase::Measure),
            sample: measured(Phase::Sample),
            grow: Stepper::new(formulas.no_step(), Growth { layout, within: false }, isa),
            layout,
            dims,
            variables: descent.variables,
            draws: formulas.draws(),
            seed: plan.seed,
            notes: plan.target.is_some(),
        }
    }

    pub(super) fn stepper(&self, phase: Phase) -> &Stepper<R, Phased<R>> {
        match phase {
            Phase::Advance => &self.advance,
            Phase::Search => &self.search,
            Phase::Measure => &self.measure,
            Phase::Sample => &self.sample,
        }
    }
}

/// Sums over an orbit's samples, kept from window to window; the box that they have visited is in the registers.
#[derive(Clone, Debug)]
pub struct Sums<R> {
    /// Mean over all steps: a sum over millions of them would lose what is added last.
    pub loss: Register<R>,
    /// Means over all steps too, of the samples' growths and of their squares.
    pub growth: Register<R>,
    pub growth_squared: Register<R>,
    pub extent_first: Register<R>,
}

impl<R: Real> Sums<R> {
    fn new() -> Self {
        let zero = Register::splat(R::ZERO);
        Self { loss: zero, growth: zero, growth_squared: zero, extent_first: zero }
    }

    fn all(&mut self) -> [&mut Register<R>; 4] {
        [&mut self.loss, &mut self.growth, &mut self.growth_squared, &mut self.extent_first]
    }
}

/// A block of trajectories: registers of the program, and what is made of them after a phase.
pub struct Block<R> {
    pub(super) layout: Layout,
    pub(super) registers: Vec<Register<R>>,
    /// The number of each lane's trajectory.
    pub(super) trajectories: [u32; LANES],
    /// Growth per step over the measurement.
    pub(super) growth: Register<R>,
    /// What is remembered of each trajectory, and the code of its verdict.
    pub(super) memory: Memory<Register<R>>,
    pub(super) verdicts: Register<R>,
    /// What the last probe has measured.
    pub(super) probes: Probes<R>,
    pub(super) sums: Sums<R>,
}

impl<R: Real> Block<R> {
    pub fn new(program: &Program<R>) -> Self {
        let phases = [Phase::Advance, Phase::Search, Phase::Measure, Phase::Sample];
        let of_phases = phases.into_iter().map(|phase| program.stepper(phase).registers());
        let registers = of_phases.fold(program.grow.registers(), usize::max);
        let zero = Register::splat(R::ZERO);
        Self {
            layout: program.layout,
            registers: vec![zero; registers],
            trajectories: [0; LANES],
            growth: zero,
            memory: Memory::new().map(Register::splat),
            verdicts: zero,
            probes: Probes::new(),
            sums: Sums::new(),
        }
    }

    /// Forgets all samples.
    pub fn reset_samples(&mut self) {
        let Layout { dims, sample_low, sample_high, .. } = self.layout;
        let infinity = R::from_f64(f64::INFINITY);
        self.registers[sample_low..sample_low + dims].fill(Register::splat(infinity));
        self.registers[sample_high..sample_high + dims].fill(Register::splat(-infinity));
        self.sums = Sums::new();
    }

    /// What is kept of the samples from window to window, in this order: the box, then sums.
    pub fn sampled(&mut self) -> impl Iterator<Item = &mut Register<R>> {
        let Layout { dims, sample_low, .. } = self.layout;
        self.registers[sample_low..sample_low + 2 * dims].iter_mut().chain(self.sums.all())
    }

    /// The period found, in steps.
    pub fn period(&self, lane: usize) -> R {
        self.registers[self.layout.period][lane]
    }

    /// Begins a window. Subnormal coordinates of the state become 0: they are slow to compute with, and one that shrinks
    /// by less than half in a step never gets rid of its last bit.
    #[inline(always)]
    pub fn begin(&mut self, chunks: usize) {
        self.registers[self.layout.reach] = Register::splat(R::ZERO);
        for coordinate in &mut self.registers[..self.layout.dims] {
            for x in &mut coordinate[..chunks * CHUNK] {
                *x = if x.abs() < R::LEAST { R::ZERO } else { *x };
            }
        }
    }

    /// The state's coordinate `d`.
    pub fn state(&mut self, d: usize) -> &mut Register<R> {
        &mut self.registers[d]
    }

    /// The tangent vector's coordinate `d`.
    pub fn tangent(&mut self, d: usize) -> &mut Register<R> {
        &mut self.registers[self.layout.tangent + d]
    }

    /// The quantity number `q`.
    pub fn quantity(&mut self, q: usize) -> &mut Register<R> {
        &mut self.registers[2 * self.layout.dims + q]
    }

    /// The first step at the target, -1 before that.
    pub fn reached(&mut self) -> &mut Register<R> {
        &mut self.registers[self.layout.reached]
    }

    /// A box's sides' ends, by dimension.
    #[inline(always)]
    pub(super) fn sides(&self, low: usize, high: usize) -> [&[Register<R>]; 2] {
        [low, high].map(|from| &self.registers[from..from + self.layout.dims])
    }

    /// Tells a lane which trajectory it has.
    pub fn name(&mut self, lane: usize, trajectory: u32) {
        self.trajectories[lane] = trajectory;
    }

    /// What is remembered of the trajectories.
    pub fn memory(&mut self) -> [&mut Register<R>; 4] {
        self.memory.each_mut()
    }

    /// The tangent vector's growth over the measurement, nats per step: the cycle's Lyapunov exponent.
    pub fn growth(&self, lane: usize) -> R {
        self.growth[lane]
    }

    /// Growth of the tangent vectors in nats per step over `steps` steps of the phase that has just run.
    #[inline(always)]
    fn growths(&self, steps: &Register<R>, lanes: usize) -> Register<R> {
        let Layout { factor, factor_start, exponent, .. } = self.layout;
        let [factor, start, exponent] = [factor, factor_start, exponent].map(|at| self.registers[at]);
        let mut growths = Register::splat(R::ZERO);
        for lane in 0..lanes {
            let whole = exponent[lane] * R::from_f64(std::f64::consts::LN_2);
            growths[lane] = (whole + (factor[lane] / start[lane]).ln()) / steps[lane];
        }
        growths
    }

    /// Half the diagonal of the measured box, in the variables.
    #[inline(always)]
    pub fn amplitude(&self, program: &Program<R>, lane: usize) -> R {
        let [low, high] = self.sides(self.layout.low, self.layout.high);
        half_diagonal(&low[..program.variables], high, lane)
    }

    /// Mean loss over the measured periods or over the samples, by how the lane has ended; none where it was not measured.
    #[inline(always)]
    pub fn mean_loss(&self, stage: &Stage, fate: Fate, lane: usize) -> Option<R> {
        let Layout { loss_measured, limit, .. } = self.layout;
        match fate {
            Fate::Converged | Fate::Periodic | Fate::Stalled => {
                Some(self.registers[loss_measured][lane] / self.registers[limit][lane])
            }
            Fate::Chaotic | Fate::Undecided if stage.sampled > 0 => Some(self.sums.loss[lane]),
            Fate::Chaotic | Fate::Undecided | Fate::Diverged => None,
        }
    }

    /// The coordinate `d` of the point that stands for the cycle.
    pub fn point(&self, d: usize, lane: usize) -> R {
        self.registers[self.layout.point + d][lane]
    }

    /// Steps of the measurement after which the orbit is at that point.
    pub fn pointed(&self, lane: usize) -> R {
        self.registers[self.layout.pointed][lane]
    }

    #[inline(always)]
    pub(super) fn close_measurement(&mut self, chunks: usize) {
        let Layout { limit, returned, period, .. } = self.layout;
        self.growth = self.growths(&self.registers[limit], chunks * CHUNK);
        let returned = self.registers[returned];
        for (period, returned) in self.registers[period].iter_mut().zip(returned.iter()) {
            // The orbit has turned out to return sooner: no verdict on this recurrence.
            let sooner = (*returned > R::ZERO) & (*returned < *period);
            *period = R::choose(sooner, R::ZERO, *period);
        }
    }

    /// Adds the sample phase that has just run to the sums.
    #[inline(always)]
    pub(super) fn close_sample(&mut self, stage: &Stage, chunks: usize) {
        let lanes = chunks * CHUNK;
        let steps = R::from_f64(f64::from(stage.window.sample));
        let share = steps / R::from_f64(f64::from(stage.sampled));
        let (growths, losses) =
            (self.growths(&Register::splat(steps), lanes), self.registers[self.layout.loss_sampled]);
        let Sums { loss, growth, growth_squared, .. } = &mut self.sums;
        for lane in 0..lanes {
            growth[lane] = growth[lane] + (growths[lane] - growth[lane]) * share;
            let square = growths[lane] * growths[lane];
            growth_squared[lane] = growth_squared[lane] + (square - growth_squared[lane]) * share;
            loss[lane] = loss[lane] + (losses[lane] / steps - loss[lane]) * share;
        }
        if stage.samples == 1 {
            (0..lanes).for_each(|lane| self.sums.extent_first[lane] = self.extent(lane));
        }
    }

    /// What the samples have found of one lane.
    #[inline(always)]
    pub fn samples(&self, stage: &Stage, lane: usize) -> Samples<R> {
        Samples {
            count: R::from_f64(f64::from(stage.samples)),
            steps: R::from_f64(f64::from(stage.sampled)),
            growth: self.sums.growth[lane],
            growth_squared: self.sums.growth_squared[lane],
            extent_first: self.sums.extent_first[lane],
            extent: self.extent(lane),
            moves: self.moves(lane),
        }
    }

    /// Half the diagonal of the box that the samples have visited, in the variables.
    #[inline(always)]
    pub fn sampled_amplitude(&self, program: &Program<R>, lane: usize) -> R {
        let [low, high] = self.sides(self.layout.sample_low, self.layout.sample_high);
        half_diagonal(&low[..program.variables], high, lane)
    }

    /// Whether the orbit has gone further in the samples than rounding moves it.
    #[inline(always)]
    fn moves(&self, lane: usize) -> bool {
        let [low, high] = self.sides(self.layout.sample_low, self.layout.sample_high);
        low.iter().zip(high).any(|(low, high)| moved(low[lane], high[lane]))
    }

    /// Largest side of the box that the samples have visited.
    #[inline(always)]
    fn extent(&self, lane: usize) -> R {
        let [low, high] = self.sides(self.layout.sample_low, self.layout.sample_high);
        longest_side(low, high, lane)
    }
}

/// Longest side of a box given by its sides' ends.
#[inline(always)]
fn longest_side<R: Real>(low: &[Register<R>], high: &[Register<R>], lane: usize) -> R {
    low.iter().zip(high).fold(R::ZERO, |side, (low, high)| larger(side, high[lane] - low[lane]))
}

/// Half the diagonal of a box given by its sides' ends.
#[inline(always)]
fn half_diagonal<R: Real>(low: &[Register<R>], high: &[Register<R>], lane: usize) -> R {
    let squares = low.iter().zip(high).map(|(low, high)| {
        let side = high[lane] - low[lane];
        side * side
    });
    R::from_f64(0.5) * squares.fold(R::ZERO, |a, b| a + b).sqrt()
}
