//! The flags that say what is descended, shared by the commands.

use std::collections::BTreeMap;

use clap::Args;

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::experiment::{Draft, EtaKey, LandscapeKey, Optimizer, number};
use crate::landscape::Landscape;

/// The landscape and the values of its names.
#[derive(Debug, Args)]
pub struct Request {
    /// A built-in landscape (see `gdscope landscapes`), a landscape file, or an experiment whose keys
    /// the flags override: a file, or a picture that gdscope has drawn of one
    #[arg(value_name = "LANDSCAPE|FILE")]
    landscape: Option<String>,

    /// A loss formula instead of a landscape: x, y, z, w, x1, x2, ... are variables if an axis or --set
    /// gives them, other names are parameters
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true, conflicts_with = "landscape")]
    loss: Option<String>,

    /// Data of the landscape, instead of its own: columns such as x=1,2,5 or 'x=linspace(0,1,64)', or a
    /// CSV file whose first line names its columns; those that no formula uses may hold anything
    #[arg(long, value_name = "COLUMN|FILE", num_args = 1..)]
    data: Vec<String>,

    /// Learning rate: a number, steps RATE@STEP such as 5@0,3@100,1@150, or a formula in the step t
    /// and names of your own, such as 'if(t < drop, 5, 0.5)' or '1/(1 + t/100)'
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    eta: Option<String>,

    /// How a step is made from the gradient [default: gd]
    #[arg(long, value_enum)]
    optimizer: Option<Optimizer>,

    /// Number that the noise is drawn by, for a landscape that has noise [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u32>,

    /// Initial coordinates and parameters, such as x1=-3 C=2.5, and the momentum beta
    #[arg(long, value_name = "NAME=VALUE", num_args = 1..)]
    set: Vec<String>,
}

impl Request {
    /// The experiment file's keys, if there is one, with those given here over them. `axes` and `ranges`:
    /// what the command's own flags give a quantity; `stack`: the keys of a stack of maps.
    pub fn draft(&self, axes: [Option<&String>; 2], ranges: &[String], stack: Draft) -> Result<Draft> {
        let (landscape, set) = self.landscape_and_set(ranges)?;
        let mut columns = self.data.clone();
        // As `--set`, `--data` takes all words up to the next flag.
        let among =
            columns.iter().position(|word| landscape.is_none() && self.loss.is_none() && is_landscape(word));
        let among = among.map(|place| columns.remove(place));
        let landscape = landscape.or(among.as_deref());
        let mut given: Vec<&str> = set.keys().map(String::as_str).collect();
        let ranged = axes.into_iter().flatten().chain(ranges).chain(stack.sweep.as_ref());
        given.extend(ranged.filter_map(|axis| Some(axis.split_once('=')?.0.trim())));
        let data = if columns.is_empty() { None } else { Some(Dataset::from_words(&columns)?) };
        let base = match (landscape, &self.loss) {
            (_, Some(loss)) => Draft {
                landscape: Some(LandscapeKey::Table(Landscape::from_loss(
                    loss,
                    &given,
                    data.clone().unwrap_or_default(),
                )?)),
                ..Draft::default()
            },
            (Some(name), None) => Draft::open(name)?,
            (None, None) => Draft::default(),
        };
        let eta = self.eta.clone().map(EtaKey::Text);
        Ok(base.overridden(Draft {
            set,
            data,
            eta,
            optimizer: self.optimizer,
            seed: self.seed,
            across: axes[0].cloned(),
            up: axes[1].cloned(),
            ..stack
        }))
    }

    /// The landscape's name or file, and the values by name.
    ///
    /// `--set` and what gives the `ranges` take all words up to the next flag, so the landscape may be among
    /// them: it is the one without `=`.
    fn landscape_and_set<'a>(
        &'a self,
        ranges: &'a [String],
    ) -> Result<(Option<&'a str>, BTreeMap<String, f64>)> {
        let mut landscape = self.landscape.as_deref();
        for word in ranges.iter().filter(|word| !word.contains('=')) {
            if landscape.is_some() || self.loss.is_some() {
                return Err(Error::request(format!(
                    "from: `{word}` is no range; write NAME=FROM..TO, such as x=-4..4"
                )));
            }
            landscape = Some(word);
        }
        let mut set = BTreeMap::new();
        for word in &self.set {
            let Some((name, value)) = word.split_once('=') else {
                if landscape.is_some() || self.loss.is_some() {
                    return Err(Error::request(format!(
                        "set: `{word}` is no setting; write NAME=VALUE, such as x1=-3"
                    )));
                }
                landscape = Some(word);
                continue;
            };
            let name = name.trim();
            if name.is_empty() {
                return Err(Error::request(format!(
                    "set: `{word}` names nothing; write NAME=VALUE, such as x1=-3"
                )));
            }
            let value = number(value).map_err(|e| Error::request(format!("set: `{word}`: {e}")))?;
            if set.insert(name.to_owned(), value).is_some() {
                return Err(Error::request(format!("set: `{name}` is given twice; drop one of the two")));
            }
        }
        Ok((landscape, set))
    }
}

/// Whether a word without `=` among columns is meant as a landscape or an experiment rather than a CSV file.
fn is_landscape(word: &str) -> bool {
    let ending = [".toml", ".png", ".svg"].iter().any(|ending| word.ends_with(ending));
    !word.contains('=') && (ending || !Landscape::is_path(word))
}
