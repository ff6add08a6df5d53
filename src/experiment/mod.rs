//! An experiment: which landscape, which quantities along the two axes, how long. TOML in and out.

mod axis;
mod eta;
mod keys;
mod optimizer;
mod setup;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::axis::Axis;
pub(crate) use self::axis::number;
pub use self::eta::Eta;
pub use self::keys::{EtaKey, LandscapeKey};
pub use self::optimizer::{MOMENTUM, Optimizer};
pub use self::setup::{NamedLandscape, Setup};
use crate::dataset::Dataset;
use crate::error::{Error, Result, toml_message};
use crate::landscape::Landscape;
use crate::view::View;

/// Default number of cells along each side.
pub const SIZE: [u32; 2] = [1024, 1024];
/// Default budget per trajectory.
pub const STEPS: u32 = 10_000;
/// Largest budget: the step number must be exact in f32.
pub const STEPS_MAX: u32 = 1 << 24;
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
    pub precision: Precision,
    /// Distance to an attractor that counts as arrived; `None`: 1e-7 of the map's scale.
    pub tolerance: Option<f64>,
    /// Largest coordinate that does not count as diverged; `None`: 1e6 of the map's scale.
    pub escape: Option<f64>,
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    pub show: Vec<View>,
}

/// An experiment as it is written down: every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landscape: Option<LandscapeKey>,
    /// Instead of the landscape's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Dataset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<EtaKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<Optimizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<Vec<View>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, f64>,
}

impl Draft {
    /// What `name` stands for: a built-in landscape, a landscape file or an experiment file.
    ///
    /// # Errors
    /// As [`Landscape::load`] and [`Draft::read`].
    pub fn open(name: &str) -> Result<Self> {
        let named = Self { landscape: Some(LandscapeKey::Name(name.to_owned())), ..Self::default() };
        if !Landscape::is_path(name) {
            return Ok(named);
        }
        let path = Path::new(name);
        let text = read_text(path)?;
        let table: toml::Table =
            toml::from_str(&text).map_err(|e| Error::file(path, toml_message(&text, &e)))?;
        let is_landscape = table.contains_key("loss") || table.contains_key("variables");
        if is_landscape { Ok(named) } else { Self::read(path) }
    }

    /// Reads an experiment file. Files that it names, of landscapes and data, are looked for beside it.
    ///
    /// # Errors
    /// [`Error::File`] with the key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        let mut draft = Self::parse(&text).map_err(|message| Error::file(path, message))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        match &mut draft.landscape {
            Some(LandscapeKey::Name(name)) if Landscape::is_path(name) => {
                *name = folder.join(&name).to_string_lossy().into_owned();
            }
            Some(LandscapeKey::Table(body)) => body.data.read_file(folder).map_err(|e| e.within(path))?,
            _ => {}
        }
        if let Some(data) = &mut draft.data {
            data.read_file(folder).map_err(|e| e.within(path))?;
        }
        Ok(draft)
    }

    /// Reads the text of an experiment file.
    ///
    /// # Errors
    /// A message with the line and the key.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        toml::from_str(text).map_err(|e| toml_message(text, &e))
    }

    /// This draft with the keys of `over` put over it.
    #[must_use]
    pub fn overridden(mut self, over: Draft) -> Self {
        // A quantity that now is an axis is no longer set.
        let swept: Vec<String> = [&over.across, &over.up]
            .into_iter()
            .flatten()
            .filter_map(|axis| Some(axis.split_once('=')?.0.trim().to_owned()))
            .collect();
        self.set.retain(|name, _| !swept.contains(name));
        if over.eta.is_none() && swept.iter().any(|name| name == "eta") {
            self.eta = None;
        }
        self.set.extend(over.set);
        Self {
            landscape: over.landscape.or(self.landscape),
            data: over.data.or(self.data),
            eta: over.eta.or(self.eta),
            optimizer: over.optimizer.or(self.optimizer),
            seed: over.seed.or(self.seed),
            across: over.across.or(self.across),
            up: over.up.or(self.up),
            size: over.size.or(self.size),
            steps: over.steps.or(self.steps),
            precision: over.precision.or(self.precision),
            tolerance: over.tolerance.or(self.tolerance),
            escape: over.escape.or(self.escape),
            target: over.target.or(self.target),
            show: over.show.or(self.show),
            set: self.set,
        }
    }

    /// The part of the draft that says what is descended and how, not yet checked.
    ///
    /// # Errors
    /// For a landscape that is missing or unknown, and a learning rate that does not parse.
    pub fn setup(&self) -> Result<Setup> {
        let mut landscape = match &self.landscape {
            None => {
                return Err(Error::request(
                    "no landscape: name one (`gdscope landscapes` lists them) or give --loss",
                ));
            }
            Some(LandscapeKey::Table(body)) => NamedLandscape { name: None, body: body.clone() },
            Some(LandscapeKey::Name(name)) => NamedLandscape {
                name: (!Landscape::is_path(name)).then(|| name.clone()),
                body: Landscape::load(name).map_err(|e| match Landscape::is_path(name) {
                    true => e.within(Path::new(name)),
                    false => e,
                })?,
            },
        };
        if let Some(data) = &self.data {
            landscape.body.data = data.clone();
        }
        let eta = match &self.eta {
            None => None,
            Some(EtaKey::Value(eta)) => Some(eta.clone()),
            Some(EtaKey::Text(text)) => {
                Some(text.parse().map_err(|message| Error::request(format!("eta: {message}")))?)
            }
        };
        if self.seed.is_some() && landscape.body.noise.is_empty() {
            return Err(Error::request(
                "seed: the landscape has no noise; drop the seed, or give a landscape file with `noise`",
            ));
        }
        let (optimizer, seed) = (self.optimizer.unwrap_or_default(), self.seed.unwrap_or_default());
        Ok(Setup { landscape, eta, optimizer, seed, set: self.set.clone() })
    }

    /// Fills in the defaults and checks everything.
    ///
    /// # Errors
    /// As [`Experiment::check`], and for what is missing.
    pub fn resolve(self) -> Result<Experiment> {
        let axis = |text: &Option<String>, flag: &str, example: &str| {
            let text = text.as_deref().ok_or_else(|| {
                Error::request(format!(
                    "no axis `{flag}`: give --{flag} NAME=FROM..TO, such as --{flag} {example}"
                ))
            })?;
            text.parse::<Axis>().map_err(|message| Error::request(format!("{flag}: {message}")))
        };
        let setup = self.setup()?;
        let variables = &setup.landscape.body.variables;
        let first = variables[0].clone();
        let experiment = Experiment {
            across: axis(&self.across, "across", &format!("{first}=-4..4"))?,
            up: axis(&self.up, "up", &format!("{}=-4..4", variables.get(1).unwrap_or(&first)))?,
            setup,
            size: self.size.unwrap_or(SIZE),
            steps: self.steps.unwrap_or(STEPS),
            precision: self.precision.unwrap_or_default(),
            tolerance: self.tolerance,
            escape: self.escape,
            target: self.target,
            show: self.show.unwrap_or_else(|| vec![View::Basins, View::Amplitude]),
        };
        experiment.check()?;
        Ok(experiment)
    }
}

impl Experiment {
    /// The experiment as a file that repeats it anywhere: a landscape of the user's is written out.
    pub fn to_toml(&self) -> String {
        let draft = Draft {
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
            precision: Some(self.precision),
            tolerance: self.tolerance,
            escape: self.escape,
            target: self.target,
            show: Some(self.show.clone()),
            set: self.setup.set.clone(),
        };
        toml::to_string(&draft).expect("an experiment holds nothing that TOML cannot")
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
    fn check_spacing(&self, flag: &str, axis: &Axis, cells: u32) -> Result<()> {
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
    if views.contains(&View::Settle) {
        return Err(Error::request("show: `settle` is not measured yet; drop it"));
    }
    Ok(())
}

/// The text of a file of the user's.
fn read_text(path: &Path) -> Result<String> {
    std::fs::read(path)
        .map_err(|e| {
            let inside = path.join("experiment.toml");
            let remedy = match inside.exists() {
                true => format!("did you mean {}?", inside.display()),
                false => "give the path of a landscape or an experiment file".to_owned(),
            };
            Error::file(path, format!("cannot be read: {e}; {remedy}"))
        })
        .and_then(|bytes| {
            let not_text = |_| Error::file(path, "is not a text file; give a TOML file");
            String::from_utf8(bytes).map_err(not_text)
        })
}
