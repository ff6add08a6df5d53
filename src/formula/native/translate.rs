//! Tape to code: its instructions written out, with the elementary functions in line.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::code::{Code, Fused, Op, Predicate};
use super::hoist::hoisted;
use super::order::interleaved;
use super::record::{Recorder, Symbol};
use super::stages::staged;
use crate::formula::operation::{Binary, NORM_FLOOR, Unary};
use crate::formula::stepper::{Access, Observer};
use crate::formula::tape::{self, Instruction, Part, Rows, Tape};
use crate::math::{Lane, Real};

/// A stretch of code that every vector goes through, once or for every row of the data, before the next one begins.
#[derive(Debug)]
pub struct Piece {
    pub code: Code,
    pub rows: Option<Loop>,
}

#[derive(Debug)]
pub struct Loop {
    pub count: Count,
    /// Registers of the sums of a block and of all: see [`tape::Sum`].
    pub sums: Vec<(u32, u32)>,
}

/// The number of rows.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    Fixed(usize),
    /// Of each lane, in this register.
    ByLane(u32),
}

/// What a step does.
#[derive(Debug)]
pub struct Step<R> {
    /// Once for all vectors, before all pieces.
    pub before: Vec<Code>,
    pub pieces: Vec<Piece>,
    /// Columns of data that the pieces read.
    pub columns: Vec<Arc<[R]>>,
    /// Registers in use: the tape's, then those of each [`Op::Number`], then those in which stages hand values on.
    pub registers: u32,
}

/// A tape in stages that take a vector about `most` cycles or less; none if a column may be too short for a loop.
pub fn translate<R: Real>(tape: &Tape<R>, observer: &impl Observer<R>, most: u32) -> Option<Step<R>> {
    let mut columns = Vec::new();
    let constants: HashMap<u32, R> = tape.constants.iter().copied().collect();
    let mut loops = tape.parts.iter().filter_map(|part| part.rows.as_ref());
    if !loops.all(|rows| columns_suffice(rows, &constants)) {
        return None;
    }
    let (mut before, mut whole) = (Vec::new(), Vec::new());
    let mut registers = tape.registers() as u32 + Op::FIRST_COMPUTED;
    for (k, part) in tape.parts.iter().enumerate() {
        let later: HashSet<u32> = tape.parts[k + 1..].iter().flat_map(reads).collect();
        let recorder = Recorder::new(R::SIGN);
        let mut writer = Writer {
            recorder: &recorder,
            constants: &constants,
            step: tape.step,
            reserved: tape.reserved,
            values: HashMap::new(),
            written: Vec::new(),
        };
        if k == 0 {
            observer.before(&mut writer);
        }
        if let Some(rows) = &part.rows {
            writer.place_columns(rows, &mut columns);
        }
        part.code.iter().for_each(|instruction| writer.instruction(instruction));
        let rows = part.rows.as_ref().map(|rows| writer.add(rows));
        if k + 1 == tape.parts.len() {
            observer.observe(&mut writer);
        }
        let sums = rows.iter().flat_map(|rows| rows.sums.iter().map(|sum| sum.0));
        let kept: HashSet<u32> = sums.chain(later).collect();
        let is_kept = |register: &u32| (*register as usize) < tape.reserved || kept.contains(register);
        let Writer { values, mut written, .. } = writer;
        written.sort_unstable();
        written.dedup();
        let stores = written.into_iter().filter(is_kept).map(|register| (register, values[&register].value));
        let stores = stores.collect();
        let code = recorder.finish(stores);
        let first = registers - tape.registers() as u32;
        let (once, code) = hoisted(&code, tape.registers() as u32, first);
        registers += once.stores.len() as u32;
        before.push(interleaved(&once));
        whole.push((code, rows));
    }
    let mut pieces = Vec::new();
    for (code, mut rows) in whole {
        let (codes, handed) = if rows.is_none() { staged(code, most, registers) } else { (vec![code], 0) };
        registers += handed;
        pieces.extend(codes.iter().map(|code| Piece { code: interleaved(code), rows: rows.take() }));
    }
    Some(Step { before, pieces, columns, registers })
}

/// How many rows a loop goes through.
fn count_of<R: Real>(rows: &Rows<R>, constants: &HashMap<u32, R>) -> Count {
    match constants.get(&rows.count) {
        Some(count) => Count::Fixed(count.to_f64() as usize),
        None => Count::ByLane(rows.count),
    }
}

/// Whether a loop's columns have all the rows that it goes through, which the code does not look at.
fn columns_suffice<R: Real>(rows: &Rows<R>, constants: &HashMap<u32, R>) -> bool {
    let mut columns = rows.columns.iter().filter_map(|(_, values)| values.as_ref());
    match count_of(rows, constants) {
        Count::Fixed(count) => columns.all(|values| count <= values.len()),
        Count::ByLane(_) => columns.next().is_none(),
    }
}

/// The registers that a part reads, and perhaps has written itself.
fn reads<R>(part: &Part<R>) -> Vec<u32> {
    let rows = part.rows.iter();
    let of_loop = rows.flat_map(|rows| rows.sums.iter().map(|sum| sum.total).chain([rows.count]));
    part.code.iter().flat_map(|instruction| instruction.operands).chain(of_loop).collect()
}

/// Writes down what a part does.
struct Writer<'a, R> {
    recorder: &'a Recorder,
    constants: &'a HashMap<u32, R>,
    /// The register of the step's number.
    step: Option<usize>,
    /// Registers that an observer may read and write.
    reserved: usize,
    values: HashMap<u32, Symbol<'a, R>>,
    written: Vec<u32>,
}

impl<'a, R: Real> Writer<'a, R> {
    fn read(&mut self, register: u32) -> Symbol<'a, R> {
        let (recorder, constants, step) = (self.recorder, self.constants, self.step);
        *self.values.entry(register).or_insert_with(|| {
            recorder.push(match constants.get(&register) {
                Some(constant) => Op::Constant(constant.word()),
                None if step == Some(register as usize) => Op::STEP,
                None => Op::Register(register),
            })
        })
    }

    fn write(&mut self, register: u32, value: Symbol<'a, R>) {
        self.values.insert(register, value);
        self.written.push(register);
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let Instruction { op, target, operands } = *instruction;
        let a = self.read(operands[0]);
        let value = match op {
            tape::Op::Move => a,
            tape::Op::Unary(op) => unary(op, a),
            tape::Op::Binary(op) => binary(op, a, self.read(operands[1])),
            tape::Op::Select => {
                let truth = a.compare(Predicate::Ne, a.constant(R::ZERO));
                Symbol::choose(truth, self.read(operands[1]), self.read(operands[2]))
            }
            tape::Op::AddMul => self.read(operands[1]).mul_add(self.read(operands[2]), a),
            tape::Op::SubMul => self.read(operands[1]).neg_mul_add(self.read(operands[2]), a),
            tape::Op::Flip => a.flip(self.read(operands[1])),
            tape::Op::MulSub => {
                let (b, c) = (self.read(operands[1]), self.read(operands[2]));
                self.recorder.push(Op::Fused(Fused::MulSub, b.value, c.value, a.value))
            }
        };
        self.write(target, value);
    }

    fn place_columns(&mut self, rows: &Rows<R>, columns: &mut Vec<Arc<[R]>>) {
        for (register, values) in &rows.columns {
            let op = match values {
                None => Op::Row,
                Some(values) => {
                    columns.push(values.clone());
                    Op::Column(columns.len() as u32 - 1)
                }
            };
            let value = self.recorder.push(op);
            self.values.insert(*register, value);
        }
    }

    /// Adds the row's terms to the sums of its block.
    fn add(&mut self, rows: &Rows<R>) -> Loop {
        let count = count_of(rows, self.constants);
        for sum in &rows.sums {
            let (block, term) = (self.read(sum.block), self.read(sum.term));
            let more = block + term;
            let value = match count {
                Count::Fixed(_) => more,
                Count::ByLane(register) => {
                    let row: Symbol<R> = self.recorder.push(Op::Row);
                    Symbol::choose(row.lt(self.read(register)), more, block)
                }
            };
            self.write(sum.block, value);
        }
        Loop { count, sums: rows.sums.iter().map(|sum| (sum.block, sum.total)).collect() }
    }
}

impl<'a, R: Real> Access for Writer<'a, R> {
    type Lane = Symbol<'a, R>;

    fn get(&mut self, register: usize) -> Symbol<'a, R> {
        assert!(register < self.reserved, "register {register} is not left to the caller");
        self.read(register as u32)
    }

    fn set(&mut self, register: usize, value: Symbol<'a, R>) {
        assert!(register < self.reserved, "register {register} is not left to the caller");
        self.write(register as u32, value);
    }

    fn step(&mut self) -> Symbol<'a, R> {
        self.recorder.push(Op::STEP)
    }

    fn count(&mut self) -> Symbol<'a, R> {
        self.recorder.push(Op::COUNT)
    }
}

fn unary<'a, R: Real>(op: Unary, a: Symbol<'a, R>) -> Symbol<'a, R> {
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Sign => {
            let (zero, one) = (a.constant(R::ZERO), a.constant(R::ONE));
            Symbol::choose(zero.lt(a), one, Symbol::choose(a.lt(zero), a.constant(-R::ONE), a))
        }
        Unary::Sqrt => a.sqrt(),
        Unary::Round => a.round(),
        Unary::Norm => {
            let floor = a.constant(R::from_f64(NORM_FLOOR));
            Symbol::choose(a.lt(floor), floor, a).sqrt()
        }
        _ => R::apply(op.elementary().expect("the others are elementary functions"), a),
    }
}

fn binary<'a, R: Real>(op: Binary, a: Symbol<'a, R>, b: Symbol<'a, R>) -> Symbol<'a, R> {
    let truth = |predicate| Symbol::choose(a.compare(predicate, b), a.constant(R::ONE), a.constant(R::ZERO));
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => R::power(a, b),
        Binary::Lt => truth(Predicate::Lt),
        Binary::Le => truth(Predicate::Le),
        Binary::Eq => truth(Predicate::Eq),
        Binary::Ne => truth(Predicate::Ne),
    }
}
