//! The command-line tool, called as a user calls it.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod claims;
mod data;
mod disks;
mod failures;
mod figures;
mod files;
mod maps;
mod orbits;
mod phase;
mod requests;
mod same;
mod stats;
mod sweeps;
mod texts;
mod tiles;
