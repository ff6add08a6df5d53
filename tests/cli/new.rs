//! `gdscope new`: a file that explains every key and can be run.

use super::common::{Place, words};

/// The keys that an experiment file may have, as its reader lists them; those of its table `phase` with `table`.
fn keys(place: &Place, table: &str) -> Vec<String> {
    place.write("wrong.toml", format!("{table}\nnone-such = 1\n"));
    let told = place.run(&words("map wrong.toml -o out")).err;
    let listed = told.split_once("expected one of").unwrap_or_else(|| panic!("{told}")).1;
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The key that a line gives, or would without the `#` at its beginning; and whether there is one.
fn key(line: &str) -> Option<(&str, bool)> {
    let given = line.strip_prefix('#').unwrap_or(line);
    let (key, _) = given.split_once('=')?;
    let key = key.trim_end();
    (!key.is_empty() && !key.contains(' ')).then_some((key, given.len() < line.len()))
}

#[test]
fn a_template_runs_as_it_is_for_every_landscape() {
    let place = Place::new();
    let listed = place.done(&["landscapes"]).out;
    for name in listed.lines().map(|line| line.split_whitespace().next().unwrap()) {
        let ran = place.done(&["new", "e.toml", "--landscape", name, "--force"]);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "wrote e.toml\n"));
        place.done(&words("map e.toml --size 8x8 --steps 200 --engine cpu -o out"));
        assert_eq!(place.text("e.toml"), place.done(&["new", "--landscape", name]).out, "{name}");
        let made: toml::Table = place.text("out/experiment.toml").parse().unwrap();
        assert_eq!(made["landscape"].as_str(), Some(name));
        place.done(&words("phase e.toml --size 8x8 --steps 200 --starts 4 --engine cpu -o phase"));
    }
}

#[test]
fn a_template_names_every_key_and_each_can_be_given() {
    let place = Place::new();
    let mut missing = keys(&place, "");
    assert!(missing.len() > 20 && missing.contains(&"steps-max".to_owned()), "{missing:?}");
    let of_phase = keys(&place, "[phase]");
    assert!(of_phase.contains(&"observe".to_owned()), "{of_phase:?}");
    missing.extend(of_phase);
    let mut given = vec!["phase".to_owned(), "landscape".to_owned()];
    for landscape in ["f3", "noisy-valley", "relu-2d"] {
        let template = place.done(&["new", "--landscape", landscape]).out;
        for (key, is_out) in template.lines().filter_map(key) {
            if !is_out {
                given.push(key.to_owned());
                continue;
            }
            // Some keys need others.
            let together: &[&str] = match key {
                "sweep" => &["sweep", "frames"],
                "zoom" | "factor" | "frames" => &["zoom", "factor", "frames"],
                key => &[key],
            };
            let of_phase = template.find("#[phase]").unwrap() < template.find(&format!("\n#{key} ")).unwrap();
            let mut text = template.replace("#[phase]", if of_phase { "[phase]" } else { "# phase" });
            for key in together {
                text = text.replace(&format!("\n#{key} ="), &format!("\n{key} ="));
            }
            place.write("e.toml", text);
            let more = "e.toml --size 4x4 --steps 2000 --engine cpu -o out";
            place.done(&[&[if of_phase { "phase" } else { "map" }][..], &words(more)].concat());
            given.push(key.to_owned());
        }
    }
    missing.retain(|key| !given.contains(key));
    assert!(missing.is_empty(), "{missing:?} are not in the template");
}

#[test]
fn a_file_is_not_written_over_by_mistake() {
    let place = Place::new();
    place.write("mine.toml", "mine");
    let ran = place.run(&["new", "mine.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(ran.err, "gdscope: mine.toml: exists; give another name, or --force to write over it\n");
    assert_eq!(place.text("mine.toml"), "mine");
    place.done(&["new", "mine.toml", "--force"]);
    assert!(place.text("mine.toml").contains("landscape = \"f3\""));
    for (line, part) in [
        ("new --landscape f4", "unknown landscape `f4` (did you mean"),
        ("new --landscape none.toml", "none.toml"),
        ("new --force", "FILE"),
    ] {
        let ran = place.run(&words(line));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}");
        assert!(ran.err.contains(part) && ran.err.lines().count() == 1, "{line}: {}", ran.err);
    }
    for (folder, file) in [("no/such", "no/such/folder.toml"), ("mine.toml", "mine.toml/folder.toml")] {
        let ran = place.run(&["new", file]);
        let remedy = format!(
            "gdscope: {file}: there is no directory `{folder}`; make it first, or give another FILE\n"
        );
        assert_eq!((ran.code, ran.err), (Some(2), remedy));
    }
    // It was written aside, of which nothing is left.
    let left = std::fs::read_dir(place.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["mine.toml"]);
}

#[test]
fn a_landscape_file_is_written_out() {
    let place = Place::new();
    place.write(
        "l.toml",
        "variables = [\"x\", \"y\"]\nparameters = { a = 2 }\nloss = \"mean(row in data: (a - u*x*y)^2)\"\n\
         data = { file = \"u.csv\" }\n",
    );
    place.write("u.csv", "u\n1\n2\n");
    place.done(&["new", "e.toml", "--landscape", "l.toml"]);
    std::fs::remove_file(place.path("u.csv")).unwrap();
    std::fs::remove_file(place.path("l.toml")).unwrap();
    place.done(&words("map e.toml --size 8x8 --steps 200 --engine cpu -o out"));
}
