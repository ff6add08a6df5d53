//! Attractors of one map found again in another, so that their numbers and colours keep their meaning.

use std::collections::{HashMap, HashSet};

use super::Attractor;
use super::attractors::MOVE;

/// Most attractors of a map that are compared, ...
const COMPARED: usize = 2048;
/// ... and most of those known, which may be those of many maps.
const KNOWN: usize = 1 << 16;

/// A basin smaller than this part of another is a fragment, which some cells have been left with, rather than what
/// became of it.
const FRAGMENT: f64 = 0.1;

/// The attractors that have been met, each as it was when it was last seen; those of a stack that is known as a whole, as
/// they were in each of its frames.
#[derive(Clone, Debug, Default)]
pub struct Known {
    attractors: Vec<Attractor>,
    /// The first number that none has had.
    free: i32,
}

impl Known {
    /// Those of one map, or of all frames of a stack.
    pub fn new(attractors: &[Attractor]) -> Self {
        let free = attractors.iter().map(|a| a.id + 1).max().unwrap_or(0);
        Self { attractors: attractors.to_vec(), free }
    }

    /// Gives the attractors of a map the numbers of those known that they continue, and numbers that none has had to
    /// the others: in `ids`, the attractor of each cell, and in `attractors`, of which there are `found` in all.
    /// `scale` is the map's largest initial coordinate.
    ///
    /// An attractor continues the one that is nearest to it by point and amplitude, of its own fate and
    /// period if there is one, else of any: cycles double their periods and become chaotic along a sweep. One with a
    /// basin of about its size comes before all.
    pub fn number(&mut self, ids: &mut [i32], attractors: &mut [Attractor], found: usize, scale: f64) {
        let pairs = self.pairs(attractors, scale);
        let mut numbers: HashMap<i32, i32> =
            pairs.iter().map(|(a, k)| (attractors[*a].id, self.attractors[*k].id)).collect();
        for id in 0..found as i32 {
            numbers.entry(id).or_insert_with(|| {
                self.free += 1;
                self.free - 1
            });
        }
        ids.iter_mut().filter(|id| **id >= 0).for_each(|id| *id = numbers[id]);
        for (a, attractor) in attractors.iter_mut().enumerate() {
            attractor.id = numbers[&attractor.id];
            match pairs.get(&a) {
                Some(known) => self.attractors[*known] = attractor.clone(),
                None => self.attractors.push(attractor.clone()),
            }
        }
    }

    /// Which of `attractors` continues which one known, by place.
    fn pairs(&self, attractors: &[Attractor], scale: f64) -> HashMap<usize, usize> {
        let mut near: Vec<((bool, bool), f64, usize, usize)> = Vec::new();
        for (k, known) in self.attractors.iter().enumerate().take(KNOWN) {
            for (a, attractor) in attractors.iter().enumerate().take(COMPARED) {
                let differs = (known.fate, known.period) != (attractor.fate, attractor.period);
                let apart = distance(known, attractor);
                if apart <= reach(known).max(reach(attractor)).max(MOVE * scale) {
                    let (less, more) =
                        (known.fraction.min(attractor.fraction), known.fraction.max(attractor.fraction));
                    near.push(((less < FRAGMENT * more, differs), apart, k, a));
                }
            }
        }
        near.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
        let (mut taken, mut pairs) = (HashSet::new(), HashMap::new());
        for (_, _, k, a) in near {
            if !pairs.contains_key(&a) && taken.insert(self.attractors[k].id) {
                pairs.insert(a, k);
            }
        }
        pairs
    }
}

/// How far two attractors are apart, by their points and amplitudes; infinite in different spaces.
fn distance(a: &Attractor, b: &Attractor) -> f64 {
    if a.point.len() != b.point.len() {
        return f64::INFINITY;
    }
    let apart = a.point.iter().zip(&b.point).map(|(x, y)| (x - y).abs());
    apart.fold((a.amplitude - b.amplitude).abs(), f64::max)
}

/// Half of how far an attractor reaches from the origin: one that moves further is another.
fn reach(a: &Attractor) -> f64 {
    0.5 * (a.point.iter().fold(0.0, |m: f64, x| m.max(x.abs())) + a.amplitude)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::Fate;

    fn attractor(id: i32, fate: Fate, period: u32, point: f64, amplitude: f64) -> Attractor {
        Attractor {
            id,
            fate,
            period,
            amplitude,
            loss: 0.0,
            sharpness: 1.0,
            lyapunov: -1.0,
            cells: 1,
            fraction: 0.5,
            point: vec![point],
        }
    }

    #[test]
    fn numbers_follow_attractors_and_not_sizes() {
        let mut known = Known::new(&[
            attractor(0, Fate::Converged, 1, -1.0, 0.0),
            attractor(1, Fate::Converged, 1, 1.0, 0.0),
        ]);
        // The right one is the larger basin now, and a third has appeared.
        let mut now = [
            attractor(0, Fate::Converged, 1, 1.02, 0.0),
            attractor(1, Fate::Periodic, 2, 40.0, 3.0),
            attractor(2, Fate::Converged, 1, -1.02, 0.0),
        ];
        let mut ids = [0, 1, 2, -1, 3];
        known.number(&mut ids, &mut now, 4, 2.0);
        assert_eq!(ids, [1, 2, 0, -1, 3]);
        assert_eq!(now.each_ref().map(|a| a.id), [1, 2, 0]);
        // One that was away keeps its number, and doubling does not make another of it.
        let mut later = [attractor(0, Fate::Periodic, 2, 1.3, 0.3)];
        known.number(&mut [], &mut later, 1, 2.0);
        assert_eq!(later[0].id, 1);
        let mut later =
            [attractor(0, Fate::Converged, 1, -1.05, 0.0), attractor(1, Fate::Chaotic, 0, 0.9, 0.5)];
        known.number(&mut [], &mut later, 2, 2.0);
        assert_eq!(later.each_ref().map(|a| a.id), [0, 1]);
        // The few cells that are periodic still are not what became of a large basin.
        let mut onset = [
            Attractor { fraction: 0.498, ..attractor(0, Fate::Chaotic, 0, -1.0, 0.2) },
            Attractor { fraction: 0.002, ..attractor(1, Fate::Converged, 1, -1.05, 0.0) },
        ];
        known.number(&mut [], &mut onset, 2, 2.0);
        assert_eq!(onset.each_ref().map(|a| a.id), [0, 4]);
        let mut elsewhere = [attractor(0, Fate::Converged, 1, 300.0, 0.0)];
        known.number(&mut [], &mut elsewhere, 1, 2.0);
        assert_eq!(elsewhere[0].id, 5);
    }
}
