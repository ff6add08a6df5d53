//! How a budget of steps is cut into windows, the same for every trajectory and both engines.

/// A run of steps that is done in one go: `advance` steps unobserved, a probe of twice `half`
/// steps, then `sample` steps that are averaged for orbits without a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Steps before this window.
    pub start: u32,
    /// Steps of the window before the probe.
    pub advance: u32,
    /// Steps of the search, and again of the measurement; 0 for no probe.
    pub half: u32,
    /// Steps whose exponent is measured.
    pub sample: u32,
}

impl Window {
    /// Steps in this window.
    pub fn steps(&self) -> u32 {
        self.advance + 2 * self.half + self.sample
    }
}

/// Longest window, in steps, unless a longer period is searched.
const WINDOW_MAX: u32 = 512;

/// The windows of a budget of `steps`, of which the first `settled` have a changing learning rate
/// and decide nothing.
///
/// Windows grow with time, by a quarter, and when two probes have been as long as the next one, a quarter of the
/// time goes by before it: so a trajectory is retired soon after it has arrived, and one that never does costs little more.
/// In the last half of the budget everything is sampled, and the last window looks once more. There are
/// several samples, as later ones are compared with the first. With `period_max` 0 nothing is probed.
pub fn windows(steps: u32, settled: u32, period_max: u32) -> Vec<Window> {
    let longest = WINDOW_MAX.max(8 * period_max);
    let settled = settled.min(steps);
    let sampled = settled + (steps - settled) / 2;
    let most = ((steps - sampled) / 4).max(1);
    let mut windows: Vec<Window> = Vec::new();
    // The end of the last probe.
    let (mut start, mut probed) = (0, settled);
    while start < steps {
        // Half of a probe that ends there, if it is time for one. A growth is known by two.
        let half_until = |end: u32, half: u32| {
            let is_new = windows.iter().filter(|w| w.half >= half).take(2).count() < 2;
            if is_new || end - probed >= (probed - settled) / 4 { half } else { 0 }
        };
        let window = if start < settled {
            Window { start, advance: (settled - start).min(longest), half: 0, sample: 0 }
        } else if start < sampled {
            let length = ((start - settled) / 4).clamp(16, longest).min(sampled - start);
            // The first probes leave no gap: some orbits are at rest soon after.
            let share = if start - settled < 32 { 2 } else { 4 };
            let half = half_until(start + length, (length / share).max(length.min(8) / 2).min(period_max));
            Window { start, advance: length - 2 * half, half, sample: 0 }
        } else {
            let left = steps - start;
            let is_last = left < longest + longest / 4;
            let length = if is_last { left } else { longest };
            let half = (length * 3 / 8).min(period_max);
            let half = if is_last { half } else { half_until(start + 2 * half, half) };
            let sample = length - 2 * half;
            // The last probe comes after what is more, if that leaves room for it; others come before.
            let is_first = windows.iter().all(|w| w.sample == 0);
            let leaves_room = || is_first || (left - most) * 3 / 8 >= half;
            if is_last && sample > most && leaves_room() {
                Window { start, advance: 0, half: 0, sample: most }
            } else {
                Window { start, advance: 0, half, sample: if is_last { sample } else { sample.min(most) } }
            }
        };
        if window.half > 0 {
            probed = start + window.advance + 2 * window.half;
        }
        start += window.steps();
        windows.push(window);
    }
    windows
}
