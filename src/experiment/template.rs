//! A commented experiment file to begin with.

use std::fmt::Write;

use super::{Draft, LandscapeKey, MOMENTUM, PERIOD_MAX, SIZE, STEPS, STEPS_MAX};
use crate::error::Result;
use crate::fate;
use crate::landscape::Landscape;
use crate::orbit::orbit;
use crate::view::View;

/// How far from the minimum the coordinates on an axis go.
const REACH: f64 = 4.0;
/// The learning rate where the sharpness at the minimum is not known.
const ETA: f64 = 0.1;

/// An experiment file for a landscape (a built-in name, or the path of a file, which is written out) that names every
/// key with its meaning, unit and default. It runs as it is: learning rate against start for a loss of one variable,
/// else the plane of the first two with a learning rate above the edge of stability of the minimum, where there is one.
///
/// # Errors
/// Those of [`Landscape::load`].
pub fn template(landscape: &str) -> Result<String> {
    let body = Landscape::load(landscape)?;
    let edge = edge_of_stability(&body);
    let mut text = HEAD.to_owned();
    let is_file = Landscape::is_path(landscape);
    text += &what(landscape, is_file);
    text += &data(&body);
    text += &rate(&body, edge);
    text += &axes(&body, edge);
    text += &stacks(&body, edge);
    text += &budget();
    text += &pictures(&body);
    text += &phase(&body);
    if is_file {
        let table = Draft { landscape: Some(LandscapeKey::Table(body)), ..Draft::default() };
        let _ =
            write!(text, "\n# The landscape, written out: gdscope landscapes --help\n{}", table.to_toml());
    }
    Ok(text)
}

const HEAD: &str = "\
# An experiment of gdscope. Run it with
#
#   gdscope map THIS_FILE -o out
#
# Lines that begin with # and no space are keys that may be left out: take the # away to give them. Every key is a flag
# of `gdscope map` too, which overrides it; `gdscope map --help` tells more.
";

fn what(name: &str, is_file: bool) -> String {
    let about = "
# What is descended: a built-in name (`gdscope landscapes` lists them), the path of a landscape file, from here, or a
# table with `variables` and `loss`. No default.
";
    match is_file {
        true => format!("{about}# Here it is the table at the end.\n"),
        false => format!("{about}landscape = {name:?}\n"),
    }
}

/// The number of the steps' learning rate at which the minimum stops being stable, if there is a minimum with a finite
/// curvature.
fn edge_of_stability(body: &Landscape) -> Option<f64> {
    let minimum = body.minimum.as_ref()?;
    let draft = Draft {
        landscape: Some(LandscapeKey::Table(body.clone())),
        eta: Some(super::EtaKey::Text("1".to_owned())),
        set: body.variables.iter().cloned().zip(minimum.iter().copied()).collect(),
        ..Draft::default()
    };
    let sharpness = orbit(&draft.setup().ok()?, 0).ok()?.next()?.sharpness;
    (sharpness.is_finite() && sharpness > 0.0).then(|| 2.0 / sharpness)
}

/// A number with two digits that count.
fn rounded(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

fn data(body: &Landscape) -> String {
    let mut text = String::from(
        "
# Data that a mean in the loss goes through, instead of the landscape's own: columns as lists or formulas, or a CSV file
# whose first line names its columns: data = { file = \"points.csv\" }.
",
    );
    // As they are, so that the parameters in them are still known.
    let columns = toml::to_string(&body.data).expect("data are lists and formulas");
    match columns.is_empty() {
        true => text += "# (data: this landscape has none.)\n",
        false => _ = writeln!(text, "#data = {{ {} }}", columns.trim_end().replace('\n', ", ")),
    }
    text
}

fn rate(body: &Landscape, edge: Option<f64>) -> String {
    let mut text = String::from(
        "
# Learning rate: a number, steps [[0, 1.0], [200, 0.3]] of step and rate, or a formula in the step number t and names of
# your own, \"e/(1 + t/100)\". No default, but `eta` may be an axis instead.
",
    );
    match body.variables.len() {
        1 => text += "# (eta: it is an axis below.)\n",
        _ => _ = writeln!(text, "eta = {}", edge.map_or(ETA, |edge| rounded(1.1 * edge))),
    }
    let _ = writeln!(
        text,
        "
# How a step is made: \"gd\", \"heavy-ball\" or \"nesterov\". The last two have a momentum, from -1 to 1, that is called
# {MOMENTUM}: set it below, or make it an axis. Default: \"gd\".
optimizer = \"gd\"

# Number that the noise is drawn by, 0 to {}; only for landscapes with noise. Default: 0.",
        u32::MAX
    );
    text += match body.noise.is_empty() {
        true => "# (seed: this landscape has no noise.)\n",
        false => "#seed = 0\n",
    };
    text
}

fn axes(body: &Landscape, edge: Option<f64>) -> String {
    let centre = |k: usize| body.minimum.as_ref().map_or(0.0, |minimum| minimum[k]);
    let coordinate = |k: usize| {
        let (name, at) = (&body.variables[k], centre(k));
        format!("{name} = {} .. {}", at - REACH, at + REACH)
    };
    let (across, up, first) = match body.variables.len() {
        1 => {
            let edge = edge.unwrap_or(20.0 * ETA);
            let eta = format!("eta = {} .. {}", rounded(edge / 4.0), rounded(4.0 * edge));
            (eta, coordinate(0), 1)
        }
        _ => (coordinate(0), coordinate(1), 2),
    };
    let starts =
        (first..body.variables.len()).map(|k| format!("{} = {}", body.variables[k], centre(k) + 1.0));
    let set = listed(starts);
    let parameters = body.parameters.iter().filter(|(_, value)| value.is_finite());
    let parameters = listed(parameters.map(|(name, value)| format!("{name} = {value}")));
    format!(
        "
# The map's axes, horizontal and vertical: any two quantities, \"NAME = FROM .. TO\", or \"NAME = FROM .. TO : log\". A
# quantity is an initial coordinate, eta, a parameter of the loss or of eta, or {MOMENTUM}. No default.
across = \"{across}\"
up = \"{up}\"

# Values of quantities that are on no axis: initial coordinates, which have no default, and parameters, whose default is
# the landscape's: {parameters}
set = {set}
"
    )
}

/// An inline table.
fn listed(entries: impl Iterator<Item = String>) -> String {
    match entries.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "{}".to_owned(),
        entries => format!("{{ {entries} }}"),
    }
}

fn stacks(body: &Landscape, edge: Option<f64>) -> String {
    let is_curve = body.variables.len() == 1;
    let middle = |k: usize| body.minimum.as_ref().map_or(0.0, |minimum| minimum[k]);
    // How many rows of data there are is a whole number.
    let rows = body.data.count_parameter();
    let is_swept = |(name, value): &(&String, &f64)| **value > 0.0 && rows.as_ref() != Some(*name);
    let swept = match body.parameters.iter().find(is_swept) {
        Some((name, value)) => format!("{name} = {value} .. {}", 2.0 * value),
        None => "eta = 0.1 .. 1".to_owned(),
    };
    let at = match is_curve {
        true => format!("[{}, 0.5]", rounded(edge.unwrap_or(20.0 * ETA))),
        false => format!("[{}, {}]", middle(0), middle(1)),
    };
    format!(
        "
# A stack of maps along a third quantity, written as an axis, or into a point [across, up], each map `factor` times
# narrower than the one before (default: 2); `frames` maps in either. A swept quantity is on no axis and not set above. No
# default: one map.
#sweep = \"{swept}\"
#zoom = {at}
#factor = 1.5
#frames = 24
"
    )
}

fn budget() -> String {
    format!(
        "
# Cells across and up. Default: [{0}, {0}].
size = [256, 256]

# Budget: most steps of a trajectory, up to {STEPS_MAX}. Default: {STEPS}.
steps = {STEPS}

# Undecided trajectories run again with a doubled budget, up to this many steps. Default: they do not.
#steps-max = 80000

# Longest period that is looked for, in steps, up to {PERIOD_MAX}. Default: {1}.
#period-max = 256

# Whether the p phases of a cycle of period p count as p attractors. Default: false.
#phases = true

# Number format of the trajectories: \"f32\", or \"f64\", which is slower. Default: \"f32\".
precision = \"f32\"

# Distance to an attractor that counts as arrived, in the units of the variables. Default: 1e-7 of the largest initial
# coordinate.
#tolerance = 1e-6

# Coordinate beyond which a trajectory has diverged, in the units of the variables. Default: 1e6 times the largest initial
# coordinate, and 1e6 at least.
#escape = 1e6

# Loss whose first step is looked for, for the view reach, in the units of the loss. Default: none.
#target = 0.01

# Whether doubtful cells are computed again, in f64 and from a start moved by one unit in the last place, for the view
# certainty. Default: false.
#certain = true
",
        SIZE[0],
        fate::PERIOD_MAX
    )
}

fn pictures(body: &Landscape) -> String {
    let all = View::ALL.map(|view| view.name().to_owned()).join(", ");
    let over = match body.variables.len() {
        1 => "# (contours and orbit: they are drawn over planes of two initial coordinates.)\n",
        _ => {
            "# Level lines of the loss over the pictures, and the orbits from these points, across and up. Default: none.
#contours = true
#orbit = [[-3.0, 3.0]]
"
        }
    };
    format!(
        "
# Pictures: any of {all}
# (reach needs target, certainty needs certain). Default: [\"basins\", \"amplitude\"].
show = [\"basins\", \"amplitude\"]
{over}# What theory says over the pictures: where the sharpness at the start is 2/eta, where the minimum stops being stable,
# and the cycle x_eta. Default: false.
#theory = true
"
    )
}

fn phase(body: &Landscape) -> String {
    let name = &body.variables[body.variables.len().min(2) - 1];
    format!(
        "
# Only for `gdscope phase THIS_FILE`, which counts what orbits visit over the quantity across.
#[phase]
# Formula of what is observed, in the variables, the parameters, eta, t, loss, grad_norm and amplitude. Default:
# \"amplitude\", the distance from the minimum.
#observe = \"loss\"
# Range of the observable, \"FROM .. TO\", or \"FROM .. TO : log\". Default: found from a sample.
#range = \"0.001 .. 10 : log\"
# Starts of each column. Default: 128, or 1 if they do not differ.
#starts = 64
# Steps that are not counted, from the first on. Default: half of all.
#transient = 1000
# Follow each orbit from column to column, \"up\" or \"down\". Default: new orbits in each column.
#warm = \"up\"
# Ranges that the starts are spread over. Default: {REACH} to either side of the minimum.
#from = {{ {name} = \"-2 .. 2\" }}
"
    )
}
