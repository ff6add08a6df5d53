//! One view of several maps, with the same colours for the same things in all of them.

use super::basins::{self, Shading};
use super::key::{Entry, Key};
use super::raster::Raster;
use super::{values, view};
use crate::analysis::Attractor;
use crate::map::Map;
use crate::view::View;

/// What the pictures of several maps share: a colour bar, or the entries of a legend.
#[derive(Clone, Debug)]
pub struct Shared {
    view: View,
    key: Key,
    shading: Shading,
    target: Option<(f64, u32)>,
}

impl Shared {
    /// That of all maps whose cells, or enough of them, are in `digest`.
    /// `target`: as in a caption.
    pub fn new(view: View, digest: &Map, target: Option<(f64, u32)>) -> Self {
        Self { view, key: view::colours(view, digest, &[], target).1, shading: Shading::new(digest), target }
    }

    /// The coloured cells of one of the maps, and the key with its own shares.
    pub fn colours(&self, map: &Map, attractors: &[Attractor]) -> (Raster, Key) {
        let (raster, own) = match (self.view, map.measured(self.view)) {
            (View::Basins, _) => basins::picture_shaded(map, attractors, &self.shading, usize::MAX),
            (View::Reach, _) => values::reach_on(map, self.target, self.key.bar.clone()),
            (_, Some(numbers)) => values::picture_on(map, numbers, self.key.bar.clone()),
            (view, None) => view::colours(view, map, attractors, self.target),
        };
        let entries = self.key.entries.iter().map(|entry| Self::entry(entry, &own.entries)).collect();
        (raster, Key { entries, ..self.key.clone() })
    }

    /// An entry of the shared legend as one map has it.
    fn entry(entry: &Entry, own: &[Entry]) -> Entry {
        let is_same = |other: &&Entry| (other.colour, &other.mark) == (entry.colour, &entry.mark);
        match own.iter().find(is_same) {
            // What is too small for a line of its own has no share of its own either.
            _ if entry.colour.is_none() => Entry { value: String::new(), ..entry.clone() },
            Some(own) => own.clone(),
            None => {
                let label = if entry.mark.is_empty() { entry.label.clone() } else { "not here".to_owned() };
                Entry { label, value: super::percent(0, 1), ..entry.clone() }
            }
        }
    }
}
