//! Phase diagrams: what orbits visit, against what is known of it.

use super::engines::{Subject, all, root};
use gdscope::experiment::{Draft, PhaseExperiment};
use gdscope::phase::{Diagram, PhaseReport};

fn experiment(toml: &str, subject: &Subject) -> PhaseExperiment {
    let draft = Draft::parse(toml).unwrap_or_else(|e| panic!("{e}\n{toml}"));
    let mut experiment = draft.resolve_phase().unwrap_or_else(|e| panic!("{e}\n{toml}"));
    experiment.precision = subject.precision;
    experiment
}

fn phase(toml: &str, subject: &Subject) -> (Diagram, PhaseReport) {
    gdscope::phase::run(&experiment(toml, subject), subject.engine.as_ref(), &|_| {}).unwrap()
}

/// The shares of a column's visits in each bin.
fn shares(diagram: &Diagram, column: usize) -> Vec<f64> {
    let counts = diagram.counts.iter().skip(column).step_by(diagram.across.len());
    let counts: Vec<f64> = counts.map(|&n| f64::from(n)).collect();
    let total = counts.iter().sum::<f64>();
    counts.iter().map(|n| n / total).collect()
}

/// Half the sum of the differences: the largest difference in what any set of bins holds.
fn total_variation(a: &[f64], b: &[f64]) -> f64 {
    0.5 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>()
}

/// More than this is another density: of half a million visits that are not independent, in 50 bins.
const DIFFERENT: f64 = 0.02;

/// The bins of a column that hold visits.
fn visited(diagram: &Diagram, column: usize) -> Vec<usize> {
    (0..diagram.bins.count as usize)
        .filter(|bin| diagram.counts[bin * diagram.across.len() + column] > 0)
        .collect()
}

/// The bin that a value is in, with those beside it that it is within a hundredth of a bin of.
fn bins_of(diagram: &Diagram, value: f64) -> Vec<usize> {
    let edges = diagram.bins.edges();
    let at = |bin: usize| (edges[bin], edges[bin + 1]);
    let holds = |bin: &usize| {
        let (low, high) = at(*bin);
        let slack = 0.01 * (high - low);
        value > low - slack && value < high + slack
    };
    (0..edges.len() - 1).filter(holds).collect()
}

/// The logistic map x -> r x (1 - x) as descent with eta = 1.
fn logistic(from: f64, to: f64, rest: &str) -> String {
    format!(
        r#"landscape = {{ variables = ["x"], parameters = {{ r = 3 }}, loss = "x^2/2 - r*(x^2/2 - x^3/3)" }}
        across = "r = {from} .. {to}"
        eta = 1
        {rest}"#
    )
}

#[test]
fn full_chaos_has_the_arcsine_density() {
    // Ulam and von Neumann 1947: at r = 4 the invariant density is 1/(pi sqrt(x (1 - x))), whose distribution
    // is 2/pi asin(sqrt(x)). A little below, nothing escapes by rounding.
    let rest = "size = [2, 50]\nsteps = 200\n[phase]\nobserve = \"x\"\nrange = \"0 .. 1\"\nstarts = 4000\ntransient = 60\n\
                from = { x = \"0.1 .. 0.9\" }";
    for subject in all() {
        let (diagram, report) = phase(&logistic(3.999_99, 3.999_999, rest), &subject);
        let distribution = |x: f64| std::f64::consts::FRAC_2_PI * x.sqrt().asin();
        let edges = diagram.bins.edges();
        let wanted: Vec<f64> =
            edges.windows(2).map(|pair| distribution(pair[1]) - distribution(pair[0])).collect();
        for column in 0..2 {
            let off = total_variation(&shares(&diagram, column), &wanted);
            assert!(off < DIFFERENT, "{}: {off}", subject.name);
            assert!((diagram.lyapunov[column] - std::f64::consts::LN_2).abs() < 0.02, "{}", subject.name);
            assert_eq!(diagram.period[column], 0, "{}", subject.name);
        }
        assert_eq!(report.visits.inside, 2 * 4000 * 140, "{}", subject.name);
    }
}

#[test]
fn a_wrong_density_is_seen() {
    let (even, wrong) = (vec![0.02; 50], (0..50).map(|k| 0.02 + 0.001 * f64::from(k % 2 * 2 - 1)));
    assert!(total_variation(&even, &wrong.collect::<Vec<_>>()) > DIFFERENT);
}

#[test]
fn f1_is_at_0_up_to_eta_2_and_on_two_points_above() {
    let toml = "landscape = \"f1\"\nacross = \"eta = 1.01 .. 9.03\"\nsize = [41, 200]\nsteps = 1500\n[phase]\n\
                observe = \"x\"\nrange = \"-14.05 .. 14.1\"\nstarts = 20";
    for subject in all() {
        let (diagram, report) = phase(toml, &subject);
        assert_eq!(report.fates["converged"] + report.fates["periodic"], 41 * 20, "{}", subject.name);
        for (column, &eta) in diagram.across.iter().enumerate() {
            let found = visited(&diagram, column);
            let what = format!("{} at {eta}: {found:?}", subject.name);
            if eta < 2.0 {
                assert!(found.iter().all(|bin| bins_of(&diagram, 0.0).contains(bin)), "{what}");
                assert_eq!(diagram.period[column], 1, "{what}");
                // The multiplier of the minimum is 1 - eta.
                assert!((diagram.lyapunov[column] - (eta - 1.0).ln()).abs() < 1e-3, "{what}");
                continue;
            }
            // eta ln(1 + x) = 2 x.
            let x = root(1e-3, 100.0, |x| 2.0 * x - eta * x.ln_1p());
            let near =
                |bin: &usize| bins_of(&diagram, x).contains(bin) || bins_of(&diagram, -x).contains(bin);
            assert!(found.iter().all(near), "{what} and {x}");
            let above = shares(&diagram, column).iter().skip(100).sum::<f64>();
            assert!((above - 0.5).abs() < 1e-9 || x < 0.2, "{what}: {above}");
            assert_eq!(diagram.period[column], 2, "{what}");
            assert!((diagram.theory.cycle[column] / x - 1.0).abs() < 1e-9, "{what}");
        }
    }
}

#[test]
fn engines_count_alike() {
    let mut others = all();
    let exact = others.remove(2);
    // Regular orbits are counted the same, visit by visit, on a logarithmic scale as well.
    let regular = "landscape = \"f1\"\nacross = \"eta = 2.5 .. 8\"\nsize = [33, 64]\nsteps = 1000\n[phase]\n\
                   range = \"0.05 .. 20 : log\"\nstarts = 17";
    let known = phase(regular, &exact).0;
    for subject in &others {
        assert_eq!(phase(regular, subject).0.counts, known.counts, "{}", subject.name);
    }
    // Chaotic ones only in their statistics: through an observable of two variables, parameters and the rate.
    let chaotic = "landscape = \"f3\"\nacross = \"C = 2 .. 4\"\neta = 1\nsize = [5, 40]\nsteps = 400\n[phase]\n\
                   observe = \"log(eta*C*norm(x1, x2 - 0.1))\"\nrange = \"-1 .. 3\"\nstarts = 3000\ntransient = 100";
    let known = phase(chaotic, &exact).0;
    for subject in &others {
        let diagram = phase(chaotic, subject).0;
        for column in 0..5 {
            let off = total_variation(&shares(&diagram, column), &shares(&known, column));
            assert!(off < 0.01, "{} column {column}: {off}", subject.name);
            let out = |d: &Diagram| (f64::from(d.below[column]), f64::from(d.above[column]));
            let (found, wanted) = (out(&diagram), out(&known));
            assert!((found.0 / wanted.0 - 1.0).abs() < 0.05, "{}: {found:?} {wanted:?}", subject.name);
        }
    }
}

#[test]
fn noise_makes_a_density_of_its_own() {
    // A quadratic of curvature a with noise s: a normal density of variance s^2/(1 - (1 - eta a)^2).
    let toml = "landscape = { variables = [\"x\"], loss = \"x^2/2\", noise = [\"0.1\"] }\nacross = \"eta = 0.1 .. 1.5\"\n\
                size = [3, 40]\nsteps = 700\nseed = 4\n[phase]\nobserve = \"x\"\nrange = \"-1 .. 1\"\nstarts = 500\n\
                transient = 200\nfrom = { x = \"-0.1 .. 0.1\" }";
    for subject in all() {
        let (diagram, _) = phase(toml, &subject);
        let edges = diagram.bins.edges();
        for (column, eta) in diagram.across.iter().enumerate() {
            let middles = edges.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
            let moment = shares(&diagram, column).iter().zip(middles).map(|(p, x)| p * x * x).sum::<f64>();
            // A bin of width h adds h^2/12.
            let variance = moment - 0.05_f64.powi(2) / 12.0;
            let wanted = 0.01 / (1.0 - (1.0 - eta).powi(2));
            assert!((variance / wanted - 1.0).abs() < 0.05, "{} {eta}: {variance} {wanted}", subject.name);
        }
    }
}

/// A double well, tilted by h: the fixed points solve x^3 - x = h, and those on the left exist up to
/// h = 2/(3 sqrt(3)) = 0.3849, those on the right down to its negative.
const WELLS: &str = "landscape = { variables = [\"x\"], parameters = { h = 0 }, loss = \"x^4/4 - x^2/2 - h*x\" }\n\
                     across = \"h = -1 .. 1\"\neta = 0.1\nsize = [51, 400]\nsteps = 1500\n[phase]\nobserve = \"x\"\n\
                     range = \"-1.6 .. 1.6\"\nstarts = 3\nfrom = { x = \"-0.5 .. 0.5\" }\n";

#[test]
fn a_double_well_has_the_hysteresis_of_its_folds() {
    let fold = 2.0 / (3.0 * 3f64.sqrt());
    for subject in all() {
        let [up, down] = ["up", "down"].map(|way| phase(&format!("{WELLS}warm = \"{way}\""), &subject).0);
        for (column, &h) in up.across.iter().enumerate() {
            for (diagram, is_left) in [(&up, h < fold), (&down, h < -fold)] {
                // The root of x^3 - x - h on the side of the well.
                let x = match is_left {
                    true => root(-2.0, -1.0 / 3f64.sqrt(), |x| x * x * x - x - h),
                    false => root(1.0 / 3f64.sqrt(), 2.0, |x| x * x * x - x - h),
                };
                let found = visited(diagram, column);
                let near = bins_of(diagram, x);
                assert!(
                    !found.is_empty() && found.iter().all(|bin| near.contains(bin)),
                    "{} at {h}: {found:?}, not {near:?}",
                    subject.name
                );
                assert_eq!(diagram.period[column], 1, "{} at {h}", subject.name);
                // The multiplier is 1 - eta (3 x^2 - 1).
                let exponent = (1.0 - 0.1 * (3.0 * x * x - 1.0)).abs().ln();
                assert!((diagram.lyapunov[column] - exponent).abs() < 2e-3, "{} at {h}", subject.name);
            }
            let same = (0..400).all(|bin| up.counts[bin * 51 + column] == down.counts[bin * 51 + column]);
            assert!(same || h.abs() < fold, "{} at {h}", subject.name);
            assert!(!same || h.abs() > fold, "{} at {h}", subject.name);
        }
        // From starts of their own, both wells are found in between.
        let cold = phase(WELLS, &subject).0;
        assert!(visited(&cold, 25).len() >= 2);
    }
}

#[test]
fn an_orbit_does_not_stay_on_a_point_that_repels() {
    // Below eta = 2 descent comes to 0 to the last digit; above, it leaves it for the cycle.
    let toml = "landscape = \"f1\"\nacross = \"eta = 1.5 .. 4\"\nsize = [26, 100]\nsteps = 1000\n[phase]\n\
                range = \"0 .. 5\"\nstarts = 1\nwarm = \"up\"";
    for subject in all() {
        let (diagram, _) = phase(toml, &subject);
        for column in (0..26).filter(|column| diagram.across[*column] > 2.25) {
            let near = bins_of(&diagram, diagram.theory.cycle[column]);
            let found = visited(&diagram, column);
            assert!(found.iter().all(|bin| near.contains(bin)), "{} {column}: {found:?}", subject.name);
            assert_eq!(diagram.period[column], 2, "{}", subject.name);
        }
    }
}

#[test]
fn what_diverges_is_left_out_and_starts_anew() {
    let base = "landscape = \"quadratic\"\nacross = \"eta = 0.5 .. 3\"\nsize = [26, 10]\nsteps = 1000\n[phase]\n\
                range = \"0 .. 5\"\nstarts = 4\n";
    for subject in all() {
        for more in ["", "warm = \"down\""] {
            let (diagram, report) = phase(&format!("{base}{more}"), &subject);
            for (column, &eta) in diagram.across.iter().enumerate() {
                let diverges = eta > 2.01;
                assert!(
                    (1.99..2.01).contains(&eta) || (diagram.diverged[column] == 4) == diverges,
                    "{}",
                    subject.name
                );
                assert!(!diverges || visited(&diagram, column).is_empty(), "{} {eta}", subject.name);
                assert!(!diverges || diagram.lyapunov[column].is_nan(), "{} {eta}", subject.name);
                assert!(eta > 1.99 || visited(&diagram, column) == [0], "{} {eta} {more}", subject.name);
            }
            assert!(report.fates["diverged"] >= 40, "{}: {:?}", subject.name, report.fates);
        }
    }
}

/// The step number changes for as long as an orbit is followed.
#[test]
fn a_range_that_is_found_holds_what_drifts() {
    let toml = "landscape = \"f1\"\neta = 1\nacross = \"x = 1 .. 2\"\nsize = [4, 50]\nsteps = 5000\n[phase]\n\
                observe = \"t\"\ntransient = 3000";
    let (diagram, _) = phase(toml, &all()[0]);
    assert_eq!(diagram.counts.iter().sum::<u32>(), 4 * 2000);
    let (from, to) = (diagram.bins.range.from, diagram.bins.range.to);
    assert!((2900.0..=3000.0).contains(&from) && (4999.0..5200.0).contains(&to), "{from} {to}");
}
