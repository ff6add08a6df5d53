//! Whole pictures from small maps.

use super::*;
use crate::fate::Fate;
use resvg::usvg::roxmltree;

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
        reach: None,
        loss: values.clone(),
        sharpness: values,
        edge: None,
        certainty: None,
    }
}

#[test]
fn a_long_formula_leaves_room_for_the_map() {
    let long = format!("{}x^2", "x^2 + ".repeat(500));
    let short = shortened(&long);
    assert!(short.ends_with(" …") && short.chars().count() == 242 && long.starts_with(&short[..240]));
    // Cut between letters, however many bytes they have.
    assert!(shortened(&"η".repeat(300)).starts_with("ηη"));
    assert_eq!(shortened("x^2"), "x^2");
}

#[test]
fn amplitudes_of_orbits_at_rest_begin_at_0() {
    let mut map = blank(4, 3);
    map.amplitude.fill(0.0);
    let bar = values::amplitude(&map).1.bar.unwrap();
    assert_eq!([0.0, 1.0].map(|amplitude| bar.scale.position(amplitude)), [0.0, 1.0]);
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
        target: None,
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
    let paper = *picture.get_pixel(0, 0);
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let mut pixels = picture.enumerate_pixels();
    pixels.all(|(x, y, pixel)| {
        let inside = x > 2 && y > 2 && x < right - 2 && y < bottom - 2;
        inside || *pixel == paper
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
                    let figure = figure(&map, &attractors(40), &caption, view, length);
                    let picture = figure.draw(Theme::Light).pixels(1);
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
            let drawing = figure(&map, &attractors(40), &caption("t", false), view, 400).draw(Theme::Dark);
            (drawing.svg(&[("Title", "t")]), drawing.png(1, &[("Title", "t")]).unwrap())
        };
        assert_eq!(file(), file());
    }
}

#[test]
fn maps_without_values_show_the_fates() {
    let mut map = blank(10, 10);
    map.fate[7] = 4;
    for view in [View::Amplitude, View::Lyapunov, View::Settle, View::Loss, View::Sharpness] {
        let (raster, key) = view::colours(view, &map, &[], None);
        assert!(key.bar.is_none());
        assert!(key.heading.ends_with("no values"));
        assert_eq!(key.entries.len(), 2);
        assert_eq!(raster.colours[7], palette::neutral(4));
    }
}

#[test]
fn cells_without_value_have_the_colour_of_their_fate() {
    let map = varied(30, 30);
    let (raster, key) = view::colours(View::Loss, &map, &[], None);
    let scale = key.bar.unwrap().scale;
    for (cell, colour) in raster.colours.iter().enumerate() {
        let value = map.loss[cell];
        let wanted = match value.is_nan() {
            true => palette::neutral(map.fate[cell]),
            false => palette::Ramp::Viridis.at(scale.position(value)),
        };
        assert_eq!(*colour, wanted);
    }
    assert_eq!(key.entries.len(), 6);
}

#[test]
fn the_shares_of_a_legend_are_everything() {
    let map = varied(60, 50);
    for view in [View::Basins, View::Fate, View::Period] {
        let entries = view::colours(view, &map, &attractors(40), None).1.entries;
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
    let entries = view::colours(View::Basins, &map, &attractors(40), None).1.entries;
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
    let plain = view::colours(View::Basins, &map, &attractors(3)[1..], None);
    assert_eq!(plain.0.colours[0], palette::attractor(1));
    assert_eq!(plain.0.colours[2], palette::attractor(2));
    assert_eq!(plain.1.note, "");
    map.settle = vec![10.0, 1000.0, f64::NAN];
    let shaded = view::colours(View::Basins, &map, &attractors(3)[1..], None);
    let light = |cell: usize| shaded.0.colours[cell].0.map(u32::from).iter().sum::<u32>();
    assert!(light(0) > light(1));
    assert_eq!(shaded.0.colours[2], palette::attractor(2));
    assert_ne!(shaded.1.note, "");
}

#[test]
fn the_amplitude_scale_ignores_the_rounding_of_converged_orbits() {
    let mut map = blank(100, 1);
    for cell in 0..100 {
        let swings = cell >= 50;
        map.fate[cell] = if swings { 2 } else { 1 };
        map.amplitude[cell] = if swings { (cell as f64 - 49.0).sqrt() } else { 1e-12 };
    }
    let bar = view::colours(View::Amplitude, &map, &[], None).1.bar.unwrap();
    assert!(!bar.scale.is_log() && !bar.below);
    assert_eq!(bar.scale.position(0.0), 0.0);
}

#[test]
fn zero_is_pale_in_the_lyapunov_picture() {
    let mut map = blank(3, 1);
    map.lyapunov = vec![-3.0, 0.0, 0.5];
    let (raster, _) = view::colours(View::Lyapunov, &map, &[], None);
    let [low, zero, high] = [0, 1, 2].map(|cell| raster.colours[cell].0);
    assert!(low[2] > low[0] && high[0] > high[2]);
    assert!(zero.iter().all(|channel| *channel > 235));
}

#[test]
fn texts_survive_in_the_file() {
    let drawing = figure(&blank(4, 4), &[], &caption("", false), View::Fate, 200).draw(Theme::Light);
    let picture = drawing.pixels(1);
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

#[test]
fn texts_survive_in_an_svg_file() {
    let texts = [("Title", "η < \"3\" & 'größer'"), ("Experiment", "[map]\nloss = \"x < 3 & y > 2\"\n")];
    let caption = Caption { title: texts[0].1.to_owned(), ..caption("", false) };
    let file = figure(&blank(4, 4), &[], &caption, View::Fate, 200).draw(Theme::Light).svg(&texts);
    let document = roxmltree::Document::parse(&file).unwrap();
    let text = |tag: &str| document.descendants().find(|node| node.has_tag_name(tag)).and_then(|n| n.text());
    assert_eq!((text("title"), text("metadata")), (Some(texts[0].1), Some(texts[1].1)));
    let words: Vec<&str> = document.descendants().filter_map(|node| node.attribute("aria-label")).collect();
    assert!(words.contains(&texts[0].1) && words.contains(&"fate, share of cells"), "{words:?}");
}

#[test]
fn a_plain_picture_has_one_pixel_for_each_cell() {
    let map = varied(31, 20);
    for view in View::ALL {
        let image = plain(&map, &attractors(40), view);
        let drawing = drawing_of(&image);
        assert_eq!((drawing.extent(), drawing.pixels(1)), ((31, 20), image.clone()));
        let (raster, _) = view::colours(view, &map, &attractors(40), None);
        for (x, y, pixel) in image.enumerate_pixels() {
            assert_eq!(*pixel, raster.colours[(19 - y as usize) * 31 + x as usize]);
        }
    }
}

/// A panel with everything that a chart can show; the curve reaches beyond its frame.
fn busy_panel(title: &str, log: bool) -> Panel {
    let curve = |k: f64| (0..=100).map(|t| (f64::from(t), (k - 0.2 * f64::from(t)).exp())).collect();
    let scale = match log {
        true => Scale::log(1e-6, 10.0),
        false => Scale::linear(-1.0, 3.0),
    };
    let series = (0..5).map(|k| Series::line(&format!("{title} {k}"), k, curve(k as f64)));
    let values = (0..64).map(|k| f64::from(k % 8) * f64::from(k / 8)).collect();
    let chart = Chart {
        across: ChartAxis::new("iteration", Scale::linear(0.0, 100.0)),
        up: ChartAxis::new("loss", scale),
        raster: None,
        levels: Some(Levels { width: 8, height: 8, values, at: vec![5.0, 10.0], tint: Tint::Quiet }),
        series: series.chain([Series::dots("points", 5, curve(9.0)).marked(Marker::Cross, 3.0)]).collect(),
    };
    let plot = Plot::Chart(chart);
    Panel { title: title.to_owned(), plot, key: Key::default(), frame: Frame::Exact(300, 220) }
}

fn surface_panel() -> Panel {
    let heights = (0..100).map(|k| f64::from(k % 10) * f64::from(k / 10) / 81.0).collect();
    let surface = Surface {
        across: ChartAxis::new("w₁", Scale::linear(-1.0, 1.0)),
        up: ChartAxis::new("w₂", Scale::linear(-10.0, 10.0)),
        height: ChartAxis::new("loss", Scale::linear(0.0, 1.0)),
        grid: (10, 10),
        values: heights,
        ramp: Ramp::Viridis,
    };
    let plot = Plot::Surface(surface);
    Panel { title: "surface".to_owned(), plot, key: Key::default(), frame: Frame::Exact(340, 300) }
}

#[test]
fn nothing_of_a_figure_of_several_panels_is_cut_off() {
    let map = varied(40, 30);
    let long = "a name of many words ".repeat(5);
    for theme in [Theme::Light, Theme::Dark] {
        let map_panel = panel(&map, &attractors(40), &caption("", true), View::Basins, 200);
        let figure = Figure {
            title: long.clone(),
            subtitle: long.clone(),
            rows: vec![
                vec![busy_panel("short", true), busy_panel(&long, false), map_panel],
                vec![surface_panel()],
            ],
            caption: long.repeat(9),
        };
        let drawing = figure.draw(theme);
        assert!(has_margin(&drawing.pixels(1)));
        let (width, height) = drawing.extent();
        assert_eq!(drawing.pixels(2).dimensions(), (2 * width, 2 * height));
    }
}

#[test]
fn a_curve_stays_inside_its_frame() {
    let Panel { plot: Plot::Chart(mut chart), .. } = busy_panel("", false) else { panic!("a chart") };
    let curve = |y: f64| vec![(-1e300, y), (1e300, -y), (f64::NAN, 0.0), (50.0, f64::INFINITY)];
    chart.series =
        vec![Series::line("", 1, curve(1e300)), Series::line("", 1, vec![(0.0, 0.0), (100.0, 0.0)])];
    let panel = Panel { plot: Plot::Chart(chart), ..busy_panel("", false) };
    let figure = Figure { rows: vec![vec![panel]], ..Figure::default() };
    let picture = figure.draw(Theme::Light).pixels(1);
    let coloured = picture.enumerate_pixels().filter(|(_, _, p)| p.0[0] > 180 && p.0[2] < 100);
    let (low, high) = coloured.fold((u32::MAX, 0), |(low, high), (x, _, _)| (low.min(x), high.max(x)));
    // From one side of the frame to the other, and no further.
    assert_eq!(high - low + 1, 300);
}
