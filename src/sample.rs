//! What the formulas say at given points or over a plane: in f64, many points side by side.

use rayon::prelude::*;

use crate::descent::Descent;
use crate::engine::cpu::Tracer;
use crate::error::Result;
use crate::experiment::{Axis, MOMENTUM, Setup};
use crate::formula::LANES;
use crate::phase::{AT_REST, excess};

/// The loss of `setup` at each of `points`, shape `[points, variables]`.
///
/// # Errors
/// Those of the landscape's formula.
pub fn losses(setup: &Setup, points: &[Vec<f64>]) -> Result<Vec<f64>> {
    // A loss has no learning rate.
    let eta = |graph: &mut crate::formula::Graph| Ok(graph.constant(1.0));
    let descent = Descent::new(&setup.landscape.body, setup.optimizer, eta, |name| setup.value(name))?;
    let blank = Tracer::new(&descent, setup.seed);
    let parts = points.par_chunks(LANES).map(|points| {
        let mut tracer = blank.clone();
        points.iter().enumerate().for_each(|(lane, point)| tracer.place(lane, point, []));
        tracer.observe(0, points.len());
        (0..points.len()).map(|lane| tracer.loss(lane)).collect::<Vec<f64>>()
    });
    Ok(parts.collect::<Vec<_>>().concat())
}

/// A plane of any two quantities, and a grid on it that spans both axes, ends included.
#[derive(Clone, Debug)]
pub struct Plane<'a> {
    /// What is evaluated.
    pub setup: &'a Setup,
    /// The axis across.
    pub across: Axis,
    /// The axis up.
    pub up: Axis,
    /// Grid points across and up.
    pub size: [u32; 2],
}

impl Plane<'_> {
    /// Grid points along the longer side that are fine enough for a picture.
    const GRID: u32 = 320;

    /// The size of a grid for a frame of this shape.
    pub fn grid(frame: (u32, u32)) -> [u32; 2] {
        let longest = frame.0.max(frame.1);
        [frame.0, frame.1].map(|side| (side * Self::GRID).div_ceil(longest).max(2))
    }

    /// The loss at every point, shape `[rows, columns]`, row after row from the bottom up.
    ///
    /// # Errors
    /// Those of the formulas, as for the next two.
    pub fn losses(&self) -> Result<Vec<f64>> {
        self.read(None, |tracer, lanes, _| {
            tracer.observe(0, lanes);
            (0..lanes).map(|lane| tracer.loss(lane)).collect()
        })
    }

    /// How far the learning rate of step `t` is beyond the edge of stability at every point: 0 where the sharpness is
    /// 2/eta, or with momentum what it is then; shape as [`Plane::losses`].
    pub fn beyond_edge(&self, t: u32) -> Result<Vec<f64>> {
        self.read(None, |tracer, lanes, beta| self.excesses(tracer, t, (lanes, beta)))
    }

    /// The same at the minimum (or 0, if the landscape names none), whatever the initial coordinates; NaN where
    /// it is no minimum.
    pub fn beyond_limit(&self, t: u32) -> Result<Vec<f64>> {
        let body = &self.setup.landscape.body;
        let place = body.minimum.clone().unwrap_or_else(|| vec![0.0; body.variables.len()]);
        self.read(Some(&place), |tracer, lanes, beta| {
            let mut excesses = self.excesses(tracer, t, (lanes, beta));
            for (lane, excess) in excesses.iter_mut().enumerate() {
                let is_at_rest = tracer.gradient(lane).all(|g| g.abs() <= AT_REST);
                if !is_at_rest || *excess <= -1.0 {
                    *excess = f64::NAN;
                }
            }
            excesses
        })
    }

    fn excesses(&self, tracer: &mut Tracer, t: u32, (lanes, beta): (usize, &[f64])) -> Vec<f64> {
        let sharpness = tracer.sharpness(lanes);
        tracer.observe(t, lanes);
        let at = |lane: usize| excess(self.setup.optimizer, tracer.eta(lane), sharpness[lane], beta[lane]);
        (0..lanes).map(at).collect()
    }

    /// What `read` finds at every point. It is given the tracer with up to [`LANES`] points in it, how many there
    /// are, and the momentum of each. `place`: a point instead of those of the plane, whose other quantities stay.
    fn read(
        &self,
        place: Option<&[f64]>,
        read: impl Fn(&mut Tracer, usize, &[f64]) -> Vec<f64> + Sync,
    ) -> Result<Vec<f64>> {
        let Self { setup, across, up, size } = self;
        let variables = &setup.landscape.body.variables;
        let fixed = |name: &str| {
            if [across, up].iter().any(|axis| axis.name == name) { None } else { setup.value(name) }
        };
        let descent =
            Descent::new(&setup.landscape.body, setup.optimizer, |graph| setup.build_eta(graph), fixed)?;
        let (columns, rows) = (across.values(size[0]), up.values(size[1]));
        let cells: Vec<usize> = (0..columns.len() * rows.len()).collect();
        let blank = Tracer::new(&descent, setup.seed);
        let parts = cells.par_chunks(LANES).map(|cells| {
            let mut tracer = blank.clone();
            let mut momenta = Vec::with_capacity(cells.len());
            for (lane, cell) in cells.iter().enumerate() {
                let value = |name: &str| match name {
                    _ if name == across.name => columns[cell % columns.len()],
                    _ if name == up.name => rows[cell / columns.len()],
                    _ => setup.value(name).unwrap_or(0.0),
                };
                let point: Vec<f64> = match place {
                    Some(place) => place.to_vec(),
                    None => variables.iter().map(|name| value(name)).collect(),
                };
                tracer.place(lane, &point, descent.quantities.iter().map(|(name, _)| value(name)));
                momenta.push(if setup.optimizer.has_momentum() { value(MOMENTUM) } else { 0.0 });
            }
            read(&mut tracer, cells.len(), &momenta)
        });
        Ok(parts.collect::<Vec<_>>().concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Draft;

    #[test]
    fn losses_are_those_of_the_formula() {
        let setup = Draft::parse("landscape = \"quadratic\"\nset = { lambda = 3 }").unwrap().setup().unwrap();
        let points: Vec<Vec<f64>> = (0..300).map(|k| vec![f64::from(k) / 8.0]).collect();
        let losses = losses(&setup, &points).unwrap();
        assert!(points.iter().zip(&losses).all(|(x, loss)| *loss == 1.5 * x[0] * x[0]));
    }

    fn plane<'a>(setup: &'a Setup, across: &str, up: &str) -> Plane<'a> {
        let axis = |text: &str| text.parse().unwrap();
        Plane { setup, across: axis(across), up: axis(up), size: [7, 5] }
    }

    #[test]
    fn a_plane_has_the_values_of_its_axes() {
        let toml = "landscape = { variables = [\"x\", \"y\"], parameters = { a = 2 }, loss = \"a*x^2/2 + y\" }\n\
                    eta = 1\nset = { y = 10 }";
        let setup = Draft::parse(toml).unwrap().setup().unwrap();
        let plane = plane(&setup, "x = -3 .. 3", "a = 1 .. 5");
        let losses = plane.losses().unwrap();
        let at = |k: usize| ((k % 7) as f64 - 3.0, (k / 7) as f64 + 1.0);
        assert_eq!(losses.len(), 35);
        assert!(losses.iter().enumerate().all(|(k, loss)| *loss == at(k).1 * at(k).0.powi(2) / 2.0 + 10.0));
        // Its sharpness is a: the edge is at a = 2/eta. Nowhere is it at rest.
        let beyond = plane.beyond_edge(0).unwrap();
        assert!(beyond.iter().enumerate().all(|(k, beyond)| (beyond - (at(k).1 / 2.0 - 1.0)).abs() < 1e-15));
        assert!(plane.beyond_limit(0).unwrap().iter().all(|beyond| beyond.is_nan()));
    }

    #[test]
    fn the_limit_of_stability_follows_eta_parameters_and_momentum() {
        // The heavy ball's limit is 2 (1 + beta)/lambda, and the learning rate is that of the step asked for.
        let toml = "landscape = \"quadratic\"\noptimizer = \"heavy-ball\"\neta = [[0, 9], [5, 2]]";
        let setup = Draft::parse(toml).unwrap().setup().unwrap();
        let beyond = plane(&setup, "lambda = 0.5 .. 3.5", "beta = 0 .. 0.8").beyond_limit(7).unwrap();
        for (k, beyond) in beyond.into_iter().enumerate() {
            let (lambda, beta) = (0.5 + 0.5 * (k % 7) as f64, 0.2 * (k / 7) as f64);
            assert!((beyond - (2.0 * lambda / (2.0 * (1.0 + beta)) - 1.0)).abs() < 1e-14, "{lambda} {beta}");
        }
    }
}
