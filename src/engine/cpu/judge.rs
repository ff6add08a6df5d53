//! The stopping rule over a block of trajectories, after each window.

use super::block::Block;
use super::observe::larger;
use crate::fate::{Fate, Memory, Probe, RUNNING, Rules, Verdict, end};
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
            // Escape is looked for even while the schedule changes.
            let [running, diverged] = [RUNNING, f64::from(Fate::Diverged as u8)].map(R::from_f64);
            for (verdict, reach) in self.verdicts.iter_mut().zip(reach.iter()) {
                *verdict = R::choose(*reach <= rules.escape, running, diverged);
            }
            return;
        }
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
        let [period, before, after, far] =
            [layout.period, layout.before, layout.after, layout.far].map(|at| self.registers[at]);
        let (growth, mut memory, mut verdicts) = (self.growth, self.memory, self.verdicts);
        let [half, elapsed, last] = {
            let Stage { window, elapsed, last_elapsed, .. } = stage;
            [f64::from(window.half), f64::from(*elapsed), f64::from(*last_elapsed)].map(R::from_f64)
        };
        for lane in 0..chunks * CHUNK {
            let probe = Probe {
                half,
                elapsed,
                last,
                reach: reach[lane],
                size: size[lane],
                extent: extent[lane],
                period: period[lane],
                before: before[lane],
                after: after[lane],
                far: far[lane],
                growth: growth[lane],
            };
            let mut own = memory.of(lane);
            verdicts[lane] = end(&probe, &mut own, rules);
            memory.put(lane, own);
        }
        (self.memory, self.verdicts) = (memory, verdicts);
    }

    /// The verdict on one lane.
    pub fn verdict(&self, lane: usize) -> Verdict {
        Verdict::from_code(self.verdicts[lane])
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
