//! Maps in tiles: the same bytes however they are cut and however often they are interrupted.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gdscope::engine::cpu::CpuEngine;
use gdscope::engine::{Cells, Density, Device, Engine, Outcomes, Watch};
use gdscope::experiment::Experiment;
use gdscope::output::{Asked, Directory, Making};
use gdscope::plan::Plan;

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

/// The CPU engine, whose threads are all busy with the second tile until the journal has the first one.
struct Busy {
    engine: CpuEngine,
    journal: PathBuf,
    tiles: AtomicUsize,
}

impl Engine for Busy {
    fn device(&self) -> &Device {
        self.engine.device()
    }

    fn run_into(
        &self,
        outcomes: &mut Outcomes,
        plan: &Plan,
        cells: &Cells,
        progress: &(dyn Fn(u64) + Sync),
    ) -> gdscope::Result<()> {
        if self.tiles.fetch_add(1, Ordering::Relaxed) == 1 {
            let begun = Instant::now();
            let is_stored = || fs::read_to_string(&self.journal).is_ok_and(|text| text.lines().count() > 1);
            rayon::broadcast(|_| {
                while !is_stored() {
                    assert!(begun.elapsed() < Duration::from_secs(60), "the first tile waits for the second");
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        self.engine.run_into(outcomes, plan, cells, progress)
    }

    fn density(&self, _: &Plan, _: &Watch, _: &Cells, _: &(dyn Fn(u64) + Sync)) -> gdscope::Result<Density> {
        unreachable!("a map has no density")
    }
}

#[test]
fn a_tile_is_kept_while_the_next_is_computed() {
    let place = Place::new();
    let directory = Directory::create(&place.path("out")).unwrap();
    let experiment: Experiment =
        "landscape = 'f1'\nacross = 'eta = 2.5 .. 10'\nup = 'x = -8 .. 8'\nsize = [40, 30]".parse().unwrap();
    let (journal, engine) = (place.path(JOURNAL), CpuEngine::default());
    let busy = Busy { engine, journal, tiles: AtomicUsize::new(0) };
    let asked = Asked { tile: Some(10), ..Asked::default() };
    let made = Making::begin(&directory, &experiment, &busy, asked).unwrap().make(&busy, &|_| {}).unwrap();
    assert_eq!(made.report.fates["periodic"], 1200);
}

/// Kills maps and their resumptions at moments spread over the time that one takes, however far they have come then.
#[cfg(unix)]
#[test]
fn fifty_kills_at_any_moment_leave_the_same_bytes() {
    const KILLS: usize = 50;
    let place = Place::new();
    let begun = Instant::now();
    place.done(&words(&format!("{MAP} --tile 2 -o whole")));
    let usual = begun.elapsed();
    let whole = ["map.npz", "experiment.toml", "basins.png"].map(|name| place.read(&format!("whole/{name}")));
    let (mut random, mut kills, mut finished, mut resumed) = (7u64, 0, 0, 0);
    while kills < KILLS || finished == 0 {
        // Knuth's generator.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 40) as f64 / (1u64 << 24) as f64;
        let is_begun = fs::read(place.path(JOURNAL)).is_ok_and(|text| text.contains(&b'\n'));
        let line = if is_begun { "map --resume out".to_owned() } else { format!("{MAP} --tile 2 -o out") };
        resumed += usize::from(is_begun);
        let mut command = place.command(&words(&line));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        if kills < KILLS {
            std::thread::sleep(usual.mul_f64(share));
            child.kill().unwrap();
            kills += 1;
        }
        let ended = child.wait_with_output().unwrap();
        match ended.status.code() {
            None => {}
            Some(0) => {
                let now = ["map.npz", "experiment.toml", "basins.png"]
                    .map(|name| place.read(&format!("out/{name}")));
                assert!(now == whole, "after {kills} kills");
                assert!(!place.path("out/.gdscope-unfinished").exists());
                fs::remove_dir_all(place.path("out")).unwrap();
                finished += 1;
            }
            // Killed with nothing done, or after everything had got its name.
            Some(code) => {
                let words = String::from_utf8_lossy(&ended.stderr).into_owned();
                let is_none = words.contains("holds no unfinished map") || words.contains("without a tile");
                assert!(code == 2 && is_none, "{line}: {words}");
                fs::remove_dir_all(place.path("out")).unwrap();
            }
        }
    }
    println!("{kills} kills; {resumed} runs resumed, {finished} finished, each in about {usual:.1?}");
}

#[test]
fn a_damaged_tile_is_found_and_computed_again() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} -o whole")));
    let folder = |name: &str| place.path("out/.gdscope-unfinished").join(name);
    type Damage = (&'static str, fn(&mut Vec<u8>), &'static str);
    let damages: [Damage; 5] = [
        // The bits of the first row's fates are there, behind the axes.
        (
            "map.npz",
            |bytes| bytes.iter_mut().skip(1800).step_by(500).for_each(|byte| *byte ^= 8),
            "stored tile",
        ),
        ("map.npz", |bytes| bytes.truncate(bytes.len() / 3), "10 stored tiles are damaged"),
        ("ends", |bytes| bytes[3] ^= 1, "a stored tile is damaged"),
        ("ends", Vec::clear, "10 stored tiles are damaged"),
        ("map.npz", |bytes| bytes[60] ^= 1, "10 of 60 tiles are done"),
    ];
    for (file, damage, said) in damages {
        let mut child = started(&place, 10);
        child.kill().unwrap();
        child.wait().unwrap();
        // As many as can be told beforehand.
        let journal = fs::read_to_string(place.path(JOURNAL)).unwrap();
        let first: Vec<&str> = journal.split_inclusive('\n').take(11).collect();
        place.write(JOURNAL, first.concat());
        let mut bytes = fs::read(folder(file)).unwrap();
        damage(&mut bytes);
        fs::write(folder(file), bytes).unwrap();
        let resumed = place.done(&words("map --resume out"));
        assert!(resumed.err.contains(said), "{file}, {said}: {resumed:?}");
        assert!(place.read("out/map.npz") == place.read("whole/map.npz"), "{file}, {said}");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn a_directory_that_is_deleted_meanwhile_is_a_failure() {
    let place = Place::new();
    let mut command = place.command(&words(&format!("{MAP} --tile 1 -o out")));
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !fs::read_to_string(place.path(JOURNAL)).is_ok_and(|text| text.lines().count() > 3) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no tile was done in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    // What is written there just then may come in between.
    while fs::remove_dir_all(place.path("out")).is_err() {}
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && err.starts_with("gdscope: cannot write out"), "{err}");
    assert!(!err.contains("--resume") && err.lines().count() == 1, "{err}");
    assert_eq!(place.names("."), [""; 0]);
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
