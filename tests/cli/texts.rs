//! What the program says about itself.

use super::common::{Place, names};

/// To renew one after a look at it: `gdscope map --help > tests/help/map.txt`.
#[test]
fn help_is_as_written_down() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let commands = [
        "",
        "bench",
        "completions",
        "devices",
        "figures",
        "landscapes",
        "man",
        "map",
        "new",
        "orbit",
        "phase",
        "render",
        "stats",
        "verify",
    ];
    let place = Place::new();
    let mut known = Vec::new();
    let mut differing = Vec::new();
    for command in commands {
        let file = format!("{}.txt", if command.is_empty() { "gdscope" } else { command });
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let help = place.done(&arguments);
        assert_eq!(help.err, "");
        let golden = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        // Git may have turned the line ends around.
        if golden.replace("\r\n", "\n") != help.out {
            differing.push(format!("tests/help/{file} is not what the program prints:\n{}", help.out));
        }
        known.push(file);
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    known.sort();
    assert_eq!(names(&folder), known);
    let top = place.done(&["--help"]).out;
    let listed = top.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(listed.iter().all(|name| commands.contains(name) || *name == "help"), "{listed:?}");
}

#[test]
fn version() {
    let expected = format!("gdscope {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Place::new().done(&["--version"]).out, expected);
}

#[test]
fn landscapes_are_listed_and_shown() {
    let place = Place::new();
    let list = place.done(&["landscapes"]);
    let listed: Vec<&str> = list.out.lines().map(|l| l.split_whitespace().next().unwrap()).collect();
    assert!(
        ["quadratic", "f1", "f2", "f3", "valley", "two-valleys", "noisy-valley"]
            .iter()
            .all(|name| listed.contains(name)),
        "{listed:?}"
    );
    for name in listed {
        let shown = place.done(&["landscapes", name]).out;
        for part in ["variables ", "loss ", "gradient "] {
            assert!(shown.contains(part), "{name}: {shown}");
        }
        let shader = place.done(&["landscapes", name, "--wgsl"]).out;
        assert!(shader.contains("@compute") && shader.contains("fn "), "{name}");
    }
}

#[test]
fn devices_are_listed() {
    let place = Place::new();
    let lines = place.done(&["devices"]).out;
    assert!(lines.lines().any(|line| line.starts_with("--engine cpu ")), "{lines}");
    let json: serde_json::Value = serde_json::from_str(&place.done(&["devices", "--json"]).out).unwrap();
    let devices = json.as_array().unwrap();
    assert_eq!(devices.len(), lines.lines().count());
    for (place, device) in devices.iter().enumerate() {
        for key in ["engine", "name", "kind", "backend", "driver"] {
            assert!(device[key].is_string(), "{key}: {device}");
        }
        let is_exact = device["f64"].as_bool().unwrap();
        let line = lines.lines().nth(place).unwrap();
        assert!(line.ends_with(if is_exact { "; f32 and f64)" } else { "; f32)" }), "{line}");
        let is_cpu = device["engine"] == "cpu";
        assert_eq!(device["index"].as_u64(), if is_cpu { None } else { Some(place as u64) });
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    let place = Place::new();
    for (shell, sign) in
        [("bash", "_gdscope()"), ("zsh", "#compdef gdscope"), ("fish", "complete -c gdscope")]
    {
        let script = place.done(&["completions", shell]).out;
        assert!(script.contains(sign) && script.contains("across"), "{shell}");
    }
    place.done(&["man", "-o", "man"]);
    let pages = place.names("man");
    for command in ["map", "orbit", "stats", "verify", "man"] {
        assert!(pages.contains(&format!("gdscope-{command}.1")), "{pages:?}");
    }
    assert!(place.text("man/gdscope-map.1").contains("Map a plane of initial points"));
    assert!(pages.contains(&"gdscope.1".to_owned()));
}
