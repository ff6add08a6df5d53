//! `gdscope landscapes`: what can be descended.

use std::io::Write;

use clap::Args;

use super::printed;
use crate::engine::gpu::shader_source;
use crate::error::Result;
use crate::experiment::{Draft, LandscapeKey};
use crate::formula::Graph;
use crate::landscape::Landscape;
use crate::plan::Plan;

/// List the built-in landscapes, or show one in full
///
/// One line each: name, variables, loss, place in the paper. In full: also the parameters with their
/// usual values, helper functions, data, gradient and minimum.
///
/// Examples:
///   gdscope landscapes
///   gdscope landscapes f3
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A built-in landscape or a landscape file
    #[arg(value_name = "NAME|FILE")]
    name: Option<String>,

    /// Print the WGSL shader that maps it on a GPU, for axes over its first variables
    #[arg(long, requires = "name")]
    wgsl: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let text = match &arguments.name {
        None => list()?,
        Some(name) if arguments.wgsl => shader(name)?,
        Some(name) => describe(&Landscape::load(name)?)?,
    };
    printed(std::io::stdout().lock().write_all(text.as_bytes()))
}

fn list() -> Result<String> {
    let mut text = String::new();
    for name in Landscape::names() {
        let landscape = Landscape::load(name)?;
        let source = landscape.source.as_deref().unwrap_or_default();
        text += &format!("{name:12} {:10} {:56} {source}\n", landscape.variables.join(" "), landscape.loss);
    }
    Ok(text)
}

/// Names, loss, gradient and origin of a landscape.
fn describe(landscape: &Landscape) -> Result<String> {
    let mut graph = Graph::default();
    let shown = Landscape { data: landscape.data.unspecified(), ..landscape.clone() };
    let loss = shown.build(&mut graph)?;
    let variables: Vec<_> = landscape.variables.iter().map(|v| graph.input(v)).collect();
    let gradient = graph.gradient(loss, &variables);
    let (shared, gradient) = graph.shared_text(&gradient);

    let mut text = format!("variables   {}\n", landscape.variables.join(", "));
    if !landscape.parameters.is_empty() {
        let parameters: Vec<String> =
            landscape.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        text += &format!("parameters  {}\n", parameters.join(", "));
    }
    for definition in &landscape.define {
        text += &format!("define      {definition}\n");
    }
    for column in landscape.data.describe() {
        text += &format!("data        {column}\n");
    }
    text += &format!("loss        {}\n", landscape.loss);
    for (name, derivative) in landscape.variables.iter().zip(gradient) {
        text += &format!("gradient    d/d{name} = {derivative}\n");
    }
    for line in shared {
        text += &format!("  where     {line}\n");
    }
    for (name, factor) in landscape.variables.iter().zip(&landscape.noise) {
        text += &format!("noise       on {name}: {factor}\n");
    }
    if let Some(minimum) = &landscape.minimum {
        text += &format!("minimum     {minimum:?}\n");
    }
    if let Some(source) = &landscape.source {
        text += &format!("source      {source}\n");
    }
    Ok(text)
}

/// The shader of a map over the first two variables, or over the learning rate and the only one.
fn shader(name: &str) -> Result<String> {
    let landscape = Landscape::load(name)?;
    let across = format!("{} = -1 .. 1", landscape.variables[0]);
    let second = landscape.variables.get(1);
    let draft = Draft {
        across: Some(across),
        up: Some(second.map_or("eta = 0.1 .. 4".to_owned(), |v| format!("{v} = -1 .. 1"))),
        eta: second.map(|_| crate::experiment::EtaKey::Text("1".to_owned())),
        set: landscape.variables.iter().skip(2).map(|v| (v.clone(), 0.0)).collect(),
        landscape: Some(LandscapeKey::Name(name.to_owned())),
        ..Draft::default()
    };
    Ok(shader_source(&Plan::new(&draft.resolve()?)?))
}
