//! The key `data` of a landscape: columns listed, made by a formula, or read from a CSV file.

mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::experiment::number;
use crate::formula::{Count, Data, MAX_ROWS, parse};
use crate::input;

/// The key under which a CSV file's path stands.
const FILE: &str = "file";

/// Columns by name: what `mean(row in data: ...)` goes through.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Dataset(BTreeMap<String, Values>);

/// The values of a column, one per row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a list of numbers, or a formula such as \"linspace(0, 1, 64)\"")]
enum Values {
    Listed(Vec<f64>),
    /// A formula with generators, see [`crate::formula`]; a path, if the column is called `file`.
    Formula(String),
    /// Of a file, and no numbers: what is said where a formula names it.
    #[serde(skip)]
    Unread(String),
}

impl Serialize for Dataset {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_map(self.usable())
    }
}

impl Dataset {
    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns that hold numbers.
    fn usable(&self) -> impl Iterator<Item = (&String, &Values)> {
        self.0.iter().filter(|(_, values)| !matches!(values, Values::Unread(_)))
    }

    /// The names of the columns that hold numbers.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.usable().map(|(name, _)| name)
    }

    /// The formulas of columns, with their columns' names.
    pub fn formulas(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, values)| match values {
            Values::Formula(text) if name != FILE => Some((name.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// Means the path of a file that is named in a file in `folder`, which may name one beside it or below.
    ///
    /// # Errors
    /// [`Error::Request`] if it names another.
    pub(crate) fn rebase(&mut self, folder: &Path) -> Result<()> {
        if let Some(Values::Formula(path)) = self.0.get_mut(FILE) {
            let beside = input::beside(folder, path).map_err(Error::request)?;
            *path = beside.to_string_lossy().into_owned();
        }
        Ok(())
    }

    /// The data of `words`: each a column, `x=1,2,5` or `x=linspace(0, 1, 64)`, or a CSV file's path.
    ///
    /// # Errors
    /// [`Error::Request`] naming the word and the remedy, and as [`Dataset::read_file`].
    pub fn from_words(words: &[String]) -> Result<Self> {
        let mut columns = BTreeMap::new();
        for word in words {
            let (name, values) = match word.split_once('=') {
                None => (FILE, Values::Formula(word.clone())),
                Some((name, text)) => (name.trim(), Values::from_text(name, text)?),
            };
            if columns.insert(name.to_owned(), values).is_some() {
                let what = if name == FILE { "a file".to_owned() } else { format!("`{name}`") };
                return Err(Error::request(format!("data: {what} is given twice; drop one of the two")));
            }
        }
        let mut dataset = Self(columns);
        dataset.read_file()?;
        Ok(dataset)
    }

    /// Puts the columns of the CSV file that is named, if one is, in its place. Its first line names
    /// the columns, and all others hold numbers in those that formulas use.
    ///
    /// # Errors
    /// [`Error::File`] with the line and the remedy.
    pub fn read_file(&mut self) -> Result<()> {
        let Some(values) = self.0.remove(FILE) else { return Ok(()) };
        let Values::Formula(path) = values else {
            return Err(Error::request("data: `file` is the path of a CSV file; call the column otherwise"));
        };
        for (name, values) in file::read(Path::new(&path))? {
            if name == FILE {
                return Err(Error::request(
                    "data: a column cannot be called `file`, which stands for a CSV file; rename it",
                ));
            }
            if self.0.insert(name.clone(), values).is_some() {
                return Err(Error::request(format!(
                    "data: there are two columns `{name}`; rename one of them"
                )));
            }
        }
        Ok(())
    }

    /// The data for formulas; `None` if there is no column.
    ///
    /// # Errors
    /// [`Error::Formula`], see [`Data::new`].
    pub fn data(&self) -> Result<Option<Data>> {
        if self.is_empty() {
            return Ok(None);
        }
        let mut listed: Vec<(String, Arc<[f64]>)> = Vec::new();
        let mut formulas = Vec::new();
        let mut unread = Vec::new();
        for (name, values) in &self.0 {
            match values {
                Values::Listed(values) => listed.push((name.clone(), values.as_slice().into())),
                Values::Formula(text) => formulas.push((name.clone(), text.clone())),
                Values::Unread(message) => unread.push((name.clone(), message.clone())),
            }
        }
        let mut data = Data::new(listed, &formulas).map_err(Error::formula("data"))?;
        data.unread = unread;
        Ok(Some(data))
    }

    /// The same columns without their values, for showing formulas: each stands there by its name.
    #[must_use]
    pub fn unspecified(&self) -> Self {
        Self(self.names().map(|name| (name.clone(), Values::Listed(vec![f64::NAN]))).collect())
    }

    /// The parameter that says how many rows there are, if one does.
    pub fn count_parameter(&self) -> Option<String> {
        match self.data() {
            Ok(Some(Data { count: Count::Parameter(name), .. })) => Some(name),
            _ => None,
        }
    }

    /// Whether every listed number is finite.
    ///
    /// # Errors
    /// [`Error::Request`] with the column and the row.
    pub fn check(&self) -> Result<()> {
        for (name, values) in &self.0 {
            let Values::Listed(values) = values else { continue };
            if let Some(row) = values.iter().position(|v| !v.is_finite()) {
                return Err(Error::request(format!(
                    "data: `{name}` is {} in row {}; give finite numbers",
                    values[row],
                    row + 1
                )));
            }
        }
        Ok(())
    }

    /// The columns in words, one a line.
    pub fn describe(&self) -> impl Iterator<Item = String> {
        self.usable().map(|(name, values)| match values {
            Values::Formula(text) | Values::Unread(text) => format!("{name} = {text}"),
            Values::Listed(values) if values.len() <= 8 => format!("{name} = {values:?}"),
            Values::Listed(values) => {
                let (low, high) =
                    (values.iter()).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
                format!("{name} = {} numbers from {low} to {high}", values.len())
            }
        })
    }
}

/// Whether `rows` can be a number of rows.
pub fn is_count(rows: f64) -> bool {
    rows.fract() == 0.0 && (1.0..=MAX_ROWS as f64).contains(&rows)
}

impl Values {
    fn from_text(name: &str, text: &str) -> Result<Self> {
        let numbers: std::result::Result<Vec<f64>, String> = text.split(',').map(number).collect();
        match (numbers, parse(text)) {
            (Ok(numbers), _) => Ok(Values::Listed(numbers)),
            (_, Ok(_)) => Ok(Values::Formula(text.trim().to_owned())),
            (Err(message), Err(_)) => Err(Error::request(format!(
                "data: `{name}`: {message}; write {name}=1,2,5 or {name}=linspace(0,1,64)"
            ))),
        }
    }
}
