//! The directory that a map is kept in: written whole or not at all, read with suspicion.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::experiment::{Draft, Experiment};
use crate::map::Map;
use crate::picture::{self, Caption};
use crate::report::Report;
use crate::view::View;

const MAP: &str = "map.npz";
const REPORT: &str = "report.json";
const EXPERIMENT: &str = "experiment.toml";
/// Pixels along a picture's longest side, at least.
const PICTURE: u32 = 768;

/// A map's directory.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// What a map's directory holds.
#[derive(Clone, Debug)]
pub struct Saved {
    pub experiment: Experiment,
    pub map: Map,
    pub report: Report,
}

/// A file that has been written aside and waits for its name.
struct Pending {
    file: NamedTempFile,
    to: PathBuf,
}

impl Directory {
    /// Makes the directory if it does not exist and tries whether files can be written to it.
    ///
    /// # Errors
    /// [`Error::Write`] if not.
    pub fn create(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(Error::write(path))?;
        let directory = Self { path: path.to_owned() };
        directory.aside("probe", |_| Ok(()))?;
        Ok(directory)
    }

    /// Draws the experiment's views and writes everything; the time that drawing took goes into the
    /// report. Every file is written aside first: what has its final name is complete.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, experiment: &Experiment, map: &Map, report: &mut Report) -> Result<Vec<PathBuf>> {
        let started = Instant::now();
        let saved = Saved { experiment: experiment.clone(), map: map.clone(), report: report.clone() };
        let mut files = self.draw(&saved, &experiment.show)?;
        report.seconds.draw = started.elapsed().as_secs_f64();
        files.push(self.aside(MAP, |to| map.write(experiment.precision, to))?);
        files.push(self.aside(EXPERIMENT, |to| to.write_all(experiment.to_toml().as_bytes()))?);
        files.push(self.aside(REPORT, |to| to.write_all(report.to_json().as_bytes()))?);
        // Pictures of an earlier map would lie.
        for view in View::ALL.into_iter().filter(|view| !experiment.show.contains(view)) {
            let stale = self.path.join(view.file_name());
            if stale.exists() {
                std::fs::remove_file(&stale).map_err(Error::write(&stale))?;
            }
        }
        files.into_iter().map(Pending::keep).collect()
    }

    /// Draws views of a saved map into its directory.
    ///
    /// # Errors
    /// [`Error::Request`] for a view of which the map holds no values; [`Error::Write`].
    pub fn render(&self, saved: &Saved, views: &[View]) -> Result<Vec<PathBuf>> {
        self.draw(saved, views)?.into_iter().map(Pending::keep).collect()
    }

    fn draw(&self, saved: &Saved, views: &[View]) -> Result<Vec<Pending>> {
        let Saved { experiment, map, report } = saved;
        let caption = Caption::of(experiment);
        let software = format!("gdscope {}", report.version);
        let toml = experiment.to_toml();
        let texts =
            [("Title", caption.title.as_str()), ("Software", software.as_str()), ("Experiment", &toml)];
        let draw = |view: &View| {
            if map.measured(*view).is_some_and(|values| values.iter().all(|v| v.is_nan())) {
                return Err(Error::request(format!("show: this map holds no values of `{view}`")));
            }
            let image = picture::draw(map, &report.attractors, &caption, *view, PICTURE);
            let path = self.path.join(view.file_name());
            let png = picture::png_with_text(&image, &texts)
                .map_err(|e| Error::write(&path)(std::io::Error::other(e)))?;
            self.aside(&view.file_name(), |to| to.write_all(&png))
        };
        views.iter().map(draw).collect()
    }

    /// Writes a file under a name of its own, to be renamed to `name`.
    fn aside(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<&std::fs::File>) -> std::io::Result<()>,
    ) -> Result<Pending> {
        let to = self.path.join(name);
        let written = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".gdscope-");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                // As any new file: what the user's mask allows.
                builder.permissions(std::fs::Permissions::from_mode(0o666));
            }
            let file = builder.tempfile_in(&self.path)?;
            let mut buffer = BufWriter::new(file.as_file());
            write(&mut buffer)?;
            buffer.flush()?;
            drop(buffer);
            Ok(file)
        };
        let file = written().map_err(Error::write(&to))?;
        Ok(Pending { file, to })
    }
}

impl Pending {
    fn keep(self) -> Result<PathBuf> {
        self.file.persist(&self.to).map_err(|e| Error::write(&self.to)(e.error))?;
        Ok(self.to)
    }
}

impl Saved {
    /// Reads a map's directory.
    ///
    /// # Errors
    /// [`Error::File`] with the file and the reason if one is missing, damaged, or does not fit
    /// the others.
    pub fn read(path: &Path) -> Result<Self> {
        let experiment = Draft::read(&path.join(EXPERIMENT))?.resolve()?;
        let map = Map::read(&path.join(MAP))?;
        let report = Report::read(&path.join(REPORT))?;
        let [width, height] = experiment.size.map(|n| n as usize);
        if (map.width(), map.height()) != (width, height) {
            return Err(Error::file(
                path.join(MAP),
                format!(
                    "holds {} x {} cells, and {EXPERIMENT} asks for {width} x {height}",
                    map.width(),
                    map.height()
                ),
            ));
        }
        Ok(Self { experiment, map, report })
    }
}
