//! Work that fails exits with 1 and leaves no half-written file; an interrupt exits with 130.

use super::common::{Place, ran, words};

const MAP: &str = "map f1 --across x=-1..1 --up eta=0.5..3 --size 8x8 --engine cpu -o";

#[test]
fn a_directory_that_cannot_be_written_is_found_before_the_run() {
    let place = Place::new();
    place.write("file", "mine");
    // So long a run would not end: the directory is tried first.
    let long =
        "map f3 --across x1=-9..9 --up x2=-9..9 --eta 1 --engine cpu --size 8192x8192 --steps 16777216";
    let below_proc = if cfg!(target_os = "linux") { "/proc/out" } else { "file/deeper/out" };
    for directory in ["file", "file/out", below_proc] {
        let ran = place.run(&words(&format!("{long} -o {directory}")));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.starts_with(&format!("gdscope: cannot write {directory}")), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
    assert_eq!((place.names("."), place.text("file")), (vec!["file".to_owned()], "mine".to_owned()));

    std::fs::create_dir_all(place.path("taken/map.npz")).unwrap();
    let ran = place.run(&words(&format!("{long} -o taken")));
    assert!(ran.code == Some(1) && ran.err.contains("a directory has this name"), "{ran:?}");
    assert_eq!(place.names("taken"), ["map.npz"]);
}

#[test]
fn without_an_adapter_the_gpu_engine_fails_and_the_default_one_does_not() {
    let place = Place::new();
    let command = |line: &str| {
        let mut command = place.command(&words(line));
        command.env("VK_DRIVER_FILES", "none").env("VK_ICD_FILENAMES", "none");
        ran(&mut command)
    };
    if cfg!(target_os = "linux") {
        let map = "map f1 --across x=-1..1 --up eta=0.5..3 --size 8x8";
        let gpu = command(&format!("{map} --engine gpu -o out"));
        assert_eq!((gpu.code, gpu.out.as_str()), (Some(1), ""), "{gpu:?}");
        assert!(gpu.err.contains("no GPU was found; use --engine cpu"), "{}", gpu.err);
        assert!(!place.path("out").exists());
        assert_eq!(command(&format!("{map} -o out")).code, Some(0));
        let named = command(&format!("{map} --device llvmpipe -o out2"));
        assert!(named.code == Some(2) && named.err.contains("no GPU was found"), "{named:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let place = Place::new();
    for line in ["orbit f1 --eta 1 --set x=1", "landscapes", "landscapes f1 --wgsl", "devices"] {
        let mut command = place.command(&words(line));
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = command.stdout(full).output().unwrap();
        let err = String::from_utf8(status.stderr).unwrap();
        assert!(status.status.code() == Some(1) && err.contains("cannot write stdout"), "{line}: {err}");
    }
    // Messages that nobody can read are no failure.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(place.command(&words(&format!("{MAP} out"))).stderr(full).status().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupt_exits_with_130_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let place = Place::new();
    let long =
        "map f3 --across x1=-9..9 --up x2=-9..9 --eta 1 --engine cpu --size 2048x2048 --steps 16777216";
    let mut child = place
        .command(&words(&format!("{long} --tolerance 1e-30 -o a/b")))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !place.path("a/b").exists() {
        assert!(started.elapsed() < Duration::from_secs(20), "the run has not begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.names("."), [""; 0]);
}

#[test]
fn a_damaged_map_is_neither_drawn_nor_measured() {
    let place = Place::new();
    let files = ["map.npz", "report.json", "experiment.toml"];
    for command in READERS {
        let missing = place.run(&words(&command.replace("DIR", "nowhere")));
        assert!(missing.code == Some(2) && missing.err.contains("nowhere: holds no map"), "{missing:?}");
    }
    assert_eq!(place.names("."), [""; 0]);
    place.done(&words(&format!("{MAP} good --show basins")));
    let whole = place.read("good/basins.png");
    for file in files {
        let content = place.read(&format!("good/{file}"));
        let mut damaged =
            vec![Vec::new(), content[..content.len() / 2].to_vec(), b"\x00\xffgarbage".to_vec()];
        // One bit of an array: the archive's checksums notice.
        if file == "map.npz" {
            let mut bit = content.clone();
            bit[content.len() / 3] ^= 4;
            damaged.push(bit);
        }
        for damage in damaged.into_iter().map(Some).chain([None]) {
            match damage {
                Some(damage) => place.write(&format!("good/{file}"), damage),
                None => std::fs::remove_file(place.path(&format!("good/{file}"))).unwrap(),
            }
            let is_lost = !place.path(&format!("good/{file}")).exists();
            let remedy = if is_lost && file != "experiment.toml" {
                "is missing; make the map anew with: gdscope map good/experiment.toml -o good"
            } else {
                file
            };
            refused(&place, &[file, remedy]);
            assert!(place.read("good/basins.png") == whole);
        }
        place.write(&format!("good/{file}"), content);
    }
    place.done(&words(&format!("{MAP} other --size 9x9").replacen("--size 8x8 ", "", 1)));
    std::fs::copy(place.path("other/map.npz"), place.path("good/map.npz")).unwrap();
    refused(&place, &["map.npz: holds 9 x 9 cells"]);
}

/// The commands that read a map's directory.
const READERS: [&str; 2] = ["render DIR --show basins,fate", "stats DIR"];

/// Whether all of them refuse the directory `good`, with one line that has these parts, and leave it alone.
fn refused(place: &Place, parts: &[&str]) {
    for command in READERS {
        let before = place.names("good");
        let ran = place.run(&words(&command.replace("DIR", "good")));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{command}: {ran:?}");
        assert!(
            ran.err.starts_with("gdscope: good") && ran.err.lines().count() == 1,
            "{command}: {}",
            ran.err
        );
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "{command}: {part}: {}", ran.err));
        assert_eq!(place.names("good"), before);
    }
}

#[test]
fn a_map_of_a_newer_version_is_refused() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} good --show basins")));
    let report = place.text("good/report.json");
    let own = env!("CARGO_PKG_VERSION");
    let [major, minor, _] = own.split('.').collect::<Vec<_>>()[..] else { panic!("{own}") };
    let stamp = |version: &str| report.replace(&format!("\"{own}\""), &format!("\"{version}\""));
    // What else it writes may have changed its form: the version is looked at first.
    let experiment = place.text("good/experiment.toml");
    for newer in ["99.0.0", &format!("{major}.999.0"), "99.0.0-alpha.1"] {
        place.write("good/report.json", stamp(newer).replace("\"fates\"", "\"ends\""));
        place.write("good/experiment.toml", format!("weather = \"fair\"\n{experiment}"));
        let parts = ["report.json: ", newer, "newer than this one", own, "; use gdscope"];
        refused(&place, &parts);
    }
    place.write("good/experiment.toml", &experiment);
    for nonsense in ["", "1", "soon"] {
        place.write("good/report.json", stamp(nonsense));
        refused(&place, &["report.json: `version` is", "no version of gdscope"]);
    }
    place.write("good/report.json", report.replace("\"version\"", "\"edition\""));
    refused(&place, &["report.json: ", "version"]);
    for same in [own.to_owned(), format!("{major}.{minor}.999")] {
        place.write("good/report.json", stamp(&same));
        READERS.iter().for_each(|command| drop(place.done(&words(&command.replace("DIR", "good")))));
    }
}

#[test]
fn arrays_of_unequal_shapes_are_refused() {
    let place = Place::new();
    place.done(&words(&format!("{MAP} good --show basins")));
    let whole = place.read("good/map.npz");
    for array in ["fate", "period", "attractor", "amplitude", "sharpness"] {
        for (shape, said) in [("(4,16, )", "4 x 16"), ("(8, 4, )", "8 x 4"), ("(64,   )", "64")] {
            let edit = |name: &str, bytes: Vec<u8>| {
                (name == array).then(|| with_shape(&bytes, shape)).or(Some(bytes))
            };
            place.write("good/map.npz", rewritten(&whole, edit));
            refused(&place, &["map.npz: ", &format!("`{array}` has shape {said}, and the axes make 8 x 8")]);
        }
        place.write("good/map.npz", rewritten(&whole, |name, bytes| (name != array).then_some(bytes)));
        refused(&place, &["map.npz: ", &format!("the array `{array}` is missing")]);
        let short =
            |name: &str, bytes: Vec<u8>| Some(if name == array { bytes[..150].to_vec() } else { bytes });
        place.write("good/map.npz", rewritten(&whole, short));
        refused(&place, &["map.npz: ", &format!("`{array}` is shorter than its shape 8 x 8 says")]);
    }
    // Numbers without a meaning.
    for (array, value) in [("fate", 9), ("attractor", 0x90)] {
        let edit = |name: &str, mut bytes: Vec<u8>| {
            if name == array {
                *bytes.last_mut().unwrap() = value;
            }
            Some(bytes)
        };
        place.write("good/map.npz", rewritten(&whole, edit));
        refused(&place, &["map.npz: ", &format!("`{array}` holds "), "which is no"]);
    }
}

/// An array of shape 8 x 8 that says it has another, written in as many characters.
fn with_shape(bytes: &[u8], shape: &str) -> Vec<u8> {
    let at = bytes.windows(8).position(|part| part == b"(8, 8, )").unwrap();
    [&bytes[..at], shape.as_bytes(), &bytes[at + 8..]].concat()
}

/// An archive whose arrays are changed, or left out, by a function of name and content.
fn rewritten(archive: &[u8], edit: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut from = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for n in 0..from.len() {
        let mut entry = from.by_index(n).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        if let Some(bytes) = edit(name.trim_end_matches(".npy"), bytes) {
            to.start_file(name, stored).unwrap();
            to.write_all(&bytes).unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}
