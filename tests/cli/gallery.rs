//! The gallery: pictures that carry the experiments in the files of the same names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gdscope::experiment::Draft;
use gdscope::sweep::Stack;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What a picture of the experiment in a file carries. The range of a phase diagram that asks for none is found in a
/// sample, and does not count.
fn carried_by(file: &Path) -> toml::Table {
    let draft = Draft::read(file).unwrap();
    let text = match (&draft.phase, Stack::of(&draft).unwrap()) {
        (Some(_), _) => draft.resolve_phase().unwrap().to_toml(),
        (None, Some(stack)) => stack.to_toml(),
        (None, None) => draft.resolve().unwrap().to_toml(),
    };
    text.parse().unwrap()
}

fn texts(picture: &Path) -> BTreeMap<String, String> {
    let reader = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(picture).unwrap()));
    let reader = reader.read_info().unwrap();
    let texts = reader.info().utf8_text.iter();
    texts.map(|text| (text.keyword.clone(), text.get_text().unwrap())).collect()
}

#[test]
fn every_picture_is_that_of_its_experiment() {
    let pictures: Vec<PathBuf> =
        std::fs::read_dir(folder("gallery")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(pictures.len() >= 12, "{}", pictures.len());
    let bytes: u64 = pictures.iter().map(|picture| picture.metadata().unwrap().len()).sum();
    assert!(bytes < 4 << 20, "the gallery has {bytes} bytes, and should have less than 4 MiB");
    let readme = std::fs::read_to_string(folder("README.md")).unwrap();
    for picture in pictures {
        let name = picture.file_stem().unwrap().to_str().unwrap();
        let file = folder(&format!("experiments/{name}.toml"));
        assert!(file.exists(), "{name}: the picture's experiment is missing");
        let mut carried: toml::Table = texts(&picture)["Experiment"].parse().unwrap();
        let mut expected = carried_by(&file);
        for table in [&mut carried, &mut expected] {
            table.get_mut("phase").map(|phase| phase.as_table_mut().unwrap().remove("range"));
        }
        assert_eq!(carried, expected, "{name}");
        for part in [format!("gallery/{name}.png"), format!("experiments/{name}.toml")] {
            assert!(readme.contains(&part), "the README has no {part}");
        }
    }
}
