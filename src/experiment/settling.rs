//! When a learning rate that is a formula stops changing.

use super::sweep::{Sweep, Swept, combinations};
use crate::formula::{Binary, Graph, Id, LANES, Node, Register, Unary};

/// When a learning rate stops changing, in all cells of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// From this step on it is what it stays.
    At(u32),
    /// From this step on it has no jumps, and changes to the end.
    Smoothly(u32),
    /// It may jump at any step.
    Never,
}

impl Settling {
    /// Steps before the fate is looked for, of a budget of `steps`: those in which the learning rate changes, or
    /// where it changes to the end, all but the last tenth.
    pub fn settled(self, steps: u32) -> u32 {
        let tail = steps - steps / 10;
        match self {
            Settling::At(step) => step.min(steps),
            Settling::Smoothly(step) => step.max(tail).min(steps),
            Settling::Never => tail,
        }
    }
}

/// A step that no budget comes to.
const HORIZON: u32 = u32::MAX;

/// How a node depends on the step, all else being fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Not at all.
    Free,
    /// It is a multiple of the step and a constant.
    Affine,
    /// It only grows, or only falls.
    Monotone,
    Other,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
struct Known {
    kind: Kind,
    /// Whether it stays what it is, once the last of the known changes is over.
    settles: bool,
    /// Whether it may jump at steps that are not known.
    jumps: bool,
    /// Whether it depends on a coordinate of the orbit, which is not known before.
    by_orbit: bool,
}

/// When `root` stops changing with its input `t`. The other inputs are those of `swept`, or else coordinates.
///
/// A comparison whose two sides differ by something that only grows or only falls with the step, such as
/// `t < drop`, `t/2 + 10 >= 3*drop` or `exp(-t/100) < floor`, changes once: in each cell that step is found
/// by bisection, and the last one counts. A choice is settled when its condition and the branch that is
/// then taken are.
pub(super) fn settling(graph: &Graph, root: Id, swept: &[Swept]) -> Settling {
    let mut analysis = Analysis { graph: graph.clone(), swept, known: Vec::new(), last: 0 };
    analysis.known =
        vec![Known { kind: Kind::Free, settles: true, jumps: false, by_orbit: false }; analysis.graph.len()];
    for id in graph.reachable(&[root]) {
        analysis.known[id.index()] = analysis.judge(id);
    }
    match analysis.of(root) {
        Known { jumps: true, .. } => Settling::Never,
        Known { settles: true, .. } => Settling::At(analysis.last),
        _ => Settling::Smoothly(analysis.last),
    }
}

struct Analysis<'a> {
    graph: Graph,
    swept: &'a [Swept],
    known: Vec<Known>,
    /// The step from which everything that has been judged to settle is settled.
    last: u32,
}

impl Analysis<'_> {
    fn of(&self, id: Id) -> Known {
        self.known[id.index()]
    }

    fn judge(&mut self, id: Id) -> Known {
        let node = self.graph.node(id);
        let all: Vec<Known> = node.operands().map(|o| self.of(o)).collect();
        let joined = Known {
            kind: self.kind(id),
            settles: all.iter().all(|k| k.settles),
            jumps: all.iter().any(|k| k.jumps),
            by_orbit: all.iter().any(|k| k.by_orbit),
        };
        match node {
            Node::Input(place) => match self.graph.inputs()[place as usize].as_str() {
                "t" => Known { settles: false, ..joined },
                name => Known { by_orbit: !self.swept.iter().any(|s| s.name == name), ..joined },
            },
            Node::Binary(Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne, a, b) if !joined.settles => {
                self.comparison(id, (a, b), joined)
            }
            Node::Unary(Unary::Sign, a) if !joined.settles => {
                let zero = self.graph.constant(0.0);
                self.comparison(id, (a, zero), joined)
            }
            Node::Select(c, a, b) => self.choice((c, a, b), joined),
            _ => joined,
        }
    }

    /// Something that jumps where `a - b` crosses 0.
    fn comparison(&mut self, id: Id, (a, b): (Id, Id), joined: Known) -> Known {
        let kinds = [self.graph_kind(a), self.graph_kind(b)];
        if joined.by_orbit || joined.jumps || difference(kinds) > Kind::Monotone {
            return Known { jumps: true, ..joined };
        }
        let locator = match self.graph.node(id) {
            // Equal at one step at most: it has settled when the sign of the difference has.
            Node::Binary(Binary::Eq | Binary::Ne, a, b) => {
                let difference = self.graph.sub(a, b);
                self.graph.unary(Unary::Sign, difference)
            }
            _ => id,
        };
        let leaf = |id: Id| matches!(self.graph.node(id), Node::Const(_) | Node::Input(_));
        let change = last_change(&self.graph, locator, self.swept);
        // A bound that is worked out is rounded otherwise in other precisions, and on a GPU.
        let margin = if change == 0 || (leaf(a) && leaf(b)) { 0 } else { 2 + (change >> 20) };
        self.last = self.last.max(change.saturating_add(margin));
        Known { settles: true, ..joined }
    }

    fn choice(&mut self, (c, a, b): (Id, Id, Id), joined: Known) -> Known {
        let (condition, yes, no) = (self.of(c), self.of(a), self.of(b));
        if condition.jumps || !condition.settles {
            // The lesser or larger of two has no jump where they meet.
            let meets = matches!(self.graph.node(c), Node::Binary(Binary::Lt | Binary::Le, p, q)
                if (p, q) == (a, b) || (p, q) == (b, a));
            let jumps = !meets || yes.jumps || no.jumps;
            return Known { jumps, settles: false, ..joined };
        }
        // In the end it is one of its branches, in all cells the same or not.
        let taken = if condition.by_orbit { None } else { common_end(&self.graph, c, self.swept) };
        let settles = match taken {
            Some(true) => yes.settles,
            Some(false) => no.settles,
            None => yes.settles && no.settles,
        };
        let jumps = match taken {
            Some(true) => yes.jumps,
            Some(false) => no.jumps,
            None => yes.jumps || no.jumps || (condition.by_orbit && !settles),
        };
        Known { settles, jumps, ..joined }
    }

    fn graph_kind(&self, id: Id) -> Kind {
        self.known.get(id.index()).map_or(Kind::Free, |k| k.kind)
    }

    fn kind(&self, id: Id) -> Kind {
        use Kind::{Affine, Free, Monotone, Other};
        let node = self.graph.node(id);
        let is_t = |id: Id| match self.graph.node(id) {
            Node::Input(place) => self.graph.inputs()[place as usize] == "t",
            _ => false,
        };
        if is_t(id) {
            return Affine;
        }
        if node.operands().all(|o| self.graph_kind(o) == Free) {
            return Free;
        }
        let of = |id| self.graph_kind(id);
        match node {
            Node::Unary(Unary::Neg, a) => of(a),
            Node::Unary(op, a) => {
                let grows = match op {
                    Unary::Exp
                    | Unary::Expm1
                    | Unary::Tanh
                    | Unary::Atan
                    | Unary::Sigmoid
                    | Unary::Softplus => of(a) <= Monotone,
                    // Where they are defined: at the step itself, everywhere.
                    Unary::Sqrt | Unary::Log | Unary::Log1p => is_t(a),
                    _ => false,
                };
                if grows { Monotone } else { Other }
            }
            Node::Binary(Binary::Add | Binary::Sub, a, b) => difference([of(a), of(b)]),
            Node::Binary(Binary::Mul, a, b) => match (of(a), of(b)) {
                (Free, kind) | (kind, Free) => kind,
                _ if is_t(a) && is_t(b) => Monotone,
                _ => Other,
            },
            Node::Binary(Binary::Div, a, b) => match (of(a), of(b)) {
                (kind, Free) => kind,
                (Free, _) if is_t(b) => Monotone,
                _ => Other,
            },
            Node::Binary(Binary::Pow, a, b) if is_t(a) && of(b) == Free => Monotone,
            Node::Select(c, a, b) if of(c) == Free && !self.of(c).by_orbit => of(a).max(of(b)),
            _ => Other,
        }
    }
}

/// How the sum or the difference of two nodes depends on the step.
fn difference(kinds: [Kind; 2]) -> Kind {
    match kinds {
        [Kind::Free, kind] | [kind, Kind::Free] => kind,
        [Kind::Affine, Kind::Affine] => Kind::Affine,
        _ => Kind::Other,
    }
}

/// The first step from which `node` is what it stays in every cell, if it never turns back to an earlier
/// value.
fn last_change(graph: &Graph, node: Id, swept: &[Swept]) -> u32 {
    let mut sweep = Sweep::new(graph, node, swept);
    let mut last = 0;
    for start in (0..combinations(swept)).step_by(LANES) {
        let lanes = sweep.load(start);
        let end = sweep.at(f64::from(HORIZON)).to_vec();
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        // In each lane the last change is after the first number and not after the second.
        let mut between: Vec<(u32, u32)> = (sweep.at(f64::from(last)).iter().zip(&end))
            .map(|(&now, &end)| if same(now, end) { (last, last) } else { (last, HORIZON) })
            .collect();
        while between.iter().any(|(from, to)| to - from > 1) {
            let middle = |(from, to): (u32, u32)| from + (to - from) / 2;
            let mut steps = Register::splat(0.0);
            (0..lanes).for_each(|lane| steps[lane] = f64::from(middle(between[lane])));
            let now = sweep.at_steps(&steps);
            for (lane, range) in between.iter_mut().enumerate().filter(|(_, range)| range.1 - range.0 > 1) {
                let at = middle(*range);
                *range = if same(now[lane], end[lane]) { (range.0, at) } else { (at, range.1) };
            }
        }
        last = between.iter().fold(last, |last, (_, to)| last.max(*to));
    }
    last
}

/// Whether a condition holds in the end, if it is the same in all cells.
fn common_end(graph: &Graph, condition: Id, swept: &[Swept]) -> Option<bool> {
    let mut sweep = Sweep::new(graph, condition, swept);
    let mut found = None;
    for start in (0..combinations(swept)).step_by(LANES) {
        sweep.load(start);
        for value in sweep.at(f64::from(HORIZON)) {
            match found {
                None => found = Some(*value != 0.0),
                Some(earlier) if earlier != (*value != 0.0) => return None,
                Some(_) => {}
            }
        }
    }
    found
}
