//! Slices: the part of a window that one submission does, sized to take a set time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

use super::shader::WORKGROUP;
use crate::error::Result;

/// Lane-steps of the first slice, before anything is known of the device's speed.
pub(super) const SLICE_FIRST: u64 = 1 << 16;
/// How many times larger the next slice may be.
const GROWTH: f64 = 8.0;
/// Most lanes of a tile, and so of a slice.
pub(super) const TILE_LANES: u64 = 1 << 20;

/// What a dispatch is told; the twin of `Slice` in `lanes.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Slice {
    pub start: u32,
    pub advance: u32,
    pub half_steps: u32,
    pub sample: u32,
    pub begin: u32,
    pub end: u32,
    pub first: u32,
    pub count: u32,
    pub capacity: u32,
    pub width: u32,
    pub elapsed: u32,
    pub last_elapsed: i32,
    pub samples: u32,
    pub sampled: u32,
    pub last: u32,
}

/// Names and byte offsets of the fields of `Slice` as Rust lays them out, for comparison with the
/// shader's.
pub fn slice_layout() -> Vec<(&'static str, u32)> {
    macro_rules! layout {
        ($($field:ident $name:literal),*) => {
            vec![$(($name, std::mem::offset_of!(Slice, $field) as u32)),*]
        };
    }
    layout!(
        start "start", advance "advance", half_steps "half_steps", sample "sample",
        begin "begin", end "end", first "first",
        count "count", capacity "capacity", width "width", elapsed "elapsed", last_elapsed "last_elapsed", samples "samples",
        sampled "sampled", last "last"
    )
}

/// The lanes of a slice in a window of so many steps: whole workgroups, one at least.
pub(super) fn lanes(lane_steps: u64, steps: u32) -> u32 {
    let lanes = (lane_steps / u64::from(steps.max(1))).min(TILE_LANES) as u32;
    (lanes / WORKGROUP).max(1) * WORKGROUP
}

/// How large slices are, learned from the time that they take.
pub(super) struct Pace {
    state: Mutex<PaceState>,
}

struct PaceState {
    lane_steps: u64,
    /// How long a slice is to take.
    target: Duration,
    /// When the device was last known to have come to the end of a slice.
    last_end: Instant,
}

impl Pace {
    /// For slices that take about `target`, of steps with so many rounds of loops.
    pub fn new(target: Duration, rounds: u64) -> Self {
        let lane_steps = (SLICE_FIRST / (1 + rounds)).max(u64::from(WORKGROUP));
        let state = PaceState { lane_steps, target, last_end: Instant::now() };
        Self { state: Mutex::new(state) }
    }

    /// The lanes of the next slice, whose lanes take so many steps.
    pub fn lanes(&self, steps: u32) -> u32 {
        lanes(self.state.lock().unwrap_or_else(PoisonError::into_inner).lane_steps, steps)
    }

    /// Makes slices half as large, that are to take half of the time: it is for their time that devices are reset.
    pub fn halve(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lane_steps = (state.lane_steps / 2).max(u64::from(WORKGROUP));
        state.target /= 2;
    }

    /// Does `work`, a slice of `done` lane-steps, and learns from it. Slices of several threads wait for one
    /// another on the device: the time of each begins where the one before it has ended.
    pub fn time<T>(&self, done: u64, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let submitted = Instant::now();
        let result = work()?;
        let ended = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let took = ended.saturating_duration_since(submitted.max(state.last_end));
        state.lane_steps = resized(done, state.lane_steps, took, state.target);
        tracing::debug!("slice of {done} lane-steps in {:.1} ms", 1e3 * took.as_secs_f64());
        state.last_end = state.last_end.max(ended);
        Ok(result)
    }
}

/// The next slice's lane-steps, of which this one was allowed `allowed` and did `done`: [`GROWTH`] times as many
/// at most, and as few as the time it took asks for.
fn resized(done: u64, allowed: u64, took: Duration, target: Duration) -> u64 {
    let ratio = target.as_secs_f64() / took.as_secs_f64().max(1e-6);
    let wanted = (done as f64 * ratio.min(GROWTH)) as u64;
    // A slice that the end of the list cut short says nothing about larger ones.
    if ratio > 1.0 { wanted.max(allowed) } else { wanted.max(u64::from(WORKGROUP)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_the_time_they_take() {
        let target = Duration::from_millis(50);
        assert_eq!(resized(4096, 4096, target / 100, target), 8 * 4096);
        assert_eq!(resized(4096, 4096, target / 2, target), 2 * 4096);
        assert_eq!(resized(4096, 4096, target * 8, target), 512);
        assert_eq!(resized(64, 4096, target / 10, target), 4096);
        assert_eq!(resized(64, 64, target * 10, target), 64);
    }

    #[test]
    fn slices_as_long_as_those_that_a_device_has_failed_at_do_not_come_back() {
        let pace = Pace::new(Duration::from_millis(20), 0);
        let before = pace.lanes(16);
        pace.halve();
        assert_eq!(pace.lanes(16), before / 2);
        // One that has taken all of the time that there was for it before is now too long.
        let sleeping = || {
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        pace.time(SLICE_FIRST / 2, sleeping).unwrap();
        assert!(pace.lanes(16) <= before / 4, "{} of {before}", pace.lanes(16));
        // One that fails at once has not failed for its time.
        pace.time(SLICE_FIRST / 4, || Ok(())).unwrap();
        assert!(pace.lanes(16) > before / 4);
        (0..100).for_each(|_| pace.halve());
        assert_eq!(pace.lanes(1), WORKGROUP);
        // Where a step goes through data, the first slice has as many rounds in all.
        let rows = Pace::new(Duration::from_millis(20), 99);
        assert_eq!(rows.lanes(1), SLICE_FIRST as u32 / 100 / WORKGROUP * WORKGROUP);
    }

    #[test]
    fn a_slice_of_longer_windows_has_fewer_lanes() {
        // Sized on windows of 16 steps, it must not take 32 times as long on windows of 512.
        assert_eq!(lanes(1 << 24, 16), 1 << 20);
        assert_eq!(lanes(1 << 24, 512), 1 << 15);
        assert_eq!(lanes(u64::MAX, 1), TILE_LANES as u32);
        assert_eq!(lanes(64, 640), WORKGROUP);
        assert_eq!(lanes(100_000, 16), 6208);
    }
}
