//! Orbits followed step by step in f64, many side by side: what single orbits, cycles and
//! sharpness are made of.

use nalgebra::DMatrix;

use crate::descent::Descent;
use crate::formula::{CHUNK, Register, Tape};

/// Up to [`LANES`](crate::formula::LANES) points of a descent, with everything that its formulas say about them.
///
/// After [`Tracer::place`] and [`Tracer::observe`], the readings are those of the points placed.
pub struct Tracer {
    /// Everything but the curvature.
    observe: Tape<f64>,
    curvature: Tape<f64>,
    registers: Vec<Register<f64>>,
    dims: usize,
    quantities: usize,
}

impl Tracer {
    /// Compiles the descent's formulas.
    pub fn new(descent: &Descent) -> Self {
        let quantities: Vec<_> = descent.quantities.iter().map(|(_, id)| *id).collect();
        let inputs: Vec<_> = (descent.state.iter().chain(&descent.tangent).chain(&quantities))
            .chain([&descent.step])
            .copied()
            .collect();
        // Readings stand behind the inputs, in this order.
        let readings: Vec<_> = descent
            .next
            .iter()
            .chain(&descent.gradient)
            .chain([&descent.loss, &descent.eta])
            .copied()
            .collect();
        let first = inputs.len();
        let reserved = first + readings.len() + descent.curvature.len();
        let place = |ids: &[_], from: usize| ids.iter().copied().zip(from..).collect::<Vec<_>>();
        let compile = |outputs: &[_]| Tape::compile(&descent.graph, &inputs, reserved, outputs);
        let observe = compile(&place(&readings, first));
        let curvature = compile(&place(&descent.curvature, first + readings.len()));
        let registers = vec![Register::splat(0.0); observe.registers().max(curvature.registers())];
        Self { observe, curvature, registers, dims: descent.state.len(), quantities: quantities.len() }
    }

    /// Puts a point, with the quantities that are its own, into a lane.
    pub fn place(&mut self, lane: usize, point: &[f64], quantities: &[f64]) {
        let dims = self.dims;
        for (d, &x) in point.iter().enumerate() {
            self.registers[d][lane] = x;
        }
        for (q, &value) in quantities.iter().enumerate() {
            self.registers[2 * dims + q][lane] = value;
        }
    }

    /// Evaluates everything but the sharpness at the points, before step `t`, in the first `lanes` lanes.
    pub fn observe(&mut self, t: u32, lanes: usize) {
        let step = 2 * self.dims + self.quantities;
        self.registers[step] = Register::splat(f64::from(t));
        self.observe.load_constants(&mut self.registers);
        self.observe.run(&mut self.registers, lanes.div_ceil(CHUNK));
    }

    /// Moves every point on to the one after the step observed.
    pub fn step(&mut self) {
        let (dims, next) = (self.dims, self.reading(0));
        self.registers.copy_within(next..next + dims, 0);
    }

    /// The point in a lane.
    pub fn point(&self, lane: usize) -> impl Iterator<Item = f64> {
        self.registers[..self.dims].iter().map(move |r| r[lane])
    }

    /// The gradient at the point observed.
    pub fn gradient(&self, lane: usize) -> impl Iterator<Item = f64> {
        let first = self.reading(self.dims);
        self.registers[first..first + self.dims].iter().map(move |r| r[lane])
    }

    /// The loss at the point observed.
    pub fn loss(&self, lane: usize) -> f64 {
        self.registers[self.reading(2 * self.dims)][lane]
    }

    /// The learning rate of the step observed.
    pub fn eta(&self, lane: usize) -> f64 {
        self.registers[self.reading(2 * self.dims + 1)][lane]
    }

    /// The largest Hessian eigenvalue at each of the first `lanes` points; NaN where the Hessian is
    /// not finite.
    pub fn sharpness(&mut self, lanes: usize) -> Vec<f64> {
        let dims = self.dims;
        let first = self.reading(2 * dims + 2);
        // By lane, column and row.
        let mut hessians = vec![0.0; lanes * dims * dims];
        self.curvature.load_constants(&mut self.registers);
        for column in 0..dims {
            for d in 0..dims {
                self.registers[dims + d] = Register::splat(if d == column { 1.0 } else { 0.0 });
            }
            self.curvature.run(&mut self.registers, lanes.div_ceil(CHUNK));
            for (lane, hessian) in hessians.chunks_exact_mut(dims * dims).enumerate() {
                for row in 0..dims {
                    hessian[column * dims + row] = self.registers[first + row][lane];
                }
            }
        }
        hessians.chunks_exact(dims * dims).map(|hessian| largest_eigenvalue(hessian, dims)).collect()
    }

    /// The register of reading number `k`.
    fn reading(&self, k: usize) -> usize {
        2 * self.dims + self.quantities + 1 + k
    }
}

/// Of a symmetric matrix of `dims` columns; NaN if it is not finite.
fn largest_eigenvalue(matrix: &[f64], dims: usize) -> f64 {
    match *matrix {
        // The solver does not end on a NaN.
        _ if !matrix.iter().all(|v| v.is_finite()) => f64::NAN,
        [a] => a,
        [a, b, _, d] => 0.5 * a + 0.5 * d + (0.5 * a - 0.5 * d).hypot(b),
        _ => DMatrix::from_column_slice(dims, dims, matrix).symmetric_eigenvalues().max(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_small_matrices_are_those_of_the_solver() {
        assert_eq!(largest_eigenvalue(&[-3.0], 1), -3.0);
        for [a, b, d] in
            [[2.0, 0.0, -1.0], [1.0, 2.0, 1.0], [-5.0, 0.3, 4.0], [0.0; 3], [1e200, 1e199, -3e200]]
        {
            let solved = DMatrix::from_column_slice(2, 2, &[a, b, b, d]).symmetric_eigenvalues().max();
            let found = largest_eigenvalue(&[a, b, b, d], 2);
            assert!((found - solved).abs() <= 1e-14 * solved.abs(), "{a} {b} {d}: {found}, {solved}");
        }
        assert!(largest_eigenvalue(&[1.0, f64::NAN, f64::NAN, 1.0], 2).is_nan());
        assert!(largest_eigenvalue(&[f64::INFINITY], 1).is_nan());
    }
}
