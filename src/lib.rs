//! gdscope
pub mod descent;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod fate;
pub mod formula;
pub mod landscape;
pub mod math;
pub mod plan;
pub mod view;
pub use error::{Error, Result};
