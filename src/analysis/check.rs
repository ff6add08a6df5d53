//! `--check`: a sample of cells computed again in f64, and how far they agree.

use serde::{Deserialize, Serialize};

use super::multipliers::refine_exponents;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Cells, Engine, Outcomes};
use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::fate::Fate;
use crate::plan::Plan;

/// Cells that are computed again, or all of a smaller map.
pub const SAMPLE: usize = 8192;
/// The sample's seed.
const SEED: u64 = 0x6764_7363_6f70_6531;

/// How far a map agrees with its sample in f64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Cells computed again.
    pub cells: usize,
    /// What the cells were chosen by.
    pub seed: u64,
    /// What computed them.
    pub against: String,
    /// How much more frequent fates are than in f64, and others less: a share of the cells that are decided in both.
    #[serde(default)]
    pub imbalance: f64,
    /// Cells whose eight neighbours all end as they do.
    pub away_from_boundary: Agreement,
    /// Cells with a neighbour that ends otherwise.
    pub next_to_boundary: Agreement,
}

/// Of the cells away from boundaries, the most that may contradict f64, and that may be undecided where it is not; of
/// those with the same fate, the most on another attractor; and the most that their amplitudes may be off, relative, in
/// the median. Rounding alone stays far from these.
const CONTRADICTED: f64 = 0.02;
const MISSED: f64 = 0.5;
const ELSEWHERE: f64 = 0.05;
const AMPLITUDES: f64 = 0.05;
/// Where rounding decides how orbits end, as after a while of chaos, neighbours are alike by chance: then the cells away
/// from boundaries may contradict f64 this many times as often as those next to them do.
const BY_CHANCE: f64 = 0.25;
/// Cells that a verdict needs.
const ENOUGH: usize = 50;

impl Check {
    /// The share of the cells away from boundaries that may contradict f64: a small one, unless chance has mixed the map,
    /// which leaves every fate as frequent as it is.
    pub fn tolerated(&self) -> f64 {
        let near = &self.next_to_boundary;
        let is_mixed = near.cells >= ENOUGH && self.imbalance <= CONTRADICTED;
        let by_chance = near.contradicted.filter(|_| is_mixed).map(|share| BY_CHANCE * share);
        by_chance.unwrap_or(0.0).max(CONTRADICTED)
    }

    /// Whether the map can be what the experiment says.
    ///
    /// # Errors
    /// [`Error::Check`] if something has gone wrong that rounding does not explain.
    pub fn verdict(&self) -> Result<()> {
        let away = &self.away_from_boundary;
        if away.cells < ENOUGH {
            return Ok(());
        }
        let elsewhere = (away.fates.zip(away.attractors))
            .filter(|(fates, _)| fates * away.cells as f64 >= ENOUGH as f64)
            .map(|(fates, same)| 1.0 - same / fates);
        let shares = [
            ("end otherwise", away.contradicted, self.tolerated()),
            ("are undecided, and decided there", away.missed, MISSED),
            ("with the same fate are on another attractor", elsewhere, ELSEWHERE),
        ];
        let low = shares.into_iter().find_map(|(what, share, most)| {
            let share = share.filter(|share| *share > most)?;
            Some(format!("{:.2} % {what}, more than {:.0} %", 100.0 * share, 100.0 * most))
        });
        let error = away.amplitude_error.median.filter(|error| *error > AMPLITUDES);
        let off =
            error.map(|error| format!("half of the amplitudes are off by more than {:.1} %", 100.0 * error));
        match low.or(off) {
            None => Ok(()),
            Some(what) => Err(Error::Check(format!(
                "of {} cells away from basin boundaries, computed again by the {}, {what}; do not rely on this map, \
                 and try --engine cpu, or --precision f64 where f32 has not digits enough",
                away.cells, self.against
            ))),
        }
    }
}

/// Agreement of the cells of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Cells of this kind that were computed again.
    pub cells: usize,
    /// Share of the cells with the same fate; null for no cells, as for the next two.
    pub fates: Option<f64>,
    /// Share with the same fate and period.
    pub periods: Option<f64>,
    /// Share with the same fate and attractor.
    pub attractors: Option<f64>,
    /// Share with another fate, both being decided; but an orbit that has stalled may be at a fixed point.
    #[serde(default)]
    pub contradicted: Option<f64>,
    /// Share of undecided cells that are decided in f64.
    #[serde(default)]
    pub missed: Option<f64>,
    /// Relative difference of the amplitudes that are not 0, where fate and period agree.
    pub amplitude_error: Spread,
}

/// Quantiles of a set of errors; null for an empty one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many errors there are.
    pub cells: usize,
    /// What half of them do not exceed.
    pub median: Option<f64>,
    /// What 99 % of them do not exceed.
    pub percentile_99: Option<f64>,
    /// The largest.
    pub worst: Option<f64>,
}

impl Spread {
    /// The quantiles of `errors`: the least value that so large a share does not exceed.
    fn of(mut errors: Vec<f64>) -> Self {
        errors.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * errors.len() as f64).ceil() as usize;
            errors.get(rank.saturating_sub(1)).copied()
        };
        Self { cells: errors.len(), median: at(0.5), percentile_99: at(0.99), worst: at(1.0) }
    }
}

/// The cells that are computed again, ascending.
pub fn listed(cells: usize) -> Vec<u32> {
    sample(cells, SAMPLE, SEED)
}

/// Computes cells again on the CPU in f64, and says on what.
///
/// # Errors
/// The engine's.
pub fn again(plan: &Plan, listed: &[u32]) -> Result<(Outcomes, String)> {
    let exact = Plan { precision: Precision::F64, ..plan.clone() };
    let engine = CpuEngine::default();
    let mut again = engine.run(&exact, &Cells::Listed(listed.to_vec()), &|_| {})?;
    refine_exponents(&exact, listed, &mut again);
    Ok((again, format!("CPU engine, f64, {}", engine.device().backend)))
}

/// Compares cells of a map with the same cells computed again. Both sides: how each ends, and on which attractor;
/// `near`: whether the cell is next to a boundary.
pub fn compare(
    (own, ids): (&Outcomes, &[i32]),
    (again, ids_again): (&Outcomes, &[i32]),
    near: &[bool],
    against: String,
) -> Check {
    let compared: Vec<Compared> = (0..near.len())
        .map(|s| {
            let fate = own.fate[s] == again.fate[s];
            let period = fate && own.period[s] == again.period[s];
            let (a, b) = (own.amplitude[s], again.amplitude[s]);
            Compared {
                near: near[s],
                fate,
                period,
                attractor: fate && ids[s] == ids_again[s],
                contradicted: exclude_each_other(own.fate[s], again.fate[s]),
                missed: own.fate[s] == Fate::Undecided as u8 && !fate,
                amplitude_error: (period && b > 0.0).then(|| (a - b).abs() / b),
            }
        })
        .collect();
    Check {
        cells: near.len(),
        seed: SEED,
        against,
        imbalance: imbalance(&own.fate, &again.fate),
        away_from_boundary: agreement(compared.iter().filter(|c| !c.near)),
        next_to_boundary: agreement(compared.iter().filter(|c| c.near)),
    }
}

/// One cell of the sample.
struct Compared {
    near: bool,
    fate: bool,
    period: bool,
    attractor: bool,
    contradicted: bool,
    missed: bool,
    amplitude_error: Option<f64>,
}

/// See [`Check::imbalance`]; an orbit that has stalled counts as one at a fixed point.
fn imbalance(own: &[u8], again: &[u8]) -> f64 {
    let class = |fate: u8| if fate == Fate::Stalled as u8 { Fate::Converged as u8 } else { fate };
    let decided = |pair: &(u8, u8)| pair.0 != Fate::Undecided as u8 && pair.1 != Fate::Undecided as u8;
    let pairs = own.iter().zip(again).map(|(a, b)| (class(*a), class(*b))).filter(decided);
    let (mut more, mut cells) = (Fate::ALL.map(|_| 0i64), 0);
    for (own, again) in pairs {
        more[usize::from(own)] += 1;
        more[usize::from(again)] -= 1;
        cells += 1;
    }
    let surplus: i64 = more.into_iter().filter(|more| *more > 0).sum();
    surplus as f64 / f64::from(cells.max(1))
}

fn exclude_each_other(a: u8, b: u8) -> bool {
    let is = |fate: Fate| a == fate as u8 || b == fate as u8;
    a != b && !is(Fate::Undecided) && !(is(Fate::Stalled) && is(Fate::Converged))
}

fn agreement<'a>(cells: impl Iterator<Item = &'a Compared>) -> Agreement {
    let cells: Vec<&Compared> = cells.collect();
    let share = |holds: fn(&Compared) -> bool| {
        let count = cells.iter().filter(|c| holds(c)).count();
        (!cells.is_empty()).then(|| count as f64 / cells.len() as f64)
    };
    Agreement {
        cells: cells.len(),
        fates: share(|c| c.fate),
        periods: share(|c| c.period),
        attractors: share(|c| c.attractor),
        contradicted: share(|c| c.contradicted),
        missed: share(|c| c.missed),
        amplitude_error: Spread::of(cells.iter().filter_map(|c| c.amplitude_error).collect()),
    }
}

/// `count` of the numbers below `cells`, ascending, chosen by the seed; all of them if they are fewer.
fn sample(cells: usize, count: usize, seed: u64) -> Vec<u32> {
    // Selection sampling (Knuth, The Art of Computer Programming 2, algorithm S).
    let mut state = seed;
    let mut left = count.min(cells);
    let mut chosen = Vec::with_capacity(left);
    for k in 0..cells {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        if mixed(state) % ((cells - k) as u64) < left as u64 {
            chosen.push(k as u32);
            left -= 1;
        }
    }
    chosen
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_exact_in_number_and_even() {
        let chosen = sample(100_000, SAMPLE, SEED);
        assert_eq!(chosen.len(), SAMPLE);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        let low = chosen.iter().filter(|&&k| k < 50_000).count();
        assert!(low.abs_diff(SAMPLE / 2) < 200, "{low}");
        assert_eq!(sample(10, SAMPLE, SEED), (0..10).collect::<Vec<_>>());
        assert_ne!(chosen, sample(100_000, SAMPLE, SEED + 1));
    }

    /// Outcomes with these fates, at fixed points.
    fn ended(fates: &[Fate]) -> Outcomes {
        let cells = fates.len();
        Outcomes {
            fate: fates.iter().map(|&fate| fate as u8).collect(),
            period: vec![0; cells],
            amplitude: vec![0.0; cells],
            ..Outcomes::default()
        }
    }

    #[test]
    fn a_verdict_needs_contradictions() {
        use Fate::{Converged, Diverged, Stalled, Undecided};
        let of = |own: Fate, again: Fate, others: usize| {
            let fates = |fate: Fate| ended(&[vec![fate; others], vec![Converged; 100]].concat());
            let ids =
                |fate: Fate| [vec![if fate == Converged { 0 } else { -1 }; others], vec![0; 100]].concat();
            let (mine, theirs) = (fates(own), fates(again));
            let near = vec![false; others + 100];
            compare((&mine, &ids(own)), (&theirs, &ids(again)), &near, String::new()).verdict()
        };
        for (own, again) in
            [(Undecided, Converged), (Converged, Undecided), (Stalled, Converged), (Stalled, Undecided)]
        {
            assert!(of(own, again, 50).is_ok(), "{own:?} {again:?}");
        }
        assert!(of(Converged, Undecided, 10_000).is_ok());
        assert!(of(Stalled, Undecided, 10_000).is_ok());
        assert!(of(Undecided, Converged, 10_000).is_err());
        for (own, again) in [(Converged, Diverged), (Diverged, Converged), (Stalled, Diverged)] {
            assert!(of(own, again, 1).is_ok() && of(own, again, 10).is_err(), "{own:?} {again:?}");
        }
        // Nothing in common, and nothing against each other.
        let near = vec![false; 100];
        let (own, again) = (ended(&[Stalled; 100]), ended(&[Undecided; 100]));
        assert!(compare((&own, &[-1; 100]), (&again, &[-1; 100]), &near, String::new()).verdict().is_ok());
        // Other attractors.
        let own = ended(&[Converged; 100]);
        assert!(compare((&own, &[0; 100]), (&own, &[1; 100]), &near, String::new()).verdict().is_err());
    }

    #[test]
    fn quantiles_are_values_of_the_set() {
        let spread = Spread::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(
            (spread.median, spread.percentile_99, spread.worst),
            (Some(100.0), Some(198.0), Some(200.0))
        );
        assert_eq!(Spread::of(Vec::new()).worst, None);
    }
}
