//! Disks that are full or may not be written to.

use std::process::Command;

use super::common::{Place, ran, words};

const MAP: &str =
    "map f3 --across x1=-4..4 --up x2=-4..4 --eta 1 --size 64x200 --steps 300 --tile 1 --engine cpu";

/// A script with `gdscope` in `$gdscope` and `MAP` in `$map`.
fn script(place: &Place, text: &str) -> Command {
    let mut command = place.command(&[]);
    let gdscope = command.get_program().to_owned();
    let environment: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command = Command::new("bash");
    command.args(["-c", text]).current_dir(place.path("")).envs(environment);
    command.env("gdscope", gdscope).env("map", MAP);
    command
}

/// A file that may not become larger, which is what a quota does: found before the run.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_a_failure() {
    let place = Place::new();
    let limited = ran(&mut script(&place, "trap '' XFSZ; ulimit -f 64; exec $gdscope $map -o out"));
    assert!(
        limited.code == Some(1) && limited.err.starts_with("gdscope: cannot write out/map.npz: "),
        "{limited:?}"
    );
    assert_eq!((limited.err.lines().count(), place.names(".")), (1, Vec::new()));
}

/// On a small disk of its own, which needs a system that lets users mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_what_is_done() {
    let place = Place::new();
    std::fs::create_dir(place.path("disk")).unwrap();
    let mounted = |text: &str| {
        let text = format!("mount -t tmpfs -o size=256k tmpfs disk && {text}");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).arg("bash").arg("-c").arg(text);
        let like = script(&place, "");
        command.current_dir(place.path(""));
        command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        ran(&mut command)
    };
    if mounted("true").code != Some(0) {
        eprintln!("NOT TESTED: this system lets no user mount a disk, so that none is full or read-only");
        return;
    }
    place.done(&words(&format!("{MAP} -o whole")));
    let full = mounted(
        "{ $gdscope $map -o disk/out; echo \"code $?\"; mount -o remount,size=64m disk; $gdscope map --resume disk/out && \
         cp disk/out/map.npz .; }",
    );
    assert_eq!((full.code, full.out.trim()), (Some(0), "code 1"), "{full:?}");
    let said: Vec<&str> = full.err.lines().collect();
    assert!(
        said[0].contains(" tiles are done and kept; go on with: gdscope map --resume disk/out"),
        "{full:?}"
    );
    assert!(
        said[1].starts_with("gdscope: cannot write disk/out/.gdscope-unfinished/map.npz: No space left"),
        "{full:?}"
    );
    assert!(place.read("map.npz") == place.read("whole/map.npz"));

    let read_only = mounted("mount -o remount,ro disk && $gdscope $map -o disk/out");
    assert!(read_only.code == Some(1), "{read_only:?}");
    assert!(
        read_only.err.starts_with("gdscope: cannot write disk/out: Read-only file system"),
        "{read_only:?}"
    );
    let render = mounted(
        "$gdscope map f1 --across x=-1..1 --up eta=0.5..1 --size 4x4 --engine cpu -o disk/out 2>/dev/null && \
                          mount -o remount,ro disk && $gdscope render disk/out --show fate",
    );
    assert!(render.code == Some(1) && render.err.contains("Read-only file system"), "{render:?}");
}

/// Where permissions bind, which they do not for the system's administrator.
#[cfg(unix)]
#[test]
fn a_directory_without_permission_is_a_failure() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    std::fs::create_dir(place.path("mine")).unwrap();
    std::fs::set_permissions(place.path("mine"), std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(place.path("mine/probe"), "").is_ok() {
        eprintln!("NOT TESTED: permissions do not bind this user");
        return;
    }
    for directory in ["mine", "mine/out"] {
        let refused = place.run(&words(&format!("{MAP} -o {directory}")));
        assert!(refused.code == Some(1) && refused.err.contains("Permission denied"), "{refused:?}");
    }
}
