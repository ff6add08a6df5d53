//! Pictures as they should look: one of each view, small, compared with those in `tests/golden`.
//!
//! To renew them after a change that is meant, and after a look at what has become of them:
//! `GDSCOPE_RENEW_GOLDEN=1 cargo test --release --test cli golden`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::common::{Place, names, words};

/// Set, the pictures are written instead of compared.
const RENEW: &str = "GDSCOPE_RENEW_GOLDEN";
/// Channels that differ by more are seen.
const SEEN: u8 = 24;
/// The part of the pixels that may, in any square of so many pixels: less than a letter has.
const TOLERANCE: f64 = 0.01;
const SQUARE: u32 = 32;
/// Most bytes of all files.
const MOST: u64 = 300 << 10;

/// The flags that pictures are drawn with, and the names of view and golden file.
type Pictures = (&'static str, &'static [(&'static str, &'static str)]);

/// What is mapped, and its pictures.
const MAPS: [(&str, &[Pictures]); 4] = [
    (
        "map WELLS --target 0.01 --certain --show \
         basins,fate,period,amplitude,lyapunov,settle,reach,loss,sharpness,edge,certainty",
        &[
            (
                "--show basins,fate,period,amplitude,lyapunov,settle,reach,loss,sharpness,edge,certainty",
                &[
                    ("basins.png", "basins"),
                    ("fate.png", "fate"),
                    ("period.png", "period"),
                    ("amplitude.png", "amplitude"),
                    ("lyapunov.png", "lyapunov"),
                    ("settle.png", "settle"),
                    ("reach.png", "reach"),
                    ("loss.png", "loss"),
                    ("sharpness.png", "sharpness"),
                    ("edge.png", "edge"),
                    ("certainty.png", "certainty"),
                ],
            ),
            (
                "--show basins --theme dark --format png,svg",
                &[("basins.png", "dark"), ("basins.svg", "dark")],
            ),
            ("--show basins --plain", &[("basins.png", "plain")]),
            ("--show basins --contours --orbit -1.2,0.7", &[("basins.png", "contours")]),
        ],
    ),
    (
        "map f1 --across eta=0.5..8 --up x=-6..6 --show amplitude",
        &[("--show amplitude --theory", &[("amplitude.png", "theory")])],
    ),
    (
        "phase f1 --across eta=0.5..8 --starts 8 --steps 400 --pixels 200 --size 96x48",
        &[("", &[("phase.png", "phase")])],
    ),
    (
        "map quadratic --across x=-2..2 --up eta=0.5..2.5 --sweep lambda=0.5..1.5 --frames 5 --show fate --pixels 200",
        &[("", &[("fractions.png", "fractions"), ("fate.png", "film")])],
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The pixels of a picture file; those of an SVG file drawn by another program would be as good.
fn pixels(name: &str, bytes: &[u8]) -> RgbImage {
    if !name.ends_with(".svg") {
        return image::load_from_memory(bytes).unwrap().into_rgb8();
    }
    let tree = Tree::from_data(bytes, &Options::default()).unwrap();
    let size = tree.size().to_int_size();
    let mut drawn = Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, Transform::identity(), &mut drawn.as_mut());
    let channels = drawn.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    RgbImage::from_raw(size.width(), size.height(), channels.collect()).unwrap()
}

/// Writes a picture in few bytes.
fn save(picture: &RgbImage, to: &Path) {
    std::fs::create_dir_all(folder()).unwrap();
    let file = std::fs::File::create(to).unwrap();
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::NoFilter);
    picture.write_with_encoder(encoder).unwrap();
}

/// The part of the pixels that differ in the square where most do, if the sizes are the same.
fn difference(a: &RgbImage, b: &RgbImage) -> Result<f64, String> {
    if a.dimensions() != b.dimensions() {
        return Err(format!("{:?} and not {:?} pixels", a.dimensions(), b.dimensions()));
    }
    let mut squares: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for ((x, y, one), other) in a.enumerate_pixels().zip(b.pixels()) {
        if one.0.iter().zip(other.0).any(|(a, b)| a.abs_diff(b) > SEEN) {
            *squares.entry((x / SQUARE, y / SQUARE)).or_default() += 1;
        }
    }
    let most = squares.into_values().max().unwrap_or(0);
    Ok(f64::from(most) / f64::from(SQUARE * SQUARE))
}

/// What is wrong with a picture, if anything is.
fn compared(name: &str, picture: &RgbImage, golden: &Path) -> Option<String> {
    let Ok(bytes) = std::fs::read(golden) else {
        return Some(format!("{name}: there is no {}; {RENEW}=1 writes it", golden.display()));
    };
    match difference(picture, &pixels("golden.png", &bytes)) {
        Ok(part) if part <= TOLERANCE => None,
        Ok(part) => Some(format!("{name}: {:.2} % of the pixels of a square differ", 100.0 * part)),
        Err(sizes) => Some(format!("{name}: has {sizes}")),
    }
}

#[test]
fn pictures_look_as_they_should() {
    let place = Place::new();
    let wells = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/wells.toml");
    let (mut wrong, mut known) = (Vec::new(), Vec::new());
    for (k, (map, drawn)) in MAPS.iter().enumerate() {
        let map = map.replace("WELLS", wells.to_str().unwrap());
        let size = if map.contains("--size") { "" } else { "--size 48x48" };
        place.done(&words(&format!("{map} {size} --engine cpu -o {k}")));
        for (flags, pictures) in *drawn {
            if !flags.is_empty() {
                let pixels = if flags.contains("--plain") { "" } else { "--pixels 200" };
                place.done(&words(&format!("render {k} {flags} {pixels}")));
            }
            for (file, name) in *pictures {
                let picture = pixels(file, &place.read(&format!("{k}/{file}")));
                let golden = folder().join(format!("{name}.png"));
                known.push(format!("{name}.png"));
                if std::env::var_os(RENEW).is_some() && !file.ends_with(".svg") {
                    save(&picture, &golden);
                }
                wrong.extend(compared(&format!("{file} ({name})"), &picture, &golden));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    known.sort();
    known.dedup();
    assert_eq!(names(&folder()), known);
    let bytes: u64 = known.iter().map(|name| folder().join(name).metadata().unwrap().len()).sum();
    assert!(bytes <= MOST, "{bytes} bytes");
}

#[test]
fn what_differs_is_found() {
    let read = |name: &str| image::open(folder().join(format!("{name}.png"))).unwrap().into_rgb8();
    let basins = read("basins");
    let golden = folder().join("basins.png");
    assert_eq!(compared("same", &basins, &golden), None);
    // The axes swapped, a label gone, the other paper, other sizes.
    let mut turned = basins.clone();
    let (width, height) = basins.dimensions();
    let corner = image::imageops::crop_imm(&basins, 70, 60, 150, 150).to_image();
    image::imageops::replace(&mut turned, &image::imageops::rotate90(&corner), 70, 60);
    let mut bare = basins.clone();
    let paper = *basins.get_pixel(0, 0);
    for y in height - 24..height {
        (0..width).for_each(|x| bare.put_pixel(x, y, paper));
    }
    for (what, other) in
        [("turned", turned), ("bare", bare), ("dark", read("dark")), ("plain", read("plain"))]
    {
        let found = compared(what, &other, &golden);
        assert!(found.is_some(), "{what}");
    }
    assert!(compared("missing", &basins, &folder().join("none.png")).unwrap().contains(RENEW));
}
