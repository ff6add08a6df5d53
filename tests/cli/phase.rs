//! `gdscope phase`: what a directory holds afterwards, and what is refused.

use super::common::{Place, words};

const SMALL: &str = "phase f1 --across eta=0.5..6 --size 40x30 --starts 5 --steps 300 --engine cpu";

fn arrays(place: &Place, name: &str) -> Vec<(String, String, Vec<u64>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path(name)).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut arrays: Vec<_> = names
        .into_iter()
        .map(|name| {
            let array = npyz::NpyFile::new(archive.by_name(&name).unwrap()).unwrap();
            (name.replace(".npy", ""), array.dtype().descr(), array.shape().to_vec())
        })
        .collect();
    arrays.sort();
    arrays
}

#[test]
fn a_directory_holds_arrays_report_experiment_and_picture() {
    let place = Place::new();
    let ran = place.done(&words(&format!("{SMALL} -o out --format png,svg")));
    assert!(ran.err.contains("200 orbits, ") && ran.err.contains(" visits"), "{}", ran.err);
    let names = ["experiment.toml", "phase.npz", "phase.png", "phase.svg", "report.json"];
    assert_eq!(place.names("out"), names);
    let array =
        |name: &str, kind: &str, shape: &[u64]| (name.to_owned(), format!("'{kind}'"), shape.to_vec());
    let agreed = [
        array("above", "<u4", &[40]),
        array("across", "<f8", &[40]),
        array("below", "<u4", &[40]),
        array("counts", "<u4", &[30, 40]),
        array("diverged", "<u4", &[40]),
        array("edges", "<f8", &[31]),
        array("lyapunov", "<f8", &[40]),
        array("period", "<u4", &[40]),
        array("theory", "<f8", &[40]),
        array("threshold", "<f8", &[40]),
    ];
    assert_eq!(arrays(&place, "out/phase.npz"), agreed);
    let report: serde_json::Value = serde_json::from_str(&place.text("out/report.json")).unwrap();
    assert_eq!((&report["engine"], &report["precision"]), (&"cpu".into(), &"f32".into()));
    // Every visit of every orbit is somewhere.
    let visits = ["below", "inside", "above"].map(|part| report["visits"][part].as_u64().unwrap());
    assert_eq!(visits.iter().sum::<u64>(), 200 * 150);
    assert_eq!(report["steps_counted"], 200 * 300);
    let svg = place.text("out/phase.svg");
    for words in
        ["amplitude", "η = 2/f″(0)", "x_η, from theory", "period", "Lyapunov", "5 starts from x = −4 .. 4"]
    {
        assert!(svg.contains(&format!("aria-label=\"{words}")), "{words}");
    }
}

#[test]
fn an_experiment_or_a_picture_repeats_it_and_flags_override() {
    let place = Place::new();
    place.done(&words(&format!("{SMALL} -o a --format png,svg --warm down --observe 2*x --from x=-3..2")));
    let experiment = place.text("a/experiment.toml");
    for key in ["observe = \"2*x\"", "range = ", "warm = \"down\"", "x = \"-3 .. 2\"", "transient = 150"] {
        assert!(experiment.contains(key), "{key}: {experiment}");
    }
    for (from, to) in [("a/experiment.toml", "b"), ("a/phase.png", "c"), ("a/phase.svg", "d")] {
        place.done(&words(&format!("phase {from} --engine cpu -o {to} --format png,svg")));
        for file in ["phase.npz", "phase.png", "phase.svg", "experiment.toml"] {
            assert!(place.read(&format!("a/{file}")) == place.read(&format!("{to}/{file}")), "{to}/{file}");
        }
    }
    // Another observable has a range of its own; a variable that is set is no longer spread.
    place.done(&words("phase a/experiment.toml --observe loss --set x=1 --starts 2 --engine cpu -o e"));
    let other = place.text("e/experiment.toml");
    assert!(other.contains("observe = \"loss\"") && !other.contains("[phase.from]"), "{other}");
    let range = |text: &str| text.lines().find(|line| line.starts_with("range")).unwrap().to_owned();
    assert!(range(&other) != range(&experiment));
    // A map of the plane of starts is the same question; its axis up is their range.
    place.done(&words("map f1 --across eta=1..3 --up x=-2..2 --size 8x8 --engine cpu -o map"));
    place.done(&words("phase map/experiment.toml --starts 3 --steps 100 --engine cpu -o f"));
    assert!(place.text("f/experiment.toml").contains("x = \"-2 .. 2\""));
}

#[test]
fn an_observable_without_values_at_some_points_has_the_range_of_the_others() {
    let place = Place::new();
    let range = |observe: &str| {
        let line =
            "phase f1 --across eta=3..5 --set x=1 --size 16x20 --steps 400 --engine cpu -o out --observe";
        place.done(&words(&format!("{line} {observe}")));
        let experiment = place.text("out/experiment.toml");
        experiment.lines().find(|line| line.starts_with("range")).unwrap().to_owned()
    };
    // The orbit is at x and -x in turn.
    assert_eq!(range("log(x)"), range("log(abs(x))"));
    assert_ne!(range("log(x)"), "range = \"0 .. 1\"");
}

#[test]
fn a_map_and_a_diagram_do_not_share_a_directory() {
    let place = Place::new();
    place.done(&words("map f1 --across eta=1..3 --up x=-2..2 --size 8x8 --engine cpu --show fate -o out"));
    place.done(&words(&format!("{SMALL} -o out")));
    assert_eq!(place.names("out"), ["experiment.toml", "phase.npz", "phase.png", "report.json"]);
    for command in ["stats out", "render out --show fate", "render out --format svg --theme dark"] {
        let refused = place.run(&words(command));
        let remedy = "gdscope: out: holds a phase diagram, and a map is needed; give a DIR that `gdscope map` wrote, or draw \
                      the diagram anew with: gdscope phase out/experiment.toml -o DIR\n";
        assert_eq!((refused.code, refused.err.as_str()), (Some(2), remedy));
    }
    let refused = place.run(&words("map out/experiment.toml --engine cpu -o map"));
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("draw it with `gdscope phase`"), "{}", refused.err);
    let refused = place.run(&words("render out --show fate"));
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    place.done(&words("map f1 --across eta=1..3 --up x=-2..2 --size 8x8 --engine cpu --show fate -o out"));
    assert_eq!(place.names("out"), ["experiment.toml", "fate.png", "map.npz", "report.json"]);
}

#[test]
fn plain_pictures_have_a_pixel_for_each_bin() {
    let place = Place::new();
    place.done(&words(&format!("{SMALL} --plain -o out")));
    let image = image::open(place.path("out/phase.png")).unwrap();
    assert_eq!((image.width(), image.height()), (40, 30));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let place = Place::new();
    for (arguments, parts) in [
        ("phase f1 -o out", &["across: ", "--across eta=0.5..10"][..]),
        ("phase f1 --across eta=1..3 --from x -o out", &["`x` is no range"]),
        ("phase f1 --across eta=1..3 --from x=2..1 -o out", &["from: ", "inverted"]),
        ("phase f1 --across eta=1..3 --from x=0..1 x=1..2 -o out", &["from: `x` is given twice"]),
        ("phase f3 --across eta=1..3 --from C=1..2 -o out", &["from: ", "--set C=VALUE"]),
        ("phase f1 --across eta=1..3 --observe x+y -o out", &["observe: unknown name `y`"]),
        ("phase f1 --across eta=1..3 --range 3 -o out", &["range: "]),
        ("phase f1 --across eta=1..3 --starts 0 -o out", &["starts: "]),
        ("phase f1 --across eta=1..3 --steps 10 --transient 10 -o out", &["transient: 10 of 10"]),
        ("phase f1 --across eta=1..3 --warm sideways -o out", &["sideways", "up, down"]),
        ("phase f1 --across eta=-1..3 -o out", &["across: ", "above 0"]),
    ] {
        let ran = place.run(&words(arguments));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments}: {ran:?}");
        let told = ran.err.replace("no axis `across`", "across: ");
        assert!(parts.iter().all(|part| told.contains(part)), "{arguments}: {}", ran.err);
        assert!(!place.path("out").exists(), "{arguments}");
    }
}
