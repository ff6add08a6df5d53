//! Landscape and experiment files: every key is read, and what is wrong is named.

use super::common::{Place, words};

const EVERY_KEY: &str = r#"
landscape = "f3"
eta = [[0, 1.0], [200, 0.3]]
optimizer = "gd"
set = { C = 2.5 }
across = "x1 = -4 .. 4"
up = "x2 = -2 .. 2"
size = [6, 5]
steps = 500
precision = "f64"
tolerance = 1e-6
escape = 1e5
show = ["fate", "loss"]
"#;

fn refused(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let place = Place::new();
    place.write(name, content);
    refused_in(&place, name, parts);
}

fn refused_in(place: &Place, name: &str, parts: &[&str]) {
    let more = "--across x=-1..1 --up eta=0.5..3 --engine cpu --size 4x4 -o out";
    let ran = place.run(&[&["map", name][..], &words(more)].concat());
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.starts_with(&format!("gdscope: {name}: ")), "{}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "`{part}` is not in: {}", ran.err);
    }
    assert_eq!(ran.err.lines().count(), if ran.err.ends_with("^\n") { 3 } else { 1 }, "{}", ran.err);
    assert!(!place.path("out").exists());
}

#[test]
fn what_is_no_file_is_refused() {
    let place = Place::new();
    refused_in(&place, "missing.toml", &["cannot be read", "give the path"]);
    std::fs::create_dir(place.path("folder.d")).unwrap();
    refused_in(&place, "folder.d", &["cannot be read"]);
    place.write("folder.d/experiment.toml", "");
    refused_in(&place, "folder.d", &["did you mean folder.d/experiment.toml?"]);
    let garbage: Vec<u8> = (0..4000u32).map(|i| (i * i / 7 % 251) as u8 | 0x80).collect();
    refused("garbage.toml", garbage, &["not a text file"]);
    refused("zero.toml", [0; 64], &["line 1"]);
}

#[test]
fn a_wrong_experiment_file_names_line_and_key() {
    let refused = |text: &str, parts: &[&str]| refused("e.toml", text, parts);
    refused(
        "landscape = \"f1\"\nfoo = 3\n",
        &["line 2", "unknown field `foo`", "`landscape`, `data`, `eta`"],
    );
    refused("landscape = \"f1\nsteps = 3\n", &["line 1, `landscape = \"f1`", "expected `\"`"]);
    refused("steps = 3\nsteps = 4\n", &["line 2, `steps = 4`", "duplicate"]);
    refused("steps = \"many\"\n", &["line 1, `steps = \"many\"`", "whole number"]);
    for size in ["[3]", "[3, 2, 77]"] {
        refused(
            &format!("size = {size}\n"),
            &["line 1, `size = ", "invalid length", "a list of two numbers"],
        );
    }
    for step in ["[0]", "[0, 1.0, 99]"] {
        refused(
            &format!("eta = [{step}]\n"),
            &["line 1, `eta = ", "invalid length", "a list of two numbers"],
        );
    }
    refused("steps = -3\n", &["line 1, `steps = -3`", "whole number"]);
    refused("eta = true\n", &["line 1, `eta = true`", "a number, steps such as"]);
    refused("eta = [[0, 1.0], [3, \"a\"]]\n", &["line 1, `eta = ", "expected a number"]);
    refused("landscape = 3\n", &["line 1, `landscape = 3`", "name or path in quotes"]);
    refused("size = 4\n", &["line 1, `size = 4`", "a list of two numbers"]);
    refused("show = [\"basin\"]\n", &["unknown variant `basin`", "`basins`"]);
    refused("optimizer = \"adam\"\n", &["unknown variant `adam`", "`gd`, `heavy-ball`"]);
    refused("set = { x = \"a\" }\n", &["line 1, `set = ", "expected a number"]);
    refused(
        "landscape = { variables = [\"x\"], los = \"x^2\" }\n",
        &["line 1, `landscape", "unknown field `los`", "`loss`"],
    );
}

#[test]
fn a_wrong_landscape_file_is_named() {
    let refused = |text: &str, parts: &[&str]| refused("l.toml", text, parts);
    refused("variables = [\"x\"]\nloss = \"x^\"\n", &["loss: the formula ends", "\n  x^\n    ^"]);
    refused("variables = [\"x\"]\nlos = \"x\"\n", &["unknown field `los`"]);
    refused("variables = []\nloss = \"x^2\"\n", &["variables: 0 names"]);
    refused("variables = [\"x\"]\nloss = \"x^2\"\nminimum = [0, 0]\n", &["minimum: give one coordinate"]);
    let noise = |formulas: &str| format!("variables = [\"x\"]\nloss = \"x^2\"\nnoise = {formulas}\n");
    refused(&noise("[\"1\", \"1\"]"), &["noise: give one formula for each variable"]);
    refused(&noise("[\"y\"]"), &["noise: unknown name `y`", "x, t, eta", "\n  y\n  ^"]);
    refused(&noise("[\"eta*\"]"), &["noise: the formula ends"]);
    refused(&noise("\"1\""), &["line 3, `noise = ", "a list"]);
    refused("variables = [\"x\", \"x\"]\nloss = \"x^2\"\n", &["named twice"]);
}

#[test]
fn every_key_is_read_and_every_flag_overrides_its_key() {
    let place = Place::new();
    place.write("e.toml", EVERY_KEY);
    place.done(&words("map e.toml --engine cpu -o a"));
    let expected: toml::Table = EVERY_KEY.parse().unwrap();
    assert_eq!(place.text("a/experiment.toml").parse::<toml::Table>().unwrap(), expected);

    let flags = "--eta 0.7 --optimizer heavy-ball --set C=3 beta=0.9 --across x1=-1..1 --up x2=0.5..8:log --size 7x4 \
                 --steps 300 --precision f32 --tolerance 1e-5 --escape 1e4 --show basins";
    place.done(&words(&format!("map e.toml --engine cpu -o b {flags}")));
    let written: toml::Table = place.text("b/experiment.toml").parse().unwrap();
    let overridden = r#"
        landscape = "f3"
        eta = 0.7
        optimizer = "heavy-ball"
        set = { C = 3.0, beta = 0.9 }
        across = "x1 = -1 .. 1"
        up = "x2 = 0.5 .. 8 : log"
        size = [7, 4]
        steps = 300
        precision = "f32"
        tolerance = 1e-5
        escape = 1e4
        show = ["basins"]"#;
    assert_eq!(written, overridden.parse().unwrap());
}

#[test]
fn what_only_a_replaced_key_asked_for_goes_with_it() {
    let place = Place::new();
    let rest = "across = \"x1 = -1 .. 1\"\nup = \"x2 = -1 .. 1\"\nsize = [4, 4]\nsteps = 50\n";
    let set = "set = { factor = 0.5, C = 2, beta = 0.9 }\n";
    let head = "landscape = \"f3\"\noptimizer = \"heavy-ball\"\neta = \"factor * C / (1 + t)\"\n";
    place.write("e.toml", format!("{head}{set}{rest}"));
    let kept = |flags: &str| {
        place.done(&words(&format!("map e.toml --engine cpu --show fate -o out {flags}")));
        let written: toml::Table = place.text("out/experiment.toml").parse().unwrap();
        written["set"].as_table().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kept(""), "C beta factor");
    // The landscape has a parameter C, too.
    assert_eq!(kept("--eta 1"), "C beta");
    assert_eq!(kept("--eta factor"), "C beta factor");
    assert_eq!(kept("--across eta=0.1..1 --set x1=1"), "C beta x1");
    assert_eq!(kept("--optimizer gd"), "C factor");
    assert_eq!(kept("--optimizer nesterov"), "C beta factor");
    // What is given with the flag is no leftover, and neither is what nobody asked for.
    let refused = |flags: &str| place.run(&words(&format!("map e.toml --engine cpu -o no {flags}"))).err;
    assert!(refused("--eta 1 --set factor=2").contains("nothing is called `factor`"));
    assert!(refused("--optimizer gd --set beta=0.5").contains("nothing is called `beta`"));
    place.write("e.toml", format!("{head}{}{rest}", set.replace("factor", "facto = 1, factor")));
    assert!(refused("--eta 1").contains("nothing is called `facto`"));
}

#[test]
fn landscapes_come_from_files_and_tables() {
    let place = Place::new();
    let landscape = "variables = [\"x\", \"y\"]\nparameters = { a = 1.0 }\nloss = \"(a - x*y)^2/2\"\n";
    let rest = "--eta 0.9 --across x=-3..3 --up y=-3..3 --size 9x9 --engine cpu --show fate";
    std::fs::create_dir(place.path("sub")).unwrap();
    place.write("sub/product.toml", landscape);
    // A path in an experiment file is one beside that file.
    place.write("sub/e.toml", "landscape = \"product.toml\"\n");
    let table = "{ variables = [\"x\", \"y\"], parameters = { a = 1.0 }, loss = \"(a - x*y)^2/2\" }";
    place.write("table.toml", format!("landscape = {table}\n"));
    place.done(&words(&format!("map sub/product.toml -o file {rest}")));
    for (landscape, directory) in [
        ("sub/e.toml", "beside"),
        ("table.toml", "table"),
        ("--loss '(a - x*y)^2/2' --set a=1", "loss"),
        ("file/experiment.toml", "again"),
    ] {
        place.done(&words(&format!("map {landscape} -o {directory} {rest}")));
        assert!(place.read(&format!("{directory}/map.npz")) == place.read("file/map.npz"), "{directory}");
    }
    assert!(place.done(&["landscapes", "sub/product.toml"]).out.contains("d/dx ="));
}

#[test]
fn a_file_can_name_only_data_beside_it() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("sub/below")).unwrap();
    for name in ["outside.csv", "sub/d.csv", "sub/below/d.csv"] {
        place.write(name, "u,v\n1,2\n3,4\n");
    }
    let rest = words("--across w=0..1 --up eta=0.1..0.2 --size 3x3 --engine cpu --show fate -o out");
    let run = |name: &str| place.run(&[&["map", name][..], &rest].concat());
    let absolute = place.path("outside.csv").to_str().unwrap().replace('\\', "/");
    let table = |file: &str| {
        format!(
            "variables = [\"w\"]\nloss = \"mean(row in data: (u*w - v)^2)\"\ndata = {{ file = \"{file}\" }}\n"
        )
    };
    // A landscape, one in an experiment, and an experiment's data.
    let write = |file: &str| {
        place.write("sub/l.toml", table(file));
        place.write(
            "sub/e.toml",
            format!("landscape = {{ {} }}\n", table(file).trim_end().replace('\n', ", ")),
        );
        place.write("sub/d.toml", format!("landscape = \"good.toml\"\ndata = {{ file = \"{file}\" }}\n"));
        place.write("sub/good.toml", table("d.csv"));
    };
    let files = ["sub/l.toml", "sub/e.toml", "sub/d.toml"];
    for good in ["d.csv", "./d.csv", "below/d.csv"] {
        write(good);
        for file in files {
            let ran = run(file);
            assert_eq!(ran.code, Some(0), "{file}, {good}: {ran:?}");
        }
    }
    std::fs::remove_dir_all(place.path("out")).unwrap();
    let mut outside = vec!["../outside.csv", "below/../../outside.csv", "below/../d.csv", &absolute];
    if cfg!(unix) {
        #[cfg(unix)]
        std::os::unix::fs::symlink("../outside.csv", place.path("sub/link.csv")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", place.path("sub/up")).unwrap();
        outside.extend(["link.csv", "up/outside.csv", "/dev/zero", "/etc/passwd"]);
    }
    for path in outside {
        write(path);
        for file in files {
            let ran = run(file);
            let said = ran.err.starts_with(&format!("gdscope: {file}: data: `{path}` is not beside"));
            assert!(
                ran.code == Some(2) && said && ran.err.contains("--data PATH"),
                "{file}, {path}: {ran:?}"
            );
        }
    }
    // Who gives a path with the request may give any.
    write("../outside.csv");
    let flags = [&["map", "sub/l.toml", "--data", "outside.csv"][..], &rest].concat();
    place.done(&flags);
    // A link that stays inside is no other file.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("below/d.csv", place.path("sub/inside.csv")).unwrap();
        write("inside.csv");
        assert_eq!(run("sub/l.toml").code, Some(0));
    }
}

/// A formula has no words for files: names of files are names, or no formula at all.
#[test]
fn a_formula_reads_no_file() {
    let place = Place::new();
    place.write("d.csv", "u\n1\n2\n");
    for loss in [
        "d.csv",
        "x*file",
        "mean(row in d.csv: u)",
        "read(x)",
        "include(\"d.csv\")",
        "x + file(d)",
        "`d.csv`*x",
        "/etc/passwd",
    ] {
        let ran = place.run(&[
            "map",
            "--loss",
            loss,
            "--across",
            "x=0..1",
            "--up",
            "eta=0.1..1",
            "--engine",
            "cpu",
            "-o",
            "out",
        ]);
        assert!(ran.code == Some(2) && ran.out.is_empty(), "{loss}: {ran:?}");
        assert!(!place.path("out").exists());
    }
}
