//! An experiment: which landscape, which quantities along the two axes, how long. TOML in and out.

mod axis;
mod draft;
mod eta;
mod keys;
mod optimizer;
mod setup;

use serde::{Deserialize, Serialize};

pub use self::axis::Axis;
pub(crate) use self::axis::number;
pub use self::draft::Draft;
pub(crate) use self::draft::PICTURE_KEYWORD;
pub use self::eta::Eta;
pub use self::keys::{EtaKey, LandscapeKey};
pub use self::optimizer::{MOMENTUM, Optimizer};
pub use self::setup::{NamedLandscape, Setup};
use crate::error::{Error, Result};
use crate::fate;
use crate::view::View;

/// Default number of cells along each side.
pub const SIZE: [u32; 2] = [1024, 1024];
/// Default budget per trajectory.
pub const STEPS: u32 = 10_000;
/// Largest budget: the step number must be exact in f32.
pub const STEPS_MAX: u32 = 1 << 24;
/// Longest period that can be looked for.
pub const PERIOD_MAX: u32 = 1024;
/// Most cells of one map: its arrays are held in memory, about 80 bytes a cell.
pub const CELLS_MAX: u64 = 1 << 27;

/// The number format of the trajectories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    F32,
    F64,
}

/// A map to be made, complete and by value.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub setup: Setup,
    pub across: Axis,
    pub up: Axis,
    /// Cells across and up.
    pub size: [u32; 2],
    /// Budget per trajectory.
    pub steps: u32,
    /// Trajectories that are undecided are run again with a doubled budget, up to this; `None`: they are not.
    pub steps_max: Option<u32>,
    /// Longest period that is looked for.
    pub period_max: u32,
    /// Whether attractors are told apart by phase (see [`crate::analysis::identify`]).
    pub phases: bool,
    pub precision: Precision,
    /// Distance to an attractor that counts as arrived; `None`: 1e-7 of the map's scale.
    pub tolerance: Option<f64>,
    /// Largest coordinate that does not count as diverged; `None`: 1e6 of the map's scale.
    pub escape: Option<f64>,
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    pub show: Vec<View>,
}

impl Experiment {
    /// The experiment as a file that repeats it anywhere: a landscape of the user's is written out.
    pub fn to_toml(&self) -> String {
        self.draft().to_toml()
    }

    /// The experiment as it is written down.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            landscape: Some(match &self.setup.landscape.name {
                Some(name) => LandscapeKey::Name(name.clone()),
                None => {
                    let mut body = self.setup.landscape.body.clone();
                    // A parameter of `--loss` has no value of its own; a reader of the file wants one.
                    for (name, value) in body.parameters.iter_mut().filter(|(_, value)| value.is_nan()) {
                        *value = self.setup.set.get(name).copied().unwrap_or(f64::NAN);
                    }
                    LandscapeKey::Table(body)
                }
            }),
            data: self.setup.landscape.changed_data(),
            eta: self.setup.eta.clone().map(EtaKey::Value),
            optimizer: Some(self.setup.optimizer),
            seed: (!self.setup.landscape.body.noise.is_empty()).then_some(self.setup.seed),
            across: Some(self.across.to_string()),
            up: Some(self.up.to_string()),
            size: Some(self.size),
            steps: Some(self.steps),
            steps_max: self.steps_max,
            phases: self.phases.then_some(true),
            period_max: (self.period_max != fate::PERIOD_MAX).then_some(self.period_max),
            precision: Some(self.precision),
            tolerance: self.tolerance,
            escape: self.escape,
            target: self.target,
            show: Some(self.show.clone()),
            set: self.setup.set.clone(),
            ..Draft::default()
        }
    }

    /// Steps before the learning rate stops changing. Of a formula whose last change is not known it may
    /// change to the end: then the last tenth of the budget decides.
    pub fn settled(&self) -> u32 {
        let variables = &self.setup.landscape.body.variables;
        let largest = |name: &str| match [&self.across, &self.up].into_iter().find(|axis| axis.name == name) {
            // A coordinate changes from step to step.
            _ if variables.iter().any(|v| v == name) => None,
            Some(axis) => Some(axis.to),
            None => self.setup.value(name),
        };
        let known = self.setup.eta.as_ref().map_or(Some(0), |eta| eta.settled(largest));
        known.unwrap_or(self.steps - self.steps / 10).min(self.steps)
    }

    /// The largest initial coordinate of the map, without its sign; 1 if all are 0.
    pub fn scale(&self) -> f64 {
        let variables = &self.setup.landscape.body.variables;
        let is_variable = |name: &String| variables.contains(name);
        let axes = [&self.across, &self.up].into_iter().filter(|axis| is_variable(&axis.name));
        let ends = axes.flat_map(|axis| [axis.from, axis.to]);
        let fixed = self.setup.set.iter().filter(|(name, _)| is_variable(name)).map(|(_, value)| *value);
        match ends.chain(fixed).fold(0.0, |largest: f64, x| largest.max(x.abs())) {
            0.0 => 1.0,
            largest => largest,
        }
    }

    /// Whether everything is bound once, and every number can be used.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Formula`], naming the flag or key and the remedy.
    pub fn check(&self) -> Result<()> {
        self.setup.check(&[("across", &self.across), ("up", &self.up)])?;
        if self.across.name == self.up.name {
            return Err(Error::request(format!(
                "up: `{}` is on both axes; give --up another quantity",
                self.up.name
            )));
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<()> {
        let [width, height] = self.size;
        if width == 0 || height == 0 {
            return Err(Error::request(format!("size: {width}x{height} has no cells; give at least 1x1")));
        }
        if u64::from(width) * u64::from(height) > CELLS_MAX {
            return Err(Error::request(format!(
                "size: {width}x{height} is more than {CELLS_MAX} cells, the most that one map may have; make \
                 it smaller"
            )));
        }
        if self.steps == 0 || self.steps > STEPS_MAX {
            return Err(Error::request(format!(
                "steps: a budget of {} steps; give between 1 and {STEPS_MAX}",
                self.steps
            )));
        }
        if let Some(most) = self.steps_max.filter(|&most| most < self.steps || most > STEPS_MAX) {
            return Err(Error::request(format!(
                "steps-max: {most} steps; give between the budget, {}, and {STEPS_MAX}",
                self.steps
            )));
        }
        if self.period_max == 0 || self.period_max > PERIOD_MAX {
            return Err(Error::request(format!(
                "period-max: periods up to {}; give between 1 and {PERIOD_MAX}",
                self.period_max
            )));
        }
        let axes = [("across", &self.across), ("up", &self.up)];
        self.setup.check_eta(self.steps, &axes)?;
        self.check_range()?;
        for ((flag, axis), cells) in axes.into_iter().zip(self.size) {
            self.check_spacing(flag, axis, cells)?;
        }
        if self.show.contains(&View::Reach) && self.target.is_none() {
            return Err(Error::request(
                "show: `reach` is the first step at a loss; say which with --target, such as --target 0.01",
            ));
        }
        check_views(&self.show)
    }

    /// Whether an axis has a value of its own for every cell.
    pub(crate) fn check_spacing(&self, flag: &str, axis: &Axis, cells: u32) -> Result<()> {
        let values = axis.values(cells);
        let finite = values.iter().all(|v| v.is_finite());
        let ascend = finite && values.windows(2).all(|pair| pair[0] < pair[1]);
        let ascend_in_f32 = values.windows(2).all(|pair| (pair[0] as f32) < (pair[1] as f32));
        if !ascend || (self.precision == Precision::F32 && !ascend_in_f32) {
            let remedy = if ascend { "use --precision f64" } else { "give another range or fewer cells" };
            return Err(Error::request(format!(
                "{flag}: the number format cannot tell {cells} values of `{}` in {:?} .. {:?} apart; {remedy}",
                axis.name, axis.from, axis.to
            )));
        }
        Ok(())
    }

    /// Whether the numbers lie in the range of the number format.
    fn check_range(&self) -> Result<()> {
        if let Some(target) = self.target.filter(|loss| !loss.is_finite()) {
            return Err(Error::request(format!("target: {target} is no loss; give a number such as 0.01")));
        }
        for (name, value) in [("tolerance", self.tolerance), ("escape", self.escape)] {
            if let Some(value) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
                return Err(Error::request(format!(
                    "{name}: {value} is no distance; give a number above 0, or none for the default"
                )));
            }
        }
        let axes = [("across", &self.across), ("up", &self.up)];
        let ends = axes.into_iter().flat_map(|(flag, axis)| [(flag, axis.from), (flag, axis.to)]);
        let set = self.setup.set.values().map(|value| ("set", *value));
        let distances = [("tolerance", self.tolerance), ("escape", self.escape), ("target", self.target)];
        let distances = distances.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let fits = |value: f64| {
            let short = value as f32;
            short.is_finite() && (short != 0.0 || value == 0.0)
        };
        match ends.chain(set).chain(distances).find(|(_, value)| !fits(*value)) {
            Some((name, value)) if self.precision == Precision::F32 => Err(Error::request(format!(
                "{name}: {value:e} is beyond the range of f32; use --precision f64"
            ))),
            _ => Ok(()),
        }
    }
}

/// Whether every view can be drawn, and there is one.
pub(crate) fn check_views(views: &[View]) -> Result<()> {
    if views.is_empty() {
        return Err(Error::request("show: no view; name at least one, such as basins"));
    }
    Ok(())
}
