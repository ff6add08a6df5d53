//! Attractors in full: the numbers of one of the cells of each.

use rayon::prelude::*;

use super::{Attractor, Numbers};
use crate::analysis::cycles::{ALONG_CHAOS, Start, centres, cycles, sharpness};
use crate::engine::Outcomes;
use crate::fate::Fate;
use crate::plan::Plan;

/// Most cells of an attractor among which the one of median amplitude is looked for; of many, every n-th tells as
/// much.
const SAMPLE: u64 = 1 << 18;
/// The same for all attractors together.
const SAMPLES: u64 = 1 << 22;

/// The cells with the median amplitude, looked for among all cells as they come.
pub struct Middles {
    /// Of each attractor: every so manieth of its cells is asked, and how many come before the next.
    strides: Vec<(u64, u64)>,
    /// The bits of the amplitude, and the cell: amplitudes have no sign, so they are in the order of their bits.
    samples: Vec<Vec<(u64, u32)>>,
}

impl Middles {
    /// Those of the first `count` attractors.
    pub fn new(numbers: &Numbers, count: usize) -> Self {
        let sizes = &numbers.sizes()[..count.min(numbers.count())];
        let mut sample = SAMPLE;
        let taken = |sample: u64| sizes.iter().map(|size| size.div_ceil(size.div_ceil(sample))).sum::<u64>();
        while sample > 1 && taken(sample) > SAMPLES {
            sample /= 2;
        }
        let strides = sizes.iter().map(|size| (size.div_ceil(sample), 0)).collect();
        Self { strides, samples: vec![Vec::new(); sizes.len()] }
    }

    /// Adds cells in order, of which the first has the number `first`.
    pub fn add(&mut self, ids: &[i32], amplitudes: &[f64], first: u32) {
        for (k, (&id, amplitude)) in (0..).zip(ids.iter().zip(amplitudes)) {
            let Some((stride, before)) = usize::try_from(id).ok().and_then(|id| self.strides.get_mut(id))
            else {
                continue;
            };
            if *before == 0 {
                self.samples[id as usize].push((amplitude.to_bits(), first + k));
                *before = *stride;
            }
            *before -= 1;
        }
    }

    /// The cell of each attractor.
    pub fn find(self) -> Vec<u32> {
        let middle = |mut order: Vec<(u64, u32)>| {
            let middle = order.len() / 2;
            order.select_nth_unstable(middle).1.1
        };
        self.samples.into_par_iter().map(middle).collect()
    }
}

/// The first attractors in full, from one of the outcomes of each, which are those of `cells`. `phases`: whether the
/// phases of a cycle count as attractors.
pub fn describe(
    plan: &Plan,
    cells: &[u32],
    outcomes: &Outcomes,
    numbers: &Numbers,
    phases: bool,
) -> Vec<Attractor> {
    let dims = plan.initial.len();
    let starts: Vec<Start<'_>> = (cells.iter().enumerate())
        .map(|(k, &cell)| Start {
            cell,
            period: if outcomes.period[k] > 0 { outcomes.period[k] } else { ALONG_CHAOS },
            point: &outcomes.point[k * dims..(k + 1) * dims],
        })
        .collect();
    let sharpness = sharpness(plan, &starts);
    let cycles = if phases { cycles(plan, &starts) } else { Vec::new() };
    let centres = centres(plan, &starts);
    let point = |k: usize| {
        if outcomes.period[k] == 0 {
            return centres[k].0[..plan.descent.variables].to_vec();
        }
        // With phases, the point at the steps divisible by the period.
        let turned = (outcomes.period[k] - outcomes.phase[k]) as usize;
        let point = match cycles.get(k).filter(|_| outcomes.period[k] > 1) {
            Some(cycle) => &cycle[turned % outcomes.period[k] as usize * dims..],
            None => starts[k].point,
        };
        point[..plan.descent.variables].to_vec()
    };
    let attractor = |k: usize| Attractor {
        id: k as i32,
        fate: Fate::from_code(outcomes.fate[k]).unwrap_or(Fate::Undecided),
        period: outcomes.period[k],
        amplitude: outcomes.amplitude[k],
        loss: outcomes.loss[k],
        sharpness: sharpness[k],
        lyapunov: outcomes.lyapunov[k],
        cells: numbers.sizes()[k],
        fraction: numbers.sizes()[k] as f64 / numbers.outcomes() as f64,
        point: point(k),
    };
    (0..cells.len()).map(attractor).collect()
}
