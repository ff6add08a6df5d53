//! Several devices as one: chunks of the work are given to whichever is free.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Cells, Density, Device, Engine, Outcomes, Seconds, Watch, waited_for};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Trajectories of a chunk, unless the map is large: fewer keep no GPU busy.
const CHUNK: usize = 1 << 18;
/// Chunks of a large map for each device: the last ones even out how fast devices are.
const CHUNKS: usize = 4;

/// Several engines that share the trajectories of a plan, which end as they do on each engine alone. Where one fails,
/// the others do its work.
pub struct Several {
    engines: Vec<Box<dyn Engine>>,
    /// Which of them have failed.
    failed: Vec<AtomicBool>,
    device: Device,
    /// Fewest trajectories of a chunk.
    chunk: usize,
}

impl Several {
    /// # Panics
    /// If there is no engine.
    pub fn new(engines: Vec<Box<dyn Engine>>) -> Self {
        let devices: Vec<&Device> = engines.iter().map(|engine| engine.device()).collect();
        let first = devices[0];
        let all = |of: fn(&Device) -> &str| joined(devices.iter().map(|device| of(device)));
        let device = Device {
            engine: first.engine,
            name: all(|device| &device.name),
            kind: all(|device| &device.kind),
            backend: all(|device| &device.backend),
            driver: all(|device| &device.driver),
            f64: devices.iter().all(|device| device.f64),
        };
        let failed = engines.iter().map(|_| AtomicBool::new(false)).collect();
        Self { engines, failed, device, chunk: CHUNK }
    }

    /// The engines that have not failed, with their numbers.
    fn alive(&self) -> impl Iterator<Item = (usize, &dyn Engine)> {
        let engines = self.engines.iter().map(AsRef::as_ref).enumerate();
        engines.filter(|(k, _)| !self.failed[*k].load(Ordering::Relaxed))
    }

    /// Gives the numbers `0 .. count` in chunks to the engines. `put` takes what `work` has made of each.
    fn share<T: Send>(
        &self,
        count: usize,
        work: impl Fn(&dyn Engine, Range<usize>) -> Result<(T, Seconds)> + Sync,
        put: impl FnMut(usize, T) + Send,
    ) -> Result<Seconds> {
        let chunk = count.div_ceil(CHUNKS * self.engines.len()).max(self.chunk);
        let left: Vec<_> =
            (0..count).step_by(chunk).map(|start| start..count.min(start + chunk)).rev().collect();
        let (left, put) = (Mutex::new(left), Mutex::new(put));
        let worker = |k: usize, engine: &dyn Engine| {
            let mut sum = Seconds::default();
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(range) = next else { return Ok(sum) };
                match work(engine, range.clone()) {
                    Ok((part, seconds)) => {
                        put.lock().unwrap_or_else(PoisonError::into_inner)(range.start, part);
                        sum.add(seconds);
                    }
                    Err(e) => {
                        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                        match &e {
                            Error::Device(_) => self.failed[k].store(true, Ordering::Relaxed),
                            // Nothing that the others could still do is of use.
                            _ => left.clear(),
                        }
                        left.push(range);
                        return Err(e);
                    }
                }
            }
        };
        let mut sum = Seconds::default();
        let mut last = Error::Device("all devices have failed".to_owned());
        while !left.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            let results: Vec<Result<Seconds>> = std::thread::scope(|scope| {
                let worker = &worker;
                let threads: Vec<_> =
                    self.alive().map(|(k, engine)| scope.spawn(move || worker(k, engine))).collect();
                threads.into_iter().map(waited_for).collect()
            });
            if results.is_empty() {
                return Err(last);
            }
            // They work at the same time: the slowest tells how long it took.
            let mut slowest = Seconds::default();
            for result in results {
                match result {
                    Ok(seconds) => slowest = longest(slowest, seconds),
                    Err(e @ Error::Device(_)) => last = e,
                    Err(e) => return Err(e),
                }
            }
            sum.add(slowest);
        }
        Ok(sum)
    }
}

fn longest(a: Seconds, b: Seconds) -> Seconds {
    Seconds { compile: a.compile.max(b.compile), run: a.run.max(b.run), readback: a.readback.max(b.readback) }
}

/// The texts, with their numbers where they are repeated: `2 x one + another`.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for text in texts {
        match counted.iter_mut().find(|(of, _)| *of == text) {
            Some((_, count)) => *count += 1,
            None => counted.push((text, 1)),
        }
    }
    let is_one = counted.len() == 1;
    let all: Vec<String> = (counted.into_iter())
        .map(
            |(text, count)| {
                if count > 1 && !text.is_empty() { format!("{count} x {text}") } else { text.to_owned() }
            },
        )
        .collect();
    if is_one { all.concat() } else { all.join(" + ") }
}

/// Adds up what several engines tell of their progress.
struct Progress<'a> {
    sum: Mutex<u64>,
    tell: &'a (dyn Fn(u64) + Sync),
}

impl Progress<'_> {
    /// What to tell the engine that computes one chunk.
    fn of_chunk(&self) -> impl Fn(u64) + Sync + '_ {
        let told = Mutex::new(0);
        move |done| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
            *sum += done.saturating_sub(*told);
            *told = done.max(*told);
            (self.tell)(*sum);
        }
    }
}

fn listed(cells: &Cells, range: Range<usize>) -> Cells {
    Cells::Listed(range.map(|k| cells.at(k)).collect())
}

impl Engine for Several {
    fn device(&self) -> &Device {
        &self.device
    }

    fn faults(&self) -> u64 {
        self.engines.iter().map(|engine| engine.faults()).sum()
    }

    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        let count = cells.count(plan);
        let progress = Progress { sum: Mutex::new(0), tell: progress };
        let seconds = self.share(
            count,
            |engine, range| {
                let part = engine.run(plan, &listed(cells, range), &progress.of_chunk())?;
                let seconds = part.seconds;
                Ok((part, seconds))
            },
            |start, part| outcomes.put(start, &part),
        )?;
        outcomes.seconds = seconds;
        Ok(())
    }

    /// Orbits that go on from column to column all stay on one engine.
    fn density(
        &self,
        plan: &Plan,
        watch: &Watch,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Density> {
        if watch.warm.is_some() {
            let mut last = Error::Device("all devices have failed".to_owned());
            for (k, engine) in self.alive() {
                match engine.density(plan, watch, cells, progress) {
                    Err(e @ Error::Device(_)) => {
                        self.failed[k].store(true, Ordering::Relaxed);
                        last = e;
                    }
                    other => return other,
                }
            }
            return Err(last);
        }
        let rows = watch.bins as usize + Density::OTHERS;
        let mut visits = vec![0; rows * plan.across.len()];
        let progress = Progress { sum: Mutex::new(0), tell: progress };
        let seconds = self.share(
            cells.count(plan),
            |engine, range| {
                let part = engine.density(plan, watch, &listed(cells, range), &progress.of_chunk())?;
                Ok((part.visits, part.seconds))
            },
            |_, part| visits.iter_mut().zip(part).for_each(|(sum, count)| *sum += count),
        )?;
        Ok(Density { visits, seconds, ..Density::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::CpuEngine;
    use crate::engine::gpu::GpuEngine;
    use crate::error::Error;
    use crate::experiment::Draft;

    fn cpu() -> Box<dyn Engine> {
        Box::new(CpuEngine::default())
    }

    fn gpu() -> Box<dyn Engine> {
        Box::new(GpuEngine::open(None).or_else(|_| GpuEngine::open(Some("0"))).expect("no device opens"))
    }

    fn several(engines: Vec<Box<dyn Engine>>) -> Several {
        Several { chunk: 100, ..Several::new(engines) }
    }

    const MIXED: &str = "landscape = 'f3'\nacross = 'x1 = -4 .. 4'\nup = 'eta = 0.1 .. 1.2'\nset = { x2 = 1 }
        size = [41, 30]\nsteps = 1000\ntarget = 0.5";

    #[test]
    fn together_they_find_what_each_finds_alone() {
        let plan = Plan::new(&Draft::parse(MIXED).unwrap().resolve().unwrap()).unwrap();
        for engine in [cpu, gpu] {
            for cells in [Cells::All, Cells::Listed((0..1230).rev().filter(|k| k % 5 != 1).collect())] {
                let alone = engine().run(&plan, &cells, &|_| {}).unwrap();
                let told = Mutex::new(0);
                let found = several(vec![engine(), engine()]);
                let found = found.run(&plan, &cells, &|done| *told.lock().unwrap() = done).unwrap();
                let numbers =
                    |o: &Outcomes| (o.fate.clone(), o.period.clone(), o.phase.clone(), o.steps.clone());
                let floats = |o: &Outcomes| {
                    let all = [&o.amplitude, &o.lyapunov, &o.loss, &o.point, &o.reach];
                    all.into_iter().flatten().map(|x| x.to_bits()).collect::<Vec<u64>>()
                };
                assert_eq!(numbers(&found), numbers(&alone));
                assert_eq!(floats(&found), floats(&alone));
                assert_eq!(*told.lock().unwrap(), cells.count(&plan) as u64);
            }
        }
    }

    #[test]
    fn together_they_count_what_each_counts_alone() {
        for warm in ["", "warm = 'up'"] {
            let text = format!(
                "landscape = 'f1'\nacross = 'eta = 0.1 .. 5'\nsize = [20, 20]\nsteps = 200\n[phase]\nstarts = 31
                range = '0 .. 3'\n{warm}"
            );
            let experiment = Draft::parse(&text).unwrap().resolve_phase().unwrap();
            let plan = Plan::of_phase(&experiment, experiment.bins().as_ref()).unwrap();
            let watch = Watch { transient: 100, steps: 200, bins: 20, warm: experiment.warm };
            for engine in [cpu, gpu] {
                let alone = engine().density(&plan, &watch, &Cells::All, &|_| {}).unwrap();
                let found = several(vec![engine(), engine()]);
                let found = found.density(&plan, &watch, &Cells::All, &|_| {}).unwrap();
                assert_eq!((found.visits, found.ends), (alone.visits, alone.ends));
            }
        }
    }

    /// An engine that fails.
    struct Broken(Device);

    impl Engine for Broken {
        fn device(&self) -> &Device {
            &self.0
        }

        fn run_into(&self, _: &mut Outcomes, _: &Plan, _: &Cells, _: &(dyn Fn(u64) + Sync)) -> Result<()> {
            Err(Error::Device("it broke".to_owned()))
        }

        fn density(&self, _: &Plan, _: &Watch, _: &Cells, _: &(dyn Fn(u64) + Sync)) -> Result<Density> {
            Err(Error::Device("it broke".to_owned()))
        }
    }

    #[test]
    fn the_work_of_a_device_that_fails_is_done_by_the_others() {
        let plan = Plan::new(&Draft::parse(MIXED).unwrap().resolve().unwrap()).unwrap();
        let broken = || {
            let device = Device { name: "old".to_owned(), f64: false, ..cpu().device().clone() };
            Box::new(Broken(device)) as Box<dyn Engine>
        };
        let engines = Several { chunk: 10, ..Several::new(vec![cpu(), broken(), cpu()]) };
        let name = cpu().device().name.clone();
        assert_eq!(engines.device().name, format!("2 x {name} + old"));
        assert!(!engines.device().f64);
        for cells in [Cells::All, Cells::Listed((100..400).collect())] {
            let alone = cpu().run(&plan, &cells, &|_| {}).unwrap();
            let found = engines.run(&plan, &cells, &|_| {}).unwrap();
            assert_eq!((found.fate, found.steps), (alone.fate, alone.steps));
        }
        let engines = several(vec![broken(), broken()]);
        let error = engines.run(&plan, &Cells::All, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("it broke"), "{error}");
        let error = engines.run(&plan, &Cells::All, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("all devices have failed"), "{error}");
    }
}
