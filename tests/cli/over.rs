//! What is drawn over a map: `--contours`, `--orbit`, `--theory`, and what is remembered of it.

use super::common::{Place, words};

const PLANE: &str = "map f3 --across x1=-4..4 --up x2=-4..4 --eta 0.3 --engine cpu --size 24x24 --steps 400";
const RATES: &str = "map f1 --across eta=0.5..8 --up x=-6..6 --engine cpu --size 24x24 --steps 400";

/// The names in a picture's legend, and all its other words.
fn labels(svg: &str) -> Vec<String> {
    let parts = svg.split("aria-label=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().replace("&apos;", "'")).collect()
}

fn has(labels: &[String], wanted: &str) -> bool {
    labels.iter().any(|label| label == wanted)
}

#[test]
fn a_plane_has_level_lines_and_orbits() {
    let place = Place::new();
    let over = "--contours --orbit -3,3 --orbit 2,-1.5 --theory --format svg,png --show fate";
    place.done(&words(&format!("{PLANE} {over} -o out")));
    let shown = labels(&place.text("out/fate.svg"));
    for name in [
        "level lines of the loss",
        "orbit from (−3, 3)",
        "orbit from (2, −1.5)",
        "sharpness 2/η at the start",
    ] {
        assert!(has(&shown, name), "{name}: {shown:?}");
    }
    let experiment = place.text("out/experiment.toml");
    for key in ["contours = true", "orbit = [[-3.0, 3.0], [2.0, -1.5]]", "theory = true"] {
        assert!(experiment.contains(key), "{experiment}");
    }
    // The picture alone repeats it, and other views have the same over them.
    place.done(&words("map out/fate.png --engine cpu -o again --format svg,png"));
    for file in ["fate.svg", "fate.png", "experiment.toml", "map.npz"] {
        assert_eq!(place.read(&format!("out/{file}")), place.read(&format!("again/{file}")), "{file}");
    }
    place.done(&words("render again --show period --format svg"));
    assert!(has(&labels(&place.text("again/period.svg")), "orbit from (−3, 3)"));
    place.done(&words("map out/fate.svg --orbit 1,1 --engine cpu -o other --format svg"));
    let shown = labels(&place.text("other/fate.svg"));
    assert!(has(&shown, "orbit from (1, 1)") && !has(&shown, "orbit from (−3, 3)"), "{shown:?}");
}

#[test]
fn render_draws_over_a_map_that_was_made_without() {
    let place = Place::new();
    place.done(&words(&format!("{RATES} -o out --format svg")));
    let bare = place.text("out/amplitude.svg");
    place.done(&words("render out --show amplitude --format svg --theory"));
    let drawn = labels(&place.text("out/amplitude.svg"));
    for name in ["η = 2/f″(0)", "x_η", "sharpness 2/η at the start"] {
        assert!(has(&drawn, name) && !has(&labels(&bare), name), "{name}: {drawn:?}");
    }
    // It is of the picture, not of the map.
    assert!(place.text("out/amplitude.svg").contains("theory = true"));
    assert!(!place.text("out/experiment.toml").contains("theory"));
    place.done(&words("render out --show amplitude --format svg"));
    assert_eq!(place.text("out/amplitude.svg"), bare);
}

#[test]
fn momentum_has_other_words_for_its_limits() {
    let place = Place::new();
    let flags = "--optimizer heavy-ball --set beta=0.5 --theory --format svg";
    place.done(&words(&format!("{RATES} {flags} -o out")));
    let shown = labels(&place.text("out/basins.svg"));
    for name in ["η = the minimum's limit of stability", "edge of stability at the start", "x_η"] {
        assert!(has(&shown, name), "{name}: {shown:?}");
    }
}

#[test]
fn stacks_have_it_in_every_frame() {
    let place = Place::new();
    let plane = PLANE.replace("--eta 0.3", "");
    place.done(&words(&format!("{plane} --sweep eta=0.2..0.4 --frames 2 --contours --orbit 3,3 -o film")));
    place.done(&words(&format!("{plane} --sweep eta=0.2..0.4 --frames 2 -o bare")));
    assert_ne!(place.read("film/basins.png"), place.read("bare/basins.png"));
    let experiment = place.text("film/experiment.toml");
    assert!(
        experiment.contains("contours = true") && experiment.contains("orbit = [[3.0, 3.0]]"),
        "{experiment}"
    );
    place.done(&words(&format!("{PLANE} --zoom 3,3 --factor 1e6 --frames 2 --contours --orbit 3,3 -o zoom")));
}

#[test]
fn pictures_have_the_size_that_is_asked_for() {
    let place = Place::new();
    place.done(&words(&format!("{RATES} -o out --show fate --pixels 240")));
    let sides =
        |name: &str| image::load_from_memory(&place.read(name)).map(|i| (i.width(), i.height())).unwrap();
    let small = sides("out/fate.png");
    place.done(&words("render out --show fate --pixels 2400"));
    let large = sides("out/fate.png");
    // Texts grow with the frame: all is ten times as large, but for rounding.
    assert!((2300..3800).contains(&large.1) && (240..400).contains(&small.1), "{small:?} {large:?}");
}

#[test]
fn what_does_not_apply_is_refused() {
    let place = Place::new();
    let params = "map f2 --across eta=0.5..3 --up C=1..3 --set w=1 --size 4x4 --engine cpu";
    let flat = "map --loss a*x --across eta=0.5..3 --up a=1..3 --set x=1 --size 4x4 --engine cpu";
    for (line, parts) in [
        (format!("{RATES} --contours"), ["contours: level lines", "axis `eta` is none", "drop contours"]),
        (format!("{RATES} --orbit 1,2"), ["orbit: an orbit", "axis `eta`", "--theory"]),
        (format!("{params} --contours"), ["contours", "axis `eta`", "drop"]),
        (
            "map f3 --across x1=-4..4 --up eta=0.1..1 --set x2=1 --size 4x4 --contours".to_owned(),
            ["axis `eta` is none", "--across x1=-4..4 --up x2=-4..4", "drop contours"],
        ),
        (format!("{PLANE} --orbit 1"), ["--orbit", "write X,Y", "such as -3,3"]),
        (format!("{PLANE} --orbit 1,b"), ["--orbit", "write X,Y", "such as -3,3"]),
        (format!("{PLANE} --orbit 1e300,1"), ["orbit: 1e300", "f32", "--precision f64"]),
        (format!("{flat} --theory"), ["theory:", "minimum", "drop theory"]),
        (format!("{PLANE} --plain --contours"), ["--plain", "cannot be used with", "--contours"]),
        (format!("{PLANE} --plain --theory"), ["--plain", "cannot be used with", "--theory"]),
        (format!("{PLANE} --pixels 100"), ["--pixels", "100", "200..=8192"]),
    ] {
        let ran = place.run(&words(&format!("{line} -o out")));
        assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 1), "{line}: {ran:?}");
        for part in parts {
            assert!(ran.err.contains(part), "{line}: `{part}` is not in: {}", ran.err);
        }
        assert!(!place.path("out").exists(), "{line}");
    }
    place.done(&words(&format!("{RATES} -o out")));
    let ran = place.run(&words("render out --show fate --contours"));
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("contours: level lines"), "{}", ran.err);
}
