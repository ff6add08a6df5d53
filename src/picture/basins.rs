//! The picture of the basins: which attractor every cell ends on.

use super::classes::{fate_entries, other_colour};
use super::key::{Entry, Key};
use super::names::{percent, short};
use super::palette;
use super::raster::Raster;
use super::values::Spread;
use crate::analysis::Attractor;
use crate::fate::Fate;
use crate::map::Map;
use image::Rgb;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most attractors listed one by one.
pub const LISTED: usize = 12;
/// How much lighter the soonest and how much darker the latest cells are.
const SHADE: f64 = 0.22;
/// Coordinates shown of an attractor with more than three.
const SHOWN: usize = 2;

/// The basins, shaded by the time to settle, and a legend of the attractors.
pub fn picture(map: &Map, attractors: &[Attractor]) -> (Raster, Key) {
    picture_shaded(map, attractors, &Shading::new(map), LISTED)
}

/// The same with this shading, and a legend of up to `most` attractors.
pub fn picture_shaded(map: &Map, attractors: &[Attractor], shading: &Shading, most: usize) -> (Raster, Key) {
    let slot = |id: i32| id as usize % palette::ATTRACTORS;
    let class = |(&id, &fate): (&i32, &u8)| match id >= 0 {
        true => slot(id) as u8,
        false => palette::ATTRACTORS as u8 + fate,
    };
    let colour = |cell: usize| match map.attractor[cell] {
        id @ 0.. => shading.apply(palette::attractor(slot(id)), map.settle[cell]),
        _ => other_colour(map.fate[cell]),
    };
    let classes = map.attractor.par_iter().zip(&map.fate).map(class).collect();
    let raster = Raster { classes: Some(classes), ..Raster::new(map, colour) };
    let note = match shading.spread {
        Some(_) => "The darker, the later a cell settles.",
        None => "",
    };
    let key = Key {
        bar: None,
        heading: "attractor, share of cells".to_owned(),
        entries: entries(map, attractors, most),
        note: note.to_owned(),
    };
    (raster, key)
}

/// The largest attractors one by one, the others together, then the fates without attractor.
fn entries(map: &Map, attractors: &[Attractor], most: usize) -> Vec<Entry> {
    let whole = map.attractor.len();
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    // Neighbours mostly end alike.
    for alike in map.attractor.chunk_by(|a, b| a == b).filter(|alike| alike[0] >= 0) {
        *counts.entry(alike[0]).or_default() += alike.len() as u64;
    }
    let listed = if counts.len() > most { most - 1 } else { most };
    let tiny = tiny_coordinate(attractors);
    let entry = |(id, count): (&i32, &u64)| {
        let info = attractors.iter().find(|info| info.id == *id);
        Entry {
            colour: Some(palette::attractor(*id as usize)),
            mark: id.to_string(),
            label: info.map_or_else(|| "attractor".to_owned(), |info| describe(info, attractors, tiny)),
            value: percent(*count, whole as u64),
        }
    };
    // The largest first: numbers may be those of another map.
    let mut counts: Vec<(&i32, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(**count));
    let others: Vec<u64> = counts.iter().skip(listed).map(|(_, count)| **count).collect();
    let mut entries: Vec<Entry> = counts.into_iter().take(listed).map(entry).collect();
    if !others.is_empty() {
        entries.push(Entry {
            colour: None,
            mark: String::new(),
            label: format!("… and {} more", others.len()),
            value: percent(others.iter().sum(), whole as u64),
        });
    }
    let cells = map.attractor.iter().zip(&map.fate);
    let without = cells.filter(|(id, _)| **id < 0).map(|(_, fate)| *fate);
    entries.extend(fate_entries(without, whole, other_colour));
    entries
}

/// Coordinates smaller than this are the rounding left over from zero.
fn tiny_coordinate(attractors: &[Attractor]) -> f64 {
    let coordinates = attractors.iter().flat_map(|info| &info.point);
    let largest = coordinates.fold(0.0, |m: f64, c| m.max(c.abs()));
    (1e-6 * largest).max(1e-9)
}

/// An attractor in a few words.
fn describe(info: &Attractor, all: &[Attractor], tiny: f64) -> String {
    match info.fate {
        Fate::Converged => format!("fixed point {}", point(&info.point, tiny)),
        _ if looks_like_another(info, all) => format!("{} from {}", kind(info), point(&info.point, tiny)),
        Fate::Periodic | Fate::Chaotic => format!("{}, amplitude {}", kind(info), short(info.amplitude)),
        fate => format!("{} {}", fate.name(), point(&info.point, tiny)),
    }
}

/// What an attractor is, without where: such as `fixed point` or `period 2`.
pub fn kind(info: &Attractor) -> String {
    match info.fate {
        Fate::Converged => "fixed point".to_owned(),
        Fate::Periodic => format!("period {}", info.period),
        fate => fate.name().to_owned(),
    }
}

/// Whether another of the first attractors differs in nothing but where it is: a mirror image or a phase.
fn looks_like_another(info: &Attractor, all: &[Attractor]) -> bool {
    let like = |other: &Attractor| {
        let kind = |info: &Attractor| (info.fate, info.period, short(info.amplitude));
        other.id != info.id && kind(other) == kind(info)
    };
    matches!(info.fate, Fate::Periodic | Fate::Chaotic) && all.iter().take(LISTED).any(like)
}

/// A point as a tuple, long ones cut short; nothing if there are no coordinates.
fn point(point: &[f64], tiny: f64) -> String {
    if point.is_empty() {
        return String::new();
    }
    let shown = if point.len() > 3 { SHOWN } else { 3 };
    let coordinates = point.iter().take(shown);
    let mut words: Vec<String> = coordinates.map(|c| short(if c.abs() < tiny { 0.0 } else { *c })).collect();
    if point.len() > shown {
        words.push("…".to_owned());
    }
    format!("({})", words.join(", "))
}

/// Lightness by the time to settle.
#[derive(Clone, Copy, Debug)]
pub struct Shading {
    spread: Option<Spread>,
}

impl Shading {
    pub fn new(map: &Map) -> Shading {
        let cells = map.attractor.iter().zip(&map.settle);
        let times = cells.filter(|(id, _)| **id >= 0).map(|(_, settle)| settle.ln_1p());
        let spread = Spread::of(times);
        Shading { spread: spread.filter(|spread| spread.low < spread.high) }
    }

    fn apply(&self, colour: Rgb<u8>, settle: f64) -> Rgb<u8> {
        let Some(spread) = self.spread.filter(|_| settle.is_finite()) else {
            return colour;
        };
        let late = (settle.ln_1p() - spread.low) / (spread.high - spread.low);
        palette::shaded(colour, SHADE * (1.0 - 2.0 * late.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(fate: Fate, point: &[f64]) -> Attractor {
        Attractor {
            id: 1,
            fate,
            period: 4,
            amplitude: 1.618,
            loss: 0.0,
            sharpness: 1.0,
            lyapunov: -1.0,
            cells: 1,
            fraction: 1.0,
            point: point.to_vec(),
        }
    }

    #[test]
    fn attractors_are_described_in_a_few_words() {
        assert_eq!(describe(&info(Fate::Converged, &[-1e-12, 0.5]), &[], 1e-6), "fixed point (0, 0.5)");
        let cycle = info(Fate::Periodic, &[0.25]);
        let [mirrored, wider] =
            [Attractor { id: 2, ..cycle.clone() }, Attractor { id: 2, amplitude: 2.0, ..cycle.clone() }];
        assert_eq!(describe(&cycle, &[cycle.clone(), wider], 1e-6), "period 4, amplitude 1.62");
        assert_eq!(describe(&cycle, &[cycle.clone(), mirrored], 1e-6), "period 4 from (0.25)");
        assert_eq!(point(&[1.0, 2.0, 3.0, 4.0], 0.0), "(1, 2, …)");
        assert_eq!(point(&[1.0, 2.0, 3.0], 0.0), "(1, 2, 3)");
    }
}
