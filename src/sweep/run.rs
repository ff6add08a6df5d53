//! One frame after the other.

use super::Stack;
use crate::analysis::Known;
use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::error::Result;
use crate::experiment::Precision;
use crate::map::Map;
use crate::report::Report;

/// Runs the frames of a stack in turn.
///
/// An attractor has the same number in every frame, that of the one it continues in the frame before (see
/// [`Known::number`]); numbers are by basin size from 0 in the first.
pub struct Frames<'a> {
    stack: &'a Stack,
    engine: &'a dyn Engine,
    /// For frames that `engine` has not digits enough for.
    cpu: CpuEngine,
    known: Known,
    next: usize,
}

impl<'a> Frames<'a> {
    /// `known`: attractors that have their numbers already.
    pub fn new(stack: &'a Stack, engine: &'a dyn Engine, known: Known) -> Self {
        Self { stack, engine, cpu: CpuEngine::default(), known, next: 0 }
    }

    /// Runs the next frame; `None` after the last one. For `checked` and `progress` see [`crate::run()`].
    pub fn advance(
        &mut self,
        checked: bool,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Option<Result<(Map, Report)>> {
        (self.next < self.stack.count()).then(|| {
            let experiment = self.stack.frame(self.next);
            let fits = experiment.precision == Precision::F32 || self.engine.device().f64;
            let engine: &dyn Engine = if fits { self.engine } else { &self.cpu };
            let (mut map, mut report) = crate::run(&experiment, engine, checked, progress)?;
            let found = report.attractors_found;
            self.known.number(&mut map.attractor, &mut report.attractors, found, experiment.scale());
            self.next += 1;
            Ok((map, report))
        })
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<(Map, Report)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance(false, &|_| {})
    }
}
