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
        ("x,y\r\n1,2\r\n3,four\r\n", ["line 3: `four` in column `y`", "correct or drop it"]),
        ("# two\nx,y\n1,2\n\n# more\n\n3,four\n", ["line 7: `four` in column `y`", "correct or drop it"]),
        ("x,y\n1,2\n\n\n3\n", ["line 5 has 1 field", "the first line names 2 columns"]),
        ("x,y\n1,2\n3,inf\n", ["line 3: `inf` in column `y`", "correct or drop it"]),
        ("x,y\n1,2\n3\n", ["points.csv: line 3 has 1 field", "the first line names 2 columns"]),
        ("x,y\n1,2,3\n", ["points.csv: line 2 has 3 fields", "give a number for each"]),
        ("x,y\n1,2,\n", ["points.csv: line 2 ends in a comma", "drop it"]),
        ("x,y,\n1,2,\n", ["points.csv: the line of the column names ends in a comma", "drop it"]),
        ("x,,y\n1,2,3\n", ["points.csv: column 2 has no name", "give it one"]),
        ("x;y\n1,5;2\n", ["points.csv: the columns are separated by `;`", "by commas"]),
        ("x\ty\n1\t2\n", ["points.csv: the columns are separated by tabs", "by commas"]),
        ("x y\n1 2\n", ["points.csv: the columns are separated by spaces", "by commas"]),
        ("x,y\n\"1,5\",2\n", ["line 2: `1,5` in column `x`", "decimals with a point"]),
        ("x,y\n1,\n", ["line 2: column `y` is empty", "drop the line"]),
        ("x,y\na,b\n", ["points.csv: line 2: `a` in column `x`", "correct or drop it"]),
        ("w,y\n1,2\n", ["the column `w` is called like a quantity", "rename the column"]),
        ("x,y\n", ["points.csv: no rows below", "at least one"]),
        ("", ["points.csv: ", "first line must name the columns"]),
        ("x,x\n1,2\n", ["there are two columns `x`", "rename one"]),
        ("x,file\n1,2\n", ["cannot be called `file`", "rename it"]),
        ("x,1y\n1,2\n", ["`1y` cannot name", "a column"]),
    ] {
        place.write("points.csv", text);
        refused(&place, &format!("map {FIT} --data points.csv --engine cpu -o out"), &parts);
    }
    for bytes in [b"\xff\xfex\0\n\0".as_slice(), b"\xfe\xff\0x\0\n"] {
        place.write("points.csv", bytes);
        let parts = ["points.csv: is UTF-16 text", "save it as UTF-8"];
        refused(&place, &format!("map {FIT} --data points.csv --engine cpu -o out"), &parts);
    }
    std::fs::remove_file(place.path("points.csv")).unwrap();
    let parts = ["points.csv: cannot be read", "give the path of a CSV file"];
    refused(&place, &format!("map {FIT} --data points.csv --engine cpu -o out"), &parts);
    // A landscape's file is named as well, and one with a column called like its variable.
    place.write(
        "fit.toml",
        "variables = ['w']\nloss = 'mean(row in data: (w*x)^2)'\ndata = { file = 'points.csv' }",
    );
    let map = "map fit.toml --across w=-1..4 --up eta=0.01..0.3 --size 8x6 --engine cpu -o out";
    refused(&place, map, &["gdscope: fit.toml: ", "points.csv: cannot be read"]);
    place.write("points.csv", "x,w\n1,2\n");
    refused(&place, map, &["gdscope: fit.toml: ", "the column `w` is called like a variable", "rename"]);
    // Data that are not used are not read.
    std::fs::remove_file(place.path("points.csv")).unwrap();
    place.done(&words(&format!("{map} --data x=1,2")));
}

#[test]
fn columns_that_no_formula_uses_may_hold_anything() {
    let place = Place::new();
    place.write("points.csv", POINTS);
    place.write("labelled.csv", "name,x,y,gap\nfirst,1,2,\nsecond,2,4.1,1\nthird,3,5.9,2\n");
    for (file, out) in [("points.csv", "plain"), ("labelled.csv", "labelled")] {
        place.done(&words(&format!("map {FIT} --data {file} --engine cpu -o {out}")));
    }
    assert_eq!(place.read("plain/map.npz"), place.read("labelled/map.npz"));
    assert_eq!(place.text("plain/experiment.toml"), place.text("labelled/experiment.toml"));
    let line = format!("map {} --data labelled.csv -o out", FIT.replace("w*x", "w*x*name"));
    refused(&place, &line, &["labelled.csv: line 2: `first` in column `name`", "correct or drop it"]);
}

#[test]
fn data_where_none_are_wanted_are_refused() {
    let place = Place::new();
    let rest = "--size 4x4 --engine cpu -o out";
    for line in ["map f1 --data x=1,2", "map --loss x^2 --data u=1,2"] {
        let line = format!("{line} --across x=-1..1 --up eta=0.5..3 {rest}");
        refused(&place, &line, &["data: the loss has no mean over data", "drop --data"]);
    }
    // The number of rows belongs to the data that are replaced, and so do settings of theirs.
    let map = "map relu-data --data x=1,2 --eta 0.1";
    refused(&place, &format!("{map} --across N=1..9 --up w=0..1 {rest}"), &["across: nothing is called `N`"]);
    let line = format!("{map} --across w=0..1 --up spread=1..2 {rest}");
    refused(&place, &line, &["up: nothing is called `spread` here; there are w, eta"]);
    // What the loss itself names, stays.
    let both = "map relu-2d --data x1=linspace(0,C,3) x2=1,2,3 --across C=1..2 --up w1=0..1 --set w2=0.1 --eta 0.1 --steps 9";
    place.done(&words(&format!("{both} --size 4x4 --engine cpu -o kept")));
    // As with `--set`, the landscape may be among the columns.
    place.done(&words(
        "map --data x=1,2 relu-data --across eta=0.1..1 --up w=0..1 --size 4x4 --engine cpu -o among",
    ));
}

#[test]
fn data_beyond_numbers_are_refused() {
    let place = Place::new();
    let rest = "--size 4x4 --engine cpu -o out";
    for line in [
        "map relu-data --across eta=0.1..1 --up w=0..1 --set spread=-10",
        "map relu-data --across spread=-3..3 --up w=0..1 --eta 0.1",
        "map --loss 'mean(row in data: (w*u)^2)' --data u=logspace(0,1,N) --across N=1..9 --up w=0..1 --eta 0.1",
    ] {
        refused(&place, &format!("{line} {rest}"), &["is not finite", "logspace needs ends above 0"]);
    }
    place.write("points.csv", "x,y\n1e300,2\n2,4\n");
    let line = format!("map {FIT} --data points.csv {rest}").replace("--size 8x6", "");
    refused(&place, &line, &["data: the number 1e300", "does not fit an f32", "--precision f64"]);
    refused(&place, &line.replace("points.csv", "x=1e-40,2e-40 y=1,1"), &["does not fit an f32"]);
    place.done(&words(&line.replace("points.csv", "x=1e20,2 y=2,4 --precision f64")));
}

#[test]
fn a_wrong_number_of_rows_is_refused() {
    let place = Place::new();
    let map = "map relu-data --engine cpu --size 4x4 -o out";
    for (line, parts) in [
        ("--across N=0..5 --up w=0..1 --eta 1", ["across: `N` is the number of rows", "1 to 1048576"]),
        ("--across eta=1..5 --up w=0..1 --set N=2.5", ["set: `N` is the number of rows", "a whole number"]),
        ("--across eta=1..5 --up w=0..1 --data x=1,2 z=1", ["`x` has 2 rows and `z` has 1 rows", "the same"]),
        ("--across eta=1..5 --up w=0..1 --data z=1,2", ["unknown name `x`", "known here: w, z"]),
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
