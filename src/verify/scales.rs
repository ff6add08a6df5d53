//! Section 5: decays of the learning rate at like losses lead to unlike times.

use super::Claim;
use super::ensemble::{Lab, largest};
use crate::error::{Error, Result};
use crate::experiment::{Draft, LandscapeKey};
use crate::landscape::Landscape;
use crate::orbit::Row;

/// The loss that counts as converged into the small valley, and the steps in which it must be reached.
const REACHED: f64 = 1e-3;
const STEPS: u32 = 5000;

/// For the three decays of Fig. 5.1.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    check_on(lab, &Landscape::load("two-valleys")?, &[650, 700, 750])
}

/// For any two-valley landscape and steps of decay, ascending.
pub fn check_on(_: &Lab, landscape: &Landscape, decays: &[u32]) -> Result<Vec<Claim>> {
    let (mut losses, mut times, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
    for &decay in decays {
        let rows = orbit(landscape, decay)?;
        let arrival = rows.iter().find(|row| row.point[0] > -4.0);
        arrivals.push(arrival.map_or(f64::NAN, |row| (f64::from(row.t) - 466.0).abs()));
        losses.push(rows[decay as usize].loss);
        let reached = rows.iter().find(|row| row.t >= decay && row.loss < REACHED);
        times.push(reached.map_or(f64::NAN, |row| f64::from(row.t - decay)));
    }
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let list = |values: &[f64], digits: usize| {
        values.iter().map(|x| format!("{x:.digits$}")).collect::<Vec<_>>().join(", ")
    };
    let decayed = decays.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let cases = decays.len() as u64;
    Ok(vec![
        Claim::new(
            "x1 exceeds -4 at iteration 466",
            "Fig. 5.1",
            cases,
            (largest(arrivals), 0.0),
            "worst: iterations off",
        ),
        Claim::new(
            "the losses at the decays are similar",
            "Sec. 5",
            cases,
            (largest(losses.iter().map(|loss| (loss / mean - 1.0).abs())), 0.05),
            format!("worst: relative deviation from their mean; at {decayed}: {}", list(&losses, 4)),
        ),
        Claim::new(
            "the times to converge are drastically different",
            "Sec. 5",
            cases,
            // By more than half each time.
            (largest(times.windows(2).map(|pair| pair[1] / pair[0])), 0.667),
            format!(
                "worst: a decay's time over that of the one 50 steps earlier; steps to a loss below {REACHED} after \
                 {decayed}: {}",
                list(&times, 0)
            ),
        ),
    ])
}

/// Fig. 5.1 with a decay.
fn orbit(landscape: &Landscape, decay: u32) -> Result<Vec<Row>> {
    let text = format!("eta = \"2.5@0,0.25@{decay}\"\nset = {{ x1 = -20, x2 = 3 }}");
    let draft = Draft::parse(&text).map_err(Error::Request)?;
    let setup = Draft { landscape: Some(LandscapeKey::Table(landscape.clone())), ..draft }.setup()?;
    Ok(crate::orbit(&setup, STEPS)?.collect())
}
