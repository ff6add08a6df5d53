//! Pictures of measured numbers on a colour bar.

use super::classes::fate_entries;
use super::key::{Bar, Entry, Key};
use super::names;
use super::palette::{self, Ramp};
use super::raster::Raster;
use super::scale::Scale;
use crate::fate::Fate;
use crate::map::Map;

/// The part of the values at either end that may fall outside the colour bar.
const TAIL: f64 = 0.005;
/// The whole range is shown unless it is longer than the range without tails by this factor.
const TAME: f64 = 1.5;
/// Ninety per cent of the values spread by more than this factor ask for a logarithmic scale.
const DECADES: f64 = 100.0;
/// The same for values with a tail so long that a linear scale would cut it off.
const TAILED: f64 = 10.0;
/// The shorter side of a centred bar is at least this part of the longer one: otherwise mere
/// rounding on that side would look like a result.
const LEAST_SIDE: f64 = 0.1;
/// A linear scale starts from zero if its lower end is less than this part of its upper end.
const NEAR_ZERO: f64 = 0.4;
/// Of more values than this not all are sorted: one in n tells the range as well.
const SAMPLE: usize = 1 << 17;

/// The range in which most values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Lower end, perhaps above the least value.
    pub low: f64,
    /// Upper end, perhaps below the greatest value.
    pub high: f64,
}

impl Spread {
    /// The range of the finite values: all of it, or without tails if these are long.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Spread> {
        Some(Sample::new(values)?.spread())
    }
}

/// Finite values, or one in n of them, with the true ends.
struct Sample {
    values: Vec<f64>,
    least: f64,
    greatest: f64,
}

impl Sample {
    fn new(values: impl Iterator<Item = f64> + Clone) -> Option<Sample> {
        let finite = values.filter(|value| value.is_finite());
        let (mut count, mut least, mut greatest) = (0_usize, f64::INFINITY, f64::NEG_INFINITY);
        for value in finite.clone() {
            count += 1;
            least = least.min(value);
            greatest = greatest.max(value);
        }
        // Multiples of the golden ratio keep to no step, so that every row and column is asked, however long rows are.
        let share = u64::MAX / count.div_ceil(SAMPLE).max(1) as u64;
        let is_asked = |k: usize| (k as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) <= share;
        let values = finite.enumerate().filter(|(k, _)| is_asked(*k)).map(|(_, value)| value);
        (count > 0).then(|| Sample { values: values.collect(), least, greatest })
    }

    /// The value below which the part `share` of all values lies.
    fn at(&mut self, share: f64) -> f64 {
        let place = (share * (self.values.len() - 1) as f64).round() as usize;
        *self.values.select_nth_unstable_by(place, f64::total_cmp).1
    }

    /// See [`Spread::of`].
    fn spread(&mut self) -> Spread {
        self.spread_of(|value| value)
    }

    /// The spread of what an ascending function makes of the values.
    fn spread_of(&mut self, of: fn(f64) -> f64) -> Spread {
        let [low, high] = [TAIL, 1.0 - TAIL].map(|share| of(self.at(share)));
        let whole = of(self.greatest) - of(self.least);
        match low >= high || whole <= TAME * (high - low) {
            true => Spread { low: of(self.least), high: of(self.greatest) },
            false => Spread { low, high },
        }
    }

    /// Whether the bulk of positive values is spread by more than a factor.
    fn is_wide(&mut self, factor: f64) -> bool {
        self.at(0.95).ln() - self.at(0.05).ln() >= factor.ln()
    }
}

/// How far the orbits swing. The scale follows the orbits that do swing: what is left of the
/// amplitude of converged ones is rounding.
pub fn amplitude(map: &Map) -> (Raster, Key) {
    let cells = map.amplitude.iter().zip(&map.fate);
    let swinging = cells.filter(|(_, fate)| matches!(fate, 2 | 3));
    let swinging = swinging.map(|(amplitude, _)| *amplitude);
    let scale = sequential_scale(swinging);
    let scale = scale.or_else(|| {
        // No amplitude is below 0, where nothing at all moves either.
        let moves = map.amplitude.iter().any(|amplitude| *amplitude > 0.0);
        let scale = sequential_scale(map.amplitude.iter().copied())?;
        Some(if moves { scale } else { Scale::linear(0.0, 1.0) })
    });
    picture(map, &map.amplitude, "amplitude", scale, Ramp::Viridis)
}

/// How many steps it takes to settle, in other colours than what is measured at the end.
pub fn settle(map: &Map) -> (Raster, Key) {
    let scale = sequential_scale(map.settle.iter().copied());
    picture(map, &map.settle, "steps to settle", scale, Ramp::Plasma)
}

/// A quantity measured at the end, from low to high.
pub fn measured(map: &Map, values: &[f64], label: &str) -> (Raster, Key) {
    let scale = sequential_scale(values.iter().copied());
    picture(map, values, label, scale, Ramp::Viridis)
}

/// How many steps it takes to the target, a loss that is looked for in a budget of steps.
pub fn reach(map: &Map, target: Option<(f64, u32)>) -> (Raster, Key) {
    let values = map.reach.iter().flatten().copied();
    let bar_of =
        |scale| bar(map.reach.as_deref().unwrap_or_default(), &steps_to(target), scale, Ramp::Viridis);
    reach_on(map, target, sequential_scale(values).map(bar_of))
}

fn steps_to(target: Option<(f64, u32)>) -> String {
    match target {
        Some((loss, _)) => format!("steps to a loss of {}", names::exact(loss)),
        None => "steps to the target".to_owned(),
    }
}

/// The same on a colour bar that is given, which may be that of several maps.
pub fn reach_on(map: &Map, target: Option<(f64, u32)>, bar: Option<Bar>) -> (Raster, Key) {
    let none = vec![f64::NAN; map.cells()];
    let values = map.reach.as_ref().unwrap_or(&none);
    let (mut raster, mut key) = picture_on(map, values, bar);
    let budget = target.map_or(String::new(), |(_, steps)| format!(" in {steps} steps"));
    // How a cell ends says nothing about the target: all that have not come to it look alike.
    let colour = palette::neutral(Fate::Undecided as u8);
    let mut missing = 0;
    for (cell, _) in values.iter().enumerate().filter(|(_, value)| value.is_nan()) {
        raster.colours[cell] = colour;
        missing += 1;
    }
    if missing > 0 {
        key.heading = if key.bar.is_some() { String::new() } else { steps_to(target) };
        key.entries = vec![Entry {
            colour: Some(colour),
            mark: String::new(),
            label: format!("not reached{budget}"),
            value: names::percent(missing, values.len() as u64),
        }];
    }
    (raster, key)
}

/// The Lyapunov exponent, zero in the middle.
pub fn lyapunov(map: &Map) -> (Raster, Key) {
    picture(map, &map.lyapunov, "Lyapunov exponent", centred_scale(&map.lyapunov, 0.0), Ramp::Diverging)
}

/// The learning rate times the sharpness, with the edge of stability, 2, in the middle.
pub fn edge(map: &Map) -> (Raster, Key) {
    let missing = vec![f64::NAN; map.cells()];
    let values = map.edge.as_ref().unwrap_or(&missing);
    picture(map, values, "η × sharpness (2: edge of stability)", centred_scale(values, 2.0), Ramp::Diverging)
}

/// A scale with `centre` at the middle of its colours, for the finite ones among `values`.
fn centred_scale(values: &[f64], centre: f64) -> Option<Scale> {
    Spread::of(values.iter().copied()).map(|spread| {
        let (below, above) = ((centre - spread.low).max(0.0), (spread.high - centre).max(0.0));
        let least = match below.max(above) {
            0.0 => 1.0,
            longest if below == 0.0 || above == 0.0 => longest,
            longest => LEAST_SIDE * longest,
        };
        Scale::centred(centre - below.max(least), centre, centre + above.max(least))
    })
}

/// A linear or logarithmic scale for the finite ones among `values`, if there are any.
pub fn sequential_scale(values: impl Iterator<Item = f64> + Clone) -> Option<Scale> {
    let mut sample = Sample::new(values.clone())?;
    let whole = sample.spread();
    let factor = if sample.greatest > whole.high { TAILED } else { DECADES };
    let positive = match sample.least > 0.0 {
        true => Some(sample),
        false if whole.low >= 0.0 => Sample::new(values.filter(|value| *value > 0.0)),
        false => None,
    };
    if let Some(mut positive) = positive
        && positive.is_wide(factor)
    {
        let spread = positive.spread_of(f64::ln);
        return Some(Scale::log(spread.low.exp(), spread.high.exp()));
    }
    // A range that nearly reaches zero is easier to read from zero on.
    if whole.low > 0.0 && whole.low < NEAR_ZERO * whole.high {
        return Some(Scale::linear(0.0, whole.high));
    }
    // One value alone needs room around it.
    let room = match (whole.low < whole.high, whole.low.abs()) {
        (true, _) => 0.0,
        (false, 0.0) => 1.0,
        (false, size) => 0.1 * size,
    };
    Some(Scale::linear(whole.low - room, whole.high + room))
}

/// The raster and the key for numbers on a scale. Infinities lie beyond the ends of the scale;
/// cells without a number show their fate.
fn picture(map: &Map, values: &[f64], label: &str, scale: Option<Scale>, ramp: Ramp) -> (Raster, Key) {
    let (raster, key) = picture_on(map, values, scale.map(|scale| bar(values, label, scale, ramp)));
    let heading = if key.bar.is_none() { format!("{label}: no values") } else { key.heading };
    (raster, Key { heading, ..key })
}

/// The same on a colour bar that is given, which may be that of several maps.
pub fn picture_on(map: &Map, values: &[f64], bar: Option<Bar>) -> (Raster, Key) {
    let bar_of = bar.as_ref().map(|bar| (bar.scale, bar.ramp));
    let raster = Raster::new(map, |cell| match bar_of {
        Some((scale, ramp)) if !values[cell].is_nan() => ramp.at(scale.position(values[cell])),
        _ => palette::neutral(map.fate[cell]),
    });
    let missing = values.iter().zip(&map.fate).filter(|(value, _)| bar_of.is_none() || value.is_nan());
    let missing = missing.map(|(_, fate)| *fate);
    let entries = fate_entries(missing, values.len(), palette::neutral);
    let heading = if entries.is_empty() { String::new() } else { "without value".to_owned() };
    let key = Key { bar, heading, entries, note: String::new() };
    (raster, key)
}

/// The colour bar, with points at the ends that some values lie beyond.
pub fn bar(values: &[f64], label: &str, scale: Scale, ramp: Ramp) -> Bar {
    let ends = |(least, greatest): (f64, f64), value: &f64| (least.min(*value), greatest.max(*value));
    let (least, greatest) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
    // The ends went through logarithms, so they may differ from the values by a hair.
    let [below, above] = match least <= greatest {
        true => [scale.position(least) < -1e-9, scale.position(greatest) > 1.0 + 1e-9],
        false => [false; 2],
    };
    Bar {
        label: match scale.is_log() {
            true => format!("{label} (log scale)"),
            false => label.to_owned(),
        },
        scale,
        ramp,
        below,
        above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f64]) -> Scale {
        sequential_scale(values.iter().copied()).unwrap()
    }

    #[test]
    fn the_scale_follows_the_data() {
        let ramp: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(scale(&ramp), Scale::linear(0.0, 1000.0));
        let decades: Vec<f64> = ramp.iter().map(|v| 10f64.powf(-v / 100.0)).collect();
        assert!(scale(&decades).is_log());
        let roots: Vec<f64> = ramp.iter().map(|v| v.sqrt()).collect();
        assert!(!scale(&roots).is_log());
        let tailed: Vec<f64> = ramp.iter().map(|v| 1.0 / v.powf(0.9)).collect();
        assert!(scale(&tailed).is_log());
        let mixed: Vec<f64> = decades.iter().map(|v| v - 0.5).collect();
        assert!(!scale(&mixed).is_log());
        assert_eq!(scale(&[3.0, 4.0, 5.0]), Scale::linear(3.0, 5.0));
        assert_eq!(scale(&[2.0, f64::NAN, 2.0]), Scale::linear(1.8, 2.2));
        assert_eq!(scale(&[0.0]), Scale::linear(-1.0, 1.0));
        assert_eq!(sequential_scale([f64::NAN].into_iter()), None);
    }

    #[test]
    fn outliers_do_not_stretch_the_range() {
        let mut values: Vec<f64> = (0..1000).map(|v| 5.0 + f64::from(v % 10)).collect();
        values[500] = 1e9;
        let spread = Spread::of(values.iter().copied()).unwrap();
        assert_eq!((spread.low, spread.high), (5.0, 14.0));
        let bar = bar(&values, "loss", scale(&values), Ramp::Viridis);
        assert!(bar.above && !bar.below);
    }

    #[test]
    fn a_sample_tells_the_range_of_many_values() {
        let values = (0..5 * SAMPLE).map(|v| v as f64);
        let spread = Spread::of(values).unwrap();
        assert_eq!((spread.low, spread.high), (0.0, (5 * SAMPLE - 1) as f64));
    }

    #[test]
    fn infinities_and_zeros_lie_beyond_the_ends() {
        let mut values: Vec<f64> = (0..100).map(|v| 10f64.powi(-(v % 10))).collect();
        (values[3], values[4]) = (0.0, f64::INFINITY);
        let scale = scale(&values);
        let bar = bar(&values, "loss", scale, Ramp::Viridis);
        assert_eq!((bar.below, bar.above), (true, true));
        assert_eq!(bar.label, "loss (log scale)");
        assert!(scale.position(0.0) < 0.0 && scale.position(-1.0) < 0.0);
    }
}
