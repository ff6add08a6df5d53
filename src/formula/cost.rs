//! How much arithmetic a formula is: what a device's speed can be compared with.

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};
use super::schedule::Step;

impl Unary {
    /// Additions, multiplications, divisions and roots of one evaluation, one each. A function counts as its
    /// polynomial and the reduction of its argument in `math/` in f32, in f64 too; what only moves bits
    /// (`abs`, `sign`, a change of sign) counts nothing.
    pub fn operations(self) -> u32 {
        match self {
            Unary::Neg | Unary::Abs | Unary::Sign | Unary::Round => 0,
            Unary::Sqrt | Unary::Norm => 1,
            Unary::Atan => 20,
            Unary::Exp | Unary::Log => 21,
            Unary::Expm1 | Unary::Log1p | Unary::Sigmoid => 23,
            Unary::Tanh => 37,
            Unary::Sin | Unary::Cos => 38,
            Unary::Tan => 39,
            Unary::Softplus => 44,
        }
    }
}

impl Binary {
    /// As [`Unary::operations`]; comparisons count nothing.
    pub fn operations(self) -> u32 {
        match self {
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div => 1,
            Binary::Pow => 62,
            Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne => 0,
        }
    }
}

impl Graph {
    /// Operations that compute `roots` once, where every mean goes through as many rows as `rows` says of its
    /// count: those of the nodes, and for each row of a mean one addition.
    pub fn operations(&self, roots: &[Id], rows: impl Fn(Id) -> f64) -> f64 {
        let of_node = |id: Id| {
            f64::from(match self.node(id) {
                Node::Unary(op, _) => op.operations(),
                Node::Binary(op, ..) => op.operations(),
                // The division of the sum by the number of rows.
                Node::Mean(..) => 1,
                Node::Const(_) | Node::Input(_) | Node::Select(..) | Node::Row(_) => 0,
            })
        };
        let of_step = |step: Step| match step {
            Step::Node(id) => of_node(id),
            Step::Rows(pass) => {
                let each: f64 = pass.nodes.iter().map(|&id| of_node(id)).sum();
                rows(pass.count) * (each + pass.means.len() as f64)
            }
        };
        self.schedule(roots).into_iter().map(of_step).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{Scope, lower, parse};

    fn operations(source: &str) -> f64 {
        let mut graph = Graph::default();
        let root = lower(&mut graph, &Scope::default(), &parse(source).unwrap(), source).unwrap();
        graph.operations(&[root], |_| f64::NAN)
    }

    #[test]
    fn arithmetic_counts_one_and_moving_bits_nothing() {
        assert_eq!(operations("a + b*c - d/e"), 4.0);
        assert_eq!(operations("sqrt(a) + abs(b)"), 2.0);
        assert_eq!(operations("if(a < b, a, -b)"), 0.0);
        // What is said twice is computed once.
        assert_eq!(operations("(a + b) * log1p(a + b)"), 1.0 + 1.0 + 23.0);
    }

    #[test]
    fn a_step_on_rows_counts_every_row() {
        let plan = crate::bench::Case::find("relu-data").unwrap().steps_plan([2, 2], 1, Default::default());
        let descent = plan.unwrap().descent;
        let of = |rows: f64| descent.graph.operations(&descent.next, |_| rows);
        let each = of(2.0) - of(1.0);
        assert!(each >= 2.0 && of(100.0) == of(1.0) + 99.0 * each, "{each}");
    }
}
