//! `gdscope figures`: the paper's figures, from their files.

use std::collections::BTreeSet;

use super::common::{Place, words};

#[test]
fn a_figure_is_drawn_in_both_formats() {
    let place = Place::new();
    let ran = place.done(&words("figures 6.1 6.1 -o out"));
    assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 4), "{}", ran.err);
    let names = ["fig-6.1-map.png", "fig-6.1-map.svg", "fig-6.1.png", "fig-6.1.svg"];
    assert_eq!(place.names("out"), names);
    let svg = place.text("out/fig-6.1.svg");
    for words in ["Figure 6.1: ", "aria-label=\"w₁\"", "aria-label=\"inputs uniform on [0, 3]\""] {
        assert!(svg.contains(words), "{words}");
    }
    // Twice as many pixels as the drawing has, for print.
    let width: f32 = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let image = image::open(place.path("out/fig-6.1.png")).unwrap();
    assert_eq!(image.width() as f32, 2.0 * width);
    // The picture's own text is enough to repeat its map.
    let map = place.text("out/fig-6.1-map.svg");
    let (_, text) = map.split_once("<metadata id=\"Experiment\">").unwrap();
    place.write("again.toml", text.split_once("</metadata>").unwrap().0);
    place.done(&words("map again.toml --size 8x8 --engine cpu -o again"));
}

#[test]
fn every_maps_experiment_is_a_file_here() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let files = super::common::names(&folder).into_iter().filter(|name| name.starts_with("fig-"));
    let figures: BTreeSet<String> = files.map(|name| name[4..7].to_owned()).collect();
    let known = gdscope::figures::PaperFigure::ALL.map(|figure| figure.number.to_owned());
    assert_eq!(figures, BTreeSet::from(known));
}

#[test]
fn unknown_figures_and_formats_are_refused() {
    let place = Place::new();
    for (line, part) in [
        ("figures 4.3 -o out", "there is no figure `4.3` here; there are 4.1, 4.2, 5.1, 6.1"),
        ("figures 4.1", "--output <DIR>"),
        ("figures 4.1 --format pdf -o out", "possible values: png, svg"),
    ] {
        let ran = place.run(&words(line));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}");
        assert!(ran.err.contains(part) && ran.err.lines().count() == 1, "{line}: {}", ran.err);
    }
    assert!(!place.path("out").exists());
}
