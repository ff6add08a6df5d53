//! What is observed after each step of a phase, in registers; the twin of the functions of `shaders/descend.wgsl`.

use crate::fate::{MATCH, greatest, least};
use crate::formula::{Access, LaneOf, Observer};
use crate::math::{Lane, Real};

/// What the observers keep, each in a register of its own or one for each dimension, from the given one on.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub dims: usize,
    pub tangent: usize,
    /// The loss before the step.
    pub loss: usize,
    /// The orbit's point at the start of the search, then of the measurement.
    pub reference: usize,
    /// The box of the measurement.
    pub low: usize,
    pub high: usize,
    /// The point that stands for the cycle, its weighted sum, and the steps of the measurement after which the orbit
    /// is there.
    pub point: usize,
    pub key: usize,
    pub pointed: usize,
    /// See [`crate::fate::match_grain`].
    pub grain: usize,
    /// The largest variable since the window began, without its sign.
    pub reach: usize,
    /// 1 once a recurrence within the matching distance is found.
    pub matched: usize,
    pub period: usize,
    pub before: usize,
    pub after: usize,
    pub far: usize,
    /// Steps of the measurement after which the orbit is back at its start; 0 before that.
    pub returned: usize,
    /// Sum over the measurement.
    pub loss_measured: usize,
    /// First step with a loss no more than the target; -1 before that.
    pub reached: usize,
    /// Sum over the sample that is being taken.
    pub loss_sampled: usize,
    /// Whole periods that fit the measurement, in steps.
    pub limit: usize,
    /// log2 of the tangent's length, as an exponent and a factor in [1, 2), now and at the start.
    pub exponent: usize,
    pub factor: usize,
    pub factor_start: usize,
    /// The box that the orbit has visited in all samples.
    pub sample_low: usize,
    pub sample_high: usize,
    /// One past the last register.
    pub end: usize,
}

impl Layout {
    /// Of a state of `dims` dimensions, which the tangent vector follows, with the loss at the register given.
    pub fn new(dims: usize, loss: usize) -> Self {
        let mut end = loss + 1;
        let mut take = |count: usize| {
            end += count;
            end - count
        };
        Self {
            dims,
            tangent: dims,
            loss,
            reference: take(dims),
            low: take(dims),
            high: take(dims),
            point: take(dims),
            key: take(1),
            pointed: take(1),
            grain: take(1),
            reach: take(1),
            matched: take(1),
            period: take(1),
            before: take(1),
            after: take(1),
            far: take(1),
            returned: take(1),
            loss_measured: take(1),
            reached: take(1),
            loss_sampled: take(1),
            limit: take(1),
            exponent: take(1),
            factor: take(1),
            factor_start: take(1),
            sample_low: take(dims),
            sample_high: take(dims),
            end,
        }
    }
}

/// What is observed after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    Advance,
    /// The smallest recurrence, while the tangent vector aligns.
    Search,
    /// The cycle: its box, loss, growth and the displacement over one period.
    Measure,
    /// The orbit, if it has no period.
    Sample,
}

/// The observer of a phase.
#[derive(Clone, Debug)]
pub struct Phased<R> {
    pub phase: Phase,
    pub layout: Layout,
    pub weights: Vec<R>,
    /// Dimensions that are variables of the landscape, the first ones.
    pub variables: usize,
    pub tolerance: R,
    /// The loss whose first step is noted.
    pub target: Option<R>,
}

impl<R: Real> Observer<R> for Phased<R> {
    #[inline(always)]
    fn before<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        // Of the state before the step, whose absolute values many a step needs itself.
        self.reach(access);
    }

    #[inline(always)]
    fn observe<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        if let Some(target) = self.target {
            self.note(access, target);
        }
        match self.phase {
            Phase::Advance => {}
            Phase::Search => self.search(access),
            Phase::Measure => self.measure(access),
            Phase::Sample => self.sample(access),
        }
    }
}

impl<R: Real> Phased<R> {
    /// Notes the step where it is the first at the target.
    #[inline(always)]
    fn note<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>, target: R) {
        let (loss, reached) = (access.get(self.layout.loss), access.get(self.layout.reached));
        let is_first = loss.le(loss.constant(target)) & reached.lt(reached.constant(R::ZERO));
        let step = access.step();
        access.set(self.layout.reached, L::choose(is_first, step, reached));
    }

    /// Notes how far the variables are. What becomes NaN stays so until the window's end, when it is looked for.
    #[inline(always)]
    fn reach<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let mut reach = access.get(self.layout.reach);
        for d in 0..self.variables {
            reach = greatest(reach, access.get(d).abs());
        }
        access.set(self.layout.reach, reach);
    }

    /// How far the orbit is from its reference, and from the origin; of an orbit with a NaN, which has diverged, any
    /// numbers.
    #[inline(always)]
    fn distances<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) -> (L, L) {
        let x = access.get(0);
        let (mut distance, mut reach) = (x.constant(R::ZERO), x.constant(R::ZERO));
        for d in 0..self.layout.dims {
            let (x, reference) = (access.get(d), access.get(self.layout.reference + d));
            distance = greatest(distance, (x - reference).abs());
            reach = greatest(reach, x.abs());
        }
        (distance, reach)
    }

    /// Whether an orbit that is `distance` from an earlier point of its own has come back to it.
    #[inline(always)]
    fn is_return<L: LaneOf<R>>(&self, distance: L, reach: L, grain: L) -> L::Truth {
        distance.le(grain * reach + R::from_f64(MATCH) * self.tolerance)
    }

    #[inline(always)]
    fn search<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let Layout { before, period, matched, grain, .. } = self.layout;
        let (distance, reach) = self.distances(access);
        let (nearest, was_matched) = (access.get(before), access.get(matched));
        let is_unmatched = was_matched.eq(was_matched.constant(R::ZERO));
        let is_found = distance.lt(nearest * R::from_f64(0.5)) & is_unmatched;
        let matches = is_found & self.is_return(distance, reach, access.get(grain));
        let (count, last) = (access.count(), access.get(period));
        access.set(before, L::choose(is_found, distance, nearest));
        access.set(period, L::choose(is_found, count, last));
        access.set(matched, L::choose(matches, was_matched.constant(R::ONE), was_matched));
    }

    #[inline(always)]
    fn measure<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let layout = &self.layout;
        let (count, limit) = (access.count(), access.get(layout.limit));
        let is_inside = count.le(limit);
        let mut key = count.constant(R::ZERO);
        for (d, &weight) in self.weights.iter().enumerate() {
            let x = access.get(d);
            let (low, high) = (access.get(layout.low + d), access.get(layout.high + d));
            key = key + x * weight;
            access.set(layout.low + d, L::choose(is_inside, least(low, x), low));
            access.set(layout.high + d, L::choose(is_inside, greatest(high, x), high));
        }
        let best = access.get(layout.key);
        let is_best = is_inside & best.lt(key);
        access.set(layout.key, L::choose(is_best, key, best));
        let pointed = access.get(layout.pointed);
        access.set(layout.pointed, L::choose(is_best, count, pointed));
        for d in 0..layout.dims {
            let (x, point) = (access.get(d), access.get(layout.point + d));
            access.set(layout.point + d, L::choose(is_best, x, point));
        }
        let (distance, reach) = self.distances(access);
        let (returned, grain) = (access.get(layout.returned), access.get(layout.grain));
        let is_away = returned.eq(returned.constant(R::ZERO));
        let returns = is_away & self.is_return(distance, reach, grain);
        access.set(layout.returned, L::choose(returns, count, returned));
        let (period, after, far) =
            (access.get(layout.period), access.get(layout.after), access.get(layout.far));
        access.set(layout.after, L::choose(count.eq(period), distance, after));
        access.set(layout.far, L::choose(count.eq(limit), distance, far));
        let (loss, sum) = (access.get(layout.loss), access.get(layout.loss_measured));
        access.set(layout.loss_measured, L::choose(is_inside, sum + loss, sum));
        Growth { layout: self.layout, within: true }.observe(access);
    }

    #[inline(always)]
    fn sample<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let layout = &self.layout;
        for d in 0..layout.dims {
            let x = access.get(d);
            let (low, high) = (access.get(layout.sample_low + d), access.get(layout.sample_high + d));
            access.set(layout.sample_low + d, least(low, x));
            access.set(layout.sample_high + d, greatest(high, x));
        }
        let (loss, sum) = (access.get(layout.loss), access.get(layout.loss_sampled));
        access.set(layout.loss_sampled, sum + loss);
    }
}

/// Takes the tangent vector's binary exponent out of it and into the sum; a vector that has vanished or overflowed
/// starts anew.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub layout: Layout,
    /// Whether only lanes within their limit count.
    pub within: bool,
}

impl<R: Real> Observer<R> for Growth {
    #[inline(always)]
    fn observe<L: LaneOf<R>>(&self, access: &mut impl Access<Lane = L>) {
        let Layout { dims, tangent, exponent, factor, limit, .. } = self.layout;
        let mut length = access.get(tangent).abs();
        for d in 1..dims {
            length = larger(length, access.get(tangent + d).abs());
        }
        let (zero, one) = (length.constant(R::ZERO), length.constant(R::ONE));
        let (down, power) = R::normalize(length);
        let is_lost = length.eq(zero) | down.lt(zero);
        let reduced = L::choose(is_lost, one, length * down);
        let (sum, last) = (access.get(exponent), access.get(factor));
        let (sum, reduced) = if self.within {
            let is_inside = access.count().le(access.get(limit));
            (L::choose(is_inside, sum + power, sum), L::choose(is_inside, reduced, last))
        } else {
            (sum + power, reduced)
        };
        access.set(exponent, sum);
        access.set(factor, reduced);
        for d in 0..dims {
            let v = access.get(tangent + d);
            access.set(tangent + d, L::choose(is_lost, one, v * down));
        }
    }
}

/// The larger of two, NaN if one is NaN.
#[inline(always)]
pub fn larger<L: Lane>(a: L, b: L) -> L {
    L::choose(a.lt(b) | !b.eq(b), b, a)
}
