//! Stacks of maps: along a third quantity, and into a point.

use super::engines::{all, fates};
use gdscope::analysis::Known;
use gdscope::experiment::{Draft, Precision};
use gdscope::fate::Fate;
use gdscope::map::Map;
use gdscope::report::Report;
use gdscope::sweep::{Fractions, Frames, Stack};

fn stack(toml: &str) -> Stack {
    let draft = Draft::parse(toml).unwrap_or_else(|e| panic!("{e}\n{toml}"));
    Stack::of(&draft).unwrap_or_else(|e| panic!("{e}\n{toml}")).expect("a stack")
}

fn frames(stack: &Stack, engine: &dyn gdscope::engine::Engine) -> Vec<(Map, Report)> {
    Frames::new(stack, engine, Known::default()).map(Result::unwrap).collect()
}

fn precision(precision: Precision) -> &'static str {
    if precision == Precision::F32 { "f32" } else { "f64" }
}

/// The middle root of x^3 - x + b, if there are three.
fn saddle(b: f64) -> Option<f64> {
    let is_tilted_over = b.abs() > 2.0 / 27f64.sqrt();
    (!is_tilted_over).then(|| 2.0 / 3f64.sqrt() * ((1.5 * 3f64.sqrt() * b).asin() / 3.0).sin())
}

#[test]
fn basins_along_a_tilt_end_at_the_saddle_and_keep_their_numbers() {
    // The step is small enough to keep the order of points: those right of the saddle end right of it. One well goes
    // at b = +-2/sqrt(27). In between the larger basin becomes the smaller one.
    for subject in all() {
        let stack = stack(&format!(
            r#"landscape = {{ variables = ["x", "y"], parameters = {{ b = 0 }}, loss = "(x^2 - 1)^2/4 + b*x + y^2/4" }}
            across = "x = -1.5 .. 1.5"
            up = "y = -1 .. 1"
            eta = 0.1
            sweep = "b = -0.6 .. 0.6"
            frames = 7
            size = [60, 2]
            precision = "{}""#,
            precision(subject.precision)
        ));
        assert_eq!(stack.count(), 7);
        let mut fractions = Fractions::default();
        for (k, (map, report)) in frames(&stack, subject.engine.as_ref()).iter().enumerate() {
            let b = stack.values()[k];
            assert!((b - (0.2 * k as f64 - 0.6)).abs() < 1e-12);
            let goes_right = |x: f64| saddle(b).map_or(b < 0.0, |saddle| x > saddle);
            for cell in 0..map.cells() {
                let x = map.across[cell % 60];
                // The right well was there first.
                let expected = if goes_right(x) { 0 } else { 1 };
                assert_eq!(map.attractor[cell], expected, "{} at b = {b} from {x}", subject.name);
            }
            fractions.add(b, map, report);
            let right = map.across.iter().filter(|x| goes_right(**x)).count() as f64 / 60.0;
            let shares = [fractions.share(k, 0), fractions.share(k, 1)];
            assert!((shares[0] - right).abs() < 1e-12 && (shares[1] - (1.0 - right)).abs() < 1e-12);
            let listed = report.attractors.iter().map(|a| (a.id, a.point[0] > 0.0));
            assert!(listed.clone().all(|(id, right)| (id == 0) == right), "{:?}", listed.collect::<Vec<_>>());
        }
        assert_eq!(fractions.ids(), [0, 1]);
    }
}

#[test]
fn the_minimum_of_f1_stays_one_attractor_where_it_becomes_a_cycle() {
    // Theorem 4.1: to 0 up to eta = 2, to +-x_eta above.
    for subject in all() {
        let stack = stack(&format!(
            r#"landscape = {{ variables = ["x", "y"], loss = "(1 + abs(x))*log1p(abs(x)) - abs(x) + y^2/10" }}
            across = "x = -5 .. 5.5"
            up = "y = -1 .. 1"
            sweep = "eta = 0.7 .. 5.7"
            frames = 6
            size = [12, 3]
            precision = "{}""#,
            precision(subject.precision)
        ));
        for ((map, _), eta) in frames(&stack, subject.engine.as_ref()).iter().zip(stack.values()) {
            let what = format!("{} at eta = {eta}: {:?}", subject.name, fates(map));
            let expected = if eta < 2.0 { (Fate::Converged, 1) } else { (Fate::Periodic, 2) };
            let found = map.fate.iter().zip(&map.period);
            assert!(found.clone().all(|(f, p)| (*f, *p) == (expected.0 as u8, expected.1)), "{what}");
            assert!(map.attractor.iter().all(|id| *id == 0), "{what}");
        }
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Whether two maps are the same in all but the numbers of their attractors.
fn assert_same(a: &Map, b: &Map, what: &str) {
    assert!(a.across == b.across && a.up == b.up, "{what}: axes");
    assert!(a.fate == b.fate && a.period == b.period, "{what}: fates");
    for (name, a, b) in [
        ("amplitude", &a.amplitude, &b.amplitude),
        ("lyapunov", &a.lyapunov, &b.lyapunov),
        ("loss", &a.loss, &b.loss),
        ("sharpness", &a.sharpness, &b.sharpness),
    ] {
        assert!(bits(a) == bits(b), "{what}: {name}");
    }
}

#[test]
fn a_frame_of_a_sweep_is_the_map_with_that_value() {
    let toml = "landscape = \"f3\"\nacross = \"x1 = -4 .. 4\"\nup = \"x2 = -4 .. 4\"\nsize = [16, 12]\nsteps = 500\n";
    for subject in all() {
        let toml = format!("{toml}precision = \"{}\"\n", precision(subject.precision));
        for (sweep, key) in [("eta = 0.05 .. 1 : log", "eta ="), ("C = 2 .. 3", "eta = 0.1\nset.C =")] {
            let eta = if sweep.starts_with('C') { "eta = 0.1\n" } else { "" };
            let stack = stack(&format!("{toml}{eta}sweep = \"{sweep}\"\nframes = 3\n"));
            let maps = frames(&stack, subject.engine.as_ref());
            for ((frame, _), value) in maps.iter().zip(stack.values()) {
                let alone = subject.map(&format!("{toml}{key} {value:?}\n"));
                assert_same(frame, &alone, &format!("{}, {sweep} at {value}", subject.name));
            }
        }
    }
}

/// A zoom into the border between the basins of +1 and -1, at x = sqrt((1 + eta)/eta): a step from there leads to 0.
const ZOOM: &str = r#"landscape = { variables = ["x"], loss = "(1 - x^2)^2/4" }
    across = "x = 1 .. 2"
    up = "eta = 0.25 .. 0.75"
    zoom = [1.7320508075688772, 0.5]
    factor = 16
    frames = 20
    size = [48, 8]
    "#;

#[test]
fn a_zoom_goes_on_in_f64_where_cells_no_longer_differ_in_f32() {
    // Numbers in 1 .. 2 are 2^-23 apart in f32 and 2^-52 in f64. Cells are 16^-k / 47 apart: two units in the last
    // place for k = 4, less than one for k = 5; in f64 five for k = 11, a third of one for k = 12.
    let apart = |k: i32, digits: i32| 16f64.powi(-k) / 47.0 * 2f64.powi(digits);
    assert!(apart(4, 23) > 2.0 && apart(5, 23) < 0.2 && apart(11, 52) > 5.0 && apart(12, 52) < 0.4);
    let zoom = stack(ZOOM);
    assert_eq!((zoom.turns_f64(), zoom.precision(), zoom.count()), (Some(5), Precision::F64, 12));
    assert!(zoom.ended().is_some_and(|why| why.contains("no longer differ in f64")), "{:?}", zoom.ended());
    let in_f32 = |k: usize| gdscope::experiment::Experiment { precision: Precision::F32, ..zoom.frame(k) };
    assert!(in_f32(4).check().is_ok());
    let refused = in_f32(5).check().unwrap_err().to_string();
    assert!(refused.contains("--precision f64"), "{refused}");
    // Who asks for f64 has it from the start.
    let exact = stack(&format!("{ZOOM}precision = \"f64\""));
    assert_eq!((exact.turns_f64(), exact.count()), (None, zoom.count()));
}

#[test]
fn every_frame_of_a_zoom_is_the_map_of_its_range_and_shows_the_border() {
    let zoom = stack(ZOOM);
    for subject in all().into_iter().filter(|subject| subject.precision == Precision::F32) {
        for (k, (frame, report)) in frames(&zoom, subject.engine.as_ref()).iter().enumerate() {
            let what = format!("{}, frame {k}", subject.name);
            let is_f64 = k >= 5;
            assert_eq!(report.precision, if is_f64 { Precision::F64 } else { Precision::F32 }, "{what}");
            // A device without f64 leaves the frames that need it to the CPU.
            let stays = !is_f64 || subject.engine.device().f64;
            assert_eq!(report.engine == "cpu", !stays || subject.name.starts_with("cpu"), "{what}");
            // The point keeps its place.
            let narrower = 16f64.powi(k as i32);
            let wanted = |from: f64, at: f64| at + (from - at) / narrower;
            let (left, right) = (wanted(1.0, 1.7320508075688772), wanted(2.0, 1.7320508075688772));
            let (low, high) = (wanted(0.25, 0.5), wanted(0.75, 0.5));
            let alone = format!(
                r#"landscape = {{ variables = ["x"], loss = "(1 - x^2)^2/4" }}
                across = "x = {left:?} .. {right:?}"
                up = "eta = {low:?} .. {high:?}"
                size = [48, 8]
                tolerance = {:?}
                escape = {:?}
                precision = "{}""#,
                2.0 * gdscope::fate::TOLERANCE,
                2.0 * gdscope::fate::ESCAPE,
                if is_f64 { "f64" } else { "f32" },
            );
            let alone = Draft::parse(&alone).unwrap().resolve().unwrap();
            let cpu = gdscope::engine::cpu::CpuEngine::default();
            let engine = if stays { subject.engine.as_ref() } else { &cpu as &dyn gdscope::engine::Engine };
            assert_same(frame, &gdscope::run(&alone, engine, false, &|_| {}).unwrap().0, &what);
            // In f64 the border is where it should be, to a few units in the last place.
            for cell in (0..frame.cells()).filter(|_| k >= 1) {
                let (x, eta) = (frame.across[cell % 48], frame.up[cell / 48]);
                let border = ((1.0 + eta) / eta).sqrt();
                let digits = if is_f64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
                if (x - border).abs() > 8.0 * digits {
                    let here = frame.attractor[cell];
                    assert_eq!(here, if x < border { 0 } else { 1 }, "{what}: {x} of {border} at {eta}");
                }
            }
        }
    }
}
