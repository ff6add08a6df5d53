//! `gdscope completions` and `gdscope man`: the command line, for shells and for readers of manuals.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{printed, tell_files};
use crate::error::Result;
use crate::output::{Aside, Directory};

/// Print what a shell needs to complete commands and flags
///
/// Examples:
///   gdscope completions bash > ~/.local/share/bash-completion/completions/gdscope
///   gdscope completions fish > ~/.config/fish/completions/gdscope.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "gdscope", &mut script);
    printed(std::io::stdout().lock().write_all(&script))
}

/// Write manual pages, one for each command
///
/// Example:
///   gdscope man -o ~/.local/share/man/man1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ManualArguments {
    /// Directory for the pages
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Writes the manual pages.
pub fn manual(arguments: &ManualArguments) -> Result<()> {
    let directory = Directory::create(&arguments.output)?;
    let mut root = super::Arguments::command();
    root.build();
    let mut aside = directory.aside()?;
    page(&mut aside, &root)?;
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        page(&mut aside, command)?;
    }
    tell_files(&aside.publish(Vec::new())?);
    Ok(())
}

/// Writes the page of one command.
fn page(aside: &mut Aside, command: &clap::Command) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    aside.write(&format!("{name}.1"), |to| clap_mangen::Man::new(command.clone()).render(to))
}
