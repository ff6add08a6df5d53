//! Points that lie close together: single linkage on a grid.

use foldhash::{HashMap, HashMapExt};

/// A partition of `0 .. n` that grows coarser by joining. Each element may be shifted against the others of its
/// part, as phases of a cycle are that is seen from different points of it.
#[derive(Clone, Debug)]
pub struct Partition {
    parent: Vec<u32>,
    /// Against the parent.
    shift: Vec<i32>,
}

impl Partition {
    /// Every element on its own.
    pub fn new(n: usize) -> Self {
        Self { parent: (0..n as u32).collect(), shift: vec![0; n] }
    }

    /// Adds an element on its own, and says which.
    pub fn grow(&mut self) -> usize {
        self.parent.push(self.parent.len() as u32);
        self.shift.push(0);
        self.parent.len() - 1
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// The least element joined with `k`.
    pub fn root(&mut self, k: usize) -> usize {
        self.rooted(k).0
    }

    /// The least element joined with `k`, and how far `k` is shifted against it.
    pub fn rooted(&mut self, k: usize) -> (usize, i32) {
        let (mut k, mut shift) = (k, 0);
        while self.parent[k] as usize != k {
            let above = self.parent[k] as usize;
            self.shift[k] += self.shift[above];
            self.parent[k] = self.parent[above];
            shift += self.shift[k];
            k = self.parent[k] as usize;
        }
        (k, shift)
    }

    /// Joins the parts of two elements.
    pub fn join(&mut self, a: usize, b: usize) {
        self.join_shifted(a, b, 0);
    }

    /// The same, where `b` is shifted by so much against `a`.
    pub fn join_shifted(&mut self, a: usize, b: usize, shift: i32) {
        let ((a, of_a), (b, of_b)) = (self.rooted(a), self.rooted(b));
        let shift = of_a + shift - of_b;
        // The least element is the root: it does not depend on the order of joining.
        let (child, parent, shift) = if a < b { (b, a, shift) } else { (a, b, -shift) };
        if child != parent {
            self.parent[child] = parent as u32;
            self.shift[child] = shift;
        }
    }
}

/// Dimensions by which neighbours are looked up; further ones are compared.
const LOOKED_UP: usize = 3;

/// A grid of cubes, numbered in the order in which points fall into them.
#[derive(Clone, Debug)]
pub struct Cubes {
    side: f64,
    numbers: HashMap<Box<[i64]>, usize>,
    keys: Vec<Box<[i64]>>,
    /// The cube of the last point.
    key: Vec<i64>,
    last: usize,
}

impl Cubes {
    /// Cubes of side `side` in `dims` dimensions, none of them met yet.
    pub fn new(dims: usize, side: f64) -> Self {
        Self { side, numbers: HashMap::new(), keys: Vec::new(), key: vec![0; dims], last: 0 }
    }

    /// The number of the cube that a point lies in. A new one has the next number.
    pub fn at(&mut self, point: impl IntoIterator<Item = f64>) -> usize {
        for (k, x) in self.key.iter_mut().zip(point) {
            let x = x / self.side;
            // The nearest whole number, without a call.
            *k = (x + 0.5_f64.copysign(x)) as i64;
        }
        // Neighbours mostly end at the same place: what was found last is tried first.
        if self.keys.get(self.last).is_none_or(|found| !found.iter().eq(&self.key)) {
            let key = std::mem::take(&mut self.key);
            self.last = self.with_key(&key);
            self.key = key;
        }
        self.last
    }

    /// The number of the cube with this key; the same place has the same key in all grids of the same side.
    pub fn with_key(&mut self, key: &[i64]) -> usize {
        if let Some(&number) = self.numbers.get(key) {
            return number;
        }
        let number = self.keys.len();
        self.numbers.insert(key.into(), number);
        self.keys.push(key.into());
        number
    }

    /// The keys of the cubes, by their numbers.
    pub fn keys(&self) -> impl Iterator<Item = &[i64]> {
        self.keys.iter().map(AsRef::as_ref)
    }

    /// Joins the elements of adjacent cubes, of which `first` holds one for each cube.
    pub fn join_adjacent(&self, partition: &mut Partition, first: &[u32]) {
        let looked_up = self.key.len().min(LOOKED_UP);
        let mut shelves: HashMap<&[i64], Vec<usize>> = HashMap::new();
        for (cube, key) in self.keys.iter().enumerate() {
            shelves.entry(&key[..looked_up]).or_default().push(cube);
        }
        let mut near = vec![0; looked_up];
        for (cube, key) in self.keys.iter().enumerate() {
            for neighbour in 0..3_usize.pow(looked_up as u32) {
                let mut rest = neighbour;
                for (k, own) in near.iter_mut().zip(key.iter()) {
                    *k = own.saturating_add((rest % 3) as i64 - 1);
                    rest /= 3;
                }
                for &other in shelves.get(near.as_slice()).into_iter().flatten() {
                    let adjacent =
                        || self.keys[other].iter().zip(key.iter()).all(|(a, b)| a.abs_diff(*b) <= 1);
                    if other < cube && adjacent() {
                        partition.join(first[other] as usize, first[cube] as usize);
                    }
                }
            }
        }
    }
}

/// Joins the elements whose points lie in the same or in adjacent cubes of side `side`.
///
/// Each of `points` comes with its element in `partition`, and has `dims` coordinates.
pub fn join_near<P: IntoIterator<Item = f64>>(
    partition: &mut Partition,
    points: impl Iterator<Item = (u32, P)>,
    dims: usize,
    side: f64,
) {
    let mut cubes = Cubes::new(dims, side);
    let mut first: Vec<u32> = Vec::new();
    for (element, point) in points {
        let cube = cubes.at(point);
        if cube == first.len() {
            first.push(element);
        }
        partition.join(first[cube] as usize, element as usize);
    }
    cubes.join_adjacent(partition, &first);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(points: &[f64], dims: usize, side: f64) -> Vec<usize> {
        let n = points.len() / dims;
        let mut partition = Partition::new(n);
        let elements = 0..n as u32;
        let points = elements.zip(points.chunks_exact(dims).map(|p| p.iter().copied()));
        join_near(&mut partition, points, dims, side);
        (0..n).map(|k| partition.root(k)).collect()
    }

    #[test]
    fn a_chain_is_one_part_and_a_gap_parts_it() {
        assert_eq!(parts(&[0.0, 5.0, 0.9, 1.8, 2.7], 1, 1.0), [0, 1, 0, 0, 0]);
        assert_eq!(parts(&[3.0, -3.0, 3.1], 1, 0.5), [0, 1, 0]);
    }

    #[test]
    fn shifts_add_up_along_any_way() {
        let mut partition = Partition::new(6);
        // 5 is 4 after 2, which is 1 after 3; 0 is 7 before 3.
        partition.join_shifted(2, 5, 4);
        partition.join_shifted(3, 2, 1);
        partition.join_shifted(0, 3, 7);
        partition.join_shifted(5, 4, -2);
        let expected = [(0, 0), (1, 0), (0, 8), (0, 7), (0, 10), (0, 12)];
        assert_eq!([0, 1, 2, 3, 4, 5].map(|k| partition.rooted(k)), expected);
        assert_eq!([5, 4, 3, 2, 1, 0].map(|k| partition.rooted(k)), [5, 4, 3, 2, 1, 0].map(|k| expected[k]));
    }

    #[test]
    fn every_dimension_counts() {
        // The two points differ in the last dimension alone.
        let mut points = vec![0.25; 10];
        points[9] = 7.0;
        assert_eq!(parts(&points, 5, 1.0), [0, 1]);
        points[9] = 0.3;
        assert_eq!(parts(&points, 5, 1.0), [0, 0]);
        // A corner neighbour is a neighbour.
        assert_eq!(parts(&[0.4, 0.4, 0.6, 0.6], 2, 1.0), [0, 0]);
    }

    #[test]
    fn parts_do_not_depend_on_order() {
        let points: Vec<f64> = (0..200).map(|k| f64::from(k * 7919 % 1000) / 10.0).collect();
        let mut sorted = points.clone();
        sorted.sort_by(f64::total_cmp);
        let count = |points: &[f64]| {
            let parts = parts(points, 1, 0.3);
            (0..points.len()).filter(|&k| parts[k] == k).count()
        };
        assert_eq!(count(&points), count(&sorted));
        assert!(count(&points) > 1);
    }
}
