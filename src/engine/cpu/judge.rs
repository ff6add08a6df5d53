//! The stopping rule over a block of trajectories, after each window.

use super::block::Block;
use super::observe::larger;
use crate::fate::{Fate, Memory, Probe, RUNNING, Rules, Verdict, decide_at_end, end};
use crate::formula::{CHUNK, LANES, Register};
use crate::math::Real;
use crate::plan::Stage;

impl<R: Real> Block<R> {
    /// Judges the trajectories by what the window has measured, for [`Block::verdict`]; those of landscapes with so many
    /// variables.
    #[inline(always)]
    pub fn judge(&mut self, stage: &Stage, (variables, rules): (usize, &Rules<R>), chunks: usize) {
        // What a loop over lanes reads and writes is in places of its own: so it becomes vector instructions.
        let mut reach = self.registers[self.layout.reach];
        for coordinate in &self.registers[..variables] {
            for (reach, x) in reach.iter_mut().zip(coordinate.iter()) {
                *reach = larger(*reach, x.abs());
            }
        }
        if stage.window.half == 0 {
            self.probes = Probes::new();
            // Escape is looked for even while the schedule changes.
            let [running, diverged] = [RUNNING, f64::from(Fate::Diverged as u8)].map(R::from_f64);
            for (verdict, reach) in self.verdicts.iter_mut().zip(reach.iter()) {
                *verdict = R::choose(*reach <= rules.escape, running, diverged);
            }
            return;
        }
        let probes = self.probed(stage, reach);
        let (mut memory, mut verdicts) = (self.memory, self.verdicts);
        for lane in 0..chunks * CHUNK {
            let mut own = memory.of(lane);
            verdicts[lane] = end(&probes.of(lane), &mut own, rules);
            memory.put(lane, own);
        }
        (self.memory, self.verdicts, self.probes) = (memory, verdicts, probes);
    }

    /// What the window's probe has measured.
    #[inline(always)]
    fn probed(&self, stage: &Stage, reach: Register<R>) -> Probes<R> {
        let layout = &self.layout;
        let [mut size, mut extent] = [Register::splat(R::ZERO); 2];
        let [low, high] = self.sides(layout.low, layout.high);
        for (low, high) in low.iter().zip(high) {
            for lane in 0..LANES {
                let (low, high) = (low[lane], high[lane]);
                size[lane] = larger(larger(size[lane], -low), high);
                extent[lane] = larger(extent[lane], high - low);
            }
        }
        let [period, measured, before, after, far] =
            [layout.period, layout.limit, layout.before, layout.after, layout.far]
                .map(|at| self.registers[at]);
        let Stage { window, elapsed, last_elapsed, .. } = stage;
        let [half, elapsed, last] =
            [f64::from(window.half), f64::from(*elapsed), f64::from(*last_elapsed)].map(R::from_f64);
        let others = [reach, size, extent, measured, before, after, far, self.growth];
        Probes { times: [half, elapsed, last], period, others }
    }

    /// How a lane that nothing has ended until the budget's end has ended. Its growth is then that of its samples.
    pub fn verdict_at_end(&mut self, stage: &Stage, rules: &Rules<R>, lane: usize) -> Fate {
        let samples = self.samples(stage, lane);
        self.growth[lane] = samples.growth;
        decide_at_end(&samples, &self.probes.of(lane), rules)
    }

    /// The verdict on one lane.
    pub fn verdict(&self, lane: usize) -> Verdict {
        Verdict::from_code(self.verdicts[lane])
    }
}

/// The last probes of a block of trajectories: what is the same for all, in steps, and columns of what is not; all 0 where
/// the window had none.
#[derive(Debug)]
pub struct Probes<R> {
    times: [R; 3],
    period: Register<R>,
    others: [Register<R>; 8],
}

impl<R: Real> Probes<R> {
    pub fn new() -> Self {
        let zero = Register::splat(R::ZERO);
        Self { times: [R::ZERO; 3], period: zero, others: [zero; 8] }
    }
}

impl<R: Copy> Probes<R> {
    #[inline(always)]
    fn of(&self, lane: usize) -> Probe<R> {
        let [half, elapsed, last] = self.times;
        let [reach, size, extent, measured, before, after, far, growth] =
            self.others.each_ref().map(|column| column[lane]);
        let period = self.period[lane];
        Probe { half, elapsed, last, reach, size, extent, period, measured, before, after, far, growth }
    }
}

impl<R: Copy> Memory<Register<R>> {
    /// What is remembered of a lane's trajectory.
    #[inline(always)]
    fn of(&self, lane: usize) -> Memory<R> {
        let [rate, score, far, growth] = self.each().map(|column| column[lane]);
        Memory { rate, score, far, growth }
    }

    #[inline(always)]
    fn put(&mut self, lane: usize, own: Memory<R>) {
        self.each_mut().into_iter().zip(own.each()).for_each(|(column, value)| column[lane] = *value);
    }
}
