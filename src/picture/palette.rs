//! The colours of the pictures.

use image::Rgb;
use std::sync::LazyLock;

/// Number of attractors with a colour of their own; the next ones start over.
pub const ATTRACTORS: usize = 32;

/// Found by taking, again and again, the colour farthest from all before it (and from the fates
/// below) in the Oklab space, as seen with normal, red-blind and green-blind eyes; the first
/// five are from the palette of Okabe and Ito.
const ATTRACTOR: [[u8; 3]; ATTRACTORS] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [86, 180, 233],
    [240, 228, 66],
    [120, 0, 120],
    [0, 96, 0],
    [72, 216, 144],
    [144, 120, 240],
    [216, 96, 36],
    [240, 108, 168],
    [0, 60, 168],
    [132, 252, 144],
    [132, 216, 255],
    [120, 48, 72],
    [228, 180, 204],
    [156, 72, 144],
    [168, 36, 36],
    [168, 168, 108],
    [72, 84, 204],
    [192, 204, 84],
    [0, 168, 180],
    [156, 228, 180],
    [72, 144, 12],
    [156, 108, 144],
    [96, 144, 204],
    [156, 24, 108],
    [132, 156, 255],
    [204, 120, 132],
    [12, 252, 255],
    [255, 132, 216],
    [156, 132, 84],
];

/// The colour of attractor number `k`, counted from 0.
pub fn attractor(k: usize) -> Rgb<u8> {
    Rgb(ATTRACTOR[k % ATTRACTORS])
}

/// Colours of lines that stay apart from each other and from light and dark paper: those of Okabe and Ito,
/// but for the purple, which is by Tol: theirs is too near to their green.
const LINE: [[u8; 3]; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [170, 51, 119], [230, 159, 0], [86, 180, 233]];

/// The colour of line number `k`, counted from 0.
pub fn line(k: usize) -> Rgb<u8> {
    Rgb(LINE[k % LINE.len()])
}

/// The colour of a fate in pictures of classes.
pub fn fate(fate: u8) -> Rgb<u8> {
    match fate {
        1 => attractor(0),
        2 => attractor(1),
        3 => Rgb([205, 25, 100]),
        _ => neutral(fate),
    }
}

/// The grey of a fate, for cells that a picture has no value for.
pub fn neutral(fate: u8) -> Rgb<u8> {
    Rgb(match fate {
        1 => [244, 244, 244],
        2 => [200, 200, 200],
        3 => [160, 160, 160],
        4 => [45, 45, 50],
        5 => [112, 106, 100],
        _ => [224, 224, 224],
    })
}

/// A colour made lighter (`shade` up to 1) or darker (down to -1).
pub fn shaded(colour: Rgb<u8>, shade: f64) -> Rgb<u8> {
    let goal = if shade > 0.0 { 255.0 } else { 0.0 };
    let weight = shade.abs().min(1.0);
    let mix = |c: u8| (f64::from(c) * (1.0 - weight) + goal * weight).round() as u8;
    Rgb(colour.0.map(mix))
}

/// Colours for values in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ramp {
    /// Dark violet through green to yellow, even steps to the eye.
    Viridis,
    /// Dark blue through red to yellow, even steps to the eye.
    Plasma,
    /// White to a middle grey, for what coloured lines go over.
    Grey,
    /// Blue below, white in the middle, red above.
    Diverging,
}

/// The last of the steps that a ramp is made of, so small that no eye tells two of them apart.
const END: usize = 1 << 12;

/// The colours of every ramp's steps.
static STEPS: LazyLock<[Vec<Rgb<u8>>; 4]> = LazyLock::new(|| {
    let colours = |ramp: Ramp| (0..=END).map(|step| ramp.exact(step as f64 / END as f64)).collect();
    [Ramp::Viridis, Ramp::Plasma, Ramp::Grey, Ramp::Diverging].map(colours)
});

impl Ramp {
    /// The colour at a position between 0 and 1; positions outside get the colour of the end.
    pub fn at(self, position: f64) -> Rgb<u8> {
        STEPS[self as usize][(position.clamp(0.0, 1.0) * END as f64).round() as usize]
    }

    fn exact(self, position: f64) -> Rgb<u8> {
        let colour = match self {
            Ramp::Viridis => colorous::VIRIDIS.eval_continuous(position),
            Ramp::Plasma => colorous::PLASMA.eval_continuous(position),
            Ramp::Grey => colorous::GREYS.eval_continuous(0.65 * position),
            Ramp::Diverging => colorous::RED_BLUE.eval_continuous(1.0 - position),
        };
        Rgb([colour.r, colour.g, colour.b])
    }
}

static LIGHT: LazyLock<[f64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|k| match k as f64 / 255.0 {
        c if c <= 0.040_45 => c / 12.92,
        c => ((c + 0.055) / 1.055).powf(2.4),
    })
});

/// The amount of light behind an sRGB channel.
pub fn linear(channel: u8) -> f64 {
    LIGHT[usize::from(channel)]
}

/// The sRGB channel closest to an amount of light.
pub fn from_linear(light: f64) -> u8 {
    let above = LIGHT.partition_point(|known| *known < light).min(255);
    let below = above.saturating_sub(1);
    match light - LIGHT[below] < LIGHT[above] - light {
        true => below as u8,
        false => above as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::theme::Theme;

    #[test]
    fn steps_have_the_colours_of_their_ramp() {
        for ramp in [Ramp::Viridis, Ramp::Plasma, Ramp::Grey, Ramp::Diverging] {
            for k in 0..=10_000 {
                let position = f64::from(k) / 1e4;
                let (exact, near) = (ramp.exact(position).0, ramp.at(position).0);
                assert!((0..3).all(|c| exact[c].abs_diff(near[c]) <= 1), "{ramp:?} at {position}");
            }
            assert_eq!([0.0, 1.0].map(|end| ramp.exact(end)), [-1.0, f64::INFINITY].map(|end| ramp.at(end)));
        }
    }

    fn distance(a: Rgb<u8>, b: Rgb<u8>) -> i32 {
        let channels = a.0.iter().zip(b.0);
        channels.map(|(a, b)| (i32::from(*a) - i32::from(b)).abs()).sum()
    }

    /// Matrices by Machado, Oliveira and Fernandes (2009) for linear light: normal eyes, and eyes
    /// without red and without green cones.
    const EYES: [[[f64; 3]; 3]; 3] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ];

    fn times(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    /// Coordinates in the Oklab space by Ottosson (2020).
    fn oklab(colour: Rgb<u8>, eye: &[[f64; 3]; 3]) -> [f64; 3] {
        let to_cones = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        let to_lab = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        let seen = times(eye, colour.0.map(linear)).map(|light| light.clamp(0.0, 1.0));
        times(&to_lab, times(&to_cones, seen).map(f64::cbrt))
    }

    /// The distance of two colours to the eyes that tell them apart least.
    fn contrast(a: Rgb<u8>, b: Rgb<u8>) -> f64 {
        let distance = |eye| {
            let (a, b) = (oklab(a, eye), oklab(b, eye));
            (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
        };
        EYES.iter().map(distance).fold(f64::INFINITY, f64::min)
    }

    /// As those of [`EYES`], without blue cones.
    const BLUE_BLIND: [[f64; 3]; 3] = [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ];

    /// The least difference in Oklab that the eye notices.
    const NOTICEABLE: f64 = 0.02;

    #[test]
    fn attractors_and_fates_have_distinct_colours() {
        let mut colours: Vec<Rgb<u8>> = (0..ATTRACTORS).map(attractor).collect();
        colours.extend([0, 3, 4, 5].map(fate));
        colours.extend([Theme::Light, Theme::Dark].map(Theme::paper));
        for (k, a) in colours.iter().enumerate() {
            for b in &colours[..k] {
                let wanted = if k < 12 { 4.0 } else { 2.0 } * NOTICEABLE;
                assert!(contrast(*a, *b) >= wanted, "{a:?} and {b:?}");
            }
        }
        assert_eq!(attractor(ATTRACTORS), attractor(0));
    }

    /// How far apart the nearest two of the first colours are, to one kind of eye.
    fn nearest(count: usize, eye: &[[f64; 3]; 3]) -> f64 {
        let seen: Vec<[f64; 3]> = (0..count).map(|k| oklab(attractor(k), eye)).collect();
        let distance = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
        let pairs = seen.iter().enumerate().flat_map(|(k, a)| seen[..k].iter().map(move |b| distance(a, b)));
        pairs.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn attractors_stay_apart_to_all_eyes() {
        let [normal, red_blind, green_blind] = &EYES;
        // The first eight, which most maps do with; then all.
        for (eye, few, all) in
            [(normal, 8.0, 3.9), (red_blind, 5.0, 2.4), (green_blind, 5.0, 2.4), (&BLUE_BLIND, 2.9, 1.5)]
        {
            let (found, found_all) = (nearest(8, eye), nearest(ATTRACTORS, eye));
            assert!(
                found >= few * NOTICEABLE && found_all >= all * NOTICEABLE,
                "{found} {found_all} {eye:?}"
            );
        }
    }

    #[test]
    fn lines_stand_out_from_each_other_and_from_the_paper() {
        let papers = [Theme::Light, Theme::Dark].map(Theme::paper);
        let colours: Vec<_> = papers.into_iter().chain((0..LINE.len()).map(line)).collect();
        for (k, a) in colours.iter().enumerate() {
            for b in &colours[..k] {
                assert!(contrast(*a, *b) >= 4.0 * NOTICEABLE, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn neutral_colours_are_distinct_greys() {
        for a in 0..6 {
            for b in 0..a {
                assert!(distance(neutral(a), neutral(b)) >= 40);
            }
        }
    }

    #[test]
    fn shading_keeps_the_side_of_the_colour() {
        let base = attractor(0);
        assert_eq!(shaded(base, 0.0), base);
        let light = |c: Rgb<u8>| c.0.iter().map(|c| u32::from(*c)).sum::<u32>();
        assert!(light(shaded(base, 0.3)) > light(base));
        assert!(light(shaded(base, -0.3)) < light(base));
    }

    #[test]
    fn sequential_ramps_grow_lighter() {
        for ramp in [Ramp::Viridis, Ramp::Plasma] {
            let light = |k: u32| {
                let colour = ramp.at(f64::from(k) / 50.0).0.map(linear);
                0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
            };
            assert!((0..50).all(|k| light(k) < light(k + 1)));
        }
        assert_eq!(Ramp::Viridis.at(2.0), Ramp::Viridis.at(1.0));
    }

    #[test]
    fn the_middle_of_the_diverging_ramp_is_pale() {
        assert!(Ramp::Diverging.at(0.5).0.iter().all(|c| *c > 235));
        let (low, high) = (Ramp::Diverging.at(0.0).0, Ramp::Diverging.at(1.0).0);
        assert!(low[2] > low[0] && high[0] > high[2]);
    }

    #[test]
    fn light_round_trips() {
        assert!((0..=255).all(|c| from_linear(linear(c)) == c));
        assert_eq!(from_linear(2.0), 255);
        assert_eq!(from_linear(-1.0), 0);
    }
}
