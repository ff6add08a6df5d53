//! Which arrays a map has besides its axes, how each is stored, and where it is in memory: what writes, reads, checks
//! or samples a map goes through this list.

use super::Map;
use crate::experiment::{Experiment, Precision};
use crate::view::View;

/// An array of a map, of shape `[H, W]`; see the fields of [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Array {
    Fate,
    Period,
    Attractor,
    Certainty,
    Amplitude,
    Lyapunov,
    Settle,
    Loss,
    Sharpness,
    Reach,
    Edge,
}

/// What stored numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    U8,
    U32,
    I32,
    F32,
    F64,
}

/// The numbers of an array in memory.
#[derive(Clone, Copy, Debug)]
pub enum ArrayRef<'a> {
    Codes(&'a [u8]),
    Counts(&'a [u32]),
    Ids(&'a [i32]),
    Floats(&'a [f64]),
}

/// Where the numbers of an array are in memory.
#[derive(Debug)]
pub enum ArrayMut<'a> {
    Codes(&'a mut Vec<u8>),
    Counts(&'a mut Vec<u32>),
    Ids(&'a mut Vec<i32>),
    Floats(&'a mut Vec<f64>),
}

impl Array {
    /// All, in the order in which files hold them.
    pub const ALL: [Array; 11] = [
        Array::Fate,
        Array::Period,
        Array::Attractor,
        Array::Certainty,
        Array::Amplitude,
        Array::Lyapunov,
        Array::Settle,
        Array::Loss,
        Array::Sharpness,
        Array::Reach,
        Array::Edge,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Array::Fate => "fate",
            Array::Period => "period",
            Array::Attractor => "attractor",
            Array::Certainty => "certainty",
            Array::Amplitude => "amplitude",
            Array::Lyapunov => "lyapunov",
            Array::Settle => "settle",
            Array::Loss => "loss",
            Array::Sharpness => "sharpness",
            Array::Reach => "reach",
            Array::Edge => "edge",
        }
    }

    /// What it is stored as, in maps of this precision.
    pub fn kind(self, precision: Precision) -> Kind {
        match self {
            Array::Fate | Array::Certainty => Kind::U8,
            Array::Period => Kind::U32,
            Array::Attractor => Kind::I32,
            // Step numbers have more digits than f32.
            Array::Settle => Kind::F64,
            _ => Kind::float(precision),
        }
    }

    /// Whether maps may be without it.
    pub fn is_optional(self) -> bool {
        matches!(self, Array::Certainty | Array::Reach | Array::Edge)
    }

    /// Whether the map of an experiment has it.
    pub fn is_asked(self, experiment: &Experiment) -> bool {
        match self {
            Array::Certainty => experiment.certain,
            Array::Reach => experiment.target.is_some(),
            Array::Edge => experiment.show.contains(&View::Edge),
            _ => true,
        }
    }
}

impl Kind {
    /// What an engine of this precision computes.
    pub fn float(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Kind::F32,
            Precision::F64 => Kind::F64,
        }
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Kind::U8 => 1,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }
}

impl Map {
    /// The numbers of an array; `None` if the map is without it.
    pub(crate) fn array(&self, array: Array) -> Option<ArrayRef<'_>> {
        Some(match array {
            Array::Fate => ArrayRef::Codes(&self.fate),
            Array::Period => ArrayRef::Counts(&self.period),
            Array::Attractor => ArrayRef::Ids(&self.attractor),
            Array::Certainty => ArrayRef::Codes(self.certainty.as_deref()?),
            Array::Amplitude => ArrayRef::Floats(&self.amplitude),
            Array::Lyapunov => ArrayRef::Floats(&self.lyapunov),
            Array::Settle => ArrayRef::Floats(&self.settle),
            Array::Loss => ArrayRef::Floats(&self.loss),
            Array::Sharpness => ArrayRef::Floats(&self.sharpness),
            Array::Reach => ArrayRef::Floats(self.reach.as_deref()?),
            Array::Edge => ArrayRef::Floats(self.edge.as_deref()?),
        })
    }

    /// Where those arrays are that are wanted, in the order of [`Array::ALL`]; an optional one that is wanted is there
    /// from now on.
    pub(crate) fn arrays_mut(&mut self, is_wanted: impl Fn(Array) -> bool) -> Vec<(Array, ArrayMut<'_>)> {
        if is_wanted(Array::Certainty) {
            self.certainty.get_or_insert_default();
        }
        for (array, numbers) in [(Array::Reach, &mut self.reach), (Array::Edge, &mut self.edge)] {
            if is_wanted(array) {
                numbers.get_or_insert_default();
            }
        }
        let all = [
            Some(ArrayMut::Codes(&mut self.fate)),
            Some(ArrayMut::Counts(&mut self.period)),
            Some(ArrayMut::Ids(&mut self.attractor)),
            self.certainty.as_mut().map(ArrayMut::Codes),
            Some(ArrayMut::Floats(&mut self.amplitude)),
            Some(ArrayMut::Floats(&mut self.lyapunov)),
            Some(ArrayMut::Floats(&mut self.settle)),
            Some(ArrayMut::Floats(&mut self.loss)),
            Some(ArrayMut::Floats(&mut self.sharpness)),
            self.reach.as_mut().map(ArrayMut::Floats),
            self.edge.as_mut().map(ArrayMut::Floats),
        ];
        let wanted = Array::ALL.into_iter().zip(all).filter(|(array, _)| is_wanted(*array));
        wanted.filter_map(|(array, numbers)| Some((array, numbers?))).collect()
    }
}

impl ArrayRef<'_> {
    /// How many there are.
    pub fn len(self) -> usize {
        match self {
            ArrayRef::Codes(numbers) => numbers.len(),
            ArrayRef::Counts(numbers) => numbers.len(),
            ArrayRef::Ids(numbers) => numbers.len(),
            ArrayRef::Floats(numbers) => numbers.len(),
        }
    }
}

/// `act(to, from, with)` on the numbers of two places of the same array.
macro_rules! alike {
    ($to:expr, $from:expr, $act:ident, $with:expr) => {
        match ($to, $from) {
            (ArrayMut::Codes(to), ArrayRef::Codes(from)) => $act(to, from, $with),
            (ArrayMut::Counts(to), ArrayRef::Counts(from)) => $act(to, from, $with),
            (ArrayMut::Ids(to), ArrayRef::Ids(from)) => $act(to, from, $with),
            (ArrayMut::Floats(to), ArrayRef::Floats(from)) => $act(to, from, $with),
            (to, _) => unreachable!("numbers of another array for {to:?}"),
        }
    };
}

impl ArrayMut<'_> {
    /// Puts numbers of the same array in the place of those from number `first` on.
    pub fn put(self, first: usize, numbers: ArrayRef<'_>) {
        fn put<T: Copy>(to: &mut [T], from: &[T], first: usize) {
            to[first..first + from.len()].copy_from_slice(from);
        }
        alike!(self, numbers, put, first);
    }

    /// Adds some of the numbers of the same array at the end.
    pub fn extend(self, numbers: ArrayRef<'_>, picked: &[usize]) {
        fn extend<T: Copy>(to: &mut Vec<T>, from: &[T], picked: &[usize]) {
            to.extend(picked.iter().map(|cell| from[*cell]));
        }
        alike!(self, numbers, extend, picked);
    }
}
