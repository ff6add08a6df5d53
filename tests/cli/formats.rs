//! Numbers as CSV, Parquet and Zarr: the same as in the `.npz`.

use std::collections::BTreeMap;
use std::io::Read;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use super::common::{Place, words};

/// Columns of a table: names and numbers.
type Columns = Vec<(String, Vec<f64>)>;

/// Type, shape and numbers of the arrays of an `.npz`, by name.
fn npz(place: &Place, file: &str) -> BTreeMap<String, (String, Vec<usize>, Vec<f64>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path(file)).unwrap()).unwrap();
    let count = archive.len();
    let read = |k: usize| {
        let mut entry = archive.by_index(k).unwrap();
        let name = entry.name().unwrap().trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let array = npyz::NpyFile::new(&bytes[..]).unwrap();
        let shape = array.shape().iter().map(|&n| n as usize).collect();
        let kind = array.dtype().descr().trim_matches('\'').to_owned();
        let numbers: Vec<f64> = match kind.as_str() {
            "<f8" => array.into_vec::<f64>().unwrap(),
            "<f4" => array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
            "<i4" => array.into_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
            "<u4" => array.into_vec::<u32>().unwrap().into_iter().map(f64::from).collect(),
            "|u1" => array.into_vec::<u8>().unwrap().into_iter().map(f64::from).collect(),
            other => panic!("{name} is of {other}"),
        };
        (name, (kind, shape, numbers))
    };
    (0..count).map(read).collect()
}

/// The columns of a CSV file, with the words for fates as their codes.
fn csv_columns(text: &str) -> Columns {
    let mut lines = text.lines();
    let mut columns: Columns =
        lines.next().unwrap().split(',').map(|name| (name.to_owned(), Vec::new())).collect();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), columns.len(), "{line}");
        for ((_, column), field) in columns.iter_mut().zip(fields) {
            column.push(if field.is_empty() { f64::NAN } else { number(field) });
        }
    }
    columns
}

const FATES: [&str; 6] = ["undecided", "converged", "periodic", "chaotic", "diverged", "stalled"];

fn number(field: &str) -> f64 {
    match FATES.iter().position(|name| *name == field) {
        Some(code) => code as f64,
        // An f32 in as many digits as it needs is no f64.
        None => field.parse().unwrap(),
    }
}

/// The columns of a Parquet file, its metadata and its number of row groups.
fn parquet_columns(place: &Place, file: &str) -> (Columns, BTreeMap<String, String>) {
    let reader = SerializedFileReader::new(std::fs::File::open(place.path(file)).unwrap()).unwrap();
    let texts = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let texts = texts.iter().map(|pair| (pair.key.clone(), pair.value.clone().unwrap())).collect();
    let mut columns: Columns = Vec::new();
    for row in reader.get_row_iter(None).unwrap() {
        for (k, (name, field)) in row.unwrap().get_column_iter().enumerate() {
            if columns.len() == k {
                columns.push((name.clone(), Vec::new()));
            }
            columns[k].1.push(match field {
                Field::UInt(v) => f64::from(*v),
                Field::Int(v) => f64::from(*v),
                Field::Float(v) => f64::from(*v),
                Field::Double(v) => *v,
                Field::Str(word) => number(word),
                other => panic!("{name}: {other:?}"),
            });
        }
    }
    (columns, texts)
}

/// An array of a Zarr store, by the specification (zarr-specs.readthedocs.io, version 3): its metadata and numbers.
fn zarr_array(place: &Place, store: &str, name: &str) -> (Value, Vec<f64>) {
    let about: Value = serde_json::from_str(&place.text(&format!("{store}/{name}/zarr.json"))).unwrap();
    assert_eq!((&about["zarr_format"], &about["node_type"]), (&json!(3), &json!("array")));
    assert_eq!(about["chunk_grid"]["name"], "regular");
    let separator = json!({ "name": "default", "configuration": { "separator": "/" } });
    assert_eq!(about["chunk_key_encoding"], separator);
    assert_eq!(about["codecs"][0], json!({ "name": "bytes", "configuration": { "endian": "little" } }));
    assert_eq!((&about["codecs"][1]["name"], about["codecs"].as_array().unwrap().len()), (&json!("gzip"), 2));
    let sides =
        |value: &Value| value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let (shape, chunk): (Vec<usize>, Vec<usize>) =
        (sides(&about["shape"]), sides(&about["chunk_grid"]["configuration"]["chunk_shape"]));
    assert_eq!(about["dimension_names"].as_array().unwrap().len(), shape.len());
    let mut chunks = BTreeMap::new();
    let mut numbers = Vec::new();
    for k in 0..shape.iter().product() {
        let (mut rest, mut place_in, mut path) = (k, 0, String::new());
        let mut at: Vec<usize> = shape
            .iter()
            .rev()
            .map(|n| {
                let i = rest % n;
                rest /= n;
                i
            })
            .collect();
        at.reverse();
        for (i, n) in at.iter().zip(&chunk) {
            path += &format!("/{}", i / n);
            place_in = place_in * n + i % n;
        }
        let bytes = chunks.entry(path.clone()).or_insert_with(|| {
            let packed = place.read(&format!("{store}/{name}/c{path}"));
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
            bytes
        });
        let part = |size: usize| &bytes[place_in * size..(place_in + 1) * size];
        numbers.push(match about["data_type"].as_str().unwrap() {
            "uint8" => f64::from(part(1)[0]),
            "uint32" => f64::from(u32::from_le_bytes(part(4).try_into().unwrap())),
            "int32" => f64::from(i32::from_le_bytes(part(4).try_into().unwrap())),
            "float32" => f64::from(f32::from_le_bytes(part(4).try_into().unwrap())),
            "float64" => f64::from_le_bytes(part(8).try_into().unwrap()),
            other => panic!("{name}: {other}"),
        });
    }
    let cells: usize = chunk.iter().product();
    let size = |kind: &str| {
        if kind == "uint8" {
            1
        } else if kind == "float64" {
            8
        } else {
            4
        }
    };
    let whole = cells * size(about["data_type"].as_str().unwrap());
    assert!(chunks.values().all(|bytes| bytes.len() == whole), "{name}: a chunk is not whole");
    (about, numbers)
}

fn same(a: &[f64], b: &[f64], is_f32: bool) -> bool {
    let equal = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (is_f32 && a as f32 == b as f32);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(*a, *b))
}

/// Compares a table's columns with the arrays, where those of the axes are called `names`; `place` is that of a row in
/// an array of so many sides.
fn compare(
    columns: &[(String, Vec<f64>)],
    arrays: &BTreeMap<String, (String, Vec<usize>, Vec<f64>)>,
    names: &[(&str, &str)],
    place: impl Fn(&str, usize) -> Option<usize>,
) {
    let mut compared = 0;
    for (label, values) in columns {
        let name =
            names.iter().find(|(_, label_of)| label_of == label).map_or(label.as_str(), |(name, _)| name);
        let (kind, _, numbers) = &arrays[name.split('+').next().unwrap()];
        let expected: Vec<f64> = (0..values.len()).map(|row| numbers[place(name, row).unwrap()]).collect();
        assert!(same(values, &expected, kind == "<f4"), "{label}");
        compared += 1;
    }
    assert_eq!(compared, columns.len());
}

#[test]
fn a_map_is_the_same_in_every_format() {
    let place = Place::new();
    let map = "map quadratic --across eta=0.5..2.5 --up x=-3..4 --size 13x7 --steps 500 --target 0.01 --engine cpu \
               --show fate,edge,reach";
    for precision in ["f32", "f64"] {
        let ran = place
            .done(&words(&format!("{map} --precision {precision} --format csv,parquet,zarr,csv -o out")));
        for file in ["fate.png", "map.csv", "map.parquet", "map.zarr", "map.npz"] {
            assert_eq!(ran.err.matches(&format!("wrote out/{file}\n")).count(), 1, "{file}: {}", ran.err);
        }
        let arrays = npz(&place, "out/map.npz");
        let names = [("across", "eta"), ("up", "x")];
        let at = |name: &str, row: usize| match name {
            "across" => Some(row % 13),
            "up" => Some(row / 13),
            _ => Some(row),
        };
        let columns = csv_columns(&place.text("out/map.csv"));
        let labels: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(labels[..3], ["eta", "x", "fate"]);
        assert_eq!((columns.len(), columns[0].1.len()), (arrays.len(), 91));
        compare(&columns, &arrays, &names, at);
        let (columns, texts) = parquet_columns(&place, "out/map.parquet");
        assert_eq!((columns.len(), columns[0].1.len()), (arrays.len(), 91));
        compare(&columns, &arrays, &names, at);
        assert_eq!(texts["Experiment"], place.text("out/experiment.toml"));
        for (name, (kind, shape, numbers)) in &arrays {
            let label = names.iter().find(|(axis, _)| axis == name).map_or(name.as_str(), |(_, label)| label);
            let (about, read) = zarr_array(&place, "out/map.zarr", label);
            assert!(same(&read, numbers, false), "{name}");
            assert_eq!(about["shape"], json!(shape));
            let kinds = [
                ("<f8", "float64"),
                ("<f4", "float32"),
                ("<i4", "int32"),
                ("<u4", "uint32"),
                ("|u1", "uint8"),
            ];
            assert!(kinds.contains(&(kind, about["data_type"].as_str().unwrap())), "{name}");
            let sides = match name.as_str() {
                "across" => json!(["eta"]),
                "up" => json!(["x"]),
                _ => json!(["x", "eta"]),
            };
            assert_eq!(about["dimension_names"], sides);
        }
        let fate: Value = serde_json::from_str(&place.text("out/map.zarr/fate/zarr.json")).unwrap();
        assert_eq!(fate["attributes"]["flag_meanings"], FATES.join(" "));
        let group: Value = serde_json::from_str(&place.text("out/map.zarr/zarr.json")).unwrap();
        assert_eq!(group["attributes"]["Experiment"], place.text("out/experiment.toml"));
    }
    // Another map takes their place, and what is not made anew goes.
    place.done(&words(&format!("{map} --format zarr -o out")));
    let files =
        ["edge.png", "experiment.toml", "fate.png", "map.npz", "map.zarr", "reach.png", "report.json"];
    assert_eq!(place.names("out"), files);
    place.done(&words(&format!("{map} --format svg -o out")));
    assert!(!place.path("out/map.zarr").exists());
}

#[test]
fn a_large_map_is_in_chunks() {
    let place = Place::new();
    place.done(&words(
        "map quadratic --across eta=0.5..2.5 --up x=-3..4 --size 1100x300 --steps 60 --engine cpu --show fate \
         --format zarr,parquet -o out",
    ));
    let arrays = npz(&place, "out/map.npz");
    for name in ["fate", "amplitude"] {
        let (about, read) = zarr_array(&place, "out/map.zarr", name);
        assert!(same(&read, &arrays[name].2, false), "{name}");
        assert_eq!(about["chunk_grid"]["configuration"]["chunk_shape"], json!([256, 1024]));
        assert_eq!(place.names(&format!("out/map.zarr/{name}/c/1")), ["0", "1"]);
    }
    let reader =
        SerializedFileReader::new(std::fs::File::open(place.path("out/map.parquet")).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 330_000);
}

#[test]
fn stacks_and_phase_diagrams_have_tables_too() {
    let place = Place::new();
    let stack = "map --loss '(x^2 - 1)^2/4 + b*x' --across x=-1.5..1.5 --up eta=0.2..1.2 --size 6x5 --steps 300 \
                 --engine cpu --show fate";
    place.done(&words(&format!("{stack} --sweep b=-0.3..0.3 --frames 3 -o sweep")));
    place.done(&words(&format!("{stack} --set b=0.1 --zoom 0.5,0.5 --frames 3 -o zoom")));
    for (directory, frame, moves) in [("sweep", "b", false), ("zoom", "zoom", true)] {
        place.done(&["render", directory, "--format", "csv,parquet,zarr"]);
        let arrays = npz(&place, &format!("{directory}/sweep.npz"));
        let names = [("frames", frame), ("across", "x"), ("up", "eta")];
        let at = |name: &str, row: usize| match name {
            "frames" => Some(row / 30),
            "across" if moves => Some(row / 30 * 6 + row % 6),
            "across" => Some(row % 6),
            "up" if moves => Some(row / 30 * 5 + row / 6 % 5),
            "up" => Some(row / 6 % 5),
            _ => Some(row),
        };
        let columns = csv_columns(&place.text(&format!("{directory}/sweep.csv")));
        assert_eq!((columns[0].0.as_str(), columns[0].1.len()), (frame, 90));
        compare(&columns, &arrays, &names, at);
        let (columns, _) = parquet_columns(&place, &format!("{directory}/sweep.parquet"));
        compare(&columns, &arrays, &names, at);
        for (name, (_, _, numbers)) in &arrays {
            let label = names.iter().find(|(axis, _)| axis == name).map_or(name.as_str(), |(_, label)| label);
            let (_, read) = zarr_array(&place, &format!("{directory}/sweep.zarr"), label);
            assert!(same(&read, numbers, false), "{directory}: {name}");
        }
    }
    place.done(&words(
        "phase f1 --across eta=1..4 --size 8x6 --steps 200 --starts 4 --engine cpu --format parquet,csv,zarr -o phase",
    ));
    let arrays = npz(&place, "phase/phase.npz");
    let at = |name: &str, row: usize| match name {
        "edges" => Some(row / 8),
        "edges+1" => Some(row / 8 + 1),
        "counts" => Some(row),
        _ => Some(row % 8),
    };
    let names = [("across", "eta"), ("edges", "from"), ("edges+1", "to")];
    let columns = csv_columns(&place.text("phase/phase.csv"));
    assert_eq!((columns[0].0.as_str(), columns[0].1.len()), ("eta", 48));
    assert_eq!(columns.len(), arrays.len() + 1);
    compare(&columns, &arrays, &names, at);
    compare(&parquet_columns(&place, "phase/phase.parquet").0, &arrays, &names, at);
    assert!(same(&zarr_array(&place, "phase/phase.zarr", "edges").1, &arrays["edges"].2, false));
}

/// Windows takes some names of files for devices: an axis of such a quantity is called as in the archive.
#[test]
fn no_array_has_the_name_of_a_device() {
    let place = Place::new();
    place.done(&words(
        "map --loss x^2*aux --eta con --set x=1 --across aux=0.5..1 --up con=0.5..1 --size 3x2 --steps 9 --engine cpu \
         --format zarr --show fate -o out",
    ));
    assert!(place.path("out/map.zarr/across").exists() && place.path("out/map.zarr/up").exists());
    assert!(!place.path("out/map.zarr/aux").exists());
}

#[test]
fn what_cannot_be_written_is_refused() {
    let place = Place::new();
    let map = "map quadratic --across eta=0.5..2.5 --up x=-3..4 --steps 50 --engine cpu --show fate";
    let large = place.run(&words(&format!("{map} --size 4096x1025 --format csv -o out")));
    let told = "gdscope: format: 4198400 cells are too many for csv, which may have 4194304; use --format parquet or \
                zarr, or a smaller --size\n";
    assert_eq!((large.code, large.err.as_str()), (Some(2), told));
    assert!(!place.path("out").exists());
    place.done(&words(&format!("{map} --size 9x9 -o out")));
    std::fs::create_dir(place.path("empty")).unwrap();
    for (line, part) in [
        ("render out", "nothing to draw; name a view"),
        ("render out --format png", "nothing to draw"),
        ("render out --format csv,svg", "nothing to draw"),
        ("render empty --format csv", "empty: holds no result"),
        ("render none --format zarr", "none: holds no result"),
        ("render out --format xlsx", "possible values: png, svg, csv, parquet, zarr"),
    ] {
        let ran = place.run(&words(line));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}: {}", ran.err);
        assert!(ran.err.contains(part) && ran.err.lines().count() == 1, "{line}: {}", ran.err);
    }
    assert!(!place.path("none").exists());
    // Nor does an array have a name that leads elsewhere.
    let whole = place.read("out/map.npz");
    let mut bytes = whole.clone();
    while let Some(at) = bytes.windows(13).position(|part| part == b"amplitude.npy") {
        bytes[at..at + 13].copy_from_slice(b"../itude0.npy");
    }
    place.write("out/map.npz", &bytes);
    for format in ["csv", "parquet", "zarr"] {
        let ran = place.run(&["render", "out", "--format", format]);
        assert!(ran.code == Some(2) && ran.err.contains("holds an array `../itude0`"), "{ran:?}");
    }
    assert!(!place.path("itude0").exists());
    place.write("out/map.npz", &whole);
    // One byte of an array is another: its checksum tells.
    let mut bytes = place.read("out/map.npz");
    let place_of = bytes.windows(13).position(|part| part == b"amplitude.npy").unwrap();
    bytes[place_of + 200] ^= 1;
    place.write("out/map.npz", &bytes);
    let before = place.names("out");
    for format in ["csv", "parquet", "zarr"] {
        let ran = place.run(&["render", "out", "--format", format]);
        assert_eq!(ran.code, Some(1), "{format}: {ran:?}");
        assert!(ran.err.contains("checksum"), "{format}: {}", ran.err);
        assert_eq!(place.names("out"), before);
    }
}
