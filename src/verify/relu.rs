//! Section 6: the losses of the small ReLU network (6.1), and how their scales come from the data.

use super::ensemble::{Lab, largest, logspace, uniform};
use super::{Claim, network};
use crate::analysis::theory::Curve;
use crate::error::Result;
use crate::landscape::Landscape;

/// The network (6.1) for an input x > 0.
pub const NETWORK: &str = "1 - relu(w*x + 1) + 2*relu(w*x) - relu(w*x - 1)";
/// Magnitudes of the data that the sharpness is followed over: a decade apart.
const DECADES: usize = 7;

/// All claims of the section.
pub fn check(lab: &Lab) -> Result<Vec<Claim>> {
    let mut claims = vec![piecewise(lab, NETWORK)?, total(lab, &spread_out(DECADES, 1e3)?)?];
    claims.push(population(lab, &Landscape::load("relu-uniform")?, 3.0)?);
    claims.extend(sharpness(&spread_out(DECADES, 1e3)?)?);
    claims.extend(network::check(lab, |depth| 1.0 / depth as f64, 1.0));
    Ok(claims)
}

/// The landscape `relu-data` with so many inputs from 1/spread to spread.
pub fn spread_out(inputs: usize, spread: f64) -> Result<Landscape> {
    let mut landscape = Landscape::load("relu-data")?;
    landscape.parameters.insert("N".to_owned(), inputs as f64);
    landscape.parameters.insert("spread".to_owned(), spread);
    Ok(landscape)
}

/// The network's output as a function of w is 1, |x w| or 1.
pub fn piecewise(lab: &Lab, network: &str) -> Result<Claim> {
    let count: u32 = lab.size(1_000, 20_000);
    let mut output = Curve::new(&Landscape {
        parameters: [("x".to_owned(), 1.0)].into(),
        ..Landscape::from_loss(network, &["w"], Default::default())?
    })?;
    // Only w x matters, but not to rounding: both are drawn.
    let mut off = Vec::new();
    for k in 0..count {
        let x = 10f64.powf(uniform([k, 256], [-3.0, 3.0]));
        let z = uniform([k, 257], [-3.0, 3.0]);
        let w = z / x;
        let wanted = if w <= -1.0 / x || w > 1.0 / x { 1.0 } else { (x * w).abs() };
        // The network's own input is w x, for which x = 1 stands.
        off.push((output.value(w * x) - wanted).abs());
    }
    Ok(Claim::new(
        "the network (6.1) is 1, |x w|, 1 piece by piece",
        "Sec. 6",
        u64::from(count),
        (largest(off), 4.0 * f64::EPSILON),
        "worst: difference, at |w| up to 3/x",
    ))
}

/// The data's magnitudes in ascending order.
fn inputs(landscape: &Landscape) -> Vec<f64> {
    let (count, spread) = (landscape.parameters["N"], landscape.parameters["spread"]);
    logspace([1.0 / spread, spread], count as usize).collect()
}

/// L(w) piece by piece, and its second derivative: with the k smallest inputs in their parabolas.
fn pieces(inputs: &[f64], w: f64) -> [f64; 2] {
    let n = inputs.len() as f64;
    let k = inputs.iter().filter(|x| **x * w.abs() <= 1.0).count();
    let squares = inputs[..k].iter().map(|x| x * x).sum::<f64>() / n;
    [squares * w * w + (n - k as f64) / n, 2.0 * squares]
}

/// The loss over several data is the piecewise formula.
pub fn total(lab: &Lab, landscape: &Landscape) -> Result<Claim> {
    let inputs = inputs(landscape);
    let mut loss = Curve::new(landscape)?;
    let points = lab.size(500, 5000);
    let off = logspace([1e-4, 1e4], points).map(|w| {
        let [wanted, _] = pieces(&inputs, w);
        let found = [w, -w].map(|w| (loss.value(w) / wanted - 1.0).abs());
        largest(found)
    });
    Ok(Claim::new(
        "the loss is quadratic or constant, piece by piece",
        "Sec. 6",
        2 * points as u64,
        (largest(off), 1e-13),
        format!("worst: relative difference, for {DECADES} inputs from 0.001 to 1000"),
    ))
}

/// (6.2) is the mean over a uniform distribution on [0, C].
pub fn population(lab: &Lab, landscape: &Landscape, c: f64) -> Result<Claim> {
    let mut loss = Curve::new(landscape)?;
    let points = lab.size(500, 5000);
    let off = logspace([1e-3, 1e3], points).map(|w| {
        let square = |x: f64| (x * w).abs().min(1.0).powi(2);
        // The integrand has its kink at 1/w; each piece is a polynomial that Simpson's rule integrates.
        let kink = c.min(1.0 / w);
        let simpson = |a: f64, b: f64| (b - a) / 6.0 * (square(a) + 4.0 * square(0.5 * (a + b)) + square(b));
        let wanted = (simpson(0.0, kink) + simpson(kink, c)) / c;
        largest([w, -w].map(|w| (loss.value(w) / wanted - 1.0).abs()))
    });
    Ok(Claim::new(
        "(6.2) is the loss of uniform data",
        "(6.2)",
        2 * points as u64,
        (largest(off), 1e-13),
        format!("worst: relative difference from quadrature, C = {c}"),
    ))
}

/// The sharpness toward w = 0.
pub fn sharpness(landscape: &Landscape) -> Result<Vec<Claim>> {
    let inputs = inputs(landscape);
    let mut loss = Curve::new(landscape)?;
    // In the middle of every piece that curves, from the outermost to the one around 0.
    let places = (0..inputs.len()).map(|k| match inputs.get(k + 1) {
        Some(next) => 1.0 / (inputs[k] * next).sqrt(),
        None => 0.5 / inputs[k],
    });
    let found: Vec<(f64, f64)> = places.map(|w| (w, loss.curvature(w))).collect();
    let off = largest(found.iter().map(|(w, s)| (s / pieces(&inputs, *w)[1] - 1.0).abs()));
    let growth = found.windows(2).map(|pair| pair[0].1 / pair[1].1);
    let table: Vec<String> = found.iter().map(|(w, s)| format!("{s:.1e} at w = {w:.1e}")).collect();
    Ok(vec![
        Claim::new(
            "the sharpness of each piece is (2/n) sum x_i^2",
            "Sec. 6",
            found.len() as u64,
            (off, 1e-13),
            "worst: relative difference, between the kinks",
        ),
        Claim::new(
            "toward w = 0 it grows by orders of magnitude",
            "Sec. 6",
            found.len() as u64,
            (largest(growth), 0.0101),
            format!("worst: sharpness over that a decade nearer to 0; {}", table.join(", ")),
        ),
    ])
}
