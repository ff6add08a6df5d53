//! The flags that say what is descended, shared by the commands.

use std::collections::BTreeMap;

use clap::Args;

use crate::error::Result;
use crate::experiment::{Draft, EtaKey, LandscapeKey, number};
use crate::landscape::Landscape;

/// The landscape and the values of its names.
#[derive(Debug, Args)]
pub struct Request {
    /// A built-in landscape, a landscape file, or an experiment file (then flags override its keys)
    #[arg(value_name = "LANDSCAPE|FILE", required_unless_present = "loss")]
    landscape: Option<String>,

    /// A loss formula instead of a landscape; x, y, z, w, x1, ... are variables if an axis or --set
    /// gives them, other names are parameters
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true, conflicts_with = "landscape")]
    loss: Option<String>,

    /// Learning rate: a number, steps RATE@STEP such as 5@0,3@100,1@150, or a formula in t
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    eta: Option<String>,

    /// Initial coordinates and parameters, such as x1=-3 C=2.5
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = setting)]
    set: Vec<(String, f64)>,
}

fn setting(text: &str) -> std::result::Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write NAME=VALUE, such as x1=-3".to_owned())?;
    Ok((name.trim().to_owned(), number(value)?))
}

impl Request {
    /// The experiment file's keys, if there is one, with those given here over them. `axes`: the axes
    /// that the command's own flags give.
    pub fn draft(&self, axes: [Option<&String>; 2]) -> Result<Draft> {
        let mut set = BTreeMap::new();
        for (name, value) in &self.set {
            if set.insert(name.clone(), *value).is_some() {
                return Err(crate::Error::request(format!(
                    "set: `{name}` is given twice; drop one of the two"
                )));
            }
        }
        let mut given: Vec<&str> = set.keys().map(String::as_str).collect();
        given.extend(axes.into_iter().flatten().filter_map(|axis| Some(axis.split_once('=')?.0.trim())));
        let base = match (&self.landscape, &self.loss) {
            (_, Some(loss)) => Draft {
                landscape: Some(LandscapeKey::Table(Landscape::from_loss(loss, &given)?)),
                ..Draft::default()
            },
            (Some(name), None) => Draft::open(name)?,
            (None, None) => Draft::default(),
        };
        let eta = self.eta.clone().map(EtaKey::Text);
        Ok(base.overridden(Draft {
            set,
            eta,
            across: axes[0].cloned(),
            up: axes[1].cloned(),
            ..Draft::default()
        }))
    }
}
