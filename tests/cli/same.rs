//! One experiment, one result: whatever the machine code, the threads and the tiles, and however often it was
//! interrupted (for which see `tiles`).

use super::common::{Place, ran, words};

/// Maps with all that a map may hold, in both formats, with momentum, noise, data and a learning rate that changes.
const MAPS: [&str; 6] = [
    "map f3 --across eta=0.2..1.2 --up C=1..3 --set x1=-3 x2=1 --size 37x23 --steps 1500 --phases --certain \
     --show basins,settle,edge --target 0.1 --check",
    "map two-valleys --across x1=-30..30 --up x2=-4..4 --eta 2.5@0,0.25@300 --size 29x17 --steps 2000 --precision f64",
    "map f2 --across eta=1..3 --up w=-4..4 --optimizer nesterov --set beta=0.7 --size 33x20 --steps 2000 --certain",
    "map noisy-valley --across eta=0.1..0.9 --up x2=-1..1 --set x1=1 --seed 3 --size 30x20 --steps 900",
    "map relu-data --across eta=0.1..4 --up w=-3..3 --size 25x25 --steps 1000 --steps-max 4000",
    // Some leave while others come to rest slowly, in windows without a verdict too.
    "map --loss 0*x^4-c*x^2/2 --across c=-0.02..0.02 --up x=-1..1 --eta 1 --size 97x90 --steps 4000",
];

/// The instruction sets that `--isa` names and that this processor has.
fn sets() -> Vec<&'static str> {
    let here =
        gdscope::formula::Isa::ALL.into_iter().filter(|isa| isa.is_here()).map(gdscope::formula::Isa::name);
    let names: Vec<&str> = here.collect();
    let has = |name: &str| names.iter().any(|n| n.ends_with(name));
    [("AVX-512", "avx512"), ("AVX2", "avx2")]
        .into_iter()
        .filter(|(n, _)| has(n))
        .map(|(_, set)| set)
        .chain(["none"])
        .collect()
}

#[test]
fn machine_code_threads_and_tiles_change_no_byte() {
    let place = Place::new();
    let sets = sets();
    println!("machine code here: {sets:?}");
    for (number, map) in MAPS.into_iter().enumerate() {
        place.done(&words(&format!("{map} --engine cpu -o {number}/usual")));
        let usual = place.read(&format!("{number}/usual/map.npz"));
        let others = sets.iter().map(|set| (format!("--isa {set}"), "2"));
        let threads = ["1", "8"].map(|threads| ("--engine cpu".to_owned(), threads));
        let tiles = ["1", "7"].map(|rows| (format!("--engine cpu --tile {rows}"), "2"));
        for (flags, threads) in others.chain(threads).chain(tiles) {
            let line = format!("{map} {flags} -o {number}/other");
            let mut command = place.command(&words(&line));
            let other = ran(command.env("RAYON_NUM_THREADS", threads));
            assert_eq!(other.code, Some(0), "{other:?}");
            assert!(place.read(&format!("{number}/other/map.npz")) == usual, "{line}, {threads} threads");
            if let Some((_, set)) = flags.split_once("--isa ") {
                let report =
                    place.text(&format!("{number}/other/report.json")).to_lowercase().replace('-', "");
                assert_eq!(set != "none", report.contains(&format!("8664 {set}")), "{set}: {report}");
            }
        }
    }
}

#[test]
fn phase_diagrams_do_not_depend_on_machine_code() {
    let place = Place::new();
    let mut usual: Option<Vec<u8>> = None;
    for set in sets() {
        let phase = "phase f1 --across eta=1..5 --size 40x30 --steps 500 --starts 7 --from x=-3..3";
        place.done(&words(&format!("{phase} --isa {set} -o phase")));
        let now = place.read("phase/phase.npz");
        let usual = usual.get_or_insert_with(|| now.clone());
        assert!(now == *usual, "{set}");
    }
}

#[test]
fn machine_code_that_cannot_run_is_refused() {
    let place = Place::new();
    let refused = |flags: &str, part: &str| {
        let ran = place.run(&words(&format!("{} {flags} -o out", MAPS[2])));
        assert!(ran.code == Some(2) && ran.err.contains(part), "{flags}: {ran:?}");
    };
    refused("--engine gpu --isa none", "isa: a GPU runs no machine code");
    refused("--device 0 --isa none", "isa: a GPU runs no machine code");
    refused("--isa sse2", "avx512");
    for set in ["avx512", "avx2"].into_iter().filter(|set| !sets().contains(set)) {
        refused(&format!("--isa {set}"), "isa: this processor does not run");
    }
}
