//! Section 6, *Discussion on homogeneity*: losses of deep ReLU networks for inputs of different magnitude.

use nalgebra::{DMatrix, DVector};

use super::Claim;
use super::ensemble::{Lab, largest, uniform};
use crate::noise::normals;

/// Neurons in each layer, and inputs.
const WIDTH: usize = 5;

/// A fully connected ReLU network of one output.
struct Network {
    weights: Vec<DMatrix<f64>>,
    /// Of each layer; 0 without.
    biases: Vec<DVector<f64>>,
}

impl Network {
    fn random(seed: u32, depth: usize, biased: bool) -> Self {
        let outputs = |layer: usize| if layer + 1 == depth { 1 } else { WIDTH };
        let normal = |layer: usize, row: usize, column: usize| {
            normals::<f64>(seed, layer as u32, row as u32, column as u32)[0]
        };
        let weights = |layer: usize| {
            DMatrix::from_fn(outputs(layer), WIDTH, |i, j| normal(layer, i, j) / (WIDTH as f64).sqrt())
        };
        let bias = |layer: usize| {
            DVector::from_fn(outputs(layer), |i, _| if biased { normal(layer, i, WIDTH) } else { 0.0 })
        };
        Self { weights: (0..depth).map(weights).collect(), biases: (0..depth).map(bias).collect() }
    }

    /// The squared error for an input and a target.
    fn loss(&self, input: &DVector<f64>, target: f64) -> f64 {
        let mut signal = input.clone();
        for (layer, (weights, bias)) in self.weights.iter().zip(&self.biases).enumerate() {
            signal = weights * signal + bias;
            if layer + 1 < self.weights.len() {
                signal.apply(|x| *x = x.max(0.0));
            }
        }
        (signal[0] - target).powi(2)
    }

    /// The same network with the weights of some layers multiplied.
    fn scaled(&self, layers: std::ops::Range<usize>, factor: f64) -> Self {
        let mut weights = self.weights.clone();
        weights[layers].iter_mut().for_each(|w| *w *= factor);
        Self { weights, biases: self.biases.clone() }
    }
}

/// `l1(W) = l2(k^-power W)` without biases, and `l1(W1, ..) = l2(k^-first_power W1, ..)` without and with
/// them, where l2 is the loss for an input k times as large. The paper's powers are 1/L and 1.
pub fn check(lab: &Lab, power: impl Fn(usize) -> f64, first_power: f64) -> Vec<Claim> {
    let per_depth: u32 = lab.size(100, 2000);
    let (mut all, mut first, mut biased) = (Vec::new(), Vec::new(), Vec::new());
    for depth in 2..=5 {
        for seed in 0..per_depth {
            let place = |what: u32| [seed, 512 + 8 * depth as u32 + what];
            let k = 10f64.powf(uniform(place(0), [-3.0, 3.0]));
            let target = uniform(place(1), [-2.0, 2.0]);
            let x1 = DVector::from_fn(WIDTH, |i, _| {
                uniform(place(2), [-2.0, 2.0]) + uniform([seed, i as u32], [-1.0, 1.0])
            });
            let x2 = &x1 * k;
            for with_bias in [false, true] {
                let network = Network::random(seed, depth, with_bias);
                let l1 = network.loss(&x1, target);
                let off = |other: &Network| (other.loss(&x2, target) - l1).abs() / (1.0 + l1);
                let by_first = off(&network.scaled(0..1, k.powf(-first_power)));
                if with_bias {
                    biased.push(by_first);
                } else {
                    first.push(by_first);
                    all.push(off(&network.scaled(0..depth, k.powf(-power(depth)))));
                }
            }
        }
    }
    let cases = all.len() as u64;
    let note = format!("worst: |l1 - l2|/(1 + l1), L from 2 to 5, {WIDTH} wide, k from 0.001 to 1000");
    [
        ("l1(W) = l2(k^(-1/L) W) without biases", all),
        ("l1(W1, ..) = l2(W1/k, ..) without biases", first),
        ("l1(W1, ..) = l2(W1/k, ..) with biases", biased),
    ]
    .map(|(claim, off)| Claim::new(claim, "Sec. 6, homogeneity", cases, (largest(off), 1e-12), note.clone()))
    .to_vec()
}
