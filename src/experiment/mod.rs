//! An experiment: which landscape, which quantities along the two axes, how long. TOML in and out.

mod axis;
mod draft;
mod eta;
mod finite;
mod keys;
mod optimizer;
mod over;
mod phase;
mod settling;
mod setup;
mod sweep;
mod template;

use serde::{Deserialize, Serialize};

pub use self::axis::Axis;
pub(crate) use self::axis::number;
pub use self::draft::Draft;
pub(crate) use self::draft::PICTURE_KEYWORD;
pub use self::eta::Eta;
pub use self::keys::{EtaKey, LandscapeKey};
pub use self::optimizer::{MOMENTUM, Optimizer};
pub use self::over::Over;
pub use self::phase::{PhaseExperiment, PhaseKeys, Warm};
pub use self::settling::Settling;
pub use self::setup::{NamedLandscape, Setup};
pub use self::sweep::Swept;
pub use self::template::template;
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
/// Most cells of one map: each has a number in 32 bits.
pub const CELLS_MAX: u64 = 1 << 32;
/// Most cells along a side: an axis is held in memory.
pub const SIDE_MAX: u32 = 1 << 22;
/// Most cells of a map whose arrays are held in memory, about 80 bytes a cell.
pub const CELLS_IN_MEMORY: u64 = 1 << 27;

/// The number format of the trajectories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    /// 32 bits, 24 of them digits.
    F32,
    /// 64 bits, 53 of them digits.
    F64,
}

impl Precision {
    /// The nearest number of the format.
    pub fn rounded(self, value: f64) -> f64 {
        match self {
            Precision::F32 => f64::from(value as f32),
            Precision::F64 => value,
        }
    }

    /// The distance from 1 to the next larger number.
    pub fn epsilon(self) -> f64 {
        match self {
            Precision::F32 => f64::from(f32::EPSILON),
            Precision::F64 => f64::EPSILON,
        }
    }
}

/// A map to be made, complete and by value.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What is descended, and how.
    pub setup: Setup,
    /// The horizontal axis.
    pub across: Axis,
    /// The vertical axis.
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
    /// The number format of the trajectories.
    pub precision: Precision,
    /// Distance to an attractor that counts as arrived; `None`: 1e-7 of the map's scale.
    pub tolerance: Option<f64>,
    /// Largest coordinate that does not count as diverged; `None`: 1e6 of the map's scale, and 1e6 at
    /// least.
    pub escape: Option<f64>,
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    /// Whether doubtful cells are computed again (see [`crate::analysis::doubtful`]).
    pub certain: bool,
    /// The views that are drawn.
    pub show: Vec<View>,
    /// What is drawn over them.
    pub over: Over,
}

impl std::str::FromStr for Experiment {
    type Err = Error;

    /// Reads the text of an experiment file; paths in it are from here.
    fn from_str(text: &str) -> Result<Self> {
        Draft::parse(text).map_err(Error::Request)?.resolve()
    }
}

impl Experiment {
    /// The experiment as a file that repeats it anywhere: a landscape of the user's is written out.
    pub fn to_toml(&self) -> String {
        self.draft().to_toml()
    }

    /// The most steps that a trajectory is given.
    pub fn most_steps(&self) -> u32 {
        self.steps_max.unwrap_or(self.steps)
    }

    /// The experiment as it is written down.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
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
            certain: self.certain.then_some(true),
            show: Some(self.show.clone()),
            contours: self.over.contours.then_some(true),
            orbit: Some(self.over.orbits.clone()).filter(|orbits| !orbits.is_empty()),
            theory: self.over.theory.then_some(true),
            ..self.setup.draft()
        }
    }

    /// When the learning rate stops changing.
    pub fn settling(&self) -> Settling {
        self.setup.settling(&self.axes())
    }

    /// Steps before the fate is looked for: those in which the learning rate changes, or where it changes to
    /// the end, all but the last tenth of the budget.
    pub fn settled(&self) -> u32 {
        self.settling().settled(self.steps)
    }

    /// The axes, each with its flag and its cells.
    fn axes(&self) -> [(&'static str, &Axis, u32); 2] {
        [("across", &self.across, self.size[0]), ("up", &self.up, self.size[1])]
    }

    /// The largest initial coordinate of the map, without its sign; 1 if all are 0.
    pub fn scale(&self) -> f64 {
        self.setup.scale(&[&self.across, &self.up])
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
        check_sides(self.size)?;
        check_steps(self.steps)?;
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
        if let Some(target) = self.target.filter(|loss| !loss.is_finite()) {
            return Err(Error::request(format!("target: {target} is no loss; give a number such as 0.01")));
        }
        check_distances(&[("tolerance", self.tolerance), ("escape", self.escape)])?;
        let ends = self.axes().into_iter().flat_map(|(flag, axis, _)| [(flag, axis.from), (flag, axis.to)]);
        let set = self.setup.set.values().map(|value| ("set", *value));
        let distances = [("tolerance", self.tolerance), ("escape", self.escape), ("target", self.target)];
        let distances = distances.into_iter().filter_map(|(name, value)| Some((name, value?)));
        check_fit(ends.chain(set).chain(distances), self.precision)?;
        for (flag, axis, cells) in self.axes() {
            check_spacing(flag, axis, cells, self.precision)?;
        }
        self.setup.check_eta(self.steps, &self.axes())?;
        self.check_over(&self.over)?;
        self.check_views(&self.show)
    }

    /// Whether every one of `views` can be drawn of the map, and there is one.
    pub(crate) fn check_views(&self, views: &[View]) -> Result<()> {
        if views.contains(&View::Reach) && self.target.is_none() {
            return Err(Error::request(
                "show: `reach` is the first step at a loss, and the map has no target; map it with one, such as \
                 --target 0.01",
            ));
        }
        // These cost more than the map, and are measured for who asks.
        let unmeasured = |view: &&View| match view {
            View::Settle | View::Edge => !self.show.contains(view),
            View::Certainty => !self.certain,
            _ => false,
        };
        if let Some(view) = views.iter().find(unmeasured) {
            return Err(Error::request(format!(
                "show: `{view}` was not measured when the map was made; map it again with --show {view}"
            )));
        }
        check_views(views)
    }
}

/// Whether the axes fit into memory.
pub(crate) fn check_sides(size: [u32; 2]) -> Result<()> {
    match size.iter().find(|side| **side > SIDE_MAX) {
        Some(side) => {
            Err(Error::request(format!("size: {side} along one side; give at most {SIDE_MAX} along each")))
        }
        None => Ok(()),
    }
}

/// Whether a budget can be used.
fn check_steps(steps: u32) -> Result<()> {
    match steps {
        1..=STEPS_MAX => Ok(()),
        _ => Err(Error::request(format!("steps: a budget of {steps} steps; give between 1 and {STEPS_MAX}"))),
    }
}

/// Whether an axis has a value of its own for every cell.
pub(crate) fn check_spacing(flag: &str, axis: &Axis, cells: u32, precision: Precision) -> Result<()> {
    let values = axis.values(cells);
    let finite = values.iter().all(|v| v.is_finite());
    let ascend = finite && values.windows(2).all(|pair| pair[0] < pair[1]);
    let ascend_in_f32 = values.windows(2).all(|pair| (pair[0] as f32) < (pair[1] as f32));
    if !ascend || (precision == Precision::F32 && !ascend_in_f32) {
        let remedy = if ascend { "use --precision f64" } else { "give another range or fewer cells" };
        return Err(Error::request(format!(
            "{flag}: the number format cannot tell {cells} values of `{}` in {:?} .. {:?} apart; {remedy}",
            axis.name, axis.from, axis.to
        )));
    }
    Ok(())
}

/// Whether distances, by name, are ones.
fn check_distances(distances: &[(&str, Option<f64>)]) -> Result<()> {
    for (name, value) in distances {
        if let Some(value) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
            return Err(Error::request(format!(
                "{name}: {value} is no distance; give a number above 0, or none for the default"
            )));
        }
    }
    Ok(())
}

/// Whether numbers, by name, lie in the range of the number format.
fn check_fit<'a>(mut numbers: impl Iterator<Item = (&'a str, f64)>, precision: Precision) -> Result<()> {
    let fits = |value: f64| {
        // Below its normal numbers, a GPU takes a number for 0.
        value == 0.0 || (value as f32).is_normal()
    };
    match numbers.find(|(_, value)| !fits(*value)) {
        Some((name, value)) if precision == Precision::F32 => {
            Err(Error::request(format!("{name}: {value:e} is beyond the range of f32; use --precision f64")))
        }
        _ => Ok(()),
    }
}

/// Whether every view can be drawn, and there is one.
pub(crate) fn check_views(views: &[View]) -> Result<()> {
    if views.is_empty() {
        return Err(Error::request("show: no view; name at least one, such as basins"));
    }
    Ok(())
}
