//! Lemma 4.1: the cycle +-x_eta exists above 2/f''(0), and grows with eta.

use super::Claim;
use super::ensemble::{Lab, largest, logspace, section};
use crate::analysis::theory::{Curve, threshold, x_eta};
use crate::error::Result;
use crate::landscape::Landscape;

/// f1, and the paper's valleys across their bottoms, which are f1 of another width.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    let valley = Landscape::load("valley")?;
    let crossing = Landscape::load("two-valleys")?;
    // h of Fig. 5.1 alone: the narrow valley is neither convex nor subquadratic from one end to the other.
    let wide = Landscape { loss: "h(x1, x2)".to_owned(), ..crossing };
    let mut curves = vec![Landscape::load("f1")?];
    curves.extend([-50.0, 1.0, 20.0].map(|x1| section(&valley, "x2", &[("x1", x1)])));
    curves.extend([-20.0, -4.0].map(|x1| section(&wide, "x2", &[("x1", x1)])));
    check_curves(lab, &curves)
}

/// The same for any subquadratic functions of one variable.
pub fn check_curves(lab: &Lab, landscapes: &[Landscape]) -> Result<Vec<Claim>> {
    let count = lab.size(200, 2000);
    let (mut cases, mut residuals, mut missing, mut shrinking) = (0, Vec::new(), 0, 0);
    for landscape in landscapes {
        let mut curve = Curve::new(landscape)?;
        let limit = threshold(&mut curve);
        let mut last = 0.0;
        for excess in logspace([1e-6, 1e3], count) {
            cases += 1;
            let eta = limit * (1.0 + excess);
            let Some(x) = x_eta(&mut curve, eta) else {
                missing += 1;
                continue;
            };
            residuals.push((eta * curve.slope(x) / (2.0 * x) - 1.0).abs());
            shrinking += u64::from(x <= last);
            last = x;
        }
    }
    let places = landscapes.len();
    let (worst, unseen) = (largest(residuals), shrinking + missing);
    Ok(vec![
        Claim::new(
            "x_eta exists for eta > 2/f''(0)",
            "Lemma 4.1",
            cases,
            (if missing == 0 { worst } else { f64::NAN }, 1e-14),
            format!(
                "{places} functions (f1, the valleys of Figs. 4.2 and 5.1 across), eta from 1.000001 to 1001 times \
                 2/f''(0); {missing} without x_eta; worst: eta f'(x)/(2 x) - 1. f1'' goes to 0, so f1 is convex, \
                 but not strongly convex as Sec. 4.1 first asks"
            ),
        ),
        Claim::new(
            "x_eta increases with eta",
            "Lemma 4.1",
            cases,
            (unseen as f64, 0.0),
            "worst: learning rates whose x_eta is missing, or no larger than that of the one before",
        ),
    ])
}
