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
fn a_damaged_map_is_not_drawn() {
    let place = Place::new();
    let files = ["map.npz", "report.json", "experiment.toml"];
    let missing = place.run(&words("render nowhere --show fate"));
    assert!(missing.code == Some(2) && missing.err.contains("nowhere: holds no map"), "{missing:?}");
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
            let before = place.names("good");
            let ran = place.run(&words("render good --show basins,fate"));
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{file}: {ran:?}");
            assert!(ran.err.contains(file) && ran.err.lines().count() == 1, "{file}: {}", ran.err);
            assert_eq!(place.names("good"), before);
            assert!(place.read("good/basins.png") == whole);
        }
        place.write(&format!("good/{file}"), content);
    }
    place.done(&words(&format!("{MAP} other --size 9x9").replacen("--size 8x8 ", "", 1)));
    std::fs::copy(place.path("other/map.npz"), place.path("good/map.npz")).unwrap();
    let ran = place.run(&words("render good --show fate"));
    assert!(ran.code == Some(2) && ran.err.contains("map.npz: holds 9 x 9 cells"), "{ran:?}");
}
