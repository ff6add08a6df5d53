//! Data of a landscape: on the command line, in files, and written out with the experiment.

use super::common::{Place, Ran, words};

const POINTS: &str = "x, y\n# a comment\n1, 2\n2, 4.1\n3, 5.9\n";
const FIT: &str = "--loss 'mean(row in data: (w*x - y)^2)' --across w=-1..4 --up eta=0.01..0.3 --size 8x6";

fn refused(place: &Place, line: &str, parts: &[&str]) {
    let Ran { code, out, err } = place.run(&words(line));
    assert_eq!((code, out.as_str()), (Some(2), ""), "{line}: {err}");
    for part in parts {
        assert!(err.contains(part), "{line}: `{part}` is not in: {err}");
    }
    assert!(!place.path("out").exists());
}

#[test]
fn a_line_is_fitted_to_a_csv_file() {
    let place = Place::new();
    place.write("points.csv", POINTS);
    // Least squares: the sum of x*y over the sum of x^2, 27.9 / 14.
    place.done(&words(&format!("map {FIT} --data points.csv --engine cpu --precision f64 -o out")));
    let report: serde_json::Value = serde_json::from_str(&place.text("out/report.json")).unwrap();
    let point = report["attractors"][0]["point"][0].as_f64().unwrap();
    assert!((point - 27.9 / 14.0).abs() < 1e-6, "{point}");

    // The experiment carries the data, wherever it goes.
    std::fs::remove_file(place.path("points.csv")).unwrap();
    place.done(&words("map out/experiment.toml --engine cpu -o again"));
    assert_eq!(place.read("out/map.npz"), place.read("again/map.npz"));
}

#[test]
fn data_of_a_built_in_landscape_can_be_given() {
    let place = Place::new();
    let rest = "--across eta=0.01..0.5 --up w=-1..1 --size 6x4 --engine cpu --steps 200";
    place.done(&words(&format!("map relu-data {rest} --data x=0.5,1,4 -o listed")));
    place.write("inputs.csv", "x\n0.5\n1\n4\n");
    place.done(&words(&format!("map relu-data {rest} --data inputs.csv -o file")));
    place.done(&words(&format!("map relu-data {rest} -o own")));
    assert_eq!(place.read("listed/map.npz"), place.read("file/map.npz"));
    assert_ne!(place.read("listed/map.npz"), place.read("own/map.npz"));
    place.done(&words("map listed/experiment.toml --engine cpu -o again"));
    assert_eq!(place.read("listed/map.npz"), place.read("again/map.npz"));

    // In an experiment file, paths are meant from the file.
    std::fs::create_dir(place.path("folder")).unwrap();
    place.write("folder/inputs.csv", "x\n0.5\n1\n4\n");
    let text = place.text("own/experiment.toml").replace("[set]", "");
    place.write("folder/e.toml", format!("data = {{ file = \"inputs.csv\" }}\n{text}"));
    place.done(&words("map folder/e.toml --engine cpu -o beside"));
    assert_eq!(place.read("listed/map.npz"), place.read("beside/map.npz"));
}

#[test]
fn a_wrong_file_is_named_with_its_line() {
    let place = Place::new();
    for (text, parts) in [
        ("1,2\n3,4\n", ["points.csv: ", "first line must name the columns"]),
        ("x,y\n1,2\n3,four\n", ["line 3: `four` in column `y`", "correct or drop it"]),
        ("x,y\n1,2\n3,inf\n", ["line 3: `inf` in column `y`", "correct or drop it"]),
        ("x,y\n1,2\n3\n", ["points.csv: ", "line: 3"]),
        ("x,y\n", ["points.csv: no rows below", "at least one"]),
        ("", ["points.csv: ", "first line must name the columns"]),
        ("x,x\n1,2\n", ["there are two columns `x`", "rename one"]),
        ("x,file\n1,2\n", ["cannot be called `file`", "rename it"]),
        ("x,1y\n1,2\n", ["`1y` cannot name", "a column"]),
    ] {
        place.write("points.csv", text);
        refused(&place, &format!("map {FIT} --data points.csv --engine cpu -o out"), &parts);
    }
    std::fs::remove_file(place.path("points.csv")).unwrap();
    refused(&place, &format!("map {FIT} --data points.csv --engine cpu -o out"), &["points.csv: "]);
}

#[test]
fn a_wrong_number_of_rows_is_refused() {
    let place = Place::new();
    let map = "map relu-data --engine cpu --size 4x4 -o out";
    for (line, parts) in [
        ("--across N=0..5 --up w=0..1 --eta 1", ["across: `N` is the number of rows", "1 to 1048576"]),
        ("--across eta=1..5 --up w=0..1 --set N=2.5", ["set: `N` is the number of rows", "a whole number"]),
        ("--across eta=1..5 --up w=0..1 --data x=1,2 z=1", ["`x` has 2 rows and `z` has 1 rows", "the same"]),
        ("--across eta=1..5 --up w=0..1 --data z=1,2", ["unknown name `x`", "known here: w, N, spread, z"]),
        ("--across eta=1..5 --up w=0..1 --data a.csv b.csv", ["a file is given twice", "drop one"]),
    ] {
        refused(&place, &format!("{map} {line}"), &parts);
    }
}

#[test]
fn a_landscape_shows_its_data() {
    let place = Place::new();
    let shown = place.done(&["landscapes", "relu-data"]).out;
    assert!(shown.contains("data        x = logspace(1/spread, spread, N)\n"), "{shown}");
    assert!(shown.contains("d/dw = mean(row in data: "), "{shown}");
}
