//! Where descent in one dimension stops converging, and the cycle of period 2 beyond (Sec. 4.1).

use super::Curve;

/// 2/f''(0): the learning rate above which the minimum at 0 is unstable.
pub fn threshold(curve: &mut Curve) -> f64 {
    2.0 / curve.curvature(0.0)
}

/// x_eta of Lemma 4.1: the positive solution of `eta f'(x) = 2 x`, to the last digit by bisection; none if
/// there is none.
///
/// For f as in the lemma, f'(x)/x decreases from f''(0) to 0, so a bracket of 2/eta holds the one solution.
pub fn x_eta(curve: &mut Curve, eta: f64) -> Option<f64> {
    let mut is_below = |x: f64| {
        let moved = eta * curve.slope(x);
        (moved.is_finite() && x.is_normal()).then_some(moved > 2.0 * x)
    };
    let (mut low, mut high) = (1.0, 1.0);
    while is_below(high)? {
        high *= 2.0;
    }
    while !is_below(low)? {
        low *= 0.5;
    }
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return Some(middle);
        }
        if is_below(middle)? { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::Landscape;

    #[test]
    fn f1_has_the_orbit_of_its_own_equation() {
        let mut f1 = Curve::new(&Landscape::load("f1").unwrap()).unwrap();
        assert_eq!(threshold(&mut f1), 2.0);
        for x in [1e-6_f64, 0.01, 0.5, 3.0, 1e3, 1e9] {
            // eta ln(1 + x) = 2 x, solved for eta.
            let found = x_eta(&mut f1, 2.0 * x / x.ln_1p()).unwrap();
            // Near the threshold x_eta is about eta - 2, which has lost digits.
            assert!((found / x - 1.0).abs() < 1e-14 + 1e-15 / x, "{x}: {found}");
        }
        assert_eq!(x_eta(&mut f1, 2.0), None);
        assert_eq!(x_eta(&mut f1, 1.5), None);
    }

    #[test]
    fn a_parabola_has_no_orbit() {
        let mut parabola = Curve::of("3*x^2", "x").unwrap();
        assert_eq!(threshold(&mut parabola), 1.0 / 3.0);
        assert_eq!([0.1, 0.5].map(|eta| x_eta(&mut parabola, eta)), [None, None]);
    }
}
