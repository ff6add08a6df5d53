//! The table `phase` of an experiment file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A way to sweep the columns with one orbit for each row, which is followed from column to column.
///
/// The orbit enters a column where it has left the one before, moved by the tolerance: otherwise it might
/// stay on a point that repels. One that has left the escape radius starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Warm {
    /// From the first column to the last
    Up,
    /// From the last column to the first
    Down,
}

impl Warm {
    /// The columns of a row in the order in which they are swept.
    pub fn columns(self, width: usize) -> Vec<usize> {
        match self {
            Warm::Up => (0..width).collect(),
            Warm::Down => (0..width).rev().collect(),
        }
    }
}

/// The table `phase` of an experiment file: every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseKeys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Formula of what is observed.
    pub observe: Option<String>,
    /// `FROM .. TO`, with `: log` for bins of equal ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Starts of each column.
    pub starts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Steps that are not counted, from the first on.
    pub transient: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Whether orbits are followed from column to column.
    pub warm: Option<Warm>,
    /// By variable, as `range`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from: BTreeMap<String, String>,
}

impl PhaseKeys {
    /// These keys with those of `over` put over them; what `set` sets is no longer spread.
    pub(in crate::experiment) fn overridden(mut self, over: PhaseKeys, set: &BTreeMap<String, f64>) -> Self {
        self.from.retain(|name, _| !set.contains_key(name));
        self.from.extend(over.from);
        // The range of one observable is not that of another.
        let range = if over.observe.is_some() { None } else { self.range };
        Self {
            observe: over.observe.or(self.observe),
            range: over.range.or(range),
            starts: over.starts.or(self.starts),
            transient: over.transient.or(self.transient),
            warm: over.warm.or(self.warm),
            from: self.from,
        }
    }
}
