//! Graph to register tape: the form that formulas run in on the CPU.
//!
//! A register holds one value for each of [`LANES`] trajectories. An instruction is read once and
//! done for all of them, in chunks of [`CHUNK`] that are read into locals, computed and written
//! back: written over two slices instead, an instruction that overwrites its operand compiles to
//! scalar code. Nothing is fused into multiply-adds, so every instruction set gives the same bits.

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, NORM_FLOOR, Unary};
use crate::math::Real;

/// Trajectories computed together. 128 registers of f32 are 512 bytes each: a tape stays in L1.
pub const LANES: usize = 128;
/// Lanes held in machine registers at once.
pub const CHUNK: usize = 16;

/// One value per lane, in whole cache lines: a vector that straddles two of them takes twice as long.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Register<R>([R; LANES]);

impl<R: Copy> Register<R> {
    /// The same value in every lane.
    pub fn splat(value: R) -> Self {
        Self([value; LANES])
    }
}

impl<R> Deref for Register<R> {
    type Target = [R; LANES];

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R> DerefMut for Register<R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Move,
    Unary(Unary),
    Binary(Binary),
    Select,
    /// `a + b * c`
    AddMul,
    /// `a - b * c`
    SubMul,
}

#[derive(Clone, Copy, Debug)]
struct Instruction {
    op: Op,
    target: u32,
    operands: [u32; 3],
}

/// Formulas compiled to instructions over registers.
///
/// Registers `0 .. inputs` are the inputs, in the order given to [`Tape::compile`]; every output is
/// written to a register that the caller names, which may be that of an input.
#[derive(Clone, Debug)]
pub struct Tape<R> {
    code: Vec<Instruction>,
    constants: Vec<(u32, R)>,
    registers: usize,
}

impl<R: Real> Tape<R> {
    /// Compiles `outputs`, each with the register to write it to.
    ///
    /// `inputs` are the nodes whose values the caller puts into registers `0 .. inputs.len()`;
    /// `reserved >= inputs.len()` registers are left to the caller.
    pub fn compile(graph: &Graph, inputs: &[Id], reserved: usize, outputs: &[(Id, usize)]) -> Self {
        Compiler::new(graph, inputs, reserved, outputs).compile()
    }

    /// How many registers a run needs.
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// Writes the constants into their registers; once before any number of runs.
    pub fn load_constants(&self, registers: &mut [Register<R>]) {
        for &(register, value) in &self.constants {
            registers[register as usize] = Register::splat(value);
        }
    }

    /// Runs the tape over the first `chunks * CHUNK` lanes.
    ///
    /// Inlined into callers that are compiled for several instruction sets.
    #[inline(always)]
    pub fn run(&self, registers: &mut [Register<R>], chunks: usize) {
        for i in &self.code {
            let (t, [a, b, c]) = (i.target as usize, i.operands.map(|o| o as usize));
            match i.op {
                Op::Move => unary(registers, chunks, t, a, |a| a),
                Op::Unary(op) => unary_op(registers, chunks, t, a, op),
                Op::Binary(op) => binary_op(registers, chunks, t, a, b, op),
                Op::Select => {
                    ternary(registers, chunks, t, [a, b, c], |c, a, b| if c != R::ZERO { a } else { b })
                }
                Op::AddMul => ternary(registers, chunks, t, [a, b, c], |a, b, c| a + b * c),
                Op::SubMul => ternary(registers, chunks, t, [a, b, c], |a, b, c| a - b * c),
            }
        }
    }
}

/// The [`CHUNK`] lanes of `register` from `at` on.
#[inline(always)]
pub fn chunk<R: Real>(register: &Register<R>, at: usize) -> [R; CHUNK] {
    let mut chunk = [R::ZERO; CHUNK];
    chunk.copy_from_slice(&register[at..at + CHUNK]);
    chunk
}

/// Writes back what [`chunk`] has read.
#[inline(always)]
pub fn put<R: Real>(register: &mut Register<R>, at: usize, chunk: [R; CHUNK]) {
    register[at..at + CHUNK].copy_from_slice(&chunk);
}

#[inline(always)]
fn unary<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, f: impl Fn(R) -> R) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let mut a = chunk(&r[a], at);
        for a in &mut a {
            *a = f(*a);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn binary<R: Real>(
    r: &mut [Register<R>],
    chunks: usize,
    t: usize,
    a: usize,
    b: usize,
    f: impl Fn(R, R) -> R,
) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut a, b) = (chunk(&r[a], at), chunk(&r[b], at));
        for i in 0..CHUNK {
            a[i] = f(a[i], b[i]);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn ternary<R: Real>(
    r: &mut [Register<R>],
    chunks: usize,
    t: usize,
    operands: [usize; 3],
    f: impl Fn(R, R, R) -> R,
) {
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (mut a, b, c) =
            (chunk(&r[operands[0]], at), chunk(&r[operands[1]], at), chunk(&r[operands[2]], at));
        for i in 0..CHUNK {
            a[i] = f(a[i], b[i], c[i]);
        }
        put(&mut r[t], at, a);
    }
}

#[inline(always)]
fn unary_op<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, op: Unary) {
    match op {
        Unary::Neg => unary(r, chunks, t, a, |a| -a),
        Unary::Abs => unary(r, chunks, t, a, R::abs),
        Unary::Sign => unary(r, chunks, t, a, R::sign),
        Unary::Sqrt => unary(r, chunks, t, a, R::sqrt),
        Unary::Norm => {
            let floor = R::from_f64(NORM_FLOOR);
            unary(r, chunks, t, a, |a| (if a < floor { floor } else { a }).sqrt());
        }
        Unary::Exp => unary(r, chunks, t, a, R::exp),
        Unary::Expm1 => unary(r, chunks, t, a, R::expm1),
        Unary::Log => unary(r, chunks, t, a, R::ln),
        Unary::Log1p => unary(r, chunks, t, a, R::log1p),
        Unary::Sin => unary(r, chunks, t, a, R::sin),
        Unary::Cos => unary(r, chunks, t, a, R::cos),
        Unary::Tan => unary(r, chunks, t, a, R::tan),
        Unary::Tanh => unary(r, chunks, t, a, R::tanh),
        Unary::Atan => unary(r, chunks, t, a, R::atan),
        Unary::Sigmoid => unary(r, chunks, t, a, R::sigmoid),
        Unary::Softplus => unary(r, chunks, t, a, R::softplus),
    }
}

#[inline(always)]
fn binary_op<R: Real>(r: &mut [Register<R>], chunks: usize, t: usize, a: usize, b: usize, op: Binary) {
    let truth = |holds: bool| if holds { R::ONE } else { R::ZERO };
    match op {
        Binary::Add => binary(r, chunks, t, a, b, |a, b| a + b),
        Binary::Sub => binary(r, chunks, t, a, b, |a, b| a - b),
        Binary::Mul => binary(r, chunks, t, a, b, |a, b| a * b),
        Binary::Div => binary(r, chunks, t, a, b, |a, b| a / b),
        Binary::Pow => binary(r, chunks, t, a, b, R::powf),
        Binary::Lt => binary(r, chunks, t, a, b, |a, b| truth(a < b)),
        Binary::Le => binary(r, chunks, t, a, b, |a, b| truth(a <= b)),
        Binary::Eq => binary(r, chunks, t, a, b, |a, b| truth(a == b)),
        Binary::Ne => binary(r, chunks, t, a, b, |a, b| truth(a != b)),
    }
}

/// Register allocation over the nodes in graph order, with the outputs computed last so that they
/// can overwrite the inputs they replace.
struct Compiler<'a> {
    graph: &'a Graph,
    inputs: &'a [Id],
    outputs: &'a [(Id, usize)],
    order: Vec<Id>,
    /// Position in `order` of the last instruction that reads a node; `usize::MAX` for outputs.
    last_use: HashMap<Id, usize>,
    place: HashMap<Id, u32>,
    free: Vec<u32>,
    registers: usize,
    /// Products folded into the sum that is their only user.
    folded: HashSet<Id>,
}

impl<'a> Compiler<'a> {
    fn new(graph: &'a Graph, inputs: &'a [Id], reserved: usize, outputs: &'a [(Id, usize)]) -> Self {
        let roots: Vec<Id> = outputs.iter().map(|o| o.0).collect();
        let reachable = graph.reachable(&roots);
        let is_root: HashSet<Id> = roots.iter().copied().collect();
        let operands: HashSet<Id> = reachable.iter().flat_map(|&n| graph.node(n).operands()).collect();
        let (late, early): (Vec<Id>, Vec<Id>) =
            reachable.iter().copied().partition(|id| is_root.contains(id) && !operands.contains(id));
        let order: Vec<Id> = early.into_iter().chain(late).collect();
        let mut compiler = Self {
            graph,
            inputs,
            outputs,
            order,
            last_use: HashMap::new(),
            place: inputs.iter().enumerate().map(|(i, id)| (*id, i as u32)).collect(),
            free: Vec::new(),
            registers: reserved,
            folded: HashSet::new(),
        };
        compiler.fold_products();
        compiler.find_last_uses();
        compiler
    }

    fn fold_products(&mut self) {
        let mut users: HashMap<Id, usize> = HashMap::new();
        for &id in &self.order {
            self.graph.node(id).operands().for_each(|o| *users.entry(o).or_default() += 1);
        }
        for &(id, _) in self.outputs {
            *users.entry(id).or_default() += 1;
        }
        for &id in &self.order {
            if let Some((_, product)) = self.sum_with_product(id)
                && users[&product] == 1
            {
                self.folded.insert(product);
            }
        }
    }

    /// For `a + b*c` or `a - b*c`: `a` and the product; for `b*c + a` likewise.
    fn sum_with_product(&self, id: Id) -> Option<(Id, Id)> {
        let is_product = |id| matches!(self.graph.node(id), Node::Binary(Binary::Mul, ..));
        match self.graph.node(id) {
            Node::Binary(Binary::Add | Binary::Sub, a, b) if is_product(b) => Some((a, b)),
            Node::Binary(Binary::Add, a, b) if is_product(a) => Some((b, a)),
            _ => None,
        }
    }

    /// The operation that computes `id` and the nodes that it reads.
    fn operation(&self, id: Id) -> Option<(Op, Vec<Id>)> {
        let node = self.graph.node(id);
        if let Some((a, product)) = self.sum_with_product(id)
            && self.folded.contains(&product)
        {
            let op = if matches!(node, Node::Binary(Binary::Add, ..)) { Op::AddMul } else { Op::SubMul };
            return Some((op, [a].into_iter().chain(self.graph.node(product).operands()).collect()));
        }
        let op = match node {
            _ if self.inputs.contains(&id) || self.folded.contains(&id) => return None,
            Node::Const(_) => return None,
            Node::Input(place) => panic!("`{}` is not an input", self.graph.inputs()[place as usize]),
            Node::Unary(op, _) => Op::Unary(op),
            Node::Binary(op, ..) => Op::Binary(op),
            Node::Select(..) => Op::Select,
        };
        Some((op, node.operands().collect()))
    }

    fn find_last_uses(&mut self) {
        for (position, &id) in self.order.iter().enumerate() {
            for operand in self.operation(id).into_iter().flat_map(|(_, operands)| operands) {
                self.last_use.insert(operand, position);
            }
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

    fn compile<R: Real>(mut self) -> Tape<R> {
        let mut constants = Vec::new();
        for &id in &self.order.clone() {
            if let Some(value) = self.graph.value(id) {
                let register = self.fresh();
                constants.push((register, R::from_f64(value)));
                self.place.insert(id, register);
            }
        }
        let mut code = Vec::new();
        let mut moves = Vec::new();
        let mut direct = Vec::new();
        for (position, id) in self.order.clone().into_iter().enumerate() {
            let Some((op, reads)) = self.operation(id) else { continue };
            let mut operands = [0; 3];
            for (slot, read) in operands.iter_mut().zip(&reads) {
                *slot = self.place[read];
            }
            for (k, read) in reads.iter().enumerate() {
                let temporary = !self.inputs.contains(read) && self.graph.value(*read).is_none();
                if self.last_use[read] == position && temporary && !reads[..k].contains(read) {
                    self.free.push(self.place[read]);
                }
            }
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
        Tape { code, constants, registers: self.registers }
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
