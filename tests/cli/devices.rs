//! The GPU engine as a user meets it, on the software adapter: the same bytes however the work is cut, several
//! processes at once, and what is remembered of a device.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::common::{Place, words};

const MAP: &str = "map f3 --across eta=0.2..1.2 --up C=1..3 --set x1=-3 x2=1 --size 40x60 --steps 1500 --phases \
                   --certain --show basins,settle --device llvmpipe";

/// Starts a map in tiles of one row, and waits until `tiles` of them are done.
fn started(place: &Place, tiles: usize) -> Child {
    let line = format!("{MAP} --tile 1 -o out");
    let mut child = place.command(&words(&line)).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let journal = place.path("out/.gdscope-unfinished/journal");
    while fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) < 1 + tiles {
        assert!(begun.elapsed() < Duration::from_secs(120), "no tile was done in two minutes");
        assert!(child.try_wait().unwrap().is_none(), "the map was finished before it was interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn tiles_and_interruptions_change_no_byte_of_a_gpus_map() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} -o whole")));
    let whole = place.read("whole/map.npz");
    for rows in [7, 59] {
        place.done(&words(&format!("{MAP} --tile {rows} -o tiles")));
        assert!(place.read("tiles/map.npz") == whole, "tiles of {rows} rows");
    }
    let mut child = started(&place, 23);
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = place.done(&words("map --resume out"));
    assert!(resumed.err.contains("of 60 tiles are done"), "{resumed:?}");
    assert!(place.read("out/map.npz") == whole);
}

#[test]
fn eight_processes_share_a_device() {
    let place = Place::new();
    let line = |k: usize| {
        format!(
            "map f1 --across eta=0.5..10 --up x=-8..8 --size 48x48 --steps 1000 --device llvmpipe -o out{k}"
        )
    };
    let start = |k: usize| place.command(&words(&line(k))).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<Child> = (0..8).map(start).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let maps: Vec<Vec<u8>> = (0..8).map(|k| place.read(&format!("out{k}/map.npz"))).collect();
    assert!(maps.iter().all(|map| *map == maps[0]));
    for k in 0..8 {
        let report: serde_json::Value =
            serde_json::from_str(&place.text(&format!("out{k}/report.json"))).unwrap();
        assert_eq!((&report["device_faults"], &report["fallback_cells"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_device_that_has_passed_its_test_is_remembered() {
    let place = Place::new();
    let map = |more: &str, cache: &str| {
        let line = format!(
            "map f1 --across eta=1..5 --up x=1..2 --size 8x8 --device llvmpipe --no-fallback {more} -o out"
        );
        let mut command = place.command(&words(&line));
        let ran = command.env("XDG_CACHE_HOME", place.path(cache)).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    };
    map("--trust-device", "cache");
    assert!(!place.path("cache/gdscope").exists());
    map("", "cache");
    let names = place.names("cache/gdscope/devices");
    assert!(names.len() == 1 && names[0].ends_with(".json"), "{names:?}");
    let remembered = place.text(&format!("cache/gdscope/devices/{}", names[0]));
    for what in ["llvmpipe", "driver", env!("CARGO_PKG_VERSION")] {
        assert!(remembered.contains(what), "{remembered}");
    }
    // Where nothing can be remembered, nothing is.
    place.write("file", "");
    map("", "file");
}
