//! What trajectories visit, counted; the twin of `shaders/density.wgsl`.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use multiversion::multiversion;
use rayon::prelude::*;

use super::block::Formulas;
use super::draw::{Draws, draw};
use super::observe::larger;
use crate::engine::{Cells, Density, Seconds, Watch};
use crate::formula::{CHUNK, Isa, LANES, Register, Stepper, chunk, put};
use crate::math::Real;
use crate::plan::Plan;

/// Columns that a thread takes on together: their counts stay in its cache, and neighbouring lanes count in
/// different places.
const COLUMNS: usize = LANES;
/// Pieces of work for each thread.
const PIECES: usize = 4;

/// Counts on all cores.
pub fn density<R: Real>(
    plan: &Plan,
    watch: &Watch,
    cells: &Cells,
    progress: &(dyn Fn(u64) + Sync),
) -> Density {
    let started = Instant::now();
    let program = Program::<R>::new(plan);
    let compile = started.elapsed().as_secs_f64();
    let rows = watch.bins as usize + Density::OTHERS;
    let (width, dims) = (plan.across.len(), plan.initial.len());
    let all = Mutex::new(Density {
        visits: vec![0; rows * width],
        ends: vec![f64::NAN; if watch.warm.is_some() { plan.cells() * dims } else { 0 }],
        ..Density::default()
    });
    let wanted = Wanted::new(plan, cells);
    let done = AtomicU64::new(0);
    pieces(plan, watch).into_par_iter().for_each(|piece| {
        let mut counter = Counter::<R>::new(plan, &program, watch, piece.columns.clone());
        let followed = match watch.warm {
            None => counter.each_from_its_start(&piece, &wanted),
            Some(_) => counter.through_all_columns(&piece),
        };
        if let Ok(mut all) = all.lock() {
            counter.add_to(&mut all);
        }
        progress(done.fetch_add(followed, Ordering::Relaxed) + followed);
    });
    let mut density = all.into_inner().unwrap_or_default();
    density.seconds = Seconds { compile, run: started.elapsed().as_secs_f64() - compile, readback: 0.0 };
    density
}

/// The values of the observable, which is not sorted into bins, before each step of `runs`, which ascend, on the
/// orbits of `cells`: shape `[cells, steps of all runs]`; NaN outside the escape radius.
pub fn sample(plan: &Plan, runs: &[Range<u32>], cells: &[u32]) -> Vec<f64> {
    use crate::experiment::Precision;
    fn sample<R: Real>(plan: &Plan, runs: &[Range<u32>], cells: &[u32]) -> Vec<f64> {
        let program = Program::<R>::new(plan);
        // Nothing is counted.
        let watch = Watch { transient: 0, steps: 0, bins: 0, warm: None };
        let parts = cells.par_chunks(LANES).map(|cells| {
            let mut counter = Counter::new(plan, &program, &watch, 0..0);
            counter.start(cells);
            counter.values(runs, cells.len())
        });
        parts.collect::<Vec<_>>().concat()
    }
    match plan.precision {
        Precision::F32 => sample::<f32>(plan, runs, cells),
        Precision::F64 => sample::<f64>(plan, runs, cells),
    }
}

/// Which cells are asked for.
struct Wanted(Option<Vec<bool>>);

impl Wanted {
    fn new(plan: &Plan, cells: &Cells) -> Self {
        let Cells::Listed(listed) = cells else { return Self(None) };
        let mut wanted = vec![false; plan.cells()];
        listed.iter().for_each(|&cell| wanted[cell as usize] = true);
        Self(Some(wanted))
    }

    fn has(&self, cell: usize) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted[cell])
    }
}

/// A rectangle of cells that one thread takes on.
struct Piece {
    columns: Range<usize>,
    rows: Range<usize>,
}

fn pieces(plan: &Plan, watch: &Watch) -> Vec<Piece> {
    let (width, height) = (plan.across.len(), plan.up.len());
    let wanted = PIECES * rayon::current_num_threads();
    let columns = match watch.warm {
        None => width.div_ceil(wanted).min(COLUMNS),
        Some(_) => width,
    };
    let rows = height.div_ceil(wanted.div_ceil(width.div_ceil(columns)));
    // Fewer orbits than the processor does at once gain nothing.
    let rows = if watch.warm.is_some() { rows.clamp(CHUNK, LANES) } else { rows };
    let parts = |length: usize, step: usize| {
        (0..length).step_by(step).map(move |from| from..length.min(from + step)).collect::<Vec<_>>()
    };
    let pieces = parts(width, columns).into_iter().flat_map(|columns| {
        parts(height, rows).into_iter().map(move |rows| Piece { columns: columns.clone(), rows })
    });
    pieces.collect()
}

/// A descent's steps, with and without what is observed, in one layout of registers.
struct Program<R> {
    advance: Stepper<R>,
    /// The state after a step, and what is observed of the one before it.
    observe: Stepper<R>,
    observed: usize,
    dims: usize,
    variables: usize,
    draws: Draws,
    seed: u32,
}

impl<R: Real> Program<R> {
    fn new(plan: &Plan) -> Self {
        let (formulas, descent) = (Formulas::new(plan).0, &plan.descent);
        let observed = descent.observed.map(|observed| (observed, formulas.loss));
        let stepper = |more| Stepper::new(formulas.tape(more), (), Isa::chosen());
        Self {
            advance: stepper(None),
            observe: stepper(observed),
            observed: formulas.loss,
            dims: descent.state.len(),
            variables: descent.variables,
            draws: formulas.draws(),
            seed: plan.seed,
        }
    }
}

/// A block of trajectories.
struct Block<R> {
    registers: Vec<Register<R>>,
    /// The number of each lane's trajectory.
    trajectories: [u32; LANES],
}

/// A block of trajectories, and what has been counted in some columns.
struct Counter<'a, R> {
    plan: &'a Plan,
    program: &'a Program<R>,
    watch: &'a Watch,
    block: Block<R>,
    escape: R,
    columns: Range<usize>,
    /// Column by column, of each the rows of [`Density::visits`].
    visits: Vec<u32>,
    /// Where the counts of each lane's column begin.
    bases: [usize; LANES],
    /// Cells and the states that their trajectories have come to.
    ends: Vec<(u32, Vec<f64>)>,
}

impl<'a, R: Real> Counter<'a, R> {
    fn new(plan: &'a Plan, program: &'a Program<R>, watch: &'a Watch, columns: Range<usize>) -> Self {
        let rows = watch.bins as usize + Density::OTHERS;
        Self {
            plan,
            program,
            watch,
            block: Block {
                registers: vec![
                    Register::splat(R::ZERO);
                    program.advance.registers().max(program.observe.registers())
                ],
                trajectories: [0; LANES],
            },
            escape: R::from_f64(plan.rules.escape),
            visits: vec![0; rows * columns.len()],
            columns,
            bases: [0; LANES],
            ends: Vec::new(),
        }
    }

    /// Follows each cell's trajectory from its own start, and says how many there were.
    fn each_from_its_start(&mut self, piece: &Piece, wanted: &Wanted) -> u64 {
        let width = self.plan.across.len();
        let cells = piece.rows.clone().flat_map(|i| piece.columns.clone().map(move |j| i * width + j));
        let cells: Vec<u32> = cells.filter(|cell| wanted.has(*cell)).map(|cell| cell as u32).collect();
        for cells in cells.chunks(LANES) {
            self.start(cells);
            self.count(cells.len());
        }
        cells.len() as u64
    }

    /// Follows one orbit for each row through all columns, and says how many cells that are.
    fn through_all_columns(&mut self, piece: &Piece) -> u64 {
        let width = self.plan.across.len();
        let order = self.watch.warm.map(|warm| warm.columns(width)).unwrap_or_default();
        for (k, j) in order.iter().enumerate() {
            let cells: Vec<u32> = piece.rows.clone().map(|i| (i * width + j) as u32).collect();
            if k == 0 {
                self.start(&cells)
            } else {
                self.enter(&cells)
            }
            self.count(cells.len());
            for (lane, &cell) in cells.iter().enumerate() {
                let state = (0..self.program.dims).map(|d| self.block.registers[d][lane].to_f64());
                self.ends.push((cell, state.collect()));
            }
        }
        (piece.rows.len() * width) as u64
    }

    /// Puts the trajectories of `cells` at their starts; lanes without one repeat the last.
    fn start(&mut self, cells: &[u32]) {
        for (d, &source) in self.plan.initial.iter().enumerate() {
            for lane in 0..LANES {
                let cell = cells[lane.min(cells.len() - 1)] as usize;
                self.block.registers[d][lane] = R::from_f64(self.plan.value(source, cell));
            }
        }
        self.bind(cells);
    }

    /// Gives the lanes the quantities and the columns of `cells`.
    fn bind(&mut self, cells: &[u32]) {
        let rows = self.watch.bins as usize + Density::OTHERS;
        for lane in 0..LANES {
            let cell = cells[lane.min(cells.len() - 1)];
            for (q, &source) in self.plan.quantities.iter().enumerate() {
                let value = R::from_f64(self.plan.value(source, cell as usize));
                self.block.registers[2 * self.program.dims + q][lane] = value;
            }
            self.block.trajectories[lane] = cell;
            let column = cell as usize % self.plan.across.len();
            self.bases[lane] = column.saturating_sub(self.columns.start) * rows;
        }
    }

    /// Lets the orbits, as they are, enter `cells`.
    fn enter(&mut self, cells: &[u32]) {
        let nudge: Vec<R> = self.plan.nudge().into_iter().map(R::from_f64).collect();
        for (lane, &cell) in cells.iter().enumerate() {
            let reach = (0..self.program.variables)
                .fold(R::ZERO, |reach, d| larger(reach, self.block.registers[d][lane].abs()));
            let is_inside = reach <= self.escape;
            for d in 0..self.program.dims {
                let x = &mut self.block.registers[d][lane];
                *x = match nudge.get(d) {
                    _ if !is_inside => R::from_f64(self.plan.value(self.plan.initial[d], cell as usize)),
                    Some(moved) => *x + *moved,
                    None => *x,
                };
            }
        }
        self.bind(cells);
    }

    /// Follows the trajectories of the first `lanes` lanes and counts.
    fn count(&mut self, lanes: usize) {
        let Self { program, block, watch, visits, bases, .. } = self;
        let top = watch.bins as usize;
        advance(program, block, 0..watch.transient, lanes);
        for t in watch.transient..watch.steps {
            let rows = step(program, block, self.escape, (t, top), lanes);
            for (row, base) in rows[..lanes].iter().zip(bases.iter()) {
                visits[base + *row as usize] += 1;
            }
        }
    }

    /// Follows the trajectories of the first `lanes` lanes and notes what is observed before each step of `runs`.
    fn values(&mut self, runs: &[Range<u32>], lanes: usize) -> Vec<f64> {
        let Self { program, block, .. } = self;
        let count: usize = runs.iter().map(|run| run.len()).sum();
        let mut values = vec![f64::NAN; lanes * count];
        let (mut taken, mut k) = (0, 0);
        for run in runs {
            advance(program, block, taken..run.start, lanes);
            taken = run.end;
            for t in run.clone() {
                // With no bins, the third of the other rows is that of what is not counted.
                let rows = step(program, block, self.escape, (t, 0), lanes);
                let observed = &block.registers[program.observed];
                for lane in (0..lanes).filter(|lane| rows[*lane] < 2) {
                    values[lane * count + k] = observed[lane].to_f64();
                }
                k += 1;
            }
        }
        values
    }

    fn add_to(&self, all: &mut Density) {
        let (width, dims) = (self.plan.across.len(), self.program.dims);
        let rows = self.watch.bins as usize + Density::OTHERS;
        for (column, visits) in self.columns.clone().zip(self.visits.chunks_exact(rows)) {
            visits.iter().enumerate().for_each(|(row, count)| all.visits[row * width + column] += count);
        }
        for (cell, state) in &self.ends {
            all.ends[*cell as usize * dims..][..dims].copy_from_slice(state);
        }
    }
}

/// Takes `steps`, unobserved, and makes ready for those that follow.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
fn advance<R: Real>(program: &Program<R>, block: &mut Block<R>, steps: Range<u32>, lanes: usize) {
    let chunks = lanes.div_ceil(CHUNK);
    program.advance.load_constants(&mut block.registers);
    // Nothing is done between steps without noise.
    let run = if program.draws.is_empty() { steps.len().max(1) } else { 1 };
    for t in steps.step_by(run) {
        begin(program, block, t, chunks);
        program.advance.run(&mut block.registers, chunks, t..t + run as u32, 1);
    }
    program.observe.load_constants(&mut block.registers);
}

/// Takes step `t` and gives each lane's row in [`Density::visits`], with `top` bins, for the state before it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma+bmi1+bmi2"))]
fn step<R: Real>(
    program: &Program<R>,
    block: &mut Block<R>,
    escape: R,
    (t, top): (u32, usize),
    lanes: usize,
) -> [u32; LANES] {
    let chunks = lanes.div_ceil(CHUNK);
    begin(program, block, t, chunks);
    let mut reach = Register::splat(R::ZERO);
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let mut largest = [R::ZERO; CHUNK];
        for d in 0..program.variables {
            let x = chunk(&block.registers[d], at);
            for i in 0..CHUNK {
                largest[i] = larger(largest[i], x[i].abs());
            }
        }
        put(&mut reach, at, largest);
    }
    program.observe.run(&mut block.registers, chunks, t..t + 1, 1);
    let (last, below) = (R::from_f64(top as f64), -R::ONE);
    let mut rows = [top as u32 + 2; LANES];
    for at in (0..chunks * CHUNK).step_by(CHUNK) {
        let (place, reach) = (chunk(&block.registers[program.observed], at), chunk(&reach, at));
        for i in 0..CHUNK {
            let p = place[i];
            let p = if p < below { below } else { p };
            let p = if p > last { last } else { p };
            #[expect(clippy::eq_op, reason = "a comparison with itself says whether it is a NaN")]
            let is_counted = (reach[i] <= escape) & (p == p);
            let p = if is_counted { p } else { last + R::ONE };
            rows[at + i] = (p + R::ONE).to_f64() as u32;
        }
    }
    rows
}

#[inline(always)]
fn begin<R: Real>(program: &Program<R>, block: &mut Block<R>, t: u32, chunks: usize) {
    if !program.draws.is_empty() {
        draw(&program.draws, &mut block.registers, chunks, (program.seed, t), &block.trajectories);
    }
}
