//! What a picture can show of a map.

use super::chart::{Axis, Chart};
use super::names;
use super::scale::Scale;
use super::{basins, classes, values};
use crate::map::{AttractorInfo, Caption, Map};
use std::fmt;
use std::str::FromStr;

/// One way to colour a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// Which attractor each cell ends on.
    Basins,
    /// How each cell ends.
    Fate,
    /// The period of the orbit each cell ends on.
    Period,
    /// How far the orbit swings.
    Amplitude,
    /// The Lyapunov exponent.
    Lyapunov,
    /// How many steps it takes to settle.
    Settle,
    /// The loss at the end.
    Loss,
    /// The sharpness at the end.
    Sharpness,
}

impl View {
    /// Every view.
    pub const ALL: [View; 8] = [
        View::Basins,
        View::Fate,
        View::Period,
        View::Amplitude,
        View::Lyapunov,
        View::Settle,
        View::Loss,
        View::Sharpness,
    ];

    /// The name by which a view is chosen.
    pub fn name(self) -> &'static str {
        match self {
            View::Basins => "basins",
            View::Fate => "fate",
            View::Period => "period",
            View::Amplitude => "amplitude",
            View::Lyapunov => "lyapunov",
            View::Settle => "settle",
            View::Loss => "loss",
            View::Sharpness => "sharpness",
        }
    }

    /// The chart that shows this view of a map.
    pub(super) fn chart(self, map: &Map, attractors: &[AttractorInfo], caption: &Caption) -> Chart {
        let (raster, key) = match self {
            View::Basins => basins::picture(map, attractors),
            View::Fate => classes::fates(map),
            View::Period => classes::periods(map),
            View::Amplitude => values::amplitude(map),
            View::Lyapunov => values::lyapunov(map),
            View::Settle => values::settle(map),
            View::Loss => values::measured(map, &map.loss, "loss"),
            View::Sharpness => values::measured(map, &map.sharpness, "sharpness"),
        };
        Chart {
            title: caption.title.clone(),
            subtitle: caption.subtitle.clone(),
            across: axis(&caption.across, &map.across),
            up: axis(&caption.up, &map.up),
            raster,
            key,
        }
    }
}

/// The axis along which `values` stand.
fn axis(axis: &crate::map::Axis, values: &[f64]) -> Axis {
    let low = values.first().copied().unwrap_or(f64::NAN);
    let high = values.last().copied().unwrap_or(f64::NAN);
    let scale = match axis.log {
        true => Scale::log(low, high),
        false => Scale::linear(low, high),
    };
    let label = names::quantity(&axis.name);
    Axis { label, scale }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name given is not the name of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownView(pub String);

impl fmt::Display for UnknownView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = View::ALL.map(View::name).join(", ");
        write!(f, "unknown view '{}' (choose from {names})", self.0)
    }
}

impl std::error::Error for UnknownView {}

impl FromStr for View {
    type Err = UnknownView;

    fn from_str(name: &str) -> Result<View, UnknownView> {
        let view = View::ALL.into_iter().find(|view| view.name() == name);
        view.ok_or_else(|| UnknownView(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_views_belong_together() {
        for view in View::ALL {
            assert_eq!(view.to_string().parse(), Ok(view));
        }
        let error = "basin".parse::<View>().unwrap_err().to_string();
        assert!(error.contains("'basin'") && error.contains("basins, fate"));
    }
}
