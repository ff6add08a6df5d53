//! Statistics of basins of attraction: how large they are, how much they are mixed, and how rough the
//! boundary between them is.
//!
//! Basins are the cells of one attractor, and of one fate where that has no attractor: diverged, chaotic,
//! stalled. Lengths are in cells: along a logarithmic axis they are in the axis' logarithm. An undecided
//! cell is of unknown basin: it has a share of the map like any basin, and is looked at by nothing else,
//! unless it is asked for as a basin of its own.
//!
//! Every number depends on resolution, budget and lengths, and comes with them; it is measured again on
//! every second cell of every second row, which is what a map of half the resolution would have found, on
//! every fourth, and so on.

mod dimension;
mod entropy;
mod fractions;
mod labels;
mod scaling;
#[cfg(test)]
mod tests;
mod uncertainty;
mod wada;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

pub use self::dimension::dimension;
pub use self::entropy::{BOX, Entropy, entropies};
pub use self::fractions::{grid_errors, random_error};
pub use self::labels::{Class, Labels, UNKNOWN};
pub use self::scaling::Scaling;
pub use self::uncertainty::exponent;
pub use self::wada::{RADIUS, RADIUS_MAX, Wada, compared, merge_test};
use super::Attractor;
use crate::experiment::{Axis, Experiment, Precision};
use crate::fate::Fate;
use crate::map::Ends;

/// Most basins that are listed, the largest; the others are one entry.
pub const LISTED: usize = 1000;
/// Most resolutions, and fewest cells along the shorter side of one that is not the map's own.
const RESOLUTIONS: usize = 5;
const SIDE_MIN: usize = 64;

/// The statistics of a map. The first fields are those of its full resolution.
#[derive(Clone, Debug, Serialize)]
pub struct Statistics {
    /// Shares of the map by name: `attractor 0`, `diverged`, ..., `undecided`; in all 1.
    #[serde(serialize_with = "as_table")]
    pub fractions: Vec<(String, f64)>,
    /// Sb in boxes of [`BOX`] x [`BOX`] cells, nats.
    pub basin_entropy: Option<f64>,
    /// Sbb in the same boxes, nats.
    pub boundary_basin_entropy: Option<f64>,
    /// Whether Sbb is above ln 2, which only a fractal boundary's is.
    pub exceeds_log_2: Option<bool>,
    /// Box-counting dimension of the boundary: 1 if it is smooth, 2 if it fills the plane.
    pub boundary_dimension: Option<f64>,
    /// Standard error of the line fitted for it.
    pub boundary_dimension_error: Option<f64>,
    /// alpha: the share of cells within a distance of another basin grows like distance^alpha (Grebogi et al. 1983).
    pub uncertainty_exponent: Option<f64>,
    /// Standard error of the line fitted for it.
    pub uncertainty_exponent_error: Option<f64>,
    /// Whether the merging test finds the Wada property.
    pub wada: Option<bool>,
    /// Why a number is missing, by its key.
    pub reasons: BTreeMap<&'static str, String>,
    /// What the numbers rest on.
    pub basis: Basis,
    /// Largest first, at most [`LISTED`].
    pub basins: Vec<Basin>,
    /// Finest first.
    pub resolutions: Vec<Resolution>,
    /// What to know before the numbers are quoted.
    pub notes: Vec<String>,
}

/// What the numbers rest on.
#[derive(Clone, Debug, Serialize)]
pub struct Basis {
    /// `[H, W]` in cells.
    pub size: [usize; 2],
    /// Quantities along the axes.
    pub across: String,
    /// The quantity up.
    pub up: String,
    /// The most steps that a trajectory was given.
    pub steps: u32,
    /// Number format of the map.
    pub precision: Precision,
    /// Cells along a side of the boxes of `basin_entropy` and `boundary_basin_entropy`.
    pub entropy_box: usize,
    /// Smallest and largest box that `boundary_dimension` is fitted to, cells along a side.
    pub boundary_dimension_boxes: Option<[usize; 2]>,
    /// Smallest and largest distance that `uncertainty_exponent` is fitted to, cells.
    pub uncertainty_exponent_distances: Option<[usize; 2]>,
    /// Largest radius by which `wada` holds, cells.
    pub wada_radius_max: u32,
    /// Share of the cells whose budget ended before anything was shown.
    pub undecided: f64,
    /// Whether they were taken for a basin of their own.
    pub undecided_counted: bool,
}

/// A basin of the whole map.
#[derive(Clone, Debug, Serialize)]
pub struct Basin {
    /// Of its attractor or its fate.
    pub name: String,
    /// How its cells end; `None` for an attractor that the report does not list.
    pub fate: Option<Fate>,
    /// Of its attractor, in steps.
    pub period: Option<u32>,
    /// How many cells it has.
    pub cells: u64,
    /// The same as a share of those counted, 0 to 1.
    pub fraction: f64,
    /// If the cells were a random sample.
    pub standard_error: f64,
    /// If each block of 2 x 2 cells were four random draws; `None` if there is no such block.
    pub standard_error_of_grid: Option<f64>,
}

/// The statistics at one resolution.
#[derive(Clone, Debug, Serialize)]
pub struct Resolution {
    /// `[H, W]` in cells.
    pub size: [usize; 2],
    /// Which cells of each row and column: 1 for all, 2 for every second.
    pub every: usize,
    #[serde(serialize_with = "as_table")]
    /// Basins by name, each with its share of the cells.
    pub fractions: Vec<(String, f64)>,
    /// For every box size.
    pub entropies: Vec<Entropy>,
    /// Box-counting dimension of the boundary, with its fit.
    pub boundary_dimension: Option<Scaling>,
    /// The exponent of uncertain cells by distance, with its fit.
    pub uncertainty_exponent: Option<Scaling>,
    /// Whether every boundary point is one of all basins (Daza et al. 2018).
    pub wada: Option<Wada>,
    /// Why one of these is missing, by its key.
    pub reasons: BTreeMap<&'static str, String>,
}

/// Pairs as a JSON object, in their order.
fn as_table<S: Serializer>(pairs: &[(String, f64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

impl Statistics {
    /// Measures a map. `counted`: undecided cells are a basin of their own.
    pub fn new(experiment: &Experiment, attractors: &[Attractor], ends: Ends, counted: bool) -> Self {
        let undecided = ends.fate.iter().filter(|&&fate| fate == Fate::Undecided as u8).count();
        let undecided = undecided as f64 / ends.fate.len() as f64;
        let labels = Labels::new(ends, counted);
        let basins = basins(&labels, attractors);
        let notes = notes(experiment, undecided, counted);
        let mut resolutions = resolutions(labels);
        let finest = &mut resolutions[0];
        let [dimension, exponent] = [&finest.boundary_dimension, &finest.uncertainty_exponent];
        let entropy = finest.entropy();
        Self {
            fractions: finest.fractions.clone(),
            basin_entropy: entropy.and_then(|e| e.basin_entropy),
            boundary_basin_entropy: entropy.and_then(|e| e.boundary_basin_entropy),
            exceeds_log_2: entropy.and_then(|e| e.exceeds_log_2),
            boundary_dimension: dimension.as_ref().map(|fit| fit.value),
            boundary_dimension_error: dimension.as_ref().map(|fit| fit.error),
            uncertainty_exponent: exponent.as_ref().map(|fit| fit.value),
            uncertainty_exponent_error: exponent.as_ref().map(|fit| fit.error),
            wada: finest.wada.as_ref().map(|wada| wada.holds),
            reasons: finest.reasons.clone(),
            basis: Basis {
                size: finest.size,
                across: experiment.across.to_string(),
                up: experiment.up.to_string(),
                steps: experiment.most_steps(),
                precision: experiment.precision,
                entropy_box: BOX,
                boundary_dimension_boxes: dimension.as_ref().map(|fit| fit.fitted),
                uncertainty_exponent_distances: exponent.as_ref().map(|fit| fit.fitted),
                wada_radius_max: RADIUS,
                undecided,
                undecided_counted: counted,
            },
            basins,
            resolutions,
            notes,
        }
    }
}

impl Resolution {
    fn new(labels: &Labels, every: usize, compared: &[u32]) -> Self {
        let mut reasons = BTreeMap::new();
        let dimension = dimension(labels).map_err(|reason| reasons.insert("boundary_dimension", reason));
        let exponent = exponent(labels).map_err(|reason| reasons.insert("uncertainty_exponent", reason));
        let wada = merge_test(labels, compared).map_err(|reason| reasons.insert("wada", reason));
        let mut resolution = Self {
            size: [labels.height, labels.width],
            every,
            fractions: fractions(labels),
            entropies: entropies(labels),
            boundary_dimension: dimension.ok(),
            uncertainty_exponent: exponent.ok(),
            wada: wada.ok(),
            reasons,
        };
        resolution.explain_entropy(labels);
        resolution
    }

    /// The entropies in boxes of [`BOX`] x [`BOX`] cells.
    pub fn entropy(&self) -> Option<&Entropy> {
        self.entropies.iter().find(|entropy| entropy.side == BOX)
    }

    /// Says why an entropy is missing.
    fn explain_entropy(&mut self, labels: &Labels) {
        let missing = match self.entropy() {
            None => Err(entropy::check(labels.side()).err().unwrap_or_default()),
            Some(entropy) => Ok((entropy.basin_entropy, entropy.boundary_basin_entropy)),
        };
        let [sb, sbb] = ["basin_entropy", "boundary_basin_entropy"];
        match missing {
            Err(reason) => [sb, sbb].map(|key| self.reasons.insert(key, reason.clone())),
            Ok((None, _)) => {
                let reason = "in no box half the cells' basins are known".to_owned();
                [sb, sbb].map(|key| self.reasons.insert(key, reason.clone()))
            }
            Ok((_, None)) => {
                let reason = labels.check_boundary().err();
                let reason = reason.unwrap_or_else(|| "no box holds two basins".to_owned());
                [self.reasons.insert(sbb, reason), None]
            }
            _ => [None, None],
        };
    }
}

/// The statistics of the map and of ever fewer of its cells.
fn resolutions(mut labels: Labels) -> Vec<Resolution> {
    let compared = wada::compared(&labels);
    let mut resolutions = vec![Resolution::new(&labels, 1, &compared)];
    while resolutions.len() < RESOLUTIONS && labels.side().div_ceil(2) >= SIDE_MIN {
        labels = labels.every_second();
        resolutions.push(Resolution::new(&labels, 1 << resolutions.len(), &compared));
    }
    resolutions
}

/// Shares of the listed classes, of all others, and of the cells of unknown basin.
fn fractions(labels: &Labels) -> Vec<(String, f64)> {
    let share = |cells: u64| cells as f64 / labels.cells.len() as f64;
    let listed = labels.classes.iter().zip(&labels.counts).take(LISTED);
    let mut fractions: Vec<_> = listed.map(|(class, &cells)| (class.name(), share(cells))).collect();
    if labels.classes.len() > LISTED {
        fractions.push(("others".to_owned(), share(labels.counts[LISTED..].iter().sum())));
    }
    if !labels.classes.contains(&Class::Fate(Fate::Undecided)) {
        let unknown = labels.cells.len() as u64 - labels.known();
        fractions.push((Class::Fate(Fate::Undecided).name(), share(unknown)));
    }
    fractions
}

/// The listed basins, with what is known of their attractors.
fn basins(labels: &Labels, attractors: &[Attractor]) -> Vec<Basin> {
    let listed = labels.classes.len().min(LISTED);
    let errors = grid_errors(labels, listed);
    let all = labels.cells.len() as u64;
    let basin = |(place, class): (usize, &Class)| {
        let cells = labels.counts[place];
        let fraction = cells as f64 / all as f64;
        let attractor = class.attractor().and_then(|id| attractors.iter().find(|a| a.id == id));
        Basin {
            name: class.name(),
            fate: class.fate().or(attractor.map(|a| a.fate)),
            period: attractor.map(|a| a.period).filter(|&period| period > 0),
            cells,
            fraction,
            standard_error: random_error(fraction, all),
            standard_error_of_grid: errors.as_ref().map(|errors| errors[place]),
        }
    };
    labels.classes.iter().enumerate().take(listed).map(basin).collect()
}

/// What the numbers are of, in words.
fn notes(experiment: &Experiment, undecided: f64, counted: bool) -> Vec<String> {
    let axes = [&experiment.across, &experiment.up];
    let is_variable = |axis: &Axis| experiment.setup.landscape.body.variables.contains(&axis.name);
    let mut notes = vec![if axes.into_iter().all(is_variable) {
        "a fraction is the basin's stability: the probability that a start drawn evenly from the window \
         ends there"
            .to_owned()
    } else {
        "an axis is no initial coordinate: fractions are shares of this window, not probabilities of starts"
            .to_owned()
    }];
    for axis in axes.into_iter().filter(|axis| axis.log) {
        let name = &axis.name;
        notes.push(format!("`{name}` is logarithmic: fractions, boxes and distances are in log {name}"));
    }
    if undecided > 0.0 {
        let how = match counted {
            true => "counted as a basin",
            false => "of unknown basin and left out of all but the fractions",
        };
        let percent = 100.0 * undecided;
        notes.push(format!(
            "{percent:.3} % of the cells are undecided, {how}; a larger `--steps` decides more"
        ));
    }
    notes
}
