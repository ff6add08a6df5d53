//! An experiment as it is written down, and where it is read from: TOML, or a picture that carries it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    Axis, EtaKey, Experiment, LandscapeKey, MOMENTUM, NamedLandscape, Optimizer, Over, PhaseKeys, Precision,
    SIZE, STEPS, Setup, keys,
};
use crate::dataset::Dataset;
use crate::error::{Error, Result, toml_message};
use crate::fate;
use crate::input::{self, FILE_MAX, TEXT_MAX};
use crate::landscape::Landscape;
use crate::view::View;

/// An experiment as it is written down: every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// What is descended; a map needs one.
    pub landscape: Option<LandscapeKey>,
    /// Instead of the landscape's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Dataset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The learning rate, unless it is an axis.
    pub eta: Option<EtaKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// How a step is made from the gradient.
    pub optimizer: Option<Optimizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Number that the noise is drawn by.
    pub seed: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The horizontal axis, `NAME = FROM .. TO`, perhaps with `: log`.
    pub across: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The vertical axis.
    pub up: Option<String>,
    /// The quantity of a stack of maps, written as an axis is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<String>,
    /// Or the point that a stack of maps zooms into, across and up, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoom: Option<Vec<f64>>,
    /// ... and how many times narrower each map is than the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// Maps in a stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    #[serde(default, deserialize_with = "keys::sides", skip_serializing_if = "Option::is_none")]
    /// Cells across and up.
    pub size: Option<[u32; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Budget per trajectory.
    pub steps: Option<u32>,
    #[serde(default, rename = "steps-max", skip_serializing_if = "Option::is_none")]
    /// Budget up to which undecided trajectories are run again.
    pub steps_max: Option<u32>,
    #[serde(default, rename = "period-max", skip_serializing_if = "Option::is_none")]
    /// Longest period that is looked for, in steps.
    pub period_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Whether the phases of a cycle are told apart.
    pub phases: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The number format of the trajectories.
    pub precision: Option<Precision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Distance to an attractor that counts as arrived.
    pub tolerance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Coordinate beyond which a trajectory has diverged.
    pub escape: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The loss whose first step is looked for.
    pub target: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Whether doubtful cells are computed again.
    pub certain: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The views that are drawn.
    pub show: Option<Vec<View>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Whether level lines of the loss are drawn over the pictures.
    pub contours: Option<bool>,
    /// Starts of orbits that are drawn over the map, across and up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<Vec<[f64; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Whether what theory says is drawn over the pictures.
    pub theory: Option<bool>,
    /// Of a phase diagram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseKeys>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    /// Initial coordinates and parameters that are on no axis.
    pub set: BTreeMap<String, f64>,
    /// Names in `set` that only a learning rate or an optimizer asked for which others have replaced: they are no
    /// mistake where nothing is called so any more.
    #[serde(skip)]
    pub replaced: Vec<String>,
}

/// The keyword of a picture's metadata under which the experiment stands.
pub(crate) const PICTURE_KEYWORD: &str = "Experiment";

impl Draft {
    /// What `name` stands for: a built-in landscape, a landscape file, an experiment file or a picture
    /// of a map.
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

    /// Reads an experiment file. Files that it names, of landscapes and data, are looked for beside it; they
    /// are read when they are needed, by [`Draft::setup`].
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
            Some(LandscapeKey::Table(body)) => body.data.rebase(folder).map_err(|e| e.within(path))?,
            _ => {}
        }
        if let Some(data) = &mut draft.data {
            data.rebase(folder).map_err(|e| e.within(path))?;
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

    /// The text of an experiment file.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).expect("an experiment holds nothing that TOML cannot")
    }

    /// This draft with the keys of `over` put over it.
    #[must_use]
    pub fn overridden(mut self, over: Draft) -> Self {
        // A quantity that now is an axis is no longer set.
        let swept: Vec<String> = [&over.across, &over.up, &over.sweep]
            .into_iter()
            .flatten()
            .filter_map(|axis| Some(axis.split_once('=')?.0.trim().to_owned()))
            .collect();
        let spread = over.phase.iter().flat_map(|phase| phase.from.keys());
        let swept: Vec<String> = swept.into_iter().chain(spread.cloned()).collect();
        self.set.retain(|name, _| !swept.contains(name));
        if over.eta.is_some() || swept.iter().any(|name| name == "eta") {
            self.replaced.extend(self.eta.take().map(|eta| eta.names()).unwrap_or_default());
        }
        if over.optimizer.is_some() {
            self.replaced.push(MOMENTUM.to_owned());
        }
        self.replaced.retain(|name| !over.set.contains_key(name));
        let phase = match (self.phase.take(), over.phase) {
            (Some(keys), given) => Some(keys.overridden(given.unwrap_or_default(), &over.set)),
            (None, given) => given,
        };
        self.set.extend(over.set);
        // A stack goes one way.
        if over.sweep.is_some() {
            (self.zoom, self.factor) = (None, None);
        } else if over.zoom.is_some() {
            self.sweep = None;
        }
        Self {
            phase,
            landscape: over.landscape.or(self.landscape),
            data: over.data.or(self.data),
            eta: over.eta.or(self.eta),
            optimizer: over.optimizer.or(self.optimizer),
            seed: over.seed.or(self.seed),
            across: over.across.or(self.across),
            up: over.up.or(self.up),
            sweep: over.sweep.or(self.sweep),
            zoom: over.zoom.or(self.zoom),
            factor: over.factor.or(self.factor),
            frames: over.frames.or(self.frames),
            size: over.size.or(self.size),
            steps: over.steps.or(self.steps),
            steps_max: over.steps_max.or(self.steps_max),
            phases: over.phases.or(self.phases),
            period_max: over.period_max.or(self.period_max),
            precision: over.precision.or(self.precision),
            tolerance: over.tolerance.or(self.tolerance),
            escape: over.escape.or(self.escape),
            target: over.target.or(self.target),
            certain: over.certain.or(self.certain),
            show: over.show.or(self.show),
            contours: over.contours.or(self.contours),
            orbit: over.orbit.or(self.orbit),
            theory: over.theory.or(self.theory),
            set: self.set,
            replaced: self.replaced,
        }
    }

    /// The part of the draft that says what is descended and how, not yet checked.
    ///
    /// # Errors
    /// For a landscape that is missing or unknown, and a learning rate that does not parse.
    pub fn setup(&self) -> Result<Setup> {
        let mut data = self.data.clone();
        if let Some(data) = &mut data {
            data.read_file()?;
        }
        let landscape = match &self.landscape {
            None => {
                return Err(Error::request(
                    "no landscape: name one (`gdscope landscapes` lists them) or give --loss",
                ));
            }
            Some(LandscapeKey::Table(body)) => {
                let mut body = body.clone();
                match &data {
                    Some(data) => body.take_data(data)?,
                    None => body.data.read_file()?,
                }
                NamedLandscape { name: None, body }
            }
            Some(LandscapeKey::Name(name)) => NamedLandscape {
                name: (!Landscape::is_path(name)).then(|| name.clone()),
                body: Landscape::load_with(name, data.as_ref()).map_err(|e| {
                    match Landscape::is_path(name) {
                        true => e.within(Path::new(name)),
                        false => e,
                    }
                })?,
            },
        };
        let eta = match &self.eta {
            None => None,
            Some(key) => Some(key.eta().map_err(|message| Error::request(format!("eta: {message}")))?),
        };
        if self.seed.is_some() && landscape.body.noise.is_empty() {
            return Err(Error::request(
                "seed: the landscape has no noise; drop the seed, or give a landscape file with `noise`",
            ));
        }
        let (optimizer, seed) = (self.optimizer.unwrap_or_default(), self.seed.unwrap_or_default());
        let mut setup = Setup { landscape, eta, optimizer, seed, set: BTreeMap::new() };
        let is_needed = |name: &String| !self.replaced.contains(name) || setup.knows(name);
        let needed = self.set.iter().filter(|(name, _)| is_needed(name));
        setup.set = needed.map(|(name, value)| (name.clone(), *value)).collect();
        Ok(setup)
    }

    /// Fills in the defaults and checks everything.
    ///
    /// # Errors
    /// As [`Experiment::check`], and for what is missing; for a draft of a stack of maps, which
    /// [`crate::sweep::Stack::of`] takes.
    pub fn resolve(self) -> Result<Experiment> {
        if self.sweep.is_some() || self.zoom.is_some() {
            let key = if self.sweep.is_some() { "sweep" } else { "zoom" };
            return Err(Error::request(format!(
                "{key}: this is a stack of maps, and one map is needed; `gdscope map` makes stacks and, with --show, \
                 draws any of their views"
            )));
        }
        let experiment = self.unchecked()?;
        experiment.check()?;
        Ok(experiment)
    }

    /// Fills in the defaults; what makes it a stack is left to the caller.
    pub(crate) fn unchecked(self) -> Result<Experiment> {
        let axis = |text: &Option<String>, flag: &str, example: &str| {
            let text = text.as_deref().ok_or_else(|| {
                Error::request(format!(
                    "no axis `{flag}`: give --{flag} NAME=FROM..TO, such as --{flag} {example}"
                ))
            })?;
            text.parse::<Axis>().map_err(|message| Error::request(format!("{flag}: {message}")))
        };
        if self.phase.is_some() && self.up.is_none() {
            return Err(Error::request(
                "phase: this is the experiment of a phase diagram; draw it with `gdscope phase`, or give --up \
                 NAME=FROM..TO for a map",
            ));
        }
        let setup = self.setup()?;
        let variables = &setup.landscape.body.variables;
        if variables.is_empty() {
            // Says so.
            setup.landscape.body.check()?;
        }
        let first = variables[0].clone();
        let certain = self.certain.unwrap_or_default();
        let more = certain.then_some(View::Certainty);
        let default = [View::Basins, View::Amplitude].into_iter().chain(more).collect();
        Ok(Experiment {
            across: axis(&self.across, "across", &format!("{first}=-4..4"))?,
            up: axis(&self.up, "up", &format!("{}=-4..4", variables.get(1).unwrap_or(&first)))?,
            setup,
            size: self.size.unwrap_or(SIZE),
            steps: self.steps.unwrap_or(STEPS),
            steps_max: self.steps_max,
            phases: self.phases.unwrap_or_default(),
            period_max: self.period_max.unwrap_or(fate::PERIOD_MAX),
            precision: self.precision.unwrap_or_default(),
            tolerance: self.tolerance,
            escape: self.escape,
            target: self.target,
            certain: certain || self.show.iter().flatten().any(|view| *view == View::Certainty),
            show: self.show.unwrap_or(default),
            over: Over {
                contours: self.contours.unwrap_or_default(),
                orbits: self.orbit.unwrap_or_default(),
                theory: self.theory.unwrap_or_default(),
            },
        })
    }
}

/// The text of a file of the user's.
fn read_text(path: &Path) -> Result<String> {
    input::read(path, FILE_MAX)
        .map_err(|e| {
            let inside = path.join("experiment.toml");
            let remedy = match inside.exists() {
                true => format!("did you mean {}?", inside.display()),
                false => "give the path of a landscape or an experiment file".to_owned(),
            };
            Error::file(path, format!("cannot be read: {e}; {remedy}"))
        })
        .and_then(|bytes| match carried(&bytes) {
            Some(carried) => carried.map_err(|message| Error::file(path, message)),
            None => String::from_utf8(bytes).map_err(|_| {
                Error::file(path, "is not a text file; give a TOML file, or a picture of a map")
            }),
        })
        .and_then(|text| match input::check_toml(&text) {
            Ok(()) => Ok(text),
            Err(message) => Err(Error::file(path, message)),
        })
}

/// The experiment that a picture carries in its metadata; `None` if `bytes` are no picture.
fn carried(bytes: &[u8]) -> Option<std::result::Result<String, String>> {
    const NONE: &str = "the picture carries no experiment; give one that `gdscope map` has drawn";
    const START: &str = "<metadata id=\"Experiment\">";
    if bytes.starts_with(b"\x89PNG") {
        let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info();
        let found = reader.map_err(|e| format!("the picture is damaged: {e}")).and_then(|reader| {
            let texts = &reader.info().utf8_text;
            let mut text = texts.iter().find(|text| text.keyword == PICTURE_KEYWORD).ok_or(NONE)?.clone();
            // Which the next call alone would not limit.
            let unpacked = text.decompress_text_with_limit(TEXT_MAX as usize);
            unpacked.and_then(|()| text.get_text()).map_err(|e| format!("the picture is damaged: {e}"))
        });
        return Some(found);
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with("<svg"))?;
    let inside = text.split_once(START).and_then(|(_, rest)| rest.split_once("</metadata>"));
    // The three letters that the drawing has written otherwise.
    let plain = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    Some(inside.map(|(text, _)| plain(text)).ok_or_else(|| NONE.to_owned()))
}
