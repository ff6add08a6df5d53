//! Orbits followed step by step in f64, many side by side: what single orbits, cycles and
//! sharpness are made of.

use std::ops::Range;
use std::sync::Arc;

use multiversion::multiversion;
use nalgebra::DMatrix;

use super::draw::{Draws, draw, draws};
use crate::descent::Descent;
use crate::formula::{CHUNK, Isa, LANES, Register, Stepper, Tape};

/// Up to [`LANES`](crate::formula::LANES) points of a descent, with everything that its formulas say about them.
///
/// After [`Tracer::place`] and [`Tracer::observe`], the readings are those of the points placed. Clones share the
/// compiled formulas.
#[derive(Clone)]
pub struct Tracer {
    programs: Arc<Programs>,
    registers: Vec<Register<f64>>,
    variables: usize,
    dims: usize,
    quantities: usize,
    normals: usize,
    draws: Draws,
    seed: u32,
}

struct Programs {
    /// The state after a step, in its own place.
    advance: Stepper<f64>,
    /// Everything but derivatives along a tangent vector.
    observe: Stepper<f64>,
    curvature: Stepper<f64>,
    tangent: Stepper<f64>,
}

/// Lanes have the trajectories of their own number.
const TRAJECTORIES: [u32; LANES] = {
    let (mut numbers, mut lane) = ([0; LANES], 0);
    while lane < LANES {
        numbers[lane] = lane as u32;
        lane += 1;
    }
    numbers
};

impl Tracer {
    /// Compiles the descent's formulas; with noise, that of `seed` and the trajectory of the lane's number.
    pub fn new(descent: &Descent, seed: u32) -> Self {
        let quantities: Vec<_> = descent.quantities.iter().map(|(_, id)| *id).collect();
        let inputs: Vec<_> = (descent.state.iter().chain(&descent.tangent).chain(&quantities))
            .chain([&descent.step])
            .copied()
            .chain(descent.normal_inputs())
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
        let curvature = first + readings.len();
        let tangent = curvature + descent.curvature.len();
        let reserved = tangent + descent.tangent_next.len();
        let place = |ids: &[_], from: usize| ids.iter().copied().zip(from..).collect::<Vec<_>>();
        let compile = |outputs: &[_]| {
            Stepper::new(Tape::compile(&descent.graph, &inputs, reserved, outputs), (), Isa::chosen())
        };
        let advance = compile(&place(&descent.next, 0));
        let observe = compile(&place(&readings, first));
        let curvature = compile(&place(&descent.curvature, curvature));
        let tangent = compile(&place(&descent.tangent_next, tangent));
        let needed = [&advance, &observe, &curvature, &tangent].map(Stepper::registers).into_iter().max();
        let registers = vec![Register::splat(0.0); needed.unwrap_or_default()];
        Self {
            programs: Arc::new(Programs { advance, observe, curvature, tangent }),
            registers,
            variables: descent.variables,
            dims: descent.state.len(),
            quantities: quantities.len(),
            normals: descent.normal_inputs().count(),
            draws: draws(descent, 2 * descent.state.len() + quantities.len() + 1),
            seed,
        }
    }

    /// Puts a point, with the quantities that are its own, into a lane; of a state without velocities, these
    /// are left as they are, at first 0.
    pub fn place(&mut self, lane: usize, point: &[f64], quantities: impl IntoIterator<Item = f64>) {
        let dims = self.dims;
        for (d, &x) in point.iter().enumerate() {
            self.registers[d][lane] = x;
        }
        for (q, value) in quantities.into_iter().enumerate() {
            self.registers[2 * dims + q][lane] = value;
        }
    }

    /// Evaluates everything but the sharpness at the points, before step `t`, in the first `lanes` lanes.
    pub fn observe(&mut self, t: u32, lanes: usize) {
        let step = 2 * self.dims + self.quantities;
        self.registers[step] = Register::splat(f64::from(t));
        draw(&self.draws, &mut self.registers, lanes.div_ceil(CHUNK), (self.seed, t), &TRAJECTORIES);
        self.programs.observe.load_constants(&mut self.registers);
        evaluate(&self.programs.observe, &mut self.registers, lanes.div_ceil(CHUNK));
    }

    /// Takes `steps`, named by their numbers, in the first `lanes` lanes and nothing else; `see` is shown the
    /// state, by coordinate and lane, before each.
    pub fn follow(&mut self, steps: Range<u32>, lanes: usize, mut see: impl FnMut(&[Register<f64>])) {
        let (step, chunks) = (2 * self.dims + self.quantities, lanes.div_ceil(CHUNK));
        self.programs.advance.load_constants(&mut self.registers);
        for t in steps {
            see(&self.registers[..self.dims]);
            self.registers[step] = Register::splat(f64::from(t));
            draw(&self.draws, &mut self.registers, chunks, (self.seed, t), &TRAJECTORIES);
            evaluate(&self.programs.advance, &mut self.registers, chunks);
        }
    }

    /// Moves every point on to the one after the step observed.
    pub fn step(&mut self) {
        let (dims, next) = (self.dims, self.reading(0));
        self.registers.copy_within(next..next + dims, 0);
    }

    /// The state in a lane: the point, and its velocities if there are any.
    pub fn point(&self, lane: usize) -> impl Iterator<Item = f64> {
        self.registers[..self.dims].iter().map(move |r| r[lane])
    }

    /// The gradient at the point observed.
    pub fn gradient(&self, lane: usize) -> impl Iterator<Item = f64> {
        let first = self.reading(self.dims);
        self.registers[first..first + self.variables].iter().map(move |r| r[lane])
    }

    /// The loss at the point observed.
    pub fn loss(&self, lane: usize) -> f64 {
        self.registers[self.reading(self.dims + self.variables)][lane]
    }

    /// The learning rate of the step observed.
    pub fn eta(&self, lane: usize) -> f64 {
        self.registers[self.reading(self.dims + self.variables + 1)][lane]
    }

    /// The largest Hessian eigenvalue at each of the first `lanes` points; NaN where the Hessian is
    /// not finite.
    pub fn sharpness(&mut self, lanes: usize) -> Vec<f64> {
        let n = self.variables;
        let first = self.reading(self.dims + n + 2);
        self.programs.curvature.load_constants(&mut self.registers);
        let hessians = columns(&self.programs.curvature, &mut self.registers, (self.dims, first), n, lanes);
        hessians.chunks_exact(n * n).map(|hessian| largest_eigenvalue(hessian, n)).collect()
    }

    /// The derivative of the step observed, in each of the first `lanes` lanes.
    pub fn jacobians(&mut self, lanes: usize) -> Vec<DMatrix<f64>> {
        let (dims, first) = (self.dims, self.reading(self.dims + 2 * self.variables + 2));
        self.programs.tangent.load_constants(&mut self.registers);
        let jacobians = columns(&self.programs.tangent, &mut self.registers, (dims, first), dims, lanes);
        jacobians.chunks_exact(dims * dims).map(|j| DMatrix::from_column_slice(dims, dims, j)).collect()
    }

    /// The register of reading number `k`.
    fn reading(&self, k: usize) -> usize {
        2 * self.dims + self.quantities + 1 + self.normals + k
    }
}

/// Runs a tape with the widest instructions that the processor has.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
fn evaluate(stepper: &Stepper<f64>, registers: &mut [Register<f64>], chunks: usize) {
    stepper.run(registers, chunks, 0..1, 1);
}

/// The square matrices of a linear map of tangent vectors, by lane, column and row: `tape` takes the
/// vector's first `size` coordinates from the registers at `from.0` to those at `from.1`.
fn columns(
    tape: &Stepper<f64>,
    registers: &mut [Register<f64>],
    from: (usize, usize),
    size: usize,
    lanes: usize,
) -> Vec<f64> {
    let mut matrices = vec![0.0; lanes * size * size];
    for column in 0..size {
        for d in 0..size {
            registers[from.0 + d] = Register::splat(if d == column { 1.0 } else { 0.0 });
        }
        evaluate(tape, registers, lanes.div_ceil(CHUNK));
        for (lane, matrix) in matrices.chunks_exact_mut(size * size).enumerate() {
            for row in 0..size {
                matrix[column * size + row] = registers[from.1 + row][lane];
            }
        }
    }
    matrices
}

/// Of a symmetric matrix of `dims` columns; NaN if it is not finite.
fn largest_eigenvalue(matrix: &[f64], dims: usize) -> f64 {
    match *matrix {
        // The solver does not end on a NaN.
        _ if !matrix.iter().all(|v| v.is_finite()) => f64::NAN,
        [a] => a,
        [a, b, _, d] => 0.5 * a + 0.5 * d + libm::hypot(0.5 * a - 0.5 * d, b),
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
