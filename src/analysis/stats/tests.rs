//! Masks whose statistics are known.

use std::f64::consts::LN_2;

use super::*;

/// A map of a formula in column and row.
fn mask(width: usize, height: usize, label: impl Fn(usize, usize) -> u32) -> Labels {
    let cells: Vec<u32> = (0..width * height).map(|k| label(k % width, k / width)).collect();
    labels(width, cells)
}

fn labels(width: usize, cells: Vec<u32>) -> Labels {
    let classes: Vec<Class> = (0..8).map(Class::Attractor).collect();
    Labels::sorted(width, cells.len() / width, cells, &classes)
}

fn near(value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{value} is not {expected} +- {within}");
}

/// Seeded noise, even in [0, 1).
fn noise(k: usize) -> f64 {
    let mut x = (k as u64).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The middle-thirds Cantor set and its complement, as stripes on 3^stages columns.
fn cantor(stages: u32, height: usize) -> Labels {
    mask(3usize.pow(stages), height, |j, _| {
        let is_gap = (0..stages).any(|stage| j / 3usize.pow(stage) % 3 == 1);
        u32::from(is_gap)
    })
}

/// The basins of Newton's method for z^3 = 1, whose boundary has the Wada property.
fn newton(side: usize) -> Labels {
    mask(side, side, |j, i| {
        let at = |k: usize| -1.5 + 3.0 * (k as f64 + 0.5) / side as f64;
        let (mut x, mut y) = (at(j), at(i));
        for _ in 0..200 {
            // z - (z^3 - 1) / (3 z^2) = 2/3 z + 1/3 conj(z)^2 / |z|^4
            let r = (x * x + y * y).powi(2);
            (x, y) = ((2.0 * x + (x * x - y * y) / r) / 3.0, (2.0 * y - 2.0 * x * y / r) / 3.0);
        }
        if x > 0.5 { 0 } else { 1 + u32::from(y > 0.0) }
    })
}

fn vertical() -> Labels {
    mask(300, 256, |j, _| u32::from(j > 127))
}

fn oblique() -> Labels {
    mask(256, 256, |j, i| u32::from(7 * j > 3 * i + 400))
}

fn circle(side: usize, x: f64, y: f64, radius: f64) -> Labels {
    mask(side, side, |j, i| u32::from((j as f64 - x).hypot(i as f64 - y) < radius))
}

fn entropy_in(labels: &Labels, side: usize) -> Entropy {
    entropies(labels).into_iter().find(|entropy| entropy.side == side).unwrap()
}

#[test]
fn smooth_boundaries_have_dimension_one_and_exponent_one() {
    for smooth in [vertical(), oblique(), circle(256, 125.3, 130.7, 80.2)] {
        let (dimension, exponent) = (dimension(&smooth).unwrap(), exponent(&smooth).unwrap());
        near(dimension.value, 1.0, 0.01);
        near(exponent.value, 1.0, 0.01);
        assert!(dimension.error < 0.01 && exponent.error < 0.01);
        assert_eq!((dimension.fitted, exponent.fitted), ([2, 16], [2, 16]));
        dimension.local.iter().flatten().for_each(|slope| near(*slope, 1.0, 0.05));
        assert_eq!(entropies(&smooth).iter().find(|e| e.exceeds_log_2 == Some(true)), None);
    }
    // A line along a column: a box for every 8 rows, and two uncertain columns for each cell of distance.
    let (vertical, at) =
        (vertical(), |n: usize, scaling: &Scaling| scaling.lengths.iter().position(|&l| l == n));
    let (dimension, exponent) = (dimension(&vertical).unwrap(), exponent(&vertical).unwrap());
    near(dimension.counts[at(8, &dimension).unwrap()], 255.0 / 8.0, 1e-9);
    near(exponent.counts[at(8, &exponent).unwrap()], 2.0 * 8.0 * 256.0, 0.0);
}

#[test]
fn a_cantor_set_of_lines_has_its_dimension() {
    let cantor = cantor(6, 729);
    let expected = 1.0 + 2f64.ln() / 3f64.ln();
    near(dimension(&cantor).unwrap().value, expected, 0.02);
    near(exponent(&cantor).unwrap().value, 2.0 - expected, 0.04);
    // Half the resolution sees the same.
    near(dimension(&cantor.every_second()).unwrap().value, expected, 0.1);
}

#[test]
fn a_checkerboard_has_the_entropy_of_two() {
    let board = mask(256, 256, |j, i| ((j / 4 + i / 4) % 2) as u32);
    for side in [8, 16, 32] {
        let entropy = entropy_in(&board, side);
        near(entropy.basin_entropy.unwrap(), LN_2, 1e-12);
        near(entropy.boundary_basin_entropy.unwrap(), LN_2, 1e-12);
        assert_eq!((entropy.boundary_boxes, entropy.exceeds_log_2), (entropy.boxes, Some(false)));
    }
    // Boxes as large as a square see one each.
    let entropy = entropy_in(&board, 4);
    assert_eq!((entropy.basin_entropy, entropy.boundary_basin_entropy), (Some(0.0), None));
    assert_eq!((entropy.boxes, entropy.boundary_boxes), (64 * 64, 0));
    // Of three colours, those of three.
    let board = mask(96, 96, |j, i| ((j + i) % 3) as u32);
    let boxes = entropy_in(&board, 8);
    near(boxes.boundary_basin_entropy.unwrap(), 3f64.ln(), 1e-3);
    assert_eq!(boxes.exceeds_log_2, Some(true));
}

#[test]
fn a_riddled_mask_fills_the_plane() {
    let riddled = mask(512, 512, |j, i| u32::from(noise(512 * i + j) < 0.3));
    near(dimension(&riddled).unwrap().value, 2.0, 0.02);
    near(exponent(&riddled).unwrap().value, 0.0, 0.02);
    let entropy = entropy_in(&riddled, 32);
    // Of the probabilities, less (K - 1) / 2n in n draws of K.
    let expected = -(0.3 * 0.3f64.ln() + 0.7 * 0.7f64.ln()) - 1.0 / 2048.0;
    near(entropy.basin_entropy.unwrap(), expected, 1.5e-3);
    assert_eq!(entropy.basin_entropy, entropy.boundary_basin_entropy);
}

#[test]
fn the_basins_of_newtons_method_have_the_wada_property() {
    let newton = newton(512);
    for labels in [newton.every_second(), newton.clone()] {
        let wada = merge_test(&labels, &compared(&labels)).unwrap();
        assert!(wada.holds && wada.basins == 3 && wada.radius < Some(8), "{wada:?}");
    }
    // And a boundary of one dimension and its exponent.
    let (dimension, exponent) = (dimension(&newton).unwrap().value, exponent(&newton).unwrap().value);
    near(dimension, 1.43, 0.03);
    near(exponent, 2.0 - dimension, 0.03);
    assert_eq!(entropy_in(&newton, 2).exceeds_log_2, Some(true));
}

#[test]
fn stripes_do_not_have_the_wada_property() {
    // The boundaries lie so many columns apart.
    for (apart, radius) in [(20, Some(20)), (64, Some(64)), (65, None), (3, Some(3))] {
        for transposed in [false, true] {
            let stripe = |k: usize| (k >= 55) as u32 + (k >= 55 + apart) as u32;
            let stripes = mask(192, 192, |j, i| stripe(if transposed { i } else { j }));
            let wada = merge_test(&stripes, &compared(&stripes)).unwrap();
            assert_eq!((wada.radius, wada.holds), (radius, apart < 8), "{apart}");
        }
    }
    // At a higher resolution narrow stripes are seen to be stripes.
    let fine = mask(768, 768, |j, _| (j >= 220) as u32 + (j >= 232) as u32);
    assert!(!merge_test(&fine, &compared(&fine)).unwrap().holds);
    let two = vertical();
    assert!(merge_test(&two, &compared(&two)).unwrap_err().contains("three basins"));
}

#[test]
fn a_radius_is_that_of_cell_by_cell_distances() {
    let spots = mask(150, 70, |j, i| match noise(i / 3 * 50 + j / 3) {
        x if x < 0.02 => 1,
        x if x < 0.04 => 2,
        _ => 0,
    });
    let label = |j: usize, i: usize| spots.cells[150 * i + j];
    let squares = |is_in: &dyn Fn([u32; 4]) -> bool| -> Vec<(usize, usize)> {
        let all = (0..149 * 69).map(|k| (k % 149, k / 149));
        all.filter(|&(j, i)| is_in([label(j, i), label(j + 1, i), label(j, i + 1), label(j + 1, i + 1)]))
            .collect()
    };
    let boundary = squares(&|cells| cells != [cells[0]; 4]);
    let radius = |basin: u32| {
        let own = squares(&|cells| cells != [cells[0]; 4] && cells.contains(&basin));
        let nearest = |a: &(usize, usize)| own.iter().map(|b| a.0.abs_diff(b.0).max(a.1.abs_diff(b.1))).min();
        boundary.iter().map(|square| nearest(square).unwrap()).max().unwrap()
    };
    let expected = (0..3).map(radius).max().unwrap() as u32;
    assert!((10..RADIUS_MAX).contains(&expected), "{expected}");
    assert_eq!(merge_test(&spots, &[0, 1, 2]).unwrap().radius, Some(expected));
}

#[test]
fn cells_of_unknown_basin_are_not_looked_at() {
    // A band of them along a boundary, three cells wide, and specks elsewhere.
    let is_unknown = |j: usize, i: usize| j.abs_diff(128) < 2 || noise(256 * i + j) < 0.01;
    let cells = (0..256 * 256).map(|k| (k % 256, k / 256));
    let cells = cells.map(|(j, i)| if is_unknown(j, i) { UNKNOWN } else { u32::from(j < 128) });
    let labels = labels(256, cells.collect());
    assert_eq!(labels.basins(), 2);
    let scaling = dimension(&labels).unwrap();
    // Boxes smaller than the band do not see across it, and those of 16 cells do.
    assert_eq!(scaling.counts[0], 0.0);
    near(*scaling.counts.last().unwrap(), 255.0 / 16.0, 5.0);
    assert_eq!(scaling.local[0], None);
    let exponent = exponent(&labels).unwrap();
    assert!(exponent.counts[..3].iter().all(|&count| count == 0.0) && exponent.counts[3] > 0.0);
    let entropy = entropy_in(&labels, 8);
    assert!(entropy.boundary_boxes < 40 && entropy.exceeds_log_2 != Some(true), "{entropy:?}");
    let fractions = fractions(&labels);
    near(fractions.iter().map(|(_, share)| share).sum(), 1.0, 1e-12);
    assert_eq!(fractions[2].0, "undecided");
    near(fractions[2].1, 3.0 / 256.0 + 0.01, 2e-3);
}

#[test]
fn errors_of_fractions_are_those_of_draws_and_of_strata() {
    let riddled = mask(300, 301, |j, i| u32::from(noise(300 * i + j) < 0.3));
    let random = random_error(0.3, 300 * 301);
    near(grid_errors(&riddled, 2).unwrap()[1] / random, 1.0, 0.01);
    // Discs of known area, at places that the grid does not know: it is better than its error, which is
    // better than that of draws.
    let (side, radius) = (128, 40.3);
    let area = std::f64::consts::PI * radius * radius / (side * side) as f64;
    let discs = (0..64).map(|n| circle(side, 60.0 + noise(2 * n), 62.0 + noise(2 * n + 1), radius));
    let off: Vec<(f64, f64)> = discs
        .map(|disc| {
            let place = disc.classes.iter().position(|class| *class == Class::Attractor(1)).unwrap();
            let share = disc.counts[place] as f64 / (side * side) as f64;
            (share - area, grid_errors(&disc, 2).unwrap()[place])
        })
        .collect();
    let mean = |of: fn(&(f64, f64)) -> f64| (off.iter().map(|x| of(x).powi(2)).sum::<f64>() / 64.0).sqrt();
    let (deviation, error) = (mean(|x| x.0), mean(|x| x.1));
    assert!(0.2 * error < deviation && deviation < error, "{deviation} {error}");
    assert!(error < 0.3 * random_error(area, (side * side) as u64));
    assert_eq!(grid_errors(&mask(1, 9, |_, i| u32::from(i > 3)), 2), None);
}

#[test]
fn what_cannot_be_measured_has_a_reason() {
    let reasons = |labels: Labels| resolutions(labels)[0].reasons.clone();
    let one = reasons(mask(64, 64, |_, _| 0));
    assert_eq!(
        one.keys().copied().collect::<Vec<_>>(),
        ["boundary_basin_entropy", "boundary_dimension", "uncertainty_exponent", "wada"]
    );
    assert!(one["boundary_dimension"].contains("one basin only"));
    let none = reasons(mask(64, 64, |_, _| UNKNOWN));
    assert!(none.len() == 5 && none["basin_entropy"].contains("no box"), "{none:?}");
    for (width, height) in [(1, 1), (1, 70), (70, 1), (2, 2), (19, 31)] {
        let small = reasons(mask(width, height, |j, i| ((i + j) % 3) as u32));
        assert_eq!(small.len(), 5, "{small:?}");
        assert!(small["basin_entropy"].contains("20 are needed") || width * height == 1, "{small:?}");
    }
    assert!(reasons(mask(32, 32, |j, i| ((i + j) % 3) as u32)).is_empty());
}

#[test]
fn lower_resolutions_are_the_maps_that_they_would_be() {
    let formula = |j: usize, i: usize| u32::from(5 * j > 3 * i + 40);
    let found = resolutions(mask(513, 300, formula));
    let sizes: Vec<[usize; 2]> = found.iter().map(|resolution| resolution.size).collect();
    assert_eq!(sizes, [[300, 513], [150, 257], [75, 129]]);
    let coarse = Resolution::new(&mask(257, 150, |j, i| formula(2 * j, 2 * i)), 2, &[0, 1]);
    assert_eq!(found[1].fractions, coarse.fractions);
    assert_eq!(found[1].entropies, coarse.entropies);
    assert_eq!(found[1].boundary_dimension, coarse.boundary_dimension);
    assert_eq!(found[1].uncertainty_exponent, coarse.uncertainty_exponent);
}

#[test]
fn classes_are_attractors_and_fates() {
    let ends = Ends {
        width: 4,
        height: 2,
        fate: [4, 1, 1, 2, 0, 3, 4, 4].to_vec(),
        attractor: vec![-1, 0, 0, 2, -1, -1, -1, -1],
    };
    let labels = Labels::new(ends.clone(), false);
    let names: Vec<String> = labels.classes.iter().map(|class| class.name()).collect();
    assert_eq!(names, ["diverged", "attractor 0", "attractor 2", "chaotic"]);
    assert_eq!(labels.cells, [0, 1, 1, 2, UNKNOWN, 3, 0, 0]);
    assert_eq!((labels.counts.as_slice(), labels.known()), ([3, 2, 1, 1].as_slice(), 7));
    let counted = Labels::new(ends, true);
    assert_eq!((counted.known(), counted.basins()), (8, 5));
    assert!(fractions(&counted).contains(&("undecided".to_owned(), 0.125)));
}
