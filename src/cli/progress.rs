//! How far a run is.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::tell;

/// A line on the terminal that says how far a run is.
pub struct Progress {
    cells: u64,
    shown: Option<Mutex<Instant>>,
}

impl Progress {
    pub fn new(cells: u64) -> Self {
        let shown = std::io::stderr().is_terminal().then(|| Mutex::new(Instant::now()));
        Self { cells, shown }
    }

    pub fn show(&self, done: u64) {
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else { return };
        if shown.elapsed() > Duration::from_millis(100) {
            *shown = Instant::now();
            tell(&format!("\r{:3} % of {} cells ", done * 100 / self.cells, self.cells));
        }
    }

    pub fn clear(&self) {
        if self.shown.is_some() {
            tell("\r\x1b[K");
        }
    }
}
