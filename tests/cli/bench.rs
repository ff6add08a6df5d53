//! `gdscope bench`.

use super::common::{Place, words};

/// The rows of a call with `--json`, and what is the same for all of them.
fn rows(line: &str) -> Vec<serde_json::Value> {
    let ran = Place::new().done(&words(line));
    assert_eq!(ran.err, "");
    let rows: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let rows = rows.as_array().unwrap().clone();
    for row in &rows {
        for key in ["landscape", "engine", "device", "device_kind", "backend", "driver", "precision"] {
            assert!(row[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {row}");
        }
        let number = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}"));
        for key in ["lanes", "steps", "seconds", "steps_per_second", "operations", "multiply_adds_per_second"]
        {
            assert!(number(key) > 0.0, "{key}: {row}");
        }
        assert!(
            (0.0..1.05).contains(&number("ceiling_fraction")) && number("ceiling_fraction") > 0.0,
            "{row}"
        );
        let wanted =
            number("operations") * number("steps_per_second") / (2.0 * number("multiply_adds_per_second"));
        assert!((number("ceiling_fraction") / wanted - 1.0).abs() < 1e-9, "{row}");
    }
    rows
}

fn names(rows: &[serde_json::Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn steps_are_measured_in_each_number_format() {
    let rows = rows("bench --quick --json --engine cpu --only steps --size 64x32 --steps 5");
    let all = ["f1", "f3", "two-valleys", "separable-8", "relu-data"];
    assert_eq!(names(&rows, "landscape"), [all, all].concat());
    assert_eq!(names(&rows, "precision"), [["f32"; 5], ["f64"; 5]].concat());
    for row in &rows {
        assert_eq!((row["measured"].as_str(), row["engine"].as_str()), (Some("steps"), Some("cpu")));
        assert_eq!((row["lanes"].as_u64(), row["steps"].as_u64()), (Some(64 * 32), Some(5)));
        // Nothing retires.
        let taken = row["steps_per_second"].as_f64().unwrap() * row["seconds"].as_f64().unwrap();
        assert!((taken - 5.0 * 64.0 * 32.0).abs() < 1e-6, "{row}");
        assert!(row["stages"].is_null());
    }
    // Both formats compute the same, before chaos makes much of their difference.
    for (single, double) in rows.iter().zip(&rows[5..]) {
        let [single, double] = [single, double].map(|row| row["mean_size"].as_f64().unwrap());
        assert!((single / double - 1.0).abs() < 1e-4, "{single} {double}");
    }
}

#[test]
fn every_adapter_is_measured() {
    let devices: serde_json::Value =
        serde_json::from_str(&Place::new().done(&words("devices --json")).out).unwrap();
    let adapters = devices.as_array().unwrap().iter().filter(|device| device["engine"] == "gpu");
    let adapters: Vec<&str> = adapters.map(|device| device["name"].as_str().unwrap()).collect();
    assert!(!adapters.is_empty(), "no adapter was found");
    let steps = "bench f1 relu-data --quick --json --only steps --size 32x32 --steps 30 --precision f32";
    let measured = rows(&format!("{steps} --engine gpu"));
    assert_eq!(names(&measured, "device"), adapters.iter().flat_map(|name| [*name; 2]).collect::<Vec<_>>());
    let one = rows(&format!("{steps} --device 0"));
    assert_eq!(names(&one, "device"), [adapters[0]; 2]);
    // And it computes what the CPU does.
    let cpu = rows(&format!("{steps} --engine cpu"));
    for (gpu, cpu) in one.iter().zip(&cpu) {
        let [gpu, cpu] = [gpu, cpu].map(|row| row["mean_size"].as_f64().unwrap());
        assert!((gpu / cpu - 1.0).abs() < 1e-3, "{gpu} {cpu}");
    }
}

#[test]
fn the_stages_of_a_map_are_all_of_it() {
    let rows = rows("bench --quick --json --engine cpu --only maps --size 48x48 --steps 500 --precision f32");
    assert_eq!(names(&rows, "landscape"), ["f1", "f3", "two-valleys"]);
    for row in &rows {
        assert_eq!((row["measured"].as_str(), row["lanes"].as_u64()), (Some("maps"), Some(48 * 48)));
        let whole = row["seconds"].as_f64().unwrap();
        assert!((row["maps_per_second"].as_f64().unwrap() * whole - 1.0).abs() < 1e-9);
        let stages: std::collections::BTreeMap<String, f64> =
            serde_json::from_value(row["stages"].clone()).unwrap();
        let known: Vec<&str> = stages.keys().map(String::as_str).collect();
        assert_eq!(known, ["analyse", "compile", "draw", "readback", "run", "write"]);
        assert!(stages.values().all(|&secs| secs >= 0.0), "{row}");
        let sum: f64 = stages.values().sum();
        assert!((sum / whole - 1.0).abs() < 0.05, "{sum} of {whole}: {row}");
    }
}

#[test]
fn tables_name_the_devices() {
    let call = "bench f1 --quick --engine cpu --size 16x16 --steps 100 --precision f32";
    let plain = Place::new().done(&words(call)).out;
    let markdown = Place::new().done(&words(&format!("{call} --markdown"))).out;
    for out in [&plain, &markdown] {
        assert!(out.starts_with(&format!("gdscope {}\n", env!("CARGO_PKG_VERSION"))), "{out}");
        assert!(out.contains("multiply-adds per second: ") && out.contains("of ceiling"), "{out}");
        assert!(out.contains("maps/s") && out.contains("readback"), "{out}");
    }
    let lines: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(lines.len(), 6, "{markdown}");
    assert!(lines[1].starts_with("| --- |") && lines[2].starts_with("| f1 "), "{markdown}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    for (line, told) in [
        ("bench --device nosuch", "no device is called `nosuch`"),
        ("bench --device 0 --engine cpu", "drop one of the two"),
        ("bench f4", "did you mean `f1`?"),
        ("bench --size 0x4", "size"),
        ("bench --steps 0", "steps"),
        ("bench --json --markdown", "cannot be used with"),
        ("bench relu-data --only maps --engine cpu", "the landscape has no maps"),
    ] {
        let ran = Place::new().run(&words(line));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}: {ran:?}");
        assert!(ran.err.contains(told), "{line}: {}", ran.err);
    }
}
