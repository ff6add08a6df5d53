//! The range of a diagram's bins, where the user gives none: found from a sample of its orbits.

use std::ops::Range;

use crate::bins::Bins;
use crate::engine::cpu::sample;
use crate::error::Result;
use crate::experiment::{Axis, PhaseExperiment};
use crate::plan::Plan;

/// Columns and starts of the sample: enough that the parts of a parameter range that differ are all seen.
const COLUMNS: usize = 256;
const STARTS: usize = 16;
/// What is seen of each orbit after the transient: so many runs, the first at its beginning and the last at its end, as
/// an orbit may drift; and so many steps in each, as it may turn or alternate.
const RUNS: u32 = 4;
const STEPS: u32 = 64;
/// The part of the values at either end that may be out of range, ...
const TAIL: f64 = 0.002;
/// ... unless the range of all is no longer than that of the others by this factor.
const TAME: f64 = 1.5;
/// What is so much smaller than the large values is an orbit at rest, and tells nothing of a range; ...
const AT_REST: f64 = 1e-6;
/// ... and so is what is smaller than the square of the tolerance, as a loss is at that distance; and than this.
const LEAST: f64 = 1e-280;
/// Nine tenths of the values, spread by more than this factor, ask for bins of equal ratios.
const WIDE: f64 = 100.0;
/// A range whose lower end is less than this part of the upper one starts from 0.
const NEAR_ZERO: f64 = 0.4;
/// Room beyond the values, as a part of the range.
const ROOM: f64 = 0.03;

/// Bins for an experiment that says nothing of their range. The sample is computed on the CPU, with the
/// experiment's precision, so that it does not depend on the device.
pub fn find(experiment: &PhaseExperiment) -> Result<Bins> {
    let plan = Plan::of_phase(experiment, None)?;
    let (width, height) = (plan.across.len(), plan.up.len());
    let some = |of: usize, most: usize| {
        let count = of.min(most);
        (0..count).map(move |k| (2 * k + 1) * of / (2 * count))
    };
    let cells = some(height, STARTS).flat_map(|i| some(width, COLUMNS).map(move |j| (i * width + j) as u32));
    let cells: Vec<u32> = cells.collect();
    let runs = runs(experiment.transient..experiment.steps);
    let values = sample(&plan, &runs, &cells);
    // An orbit that leaves the escape radius is no part of the diagram.
    let orbits = values.chunks_exact(runs.iter().map(|run| run.len()).sum());
    let values = orbits.filter(|orbit| !escapes(orbit)).flatten().copied();
    let tolerance = plan.rules.tolerance;
    let range = of_values(values.filter(|v| v.is_finite()).collect(), LEAST.max(tolerance * tolerance));
    Ok(Bins { range, count: experiment.size[1] })
}

/// The steps of a sample of an orbit that is counted for `steps`.
fn runs(steps: Range<u32>) -> Vec<Range<u32>> {
    let length = steps.end - steps.start;
    if length <= RUNS * STEPS {
        return vec![steps];
    }
    let room = u64::from(length - STEPS);
    let starts = (0..RUNS).map(|k| steps.start + (u64::from(k) * room / u64::from(RUNS - 1)) as u32);
    starts.map(|start| start..start + STEPS).collect()
}

/// Whether an orbit has no values from some step on: an observable that has none at some points has others again.
fn escapes(orbit: &[f64]) -> bool {
    orbit.last().is_some_and(|v| v.is_nan()) && orbit.iter().skip_while(|v| !v.is_nan()).all(|v| v.is_nan())
}

/// The range that most of `values` lie in, with numbers that are short to write. Those below `rest` are 0.
fn of_values(mut values: Vec<f64>, rest: f64) -> Axis {
    values.sort_by(f64::total_cmp);
    let axis = |from: f64, to: f64, log: bool| {
        let units = if log { [from, to] } else { [to - from; 2] };
        let (from, to) = (rounded(from, units[0], f64::floor), rounded(to, units[1], f64::ceil));
        Axis { name: "value".to_owned(), from, to, log }
    };
    let last = values.len().max(1) - 1;
    let quantile = |share: f64| values.get((share * last as f64).round() as usize).map_or(0.0, |v| v.abs());
    let largest = quantile(TAIL).max(quantile(1.0 - TAIL));
    let moving: Vec<f64> = values.iter().copied().filter(|v| v.abs() > rest.max(AT_REST * largest)).collect();
    if moving.is_empty() {
        // Nothing was bounded, or all of it is at 0.
        return axis(if values.iter().any(|v| *v < 0.0) { -1.0 } else { 0.0 }, 1.0, false);
    }
    let at = |share: f64| moving[(share * (moving.len() - 1) as f64).round() as usize];
    let (least, most) = (moving[0], moving[moving.len() - 1]);
    let (mut low, mut high) = (at(TAIL), at(1.0 - TAIL));
    if most - least <= TAME * (high - low) {
        (low, high) = (least, most);
    }
    if low > 0.0 && at(0.95) > WIDE * at(0.05) {
        return axis(low / 1.1, high * 1.1, true);
    }
    let rests_at_zero = moving.len() < values.len();
    if rests_at_zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let from = if low >= 0.0 && low < NEAR_ZERO * high { 0.0 } else { low };
    let room = match high - from {
        0.0 => 0.1 * high.abs().max(f64::MIN_POSITIVE),
        length => ROOM * length,
    };
    axis(if from == 0.0 { 0.0 } else { from - room }, high + room, false)
}

/// `value` rounded to about three digits of `unit`.
fn rounded(value: f64, unit: f64, round: fn(f64) -> f64) -> f64 {
    let digit = unit.abs().log10().floor() as i32 - 2;
    let scaled = round(value / 10f64.powi(digit));
    // A division by a power of ten gives the nearest double to the decimal number, a product may not.
    if digit < 0 { scaled / 10f64.powi(-digit) } else { scaled * 10f64.powi(digit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(values: impl Iterator<Item = f64>) -> String {
        of_values(values.collect(), 1e-14).to_string()
    }

    #[test]
    fn a_sample_is_spread_over_all_that_is_counted() {
        assert_eq!(runs(100..100 + RUNS * STEPS), std::slice::from_ref(&(100..356)));
        assert_eq!(runs(1000..2000), [1000..1064, 1312..1376, 1624..1688, 1936..2000]);
        assert_eq!(runs(0..1 << 24).last(), Some(&((1 << 24) - STEPS..1 << 24)));
    }

    #[test]
    fn ranges_follow_the_values() {
        let even = |n: i32| (0..=n).map(move |k| f64::from(k) / f64::from(n));
        assert_eq!(range(even(1000)), "value = 0 .. 1.03");
        assert_eq!(range(even(1000).map(|v| 10.0 * v - 5.0)), "value = -5.3 .. 5.3");
        assert_eq!(range(even(1000).map(|v| 100.0 + v)), "value = 99.97 .. 101.03");
        // Orbits at rest count as 0, however small.
        let rest = even(300).map(|v| 1e-30 * v);
        assert_eq!(range(even(1000).map(|v| 7.0 + v).chain(rest)), "value = 0 .. 8.24");
        let decades = even(1000).map(|v| 10f64.powf(-4.0 * v));
        assert_eq!(range(decades), "value = 0.0000909 .. 1.1 : log");
        // One value far away does not stretch it.
        assert_eq!(range(even(1000).chain([1e9])), "value = 0 .. 1.03");
        assert_eq!(range([3.0; 10].into_iter()), "value = 2.7 .. 3.3");
        // Orbits that have all come to rest at 0.
        for nothing in [&[0.0, 0.0][..], &[], &[1e-20, 5e-45, 1e-310]] {
            assert_eq!(range(nothing.iter().copied()), "value = 0 .. 1");
        }
    }
}
