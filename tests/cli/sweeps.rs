//! `gdscope map --sweep` and `--zoom`: what a stack's directory holds, and what is refused.

use std::collections::{BTreeMap, HashMap};

use super::common::{Place, words};

const TILT: &str = "map --loss '(x^2 - 1)^2/4 + b*x + y^2/4' --across x=-1.5..1.5 --up y=-1..1 --eta 0.4 --size 30x20 \
    --sweep b=-0.6..0.6 --frames 7 --engine cpu";
const ZOOM: &str = "map --loss '(1 - x^2)^2/4' --across x=1..2 --up eta=0.25..0.75 --size 48x8 --zoom 1.7320508,0.5 \
    --factor 64 --frames 9 --engine cpu --show basins";

/// An array of an archive: type, shape, numbers.
fn array(place: &Place, file: &str, name: &str) -> (String, Vec<u64>, Vec<f64>) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path(file)).unwrap()).unwrap();
    let entry = || format!("{name}.npy");
    let read = |bytes: &[u8]| {
        let array = npyz::NpyFile::new(bytes).unwrap();
        let (kind, shape) = (array.dtype().descr(), array.shape().to_vec());
        let numbers: Vec<f64> = match kind.as_str() {
            "'<f8'" => array.into_vec::<f64>().unwrap(),
            "'<f4'" => array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
            "'<i4'" => array.into_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
            "'<u4'" => array.into_vec::<u32>().unwrap().into_iter().map(f64::from).collect(),
            "'|u1'" => array.into_vec::<u8>().unwrap().into_iter().map(f64::from).collect(),
            other => panic!("{name} is of {other}"),
        };
        (kind, shape, numbers)
    };
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name(&entry()).unwrap(), &mut bytes).unwrap();
    read(&bytes)
}

/// The frames of an animated PNG.
fn animation(place: &Place, file: &str) -> (Vec<image::RgbImage>, BTreeMap<String, String>) {
    let decoder = png::Decoder::new(std::io::Cursor::new(place.read(file)));
    let mut reader = decoder.read_info().unwrap();
    let count = reader.info().animation_control().expect("an animation").num_frames;
    let texts = reader.info().utf8_text.iter().map(|t| (t.keyword.clone(), t.get_text().unwrap())).collect();
    let mut frames = Vec::new();
    for _ in 0..count {
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(frame.buffer_size());
        frames.push(image::RgbImage::from_raw(frame.width, frame.height, pixels).unwrap());
    }
    (frames, texts)
}

#[test]
fn a_stack_holds_what_the_readme_says() {
    let place = Place::new();
    let ran = place.done(&words(&format!("{TILT} -o out --format png,svg")));
    assert!(ran.out.is_empty() && ran.err.starts_with("7 maps of 30x20, "), "{}", ran.err);
    assert!(ran.err.contains("2 attractors in all") && !ran.err.contains("check"), "{}", ran.err);
    let files = [
        "amplitude.png",
        "basins.png",
        "experiment.toml",
        "fractions.csv",
        "fractions.png",
        "fractions.svg",
        "report.json",
        "sweep.npz",
    ];
    assert_eq!(place.names("out"), files);
    for (name, kind, shape) in [
        ("frames", "<f8", vec![7]),
        ("across", "<f8", vec![30]),
        ("up", "<f8", vec![20]),
        ("fractions", "<f8", vec![7, 2]),
        ("fraction_ids", "<i4", vec![2]),
        ("fractions_without", "<f8", vec![7, 6]),
        ("fate", "|u1", vec![7, 20, 30]),
        ("period", "<u4", vec![7, 20, 30]),
        ("attractor", "<i4", vec![7, 20, 30]),
        ("amplitude", "<f4", vec![7, 20, 30]),
        ("lyapunov", "<f4", vec![7, 20, 30]),
        ("settle", "<f8", vec![7, 20, 30]),
        ("loss", "<f4", vec![7, 20, 30]),
        ("sharpness", "<f4", vec![7, 20, 30]),
    ] {
        let (found, found_shape, _) = array(&place, "out/sweep.npz", name);
        assert_eq!((found, found_shape), (format!("'{kind}'"), shape), "{name}");
    }
    // The table says what the cells say.
    let mut table = csv::Reader::from_reader(std::io::Cursor::new(place.read("out/fractions.csv")));
    assert_eq!(table.headers().unwrap(), vec!["b", "attractor_0", "attractor_1"]);
    let attractor = array(&place, "out/sweep.npz", "attractor").2;
    let fractions = array(&place, "out/sweep.npz", "fractions").2;
    let values = array(&place, "out/sweep.npz", "frames").2;
    for (k, row) in table.records().enumerate() {
        let row: Vec<f64> = row.unwrap().iter().map(|word| word.parse().unwrap()).collect();
        let cells = &attractor[600 * k..600 * (k + 1)];
        let share = |id: f64| cells.iter().filter(|a| **a == id).count() as f64 / 600.0;
        assert_eq!(row, [values[k], share(0.0), share(1.0)], "frame {k}");
        assert_eq!(row[1..], fractions[2 * k..2 * k + 2]);
        assert!((row[1] + row[2] - 1.0).abs() < 1e-12);
    }
    let report: serde_json::Value = serde_json::from_str(&place.text("out/report.json")).unwrap();
    assert_eq!((&report["quantity"], &report["frames_asked"]), (&"b".into(), &7.into()));
    assert_eq!(report["frames"].as_array().unwrap().len(), 7);
    assert_eq!(report["frames"][6]["fates"]["converged"], 600);
    // Files and pictures repeat it.
    for (k, file) in ["experiment.toml", "basins.png", "fractions.png", "fractions.svg"].iter().enumerate() {
        place.done(&words(&format!("map out/{file} --engine cpu -o again{k}")));
        for kept in ["sweep.npz", "basins.png", "experiment.toml"] {
            let same = place.read(&format!("out/{kept}")) == place.read(&format!("again{k}/{kept}"));
            assert!(same, "{kept} by {file}");
        }
    }
}

#[test]
fn colours_mean_the_same_in_every_frame() {
    let place = Place::new();
    place.done(&words(&format!("{TILT} -o out --plain")));
    let (frames, texts) = animation(&place, "out/basins.png");
    assert_eq!((frames.len(), frames[0].dimensions()), (7, (30, 20)));
    assert_eq!(texts["Experiment"], place.text("out/experiment.toml"));
    // Any viewer shows the first.
    assert_eq!(image::open(place.path("out/basins.png")).unwrap().into_rgb8(), frames[0]);
    let attractor = array(&place, "out/sweep.npz", "attractor").2;
    let mut colours = HashMap::new();
    for (k, frame) in frames.iter().enumerate() {
        for (x, y, pixel) in frame.enumerate_pixels() {
            let id = attractor[600 * k + (19 - y as usize) * 30 + x as usize] as i32;
            assert_eq!(colours.entry(id).or_insert(*pixel), pixel, "frame {k}");
        }
    }
    assert!(colours.len() == 2 && colours[&0] != colours[&1], "{colours:?}");

    // The amplitude of f1's cycle grows with eta, and so does its lightness on the one scale.
    place.done(&words(
        "map --loss '(1 + abs(x))*log1p(abs(x)) - abs(x) + y^2/10' --across x=-5..6 --up y=-1..1 --size 8x4 \
         --sweep eta=2.5..6 --frames 5 --engine cpu --show amplitude --plain -o f1",
    ));
    let light = |frame: &image::RgbImage| {
        let [r, g, b] = frame.get_pixel(3, 2).0.map(f64::from);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let lights: Vec<f64> = animation(&place, "f1/amplitude.png").0.iter().map(light).collect();
    assert!(lights.windows(2).all(|pair| pair[0] + 5.0 < pair[1]), "{lights:?}");
}

#[test]
fn frames_have_one_size_and_their_axes_in_one_place() {
    let place = Place::new();
    place.done(&words(&format!("{ZOOM} -o out")));
    let (frames, _) = animation(&place, "out/basins.png");
    let corner = |frame: &image::RgbImage| {
        // The frame's line is the first long dark one.
        let dark = |x: u32, y: u32| frame.get_pixel(x, y).0.iter().all(|c| *c < 60);
        let is_line = |y: &u32| (0..frame.width()).filter(|x| dark(*x, *y)).count() > 700;
        let y = (0..frame.height()).find(is_line).unwrap();
        (y, (0..frame.width()).find(|x| dark(*x, y) && dark(*x, y + 3)).unwrap())
    };
    let corners: Vec<_> = frames.iter().map(corner).collect();
    assert!(corners.iter().all(|at| *at == corners[0]), "{corners:?}");
    assert_ne!(frames[0], frames[1]);
}

#[test]
fn a_zoom_says_where_it_changes_to_f64_and_where_it_ends() {
    let place = Place::new();
    let ran = place.done(&words(&format!("{ZOOM} -o out")));
    // Cells are 64^-k / 47 apart, and f32's numbers 2^-23; f64's 2^-52.
    assert!(ran.err.contains("from frame 3 on (zoom 262144) in f64: neighbouring"), "{}", ran.err);
    assert!(
        ran.err.contains("ended after 8 of 9 frames: in frame 8, 2.815e14 times narrower"),
        "{}",
        ran.err
    );
    let report: serde_json::Value = serde_json::from_str(&place.text("out/report.json")).unwrap();
    assert_eq!((&report["f64_from_frame"], &report["frames_asked"]), (&3.into(), &9.into()));
    assert!(report["ended"].as_str().unwrap().contains("no longer differ in f64"));
    let precisions =
        report["frames"].as_array().unwrap().iter().map(|frame| frame["precision"].as_str().unwrap());
    assert_eq!(precisions.collect::<Vec<_>>(), ["f32", "f32", "f32", "f64", "f64", "f64", "f64", "f64"]);
    for (name, shape) in [("across", vec![8, 48]), ("up", vec![8, 8]), ("amplitude", vec![8, 8, 48])] {
        let (kind, found, _) = array(&place, "out/sweep.npz", name);
        assert_eq!((kind.as_str(), found), ("'<f8'", shape), "{name}");
    }
    let across = array(&place, "out/sweep.npz", "across").2;
    assert!(across.chunks(48).all(|axis| axis[0] < 1.7320508 && 1.7320508 < axis[47]));
}

#[test]
fn maps_and_stacks_take_each_others_place_and_are_not_mixed_up() {
    let place = Place::new();
    let one = "map f1 --across x=-1..1 --up eta=0.5..3 --engine cpu --size 8x8 -o out";
    place.done(&words(one));
    place.done(&words(&format!("{TILT} --show fate -o out --plain")));
    let stack = ["experiment.toml", "fate.png", "fractions.csv", "fractions.png", "report.json", "sweep.npz"];
    assert_eq!(place.names("out"), stack);
    let ran = place.run(&words("render out --show basins"));
    assert!(ran.code == Some(2) && ran.err.contains("this is a stack of maps"), "{ran:?}");
    assert_eq!(
        (place.names("out").as_slice(), ran.err.lines().count()),
        (stack.map(str::to_owned).as_slice(), 1)
    );
    place.done(&words(one));
    let map = ["amplitude.png", "basins.png", "experiment.toml", "map.npz", "report.json"];
    assert_eq!(place.names("out"), map);
    // Flags override keys, and a stack goes one way.
    place.done(&words(&format!("{TILT} --plain -o tilt")));
    place.done(&words(
        "map tilt/experiment.toml --frames 2 --zoom 0,0 --set b=0 --engine cpu --plain -o zoom",
    ));
    let toml = place.text("zoom/experiment.toml");
    assert!(
        toml.contains("zoom = [0.0, 0.0]\nfactor = 2.0\nframes = 2") && !toml.contains("sweep"),
        "{toml}"
    );
}

#[test]
fn attractors_are_like_those_of_another_map() {
    let place = Place::new();
    let ids = |line: &str| {
        place.done(&words(line));
        array(&place, "out/sweep.npz", "attractor").2
    };
    place.done(&words(
        "map --loss '(x^2 - 1)^2/4 + y^2/4' --across x=-1.6..0.4 --up y=-1..1 --eta 0.4 --size 30x20 --engine cpu -o left",
    ));
    // There the left well is the larger one; in the first frame of the stack only the right one is left.
    let (own, like) =
        (ids(&format!("{TILT} --plain -o out")), ids(&format!("{TILT} --like left --plain -o out")));
    assert!(own.iter().zip(&like).all(|(a, b)| *a == 1.0 - b));
    // And like those of a stack: there the right one is 1, as the left map had it.
    place.done(&words("map left/experiment.toml --across x=0.1..1.6 --like out --engine cpu -o right"));
    assert!(array(&place, "right/map.npz", "attractor").2.iter().all(|id| *id == 1.0));
}

#[test]
fn a_stack_like_itself_has_the_same_numbers() {
    // Its wells' attractors double their periods, become chaotic, and leave fragments behind.
    let place = Place::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/wells-sweep.toml");
    place.done(&words(&format!("map {file} --size 32x32 --plain --engine cpu -o first")));
    place.done(&words("map first/experiment.toml --like first --plain --engine cpu -o second"));
    let [first, second] = ["first", "second"].map(|directory| {
        let file = format!("{directory}/sweep.npz");
        array(&place, &file, "attractor").2
    });
    assert!(first.iter().any(|id| *id >= 4.0) && first == second);
}

#[test]
fn what_has_not_come_to_the_target_looks_as_in_a_map() {
    let place = Place::new();
    place.done(&words(&format!("{TILT} --target 0.01 --show reach --plain -o stack")));
    let map = TILT.replace("--sweep b=-0.6..0.6 --frames 7", "--set b=0.2");
    place.done(&words(&format!("{map} --target 0.01 --show reach --plain -o map")));
    let (frame, single) = (&animation(&place, "stack/reach.png").0[4], place.read("map/reach.png"));
    let single = image::load_from_memory(&single).unwrap().into_rgb8();
    // The well on the right does not go so deep.
    let unreached = single.get_pixel(29, 10);
    let count = |picture: &image::RgbImage| picture.pixels().filter(|pixel| *pixel == unreached).count();
    assert!(count(&single) > 100 && count(frame) == count(&single), "{} {}", count(&single), count(frame));
}

#[test]
fn a_quantity_that_is_called_as_a_fate_is_told_from_it() {
    let place = Place::new();
    let line = "map --loss 'diverged*x^2/2' --across eta=0.5..3 --up x=-2..2 --sweep diverged=1..2 --frames 2 --size 4x3";
    place.done(&words(&format!("{line} --engine cpu -o out")));
    let table = place.text("out/fractions.csv");
    let head: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    assert_eq!(head[0], "frames");
    assert_eq!(head.iter().filter(|name| **name == "diverged").count(), 1);
}

#[test]
fn wrong_requests_are_refused() {
    let map = "map --loss '(x^2 - 1)^2/4 + b*x + y^2/4' --across x=-1.5..1.5 --up y=-1..1 --size 4x4 --engine cpu -o out";
    let (tilt, large) = (format!("{map} --eta 0.4"), map.replace("4x4", "512x512"));
    for (base, more, parts) in [
        (map, "--eta 0.4 --sweep c=0..1 --frames 3", ["sweep: nothing is called `c`", "there are"]),
        (map, "--eta 0.4 --sweep b=0..1", ["frames: how many?", "--frames 24"]),
        (
            map,
            "--eta 0.4 --set b=0 --frames 3",
            ["frames: there is nothing to make frames of", "drop --frames"],
        ),
        (map, "--eta 0.4 --set b=0 --factor 3", ["factor: nothing is zoomed into", "--zoom X,Y"]),
        (map, "--eta 0.4 --sweep b=0..1 --frames 1", ["frames: 1 make no stack", "at least 2"]),
        (map, "--eta 0.4 --sweep b=0..1 --frames 0", ["frames: 0 make no stack", "at least 2"]),
        (map, "--eta 0.4 --sweep b=0..1 --frames -1", ["--frames", "-1"]),
        (map, "--eta 0.4 --sweep b=0..1 --frames 10001", ["frames: 10001 are too many", "at most 10000"]),
        (map, "--eta 0.4 --sweep b=1..0 --frames 3", ["sweep: the range 1 .. 0", "write 0..1"]),
        (map, "--eta 0.4 --sweep b --frames 3", ["sweep: `b` is no axis", "NAME=FROM..TO"]),
        (map, "--eta 0.4 --sweep b=0..1:log --frames 3", ["sweep: a logarithmic axis", "drop `:log`"]),
        (map, "--eta 0.4 --sweep b=1..1.0000001 --frames 9", ["sweep: the number format", "--precision f64"]),
        (
            map,
            "--eta 0.4 --sweep x=0..1 --set b=0 --frames 3",
            ["sweep: `x` is an axis already (--across)", "another"],
        ),
        (map, "--eta 0.4 --sweep b=0..1 --set b=0 --frames 3", ["sweep: `b` is bound twice", "--set b=..."]),
        (
            map,
            "--eta 0.4 --sweep eta=0.1..1 --set b=0 --frames 3",
            ["sweep: `eta` is bound twice", "or --eta"],
        ),
        (
            map,
            "--sweep eta=0..1 --set b=0 --frames 3",
            ["sweep: the learning rate must be above 0", "lower end"],
        ),
        (
            map,
            "--eta 0.4 --sweep beta=0..0.9 --set b=0 --frames 3",
            ["sweep: nothing is called `beta`", "heavy-ball"],
        ),
        (map, "--eta 0.4 --sweep b=0..1e300 --frames 3", ["1e300", "--precision f64"]),
        (
            map,
            "--eta 0.4 --sweep b=0..1 --zoom 0,0 --frames 3",
            ["a stack goes one way", "drop --sweep or --zoom"],
        ),
        (
            map,
            "--eta 0.4 --set b=0 --zoom 2,0 --frames 3",
            ["zoom: 2 is outside the map, whose `x`", "inside"],
        ),
        (
            map,
            "--eta 0.4 --set b=0 --zoom 0,nan --frames 3",
            ["zoom: NaN is outside the map, whose `y`", "inside"],
        ),
        (map, "--eta 0.4 --set b=0 --zoom 0 --frames 3", ["--zoom", "write X,Y"]),
        (
            map,
            "--eta 0.4 --set b=0 --zoom 0,0 --frames 3 --factor 1",
            ["factor: 1 makes nothing larger", "above 1"],
        ),
        (
            map,
            "--eta 0.4 --set b=0 --zoom 0,0 --frames 3 --factor nan",
            ["factor: NaN makes nothing", "above 1"],
        ),
        (map, "--eta 0.4 --zoom 0,0 --frames 3", ["`b` has no value", "--set b=NUMBER"]),
        (
            large.as_str(),
            "--eta 0.4 --sweep b=0..1 --frames 9999",
            ["more than 536870912 cells", "smaller --size"],
        ),
        (tilt.as_str(), "--sweep b=0..1 --frames 3 --show reach", ["show: `reach`", "--target 0.01"]),
    ] {
        let place = Place::new();
        let line = format!("{base} {more}");
        let ran = place.run(&words(&line));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}: {ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{line}: {}", ran.err);
        for part in parts {
            assert!(ran.err.contains(part), "{line}: `{part}` is not in: {}", ran.err);
        }
        assert!(!place.path("out").exists(), "{line}");
    }
    // As keys of a file, too.
    let place = Place::new();
    for (keys, part) in [
        ("sweep = \"b = 0 .. 1\"", "frames: how many?"),
        ("zoom = [1, 2, 3]\nframes = 3", "zoom: 3 numbers; give two"),
    ] {
        let toml = "landscape = \"f3\"\neta = 1\nacross = \"x1 = -1 .. 1\"\nup = \"x2 = -1 .. 1\"";
        place.write("a.toml", format!("{toml}\n{keys}\n"));
        let ran = place.run(&["map", "a.toml", "-o", "out"]);
        assert!(ran.code == Some(2) && ran.err.contains(part), "{keys}: {ran:?}");
    }
}
