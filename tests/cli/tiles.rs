//! Maps in tiles: the same bytes however they are cut and however often they are interrupted.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::common::{Place, words};

/// Two parameters and phases, so that attractors are followed from tile to tile; with everything that is measured.
const MAP: &str = "map f3 --across eta=0.2..1.2 --up C=1..3 --set x1=-3 x2=1 --size 40x60 --steps 1500 --phases \
                   --certain --show basins,settle,edge --engine cpu";
/// The journal of an unfinished map.
const JOURNAL: &str = "out/.gdscope-unfinished/journal";

/// Starts a map in tiles of one row, and waits until `tiles` of them are done.
fn started(place: &Place, tiles: usize) -> Child {
    let mut child =
        place.command(&words(&format!("{MAP} --tile 1 -o out"))).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let done = || fs::read_to_string(place.path(JOURNAL)).map_or(0, |text| text.lines().count());
    while done() < 1 + tiles {
        assert!(begun.elapsed() < Duration::from_secs(60), "no tile was done in a minute");
        assert!(child.try_wait().unwrap().is_none(), "the map was finished before it was interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn the_rows_of_a_tile_change_nothing() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} -o whole")));
    for rows in [1, 7, 59] {
        place.done(&words(&format!("{MAP} --tile {rows} -o tiles")));
        assert!(place.read("tiles/map.npz") == place.read("whole/map.npz"), "tiles of {rows} rows");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_map_is_gone_on_with_to_the_same_bytes() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} -o whole")));
    for signal in ["-INT", "-KILL"] {
        for tiles in [1, 23] {
            let mut child = started(&place, tiles);
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
            let code = child.wait().unwrap().code();
            assert_eq!(code, if signal == "-INT" { Some(130) } else { None });
            let again = place.run(&words(&format!("{MAP} -o out")));
            assert!(again.code == Some(2) && again.err.contains("--resume"), "{again:?}");
            let resumed = place.done(&words("map --resume out"));
            assert!(resumed.err.contains("of 60 tiles are done"), "{resumed:?}");
            assert!(place.read("out/map.npz") == place.read("whole/map.npz"), "{signal} after {tiles} tiles");
            assert!(!place.path("out/.gdscope-unfinished").exists());
            fs::remove_dir_all(place.path("out")).unwrap();
        }
    }
}

#[test]
fn one_process_at_a_time_writes_to_a_directory() {
    let place = Place::new();
    let mut child = started(&place, 1);
    for line in [format!("{MAP} -o out"), "map --resume out".to_owned()] {
        let refused = place.run(&words(&line));
        assert!(refused.code == Some(2) && refused.err.contains("another gdscope"), "{refused:?}");
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn only_what_was_begun_is_gone_on_with() {
    let place = Place::new();
    let refused = |message: &str| {
        let run = place.run(&words("map --resume out"));
        assert!(run.code == Some(2) && run.err.contains(message), "{message}: {run:?}");
    };
    refused("holds no unfinished map");
    let mut child = started(&place, 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = place.path("out/.gdscope-unfinished");
    let experiment = fs::read_to_string(folder.join("experiment.toml")).unwrap();
    fs::write(folder.join("experiment.toml"), experiment.replace("1500", "1501")).unwrap();
    refused("is not the one that the map was begun with");
    fs::write(folder.join("experiment.toml"), experiment).unwrap();
    let journal = fs::read(place.path(JOURNAL)).unwrap();
    let mut damaged = journal.clone();
    damaged[20] ^= 1;
    fs::write(place.path(JOURNAL), damaged).unwrap();
    refused("is damaged");
    fs::write(place.path(JOURNAL), journal).unwrap();
    place.done(&words("map --resume out"));
}
