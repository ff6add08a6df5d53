//! What every input is run under: a limit of memory and of time, and one input at a time.

// An allocator that counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// Bytes that may be allocated while an input is read.
const MEMORY: usize = 1 << 30;
/// So long at most an input may take on a busy machine; the slowest takes about a second.
const PATIENCE: Duration = Duration::from_secs(120);
/// The seed of the inputs, if not another is asked for.
const SEED: u64 = 2024;

/// The system's allocator, counting.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn taken(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    MOST.fetch_max(now, Relaxed);
}

// SAFETY: every call goes to the system's allocator with the arguments that it came with; counting neither
// allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the pointer came from `System`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there for a moment, at worst.
        taken(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the pointer came from `System`, with this layout, and the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Lets one test run at a time: memory is counted for all.
static TURN: Mutex<()> = Mutex::new(());
/// The number of the input that is being read, and since when.
static CURRENT: Mutex<Option<(Instant, usize)>> = Mutex::new(None);

/// Ends the process with the input that takes too long, which nothing else could interrupt.
fn watch() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, number)) = current.filter(|(since, _)| since.elapsed() > PATIENCE) {
            eprintln!(
                "after {:?} still at input {number}; the same with FUZZ_SHOW={number} prints it",
                since.elapsed()
            );
            std::process::abort();
        }
    }
}

/// A folder for the files that are read.
pub struct Place(tempfile::TempDir);

impl Place {
    /// In memory, where the system has a folder for that: a million files are written.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(folder.unwrap())
    }

    /// A file in it with this content.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Bytes that are allocated now.
pub fn allocated() -> usize {
    NOW.load(Relaxed)
}

/// Reads one input, and says the most memory that was taken meanwhile.
pub fn measured(work: impl FnOnce()) -> usize {
    MOST.store(NOW.load(Relaxed), Relaxed);
    work();
    MOST.load(Relaxed)
}

/// Gives `cases` inputs of a strategy to a reader, or as many as the environment asks for. The reader says whether
/// it took the input: at least one in fifty must be, and one be refused, or the inputs are badly made.
pub fn fuzz<S: Strategy>(cases: u32, strategy: S, read: impl Fn(&S::Value) -> bool) {
    static WATCH: std::sync::Once = std::sync::Once::new();
    WATCH.call_once(|| drop(std::thread::spawn(watch)));
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    let cases = asked("PROPTEST_CASES").map_or(cases, |cases| cases as u32);
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(asked("PROPTEST_RNG_SEED").unwrap_or(SEED)),
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let (taken, slowest, largest) = (AtomicUsize::new(0), Mutex::new(Duration::ZERO), AtomicUsize::new(0));
    let (begun, count, shown) = (Instant::now(), AtomicUsize::new(0), asked("FUZZ_SHOW"));
    let result = TestRunner::new(config).run(&strategy, |input| {
        let since = Instant::now();
        let number = count.fetch_add(1, Relaxed);
        if shown == Some(number as u64) {
            println!("{input:?}");
        }
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some((since, number));
        let most = measured(|| {
            if read(&input) {
                taken.fetch_add(1, Relaxed);
            }
        });
        *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut slowest = slowest.lock().unwrap();
        *slowest = since.elapsed().max(*slowest);
        largest.fetch_max(most, Relaxed);
        match most {
            0..=MEMORY => Ok(()),
            _ => Err(TestCaseError::fail(format!("takes {most} bytes of memory"))),
        }
    });
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    if let Err(TestError::Fail(reason, input)) = &result {
        let input = format!("{input:?}");
        panic!("{reason}: {}", input.chars().take(20_000).collect::<String>());
    }
    let (taken, largest) = (taken.into_inner(), largest.into_inner());
    println!(
        "{cases} inputs in {:.0?}, of which {taken} were taken; the slowest took {:.1?}, the largest {} MiB",
        begun.elapsed(),
        slowest.into_inner().unwrap(),
        largest >> 20
    );
    assert!(taken >= cases as usize / 50, "only {taken} of {cases} inputs were taken");
    assert!(taken < cases as usize, "no input was refused");
}
