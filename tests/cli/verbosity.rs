//! `--quiet` and `--verbose`: how much is said, on stderr alone.

use super::common::{Place, words};

const MAP: &str = "map f1 --across eta=0.5..8 --up x=-6..6 --size 16x16 --steps 200 --steps-max 800 -o out";

#[test]
fn without_a_terminal_there_is_no_bar() {
    let place = Place::new();
    let ran = place.done(&words(&format!("{MAP} --engine cpu")));
    assert!(ran.err.contains("wrote ") && !ran.err.contains(['\r', '\u{1b}']), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn quiet_says_nothing_but_what_is_wrong() {
    let place = Place::new();
    for line in [format!("{MAP} --engine cpu --quiet"), "-q render out --show fate".to_owned()] {
        let ran = place.done(&words(&line));
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{line}");
    }
    // What was asked for on stdout is no message.
    assert!(!place.done(&words("orbit f1 --eta 1 --set x=1 --steps 2 -q")).out.is_empty());
    let ran = place.run(&words("map f11 -q -o other"));
    assert!(ran.code == Some(2) && ran.err.contains("unknown landscape `f11`"), "{ran:?}");
    let ran = place.run(&words(&format!("{MAP} -q -v")));
    assert!(ran.code == Some(2) && ran.err.contains("cannot be used with"), "{ran:?}");
}

#[test]
fn verbose_tells_what_the_engine_does() {
    let place = Place::new();
    let ran = place.done(&words(&format!("{MAP} --engine cpu --tile 8 -v")));
    assert_eq!(ran.out, "");
    for part in [
        "engine: cpu",
        "rows 0 to 7: ",
        "rows 8 to 15: ",
        "undecided cells again, with 400 steps",
        "attractors",
        "map.npz",
        "experiment.toml have their names in out",
        "wrote ",
    ] {
        assert!(ran.err.contains(part), "`{part}` is not in: {}", ran.err);
    }
    assert!(!ran.err.contains("searched for attractors") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    // The same bits as without, and with -vv more of it.
    let quiet = Place::new();
    quiet.done(&words(&format!("{MAP} --engine cpu")));
    assert_eq!(place.read("out/map.npz"), quiet.read("out/map.npz"));
    let more = place.done(&words(&format!("-vv {MAP} --engine cpu"))).err;
    assert!(more.contains("searched for attractors"), "{more}");
}

#[test]
fn verbose_tells_of_adapter_shader_and_slices() {
    let place = Place::new();
    let said = place.done(&words(&format!("{MAP} --engine gpu --device 0 -vv"))).err;
    for part in ["engine: gpu", "shader compiled in ", "slice of "] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn a_map_is_gone_on_with_quietly_or_not() {
    // `--resume` stands alone, and how much is said may stand before the command.
    let place = Place::new();
    for flag in ["-q", "-v"] {
        let ran = place.run(&[flag, "map", "--resume", "nowhere"]);
        assert!(ran.code == Some(2) || ran.code == Some(1), "{ran:?}");
        assert!(ran.err.contains("nowhere") && !ran.err.contains("cannot be used"), "{}", ran.err);
    }
}
