//! The command-line tool, called as a user calls it.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod claims;
mod data;
mod devices;
mod disks;
mod failures;
mod figures;
mod files;
mod formats;
mod gallery;
mod golden;
mod maps;
mod new;
mod orbits;
mod over;
mod phase;
mod requests;
mod same;
mod stats;
mod sweeps;
mod texts;
mod tiles;
mod verbosity;
