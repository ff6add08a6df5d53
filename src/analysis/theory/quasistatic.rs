//! Quasistatic motion along a valley, (4.6)-(4.8) of the paper.
//!
//! On a loss f(h(x) y) that grows subquadratically in y, gradient descent with a large learning rate
//! bounces between the walls of the valley y = 0. While x moves slowly, y follows the orbit of period 2 that
//! belongs to the x of the moment, and x follows the gradient of log h.

/// A valley f(h(x) y): a subquadratic profile f across it, stretched by h > 0 along it.
pub struct Valley<F, H, G> {
    /// f', odd and increasing, with f'(z)/z decreasing from f''(0) on.
    pub slope: F,
    /// f''(0).
    pub curvature: f64,
    /// h.
    pub stretch: H,
    /// The gradient of log h.
    pub log_gradient: G,
}

/// A point of the motion: where along the valley, and how far from its bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Along the valley, in any number of coordinates.
    pub x: Vec<f64>,
    /// Distance of both points of the bouncing orbit from the bottom of the valley; 0 where the valley
    /// is so flat that descent settles.
    pub y: f64,
}

impl<F, H, G> Valley<F, H, G>
where
    F: Fn(f64) -> f64,
    H: Fn(&[f64]) -> f64,
    G: Fn(&[f64]) -> Vec<f64>,
{
    /// The y > 0 whose orbit of period 2 is {y, -y}, (4.7): eta f'(h y) h = 2 y. 0 if there is none, which
    /// is where the curvature h^2 f''(0) is at most 2/eta.
    pub fn amplitude(&self, eta: f64, x: &[f64]) -> f64 {
        let h = (self.stretch)(x);
        // In z = h y: f'(z)/z falls from f''(0) to this.
        let wanted = 2.0 / (eta * h * h);
        if wanted >= self.curvature {
            return 0.0;
        }
        let above = |z: f64| (self.slope)(z) > wanted * z;
        let mut high = 1.0;
        while above(high) {
            high *= 2.0;
        }
        let mut low = high / 2.0;
        while !above(low) && low > f64::MIN_POSITIVE {
            low /= 2.0;
        }
        // As far as numbers are apart.
        for _ in 0..f64::MANTISSA_DIGITS + 2 {
            let middle = 0.5 * (low + high);
            if above(middle) { low = middle } else { high = middle }
        }
        0.5 * (low + high) / h
    }

    /// The motion from `start`, as points t = 0 .. `steps`: x moves by -2 y^2 grad log h(x), (4.8).
    pub fn path(&self, eta: f64, start: &[f64], steps: u32) -> impl Iterator<Item = Point> {
        let mut x = start.to_vec();
        (0..=steps).map(move |_| {
            let y = self.amplitude(eta, &x);
            let point = Point { x: x.clone(), y };
            for (coordinate, slope) in x.iter_mut().zip((self.log_gradient)(&point.x)) {
                *coordinate -= 2.0 * y * y * slope;
            }
            point
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amplitude_solves_its_equation() {
        // f'(z) = atan(z): with z = h y, atan(z)/z = 2/(eta h^2). At z = 1 that is pi/4.
        let valley = Valley {
            slope: f64::atan,
            curvature: 1.0,
            stretch: |x: &[f64]| x[0],
            log_gradient: |x: &[f64]| vec![1.0 / x[0]],
        };
        for h in [0.5, 1.0, 3.0] {
            let eta = 8.0 / (std::f64::consts::PI * h * h);
            assert!((valley.amplitude(eta, &[h]) - 1.0 / h).abs() < 1e-15 / h);
            // At and below 2/(h^2 f''(0)) descent settles.
            assert_eq!([2.0, 1.9, 1e-3].map(|eta| valley.amplitude(eta / (h * h), &[h])), [0.0; 3]);
            // Just above: atan(z)/z = 1 - z^2/3, so z = sqrt(3 e) where 2/eta = 1 - e.
            let near = valley.amplitude(2.0 / (1.0 - 1e-6) / (h * h), &[h]);
            assert!((near * h / 3e-6_f64.sqrt() - 1.0).abs() < 1e-5, "{near}");
        }
    }

    #[test]
    fn the_motion_ends_where_descent_settles() {
        // A profile f' = atan in a valley of h = exp(-x): x moves by 2 y^2 to where h^2 = 2/eta.
        let valley = Valley {
            slope: f64::atan,
            curvature: 1.0,
            stretch: |x: &[f64]| (-x[0]).exp(),
            log_gradient: |_: &[f64]| vec![-1.0],
        };
        let eta = 2.2;
        let points: Vec<Point> = valley.path(eta, &[0.0], 100_000).collect();
        assert_eq!((points.len(), points[0].x[0]), (100_001, 0.0));
        assert!(points.windows(2).all(|pair| pair[0].x[0] <= pair[1].x[0] && pair[0].y >= pair[1].y));
        let end = 0.5 * (eta / 2.0_f64).ln();
        let last = points.last().unwrap();
        assert!((last.x[0] - end).abs() < 1e-4, "{last:?}, {end}");
    }
}
