//! Columns of numbers from a CSV file.

use std::path::Path;

use super::Values;
use crate::error::{Error, Result, line_number};
use crate::formula::MAX_ROWS;
use crate::input::{self, FILE_MAX};

/// Most columns of a file, ...
const MAX_COLUMNS: usize = 1 << 12;
/// ... and numbers in all: as many as one column may have rows. The experiment of a map lists them.
const MAX_NUMBERS: usize = MAX_ROWS;

/// The columns of a CSV file by name; one that holds something else than numbers is kept as what is wrong
/// with it, for the formula that wants it.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Values)>> {
    let fault = |message: String| Error::file(path, message);
    let text = text_of(path)?;
    let text = text.trim_start_matches('\u{feff}');
    check_separators(text).map_err(fault)?;
    let mut reader = (csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')))
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
    if header.len() > MAX_COLUMNS {
        return Err(fault(format!("{} columns; give at most {MAX_COLUMNS}", header.len())));
    }
    check_header(&header).map_err(fault)?;
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); header.len()];
    let mut wrong: Vec<Option<String>> = vec![None; header.len()];
    let mut rows = 0;
    for record in reader.records() {
        let record = record.map_err(|e| fault(e.to_string()))?;
        let line = || line_of(text, record.position().map_or(0, |at| at.byte() as usize));
        if rows == MAX_ROWS {
            return Err(fault(format!("more than {MAX_ROWS} rows; give fewer")));
        }
        if (rows + 1) * header.len() > MAX_NUMBERS {
            let message =
                format!("more than {MAX_NUMBERS} numbers; leave out rows, or columns that are not used");
            return Err(fault(message));
        }
        check_length(&record, header.len()).map_err(|wrong| fault(format!("line {} {wrong}", line())))?;
        rows += 1;
        for (k, field) in record.iter().enumerate() {
            match field.parse::<f64>().ok().filter(|value| value.is_finite()) {
                Some(value) => columns[k].push(value),
                None if wrong[k].is_none() => wrong[k] = Some(no_number(field, &header[k], line())),
                None => {}
            }
        }
    }
    if rows == 0 {
        return Err(fault("no rows below the column names; give at least one".to_owned()));
    }
    if wrong.iter().all(Option::is_some) {
        return Err(fault(wrong[0].take().unwrap_or_default()));
    }
    let values = columns.into_iter().zip(wrong).map(|(numbers, wrong)| match wrong {
        None => Values::Listed(numbers),
        Some(message) => Values::Unread(format!("{}: {message}", path.display())),
    });
    Ok(header.iter().map(str::to_owned).zip(values).collect())
}

fn text_of(path: &Path) -> Result<String> {
    let bytes = input::read(path, FILE_MAX).map_err(|e| {
        let remedy = "give the path of a CSV file, or columns such as x=1,2,5";
        Error::file(path, format!("cannot be read: {e}; {remedy}"))
    })?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::file(path, "is UTF-16 text; save it as UTF-8"));
    }
    String::from_utf8(bytes).map_err(|_| Error::file(path, "is not UTF-8 text; save it as CSV in UTF-8"))
}

/// Whether the columns are separated by commas, as far as the line of their names tells.
fn check_separators(text: &str) -> std::result::Result<(), String> {
    let header = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let header = header.unwrap_or_default();
    let others = [(';', "`;`"), ('\t', "tabs"), ('|', "`|`"), (' ', "spaces")];
    match others.into_iter().find(|(separator, _)| header.contains(*separator)) {
        Some((_, name)) if !header.contains(',') => Err(format!(
            "the columns are separated by {name}; separate them by commas, and write decimals with a point"
        )),
        _ => Ok(()),
    }
}

fn check_header(header: &csv::StringRecord) -> std::result::Result<(), String> {
    let is_number = |name: &str| name.parse::<f64>().is_ok();
    if header.iter().all(str::is_empty) || header.iter().any(is_number) {
        return Err("the first line must name the columns, such as `x,y`".to_owned());
    }
    match header.iter().position(str::is_empty) {
        None => Ok(()),
        Some(last) if last + 1 == header.len() => {
            Err("the line of the column names ends in a comma; drop it, and those that follow it".to_owned())
        }
        Some(k) => Err(format!("column {} has no name; give it one in the first line", k + 1)),
    }
}

/// The number of the line of a record, which the reader began to look for at this byte: line ends, empty lines and comments
/// may come before it.
fn line_of(text: &str, start: usize) -> usize {
    let mut rest = text[start..].trim_start_matches(['\r', '\n']);
    while rest.starts_with('#') {
        rest = rest.trim_start_matches(|c| c != '\n').trim_start_matches(['\r', '\n']);
    }
    line_number(text, text.len() - rest.len())
}

/// Whether a row has as many fields as there are columns; else what its line has.
fn check_length(record: &csv::StringRecord, columns: usize) -> std::result::Result<(), String> {
    let fields = record.len();
    if fields == columns {
        return Ok(());
    }
    if fields == columns + 1 && record[columns].is_empty() {
        return Err("ends in a comma; drop it".to_owned());
    }
    let [fields, columns] = [(fields, "field"), (columns, "column")]
        .map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
    Err(format!("has {fields}, and the first line names {columns}; give a number for each"))
}

/// What is wrong with a field that is no number.
fn no_number(field: &str, column: &str, line: usize) -> String {
    if field.is_empty() {
        return format!("line {line}: column `{column}` is empty; fill it in, or drop the line");
    }
    let remedy = match field.replacen(',', ".", 1).parse::<f64>() {
        Ok(_) if field.contains(',') => "write decimals with a point",
        _ => "correct or drop it",
    };
    format!("line {line}: `{field}` in column `{column}` is no finite number; {remedy}")
}
