//! Whole pictures from small maps.

use super::*;
use crate::fate::Fate;
use image::Rgb;

/// A map of converged cells without any measured value.
fn blank(width: usize, height: usize) -> Map {
    let cells = width * height;
    let values = vec![f64::NAN; cells];
    let axis = |n: usize| (0..n).map(|k| 0.1 * (k + 1) as f64).collect();
    Map {
        across: axis(width),
        up: axis(height),
        fate: vec![1; cells],
        period: vec![0; cells],
        attractor: vec![-1; cells],
        amplitude: values.clone(),
        lyapunov: values.clone(),
        settle: values.clone(),
        reach: values.clone(),
        loss: values.clone(),
        sharpness: values,
    }
}

/// A map in which everything occurs.
fn varied(width: usize, height: usize) -> Map {
    let mut map = blank(width, height);
    for cell in 0..width * height {
        let x = (cell % 97) as f64;
        map.fate[cell] = (cell % 6) as u8;
        if matches!(map.fate[cell], 1 | 2) {
            map.attractor[cell] = (cell % 40) as i32;
            map.period[cell] = (cell % 100) as u32;
            map.settle[cell] = 10.0 * x;
        }
        if cell % 11 > 0 {
            map.amplitude[cell] = x.sqrt();
            map.lyapunov[cell] = if x == 0.0 { f64::NEG_INFINITY } else { x.ln() - 3.0 };
            map.loss[cell] = (-x).exp();
            map.sharpness[cell] = x - 20.0;
        }
    }
    map
}

fn caption(title: &str, log: bool) -> Caption {
    let axis = |name: &str| Axis { name: name.to_owned(), from: 1.0, to: 2.0, log };
    Caption {
        title: title.to_owned(),
        subtitle: title.to_owned(),
        across: axis("eta"),
        up: axis("initial distance from the minimum"),
    }
}

fn attractors(count: i32) -> Vec<Attractor> {
    let attractor = |id| Attractor {
        id,
        fate: Fate::ALL[1 + id as usize % 3],
        loss: 0.0,
        sharpness: 1.0,
        lyapunov: -1.0,
        period: 2,
        amplitude: 1.5,
        cells: 1,
        fraction: 0.0,
        point: vec![f64::from(id), -0.5],
    };
    (0..count).map(attractor).collect()
}

/// Whether the outermost pixels are bare: a text that is cut off reaches them.
fn has_margin(picture: &RgbImage) -> bool {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let mut pixels = picture.enumerate_pixels();
    pixels.all(|(x, y, pixel)| {
        let inside = x > 2 && y > 2 && x < right - 2 && y < bottom - 2;
        inside || *pixel == Rgb([255; 3])
    })
}

#[test]
fn nothing_is_cut_off_whatever_the_shape() {
    let long = "a title of many words ".repeat(12) + &"W".repeat(200);
    let shapes = [(1, 1), (1, 500), (500, 1), (64, 64), (40, 400), (30, 20)];
    for (width, height) in shapes {
        let map = varied(width, height);
        for view in View::ALL {
            for (title, log) in [("", true), ("short", false), (long.as_str(), false)] {
                for length in [10, 400] {
                    let caption = caption(title, log);
                    let picture = draw(&map, &attractors(40), &caption, view, length);
                    assert!(has_margin(&picture), "{view} of {width}x{height}, {length}");
                }
            }
        }
    }
}

#[test]
fn the_same_map_gives_the_same_bytes() {
    let map = varied(50, 40);
    for view in View::ALL {
        let file = || {
            let picture = draw(&map, &attractors(40), &caption("t", false), view, 400);
            png_with_text(&picture, &[("Title", "t")]).unwrap()
        };
        assert_eq!(file(), file());
    }
}

#[test]
fn maps_without_values_show_the_fates() {
    let mut map = blank(10, 10);
    map.fate[7] = 4;
    for view in [View::Amplitude, View::Lyapunov, View::Settle, View::Loss, View::Sharpness] {
        let chart = view::chart(view, &map, &[], &caption("", false));
        assert!(chart.key.bar.is_none());
        assert!(chart.key.heading.ends_with("no values"));
        assert_eq!(chart.key.entries.len(), 2);
        assert_eq!(chart.raster.colours[7], palette::neutral(4));
    }
}

#[test]
fn cells_without_value_have_the_colour_of_their_fate() {
    let map = varied(30, 30);
    let chart = view::chart(View::Loss, &map, &[], &caption("", false));
    let scale = chart.key.bar.unwrap().scale;
    for (cell, colour) in chart.raster.colours.iter().enumerate() {
        let value = map.loss[cell];
        let wanted = match value.is_nan() {
            true => palette::neutral(map.fate[cell]),
            false => palette::Ramp::Viridis.at(scale.position(value)),
        };
        assert_eq!(*colour, wanted);
    }
    assert_eq!(chart.key.entries.len(), 6);
}

#[test]
fn the_shares_of_a_legend_are_everything() {
    let map = varied(60, 50);
    for view in [View::Basins, View::Fate, View::Period] {
        let entries = view::chart(view, &map, &attractors(40), &caption("", false)).key.entries;
        let share = |entry: &key::Entry| {
            let number = entry.value.trim_start_matches('<').trim_end_matches(" %");
            number.parse::<f64>().unwrap()
        };
        let sum: f64 = entries.iter().map(share).sum();
        let rounding = 0.05 * entries.len() as f64;
        assert!((sum - 100.0).abs() <= rounding, "{view}: {sum} %");
    }
}

#[test]
fn many_attractors_are_listed_together() {
    let map = varied(60, 50);
    let entries = view::chart(View::Basins, &map, &attractors(40), &caption("", false)).key.entries;
    let ids: std::collections::BTreeSet<i32> = map.attractor.iter().copied().collect();
    // All ids but -1, less the eleven that are listed.
    let more = format!("… and {} more", ids.len() - 12);
    assert_eq!(entries[11].label, more);
    let last: Vec<&str> = entries[12..].iter().map(|entry| entry.label.as_str()).collect();
    assert_eq!(last, ["chaotic", "diverged", "stalled", "undecided"]);
}

#[test]
fn basins_are_shaded_around_the_colour_of_their_attractor() {
    let mut map = blank(3, 1);
    map.attractor = vec![1, 1, 2];
    let plain = view::chart(View::Basins, &map, &attractors(3)[1..], &caption("", false));
    assert_eq!(plain.raster.colours[0], palette::attractor(0));
    assert_eq!(plain.raster.colours[2], palette::attractor(1));
    assert_eq!(plain.key.note, "");
    map.settle = vec![10.0, 1000.0, f64::NAN];
    let shaded = view::chart(View::Basins, &map, &attractors(3)[1..], &caption("", false));
    let light = |cell: usize| shaded.raster.colours[cell].0.map(u32::from).iter().sum::<u32>();
    assert!(light(0) > light(1));
    assert_eq!(shaded.raster.colours[2], palette::attractor(1));
    assert_ne!(shaded.key.note, "");
}

#[test]
fn the_amplitude_scale_ignores_the_rounding_of_converged_orbits() {
    let mut map = blank(100, 1);
    for cell in 0..100 {
        let swings = cell >= 50;
        map.fate[cell] = if swings { 2 } else { 1 };
        map.amplitude[cell] = if swings { (cell as f64 - 49.0).sqrt() } else { 1e-12 };
    }
    let bar = view::chart(View::Amplitude, &map, &[], &caption("", false)).key.bar.unwrap();
    assert!(!bar.scale.is_log() && !bar.below);
    assert_eq!(bar.scale.position(0.0), 0.0);
}

#[test]
fn zero_is_pale_in_the_lyapunov_picture() {
    let mut map = blank(3, 1);
    map.lyapunov = vec![-3.0, 0.0, 0.5];
    let chart = view::chart(View::Lyapunov, &map, &[], &caption("", false));
    let [low, zero, high] = [0, 1, 2].map(|cell| chart.raster.colours[cell].0);
    assert!(low[2] > low[0] && high[0] > high[2]);
    assert!(zero.iter().all(|channel| *channel > 235));
}

#[test]
fn texts_survive_in_the_file() {
    let picture = draw(&blank(4, 4), &[], &caption("", false), View::Fate, 200);
    let texts = [("Title", "η und größer"), ("gdscope", "[map]\nwidth = 4\n")];
    let file = png_with_text(&picture, &texts).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    let chunks = &reader.info().utf8_text;
    assert_eq!(chunks.len(), texts.len());
    for (chunk, (keyword, text)) in chunks.iter().zip(texts) {
        assert_eq!(chunk.keyword, keyword);
        assert_eq!(chunk.get_text().unwrap(), text);
    }
    let read = image::load_from_memory(&file).unwrap().into_rgb8();
    assert_eq!(read, picture);
    assert!(png_with_text(&picture, &[("", "text")]).is_err());
}
