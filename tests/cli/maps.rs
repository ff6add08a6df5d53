//! `gdscope map` and `render`: what a directory holds afterwards.

use std::collections::BTreeMap;
use std::path::Path;

use super::common::{Place, words};

/// Axes for each built-in landscape, tried on both engines.
const REQUESTS: [(&str, &str); 11] = [
    ("quadratic", "--across x=-5..5 --up eta=0.5..3"),
    ("f1", "--across eta=0.5..10 --up x=-8..8"),
    ("f2", "--across w=-4..4 --up C=1..5 --eta 0.5"),
    ("f3", "--across x1=-4..4 --up x2=-4..4 --eta 0.1"),
    ("valley", "--across eta=0.5..4 --up x1=-5..20 --set x2=1 --steps 2000"),
    ("noisy-valley", "--across x1=-2..2 --up eta=0.1..0.3 --set x2=0.1 --seed 2 --steps 200"),
    ("separable", "--across x1=-4..4 --up eta=0.5..6 --set x2=1"),
    ("two-valleys", "--across x1=-1..1 --up x2=-1..1 --eta 2.5@0,0.05@20 --steps 2000"),
    ("relu-data", "--across w=-1..1 --up eta=0.005..0.1"),
    ("relu-uniform", "--across w=-1..1 --up eta=0.05..0.5"),
    ("relu-2d", "--across w1=-1..1 --up w2=-0.09..0.09 --eta 0.02 --set N=3 --steps 4000"),
];

const ARRAYS: [(&str, &str); 10] = [
    ("across", "<f8"),
    ("amplitude", "float"),
    ("attractor", "<i4"),
    ("fate", "|u1"),
    ("loss", "float"),
    ("lyapunov", "float"),
    ("period", "<u4"),
    // A step number has more digits than f32.
    ("settle", "<f8"),
    ("sharpness", "float"),
    ("up", "<f8"),
];

/// Checks names, types and shapes of the arrays.
fn arrays_are_as_agreed(map: &Path, [width, height]: [u64; 2], float: &str) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(map).unwrap()).unwrap();
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    // With a target there is one more.
    let experiment = std::fs::read_to_string(map.with_file_name("experiment.toml")).unwrap();
    let targeted = experiment.lines().any(|line| line.starts_with("target = "));
    let reach = targeted.then_some(("reach", "float"));
    // And one with the view of it.
    let edge = experiment.contains("\"edge\"").then_some(("edge", "float"));
    let mut agreed: Vec<(&str, &str)> = ARRAYS.into_iter().chain(reach).chain(edge).collect();
    agreed.sort_unstable_by_key(|(name, _)| format!("{name}.npy"));
    assert_eq!(names, agreed.iter().map(|(name, _)| format!("{name}.npy")).collect::<Vec<_>>());
    for (name, kind) in agreed {
        let array = npyz::NpyFile::new(archive.by_name(&format!("{name}.npy")).unwrap()).unwrap();
        let kind = if kind == "float" { float } else { kind };
        assert_eq!(array.dtype().descr(), format!("'{kind}'"), "{name}");
        assert_eq!(array.order(), npyz::Order::C);
        let shape = match name {
            "across" => vec![width],
            "up" => vec![height],
            _ => vec![height, width],
        };
        assert_eq!(array.shape(), shape, "{name}");
    }
}

/// Checks the report and returns how many attractors it lists.
fn report_is_as_agreed(text: &str, engine: &str, cells: u64) -> usize {
    let report: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    for key in ["device", "driver", "backend"] {
        assert!(report[key].is_string(), "{key}");
    }
    assert_eq!((&report["engine"], &report["precision"]), (&engine.into(), &"f32".into()));
    assert!(report["steps_taken"].as_u64().unwrap() > 0);
    for stage in ["compile", "run", "readback", "analyse", "draw"] {
        assert!(report["seconds"][stage].as_f64().unwrap() >= 0.0, "{stage}");
    }
    let fates = report["fates"].as_object().unwrap();
    let names: Vec<&str> = fates.keys().map(String::as_str).collect();
    assert_eq!(names, ["chaotic", "converged", "diverged", "periodic", "stalled", "undecided"]);
    assert_eq!(fates.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), cells);
    let attractors = report["attractors"].as_array().unwrap();
    let mut inside = 0;
    for (id, attractor) in attractors.iter().enumerate() {
        let keys: Vec<&str> = attractor.as_object().unwrap().keys().map(String::as_str).collect();
        let mut agreed = [
            "id",
            "fate",
            "period",
            "amplitude",
            "loss",
            "sharpness",
            "lyapunov",
            "cells",
            "fraction",
            "point",
        ];
        agreed.sort_unstable();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, agreed);
        assert_eq!(attractor["id"].as_u64(), Some(id as u64));
        let members = attractor["cells"].as_u64().unwrap();
        assert!((attractor["fraction"].as_f64().unwrap() - members as f64 / cells as f64).abs() < 1e-12);
        inside += members;
    }
    assert!(inside <= cells);
    attractors.len()
}

/// The texts of a PNG file by keyword.
fn png_texts(path: &Path) -> BTreeMap<String, String> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let texts = reader.info().utf8_text.iter();
    texts.map(|chunk| (chunk.keyword.clone(), chunk.get_text().unwrap())).collect()
}

fn maps_every_landscape(engine: &str, flags: &str) {
    let place = Place::new();
    let listed = place.done(&["landscapes"]).out;
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(REQUESTS.iter().any(|(known, _)| *known == name), "{name} is not among the requests");
    }
    for (name, axes) in REQUESTS {
        let line =
            format!("map {name} {axes} --size 32x32 {flags} -o {name} --show basins,amplitude,lyapunov");
        let ran = place.done(&words(&line));
        assert_eq!(ran.out, "");
        assert!(ran.err.starts_with("1024 trajectories, ") && !ran.err.contains('\r'), "{}", ran.err);
        let files =
            ["amplitude.png", "basins.png", "experiment.toml", "lyapunov.png", "map.npz", "report.json"];
        assert_eq!(place.names(name), files);
        arrays_are_as_agreed(&place.path(&format!("{name}/map.npz")), [32, 32], "<f4");
        let attractors = report_is_as_agreed(&place.text(&format!("{name}/report.json")), engine, 1024);
        // Noise lets nothing come to rest.
        assert_eq!(attractors == 0, name == "noisy-valley", "{name}");
        let texts = png_texts(&place.path(&format!("{name}/basins.png")));
        assert_eq!(texts["Experiment"], place.text(&format!("{name}/experiment.toml")));
        assert_eq!(texts["Software"], format!("gdscope {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn the_cpu_maps_every_landscape() {
    maps_every_landscape("cpu", "--engine cpu");
}

#[test]
fn a_software_adapter_maps_every_landscape() {
    let devices = Place::new().done(&["devices"]).out;
    assert!(
        devices.contains("llvmpipe"),
        "this test needs the Vulkan software adapter llvmpipe (package mesa-vulkan-drivers); found:\n{devices}"
    );
    maps_every_landscape("gpu", "--engine gpu --device llvmpipe");
}

#[test]
fn all_devices_together_give_the_map_of_one() {
    let place = Place::new();
    let line = "map f1 --across eta=0.5..10 --up x=-8..8 --size 40x30";
    place.done(&words(&format!("{line} --device all -o together")));
    place.done(&words(&format!("{line} --engine cpu -o alone")));
    let report: serde_json::Value = serde_json::from_str(&place.text("together/report.json")).unwrap();
    assert_eq!(report["engine"], "gpu");
    let devices: serde_json::Value = serde_json::from_str(&place.done(&["devices", "--json"]).out).unwrap();
    let named = report["device"].as_str().unwrap();
    assert!(
        devices.as_array().unwrap().iter().any(|d| named.contains(d["name"].as_str().unwrap())),
        "{named}"
    );
    let alone: serde_json::Value = serde_json::from_str(&place.text("alone/report.json")).unwrap();
    assert_eq!(report["fates"], alone["fates"]);
}

#[test]
fn an_experiment_file_repeats_the_run_bit_for_bit() {
    let place = Place::new();
    for (i, line) in [
        "f1 --across eta=0.01..10:log --up x=-8..8 --size 31x17",
        "noisy-valley --across x1=-2..2 --up x2=-1..1 --eta 0.1 --seed 4 --size 16x16 --steps 100",
        "f3 --across x1=-4..4 --up x2=-4..4 --eta 1@0,0.3@20,0.1@40 --set C=2.9 --size 16x16 --precision f64",
        "f1 --across x=-3..3 --up e=0.5..6 --eta e/(1+t/1000) --size 9x9 --steps 200",
        "--loss '(a - x*y)^2/2' --eta 0.9 --set a=1 --across x=-3..3 --up y=-3..3 --size 16x16",
    ]
    .into_iter()
    .enumerate()
    {
        let (first, again) = (format!("{i}"), format!("{i}-again"));
        place.done(&words(&format!("map {line} --engine cpu -o {first}")));
        // The archive must not hold the time, whose grain there is two seconds.
        if i == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2100));
        }
        place.done(&words(&format!("map {first}/experiment.toml --engine cpu -o {again}")));
        for file in ["map.npz", "experiment.toml", "basins.png"] {
            let read = |directory: &str| place.read(&format!("{directory}/{file}"));
            assert!(read(&first) == read(&again), "{line}: {file} differs");
        }
    }
}

#[test]
fn precision_and_odd_sizes() {
    let place = Place::new();
    for (size, [w, h]) in [("1x1", [1, 1]), ("1x7", [1, 7]), ("7x1", [7, 1]), ("3000x1", [3000, 1])] {
        for (precision, float) in [("f32", "<f4"), ("f64", "<f8")] {
            for engine in ["--engine cpu", "--device llvmpipe"] {
                let line = format!("map f1 --across eta=0.01..10:log --up x=-5..6 --size {size} {engine}");
                place.done(&words(&format!("{line} --precision {precision} -o out")));
                arrays_are_as_agreed(&place.path("out/map.npz"), [w, h], float);
            }
        }
    }
}

#[test]
fn a_map_without_anything_to_measure_is_still_drawn() {
    let place = Place::new();
    let ran = place.done(&words(
        "map quadratic --across x=1..2 --up lambda=3..4 --eta 1 --size 4x4 --engine cpu -o out \
         --show basins,fate,period,amplitude,lyapunov,loss,sharpness",
    ));
    assert!(ran.err.contains("100.00 % diverged"), "{}", ran.err);
    assert_eq!(place.names("out").len(), 10);
}

#[test]
fn a_new_map_takes_the_place_of_an_old_one() {
    let place = Place::new();
    place.write("notes.txt", "mine");
    let map = "map f1 --across x=-1..1 --up eta=0.5..3 --engine cpu -o out";
    place.done(&words(&format!("{map} --size 8x8 --show fate,period")));
    place.write("out/notes.txt", "mine");
    place.done(&words(&format!("{map} --size 9x9 --show basins,basins")));
    // A picture of the old map would lie; what is not ours stays.
    assert_eq!(place.names("out"), ["basins.png", "experiment.toml", "map.npz", "notes.txt", "report.json"]);
    arrays_are_as_agreed(&place.path("out/map.npz"), [9, 9], "<f4");
    // A request that is refused changes nothing.
    let before = place.read("out/map.npz");
    assert_eq!(place.run(&words(&format!("{map} --size 0x9"))).code, Some(2));
    assert!(place.read("out/map.npz") == before);
}

#[test]
fn other_views_are_rendered_later() {
    let place = Place::new();
    let map = "map f1 --across x=-5..5 --up eta=0.5..6 --size 16x16 --engine cpu --show";
    place.done(&words(&format!("{map} basins -o once")));
    let kept = place.read("once/map.npz");
    let ran = place.done(&words("render once --show basins,fate,sharpness"));
    assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 3));
    assert!(place.read("once/map.npz") == kept);
    let files = ["basins.png", "experiment.toml", "fate.png", "map.npz", "report.json", "sharpness.png"];
    assert_eq!(place.names("once"), files);
    // Drawn later, a picture shows the same as drawn at once.
    place.done(&words(&format!("{map} fate,sharpness -o both")));
    let pixels = |file: &str| image::open(place.path(file)).unwrap().into_rgb8();
    assert!(pixels("once/fate.png") == pixels("both/fate.png"));
    assert!(pixels("once/sharpness.png") == pixels("both/sharpness.png"));
}

#[test]
fn a_target_has_its_array_and_its_words() {
    let place = Place::new();
    let map = "map noisy-valley --across x1=-2..2 --up x2=-1..1 --eta 0.1 --seed 7 --size 8x6 --steps 50 --engine cpu";
    for (target, words_in) in [
        ("1e-5", ["steps to a loss of 10⁻⁵", "not reached in 50 steps", "seed 7"]),
        ("-1e-9", ["steps to a loss of −1×10⁻⁹", "not reached in 50 steps", "100 %"]),
    ] {
        let line = format!("{map} --target {target} --show reach --format svg -o out");
        place.done(&words(&line));
        let svg = place.text("out/reach.svg");
        for part in words_in {
            assert!(svg.contains(part), "{target}: {part}");
        }
        let mut archive =
            zip::ZipArchive::new(std::fs::File::open(place.path("out/map.npz")).unwrap()).unwrap();
        let array = npyz::NpyFile::new(archive.by_name("reach.npy").unwrap()).unwrap();
        assert_eq!(array.shape(), [6, 8]);
        let values = array.into_vec::<f32>().unwrap();
        assert_eq!(values.iter().all(|v| v.is_nan()), target == "-1e-9");
        place.done(&words("render out --show reach"));
    }
    // The last budget is the one that counts.
    let map_of_two =
        "map f1 --across eta=1.9..2.1 --up x=-8..8 --size 9x4 --steps 100 --steps-max 500 --engine cpu";
    place.done(&words(&format!("{map_of_two} --target 1e-9 --show reach --format svg -o out")));
    assert!(place.text("out/reach.svg").contains("not reached in 500 steps"));
    assert!(place.done(&words("stats out --table")).out.contains("at most 500 steps each"));
    place.done(&words(&format!("{map} --show loss -o none")));
    let before = place.names("none");
    let ran = place.run(&words("render none --show loss,reach"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("the map has no target") && ran.err.contains("--target 0.01"), "{}", ran.err);
    assert_eq!(place.names("none"), before);
}

/// The `metadata` of an SVG file with this id.
fn svg_text(file: &str, id: &str) -> String {
    let start = file.split_once(&format!("<metadata id=\"{id}\">")).unwrap().1;
    start.split_once("</metadata>").unwrap().0.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn pictures_come_in_every_format_and_theme() {
    let place = Place::new();
    let map = "map f1 --across x=-5..5 --up eta=0.5..6 --size 16x12 --engine cpu --show fate,loss -o";
    place.done(&words(&format!("{map} both --format png,svg")));
    let pictures = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| name.ends_with("png") || name.ends_with("svg")).collect()
    };
    assert_eq!(pictures(place.names("both")), ["fate.png", "fate.svg", "loss.png", "loss.svg"]);
    let svg = place.text("both/fate.svg");
    assert_eq!(svg_text(&svg, "Experiment"), place.text("both/experiment.toml"));
    assert_eq!(svg_text(&svg, "Software"), format!("gdscope {}", env!("CARGO_PKG_VERSION")));
    // An earlier map's pictures go, whatever their format.
    place.done(&words(&format!("{map} both --format svg")));
    assert_eq!(pictures(place.names("both")), ["fate.svg", "loss.svg"]);

    let size = |file: &str| image::open(place.path(file)).unwrap().into_rgb8().dimensions();
    place.done(&words(&format!("{map} plain --plain")));
    assert_eq!((size("plain/fate.png"), size("plain/loss.png")), ((16, 12), (16, 12)));
    let corner = |file: &str| image::open(place.path(file)).unwrap().into_rgb8().get_pixel(0, 0).0;
    place.done(&words("render both --show fate --theme dark"));
    place.done(&words("render plain --show fate"));
    assert!(corner("both/fate.png").iter().all(|c| *c < 40));
    assert_eq!(corner("plain/fate.png"), [255; 3]);
}

#[test]
fn every_experiment_file_can_be_run() {
    let place = Place::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (is_phase, is_stack) = (text.contains("\n[phase]"), text.contains("frames "));
        let file = file.to_str().unwrap();
        let mut arguments = vec![if is_phase { "phase" } else { "map" }, file];
        arguments.extend(words("--size 24x24 --steps 500 --precision f32 --engine cpu -o out"));
        arguments.extend(is_stack.then_some(["--frames", "3"]).into_iter().flatten());
        place.done(&arguments);
        if is_phase || is_stack {
            let arrays = if is_phase { "out/phase.npz" } else { "out/sweep.npz" };
            assert!(place.path(arrays).exists(), "{file}");
            continue;
        }
        arrays_are_as_agreed(&place.path("out/map.npz"), [24, 24], "<f4");
    }
}

#[test]
fn a_picture_is_enough_to_repeat_its_map() {
    let place = Place::new();
    let map =
        "map --loss 'if(x < a, x^2, (x - a)^2/2 + a^2)' --set a=0.3 --eta 0.4 --across x=-2..2 --up b=0..1";
    let loss = map.replace(" + a^2)'", " + a^2) + b*0'");
    place.done(&words(&format!("{loss} --size 9x5 --engine cpu --show fate --format png,svg -o out")));
    for picture in ["fate.png", "fate.svg"] {
        place.done(&words(&format!("map out/{picture} --engine cpu -o again")));
        assert_eq!(place.read("out/map.npz"), place.read("again/map.npz"), "{picture}");
        assert_eq!(place.text("out/experiment.toml"), place.text("again/experiment.toml"), "{picture}");
    }
    // A picture of something else, and half a picture.
    image::RgbImage::new(4, 4).save(place.path("other.png")).unwrap();
    place.write("other.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    place.write("half.png", &place.read("out/fate.png")[..60]);
    for (name, part) in [
        ("other.png", "carries no experiment"),
        ("other.svg", "carries no experiment"),
        ("half.png", "the picture is damaged"),
    ] {
        let ran = place.run(&["map", name, "-o", "none"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{name}");
        assert!(ran.err.contains(part) && ran.err.lines().count() == 1, "{name}: {}", ran.err);
    }
}

#[test]
fn attractors_keep_their_numbers_from_one_map_to_the_next() {
    let place = Place::new();
    let map = |range: &str, rest: &[&str], to: &str| {
        let mut line = vec![
            "map",
            "--loss",
            "(x^2 - 1)^2/4 + y^2/4",
            "--eta",
            "0.4",
            "--up",
            "y=0..1",
            "--size",
            "60x4",
        ];
        line.extend(["--across", range, "--engine", "cpu", "-o", to]);
        line.extend(rest);
        place.done(&line);
        let report: serde_json::Value =
            serde_json::from_str(&place.text(&format!("{to}/report.json"))).unwrap();
        let listed = report["attractors"].as_array().unwrap().clone();
        let number =
            |a: &serde_json::Value| (a["point"][0].as_f64().unwrap() > 0.0, a["id"].as_i64().unwrap());
        let mut numbers: Vec<(bool, i64)> = listed.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.dedup_by_key(|(right, _)| *right);
        numbers
    };
    // By the size of the basins, unless the other map says otherwise.
    assert_eq!(map("x=-1.4..1", &[], "a"), [(false, 0), (true, 1)]);
    assert_eq!(map("x=-1..1.4", &[], "b"), [(false, 1), (true, 0)]);
    assert_eq!(map("x=-1..1.4", &["--like", "a"], "c"), [(false, 0), (true, 1)]);
    let ran =
        place.run(&["map", "f1", "--across", "eta=1..3", "--up", "x=1..2", "--like", "nowhere", "-o", "d"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("nowhere") && !place.path("d").exists(), "{}", ran.err);
}
