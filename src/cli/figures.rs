//! `gdscope figures`: the paper's figures, and the maps beside them.

use std::path::PathBuf;

use clap::Args;

use super::progress::Progress;
use super::tell_files;
use crate::error::{Error, Result};
use crate::figures::PaperFigure;
use crate::output::Directory;
use crate::picture::{Format, Theme};

/// Draw the paper's figures, each with the map that it is a sample of
///
/// Figures 4.1, 4.2, 5.1 and 6.1, with the settings of their captions, computed on the CPU in less than
/// two minutes. The maps' experiments are the files experiments/fig-*.toml of the source code.
///
/// Examples:
///   gdscope figures -o out/figures
///   gdscope figures 4.1 5.1 --format svg -o out/figures
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Numbers of the figures, such as 4.1; all if there are none
    #[arg(value_name = "FIGURE")]
    figures: Vec<String>,

    /// Directory for the pictures
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,

    /// Kinds of picture files, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMATS", default_value = "png,svg")]
    format: Vec<Format>,

    /// Colours of paper and ink
    #[arg(long, value_enum, default_value_t, value_name = "THEME")]
    theme: Theme,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = wanted(&arguments.figures)?;
    let directory = Directory::create(&arguments.output)?;
    let spinner = Progress::spinner();
    for figure in wanted {
        let progress = |about: &str| spinner.say(format!("figure {}: {about}", figure.number));
        for picture in figure.pictures(&progress)? {
            let drawing = picture.figure.draw(arguments.theme);
            let title = match picture.figure.title.as_str() {
                "" => format!("Figure {}: {}", figure.number, figure.about),
                title => title.to_owned(),
            };
            let about = (title.as_str(), picture.experiments.as_str());
            tell_files(&directory.picture(&picture.name, &drawing, &arguments.format, about)?);
        }
    }
    Ok(())
}

/// The figures with these numbers, each once, in the paper's order.
fn wanted(numbers: &[String]) -> Result<Vec<PaperFigure>> {
    let known = || PaperFigure::ALL.iter().map(|figure| figure.number);
    if let Some(unknown) = numbers.iter().find(|number| !known().any(|known| known == number.as_str())) {
        let known = known().collect::<Vec<_>>().join(", ");
        return Err(Error::request(format!("there is no figure `{unknown}` here; there are {known}")));
    }
    let is_wanted = |figure: &&PaperFigure| numbers.is_empty() || numbers.iter().any(|n| n == figure.number);
    Ok(PaperFigure::ALL.iter().filter(is_wanted).copied().collect())
}
