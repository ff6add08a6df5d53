//! The slow motion along a valley f(h(x) y) while descent bounces between its walls (Sec. 4.4).

use super::{Curve, threshold, x_eta};

/// The motion (4.8) of x, with y on the cycle (4.7) of where x is.
pub struct Quasistatic {
    /// The valley's profile.
    pub f: Curve,
    /// How steep it is along x: a function h(x) > 0.
    pub h: Curve,
    /// The learning rate.
    pub eta: f64,
}

impl Quasistatic {
    /// The y > 0 of (4.7), `eta f'(h y) h = 2 y`; 0 where there is none, for the cycle has shrunk to the
    /// minimum.
    pub fn y(&mut self, x: f64) -> f64 {
        // With u = h y it is the equation of x_eta for the rate eta h^2.
        let h = self.h.value(x);
        x_eta(&mut self.f, self.eta * h * h).unwrap_or(0.0) / h
    }

    /// x after a step of (4.8): `x - 2 y^2 h'(x)/h(x)`.
    pub fn step(&mut self, x: f64) -> f64 {
        let y = self.y(x);
        x - 2.0 * y * y * self.h.slope(x) / self.h.value(x)
    }

    /// The points (x, y) of the motion from `start`, at t = 0, 1, ...
    pub fn path(mut self, start: f64) -> impl Iterator<Item = (f64, f64)> {
        let mut x = start;
        std::iter::repeat_with(move || {
            let point = (x, self.y(x));
            x = self.step(x);
            point
        })
    }

    /// Where the motion stops between `from` and `to`: at the first point whose curvature across,
    /// f''(0) h^2, is down to 2/eta. None if it is not there.
    pub fn stop(&mut self, from: f64, to: f64) -> Option<f64> {
        let limit = threshold(&mut self.f);
        let mut is_sharp = |x: f64| {
            let h = self.h.value(x);
            self.eta * h * h > limit
        };
        let (mut sharp, mut flat) = (from, to);
        if !is_sharp(sharp) || is_sharp(flat) {
            return None;
        }
        for _ in 0..200 {
            let middle = 0.5 * (sharp + flat);
            if is_sharp(middle) { sharp = middle } else { flat = middle }
        }
        Some(flat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::Landscape;

    #[test]
    fn the_valley_of_figure_4_2() {
        let f = Curve::new(&Landscape::load("f1").unwrap()).unwrap();
        let h = Curve::of("1/(1 + 0.01*x)", "x").unwrap();
        let mut motion = Quasistatic { f, h, eta: 3.0 };
        // eta h ln(1 + h y) = 2 y at x = 1, and d/dx log h = -1/(100 + x).
        let (h, y) = (1.0 / 1.01, motion.y(1.0));
        assert!((3.0 * h * (h * y).ln_1p() / (2.0 * y) - 1.0).abs() < 1e-14);
        assert!((motion.step(1.0) - (1.0 + 2.0 * y * y / 101.0)).abs() < 1e-15);
        let stop = 100.0 * (1.5_f64.sqrt() - 1.0);
        assert!((motion.stop(1.0, 100.0).unwrap() - stop).abs() < 1e-11);
        assert_eq!((motion.y(stop + 0.1), motion.step(30.0)), (0.0, 30.0));
        assert_eq!(motion.stop(1.0, 2.0), None);
    }
}
