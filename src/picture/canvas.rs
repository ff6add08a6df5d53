//! The few shapes that pictures are made of, written as SVG.
//!
//! Lengths are in pixels of a picture shown at its own size, x to the right and y down. Texts are drawn
//! as outlines: they look the same in every viewer, whatever fonts it has.

use std::collections::BTreeMap;

use image::{Rgb, RgbImage};
use svg::Node;
use svg::node::element as tag;

use super::drawing::{Drawing, HREF, address};
use super::text::{self, Direction};
use super::theme::{Theme, Tint};

/// How a line is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    #[default]
    /// Without gaps.
    Solid,
    /// Long pieces.
    Dashed,
    /// Points.
    Dotted,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub tint: Tint,
    /// How wide it is, in pixels of the picture's own size.
    pub width: f32,
    /// Whether it has gaps.
    pub dash: Dash,
}

/// A picture that is being drawn.
pub struct Canvas {
    theme: Theme,
    group: tag::Group,
    definitions: tag::Definitions,
    /// The outline of every glyph that occurs.
    glyphs: BTreeMap<u16, String>,
    /// Number of definitions so far, for their names.
    named: usize,
    images: Vec<RgbImage>,
}

/// A length to a hundredth of a pixel.
fn length(value: f32) -> f32 {
    // The sum turns -0 into 0.
    (value * 100.0).round() / 100.0 + 0.0
}

fn hex(colour: Rgb<u8>) -> String {
    let [r, g, b] = colour.0;
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The commands of a path through `points`.
fn path(points: &[(f32, f32)]) -> String {
    let commands = points.iter().enumerate().map(|(k, (x, y))| {
        let command = if k == 0 { "M" } else { "L" };
        format!("{command}{} {}", length(*x), length(*y))
    });
    commands.collect()
}

impl Canvas {
    pub fn new(theme: Theme) -> Self {
        Self {
            theme,
            group: tag::Group::new(),
            definitions: tag::Definitions::new(),
            glyphs: BTreeMap::new(),
            named: 0,
            images: Vec::new(),
        }
    }

    fn hex(&self, tint: Tint) -> String {
        hex(self.theme.colour(tint))
    }

    /// A new name for something that is referred to.
    fn name(&mut self) -> String {
        self.named += 1;
        format!("d{}", self.named)
    }

    /// A filled rectangle.
    pub fn fill(&mut self, corner: (f32, f32), extent: (f32, f32), tint: Tint) {
        let shape = tag::Rectangle::new().set("fill", self.hex(tint));
        self.rectangle(shape, corner, extent);
    }

    fn rectangle(&mut self, shape: tag::Rectangle, corner: (f32, f32), extent: (f32, f32)) {
        let shape = shape.set("x", length(corner.0)).set("y", length(corner.1));
        self.group.append(shape.set("width", length(extent.0)).set("height", length(extent.1)));
    }

    /// A filled rectangle with a line, one pixel wide, along the inside of its border.
    pub fn boxed(&mut self, corner: (f32, f32), extent: (f32, f32), line: Tint, fill: Tint) {
        self.fill(corner, extent, line);
        let inner = ((extent.0 - 2.0).max(0.0), (extent.1 - 2.0).max(0.0));
        self.fill((corner.0 + 1.0, corner.1 + 1.0), inner, fill);
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f32, f32)], stroke: Stroke) {
        self.lines(path(points), stroke);
    }

    /// Separate lines between pairs of points.
    pub fn segments(&mut self, pairs: &[[(f32, f32); 2]], stroke: Stroke) {
        self.lines(pairs.iter().map(|pair| path(pair)).collect(), stroke);
    }

    fn lines(&mut self, path: String, stroke: Stroke) {
        let Stroke { tint, width, dash } = stroke;
        let shape = tag::Path::new().set("d", path).set("fill", "none").set("stroke", self.hex(tint));
        let shape = shape.set("stroke-width", length(width)).set("stroke-linejoin", "round");
        let pattern = match dash {
            Dash::Solid => None,
            Dash::Dashed => Some((5.0, 3.0)),
            Dash::Dotted => Some((1.2, 2.2)),
        };
        self.group.append(match pattern {
            None => shape,
            Some((on, off)) => {
                shape.set("stroke-dasharray", format!("{} {}", length(on * width), length(off * width)))
            }
        });
    }

    /// A filled polygon, with its border drawn too.
    pub fn polygon(&mut self, points: &[(f32, f32)], fill: Tint, border: Option<Stroke>) {
        let shape = tag::Path::new().set("d", path(points) + "Z").set("fill", self.hex(fill));
        self.group.append(match border {
            None => shape,
            Some(Stroke { tint, width, .. }) => shape
                .set("stroke", self.hex(tint))
                .set("stroke-width", length(width))
                .set("stroke-linejoin", "round"),
        });
    }

    /// A filled circle.
    pub fn circle(&mut self, centre: (f32, f32), radius: f32, fill: Tint) {
        let shape = tag::Circle::new().set("cx", length(centre.0)).set("cy", length(centre.1));
        self.group.append(shape.set("r", length(radius)).set("fill", self.hex(fill)));
    }

    /// A rectangle whose colours change from the bottom to the top, through `colours` at equal steps.
    pub fn gradient(&mut self, corner: (f32, f32), extent: (f32, f32), colours: &[Rgb<u8>]) {
        let name = self.name();
        let mut gradient = tag::LinearGradient::new().set("id", name.clone());
        for (end, value) in [("x1", 0), ("x2", 0), ("y1", 1), ("y2", 0)] {
            gradient.assign(end, value);
        }
        let last = colours.len().max(2) - 1;
        for (k, colour) in colours.iter().enumerate() {
            let share = (1e4 * k as f64 / last as f64).round() / 1e4;
            gradient.append(tag::Stop::new().set("offset", share).set("stop-color", hex(*colour)));
        }
        self.definitions.append(gradient);
        let shape = tag::Rectangle::new().set("fill", format!("url(#{name})"));
        self.rectangle(shape, corner, extent);
    }

    /// An image stretched to `extent`, its pixels as sharp rectangles.
    pub fn image(&mut self, image: &RgbImage, corner: (f32, f32), extent: (f32, f32)) {
        let address = address(self.images.len());
        self.images.push(image.clone());
        let shape = tag::Image::new().set("x", length(corner.0)).set("y", length(corner.1));
        let shape = shape.set("width", length(extent.0)).set("height", length(extent.1));
        let shape = shape.set("preserveAspectRatio", "none").set(HREF, address);
        // The attribute for older viewers, the style for browsers.
        self.group
            .append(shape.set("image-rendering", "optimizeSpeed").set("style", "image-rendering:pixelated"));
    }

    /// One line of text whose baseline starts at `at`.
    pub fn text(&mut self, words: &str, size: f32, tint: Tint, at: (f32, f32), direction: Direction) {
        let line = text::set_line(words);
        // Whole pixels keep the same word the same shape wherever it stands.
        let (x, y) = (at.0.round(), at.1.round());
        let turn = match direction {
            Direction::Across => "",
            Direction::Up => " rotate(-90)",
        };
        let scale = (f64::from(size / text::EM) * 1e7).round() / 1e7;
        let mut group = tag::Group::new()
            .set("transform", format!("translate({x} {y}){turn} scale({scale})"))
            .set("fill", self.hex(tint))
            .set("role", "img")
            .set("aria-label", words);
        for (glyph, pen) in line.glyphs {
            let outline = self.glyphs.entry(glyph.0).or_insert_with(|| text::outline(glyph));
            if !outline.is_empty() {
                group.append(
                    tag::Use::new().set("xlink:href", format!("#g{}", glyph.0)).set("x", length(pen)),
                );
            }
        }
        self.group.append(group);
    }

    /// Draws with what is behind shining through, as one thing.
    pub fn faded(&mut self, opacity: f32, draw: impl FnOnce(&mut Canvas)) {
        let outer = std::mem::replace(&mut self.group, tag::Group::new());
        draw(self);
        let inner = std::mem::replace(&mut self.group, outer);
        self.group.append(if opacity < 1.0 { inner.set("opacity", length(opacity)) } else { inner });
    }

    /// Draws with everything outside a rectangle cut off.
    pub fn clipped(&mut self, corner: (f32, f32), extent: (f32, f32), draw: impl FnOnce(&mut Canvas)) {
        let name = self.name();
        let outer = std::mem::replace(&mut self.group, tag::Group::new());
        let window = tag::Rectangle::new().set("x", length(corner.0)).set("y", length(corner.1));
        let window = window.set("width", length(extent.0)).set("height", length(extent.1));
        self.definitions.append(tag::ClipPath::new().set("id", name.clone()).add(window));
        draw(self);
        let inner = std::mem::replace(&mut self.group, outer);
        self.group.append(inner.set("clip-path", format!("url(#{name})")));
    }

    /// The finished picture, on paper of this extent.
    pub fn finish(mut self, extent: (u32, u32)) -> Drawing {
        for (glyph, outline) in &self.glyphs {
            if !outline.is_empty() {
                self.definitions
                    .append(tag::Path::new().set("id", format!("g{glyph}")).set("d", outline.as_str()));
            }
        }
        let paper = tag::Rectangle::new().set("width", extent.0).set("height", extent.1);
        let paper = paper.set("fill", self.hex(Tint::Paper));
        let body = tag::Group::new().add(self.definitions).add(paper).add(self.group);
        Drawing { extent, body, images: self.images }
    }
}
