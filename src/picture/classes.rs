//! Pictures of classes: the fate or the period of every cell.

use super::key::{Entry, Key};
use super::names::percent;
use super::palette;
use super::raster::Raster;
use crate::analysis::Certainty;
use crate::fate::Fate;
use crate::map::Map;
use image::Rgb;

/// The fates from the most to the least telling.
const FATE_ORDER: [u8; 6] = [1, 2, 3, 4, 5, 0];

/// Longer periods than this share a class.
const SINGLE: u32 = 8;
/// Periods up to these numbers share a class; the last class takes all that follow.
const GROUPS: [u32; 3] = [16, 32, 64];
const GROUP_COLOURS: [[u8; 3]; 4] = [[120, 48, 72], [168, 100, 124], [208, 156, 176], [240, 212, 222]];
/// Classes from this number on are the fates of cells without a period.
const FIRST_FATE: u8 = SINGLE as u8 + GROUPS.len() as u8 + 1;

/// The name of a fate.
pub fn fate_name(fate: u8) -> &'static str {
    Fate::from_code(fate).unwrap_or(Fate::Undecided).name()
}

/// Entries for the fates that occur among `fates`, with their shares of `whole` cells.
pub fn fate_entries(fates: impl Iterator<Item = u8>, whole: usize, colour: fn(u8) -> Rgb<u8>) -> Vec<Entry> {
    let mut counts = [0; Fate::ALL.len()];
    for fate in fates {
        counts[usize::from(fate).min(Fate::ALL.len()) % Fate::ALL.len()] += 1;
    }
    let order = FATE_ORDER.into_iter();
    let occurring = order.filter(|fate| counts[usize::from(*fate)] > 0);
    let entry = |fate| Entry {
        colour: Some(colour(fate)),
        mark: String::new(),
        label: fate_name(fate).to_owned(),
        value: percent(counts[usize::from(fate)], whole as u64),
    };
    occurring.map(entry).collect()
}

/// A raster of classes and their colours.
fn raster(map: &Map, classes: Vec<u8>, colour: fn(u8) -> Rgb<u8>) -> Raster {
    let raster = Raster::new(map, |cell| colour(classes[cell]));
    Raster { classes: Some(classes), ..raster }
}

/// How every cell ends.
pub fn fates(map: &Map) -> (Raster, Key) {
    let raster = raster(map, map.fate.clone(), palette::fate);
    let fates = map.fate.iter().copied();
    let key = Key {
        bar: None,
        heading: "fate, share of cells".to_owned(),
        entries: fate_entries(fates, map.fate.len(), palette::fate),
        note: String::new(),
    };
    (raster, key)
}

/// Colours that stay apart for all eyes, the most of a map light: certain, changed in f64, by a nudge, undecided.
const CERTAINTY_COLOURS: [[u8; 3]; 4] = [[226, 232, 238], [213, 94, 0], [0, 114, 178], [110, 110, 110]];

/// How far every cell can be relied on.
pub fn certainty(map: &Map) -> (Raster, Key) {
    let colour = |code: u8| Rgb(CERTAINTY_COLOURS[usize::from(code) % CERTAINTY_COLOURS.len()]);
    let codes = map.certainty.clone().unwrap_or_else(|| vec![Certainty::Undecided as u8; map.cells()]);
    let entry = |certainty: Certainty| {
        let count = codes.iter().filter(|code| **code == certainty as u8).count();
        Entry {
            colour: Some(colour(certainty as u8)),
            mark: String::new(),
            label: certainty.name().to_owned(),
            value: percent(count as u64, map.cells() as u64),
        }
    };
    let key = Key {
        bar: None,
        heading: "certainty, share of cells".to_owned(),
        entries: Certainty::ALL.map(entry).into(),
        note: String::new(),
    };
    (raster(map, codes, colour), key)
}

/// The period of every cell that has one; the fate of every other cell.
pub fn periods(map: &Map) -> (Raster, Key) {
    let cells = map.period.iter().zip(&map.fate);
    let classes: Vec<u8> = cells.map(|(period, fate)| class(*period, *fate)).collect();
    let mut counts = [0_u64; FIRST_FATE as usize];
    for class in classes.iter().filter(|class| **class < FIRST_FATE) {
        counts[usize::from(*class)] += 1;
    }
    let whole = classes.len();
    let occurring = (0..FIRST_FATE).filter(|class| counts[usize::from(*class)] > 0);
    let entry = |class: u8| Entry {
        colour: Some(class_colour(class)),
        mark: String::new(),
        label: class_name(class),
        value: percent(counts[usize::from(class)], whole as u64),
    };
    let mut entries: Vec<Entry> = occurring.map(entry).collect();
    let without = classes.iter().filter(|class| **class >= FIRST_FATE);
    let without = without.map(|class| class - FIRST_FATE);
    entries.extend(fate_entries(without, whole, other_colour));
    let key = Key { bar: None, heading: "period, share of cells".to_owned(), entries, note: String::new() };
    (raster(map, classes, class_colour), key)
}

/// The class of a cell: its period or group of periods, or its fate.
fn class(period: u32, fate: u8) -> u8 {
    match period {
        0 => FIRST_FATE + fate.min(Fate::ALL.len() as u8) % Fate::ALL.len() as u8,
        1..=SINGLE => period as u8 - 1,
        _ => {
            let group = GROUPS.iter().position(|most| period <= *most);
            SINGLE as u8 + group.unwrap_or(GROUPS.len()) as u8
        }
    }
}

fn class_colour(class: u8) -> Rgb<u8> {
    let single = usize::from(class) < SINGLE as usize;
    match class.checked_sub(FIRST_FATE) {
        Some(fate) => other_colour(fate),
        None if single => palette::attractor(class.into()),
        None => Rgb(GROUP_COLOURS[usize::from(class) - SINGLE as usize]),
    }
}

/// The colour of a fate without a period: grey, except chaos.
pub fn other_colour(fate: u8) -> Rgb<u8> {
    match fate {
        code if code == Fate::Chaotic as u8 => palette::fate(fate),
        _ => palette::neutral(fate),
    }
}

fn class_name(class: u8) -> String {
    let class = u32::from(class);
    if class < SINGLE {
        return format!("period {}", class + 1);
    }
    let group = (class - SINGLE) as usize;
    let first = if group == 0 { SINGLE } else { GROUPS[group - 1] } + 1;
    match GROUPS.get(group) {
        Some(last) => format!("period {first}–{last}"),
        None => format!("period {first} or more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_periods_have_names_and_distinct_colours() {
        let cases = [(1, "period 1"), (8, "period 8"), (9, "period 9–16"), (33, "period 33–64")];
        for (period, name) in cases {
            assert_eq!(class_name(class(period, 2)), name);
        }
        assert_eq!(class_name(class(1000, 2)), "period 65 or more");
        let all = FIRST_FATE + Fate::ALL.len() as u8;
        for a in 0..all {
            assert!((0..a).all(|b| class_colour(a) != class_colour(b)));
        }
    }
}
