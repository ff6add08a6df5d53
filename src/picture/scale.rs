//! Where values stand along an axis or a colour bar, and which of them get a tick.

use super::names;

/// More labels than this are never needed, however long the axis.
const MOST_TICKS: usize = 8;

/// The round numbers of a decade.
const FACTORS: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];

/// How values are spread over a length.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    Log,
    /// Around this value.
    Centred(f64),
}

/// A map from a range of values to positions between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
}

/// A mark at a position between 0 and 1; a minor tick has no label.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where the tick stands on its scale.
    pub position: f64,
    /// The number beside it, empty for a minor tick.
    pub label: String,
}

impl Scale {
    /// Equal steps between `low` and `high`.
    pub fn linear(low: f64, high: f64) -> Scale {
        let kind = Kind::Linear;
        Scale { kind, low, high }
    }

    /// Equal ratios between `low` and `high`; linear where a logarithm is impossible.
    pub fn log(low: f64, high: f64) -> Scale {
        let kind = match low > 0.0 && high > 0.0 {
            true => Kind::Log,
            false => Kind::Linear,
        };
        Scale { kind, low, high }
    }

    /// `centre` in the middle, equal steps on either side of it down to `low` and up to `high`.
    pub fn centred(low: f64, centre: f64, high: f64) -> Scale {
        let kind = Kind::Centred(centre);
        Scale { kind, low, high }
    }

    /// Whether equal ratios have equal lengths.
    pub fn is_log(&self) -> bool {
        self.kind == Kind::Log
    }

    /// Position of a value, 0 at the lowest and 1 at the highest; the middle for an empty range.
    pub fn position(&self, value: f64) -> f64 {
        let Scale { kind, low, high } = *self;
        let position = match kind {
            Kind::Linear => (value - low) / (high - low),
            Kind::Log if value <= 0.0 => f64::NEG_INFINITY,
            Kind::Log => (value.ln() - low.ln()) / (high.ln() - low.ln()),
            Kind::Centred(centre) if value < centre => 0.5 - 0.5 * (value - centre) / (low - centre),
            Kind::Centred(centre) => 0.5 + 0.5 * (value - centre) / (high - centre),
        };
        if low < high { position } else { 0.5 }
    }

    /// About `wanted` labelled ticks at round values, in ascending order.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let Scale { kind, low, high } = *self;
        if !(low.is_finite() && high.is_finite()) {
            return Vec::new();
        }
        let size = low.abs().max(high.abs());
        // Below this the numbers themselves are too coarse for round steps.
        if high - low <= 1e-11 * size {
            let label = names::short(low);
            let position = 0.5;
            return vec![Tick { position, label }];
        }
        let numbers = match kind {
            Kind::Linear => linear(low, high, wanted),
            Kind::Log => logarithmic(low, high, wanted),
            Kind::Centred(centre) => centred(low, centre, high, wanted),
        };
        let tick = |(value, label)| Tick { position: self.position(value), label };
        numbers.into_iter().map(tick).collect()
    }

    /// As many ticks as fit on `length` pixels with at least `gap` pixels between the labels,
    /// whose lengths in the direction of the scale are told by `extent`.
    pub fn fitting_ticks(&self, length: f32, gap: f32, extent: impl Fn(&str) -> f32) -> Vec<Tick> {
        let fits = |ticks: &Vec<Tick>| {
            let labelled = ticks.iter().filter(|tick| !tick.label.is_empty());
            let ends = labelled.map(|tick| {
                let middle = tick.position as f32 * length;
                let half = extent(&tick.label) / 2.0;
                (middle - half, middle + half)
            });
            let ends: Vec<(f32, f32)> = ends.collect();
            ends.windows(2).all(|pair| pair[0].1 + gap <= pair[1].0)
        };
        let choices = (1..=MOST_TICKS).rev().map(|wanted| self.ticks(wanted));
        choices.into_iter().find(fits).unwrap_or_default()
    }
}

/// A value and its label.
type Number = (f64, String);

/// Multiples of 1, 2 or 5 times a power of ten, at most `wanted` steps between them.
fn linear(low: f64, high: f64, wanted: usize) -> Vec<Number> {
    let rough = (high - low) / wanted.max(1) as f64;
    let ten = 10f64.powi(names::magnitude(rough));
    let choices = [1.0, 2.0, 5.0, 10.0].map(|m| m * ten);
    // A hair of slack, so that ten steps over 0..1 are steps of 0.1.
    let fitting = choices.into_iter().find(|step| *step >= rough * 0.999_999);
    let step = fitting.unwrap_or(10.0 * ten);
    let first = (low / step - 1e-6).ceil() as i64;
    let last = (high / step + 1e-6).floor() as i64;
    let values: Vec<f64> = (first..=last).map(|k| k as f64 * step).collect();
    let labels = labels(&values, step);
    values.into_iter().zip(labels).collect()
}

/// Labels with as many decimals as the step needs, with a power of ten for large and tiny numbers.
fn labels(values: &[f64], step: f64) -> Vec<String> {
    let size = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let exponent = if size > 0.0 { names::magnitude(size) } else { 0 };
    let last_digit = names::magnitude(step);
    let label = |value: &f64| match (-3..6).contains(&exponent) {
        true => names::fixed(*value, (-last_digit).max(0) as usize),
        false => names::scientific(*value, exponent, (exponent - last_digit).max(0) as usize),
    };
    values.iter().map(label).collect()
}

/// Round values on either side of the centre, each side with its own step.
fn centred(low: f64, centre: f64, high: f64, wanted: usize) -> Vec<Number> {
    let side = (wanted / 2).max(1);
    // Neither the centre again nor a number that stands in its way.
    let apart = |(value, _): &Number| {
        let length = if *value < centre { centre - low } else { high - centre };
        (value - centre).abs() > 0.1 * length
    };
    let below = linear(low, centre, side).into_iter().filter(apart);
    let above = linear(centre, high, side).into_iter().filter(apart);
    below.chain([(centre, names::short(centre))]).chain(above).collect()
}

/// Whole decades; for a short range 1-2-5 steps or, if that is too few, a linear choice.
fn logarithmic(low: f64, high: f64, wanted: usize) -> Vec<Number> {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    let decades = (last - first + 1).max(0) as usize;
    let inside = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
    if decades < 3 {
        let steps = powers(first - 1, last, &[1.0, 2.0, 5.0]).into_iter();
        let steps: Vec<f64> = steps.filter(inside).collect();
        if steps.len() >= 3 && steps.len() <= wanted {
            let between = powers(first - 1, last, &FACTORS).into_iter();
            let between = between.filter(|value| inside(value) && !steps.contains(value));
            return merged(with_powers(&steps), between);
        }
    }
    if decades < 2 {
        return linear(low, high, wanted);
    }
    let stride = decades.div_ceil(wanted.max(1)) as i32;
    let (major, minor): (Vec<i32>, Vec<i32>) =
        (first..=last).partition(|power| power.rem_euclid(stride) == 0);
    let minor = match stride {
        1 => powers(first - 1, last, &FACTORS[1..]),
        _ => minor.into_iter().map(|power| 10f64.powi(power)).collect(),
    };
    let major: Vec<f64> = major.into_iter().map(|power| 10f64.powi(power)).collect();
    merged(with_powers(&major), minor.into_iter().filter(inside))
}

/// Labelled numbers and, between them, numbers without a label.
fn merged(labelled: Vec<Number>, bare: impl Iterator<Item = f64>) -> Vec<Number> {
    let mut numbers = labelled;
    numbers.extend(bare.map(|value| (value, String::new())));
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    numbers
}

/// Every power of ten from `first` to `last` times every one of `factors`.
fn powers(first: i32, last: i32, factors: &[f64]) -> Vec<f64> {
    let decade = |power| factors.iter().map(move |factor| factor * 10f64.powi(power));
    (first..=last).flat_map(decade).collect()
}

/// Labels for the values of a logarithmic scale, all plain or all with a power of ten.
fn with_powers(values: &[f64]) -> Vec<Number> {
    let plain = values.iter().all(|v| (0.9e-3..1.1e4).contains(v));
    let label = |&value: &f64| {
        let power = names::magnitude(value);
        let label = match plain {
            true => names::fixed(value, (-power).max(0) as usize),
            false if power == 0 => names::fixed(value, 0),
            false => names::scientific(value, power, 0),
        };
        (value, label)
    };
    values.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(scale: Scale, wanted: usize) -> Vec<String> {
        let ticks = scale.ticks(wanted).into_iter();
        ticks.map(|t| t.label).filter(|l| !l.is_empty()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(words(Scale::linear(0.0, 1.0), 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(words(Scale::linear(-3.0, 3.0), 4), ["−2", "0", "2"]);
        assert_eq!(words(Scale::linear(0.0, 10.0), 10).len(), 11);
        assert_eq!(words(Scale::linear(0.0, 4e-6), 4), ["0", "10⁻⁶", "2×10⁻⁶", "3×10⁻⁶", "4×10⁻⁶"]);
    }

    #[test]
    fn ticks_stand_at_their_values() {
        let scale = Scale::linear(-1.0, 3.0);
        for tick in scale.ticks(4) {
            let value: f64 = tick.label.replace('−', "-").parse().unwrap();
            assert!((scale.position(value) - tick.position).abs() < 1e-9);
            assert!((0.0..=1.0).contains(&tick.position));
        }
    }

    #[test]
    fn log_ticks_are_decades_with_minor_ticks() {
        let scale = Scale::log(1e-6, 1.0);
        let ticks = scale.ticks(8);
        assert_eq!(words(scale, 8), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1"]);
        assert_eq!(ticks.len(), 7 + 6 * 8);
        assert_eq!(words(scale, 3), ["10⁻⁶", "10⁻³", "1"]);
        assert!(ticks.windows(2).all(|pair| pair[0].position < pair[1].position));
    }

    #[test]
    fn short_log_ranges_have_enough_labels() {
        assert_eq!(words(Scale::log(0.01, 0.5), 8), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(Scale::log(0.01, 0.5).ticks(8).len(), 9 + 5);
        assert_eq!(words(Scale::log(0.3, 0.9), 4), ["0.4", "0.6", "0.8"]);
        assert_eq!(Scale::log(0.0, 1.0), Scale::linear(0.0, 1.0));
    }

    #[test]
    fn the_centre_is_the_middle_of_a_centred_scale() {
        let scale = Scale::centred(-4.0, 0.0, 0.5);
        assert_eq!(scale.position(0.0), 0.5);
        assert_eq!(scale.position(-4.0), 0.0);
        assert_eq!(scale.position(0.25), 0.75);
        assert_eq!(words(scale, 6), ["−4", "−2", "0", "0.2", "0.4"]);
        let scale = Scale::centred(0.0, 2.0, 12.0);
        assert_eq!([0.0, 1.0, 2.0, 7.0].map(|v| scale.position(v)), [0.0, 0.25, 0.5, 0.75]);
        assert_eq!(words(scale, 6), ["0", "1", "2", "5", "10"]);
    }

    #[test]
    fn degenerate_ranges_have_one_tick_or_none() {
        assert_eq!(words(Scale::linear(2.5, 2.5), 5), ["2.5"]);
        assert_eq!(Scale::linear(2.5, 2.5).position(2.5), 0.5);
        assert_eq!(words(Scale::linear(1.0, 1.0 + 1e-15), 5), ["1"]);
        assert!(Scale::linear(f64::NAN, 1.0).ticks(5).is_empty());
        assert_eq!(words(Scale::linear(0.0, 0.0), 5), ["0"]);
    }
}
