//! How far a run is, and what it is at: on the terminal, and on nothing else.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tracing_subscriber::fmt::time::uptime;

use super::units::{lasting, rounded};

/// What takes less than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);
const BAR: &str = "{bar:28} {percent:>3} % of {human_len} {msg}, {rate}, {left} left";
const SPINNER: &str = "{spinner} {msg}";

/// The bars on the terminal; they are not drawn where stderr is none.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
static QUIET: AtomicBool = AtomicBool::new(false);

/// From here on there are no bars, and no messages but warnings and errors.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether [`be_quiet`] was called.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Prints what the engine and the others are doing from here on: more of it for `verbose` above 1.
pub fn explain(verbose: u8) {
    let level = if verbose > 1 { tracing::Level::DEBUG } else { tracing::Level::INFO };
    let printer = tracing_subscriber::fmt().with_max_level(level).with_writer(|| Above).with_timer(uptime());
    printer.with_target(false).with_level(false).init();
}

/// stderr, above the bars.
pub struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        BARS.suspend(|| std::io::stderr().write_all(bytes)).map(|()| bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A bar on the terminal that says how far a run is, how fast it goes and how long it will take; or what it is at.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// Whether something has been done, and whether the bar is on the terminal.
    begun: AtomicBool,
    shown: AtomicBool,
}

impl Progress {
    /// Of so many things, such as `cells`.
    pub fn new(count: u64, things: &'static str) -> Self {
        let rate = move |state: &ProgressState, to: &mut dyn std::fmt::Write| {
            let _ = write!(to, "{} {things} per second", rounded(state.per_sec()));
        };
        let left = |state: &ProgressState, to: &mut dyn std::fmt::Write| {
            let _ = write!(to, "{}", lasting(state.eta()));
        };
        let style = ProgressStyle::with_template(BAR).expect("the template is one");
        let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::hidden());
        bar.set_style(style.with_key("rate", rate).with_key("left", left).progress_chars("=> "));
        bar.set_message(things);
        Self::of(bar)
    }

    /// Of things that cannot be counted.
    pub fn spinner() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(SPINNER).expect("the template is one"));
        Self::of(bar)
    }

    fn of(bar: ProgressBar) -> Self {
        Self { bar, started: Instant::now(), begun: AtomicBool::new(false), shown: AtomicBool::new(false) }
    }

    /// Tells how many are done.
    pub fn show(&self, done: u64) {
        self.bar.set_position(done);
        if !self.begun.swap(true, Ordering::Relaxed) {
            // What an earlier run has done says nothing about the rate.
            self.bar.reset_eta();
        }
        if self.started.elapsed() > PATIENCE {
            self.appear();
        }
    }

    /// Tells what the run is at now.
    pub fn say(&self, words: String) {
        self.bar.set_message(words);
        self.appear();
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    fn appear(&self) {
        if !is_quiet() && !self.shown.swap(true, Ordering::Relaxed) {
            BARS.add(self.bar.clone());
        }
    }

    /// Takes it off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
