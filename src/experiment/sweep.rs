//! A formula of the step number and of swept quantities, at every combination of their values.

use crate::formula::{CHUNK, Graph, Id, LANES, Register, Tape};

/// A node of a graph, evaluated for up to [`LANES`] combinations at once.
pub(super) struct Sweep<'a> {
    tape: Tape<f64>,
    registers: Vec<Register<f64>>,
    swept: &'a [Swept],
    /// How many combinations are loaded.
    lanes: usize,
}

/// A quantity and the values that it has in some cell; ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// The quantity's name.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
}

impl Swept {
    /// At most `most` of the values, evenly spread, with both ends.
    pub(super) fn thinned(&self, most: usize) -> Self {
        let last = self.values.len() - 1;
        let values = match most.max(2) {
            most if self.values.len() > most => {
                (0..most).map(|k| self.values[k * last / (most - 1)]).collect()
            }
            _ => self.values.clone(),
        };
        Self { name: self.name.clone(), values }
    }
}

/// How many combinations there are.
pub(super) fn combinations(swept: &[Swept]) -> usize {
    swept.iter().map(|s| s.values.len()).product()
}

/// The value of each swept quantity in combination number `k`.
pub(super) fn combination(swept: &[Swept], mut k: usize) -> impl Iterator<Item = f64> {
    swept.iter().map(move |s| {
        let value = s.values[k % s.values.len()];
        k /= s.values.len();
        value
    })
}

impl<'a> Sweep<'a> {
    /// Of `root`, whose inputs are `t` and the names of `swept`.
    pub fn new(graph: &Graph, root: Id, swept: &'a [Swept]) -> Self {
        let mut graph = graph.clone();
        let names = std::iter::once("t").chain(swept.iter().map(|s| s.name.as_str()));
        let inputs: Vec<Id> = names.map(|name| graph.input(name)).collect();
        let result = inputs.len();
        let tape = Tape::compile(&graph, &inputs, result + 1, &[(root, result)]);
        let registers = vec![Register::splat(0.0); tape.registers()];
        Self { tape, registers, swept, lanes: 0 }
    }

    /// Takes on the combinations from number `start`, and says how many those are.
    pub fn load(&mut self, start: usize) -> usize {
        self.lanes = LANES.min(combinations(self.swept) - start);
        for lane in 0..self.lanes {
            for (q, value) in combination(self.swept, start + lane).enumerate() {
                self.registers[1 + q][lane] = value;
            }
        }
        self.tape.load_constants(&mut self.registers);
        self.lanes
    }

    /// The values of the combinations taken on, each at a step of its own.
    pub fn at_steps(&mut self, t: &Register<f64>) -> &[f64] {
        self.registers[0] = *t;
        self.tape.run(&mut self.registers, self.lanes.div_ceil(CHUNK));
        &self.registers[1 + self.swept.len()][..self.lanes]
    }

    /// The values of the combinations taken on, at step `t`.
    pub fn at(&mut self, t: f64) -> &[f64] {
        self.at_steps(&Register::splat(t))
    }
}
