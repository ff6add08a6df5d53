//! From a slice to its neighbours: which attractor continues which.

use std::cmp::Reverse;
use std::ops::Range;

use rayon::prelude::*;

use super::within::nearest_phase;
use super::{FOLLOWED, GAP, Kind, MOVE, Part, Slice};
use crate::analysis::clusters::Partition;
use crate::plan::Plan;

/// The parts of one slice, fate and period that are followed, as a range of their list.
struct Bundle {
    key: (Slice, Kind),
    range: Range<usize>,
}

/// Two parts of which one continues the other: the point that stands for `b` follows the one for `a` by
/// `shift` steps.
struct Link {
    a: usize,
    b: usize,
    shift: usize,
}

/// Joins the parts that continue each other from slice to slice. They are sorted by slice and kind. What has a
/// label already has been compared with its like.
pub fn follow(plan: &Plan, parts: &[Part], partition: &mut Partition) {
    let mut followed: Vec<usize> = Vec::with_capacity(parts.len());
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut first = 0;
    for group in parts.chunk_by(|a, b| (a.slice, a.kind) == (b.slice, b.kind)) {
        let start = followed.len();
        // Of parts that are one cycle, the first stands for all.
        followed.extend((first..first + group.len()).filter(|&p| partition.root(p) == p));
        followed[start..].sort_by_key(|&p| (Reverse(parts[p].size), p));
        followed.truncate(start + FOLLOWED);
        bundles.push(Bundle { key: (group[0].slice, group[0].kind), range: start..followed.len() });
        first += group.len();
    }
    let pairs: Vec<(usize, usize)> = diagonal(&bundles).chain(along(plan, &bundles)).collect();
    let list = |bundle: usize| &followed[bundles[bundle].range.clone()];
    let is_labelled = |bundle: usize| list(bundle).iter().all(|&p| parts[p].label.is_some());
    let links: Vec<Link> = (pairs.par_chunks(1024))
        .flat_map_iter(|pairs| {
            let mut links = Vec::new();
            let pairs = pairs.iter().filter(|(a, b)| !(is_labelled(*a) && is_labelled(*b)));
            pairs.for_each(|&(a, b)| link(plan, parts, list(a), list(b), &mut links));
            links
        })
        .collect();
    for Link { a, b, shift } in links {
        partition.join_shifted(a, b, shift as i32);
    }
}

/// The pairs of bundles that meet at a corner: a tongue of stability may be narrower than a cell.
fn diagonal(bundles: &[Bundle]) -> impl Iterator<Item = (usize, usize)> {
    [-1, 1].into_iter().flat_map(move |up| {
        let mut at = 0;
        bundles.iter().enumerate().filter_map(move |(k, bundle)| {
            let ((column, row), kind) = bundle.key;
            // The bundles are sorted by their keys, and so are their neighbours in one direction.
            let next = ((column + 1, row.checked_add_signed(up)?), kind);
            at += bundles[at..].iter().take_while(|b| b.key < next).count();
            bundles.get(at).filter(|b| b.key == next).map(|_| (k, at))
        })
    })
}

/// The pairs of bundles that follow each other along an axis, with no other of their fate and period between
/// them, and not too far apart.
fn along(plan: &Plan, bundles: &[Bundle]) -> impl Iterator<Item = (usize, usize)> {
    let sides = [plan.across.len(), plan.up.len()];
    let ways = [|(column, row): Slice| (row, column), |(column, row): Slice| (column, row)];
    ways.into_iter().zip(sides).flat_map(move |(way, side)| {
        let gap = ((GAP * side as f64) as u32).max(1);
        // Kind and line of the map, then the place along it.
        let key = |&k: &usize| (bundles[k].key.1, way(bundles[k].key.0));
        let mut order: Vec<usize> = (0..bundles.len()).collect();
        order.par_sort_unstable_by_key(key);
        let follows = |pair: &[usize]| {
            let ((kind, (line, from)), (next_kind, (next_line, to))) = (key(&pair[0]), key(&pair[1]));
            ((kind, line) == (next_kind, next_line) && to - from <= gap).then_some((pair[0], pair[1]))
        };
        order.windows(2).filter_map(follows).collect::<Vec<_>>()
    })
}

/// Adds the pairs from two lists of parts that are each other's nearest, and near.
fn link(plan: &Plan, parts: &[Part], here: &[usize], there: &[usize], links: &mut Vec<Link>) {
    let dims = plan.initial.len();
    let near = |a: usize, b: usize| nearest_phase(&parts[a].cycle, &parts[b].cycle[..dims]);
    let distance = |a: usize, b: usize| near(a, b).1;
    let nearest = |distances: &mut dyn Iterator<Item = f64>| {
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    };
    for (i, &a) in here.iter().enumerate() {
        let Some(j) = nearest(&mut there.iter().map(|&b| distance(a, b))) else { continue };
        let b = there[j];
        let size = parts[a].reach.max(parts[b].reach);
        let is_near = distance(a, b) <= size.max(MOVE * plan.scale);
        if is_near && nearest(&mut here.iter().map(|&a| distance(a, b))) == Some(i) {
            links.push(Link { a, b, shift: near(a, b).0 });
        }
    }
}
