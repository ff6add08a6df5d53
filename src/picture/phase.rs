//! Phase diagrams: densities over one quantity, with theory over them and periods and exponents below.

use image::{Rgb, RgbImage};

use super::canvas::Dash;
use super::chart::{Axis, Chart};
use super::figure::{Figure, Frame, Panel, Plot};
use super::key::{Entry, Key};
use super::palette::{self, Ramp};
use super::raster::Raster;
use super::scale::Scale;
use super::series::{Marker, Series};
use super::theme::Tint;
use super::values;
use super::{names, view, words};
use crate::experiment::{self, Optimizer, PhaseExperiment, Warm};
use crate::fate::Fate;
use crate::phase::Diagram;

/// Shares this much less than the largest are the least that have a colour of their own.
const DECADES: f64 = 1e-5;
/// The colours begin so far below the least share, and reach over this factor at least.
const APART: f64 = 4.0;
const SHORTEST: f64 = 1e-3;
/// Heights of the two strips, as a part of their width, and at least in pixels.
const STRIP: f32 = 0.11;
const STRIP_LEAST: u32 = 84;
/// Up to this period, each has the same room; longer ones stand on a logarithmic axis.
const FEW: u32 = 4;
/// The part of the exponents that may lie below their strip: those of superstable cycles have no end.
const TAIL: f64 = 0.03;
/// Colours of what theory says: apart from the density's, on light and dark paper.
const CYCLE: Rgb<u8> = Rgb([235, 60, 50]);
const THRESHOLD: Rgb<u8> = Rgb([230, 130, 0]);
const OUTSIDE: Rgb<u8> = Rgb([86, 180, 233]);

/// The diagram with its strips. The longest side of the density is about `length` pixels, more where it has
/// more cells.
pub fn figure(diagram: &Diagram, experiment: &PhaseExperiment, length: u32) -> Figure {
    let (title, subtitle) = about(experiment);
    let (raster, key) = colours(diagram);
    let (_, (wide, _)) = raster.shown(length);
    let chart = Chart {
        across: view::axis("", experiment.across.log, &diagram.across),
        up: up(diagram, experiment),
        raster: Some(raster),
        levels: None,
        series: overlays(diagram, experiment),
    };
    let density =
        Panel { title: String::new(), plot: Plot::Chart(chart), key, frame: Frame::Longest(length) };
    let strip = Frame::Exact(wide, ((STRIP * wide as f32) as u32).max(STRIP_LEAST));
    let periods = periods(diagram, experiment, strip);
    let exponents = exponents(diagram, experiment, strip);
    Figure {
        title,
        subtitle,
        rows: vec![vec![density], vec![periods], vec![exponents]],
        caption: String::new(),
    }
}

/// The density alone, a pixel for each bin.
pub fn plain(diagram: &Diagram) -> RgbImage {
    colours(diagram).0.plain()
}

/// Title and subtitle.
fn about(experiment: &PhaseExperiment) -> (String, String) {
    let PhaseExperiment { setup, starts, steps, transient, .. } = experiment;
    let spread = |name: &str| experiment.from.iter().any(|axis| axis.name == name);
    let ranges = ranges(&experiment.from);
    let starts = match (starts, ranges.is_empty()) {
        (1, true) => "one start".to_owned(),
        (n, true) => format!("{n} starts"),
        (1, false) => format!("one start from {ranges}"),
        (n, false) => format!("{n} starts from {ranges}"),
    };
    let name = names::quantity(&experiment.across.name);
    let sweep = match experiment.warm {
        None => String::new(),
        Some(Warm::Up) => format!(", followed as {name} rises"),
        Some(Warm::Down) => format!(", followed as {name} falls"),
    };
    let budget = [format!("{starts}{sweep}"), format!("steps {transient} to {steps}")];
    words(setup, |name| experiment.across.name == name || spread(name), &budget)
}

/// The ranges that starts are from; variables of one range share it.
fn ranges(from: &[experiment::Axis]) -> String {
    let range = |axis: &experiment::Axis| {
        let range = format!("{} .. {}", axis.from, axis.to).replace('-', "−");
        if axis.log { format!("{range} (log)") } else { range }
    };
    let groups = from.chunk_by(|a, b| range(a) == range(b)).map(|group| {
        let names: Vec<String> = group.iter().map(|axis| names::quantity(&axis.name)).collect();
        let names = match names.as_slice() {
            [first, _, .., _, last] => format!("{first}, …, {last}"),
            few => few.join(", "),
        };
        format!("{names} = {}", range(&group[0]))
    });
    groups.collect::<Vec<_>>().join(", ")
}

fn up(diagram: &Diagram, experiment: &PhaseExperiment) -> Axis {
    let range = &diagram.bins.range;
    let scale =
        if range.log { Scale::log(range.from, range.to) } else { Scale::linear(range.from, range.to) };
    Axis::new(&names::quantity(&experiment.observe), scale)
}

/// The share of each column's visits in every bin, on a logarithmic scale.
fn colours(diagram: &Diagram) -> (Raster, Key) {
    let (width, height) = (diagram.across.len(), diagram.bins.count as usize);
    let totals: Vec<f64> = (0..width)
        .map(|j| {
            let inside = (0..height).map(|i| u64::from(diagram.counts[i * width + j])).sum::<u64>();
            (inside + u64::from(diagram.below[j]) + u64::from(diagram.above[j])) as f64
        })
        .collect();
    let shares = diagram.counts.iter().enumerate();
    let shares: Vec<f64> = shares.map(|(cell, &count)| f64::from(count) / totals[cell % width]).collect();
    let visited = || shares.iter().copied().filter(|share| *share > 0.0);
    let most = visited().fold(0.0, f64::max);
    let least = visited().fold(most, f64::min).max(DECADES * most);
    // What was visited must not look like what was not.
    let scale = match most > 0.0 {
        true => Scale::log((least / APART).min(SHORTEST * most), most),
        false => Scale::log(SHORTEST, 1.0),
    };
    let ramp = Ramp::Viridis;
    let gone = palette::neutral(Fate::Diverged as u8);
    // A column without a visit has shares that are no numbers.
    let colour = |share: &f64| match *share {
        share if share.is_nan() => gone,
        0.0 => ramp.at(0.0),
        share => ramp.at(scale.position(share.max(least))),
    };
    let raster = Raster { width, height, colours: shares.iter().map(colour).collect(), classes: None };
    let empty = totals.iter().filter(|total| **total == 0.0).count() as u64;
    let entry = Entry {
        colour: Some(gone),
        mark: String::new(),
        label: "all orbits diverge".to_owned(),
        value: names::percent(empty, width as u64),
    };
    let entries = if empty > 0 { vec![entry] } else { Vec::new() };
    let bar = values::bar(&shares, "share of the column's visits", scale, ramp);
    (raster, Key { bar: Some(bar), heading: String::new(), entries, note: String::new() })
}

/// What the learning rate is called at which a minimum stops being stable.
pub fn stability_limit(is_curve: bool, optimizer: Optimizer) -> &'static str {
    match (is_curve, optimizer) {
        (true, Optimizer::Gd) => "2/f″(0)",
        (false, Optimizer::Gd) => "2/sharpness of the minimum",
        _ => "the minimum's limit of stability",
    }
}

/// What theory says, and where there are visits out of range.
fn overlays(diagram: &Diagram, experiment: &PhaseExperiment) -> Vec<Series> {
    let range = &diagram.bins.range;
    let theory = &diagram.theory;
    let mut series = Vec::new();
    let limit = stability_limit(theory.is_curve, experiment.setup.optimizer);
    for (k, x) in theory.crossings(&diagram.across).into_iter().enumerate() {
        let name = if k == 0 { format!("η = {limit}") } else { String::new() };
        let line = Series::line(&name, 0, vec![(x, range.from), (x, range.to)]);
        series.push(line.tinted(Tint::Colour(THRESHOLD)).dashed(Dash::Dotted).width(2.0));
    }
    let (known, differ) = theory.has_cycle();
    let curves = [(known, "x_η", &theory.cycle), (differ, "", &theory.cycle_minus)];
    for (_, name, values) in curves.into_iter().filter(|(wanted, ..)| *wanted) {
        let name = match name {
            "" => String::new(),
            _ if experiment.observe == "amplitude" => "x_η, from theory".to_owned(),
            _ => "at x_η, from theory".to_owned(),
        };
        let points = diagram.across.iter().copied().zip(values.iter().copied()).collect();
        series
            .push(Series::line(&name, 0, points).tinted(Tint::Colour(CYCLE)).dashed(Dash::Dashed).width(1.5));
    }
    for (name, counts, edge) in
        [("below the range", &diagram.below, range.from), ("above the range", &diagram.above, range.to)]
    {
        if counts.iter().any(|n| *n > 0) {
            let last = counts.len() - 1;
            // From side to side of each column, within the frame.
            let sides = |j: usize| match last {
                0 => vec![diagram.across[0]],
                _ => [-0.49, 0.49].map(|side| experiment.across.at((j as f64 + side) / last as f64)).into(),
            };
            let place = |(j, n): (usize, &u32)| {
                let height = if *n > 0 { edge } else { f64::NAN };
                sides(j).into_iter().map(move |x| (x, height))
            };
            let points = counts.iter().enumerate().flat_map(place).collect();
            series.push(Series::line(name, 0, points).tinted(Tint::Colour(OUTSIDE)).width(5.0));
        }
    }
    series
}

/// The strip of the periods.
fn periods(diagram: &Diagram, experiment: &PhaseExperiment, frame: Frame) -> Panel {
    let most = f64::from(diagram.period.iter().copied().max().unwrap_or(0).max(FEW));
    let points = diagram.across.iter().zip(&diagram.period).filter(|(_, period)| **period > 0);
    let points = points.map(|(x, period)| (*x, f64::from(*period))).collect();
    // Neighbouring columns of one period make a line.
    let wide = if let Frame::Exact(wide, _) = frame { wide as f32 } else { 0.0 };
    let radius = (0.5 * wide / diagram.across.len() as f32).clamp(1.2, 4.0);
    let dots = Series::dots("", 0, points).marked(Marker::Square, radius);
    let scale = match most <= f64::from(FEW) {
        true => Scale::linear(0.5, most + 0.5),
        false => Scale::log(0.8, 1.25 * most),
    };
    let up = Axis::new("period", scale);
    strip(view::axis("", experiment.across.log, &diagram.across), up, vec![dots], frame)
}

/// The strip of the exponents.
fn exponents(diagram: &Diagram, experiment: &PhaseExperiment, frame: Frame) -> Panel {
    let mut sorted: Vec<f64> = diagram.lyapunov.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get((share * (sorted.len().max(1) - 1) as f64) as usize).copied();
    let (low, high) = (at(TAIL).unwrap_or(-1.0).min(0.0), at(1.0).unwrap_or(1.0).max(0.0));
    let room = if low < high { 0.08 * (high - low) } else { 1.0 };
    let points = diagram.across.iter().copied().zip(diagram.lyapunov.iter().copied()).collect();
    let ends = [experiment.across.from, experiment.across.to];
    let zero = Series::line("", 0, ends.map(|x| (x, 0.0)).to_vec());
    let series = vec![zero.tinted(Tint::Quiet).width(1.0), Series::line("", 1, points).width(1.2)];
    let up = Axis::new("Lyapunov", Scale::linear(low - room, high + room));
    let label = names::quantity(&experiment.across.name);
    strip(view::axis(&label, experiment.across.log, &diagram.across), up, series, frame)
}

fn strip(across: Axis, up: Axis, series: Vec<Series>, frame: Frame) -> Panel {
    let chart = Chart { across, up, raster: None, levels: None, series };
    Panel { title: String::new(), plot: Plot::Chart(chart), key: Key::default(), frame }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bins::Bins;
    use crate::experiment::Axis as Range;
    use crate::phase::Theory;

    fn diagram(width: usize, counts: Vec<u32>) -> Diagram {
        let height = counts.len() / width;
        let range: Range = "value = 0 .. 1".parse().unwrap();
        Diagram {
            across: (0..width).map(|j| j as f64).collect(),
            bins: Bins { range, count: height as u32 },
            below: vec![0; width],
            above: vec![0; width],
            diverged: vec![0; width],
            period: vec![1; width],
            lyapunov: vec![-1.0; width],
            theory: Theory::default(),
            counts,
        }
    }

    #[test]
    fn what_was_visited_does_not_look_like_what_was_not() {
        // A fixed point beside a cycle, and one visit beside very many.
        for counts in [vec![2, 1, 0, 1, 0, 0], vec![1, 1_000_000, 0, 1, 0, 0]] {
            let (raster, key) = colours(&diagram(2, counts.clone()));
            let never = raster.colours[5];
            let difference = |a: Rgb<u8>| a.0.iter().zip(never.0).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            for (colour, count) in raster.colours.iter().zip(counts) {
                assert_eq!(difference(*colour) > 10, count > 0, "{colour:?}, {count}");
            }
            assert!(key.bar.unwrap().below && key.entries.is_empty());
        }
    }

    #[test]
    fn columns_without_orbits_are_told() {
        let (raster, key) = colours(&diagram(2, vec![0, 5, 0, 5]));
        assert_eq!(raster.colours[0], palette::neutral(Fate::Diverged as u8));
        assert_eq!(raster.colours[1], Ramp::Viridis.at(1.0));
        assert_eq!((key.entries.len(), key.entries[0].value.as_str()), (1, "50.0 %"));
    }

    #[test]
    fn variables_of_one_range_share_it() {
        let axes =
            |texts: &[&str]| -> Vec<Range> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        assert_eq!(
            ranges(&axes(&["x1=-4..4", "x2=-4..4", "x3=1..2:log"])),
            "x₁, x₂ = −4 .. 4, x₃ = 1 .. 2 (log)"
        );
        assert_eq!(ranges(&axes(&["x1=0..1", "x2=0..1", "x3=0..1", "x4=0..1"])), "x₁, …, x₄ = 0 .. 1");
    }
}
