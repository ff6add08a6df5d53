//! The built-in landscapes against the same losses written in Rust and differentiated by `num-dual`.

use gdscope::descent::Descent;
use gdscope::experiment::Optimizer;
use gdscope::formula::{Binary, Id, NORM_FLOOR, Node, Register, Tape};
use gdscope::landscape::Landscape;
use gdscope::landscape::separable::rotation;
use num_dual::{DualNum, HyperDual64};

use crate::evaluate::evaluate;
use crate::reference::Random;

const ETA: f64 = 0.7;
const BETA: f64 = 0.8;
const C: f64 = 3.0;

fn f1<D: DualNum<Primitive = f64> + Copy>(x: D) -> D {
    let a = if x.re() < 0.0 { -x } else { x };
    (a + 1.0) * a.ln_1p() - a
}

fn f2<D: DualNum<Primitive = f64> + Copy>(w: D) -> D {
    let a = if w.re() < 0.0 { -w } else { w };
    if a.re() <= 1.0 / C { w * w * (C * C / 3.0) } else { -a.recip() * (2.0 / (3.0 * C)) + 1.0 }
}

fn f3<D: DualNum<Primitive = f64> + Copy>(x: D, y: D) -> D {
    f2(x) + f2(x + y) + f1((x * x + y * y).sqrt()) * 0.5
}

fn valley<D: DualNum<Primitive = f64> + Copy>(x: D, y: D) -> D {
    f1(y / (x * 0.01 + 1.0))
}

fn two_valleys<D: DualNum<Primitive = f64> + Copy>(x: D, y: D) -> D {
    let h = |a: D, b: D| f1((a * a * 0.001 + 1.0) * b);
    let narrow = h(y, x * 10.0);
    h(x, y) + narrow / (narrow + 1.0) * 0.25
}

/// The output of the network (6.1) for the input x, squared.
fn relu<D: DualNum<Primitive = f64> + Copy>(x: f64, w: D) -> D {
    let relu = |z: D| if z.re() > 0.0 { z } else { D::zero() };
    let output = -relu(w * x + 1.0) + relu(w * x) * 2.0 - relu(w * x - 1.0) + 1.0;
    output * output
}

/// Three inputs from 0.1 to 10.
fn relu_data<D: DualNum<Primitive = f64> + Copy>(w: D) -> D {
    (relu(0.1, w) + relu(1.0, w) + relu(10.0, w)) / 3.0
}

fn relu_2d<D: DualNum<Primitive = f64> + Copy>(a: D, b: D) -> D {
    let inputs = (0..100).map(|i| f64::from(i) / 99.0);
    inputs.fold(D::zero(), |sum, x| sum + relu(x, a) + relu(10.0 * x, b)) / 100.0
}

fn noisy_valley<D: DualNum<Primitive = f64> + Copy>(x: D, y: D) -> D {
    (x * x * 0.5 + 1.0) * y * y
}

/// The landscapes that are compared below.
const COMPARED: [&str; 11] = [
    "quadratic",
    "f1",
    "f2",
    "f3",
    "valley",
    "two-valleys",
    "noisy-valley",
    "relu-data",
    "relu-uniform",
    "relu-2d",
    "separable",
];

/// A built-in landscape's formulas with the usual parameters and eta = [`ETA`].
struct System(Descent);

/// What they say at a point, for a tangent vector.
#[derive(Debug)]
struct Reading {
    loss: f64,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
    next: Vec<f64>,
    tangent_next: Vec<f64>,
}

impl System {
    fn load(name: &str) -> Self {
        Self::with(name, Optimizer::Gd)
    }

    fn with(name: &str, optimizer: Optimizer) -> Self {
        let landscape = Landscape::load(name).unwrap();
        let fixed = |p: &str| if p == "beta" { Some(BETA) } else { landscape.usual(p) };
        Self(Descent::new(&landscape, optimizer, |g| Ok(g.constant(ETA)), fixed).unwrap())
    }

    fn at(&self, point: &[f64], along: &[f64]) -> Reading {
        let d = &self.0;
        let names = |ids: &[_]| ids.iter().map(|id| d.graph.text(*id)).collect::<Vec<_>>();
        let drawn: Vec<_> = d.normal_inputs().collect();
        let names: Vec<String> = [names(&d.state), names(&d.tangent), names(&drawn)].concat();
        // Noise by its absence: it is compared elsewhere.
        let values = point.iter().chain(along).chain(std::iter::repeat_n(&0.0, drawn.len()));
        let place: Vec<(&str, f64)> =
            names.iter().map(String::as_str).zip(values.copied()).chain([("t", 0.0)]).collect();
        let of = |ids: &[_]| evaluate(&d.graph, ids, &place);
        Reading {
            loss: of(&[d.loss])[0],
            gradient: of(&d.gradient),
            curvature: of(&d.curvature),
            next: of(&d.next),
            tangent_next: of(&d.tangent_next),
        }
    }
}

/// Loss, gradient and Hessian-vector product of a loss of two variables; the second stays put for a
/// loss of one.
fn truth(
    f: impl Fn(HyperDual64, HyperDual64) -> HyperDual64,
    p: [f64; 2],
    v: [f64; 2],
) -> (f64, [[f64; 2]; 2]) {
    let along = |k: usize| {
        let coordinate = |i: usize| HyperDual64::new(p[i], if i == k { 1.0 } else { 0.0 }, v[i], 0.0);
        f(coordinate(0), coordinate(1))
    };
    let (a, b) = (along(0), along(1));
    (a.re, [[a.eps1, b.eps1], [a.eps1eps2, b.eps1eps2]])
}

/// Compares everything that is read with the truth; `slack` is the rounding error that automatic
/// differentiation of the loss as written makes in the Hessian.
fn compare(name: &str, reading: &Reading, truth: (f64, [[f64; 2]; 2]), p: &[f64], v: &[f64], slack: f64) {
    compare_to(1e-15, name, reading, truth, p, v, slack);
}

/// The same, where the loss as written is only good to `floor`.
fn compare_to(
    floor: f64,
    name: &str,
    reading: &Reading,
    truth: (f64, [[f64; 2]; 2]),
    p: &[f64],
    v: &[f64],
    slack: f64,
) {
    let (loss, [gradient, curvature]) = truth;
    let close = |a: f64, b: f64, absolute: f64| (a - b).abs() <= absolute + 1e-12 * b.abs();
    let fail = || panic!("{name} at {p:?} along {v:?}: {reading:?}, truth {truth:?}");
    if !close(reading.loss, loss, floor) {
        fail();
    }
    for i in 0..p.len() {
        let (g, h) = (reading.gradient[i], reading.curvature[i]);
        let step = close(reading.next[i], p[i] - ETA * g, 1e-15 * p[i].abs());
        let tangent = close(reading.tangent_next[i], v[i] - ETA * h, 1e-14 * h.abs());
        if !(close(g, gradient[i], floor) && close(h, curvature[i], slack) && step && tangent) {
            fail();
        }
    }
}

#[test]
fn random_points() {
    let mut random = Random(2);
    assert_eq!(Landscape::names().collect::<Vec<_>>(), COMPARED);
    let [quadratic, one, two, three, valleys, crossing, noisy, data, uniform, plane, separable] =
        COMPARED.map(System::load);
    let axes = rotation(2, 0);
    for _ in 0..10_000 {
        let p = [random.scaled(-8.0, 3.0), random.scaled(-8.0, 3.0)];
        let v = [random.symmetric(), random.symmetric()];
        let single = |system: &System| system.at(&p[..1], &v[..1]);
        let parabola = truth(|x, _| x * x * 0.5, p, v);
        compare("quadratic", &single(&quadratic), parabola, &p[..1], &v[..1], 1e-15);
        compare("f1", &single(&one), truth(|x, _| f1(x), p, v), &p[..1], &v[..1], 1e-15);
        compare("f2", &single(&two), truth(|w, _| f2(w), p, v), &p[..1], &v[..1], 1e-15);
        compare("relu-uniform", &single(&uniform), truth(|w, _| f2(w), p, v), &p[..1], &v[..1], 1e-15);
        // 1 - relu(z + 1) + ... loses digits of a small z that min(|z|, 1) keeps.
        let few = truth(|w, _| relu_data(w), p, v);
        compare_to(1e-14, "relu-data", &single(&data), few, &p[..1], &v[..1], 1e-13);
        compare_to(1e-14, "relu-2d", &plane.at(&p, &v), truth(relu_2d, p, v), &p, &v, 1e-13);
        let slack = 4e-15 * (1.0 + 1.0 / p[0].hypot(p[1]));
        compare("f3", &three.at(&p, &v), truth(f3, p, v), &p, &v, slack);
        let turned = |x, y| {
            let along = |i: usize| x * axes[(i, 0)] + y * axes[(i, 1)];
            f1(along(0)) * 2.0 + f1(along(1)) * 0.5
        };
        let slack = 1e-15 * (1.0 + 10.0 * p[0].hypot(p[1]));
        compare_to(slack, "separable", &separable.at(&p, &v), truth(turned, p, v), &p, &v, 1e-13);
        // Where the valleys are: not near the pole at x1 = -100, nor where 1 is lost against the loss.
        let p = [random.scaled(-8.0, 1.3), random.scaled(-8.0, 0.7)];
        compare("valley", &valleys.at(&p, &v), truth(valley, p, v), &p, &v, 1e-13);
        compare("two-valleys", &crossing.at(&p, &v), truth(two_valleys, p, v), &p, &v, 1e-11);
        compare("noisy-valley", &noisy.at(&p, &v), truth(noisy_valley, p, v), &p, &v, 1e-12);
    }
}

/// (4.4) in few and many variables, with the rotation of its seed.
#[test]
fn separable_in_many_variables() {
    let mut random = Random(6);
    for (n, seed) in [(2, 9), (3, 0), (8, 3), (16, 1)] {
        let system = System::load(&format!("separable-{n}-{seed}"));
        let axes = rotation(n, seed);
        for _ in 0..100 {
            let p: Vec<f64> = (0..n).map(|_| random.scaled(-2.0, 1.5)).collect();
            let v: Vec<f64> = (0..n).map(|_| random.symmetric()).collect();
            let reading = system.at(&p, &v);
            for k in 0..n {
                let x: Vec<HyperDual64> = (0..n)
                    .map(|i| HyperDual64::new(p[i], if i == k { 1.0 } else { 0.0 }, v[i], 0.0))
                    .collect();
                let loss = (0..n).fold(HyperDual64::from(0.0), |sum, i| {
                    let along =
                        x.iter().enumerate().fold(HyperDual64::from(0.0), |s, (j, x)| s + *x * axes[(i, j)]);
                    // From 2 to 1/2, with the same ratio between neighbours.
                    sum + f1(along) * 2.0 * 4f64.powf(-(i as f64) / (n as f64 - 1.0))
                });
                let pairs = [
                    (reading.loss, loss.re),
                    (reading.gradient[k], loss.eps1),
                    (reading.curvature[k], loss.eps1eps2),
                    (reading.next[k], p[k] - ETA * loss.eps1),
                    (reading.tangent_next[k], v[k] - ETA * loss.eps1eps2),
                ];
                let agree = pairs.iter().all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + b.abs()));
                assert!(agree, "n = {n} at {p:?}: {pairs:?}");
            }
        }
    }
}

/// A step with momentum and its tangent map are those of the recurrence, with the loss's derivatives by
/// automatic differentiation.
#[test]
fn momentum() {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * (1.0 + b.abs());
    let mut random = Random(5);
    for (optimizer, looks_ahead) in [(Optimizer::HeavyBall, 0.0), (Optimizer::Nesterov, BETA)] {
        let system = System::with("f3", optimizer);
        assert_eq!((system.0.variables, system.0.state.len()), (2, 4));
        for _ in 0..2_000 {
            let state: [f64; 4] = std::array::from_fn(|_| random.scaled(-3.0, 2.0));
            let along: [f64; 4] = std::array::from_fn(|_| random.symmetric());
            let reading = system.at(&state, &along);
            let ahead = |s: [f64; 4]| [0, 1].map(|d| s[d] + looks_ahead * s[2 + d]);
            let (_, [gradient, curvature]) = truth(f3, ahead(state), ahead(along));
            for d in 0..2 {
                let moved = |s: [f64; 4], slope: f64| BETA * s[2 + d] - ETA * slope;
                let (v, dv) = (moved(state, gradient[d]), moved(along, curvature[d]));
                let (next, tangent) = (&reading.next, &reading.tangent_next);
                let got = [next[d], next[2 + d], tangent[d], tangent[2 + d]];
                let wanted = [state[d] + v, v, along[d] + dv, dv];
                let agree = got.iter().zip(wanted).all(|(a, b)| close(*a, b));
                assert!(agree, "{optimizer:?} at {state:?}: {got:?}, truth {wanted:?}");
            }
            // The loss and its derivatives are those at the point itself.
            let (loss, [gradient, curvature]) = truth(f3, [state[0], state[1]], [along[0], along[1]]);
            let pairs = reading.gradient.iter().zip(gradient).chain(reading.curvature.iter().zip(curvature));
            let agree = pairs.chain([(&reading.loss, loss)]).all(|(a, b)| close(*a, b));
            assert!(agree && reading.gradient.len() == 2, "{optimizer:?} at {state:?}: {reading:?}");
        }
    }
}

/// f1' is sign(x) ln(1 + |x|) and f1'' is 1/(1 + |x|), to the last digits also near 0, where automatic
/// differentiation of the loss loses half of them.
#[test]
fn f1_is_accurate_relatively() {
    let system = System::load("f1");
    let mut random = Random(3);
    for _ in 0..10_000 {
        let x = random.scaled(-300.0, 300.0);
        let reading = system.at(&[x], &[1.0]);
        let (slope, curvature) = (x.signum() * x.abs().ln_1p(), 1.0 / (1.0 + x.abs()));
        assert!((reading.gradient[0] - slope).abs() <= 4.0 * f64::EPSILON * slope.abs(), "{x}");
        assert!((reading.curvature[0] - curvature).abs() <= 2.0 * f64::EPSILON * curvature, "{x}");
    }
}

#[test]
fn minima_and_kinks() {
    for name in Landscape::names() {
        let landscape = Landscape::load(name).unwrap();
        let Some(minimum) = landscape.minimum else { continue };
        let reading = System::load(name).at(&minimum, &vec![0.5; minimum.len()]);
        assert_eq!(reading.gradient, vec![0.0; minimum.len()], "{name}");
        assert!(reading.curvature.iter().all(|h| h.is_finite() && *h > 0.0), "{name}: {reading:?}");
    }
    // f1 is smooth at 0, though it is written with `abs`: f1''(0) = 1.
    assert_eq!(System::load("f1").at(&[0.0], &[1.0]).curvature, [1.0]);

    // So is f1 of anything, as in the narrow valley: 0.25 * 10^2 across it and f1'' = 1 along it.
    let crossing = System::load("two-valleys");
    assert_eq!(crossing.at(&[0.0, 0.0], &[1.0, 0.0]).curvature, [25.0, 0.0]);
    assert_eq!(crossing.at(&[0.0, 0.0], &[0.0, 1.0]).curvature, [0.0, 1.0]);
    assert_eq!(System::load("valley").at(&[0.0, 0.0], &[0.0, 1.0]).curvature, [0.0, 1.0]);

    // f2 has a kink in its slope at |w| = 1/C; the edge itself belongs to the parabola inside.
    let f2 = System::load("f2");
    let edge = 1.0 / C;
    for sign in [1.0, -1.0] {
        for (w, curvature) in [(edge.next_down(), 6.0), (edge, 6.0), (edge.next_up(), -12.0)] {
            let reading = f2.at(&[sign * w], &[1.0]);
            assert!((reading.gradient[0] - sign * 2.0).abs() < 1e-14, "{w}: {reading:?}");
            assert!((reading.curvature[0] - curvature).abs() < 1e-13, "{w}: {reading:?}");
        }
    }

    // f3 at the origin: 6 (e1 e1' + (e1 + e2)(e1 + e2)') + I/2.
    let f3 = System::load("f3");
    for v in [[1.0, 0.0], [0.0, 1.0], [-0.3, 0.8]] {
        let curvature = f3.at(&[0.0, 0.0], &v).curvature;
        let truth = [12.5 * v[0] + 6.0 * v[1], 6.0 * v[0] + 6.5 * v[1]];
        assert!(curvature.iter().zip(truth).all(|(h, t)| (h - t).abs() < 1e-14), "{curvature:?} {truth:?}");
    }
}

/// In f32 nothing around the origin of f3 is lost to underflow: the gradient and the Hessian-vector
/// product of points far below the floor of `norm` are those of the parabola.
#[test]
fn f3_in_single_precision_around_the_origin() {
    let Descent { graph, state, tangent, gradient, curvature, .. } = System::load("f3").0;
    let inputs: Vec<_> = state.iter().chain(&tangent).copied().collect();
    let outputs: Vec<_> = gradient.iter().chain(&curvature).copied().zip(inputs.len()..).collect();
    let tape = Tape::<f32>::compile(&graph, &inputs, inputs.len() + outputs.len(), &outputs);
    let mut registers = vec![Register::splat(0.0f32); tape.registers()];
    tape.load_constants(&mut registers);
    let points: [f32; 8] = [0.0, 1e-40, 1e-30, 1e-22, NORM_FLOOR.sqrt() as f32, 1e-15, 1e-8, 1e-5];
    for (lane, x) in points.into_iter().enumerate() {
        for (register, value) in registers.iter_mut().zip([x, -0.5 * x, 1.0, 0.25]) {
            register[lane] = value;
        }
    }
    tape.run(&mut registers, 1);
    for (lane, x) in points.into_iter().enumerate() {
        let got: Vec<f32> = outputs.iter().map(|(_, register)| registers[*register][lane]).collect();
        let truth = [9.5 * x, 2.75 * x, 14.0, 7.625];
        let close = got.iter().zip(truth).all(|(g, t)| (g - t).abs() <= 1e-3 * t.abs() + 1e-44);
        assert!(close, "at {x:e}: {got:?}, truth {truth:?}");
    }
}

/// A division takes six times as long as a product, and the tangent vector and the loss could share those of the step.
#[test]
fn derivatives_share_their_quotients() {
    for (name, step, all) in
        [("f1", 0, 1), ("f2", 1, 3), ("f3", 3, 10), ("valley", 3, 7), ("two-valleys", 1, 5)]
    {
        let landscape = Landscape::load(name).unwrap();
        let fixed = |name: &str| landscape.usual(name);
        let Descent { graph, next, tangent_next, loss, .. } =
            Descent::new(&landscape, Optimizer::Gd, |graph| Ok(graph.constant(ETA)), fixed).unwrap();
        let quotients = |roots: &[Id]| {
            let is_quotient = |id: &Id| matches!(graph.node(*id), Node::Binary(Binary::Div, ..));
            graph.reachable(roots).iter().filter(|id| is_quotient(id)).count()
        };
        let found = (quotients(&next), quotients(&[next.as_slice(), &tangent_next, &[loss]].concat()));
        assert_eq!(found, (step, all), "{name}: quotients of a step, and with its tangent map and loss");
    }
}
