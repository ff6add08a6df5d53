//! The CPU engine in the place of a device that has failed for good.

use std::sync::atomic::{AtomicBool, Ordering};

use super::cpu::CpuEngine;
use super::{Cells, Density, Device, Engine, Outcomes, Watch};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// An engine that hands what its device cannot do any more to the CPU engine, and says so.
pub struct Fallback {
    engine: Box<dyn Engine>,
    cpu: CpuEngine,
    gave_up: AtomicBool,
    warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl Fallback {
    /// `warn` is told once, when the device is given up.
    pub fn new(engine: Box<dyn Engine>, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { engine, cpu: CpuEngine::default(), gave_up: AtomicBool::new(false), warn: Box::new(warn) }
    }

    /// Does `work` on the device, unless it was given up. `None` if it is now.
    fn tried<T>(&self, work: impl FnOnce(&dyn Engine) -> Result<T>) -> Result<Option<T>> {
        if self.gave_up.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match work(self.engine.as_ref()) {
            Err(Error::Device(message)) => {
                self.gave_up.store(true, Ordering::Relaxed);
                (self.warn)(&format!(
                    "the device has failed for good ({message}); what is left is computed on the CPU engine, which \
                     may take longer; --no-fallback would have ended here"
                ));
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}

impl Engine for Fallback {
    fn device(&self) -> &Device {
        self.engine.device()
    }

    fn faults(&self) -> u64 {
        self.engine.faults()
    }

    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        if self.tried(|engine| engine.run_into(outcomes, plan, cells, progress))?.is_some() {
            return Ok(());
        }
        let is_missing = |k: &u32| outcomes.fate[*k as usize] == Outcomes::MISSING;
        let places: Vec<u32> = (0..outcomes.fate.len() as u32).filter(is_missing).collect();
        let before = (outcomes.fate.len() - places.len()) as u64;
        let listed = Cells::Listed(places.iter().map(|&k| cells.at(k as usize)).collect());
        let mut rest = self.cpu.run(plan, &listed, &|done| progress(before + done))?;
        rest.fallback = (0..places.len() as u32).collect();
        outcomes.replace(&places, &rest);
        Ok(())
    }

    fn density(
        &self,
        plan: &Plan,
        watch: &Watch,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Density> {
        match self.tried(|engine| engine.density(plan, watch, cells, progress))? {
            Some(density) => Ok(density),
            None => Ok(Density { fallback: true, ..self.cpu.density(plan, watch, cells, progress)? }),
        }
    }
}
