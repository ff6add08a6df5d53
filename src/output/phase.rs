//! The directory of a phase diagram.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use super::{Directory, EXPERIMENT, Kind, REPORT, Source, texts};
use crate::error::{Error, Result};
use crate::experiment::{Draft, PhaseExperiment};
use crate::phase::{Diagram, PhaseReport};
use crate::picture::{self, Format, Style};

pub(super) const ARRAYS: &str = "phase.npz";
/// The name of its pictures, without ending.
const NAME: &str = "phase";

/// The names of the files that only a phase diagram leaves.
pub(super) fn files() -> Vec<String> {
    let pictures = Format::ALL.map(|format| format!("{NAME}.{}", format.ending()));
    pictures.into_iter().chain([ARRAYS.to_owned()]).collect()
}

impl Directory {
    /// Draws a phase diagram and writes everything; the time that drawing took goes into the report. The
    /// experiment is written with the range that was found. An earlier result in the directory gives way to
    /// the new one as a whole, or stays.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn save_phase(
        &self,
        experiment: &PhaseExperiment,
        diagram: &Diagram,
        report: &mut PhaseReport,
        style: &Style,
    ) -> Result<Vec<PathBuf>> {
        let experiment = PhaseExperiment { range: Some(diagram.bins.range.clone()), ..experiment.clone() };
        let mut aside = self.aside()?;
        let started = Instant::now();
        let toml = experiment.to_toml();
        let figure = picture::phase(diagram, &experiment, style.pixels);
        let texts = texts(&figure.title, &toml, &report.version);
        let texts = texts.each_ref().map(|(keyword, text)| (*keyword, text.as_str()));
        let drawing = match style.plain {
            true => picture::drawing_of(&picture::plain_phase(diagram)),
            false => figure.draw(style.theme),
        };
        aside.write_all(self.picture_files(NAME, &drawing, (&style.formats, 1), &texts)?)?;
        report.seconds.draw = started.elapsed().as_secs_f64();
        aside.write(ARRAYS, |to| diagram.write(to))?;
        if !style.tables.is_empty() {
            let draft =
                Draft::parse(&toml).map_err(|message| Error::file(aside.target(EXPERIMENT), message))?;
            let source = Source::new(Kind::Phase, &aside.folder().join(ARRAYS), &draft)?;
            aside.write_tables(&source, &style.tables)?;
        }
        aside.write(REPORT, |to| to.write_all(report.to_json().as_bytes()))?;
        aside.write(EXPERIMENT, |to| to.write_all(toml.as_bytes()))?;
        aside.publish_alone()
    }
}
