//! Equal bins that the values of an observable are sorted into.

use crate::experiment::Axis;
use crate::formula::{Graph, Id, Unary};

/// A range of values, cut into bins of equal width, on a linear or a logarithmic scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// The quantity that is binned, and its ends.
    pub range: Axis,
    /// How many bins there are.
    pub count: u32,
}

impl Bins {
    /// Shape `[count + 1]`: where the bins begin, ascending, and where the last one ends.
    pub fn edges(&self) -> Vec<f64> {
        self.range.values(self.count + 1)
    }

    /// Adds to `graph` where a value lies among the bins: from `k` to `k + 1` in bin number `k`, below 0 or
    /// above `count` outside the range.
    pub fn position(&self, graph: &mut Graph, value: Id) -> Id {
        let Axis { from, to, log, .. } = self.range;
        let place = |v: f64| if log { v.ln() } else { v };
        let value = if log { graph.unary(Unary::Log, value) } else { value };
        let from_place = graph.constant(place(from));
        let bins_per_unit = graph.constant(f64::from(self.count) / (place(to) - place(from)));
        let above = graph.sub(value, from_place);
        graph.mul(above, bins_per_unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every edge is where its own position says, and the middle of a bin is inside it.
    #[test]
    fn edges_and_positions_agree() {
        for range in ["v = -3 .. 5", "v = 0.001 .. 20 : log"] {
            let bins = Bins { range: range.parse().unwrap(), count: 40 };
            let edges = bins.edges();
            let position = |value: f64| {
                let mut graph = Graph::default();
                let value = graph.constant(value);
                let root = bins.position(&mut graph, value);
                graph.value(root).unwrap()
            };
            assert_eq!(edges.len(), 41);
            for (k, pair) in edges.windows(2).enumerate() {
                assert!((position(pair[0]) - k as f64).abs() < 1e-11, "{range}: {k}");
                assert_eq!(position(0.5 * (pair[0] + pair[1])).floor(), k as f64, "{range}");
            }
            assert!(position(edges[0] * if edges[0] < 0.0 { 1.1 } else { 0.9 }) < 0.0);
            assert!(position(edges[40] * 1.1) > 40.0);
        }
    }
}
