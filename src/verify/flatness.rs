//! Section 4.4: the slow motion along the valley of Fig. 4.2, against (4.6) to (4.8).

use super::Claim;
use super::ensemble::{Lab, Start, descent, follow, largest};
use crate::analysis::theory::{Curve, Quasistatic};
use crate::error::Result;
use crate::landscape::Landscape;

const ETA: f64 = 3.0;
const START: [f64; 2] = [1.0, 1.0];
/// Steps that the two are compared over, as in the figure.
const STEPS: usize = 4000;
/// Steps in which the cycle is reached.
const TRANSIENT: usize = 100;

/// For the valley of Fig. 4.2.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    check_on(lab, &Landscape::load("valley")?, "1/(1 + 0.01*x)")
}

/// For a valley f1(h(x1) x2) and what is taken for its h, a formula in x.
pub fn check_on(lab: &Lab, valley: &Landscape, h: &str) -> Result<Vec<Claim>> {
    let f = Curve::new(&Landscape::load("f1")?)?;
    let mut motion = Quasistatic { f, h: Curve::of(h, "x")?, eta: ETA };
    let orbit = orbit(valley, lab.size(400_000, 2_000_000))?;
    let mut quasistatic = vec![START[0]];
    for t in 0..STEPS {
        quasistatic.push(motion.step(quasistatic[t]));
    }
    let along = largest(orbit.iter().zip(&quasistatic).map(|(point, x)| (point[0] - x).abs()));
    let across = |t: usize| (orbit[t][1].abs() / motion.y(quasistatic[t]) - 1.0).abs();
    let across = largest((TRANSIENT..STEPS).map(across));
    let travelled = orbit[STEPS][0] - START[0];

    let pace = |t: usize| (orbit[t + 100][0] - orbit[t][0]).abs();
    let faster = (TRANSIENT..STEPS - 100).filter(|&t| pace(t + 100) > pace(t)).count();
    let stop = motion.stop(START[0], 1e4).unwrap_or(f64::NAN);
    let last = orbit[orbit.len() - 1];
    Ok(vec![
        Claim::new(
            "(4.8) is a very good approximation of x1",
            "(4.8), Fig. 4.2",
            STEPS as u64 + 1,
            (along / travelled.abs(), 0.01),
            format!(
                "worst: |x1 - quasistatic x1| = {along:.4} of the {travelled:.3} travelled in {STEPS} steps"
            ),
        ),
        Claim::new(
            "|x2| follows the cycle (4.7)",
            "(4.7), Fig. 4.2",
            (STEPS - TRANSIENT) as u64,
            (across, 0.05),
            format!("worst: |x2|/y - 1 from step {TRANSIENT} on; |x2| falls to {:.4}", orbit[STEPS][1].abs()),
        ),
        Claim::new(
            "the motion gets slower and slower",
            "Fig. 4.2",
            (STEPS - 100 - TRANSIENT) as u64,
            (faster as f64, 0.0),
            format!(
                "worst: steps after which 100 more lead farther than the 100 before; {:.2e} a step at first, {:.2e} at \
                 the end",
                pace(TRANSIENT) / 100.0,
                pace(STEPS - 100) / 100.0
            ),
        ),
        Claim::new(
            "it stops where the sharpness is 2/eta",
            "Sec. 4.4",
            orbit.len() as u64,
            ((last[0] / stop - 1.0).abs(), 0.01),
            format!(
                "x1 = {:.4} after {} steps, and 2/eta is at {stop:.4}; it gets there like 1/t, with |x2| down to {:.1e} but \
                 never 0",
                last[0],
                orbit.len() - 1,
                last[1].abs()
            ),
        ),
    ])
}

/// Fig. 4.2's points.
fn orbit(valley: &Landscape, steps: usize) -> Result<Vec<[f64; 2]>> {
    let start = [Start { point: START.to_vec(), eta: ETA }];
    let points = follow(&descent(valley)?, &start, |tracer, _| {
        let mut points = vec![START];
        for t in 0..steps {
            tracer.observe(t as u32, 1);
            tracer.step();
            let mut point = tracer.point(0);
            points.push([(); 2].map(|()| point.next().unwrap_or(f64::NAN)));
        }
        points
    });
    Ok(points.concat())
}
