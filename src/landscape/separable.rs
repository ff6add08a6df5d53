//! The landscape `separable` of (4.4): `sum_i c_i f1(p_i . x)` along the axes `p_i` of a random rotation,
//! in any number of variables. It is the one built-in landscape that is made, not read from a file.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::{Landscape, MAX_VARIABLES};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::noise::normals;

/// The name of the one with two variables and the seed 0; `separable-8-3` has eight and the seed 3.
pub const NAME: &str = "separable";
const VARIABLES: usize = 2;
/// The largest and the smallest of the usual factors c_i: the thresholds 2/c_i lie from 1 to 4.
const FACTORS: [f64; 2] = [2.0, 0.5];

/// The landscape called `name`, or none if it is called otherwise.
///
/// # Errors
/// [`Error::Request`] for a number of variables or a seed that cannot be.
pub(super) fn called(name: &str) -> Option<Result<Landscape>> {
    let rest = name.strip_prefix(NAME)?;
    if rest.is_empty() {
        return Some(Ok(separable(VARIABLES, 0)));
    }
    let (variables, seed) = rest.strip_prefix('-')?.split_once('-').unwrap_or((&rest[1..], "0"));
    // Other ways to write a number, such as +3 or 03, would be a second name of the same landscape.
    let plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let variables = variables.parse().ok().filter(|n| (1..=MAX_VARIABLES).contains(n) && plain(variables));
    let seed = seed.parse().ok().filter(|_| plain(seed));
    Some(variables.zip(seed).map(|(n, seed)| separable(n, seed)).ok_or_else(|| {
        Error::request(format!(
            "`{name}`: write {NAME}-N or {NAME}-N-SEED, with N from 1 to {MAX_VARIABLES} variables and the SEED of \
             the rotation from 0 to {}, such as {NAME}-8-3",
            u32::MAX
        ))
    }))
}

/// (4.4) in `n` variables `x1 .. xn`, with parameters `c1 .. cn`.
pub fn separable(n: usize, seed: u32) -> Landscape {
    let variables: Vec<String> = (1..=n).map(|i| format!("x{i}")).collect();
    let mut define = vec!["f1(r) = (1 + abs(r)) * log1p(abs(r)) - abs(r)".to_owned()];
    let rotation = rotation(n, seed);
    for (i, axis) in rotation.row_iter().enumerate() {
        let terms = axis.iter().zip(&variables).map(|(p, x)| format!("{p:?}*{x}"));
        let projection = terms.collect::<Vec<_>>().join(" + ").replace("+ -", "- ");
        define.push(format!("g{}(c) = c * f1({projection})", i + 1));
    }
    let terms: Vec<String> = (1..=n).map(|i| format!("g{i}(c{i})")).collect();
    Landscape {
        variables,
        parameters: (0..n).map(|i| (format!("c{}", i + 1), factor(i, n))).collect::<BTreeMap<_, _>>(),
        define,
        loss: terms.join(" + "),
        data: Dataset::default(),
        noise: Vec::new(),
        minimum: Some(vec![0.0; n]),
        source: Some("(4.4), Theorem 4.2".to_owned()),
    }
}

/// The usual factor number `i` of `n`, evenly spaced in the logarithm.
fn factor(i: usize, n: usize) -> f64 {
    let [first, last] = FACTORS;
    let share = if n == 1 { 0.5 } else { i as f64 / (n - 1) as f64 };
    first * libm::pow(last / first, share)
}

/// The rotation whose rows are the axes `p_1 .. p_n`: the same for the same seed, and over all seeds
/// distributed by the Haar measure (Mezzadri, *How to generate random matrices from the classical compact
/// groups*, 2007: the QR decomposition of normal numbers, with a positive diagonal of R).
pub fn rotation(n: usize, seed: u32) -> DMatrix<f64> {
    let normal = DMatrix::from_fn(n, n, |i, j| normals::<f64>(seed, i as u32, j as u32, 0)[0]);
    let (mut q, r) = normal.qr().unpack();
    for (mut column, diagonal) in q.column_iter_mut().zip(r.diagonal().iter()) {
        column *= diagonal.signum();
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_orthonormal_and_differ_by_seed() {
        for n in [1, 2, 3, 8, 16, MAX_VARIABLES] {
            let p = rotation(n, 5);
            let off = (&p * p.transpose() - DMatrix::identity(n, n)).amax();
            assert!(off < 1e-14, "{n}: {off}");
            assert!(n == 1 || p != rotation(n, 6), "{n}");
        }
    }

    #[test]
    fn rotations_have_the_moments_of_the_haar_measure() {
        // In O(n): E p_ij = 0, E p_ij^2 = 1/n, E p_ij^4 = 3/(n(n+2)), E tr = 0, E tr^2 = 1 (Diaconis and
        // Shahshahani 1994), and each determinant as often as the other.
        const N: usize = 3;
        const COUNT: u32 = 20_000;
        let rotations: Vec<_> = (0..COUNT).map(|seed| rotation(N, seed)).collect();
        let mean = |f: &dyn Fn(&DMatrix<f64>) -> f64| rotations.iter().map(f).sum::<f64>() / f64::from(COUNT);
        for (i, j) in (0..N).flat_map(|i| (0..N).map(move |j| (i, j))) {
            for (power, moment) in [(1, 0.0), (2, 1.0 / 3.0), (4, 0.2)] {
                let found = mean(&|p| p[(i, j)].powi(power));
                assert!((found - moment).abs() < 0.017, "{i} {j} {power}: {found}");
            }
        }
        for (found, moment) in [
            (mean(&|p| p.trace()), 0.0),
            (mean(&|p| p.trace().powi(2)), 1.0),
            (mean(&|p| p.determinant()), 0.0),
        ] {
            assert!((found - moment).abs() < 0.04, "{found}, not {moment}");
        }
    }

    #[test]
    fn names() {
        let of = |name: &str| called(name).unwrap().map_err(|e| e.to_string());
        assert_eq!(of("separable"), Ok(separable(2, 0)));
        assert_eq!(of("separable-2"), of("separable"));
        assert_eq!(of("separable-8-3"), Ok(separable(8, 3)));
        assert_eq!(of("separable-64-4294967295"), Ok(separable(64, u32::MAX)));
        for wrong in
            ["0", "65", "", "x", "2-", "2-x", "2--1", "2-4294967296", "1.5", "-1", "08", "2-3-4", "2-+3"]
        {
            let message = of(&format!("separable-{wrong}")).unwrap_err();
            assert!(message.contains("such as separable-8-3"), "{wrong}: {message}");
        }
        assert!(called("separables").is_none() && called("f1").is_none());
        assert_eq!(separable(3, 0).parameters.into_values().collect::<Vec<_>>(), [2.0, 1.0, 0.5]);
        assert_eq!(separable(1, 0).parameters["c1"], 1.0);
    }
}
