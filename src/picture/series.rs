//! Lines and points over a chart: curves, orbits, level lines.

use std::collections::HashMap;

use image::Rgb;

use super::canvas::{Canvas, Dash, Stroke};
use super::palette;
use super::theme::Tint;

/// The least diameter of a line's point that stands alone, in pixels of the picture's own size.
const LEAST: f32 = 3.0;

/// A shape around a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A round one.
    Dot,
    /// A square one.
    Square,
    /// A square on its corner.
    Diamond,
    /// Two strokes.
    Cross,
}

/// A line through points, or the points alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; none there if empty.
    pub name: String,
    /// In the units of the axes. A point that is not a number, or has no place on a logarithmic axis,
    /// breaks the line.
    pub points: Vec<(f64, f64)>,
    /// The line through the points, if there is one; its width is in pixels at the smallest text size.
    pub line: Option<Stroke>,
    /// What stands at each point, and its radius.
    pub marker: Option<(Marker, f32)>,
    /// The colour of the markers, and of the area.
    pub tint: Tint,
    /// Whether the points are the corners of an area that is filled.
    pub filled: bool,
    /// From 0, nothing, to 1.
    pub opacity: f32,
    /// Width and opacity of a white rim around lines and markers.
    pub rim: Option<(f32, f32)>,
}

impl Series {
    /// A solid line in the `k`-th colour for lines.
    pub fn line(name: &str, k: usize, points: Vec<(f64, f64)>) -> Self {
        let tint = Tint::Colour(palette::line(k));
        let line = Some(Stroke { tint, width: 1.5, dash: Dash::Solid });
        Self {
            name: name.to_owned(),
            points,
            line,
            marker: None,
            tint,
            filled: false,
            opacity: 1.0,
            rim: None,
        }
    }

    /// A filled area with these corners.
    pub fn area(points: Vec<(f64, f64)>, tint: Tint) -> Self {
        Self {
            name: String::new(),
            points,
            line: None,
            marker: None,
            tint,
            filled: true,
            opacity: 1.0,
            rim: None,
        }
    }

    /// Points alone, in the `k`-th colour for lines.
    pub fn dots(name: &str, k: usize, points: Vec<(f64, f64)>) -> Self {
        Self { line: None, marker: Some((Marker::Dot, 1.5)), ..Self::line(name, k, points) }
    }

    /// White crosses at points.
    pub fn crosses(points: &[(f64, f64)]) -> Self {
        Self::dots("", 0, points.to_vec()).marked(Marker::Cross, 5.0).tinted(Tint::Colour(Rgb([255; 3])))
    }

    /// This series with a white rim, so wide and so opaque: visible over any colour.
    #[must_use]
    pub fn rimmed(mut self, width: f32, opacity: f32) -> Self {
        self.rim = Some((width, opacity));
        self
    }

    /// This series with what is behind it shining through.
    #[must_use]
    pub fn faded(mut self, opacity: f32) -> Self {
        self.opacity = opacity;
        self
    }

    /// This series with another colour.
    #[must_use]
    pub fn tinted(mut self, tint: Tint) -> Self {
        self.tint = tint;
        self.line = self.line.map(|line| Stroke { tint, ..line });
        self
    }

    /// This series with its line broken.
    #[must_use]
    pub fn dashed(mut self, dash: Dash) -> Self {
        self.line = self.line.map(|line| Stroke { dash, ..line });
        self
    }

    /// This series with another width of its line.
    #[must_use]
    pub fn width(mut self, width: f32) -> Self {
        self.line = self.line.map(|line| Stroke { width, ..line });
        self
    }

    /// This series with a marker at each point.
    #[must_use]
    pub fn marked(mut self, marker: Marker, radius: f32) -> Self {
        self.marker = Some((marker, radius));
        self
    }

    /// Draws the series; `place` gives a point's pixel, `unit` is how many pixels a width of 1 has.
    pub fn draw(&self, canvas: &mut Canvas, unit: f32, place: impl Fn((f64, f64)) -> Option<(f32, f32)>) {
        for layer in self.layers() {
            match layer.opacity {
                1.0 => layer.draw_full(canvas, unit, &place),
                part => canvas.faded(part, |canvas| layer.draw_full(canvas, unit, &place)),
            }
        }
    }

    /// The rim as a series of its own, if there is one, and the series in front of it.
    fn layers(&self) -> impl Iterator<Item = Self> {
        let rim = self.rim.map(|(rim, opacity)| {
            let line =
                self.line.map(|line| Stroke { width: line.width + 2.0 * rim, dash: Dash::Solid, ..line });
            let marker = self.marker.map(|(marker, radius)| (marker, radius + rim));
            Self { line, marker, opacity, ..self.clone() }.tinted(Tint::Colour(Rgb([255; 3])))
        });
        rim.into_iter().chain([self.clone()])
    }

    fn draw_full(&self, canvas: &mut Canvas, unit: f32, place: impl Fn((f64, f64)) -> Option<(f32, f32)>) {
        let places: Vec<Option<(f32, f32)>> = self.points.iter().map(|point| place(*point)).collect();
        if self.filled {
            let corners: Vec<(f32, f32)> = places.iter().flatten().copied().collect();
            canvas.polygon(&corners, self.tint, None);
        }
        if let Some(line) = self.line {
            let stroke = Stroke { width: line.width * unit, ..line };
            let runs = places.split(Option::is_none).map(|run| run.iter().flatten().copied().collect());
            runs.for_each(|run: Vec<_>| match run[..] {
                [] => {}
                // A line of one point has no length.
                [alone] => canvas.circle(alone, 0.5 * stroke.width.max(LEAST * unit), line.tint),
                _ => canvas.line(&run, stroke),
            });
        }
        if let Some((marker, radius)) = self.marker {
            places.iter().flatten().for_each(|at| mark(canvas, marker, *at, radius * unit, self.tint));
        }
    }

    /// Draws a sample of the series for the legend, `width` pixels from `left` on, at height `y`.
    pub fn draw_sample(&self, canvas: &mut Canvas, unit: f32, left: f32, width: f32, y: f32) {
        for layer in self.layers() {
            canvas.faded(layer.opacity, |canvas| {
                if let Some(line) = layer.line {
                    let stroke = Stroke { width: line.width * unit, ..line };
                    canvas.line(&[(left, y), (left + width, y)], stroke);
                }
                if let Some((marker, radius)) = layer.marker {
                    // Dots may be too small to tell their colour.
                    let least = 2.5 + layer.marker.zip(self.marker).map_or(0.0, |(rim, own)| rim.1 - own.1);
                    mark(canvas, marker, (left + width / 2.0, y), radius.max(least) * unit, layer.tint);
                }
            });
        }
    }
}

/// Draws one marker.
fn mark(canvas: &mut Canvas, marker: Marker, (x, y): (f32, f32), radius: f32, tint: Tint) {
    let r = radius;
    match marker {
        Marker::Dot => canvas.circle((x, y), r, tint),
        Marker::Square => canvas.fill((x - r, y - r), (2.0 * r, 2.0 * r), tint),
        Marker::Diamond => {
            let r = 1.25 * r;
            canvas.polygon(&[(x - r, y), (x, y - r), (x + r, y), (x, y + r)], tint, None);
        }
        Marker::Cross => {
            // With a black rim it is visible over any colour.
            let width = (0.45 * r).max(1.0);
            for (tint, rim) in [(Tint::Colour(Rgb([0; 3])), 0.22 * r), (tint, 0.0)] {
                let stroke = Stroke { tint, width: width + 2.0 * rim, dash: Dash::Solid };
                let r = r + rim;
                let arms = [[(x - r, y - r), (x + r, y + r)], [(x - r, y + r), (x + r, y - r)]];
                canvas.segments(&arms, stroke);
            }
        }
    }
}

/// Level lines of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Values in a row of the field.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The field, row after row from the bottom up, on a grid that spans the axes.
    pub values: Vec<f64>,
    /// Where the lines are drawn.
    pub at: Vec<f64>,
    /// The colour of the lines.
    pub tint: Tint,
}

/// One more than the lines of a landscape.
const EVEN: usize = 14;

impl Levels {
    /// Levels that have equal areas between them.
    pub fn even(values: &[f64]) -> Vec<f64> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let mut levels: Vec<f64> = (1..EVEN).filter_map(|k| sorted.get(last * k / EVEN).copied()).collect();
        levels.dedup();
        levels
    }

    /// The lines of one level joined to curves, as points in grid steps from the first value.
    pub fn curves(&self, level: f64) -> Vec<Vec<(f64, f64)>> {
        let lines: Vec<_> = self.lines(level).into_iter().filter(|[a, b]| a != b).collect();
        let key = |(x, y): (f64, f64)| (x.to_bits(), y.to_bits());
        let mut meeting: HashMap<_, Vec<usize>> = HashMap::new();
        for (k, line) in lines.iter().enumerate() {
            line.iter().for_each(|end| meeting.entry(key(*end)).or_default().push(k));
        }
        let mut left = vec![true; lines.len()];
        let is_open = |k: &usize| lines[*k].iter().any(|end| meeting[&key(*end)].len() == 1);
        // Curves with ends from one of these, then the closed ones.
        let (open, closed): (Vec<usize>, Vec<usize>) = (0..lines.len()).partition(is_open);
        let mut curves = Vec::new();
        for first in open.into_iter().chain(closed) {
            if !left[first] {
                continue;
            }
            let start = lines[first].into_iter().find(|end| meeting[&key(*end)].len() == 1);
            let mut curve = vec![start.unwrap_or(lines[first][0])];
            let mut next = Some(first);
            while let Some(k) = next {
                left[k] = false;
                let [a, b] = lines[k];
                let end = if curve[curve.len() - 1] == a { b } else { a };
                curve.push(end);
                next = meeting[&key(end)].iter().copied().find(|k| left[*k]);
            }
            curves.push(curve);
        }
        curves
    }

    /// The lines of one level, as pairs of points in grid steps from the first value: by linear
    /// interpolation along the sides of each mesh, and through its mean where the level passes a
    /// saddle.
    pub fn lines(&self, level: f64) -> Vec<[(f64, f64); 2]> {
        let mut lines = Vec::new();
        for i in 1..self.height {
            for j in 1..self.width {
                self.mesh((i, j), level, &mut lines);
            }
        }
        lines
    }

    /// The lines through the mesh whose upper right corner is in row `i`, column `j`.
    fn mesh(&self, (i, j): (usize, usize), level: f64, lines: &mut Vec<[(f64, f64); 2]>) {
        // The corners in turn: lower left, lower right, upper right, upper left.
        let corners = [(i - 1, j - 1), (i - 1, j), (i, j), (i, j - 1)];
        let heights = corners.map(|(i, j)| self.values[i * self.width + j] - level);
        if !heights.iter().all(|h| h.is_finite()) {
            return;
        }
        let crossing = |k: usize| {
            // Both meshes beside a side go along it the same way, and find the same point.
            let (a, b) = if k < 2 { (k, k + 1) } else { ((k + 1) % 4, k) };
            let share = heights[a] / (heights[a] - heights[b]);
            let along = |a: usize, b: usize| a as f64 + share * (b as f64 - a as f64);
            (along(corners[a].1, corners[b].1), along(corners[a].0, corners[b].0))
        };
        let crossed: Vec<usize> =
            (0..4).filter(|k| (heights[*k] < 0.0) != (heights[(k + 1) % 4] < 0.0)).collect();
        match crossed[..] {
            [a, b] => lines.push([crossing(a), crossing(b)]),
            [a, b, c, d] => {
                let middle = heights.iter().sum::<f64>();
                // The lines cut off the corners that lie on the other side than the middle.
                let cut_first = (heights[0] < 0.0) != (middle < 0.0);
                let pairs = if cut_first { [(d, a), (b, c)] } else { [(a, b), (c, d)] };
                lines.extend(pairs.map(|(a, b)| [crossing(a), crossing(b)]));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(n: usize, field: impl Fn(f64, f64) -> f64) -> Levels {
        let step = 2.0 / (n as f64 - 1.0);
        let at = |k: usize| k as f64 * step - 1.0;
        let values = (0..n * n).map(|cell| field(at(cell % n), at(cell / n))).collect();
        Levels { width: n, height: n, values, at: Vec::new(), tint: Tint::Ink }
    }

    #[test]
    fn a_level_line_of_the_distance_is_a_circle() {
        let n = 201;
        let lines = levels(n, |x, y| x.hypot(y)).lines(0.5);
        let to_plane = |v: f64| v * 0.01 - 1.0;
        let mut length = 0.0;
        for [a, b] in lines {
            for (x, y) in [a, b] {
                assert!((to_plane(x).hypot(to_plane(y)) - 0.5).abs() < 1e-4);
            }
            length += 0.01 * (a.0 - b.0).hypot(a.1 - b.1);
        }
        assert!((length - std::f64::consts::PI).abs() < 1e-3, "{length}");
    }

    #[test]
    fn lines_do_not_cross_at_a_saddle() {
        // x y = +-h around one mesh: each corner above the level is on its own, or each below.
        let saddle = |shift: f64| levels(2, move |x, y| x * y + shift).lines(0.0);
        for (shift, cut) in [(-0.5, [(0.0, 0.0), (1.0, 1.0)]), (0.5, [(1.0, 0.0), (0.0, 1.0)])] {
            let lines = saddle(shift);
            assert_eq!(lines.len(), 2);
            for [a, b] in lines {
                let middle = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
                let near = |corner: &(f64, f64)| (middle.0 - corner.0).hypot(middle.1 - corner.1) < 0.3;
                assert!(cut.iter().any(near), "{a:?} {b:?}");
            }
        }
        assert!(levels(3, |_, _| f64::NAN).lines(0.0).is_empty());
    }

    #[test]
    fn lines_are_joined_to_whole_curves() {
        // Two circles, and one that the border cuts; a line through values that are the level itself.
        let circles = levels(101, |x, y| (x.abs() - 0.5).hypot(y)).curves(0.3);
        assert_eq!(circles.len(), 2);
        assert!(circles.iter().all(|curve| curve.len() > 80 && curve[0] == curve[curve.len() - 1]));
        let cut = levels(101, |x, y| (x - 1.0).hypot(y)).curves(0.3);
        assert_eq!(cut.len(), 1);
        assert!([cut[0][0], cut[0][cut[0].len() - 1]].iter().all(|(x, _)| *x == 100.0), "{:?}", cut[0]);
        let straight = levels(5, |x, _| x).curves(0.0);
        assert_eq!(straight, [(0..5).map(|k| (2.0, f64::from(k))).collect::<Vec<_>>()]);
    }
}
