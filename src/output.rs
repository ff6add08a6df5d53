//! The directory that a map or a phase diagram is kept in: written whole or not at all, read with suspicion.

mod arrays;
mod aside;
mod journal;
mod lock;
mod making;
mod phase;
mod table;
mod unfinished;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::experiment::{Draft, Experiment, PICTURE_KEYWORD};
use crate::map::{Drawn, Ends, Map};
use crate::picture::{self, Caption, Drawing, Format, Style, Theme};
use crate::report::Report;
use crate::view::View;

pub(crate) use self::aside::Aside;
use self::lock::{LOCK, Lock};
pub use self::making::{Asked, Made, Making, Resumed, begun_on, resume};
pub use self::table::{CSV_ROWS, check_tables, export};
pub(crate) use self::table::{Kind, Source};
use self::unfinished::Unfinished;
pub(crate) use self::unfinished::abandon;

const MAP: &str = "map.npz";
/// The arrays of a stack of maps, and its basin fractions as a table and as pictures.
pub(crate) const STACK: &str = "sweep.npz";
pub(crate) const FRACTIONS: &str = "fractions";
pub(crate) const REPORT: &str = "report.json";
pub(crate) const EXPERIMENT: &str = "experiment.toml";
/// Pixels of a figure's file for each pixel that it is laid out by.
const FIGURE_SCALE: u32 = 2;

/// What the names of folders for files without names begin with.
pub(crate) const ASIDE: &str = ".gdscope-";

/// A directory of results. Dropped without results in it, it goes again if it was made for them.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The directories that did not exist before, outermost first.
    made: Vec<Unfinished>,
    lock: Option<Lock>,
}

/// What a map's directory holds; of the map, the part that is asked for.
#[derive(Clone, Debug)]
pub struct Saved<M = Drawn> {
    /// What was asked for.
    pub experiment: Experiment,
    /// The arrays, or the part of them that is needed.
    pub map: M,
    /// What they were made by, and what was found.
    pub report: Report,
}

impl Directory {
    /// Makes the directory if it does not exist, locks it, and tries whether files can be written to it.
    ///
    /// # Errors
    /// [`Error::Write`] if not, and [`Error::File`] if another process writes to it.
    pub fn create(path: &Path) -> Result<Self> {
        let missing = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
        let mut made: Vec<_> = missing.map(|p| Unfinished::Made(p.to_owned())).collect();
        made.reverse();
        let created = Unfinished::made(|all| {
            all.extend(made.iter().cloned());
            fs::create_dir_all(path)
        });
        let mut directory = Self { path: path.to_owned(), made, lock: None };
        created.map_err(Error::write(path))?;
        directory.lock = Some(Lock::new(path)?);
        directory.clean()?;
        for name in own_files() {
            let to = path.join(&name);
            if to.is_dir() && !table::is_folder(&name) {
                let reason = std::io::Error::other("a directory has this name; move it or give another -o");
                return Err(Error::write(to)(reason));
            }
        }
        // Now rather than after a long run.
        directory.aside()?.write("probe", |to| to.write_all(b"probe"))?;
        Ok(directory)
    }

    /// Takes away the folders of processes that were killed: none that lives works here now.
    fn clean(&self) -> Result<()> {
        for entry in fs::read_dir(&self.path).map_err(Error::write(&self.path))?.flatten() {
            let name = entry.file_name();
            let is_left = name.to_string_lossy().starts_with(ASIDE)
                && ![LOCK, making::FOLDER].iter().any(|n| name == *n);
            if is_left && entry.path().is_dir() {
                fs::remove_dir_all(entry.path()).map_err(Error::write(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Draws views of a saved map into its directory.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn render(&self, saved: &Saved, views: &[View], style: &Style) -> Result<Vec<PathBuf>> {
        let mut aside = self.aside()?;
        self.draw(&mut aside, saved, views, style)?;
        aside.publish(Vec::new())
    }

    /// Writes a picture that belongs to no saved map, in each of `formats`. `about` is its title, and the
    /// experiments that it shows.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn picture(
        &self,
        name: &str,
        drawing: &Drawing,
        formats: &[Format],
        (title, experiments): (&str, &str),
    ) -> Result<Vec<PathBuf>> {
        let mut aside = self.aside()?;
        let texts = texts(title, experiments, env!("CARGO_PKG_VERSION"));
        let texts = texts.each_ref().map(|(keyword, text)| (*keyword, text.as_str()));
        aside.write_all(self.picture_files(name, drawing, (formats, FIGURE_SCALE), &texts)?)?;
        aside.publish(Vec::new())
    }

    /// Names and bytes of the files of one picture, those of pixels with `scale` of them for each of its own.
    fn picture_files(
        &self,
        name: &str,
        drawing: &Drawing,
        (formats, scale): (&[Format], u32),
        texts: &[(&str, &str)],
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let file = |format: &Format| {
            let name = format!("{name}.{}", format.ending());
            let failed = |e| Error::write(self.path.join(&name))(std::io::Error::other(e));
            let file = drawing.file(*format, scale, texts).map_err(failed)?;
            Ok((name, file))
        };
        formats.iter().map(file).collect()
    }

    fn draw(&self, aside: &mut Aside, saved: &Saved, views: &[View], style: &Style) -> Result<()> {
        let Saved { experiment, map: Drawn { map, .. }, report } = saved;
        let caption = Caption::of(experiment);
        let toml = experiment.to_toml();
        let texts = texts(&caption.title, &toml, &report.version);
        let texts = texts.each_ref().map(|(keyword, text)| (*keyword, text.as_str()));
        let over = if style.plain { Vec::new() } else { crate::overlay::series(experiment)? };
        let draw = |view: &View| {
            let drawing = match style.plain {
                true => picture::drawing_of(&picture::plain(map, &report.attractors, *view)),
                false => picture::figure(map, &report.attractors, &caption, *view, style.pixels)
                    .with_series(over.iter().cloned())
                    .draw(style.theme),
            };
            self.picture_files(view.name(), &drawing, (&style.formats, 1), &texts)
        };
        let pictures: Vec<_> = views.par_iter().map(draw).collect::<Result<_>>()?;
        aside.write_all(pictures.into_iter().flatten())
    }

    /// A folder inside the directory, on the same disk, for files without their final names.
    pub(crate) fn aside(&self) -> Result<Aside> {
        let folder = Unfinished::made(|all| {
            let folder = tempfile::Builder::new().prefix(ASIDE).tempdir_in(&self.path)?.keep();
            all.push(Unfinished::Aside(folder.clone()));
            Ok(folder)
        });
        let folder = folder.map_err(Error::write(&self.path))?;
        Ok(Aside { folder, to: self.path.clone(), names: Vec::new(), stays: false })
    }
}

/// A view of a map as a PNG file, with axes and key, which carries the experiment.
///
/// # Errors
/// Those of the encoder, for text that a PNG cannot hold.
pub fn png(experiment: &Experiment, map: &Map, report: &Report, view: View) -> std::io::Result<Vec<u8>> {
    let caption = Caption::of(experiment);
    let texts = texts(&caption.title, &experiment.to_toml(), &report.version);
    let texts = texts.each_ref().map(|(keyword, text)| (*keyword, text.as_str()));
    let over = crate::overlay::series(experiment).map_err(std::io::Error::other)?;
    let figure = picture::figure(map, &report.attractors, &caption, view, picture::PIXELS).with_series(over);
    figure.draw(Theme::Light).file(Format::Png, 1, &texts).map_err(std::io::Error::other)
}

/// What a picture file says about itself, as pairs of keyword and text.
pub(crate) fn texts(title: &str, experiment: &str, version: &str) -> [(&'static str, String); 3] {
    [
        ("Title", title.to_owned()),
        ("Software", format!("gdscope {version}")),
        (PICTURE_KEYWORD, experiment.to_owned()),
    ]
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.lock = None;
        self.made.iter().rev().for_each(Unfinished::end);
    }
}

/// Every name that a file of a map, of a stack of maps or of a phase diagram may have.
fn own_files() -> impl Iterator<Item = String> {
    let whole = [MAP, STACK, REPORT, EXPERIMENT].map(str::to_owned);
    let fractions = ["csv", "png", "svg"].map(|ending| format!("{FRACTIONS}.{ending}"));
    whole
        .into_iter()
        .chain(fractions)
        .chain(View::ALL.into_iter().flat_map(View::file_names))
        .chain(phase::files())
        .chain(table::files())
}

/// What can be read from a `map.npz`: all of it, or the part that is needed.
pub trait FromMap: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::File`] with the array that is missing or damaged.
    fn read(path: &Path) -> Result<Self>;

    /// Cells across and up.
    fn size(&self) -> [usize; 2];
}

impl FromMap for Drawn {
    fn read(path: &Path) -> Result<Self> {
        Drawn::read(path)
    }

    fn size(&self) -> [usize; 2] {
        self.size
    }
}

impl FromMap for Ends {
    fn read(path: &Path) -> Result<Self> {
        Ends::read(path)
    }

    fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }
}

impl<M: FromMap> Saved<M> {
    /// Reads a map's directory.
    ///
    /// # Errors
    /// [`Error::File`] with the file and the reason if one is missing, damaged, does not fit the
    /// others, or was written by a newer version.
    pub fn read(path: &Path) -> Result<Self> {
        check_is_map(path)?;
        let (asked, report) = (path.join(EXPERIMENT), part_of_map(path, REPORT)?);
        // The version that the other files are of, then what they are.
        Report::text(&report)?;
        let experiment = Draft::read(&asked)?.resolve().map_err(|e| e.within(&asked))?;
        let (map, report) = (M::read(&part_of_map(path, MAP)?)?, Report::read(&report)?);
        let ([width, height], [across, up]) = (map.size(), experiment.size);
        if [width, height] != [across as usize, up as usize] {
            let message =
                format!("holds {width} x {height} cells, and {EXPERIMENT} asks for {across} x {up}");
            return Err(Error::file(path.join(MAP), message));
        }
        Ok(Self { experiment, map, report })
    }
}

/// Refuses a directory that holds something else than a map, or nothing.
pub(crate) fn check_is_map(path: &Path) -> Result<()> {
    let (asked, here) = (path.join(EXPERIMENT), path.display());
    let message = if path.join(phase::ARRAYS).exists() {
        format!(
            "holds a phase diagram, and a map is needed; give a DIR that `gdscope map` wrote, or draw the diagram anew \
             with: gdscope phase {} -o DIR",
            asked.display()
        )
    } else if asked.exists() {
        return Ok(());
    } else if path.join(making::FOLDER).exists() {
        format!("holds an unfinished map; go on with: gdscope map --resume {here}")
    } else {
        format!("holds no map ({EXPERIMENT} is missing); give a DIR that `gdscope map` wrote")
    };
    Err(Error::file(path, message))
}

/// A file that belongs to a map.
fn part_of_map(path: &Path, name: &str) -> Result<PathBuf> {
    let part = path.join(name);
    if part.exists() {
        return Ok(part);
    }
    let (asked, here) = (path.join(EXPERIMENT), path.display());
    let message = format!("is missing; make the map anew with: gdscope map {} -o {here}", asked.display());
    Err(Error::file(part, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(directory: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            // Held by the directory that the test writes to.
            .filter(|path| !path.ends_with(LOCK))
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn pending(directory: &Directory, text: &str) -> Aside {
        let mut aside = directory.aside().unwrap();
        for name in [MAP, REPORT, EXPERIMENT] {
            aside.write(name, |to| to.write_all(text.as_bytes())).unwrap();
        }
        aside
    }

    fn all(text: &str) -> Vec<(String, String)> {
        [EXPERIMENT, MAP, REPORT].map(|name| (name.to_owned(), text.to_owned())).to_vec()
    }

    #[test]
    fn a_failure_half_way_leaves_the_earlier_files() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::create(place.path()).unwrap();
        pending(&directory, "old").publish(Vec::new()).unwrap();
        fs::write(place.path().join("fate.png"), "old").unwrap();
        for lost in [MAP, REPORT, EXPERIMENT] {
            let aside = pending(&directory, "new");
            fs::remove_file(aside.folder.join(lost)).unwrap();
            let error = aside.publish(vec!["fate.png".to_owned()]).unwrap_err();
            assert!(error.to_string().contains(lost) && !error.is_request(), "{error}");
            let mut expected = all("old");
            expected.insert(1, ("fate.png".to_owned(), "old".to_owned()));
            assert_eq!(content(place.path()), expected);
        }
        pending(&directory, "new").publish(vec!["fate.png".to_owned()]).unwrap();
        assert_eq!(content(place.path()), all("new"));
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::create(&place.path().join("a/b")).unwrap();
        let mut aside = directory.aside().unwrap();
        let full = |_: &mut std::io::BufWriter<&fs::File>| Err(std::io::Error::other("full"));
        let error = aside.write(MAP, full).unwrap_err().to_string();
        assert!(error.contains("map.npz: full"), "{error}");
        drop((aside, directory));
        assert_eq!(content(place.path()), []);
        // What holds results stays.
        let directory = Directory::create(&place.path().join("a/b")).unwrap();
        pending(&directory, "new").publish(Vec::new()).unwrap();
        drop(directory);
        assert_eq!(content(&place.path().join("a/b")), all("new"));
    }
}
