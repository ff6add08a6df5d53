//! What is drawn over a map, besides its views.

use super::{Experiment, check_fit};
use crate::error::{Error, Result};

/// What is drawn over the pictures of a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Over {
    /// Level lines of the loss over its plane.
    pub contours: bool,
    /// Where orbits start, across and up.
    pub orbits: Vec<[f64; 2]>,
    /// What theory says of the plane.
    pub theory: bool,
}

impl Over {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Experiment {
    /// Whether everything in `over` has a place on the map's plane.
    ///
    /// # Errors
    /// [`Error::Request`] with the flag, the axis in the way and the remedy.
    pub fn check_over(&self, over: &Over) -> Result<()> {
        let starts = [
            ("contours", "level lines of the loss", over.contours),
            ("orbit", "an orbit", !over.orbits.is_empty()),
        ];
        let other = [&self.across, &self.up].into_iter().find(|axis| !self.setup.is_variable(&axis.name));
        if let (Some(axis), Some((flag, what, _))) = (other, starts.iter().find(|(.., wanted)| *wanted)) {
            let remedy = match self.setup.landscape.body.variables.as_slice() {
                [first, second, ..] => format!(
                    "give two variables as axes, such as --across {first}=-4..4 --up {second}=-4..4, or drop {flag}"
                ),
                _ => format!(
                    "the landscape has one variable only, so drop {flag}; --theory draws over such maps"
                ),
            };
            return Err(Error::request(format!(
                "{flag}: {what} can be drawn over a map of initial points, and the axis `{}` is none; {remedy}",
                axis.name
            )));
        }
        for (axis, k) in [(&self.across, 0), (&self.up, 1)] {
            if let Some(start) = over.orbits.iter().find(|start| !start[k].is_finite()) {
                return Err(Error::request(format!(
                    "orbit: the start has {} = {}; give finite numbers",
                    axis.name, start[k]
                )));
            }
        }
        check_fit(over.orbits.iter().flatten().map(|x| ("orbit", *x)), self.precision)
    }
}
