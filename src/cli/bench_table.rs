//! What `gdscope bench` prints for people.

use crate::bench::{Kind, Row, Stages};

/// How tables are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    Markdown,
}

/// The measurements as tables, with a line on each device above them.
pub fn text(rows: &[Row], look: Look) -> String {
    let of = |kind: Kind| rows.iter().filter(|row| row.measured == kind).collect::<Vec<&Row>>();
    let (steps, maps) = (of(Kind::Steps), of(Kind::Maps));
    let mut text = format!("gdscope {}\n\n", env!("CARGO_PKG_VERSION"));
    for line in devices(rows) {
        text += &if look == Look::Markdown { format!("- {line}\n") } else { format!("{line}\n") };
    }
    if !steps.is_empty() {
        text += "\nSteps: the same number for every trajectory, nothing observed\n\n";
        let heads = [
            "landscape",
            "engine",
            "device",
            "format",
            "lanes",
            "steps",
            "seconds",
            "spread",
            "steps/s",
            "of ceiling",
        ];
        text += &table(&heads, &steps.into_iter().map(steps_cells).collect::<Vec<_>>(), look);
    }
    if !maps.is_empty() {
        text += "\nMaps of fates, from the experiment to the last file; seconds by stage\n\n";
        let heads = [
            "landscape",
            "engine",
            "device",
            "format",
            "cells",
            "budget",
            "seconds",
            "spread",
            "maps/s",
            "compile",
            "run",
            "readback",
            "analyse",
            "draw",
            "write",
        ];
        text += &table(&heads, &maps.into_iter().map(map_cells).collect::<Vec<_>>(), look);
    }
    text
}

/// Each device once, with its ceilings.
fn devices(rows: &[Row]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let Row { engine, device, device_kind, backend, driver, precision, .. } = row;
        let name = format!("{engine}: {device} ({device_kind}, {backend}, {driver})");
        let format = format!("{precision:?}").to_lowercase();
        let ceiling = format!("{:.2e} in {format}", row.multiply_adds_per_second);
        match lines.iter_mut().find(|line| line.0 == name) {
            Some(line) if line.1.contains(&ceiling) => {}
            Some(line) => line.1.push(ceiling),
            None => lines.push((name, vec![ceiling])),
        }
    }
    let told = lines.into_iter();
    told.map(|(name, ceilings)| format!("{name}; multiply-adds per second: {}", ceilings.join(", ")))
        .collect()
}

/// What both tables begin with.
fn first_cells(row: &Row) -> Vec<String> {
    let short = row.device.split(" (").next().unwrap_or_default().chars().take(24).collect();
    vec![
        row.landscape.to_owned(),
        row.engine.to_owned(),
        short,
        format!("{:?}", row.precision).to_lowercase(),
        row.lanes.to_string(),
        row.steps.to_string(),
        format!("{:.3}", row.seconds),
        format!("{:.0} %", 100.0 * row.spread),
    ]
}

fn steps_cells(row: &Row) -> Vec<String> {
    let rate = format!("{:.2e}", row.steps_per_second);
    [first_cells(row), vec![rate, format!("{:.1} %", 100.0 * row.ceiling_fraction)]].concat()
}

fn map_cells(row: &Row) -> Vec<String> {
    let Stages { compile, run, readback, analyse, draw, write } = row.stages.unwrap_or_default();
    let stages = [compile, run, readback, analyse, draw, write].map(|secs| format!("{secs:.3}"));
    let rate = format!("{:.3}", row.maps_per_second.unwrap_or_default());
    [first_cells(row), vec![rate], stages.to_vec()].concat()
}

/// Columns as wide as they need to be; words to the left, numbers to the right.
fn table(heads: &[&str], rows: &[Vec<String>], look: Look) -> String {
    /// Columns of words.
    const WORDS: usize = 4;
    let width = |k: usize| {
        let cells = rows.iter().map(|row| row[k].chars().count());
        cells.chain([heads[k].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(k, (cell, &width))| match k < WORDS {
            true => format!("{cell:width$}"),
            false => format!("{cell:>width$}"),
        });
        let padded = padded.collect::<Vec<String>>();
        match look {
            Look::Plain => padded.join("  ").trim_end().to_owned() + "\n",
            Look::Markdown => format!("| {} |\n", padded.join(" | ")),
        }
    };
    let mut text = line(heads.to_vec());
    if look == Look::Markdown {
        let rule = (0..heads.len()).map(|k| if k < WORDS { "---" } else { "--:" }).collect::<Vec<_>>();
        text += &format!("| {} |\n", rule.join(" | "));
    }
    rows.iter().for_each(|row| text += &line(row.iter().map(String::as_str).collect()));
    text
}
