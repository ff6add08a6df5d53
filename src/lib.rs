//! gdscope is a microscope for gradient descent with large learning rates: it runs one trajectory
//! for every cell of a map, finds how each one ends, and draws it.
//!
//! # The tour
//!
//! ```text
//! landscape + experiment -> plan -> engine (gpu | cpu) -> map -> analysis -> picture
//! ```
//!
//! 1. [`formula`]: text to graph, its derivatives, and the two forms that run: WGSL and a tape of
//!    vector instructions.
//! 2. [`landscape`]: a loss formula with its variables and parameters; the built-in ones are the files of
//!    the folder `landscapes/`.
//! 3. [`experiment`]: which quantities are the axes of a map, the learning rate, the budget. [`descent`]
//!    makes formulas of one step of gradient descent out of it, [`window`] cuts the budget into pieces,
//!    and [`plan`] holds everything that an engine needs.
//! 4. [`engine`]: `cpu/descend.rs` and `shaders/descend.wgsl` run trajectories, and [`fate`] says
//!    how they end, for both. [`math`] holds the elementary functions of the CPU engine, and
//!    `shaders/math.wgsl` the same ones; [`noise`] and `shaders/noise.wgsl` draw normal numbers.
//! 5. [`analysis`]: which cells share an attractor, where basins meet, and how far f64 agrees;
//!    [`analysis::stats`]: how large, how mixed and how rough-edged basins are.
//! 6. [`map`](mod@map), [`report`], [`output`]: the results in memory and on disk. [`phase`]: what orbits visit,
//!    counted in [`bins`] by `cpu/density.rs` and `shaders/density.wgsl`.
//! 7. [`picture`]: a [`view::View`] of a map as an image; curves, landscapes, figures of several panels.
//!    [`overlay`]: what is drawn over a map, from [`sample`]s of its formulas.
//! 8. [`sweep`]: stacks of maps along a third quantity or into a point.
//! 9. [`figures`]: the paper's figures, made of all these.
//! 10. [`verify`]: the paper's claims, checked with the engines and the theory of [`analysis::theory`].
//! 11. [`mod@bench`]: how fast each device takes steps and makes maps.
//! 12. [`cli`]: the commands. [`run`](fn@run) and [`orbit`](fn@orbit) are what they call.
//!
//! ```
//! use gdscope::{CpuEngine, Experiment, fate::Fate};
//!
//! let experiment: Experiment = r#"
//!     landscape = "f1"
//!     across    = "eta = 1 .. 4"
//!     up        = "x = -5 .. 5"
//!     size      = [8, 5]"#
//!     .parse()?;
//! let (map, report) = gdscope::run(&experiment, &CpuEngine::default(), false, &|_| {})?;
//! // Below eta = 2 descent converges, above it oscillates.
//! assert_eq!((map.fate[0], map.fate[7]), (Fate::Converged as u8, Fate::Periodic as u8));
//! assert_eq!(report.attractors.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The folder `examples/` has more: a picture saved, a loss of one's own, a phase diagram.

#![warn(missing_docs)]

pub mod analysis;
pub mod bench;
pub mod bins;
pub mod cli;
pub mod dataset;
pub mod descent;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod fate;
pub mod figures;
pub mod formula;
mod input;
pub mod landscape;
pub mod map;
pub mod math;
pub mod noise;
pub mod orbit;
pub mod output;
pub mod overlay;
pub mod phase;
pub mod picture;
pub mod plan;
pub mod report;
pub mod run;
pub mod sample;
pub mod sweep;
pub mod verify;
pub mod view;
pub mod window;

pub use engine::cpu::CpuEngine;
pub use error::{Error, Result};
pub use experiment::{Experiment, PhaseExperiment};
pub use orbit::orbit;
pub use output::png;
pub use run::run;
pub use view::View;
