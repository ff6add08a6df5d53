//! The ball that descent ends in on a subquadratic loss (Theorem 4.3).

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::Optimizer;
use crate::formula::LANES;
use crate::landscape::Landscape;

/// Points that a field is sampled at: circles evenly spaced in the logarithm of the radius, from this one.
const SAMPLES: usize = 1 << 20;
const NEAREST: f64 = 1e-3;
/// Directions of a loss of two variables.
const DIRECTIONS: usize = 256;

/// A gradient sampled on circles around the origin, or at +-r for one variable.
pub struct Field {
    samples: Vec<Sample>,
}

struct Sample {
    radius: f64,
    /// Length of the gradient.
    slope: f64,
    /// Its component outwards.
    outwards: f64,
}

/// What the proof of Theorem 4.3 finds for a learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// c of Definition 4.1: the least cosine between the gradient and the way from the minimum.
    pub cosine: f64,
    /// r_1, no less than the first circle: every step from farther out leads nearer, by (4.5).
    pub leaving: f64,
    /// r_2, the bound on R_eta: no step from within r_1 leads farther.
    pub bound: f64,
}

impl Field {
    /// Samples the gradient of a loss of one or two variables, with the usual parameters, up to
    /// `farthest` from its minimum at 0.
    ///
    /// # Errors
    /// [`crate::Error::Formula`].
    pub fn new(landscape: &Landscape, farthest: f64) -> Result<Self> {
        let step = |graph: &mut crate::formula::Graph| Ok(graph.constant(1.0));
        let descent = Descent::new(landscape, Optimizer::Gd, step, |name| landscape.usual(name))?;
        let mut tracer = Tracer::new(&descent, 0);
        let directions: Vec<Vec<f64>> = match descent.variables {
            1 => vec![vec![1.0], vec![-1.0]],
            _ => (0..DIRECTIONS)
                .map(|k| std::f64::consts::TAU * k as f64 / DIRECTIONS as f64)
                .map(|angle| vec![angle.cos(), angle.sin()])
                .collect(),
        };
        let (ratio, circles) = (farthest / NEAREST, SAMPLES / directions.len());
        let radii = (0..circles).map(|k| NEAREST * ratio.powf(k as f64 / (circles - 1) as f64));
        let places: Vec<(f64, &Vec<f64>)> =
            radii.flat_map(|radius| directions.iter().map(move |direction| (radius, direction))).collect();
        let mut samples = Vec::with_capacity(places.len());
        for block in places.chunks(LANES) {
            for (lane, (radius, direction)) in block.iter().enumerate() {
                let point: Vec<f64> = direction.iter().map(|d| d * radius).collect();
                tracer.place(lane, &point, []);
            }
            tracer.observe(0, block.len());
            samples.extend(block.iter().enumerate().map(|(lane, (radius, direction))| Sample {
                radius: *radius,
                slope: tracer.gradient(lane).map(|g| g * g).sum::<f64>().sqrt(),
                outwards: tracer.gradient(lane).zip(*direction).map(|(g, d)| g * d).sum(),
            }));
        }
        Ok(Self { samples })
    }
}

/// Steps of descent from a distance `from` down to `to`, where they are short: the integral of dr over eta
/// times the weakest pull inwards at r.
pub fn steps_inwards(field: &Field, eta: f64, [from, to]: [f64; 2]) -> f64 {
    let circles = field.samples.chunk_by(|a, b| a.radius == b.radius);
    let pulls: Vec<(f64, f64)> = circles
        .map(|circle| (circle[0].radius, circle.iter().map(|s| s.outwards).fold(f64::INFINITY, f64::min)))
        .filter(|(radius, _)| (to..=from).contains(radius))
        .collect();
    let pace = |(_, pull): (f64, f64)| 1.0 / (eta * pull);
    pulls.windows(2).map(|pair| 0.5 * (pair[1].0 - pair[0].0) * (pace(pair[0]) + pace(pair[1]))).sum()
}

/// The proof's radii for a learning rate, as far as the samples tell; none if the gradient somewhere points
/// away from the minimum, or is too long out to the last circle.
pub fn ball(field: &Field, eta: f64) -> Option<Ball> {
    let samples = &field.samples;
    let cosine = samples.iter().map(|s| s.outwards / s.slope).fold(1.0, f64::min);
    let leaves = |s: &&Sample| s.slope >= 2.0 * cosine / eta * s.radius;
    let leaving = samples.iter().filter(leaves).map(|s| s.radius).fold(NEAREST, f64::max);
    if cosine <= 0.0 || leaving >= samples.last()?.radius {
        return None;
    }
    let after = |s: &Sample| {
        let (outwards, across) = (s.radius - eta * s.outwards, s.slope * s.slope - s.outwards * s.outwards);
        (outwards * outwards + eta * eta * across.max(0.0)).sqrt()
    };
    let inside = samples.iter().filter(|s| s.radius <= leaving);
    Some(Ball { cosine, leaving, bound: inside.map(after).fold(leaving, f64::max) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f2_has_the_ball_that_its_formula_gives() {
        // f2' = 2/(9 w^2) beyond 1/3 and 6 w within: r_1^3 = eta/9, and the longest step starts at 1/3.
        let field = Field::new(&Landscape::load("f2").unwrap(), 1e4).unwrap();
        for eta in [0.5, 2.0, 100.0] {
            let ball = ball(&field, eta).unwrap();
            assert_eq!(ball.cosine, 1.0);
            let (leaving, bound) = ((eta / 9.0).cbrt(), 2.0 * eta - 1.0 / 3.0);
            assert!((ball.leaving / leaving - 1.0).abs() < 1e-4, "{eta}: {ball:?}");
            assert!((ball.bound / bound - 1.0).abs() < 1e-4, "{eta}: {ball:?}");
            // dr/dt = -eta 2/(9 r^2).
            let steps = steps_inwards(&field, eta, [1e3, 10.0]) / (1.5 * (1e9 - 1e3) / eta);
            assert!((steps - 1.0).abs() < 1e-3, "{eta}: {steps}");
        }
    }

    #[test]
    fn a_parabola_and_a_saddle_have_none() {
        let field =
            |loss| Field::new(&Landscape::from_loss(loss, &["x", "y"], Default::default()).unwrap(), 1e4);
        assert_eq!(ball(&field("x^2 + y^2").unwrap(), 2.0), None);
        assert_eq!(ball(&field("x^2 - y^2").unwrap(), 0.1), None);
        // A contraction from everywhere: the origin is enough.
        assert_eq!(ball(&field("x^2 + y^2").unwrap(), 0.1).unwrap().bound, NEAREST);
    }
}
