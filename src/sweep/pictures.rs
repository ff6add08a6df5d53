//! The pictures of a stack: its views as animations.

use std::io::{self, Write};

use image::RgbImage;
use rayon::prelude::*;

use super::store::Store;
use super::{Stack, Way};
use crate::analysis::Attractor;
use crate::experiment::Axis;
use crate::map::Map;
use crate::picture::{
    Animation, Bounds, Caption, Figure, Series, Shared, Style, figure_of_colours, quantity, short_number,
    stepped_number,
};
use crate::view::View;

/// Frames are drawn on all cores, so many cells at once.
const AT_ONCE: usize = 1 << 23;
/// An axis with a narrower range than this part of its numbers counts from the point of the zoom.
const NARROW: f64 = 1e-3;

/// What the frames of one view are drawn with.
pub struct Animator<'a> {
    pub stack: &'a Stack,
    pub store: &'a Store,
    /// Of each frame.
    pub attractors: &'a [Vec<Attractor>],
    pub style: &'a Style,
    /// What is drawn over each frame; nothing in plain ones.
    pub over: Vec<Vec<Series>>,
}

impl Animator<'_> {
    /// Writes the animation of a view, with the colours that all its frames share.
    ///
    /// # Errors
    /// Those of the file.
    pub fn animate(
        &self,
        view: View,
        digest: &Map,
        texts: &[(&str, &str)],
        to: impl Write,
    ) -> io::Result<()> {
        let shared = Shared::new(view, digest, caption(self.stack, 0).target);
        let failed = |e: png::EncodingError| io::Error::other(e);
        if self.style.plain {
            let [width, height] = self.stack.base().size;
            let mut animation = Animation::new(to, (width, height), self.count(), texts).map_err(failed)?;
            self.each(
                |k, map| shared.colours(map, &self.attractors[k]).0.plain(),
                |picture: RgbImage| animation.frame(&picture).map_err(failed),
            )?;
            return animation.finish().map_err(failed);
        }
        // The same place for the axes in every frame, and room for the widest key.
        let figure = |k: usize, map: &Map| self.figure(k, map, &shared);
        let mut bounds = Bounds::default();
        self.each(
            |k, map| figure(k, map).bounds(),
            |own| {
                bounds = bounds.joined(own);
                Ok(())
            },
        )?;
        let mut animation = Animation::new(to, bounds.extent(), self.count(), texts).map_err(failed)?;
        self.each(
            |k, map| figure(k, map).draw_within(self.style.theme, &bounds).pixels(1),
            |picture| animation.frame(&picture).map_err(failed),
        )?;
        animation.finish().map_err(failed)
    }

    fn count(&self) -> u32 {
        self.stack.count() as u32
    }

    fn figure(&self, k: usize, map: &Map, shared: &Shared) -> Figure {
        let colours = shared.colours(map, &self.attractors[k]);
        let mut caption = caption(self.stack, k);
        let mut axes = Map { across: map.across.clone(), up: map.up.clone(), ..Map::default() };
        let mut over = self.over[k].clone();
        if let Way::Zoom { point: [across, up], .. } = self.stack.way() {
            let xs = over.iter_mut().flat_map(|series| &mut series.points).map(|point| &mut point.0);
            from_point(&mut caption.across, axes.across.iter_mut().chain(xs), *across);
            let ys = over.iter_mut().flat_map(|series| &mut series.points).map(|point| &mut point.1);
            from_point(&mut caption.up, axes.up.iter_mut().chain(ys), *up);
        }
        figure_of_colours(&axes, colours, &caption, self.style.pixels).with_series(over)
    }

    /// Does `work` with every frame, on all cores, and hands what comes of it to `take` in order.
    fn each<T: Send>(
        &self,
        work: impl Fn(usize, &Map) -> T + Sync,
        mut take: impl FnMut(T) -> io::Result<()>,
    ) -> io::Result<()> {
        let [width, height] = self.stack.base().size.map(|n| n as usize);
        let at_once = (AT_ONCE / (width * height)).clamp(1, 2 * rayon::current_num_threads());
        let frames: Vec<usize> = (0..self.stack.count()).collect();
        for chunk in frames.chunks(at_once) {
            let maps =
                chunk.iter().map(|k| Ok((*k, self.store.frame(*k)?))).collect::<io::Result<Vec<_>>>()?;
            let results: Vec<T> = maps.par_iter().map(|(k, map)| work(*k, map)).collect();
            results.into_iter().try_for_each(&mut take)?;
        }
        Ok(())
    }
}

/// Turns an axis so narrow that its numbers would be too long into one that counts from the point `at`.
fn from_point<'a>(axis: &mut Axis, values: impl Iterator<Item = &'a mut f64>, at: f64) {
    if at == 0.0 || axis.to - axis.from > NARROW * at.abs() {
        return;
    }
    values.for_each(|value| *value -= at);
    let sign = if at < 0.0 { '+' } else { '−' };
    axis.name = format!("{} {sign} {}", axis.name, at.abs());
    // So short a piece of a logarithmic axis is as good as linear.
    axis.log = false;
}

/// The words around frame `k`, its value in the title.
fn caption(stack: &Stack, k: usize) -> Caption {
    let experiment = stack.frame(k);
    let values = stack.values();
    let caption = Caption::without(&experiment, stack.quantity());
    let at = match stack.way() {
        Way::Zoom { .. } => format!("zoom {}", short_number(values[k])),
        Way::Sweep(axis) => {
            // Of logarithmic frames, those near it say how many digits tell it apart.
            let near =
                if axis.log { k.saturating_sub(1)..(k + 2).min(values.len()) } else { 0..values.len() };
            let steps = values[near].windows(2).map(|pair| pair[1] - pair[0]);
            let value = stepped_number(values[k], steps.fold(f64::INFINITY, f64::min));
            format!("{} = {value}", quantity(&axis.name))
        }
    };
    Caption { title: format!("{}, {at}", caption.title), ..caption }
}
