//! Each way of ending, on losses made for it.

use super::engines::{all, fate, fates};
use gdscope::fate::Fate;

/// A map of a one-line loss over x and y.
fn plane(loss: &str, rest: &str) -> String {
    let variables = if loss.contains('y') { r#"["x", "y"]"# } else { r#"["x"]"# };
    format!("landscape = {{ variables = {variables}, loss = \"{loss}\" }}\n{rest}")
}

#[test]
fn a_plateau_stalls_and_a_bowl_beside_it_converges() {
    let toml = plane("relu(x)^2", "across = \"x = -3 .. 3\"\nup = \"eta = 0.1 .. 0.9\"\nsize = [6, 3]");
    for subject in all() {
        let map = subject.map(&toml);
        for cell in 0..18 {
            // From the right, the bowl's edge is approached, never crossed; eta = 0.5 lands on it.
            let x = map.across[cell % 6];
            let found = fate(&map, cell);
            match x < 0.0 {
                true => assert_eq!(found, Fate::Stalled, "{} at {x}", subject.name),
                false if cell / 6 == 0 => assert_eq!(found, Fate::Converged, "{} at {x}", subject.name),
                false => assert!(matches!(found, Fate::Converged | Fate::Stalled), "{} at {x}", subject.name),
            }
        }
    }
}

#[test]
fn slow_drifts_are_undecided() {
    // Down an exponential for ever, toward a minimum of fourth and sixth order, and along a valley.
    for (loss, rest) in [
        ("exp(-x)", "across = \"x = 0 .. 2\"\nup = \"eta = 0.5 .. 1\""),
        ("x^4", "across = \"x = 0.5 .. 1\"\nup = \"eta = 0.05 .. 0.2\""),
        ("x^6", "across = \"x = 0.5 .. 1\"\nup = \"eta = 0.05 .. 0.1\""),
        ("y^2/2 + exp(-x)", "across = \"x = 0 .. 2\"\nup = \"y = -1 .. 1\"\neta = 0.3"),
    ] {
        let toml = plane(loss, &format!("{rest}\nsize = [5, 5]"));
        for subject in all() {
            let map = subject.map(&toml);
            let slow = map.fate.iter().all(|&f| f == Fate::Undecided as u8);
            assert!(slow, "{} on {loss}: {:?}", subject.name, fates(&map));
        }
    }
}

#[test]
fn starts_near_a_point_that_repels_do_not_diverge_for_where_they_end() {
    for (loss, end) in [("(x^2 - 1)^2/4", 1.0), ("2.5e9*(x^2/1e10 - 1)^2", 1e5)] {
        let toml = plane(loss, "across = \"x = -1e-7 .. 1e-7\"\nup = \"eta = 0.1 .. 0.5\"\nsize = [40, 8]");
        for subject in all() {
            let outcomes = subject.outcomes(&toml);
            for cell in 0..320 {
                let (fate, x) = (Fate::from_code(outcomes.fate[cell]), outcomes.point[cell]);
                assert_eq!(fate, Some(Fate::Converged), "{}: {loss}", subject.name);
                assert!((x.abs() / end - 1.0).abs() < 1e-5, "{}: {x}", subject.name);
            }
        }
    }
}

#[test]
fn leaving_the_escape_radius_or_the_domain_is_divergence() {
    for (loss, rest) in [
        ("x^3", "across = \"x = -2 .. -1\"\nup = \"eta = 0.1 .. 0.2\""),
        ("-exp(x)", "across = \"x = 0 .. 1\"\nup = \"eta = 0.1 .. 0.2\""),
        // The first step leads to a negative number, and its logarithm is not a number.
        ("x * log(x)", "across = \"x = 3 .. 4\"\nup = \"eta = 2 .. 3\""),
        // The orbits settle at -1, where the gradient's formula is 0 and the loss is no number.
        ("x^2/2 - log(x)", "across = \"x = -3 .. -1\"\nup = \"eta = 0.1 .. 0.4\""),
        ("-x^2 + 0*y", "across = \"x = 1 .. 2\"\nup = \"y = 1 .. 2\"\neta = 0.5"),
    ] {
        let toml = plane(loss, &format!("{rest}\nsize = [4, 4]"));
        for subject in all() {
            let map = subject.map(&toml);
            let gone = map.fate.iter().all(|&f| f == Fate::Diverged as u8);
            assert!(gone, "{} on {loss}: {:?}", subject.name, fates(&map));
            assert!(map.amplitude.iter().all(|a| a.is_nan()));
        }
    }
}

/// An orbit that has left has diverged, though it is back before the window ends: steps at a rate of 12 make it eleven
/// times as long each, and the next step at 1 ends in the minimum.
#[test]
fn leaving_is_divergence_for_orbits_that_return_too() {
    for (rate, wanted) in [
        ("if(t < 7, 12, 1)", "diverged"),
        ("if(t < 5, 12, 1)", "converged"),
        ("if(t < 2000, 0.001, if(t < 2008, 12, 1))", "diverged"),
    ] {
        let toml = plane(
            "x^2/2 + 0*y",
            &format!(
                "across = \"x = 1 .. 2\"\nup = \"y = 1 .. 2\"\neta = \"{rate}\"\nsize = [4, 4]\nsteps = 3000"
            ),
        );
        for subject in all() {
            assert_eq!(fates(&subject.map(&toml)), [(wanted, 16)], "{} with {rate}", subject.name);
        }
    }
}

/// A coordinate that dies away by less than half a step is 0 in the end and not the least number that there is; the other
/// one goes on: `x' = 2.9 x - 1.9 x^3`, near full chaos.
#[test]
fn what_dies_away_is_zero() {
    let toml = plane(
        "x^4/4 - x^2/2 + y^2/8",
        "across = \"x = 0.1 .. 1.1\"\nup = \"y = 1 .. 2\"\neta = 1.9\nsize = [8, 8]\nsteps = 4096",
    );
    for subject in all() {
        let outcomes = subject.outcomes(&toml);
        let chaotic: Vec<usize> = (0..64).filter(|&c| outcomes.fate[c] == Fate::Chaotic as u8).collect();
        assert!(chaotic.len() > 50, "{}: {:?}", subject.name, outcomes.fate);
        for cell in chaotic {
            assert_eq!(outcomes.point[2 * cell + 1], 0.0, "{}", subject.name);
        }
    }
}

#[test]
fn a_line_of_minima_is_reached_where_its_sharpness_allows() {
    // (1 - x y)^2 / 2 has minima with sharpness x^2 + y^2 >= 2: reachable ones exist below eta = 1.
    let toml = |eta: f64| {
        plane(
            "(1 - x*y)^2/2",
            &format!("across = \"x = 0.05 .. 2.5\"\nup = \"y = 0.1 .. 2.6\"\neta = {eta}\nsize = [40, 40]"),
        )
    };
    for subject in all() {
        for eta in [0.3, 0.5, 0.7, 0.9] {
            let map = subject.map(&toml(eta));
            let what = format!("{} at {eta}: {:?}", subject.name, fates(&map));
            // From every start that stays a minimum is reached; in f32 a few are kept moving by rounding,
            // those whose minimum is about to lose its stability.
            let converged: Vec<usize> = (0..1600).filter(|&c| fate(&map, c) == Fate::Converged).collect();
            let staying = map.fate.iter().filter(|&&f| f != Fate::Diverged as u8).count();
            let spare = if subject.name.ends_with("f64") { 0 } else { staying / 50 };
            assert!(converged.len() + spare >= staying, "{what}");
            assert!(!map.fate.contains(&(Fate::Periodic as u8)), "{what}");
            for &c in &converged {
                assert!(map.sharpness[c] <= 2.0 / eta + 1e-3, "{what}: sharpness {}", map.sharpness[c]);
            }
        }
        let map = subject.map(&toml(1.05));
        assert!(!map.fate.contains(&(Fate::Converged as u8)), "{}: {:?}", subject.name, fates(&map));
    }
}

#[test]
fn two_minima_are_two_attractors_and_signs_apart_are_different() {
    let toml =
        plane("(x^2 - 1)^2/4", "across = \"x = -1.4 .. 1.4\"\nup = \"eta = 0.2 .. 0.5\"\nsize = [50, 4]");
    for subject in all() {
        let map = subject.map(&toml);
        for cell in 0..200 {
            assert_eq!(fate(&map, cell), Fate::Converged, "{}", subject.name);
            // The left half of this symmetric plane holds one of them, the right half the other.
            let left = map.attractor[(cell / 50) * 50];
            let expected = if map.across[cell % 50] < 0.0 { left } else { 1 - left };
            assert_eq!(map.attractor[cell], expected, "{} at {}", subject.name, map.across[cell % 50]);
        }
    }
}

/// At eta = 2/f''(0) descent nears the minimum like 1/t. From far away it arrives there all at once, which
/// must not be taken for contraction.
#[test]
fn an_arrival_from_afar_is_no_contraction() {
    let toml = r#"landscape = { variables = ["x"], parameters = { b = 0 }, loss = "(1 + abs(x)) * log1p(abs(x)) - abs(x) + 0*b" }
        across = "x = -1000 .. 1000"
        up = "b = 0 .. 1"
        eta = 2
        size = [2048, 2]
        steps = 2000"#;
    for subject in all() {
        let map = subject.map(toml);
        assert_eq!(fates(&map), [("undecided", 4096)], "{}", subject.name);
    }
}
