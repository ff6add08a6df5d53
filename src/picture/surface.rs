//! A surface over a plane, seen from above at an angle.

use super::canvas::{Canvas, Dash, Stroke};
use super::chart::Axis;
use super::palette::Ramp;
use super::scale::Tick;
use super::text::{self, Block};
use super::theme::Tint;

/// The direction of the view: turned about the vertical, then tilted, in degrees.
const TURN: f64 = -55.0;
const TILT: f64 = 32.0;
/// Height of the box, in units of its longest side on the ground.
const TALL: f64 = 0.62;
/// Room around the box for ticks and labels, in units of the text size: left, right, above, below.
const MARGINS: [f32; 4] = [6.0, 2.6, 0.6, 3.2];

/// Heights over a grid that spans two axes.
#[derive(Clone, Debug)]
pub struct Surface {
    /// The axis along the rows of the grid.
    pub across: Axis,
    /// The axis from row to row.
    pub up: Axis,
    /// The axis of the heights.
    pub height: Axis,
    /// Grid points along `across`, and along `up`.
    pub grid: (usize, usize),
    /// The heights, in rows along `across`.
    pub values: Vec<f64>,
    /// The colours of the heights.
    pub ramp: Ramp,
}

/// A point of the box, each coordinate between 0 and 1.
type Corner = [f64; 3];

/// From points of the box to pixels.
struct View {
    scale: f64,
    centre: (f64, f64),
    middle: (f64, f64),
}

/// A point of the box as seen, in units of its side: to the right, up, and towards the eye.
fn seen([x, y, z]: Corner) -> [f64; 3] {
    let (x, y, z) = (x - 0.5, y - 0.5, TALL * (z - 0.5));
    let (turn, tilt) = (TURN.to_radians(), TILT.to_radians());
    let right = x * turn.cos() - y * turn.sin();
    let ahead = x * turn.sin() + y * turn.cos();
    // Ahead is away from the eye before it is tilted down.
    [right, z * tilt.cos() + ahead * tilt.sin(), z * tilt.sin() - ahead * tilt.cos()]
}

impl View {
    /// The view in which the box fills a frame, but for the margins.
    fn new(corner: (f32, f32), frame: (f32, f32), margins: [f32; 4]) -> Self {
        let corners = (0..8).map(|k| seen([f64::from(k & 1), f64::from(k >> 1 & 1), f64::from(k >> 2)]));
        let (mut low, mut top) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in corners {
            for side in 0..2 {
                low[side] = low[side].min(point[side]);
                top[side] = top[side].max(point[side]);
            }
        }
        let [before, after, above, below] = margins;
        let room = (frame.0 - before - after, frame.1 - above - below);
        let (wide, high) = (f64::from(room.0.max(20.0)), f64::from(room.1.max(20.0)));
        let scale = (wide / (top[0] - low[0])).min(high / (top[1] - low[1]));
        let centre = (corner.0 + before + room.0 / 2.0, corner.1 + above + room.1 / 2.0);
        Self {
            scale,
            centre: (f64::from(centre.0), f64::from(centre.1)),
            middle: ((low[0] + top[0]) / 2.0, (low[1] + top[1]) / 2.0),
        }
    }

    fn pixel(&self, point: Corner) -> (f32, f32) {
        let [right, up, _] = seen(point);
        let x = self.centre.0 + self.scale * (right - self.middle.0);
        let y = self.centre.1 - self.scale * (up - self.middle.1);
        (x as f32, y as f32)
    }
}

impl Surface {
    /// Draws the surface inside a frame.
    pub fn draw(&self, canvas: &mut Canvas, corner: (f32, f32), frame: (f32, f32), size: f32) {
        let view = View::new(corner, frame, MARGINS.map(|margin| margin * size));
        self.draw_walls(canvas, &view);
        self.draw_meshes(canvas, &view);
        self.draw_axes(canvas, &view, size);
    }

    /// The ground and the two walls behind the surface.
    fn draw_walls(&self, canvas: &mut Canvas, view: &View) {
        let line = Some(Stroke { tint: Tint::Quiet, width: 0.8, dash: Dash::Solid });
        // Seen from TURN, the far sides are those of the greatest `up` and the least `across`.
        for wall in [
            [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
            [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]],
            [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]],
        ] {
            let corners = wall.map(|corner| view.pixel(corner));
            canvas.polygon(&corners, Tint::Paper, line);
        }
    }

    /// The surface in quadrangles, the far ones first.
    fn draw_meshes(&self, canvas: &mut Canvas, view: &View) {
        let (columns, rows) = self.grid;
        let height = |i: usize, j: usize| self.height.scale.position(self.values[i * columns + j]);
        let share = |k: usize, count: usize| k as f64 / (count as f64 - 1.0);
        let point = |i: usize, j: usize| [share(j, columns), share(i, rows), height(i, j).clamp(0.0, 1.0)];
        let mut meshes = Vec::new();
        for i in 1..rows {
            for j in 1..columns {
                let corners = [point(i - 1, j - 1), point(i - 1, j), point(i, j), point(i, j - 1)];
                let near = corners.map(|corner| seen([corner[0], corner[1], 0.5])[2]).iter().sum::<f64>();
                let mean = corners.map(|corner| corner[2]).iter().sum::<f64>() / 4.0;
                if mean.is_finite() {
                    meshes.push((near, corners, mean));
                }
            }
        }
        meshes.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, corners, mean) in meshes {
            let colour = self.ramp.at(mean);
            let edge = super::palette::shaded(colour, -0.25);
            let line = Some(Stroke { tint: Tint::Colour(edge), width: 0.4, dash: Dash::Solid });
            canvas.polygon(&corners.map(|corner| view.pixel(corner)), Tint::Colour(colour), line);
        }
    }

    /// Ticks, numbers and labels along the three edges that nothing hides.
    fn draw_axes(&self, canvas: &mut Canvas, view: &View, size: f32) {
        let edges: [(&Axis, Corner, Corner); 3] = [
            (&self.across, [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
            (&self.up, [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]),
            (&self.height, [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
        ];
        let middle = view.pixel([0.5, 0.5, 0.5]);
        for (axis, from, to) in edges {
            let (a, b) = (view.pixel(from), view.pixel(to));
            let ink = Stroke { tint: Tint::Ink, width: 1.0, dash: Dash::Solid };
            canvas.line(&[a, b], ink);
            let long = (a.0 - b.0).hypot(a.1 - b.1);
            // Outwards: across the edge, away from the middle of the box.
            let normal = ((b.1 - a.1) / long, (a.0 - b.0) / long);
            let side = (a.0 - middle.0) * normal.0 + (a.1 - middle.1) * normal.1;
            let out = (normal.0 * side.signum(), normal.1 * side.signum());
            let ticks = axis.scale.fitting_ticks(long, 1.5 * size, |label| 0.7 * text::width(label, size));
            let widest = draw_ticks(canvas, &ticks, (a, b), out, size);
            let away = 1.2 * size + widest * out.0.abs() + 0.8 * size * out.1.abs();
            let near = ((a.0 + b.0) / 2.0 + away * out.0, (a.1 + b.1) / 2.0 + away * out.1);
            let label = Block::wrapped(&axis.label, size, long.max(4.0 * size));
            let left = if out.0 < 0.0 { near.0 - label.width() } else { near.0 };
            label.draw(canvas, Tint::Ink, (left, near.1 - (1.0 - out.1) / 2.0 * label.height()));
        }
    }
}

/// Ticks and numbers along an edge, pointing outwards; returns the width of the widest number.
fn draw_ticks(
    canvas: &mut Canvas,
    ticks: &[Tick],
    (a, b): ((f32, f32), (f32, f32)),
    out: (f32, f32),
    size: f32,
) -> f32 {
    let ink = Stroke { tint: Tint::Ink, width: 1.0, dash: Dash::Solid };
    let mut widest = 0.0_f32;
    for tick in ticks.iter().filter(|tick| !tick.label.is_empty()) {
        let share = tick.position as f32;
        let at = (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
        let end = (at.0 + 0.4 * size * out.0, at.1 + 0.4 * size * out.1);
        canvas.line(&[at, end], ink);
        let number = Block::wrapped(&tick.label, size, f32::MAX);
        widest = widest.max(number.width());
        // The side that faces the edge is as far from it everywhere.
        let near = (at.0 + 0.7 * size * out.0, at.1 + 0.7 * size * out.1);
        let left = if out.0 < 0.0 { near.0 - number.width() } else { near.0 };
        let rise = (1.0 - out.1) / 2.0 * number.height();
        number.draw(canvas, Tint::Ink, (left, near.1 - rise));
    }
    widest
}
