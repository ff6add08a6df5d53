//! Register allocation: the steps of a graph as the parts of a [`Tape`].

use std::collections::{HashMap, HashSet};

use super::data::Column;
use super::graph::{Graph, Id, Node};
use super::operation::Binary;
use super::schedule::{Loop, Step};
use super::tape::{Instruction, Op, Part, Rows, Sum, Tape};
use crate::math::Real;

/// Takes the steps in their order, with the outputs computed last so that they can overwrite the inputs
/// they replace.
pub(super) struct Compiler<'a> {
    graph: &'a Graph,
    inputs: &'a [Id],
    outputs: &'a [(Id, usize)],
    steps: Vec<Step>,
    /// Position in `steps` of the last one that reads a node; `usize::MAX` for outputs.
    last_use: HashMap<Id, usize>,
    place: HashMap<Id, u32>,
    /// The registers that the means' sums are in.
    totals: HashMap<Id, u32>,
    free: Vec<u32>,
    reserved: usize,
    registers: usize,
    /// Nodes that what reads them computes along with itself: products in the sum that is their only user, and signs
    /// in products.
    folded: HashSet<Id>,
}

impl<'a> Compiler<'a> {
    pub fn new(graph: &'a Graph, inputs: &'a [Id], reserved: usize, outputs: &'a [(Id, usize)]) -> Self {
        let roots: Vec<Id> = outputs.iter().map(|o| o.0).collect();
        let reachable = graph.reachable(&roots);
        let is_root: HashSet<Id> = roots.iter().copied().collect();
        let operands: HashSet<Id> = reachable.iter().flat_map(|&n| graph.node(n).operands()).collect();
        let is_late =
            |step: &Step| matches!(step, Step::Node(id) if is_root.contains(id) && !operands.contains(id));
        let (late, early): (Vec<Step>, Vec<Step>) = graph.schedule(&roots).into_iter().partition(is_late);
        let mut compiler = Self {
            graph,
            inputs,
            outputs,
            steps: early.into_iter().chain(late).collect(),
            last_use: HashMap::new(),
            place: inputs.iter().enumerate().map(|(i, id)| (*id, i as u32)).collect(),
            totals: HashMap::new(),
            free: Vec::new(),
            reserved,
            registers: reserved,
            folded: HashSet::new(),
        };
        compiler.fold(&reachable);
        compiler.find_last_uses();
        compiler
    }

    fn fold(&mut self, reachable: &[Id]) {
        let mut users: HashMap<Id, usize> = HashMap::new();
        for &id in reachable {
            self.graph.node(id).operands().for_each(|o| *users.entry(o).or_default() += 1);
        }
        for &(id, _) in self.outputs {
            *users.entry(id).or_default() += 1;
        }
        let mut flips: HashMap<Id, usize> = HashMap::new();
        for &id in reachable {
            if let Some((_, sign, _)) = self.graph.flipped(id) {
                *flips.entry(sign).or_default() += 1;
            }
            if let Some((_, _, product)) = self.sum_with_product(id)
                && users[&product] == 1
                // What all rows share is not computed in each.
                && self.graph.varies_by_row(id) == self.graph.varies_by_row(product)
            {
                self.folded.insert(product);
            }
        }
        self.folded
            .extend(flips.into_iter().filter(|(sign, count)| users[sign] == *count).map(|(sign, _)| sign));
    }

    /// For `a + b*c`, `a - b*c`, `b*c + a` and `b*c - a`: `a` and the product.
    fn sum_with_product(&self, id: Id) -> Option<(Op, Id, Id)> {
        let is_product = |id| {
            matches!(self.graph.node(id), Node::Binary(Binary::Mul, ..)) && self.graph.flipped(id).is_none()
        };
        match self.graph.node(id) {
            Node::Binary(Binary::Add, a, b) if is_product(b) => Some((Op::AddMul, a, b)),
            Node::Binary(Binary::Add, a, b) if is_product(a) => Some((Op::AddMul, b, a)),
            Node::Binary(Binary::Sub, a, b) if is_product(b) => Some((Op::SubMul, a, b)),
            Node::Binary(Binary::Sub, a, b) if is_product(a) => Some((Op::MulSub, b, a)),
            _ => None,
        }
    }

    /// The operation that computes `id` and the nodes that it reads.
    fn operation(&self, id: Id) -> Option<(Op, Vec<Id>)> {
        let node = self.graph.node(id);
        if let Some((op, a, product)) = self.sum_with_product(id)
            && self.folded.contains(&product)
        {
            return Some((op, [a].into_iter().chain(self.graph.node(product).operands()).collect()));
        }
        if let Some((b, _, a)) = self.graph.flipped(id) {
            return Some((Op::Flip, vec![b, a]));
        }
        let op = match node {
            _ if self.inputs.contains(&id) || self.folded.contains(&id) => return None,
            Node::Const(_) | Node::Row(_) => return None,
            Node::Input(place) => panic!("`{}` is not an input", self.graph.inputs()[place as usize]),
            // The loop before it has left the sum of the rows in a register of its own.
            Node::Mean(_, count) => return Some((Op::Binary(Binary::Div), vec![id, count])),
            Node::Unary(op, _) => Op::Unary(op),
            Node::Binary(op, ..) => Op::Binary(op),
            Node::Select(..) => Op::Select,
        };
        Some((op, node.operands().collect()))
    }

    fn find_last_uses(&mut self) {
        for (position, step) in self.steps.iter().enumerate() {
            let (nodes, count) = match step {
                Step::Node(id) => (std::slice::from_ref(id), None),
                Step::Rows(rows) => (rows.nodes.as_slice(), Some(rows.count)),
            };
            let read = nodes.iter().filter_map(|&id| self.operation(id)).flat_map(|(_, reads)| reads);
            let read: Vec<Id> = read.chain(count).collect();
            self.last_use.extend(read.into_iter().map(|operand| (operand, position)));
        }
        for &(id, _) in self.outputs {
            self.last_use.insert(id, usize::MAX);
        }
    }

    fn fresh(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.registers += 1;
            u32::try_from(self.registers - 1).expect("formulas are limited to far fewer nodes")
        })
    }

    pub fn compile<R: Real>(mut self) -> Tape<R> {
        let constants = self.place_constants();
        let mut parts = Vec::new();
        let mut code = Vec::new();
        let mut direct = Vec::new();
        for (position, step) in std::mem::take(&mut self.steps).into_iter().enumerate() {
            match step {
                Step::Node(id) => {
                    let Some((op, reads)) = self.operation(id) else { continue };
                    let operands = self.registers_of(id, &reads);
                    if let Some(total) = self.totals.remove(&id) {
                        self.free.push(total);
                    }
                    self.release(&reads, |compiler, read| compiler.last_use.get(&read) == Some(&position));
                    let target = match self.overwritable(id, position) {
                        Some((output, register)) => {
                            direct.push(output);
                            register
                        }
                        None => self.fresh(),
                    };
                    self.place.insert(id, target);
                    code.push(Instruction { op, target, operands });
                }
                Step::Rows(rows) => {
                    parts.push(Part { code: std::mem::take(&mut code), rows: None });
                    parts.push(self.rows(&rows));
                    let shared: Vec<Id> = rows.shared(self.graph).collect();
                    self.release(&shared, |compiler, read| compiler.last_use.get(&read) == Some(&position));
                }
            }
        }
        code.extend(self.moves(&direct));
        parts.push(Part { code, rows: None });
        Tape::new(parts, constants, self.registers, self.reserved)
    }

    fn place_constants<R: Real>(&mut self) -> Vec<(u32, R)> {
        let in_rows = |step: &Step| match step {
            Step::Node(id) => vec![*id],
            Step::Rows(_) => Vec::new(),
        };
        let mut constants = Vec::new();
        for id in self.steps.iter().flat_map(in_rows).collect::<Vec<_>>() {
            if let Some(value) = self.graph.value(id) {
                let register = self.fresh();
                constants.push((register, R::from_f64(value)));
                self.place.insert(id, register);
            }
        }
        constants
    }

    /// The registers of what `id` reads.
    fn registers_of(&self, id: Id, reads: &[Id]) -> [u32; 3] {
        let mut operands = [0; 3];
        for (slot, read) in operands.iter_mut().zip(reads) {
            *slot = if *read == id { self.totals[read] } else { self.place[read] };
        }
        operands
    }

    /// Gives back the registers of those of `reads` that are temporary and `done`.
    fn release(&mut self, reads: &[Id], done: impl Fn(&Self, Id) -> bool) {
        for (k, &read) in reads.iter().enumerate() {
            let temporary = !self.inputs.contains(&read) && self.graph.value(read).is_none();
            if temporary && !reads[..k].contains(&read) && done(self, read) {
                self.free.extend(self.place.remove(&read));
            }
        }
    }

    /// A loop, whose sums stay in the registers `totals`.
    fn rows<R: Real>(&mut self, rows: &Loop) -> Part<R> {
        let mut last: HashMap<Id, usize> = HashMap::new();
        for (position, &id) in rows.nodes.iter().enumerate() {
            for read in self.operation(id).into_iter().flat_map(|(_, reads)| reads) {
                last.insert(read, position);
            }
        }
        let terms: Vec<Id> = rows.means.iter().map(|&mean| self.graph.averaged(mean)).collect();
        last.extend(terms.iter().map(|&term| (term, usize::MAX)));
        let (blocks, totals): (Vec<u32>, Vec<u32>) =
            terms.iter().map(|_| (self.fresh(), self.fresh())).unzip();
        let mut columns = Vec::new();
        for &id in &rows.nodes {
            if let Node::Row(place) = self.graph.node(id) {
                let register = self.fresh();
                let values = match &self.graph.columns()[place as usize] {
                    Column::Number => None,
                    Column::Listed { values, .. } => Some(values.iter().map(|&v| R::from_f64(v)).collect()),
                };
                columns.push((register, values));
                self.place.insert(id, register);
            }
        }
        let mut code = Vec::new();
        for (position, &id) in rows.nodes.iter().enumerate() {
            let Some((op, reads)) = self.operation(id) else { continue };
            let operands = self.registers_of(id, &reads);
            self.release(&reads, |compiler, read| {
                compiler.graph.varies_by_row(read) && last.get(&read) == Some(&position)
            });
            let target = self.fresh();
            self.place.insert(id, target);
            code.push(Instruction { op, target, operands });
        }
        let sums = (terms.iter().zip(&blocks).zip(&totals))
            .map(|((term, &block), &total)| Sum { term: self.place[term], block, total })
            .collect();
        self.totals.extend(rows.means.iter().copied().zip(totals));
        self.free.extend(blocks);
        for id in &rows.nodes {
            self.free.extend(self.place.remove(id));
        }
        Part { code, rows: Some(Rows { count: self.place[&rows.count], columns, sums }) }
    }

    /// The instructions that bring the outputs, but those in `direct`, to their registers.
    fn moves(&mut self, direct: &[usize]) -> Vec<Instruction> {
        let mut code = Vec::new();
        let mut moves = Vec::new();
        // An output that is itself an input may be overwritten by another output's move: set aside.
        for (k, &(id, register)) in self.outputs.iter().enumerate() {
            if direct.contains(&k) {
                continue;
            }
            let mut from = self.place[&id];
            if self.inputs.contains(&id) && from as usize != register {
                let aside = self.fresh();
                code.push(Instruction { op: Op::Move, target: aside, operands: [from, 0, 0] });
                from = aside;
            }
            if from as usize != register {
                moves.push(Instruction { op: Op::Move, target: register as u32, operands: [from, 0, 0] });
            }
        }
        code.extend(moves);
        code
    }

    /// The output register that node `id`, computed at `position`, may be written to at once: the node
    /// is needed for this one output only, and nobody reads that register's input afterwards.
    fn overwritable(&self, id: Id, position: usize) -> Option<(usize, u32)> {
        let mut wanted = self.outputs.iter().enumerate().filter(|(_, o)| o.0 == id);
        let (Some((k, &(_, register))), None) = (wanted.next(), wanted.next()) else { return None };
        let input = self.inputs.get(register);
        let needed = input.and_then(|input| self.last_use.get(input)).is_some_and(|&last| last > position);
        (!needed).then_some((k, register as u32))
    }
}
