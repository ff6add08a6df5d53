//! Phase diagrams: how often orbits visit the values of an observable, column by column.

mod range;
mod report;
mod theory;

use std::collections::BTreeMap;
use std::io::{Seek, Write};
use std::time::Instant;

use zip::ZipWriter;

pub use self::report::{PhaseReport, Visits};
pub use self::theory::Theory;
pub(crate) use self::theory::{AT_REST, Known, cycle, excess, limit, rate};
use crate::analysis::refine_exponents;
use crate::bins::Bins;
use crate::engine::{Cells, Density, Engine, Outcomes, Watch};
use crate::error::Result;
use crate::experiment::PhaseExperiment;
use crate::fate::Fate;
use crate::map::array;
use crate::plan::Plan;
use crate::report::StageSeconds;

/// What is visited in each column. Arrays of shape `[W]` belong to the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagram {
    /// Shape `[W]`: the quantity along the axis, ascending.
    pub across: Vec<f64>,
    /// Of `H` bins.
    pub bins: Bins,
    /// Shape `[H, W]`: visits in each bin, of all orbits that do not diverge; row 0 is that of the least values.
    pub counts: Vec<u32>,
    /// Visits below and above the range of the bins.
    pub below: Vec<u32>,
    /// Visits above the range.
    pub above: Vec<u32>,
    /// Orbits that diverge; their visits are in no count.
    pub diverged: Vec<u32>,
    /// The most frequent period among the orbits that do not diverge, the shorter one of two; 0 if most have
    /// none.
    pub period: Vec<u32>,
    /// Mean Lyapunov exponent of the orbits that do not diverge, nats per step; NaN if all do.
    pub lyapunov: Vec<f64>,
    /// What theory says of the columns.
    pub theory: Theory,
}

impl Diagram {
    /// Writes `phase.npz`.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, to: &mut (impl Write + Seek)) -> std::io::Result<()> {
        let mut archive = ZipWriter::new(to);
        let (w, h) = (self.across.len() as u64, u64::from(self.bins.count));
        array(&mut archive, "across", &[w], self.across.iter().copied())?;
        array(&mut archive, "edges", &[h + 1], self.bins.edges().into_iter())?;
        array(&mut archive, "counts", &[h, w], self.counts.iter().copied())?;
        let columns = [
            ("below", &self.below),
            ("above", &self.above),
            ("diverged", &self.diverged),
            ("period", &self.period),
        ];
        for (name, values) in columns {
            array(&mut archive, name, &[w], values.iter().copied())?;
        }
        array(&mut archive, "lyapunov", &[w], self.lyapunov.iter().copied())?;
        for (name, values) in self.theory.arrays() {
            array(&mut archive, name, &[w], values.iter().copied())?;
        }
        archive.finish()?;
        Ok(())
    }
}

/// Follows every orbit of `experiment` on `engine` and counts what they visit.
///
/// Each column's orbits are also run to their ends as those of a map are, for their periods and exponents:
/// from the same starts or, where they are followed from column to column, from where they have come to.
/// `progress` is told, from any thread, how many of the orbits are done.
///
/// # Errors
/// Those of [`PhaseExperiment::check`] and of the engine.
pub fn run(
    experiment: &PhaseExperiment,
    engine: &dyn Engine,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Diagram, PhaseReport)> {
    let started = Instant::now();
    let bins = match experiment.bins() {
        Some(bins) => bins,
        None => range::find(experiment)?,
    };
    let sampled = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let plan = Plan::of_phase(experiment, Some(&bins))?;
    let planned = started.elapsed().as_secs_f64();
    let PhaseExperiment { transient, steps, warm, .. } = *experiment;
    let watch = Watch { transient, steps, bins: bins.count, warm };
    let all = plan.cells() as u64;
    let faults = engine.faults();
    let first = |done: u64| progress(done / 2);
    let second = |done: u64| progress((all + done) / 2);
    let (mut outcomes, density, followed) = match warm {
        None => {
            let outcomes = engine.run(&plan, &Cells::All, &first)?;
            let bounded = bounded(&outcomes);
            let followed = bounded.count(&plan);
            (outcomes, engine.density(&plan, &watch, &bounded, &second)?, followed)
        }
        Some(_) => {
            let density = engine.density(&plan, &watch, &Cells::All, &first)?;
            let arrived = plan.from_states(&density.ends);
            (engine.run(&arrived, &Cells::All, &second)?, density, plan.cells())
        }
    };
    progress(all);

    let started = Instant::now();
    let cells: Vec<u32> = (0..plan.cells() as u32).collect();
    refine_exponents(&plan, &cells, &mut outcomes);
    let theory = Theory::new(experiment, &plan.across)?;
    let diagram = diagram(&plan, bins, &density, &outcomes, theory);
    let analyse = sampled + started.elapsed().as_secs_f64();
    let sum = |part: fn(&crate::engine::Seconds) -> f64| part(&outcomes.seconds) + part(&density.seconds);
    let seconds = StageSeconds {
        compile: planned + sum(|s| s.compile),
        run: sum(|s| s.run),
        readback: sum(|s| s.readback),
        analyse,
        ..StageSeconds::default()
    };
    let fallback =
        if density.fallback { followed.max(outcomes.fallback.len()) } else { outcomes.fallback.len() };
    let counted = followed as u64 * u64::from(steps);
    let report = PhaseReport::new(experiment, engine.device(), &diagram)
        .with_fates(fates(&outcomes))
        .with_steps(outcomes.steps_taken(), counted, density.seconds.run)
        .with_faults(engine.faults() - faults, fallback as u64)
        .with_seconds(seconds);
    Ok((diagram, report))
}

/// The cells whose orbits do not diverge.
fn bounded(outcomes: &Outcomes) -> Cells {
    let is_bounded = |fate: u8| fate != Fate::Diverged as u8;
    if outcomes.fate.iter().all(|&fate| is_bounded(fate)) {
        return Cells::All;
    }
    let cells = outcomes.fate.iter().enumerate().filter(|(_, fate)| is_bounded(**fate));
    Cells::Listed(cells.map(|(cell, _)| cell as u32).collect())
}

fn diagram(plan: &Plan, bins: Bins, density: &Density, outcomes: &Outcomes, theory: Theory) -> Diagram {
    let width = plan.across.len();
    let visits: Vec<&[u32]> = density.visits.chunks_exact(width).collect();
    let height = bins.count as usize;
    let mut diagram = Diagram {
        across: plan.across.clone(),
        bins,
        counts: visits[1..=height].concat(),
        below: visits[0].to_vec(),
        above: visits[height + 1].to_vec(),
        diverged: Vec::new(),
        period: Vec::new(),
        lyapunov: Vec::new(),
        theory,
    };
    for column in 0..width {
        let orbits = (0..plan.up.len()).map(|row| row * width + column);
        let (lost, kept): (Vec<usize>, Vec<usize>) =
            orbits.partition(|&cell| outcomes.fate[cell] == Fate::Diverged as u8);
        let exponents = kept.iter().map(|&cell| outcomes.lyapunov[cell]).filter(|value| value.is_finite());
        let exponents: Vec<f64> = exponents.collect();
        diagram.diverged.push(lost.len() as u32);
        diagram.period.push(most_frequent(kept.iter().map(|&cell| outcomes.period[cell])));
        diagram.lyapunov.push(exponents.iter().sum::<f64>() / exponents.len() as f64);
    }
    diagram
}

/// The most frequent of some periods, the shorter one of two; 0, for none, last.
fn most_frequent(periods: impl Iterator<Item = u32>) -> u32 {
    let mut counts = BTreeMap::<u32, u32>::new();
    periods.for_each(|period| *counts.entry(period).or_default() += 1);
    let most = counts.into_iter().max_by_key(|&(period, count)| (count, u32::MAX - period.wrapping_sub(1)));
    most.map_or(0, |(period, _)| period)
}

/// Orbits by the name of their fate.
fn fates(outcomes: &Outcomes) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = Fate::ALL.map(|fate| (fate.name().to_owned(), 0)).into();
    for fate in outcomes.fate.iter().filter_map(|&code| Fate::from_code(code)) {
        *counts.entry(fate.name().to_owned()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::most_frequent;

    #[test]
    fn of_equally_frequent_periods_the_shorter_counts() {
        let most = |periods: &[u32]| most_frequent(periods.iter().copied());
        assert_eq!(most(&[4, 2, 2, 4, 1]), 2);
        assert_eq!(most(&[0, 0, 3, 3]), 3);
        assert_eq!(most(&[0, 0, 3]), 0);
        assert_eq!(most(&[]), 0);
    }
}
