//! What can be known of the data before anything runs, worked out once in f64.

use std::collections::{HashMap, HashSet};

use super::data::Column;
use super::graph::{Graph, Id, Node};

/// Most numbers in all the columns that are worked out: what every device can bind in f64.
const NUMBERS_MAX: usize = 1 << 24;

/// What depends on the row alone.
struct ByRow {
    nodes: HashSet<Id>,
    rows: usize,
}

impl Graph {
    /// Copies `roots` to a graph in which everything that depends on the row alone is a column, and a
    /// mean of such a column a number. Where the number of rows is a quantity, nothing is known yet; where the
    /// columns would have too many numbers, steps work them out.
    pub fn tabulate(&self, roots: &[Id]) -> (Graph, Vec<Id>) {
        if self.columns().is_empty() {
            return (self.clone(), roots.to_vec());
        }
        let by_row = self.by_row(roots);
        let is_known = |id: Id| by_row.nodes.contains(&id);
        let is_number = |id: Id| matches!(self.node(id), Node::Mean(a, _) if is_known(a));
        let needed = self.reachable_through(roots, |id| !is_known(id) && !is_number(id));
        let is_made = |id: &Id| is_known(*id) && !matches!(self.node(*id), Node::Row(_));
        let columns: Vec<Id> = needed.iter().copied().filter(is_made).collect();
        let (needed, columns) = match columns.len() * by_row.rows <= NUMBERS_MAX {
            true => (needed, columns),
            false => (self.reachable_through(roots, |id| !is_number(id)), Vec::new()),
        };
        let numbers: Vec<Id> = needed.iter().copied().filter(|id| is_number(*id)).collect();
        let (mut columns, numbers) = self.worked_out(by_row.rows, columns, numbers);
        let mut target = Graph::default();
        let mut copied: HashMap<Id, Id> = HashMap::new();
        for id in needed {
            let copy = if let Some(value) = numbers.get(&id) {
                target.constant(*value)
            } else if let Some(values) = columns.remove(&id) {
                let name = format!("column{}", target.columns().len());
                target.row(&Column::Listed { name, values: values.into() })
            } else {
                self.copy(&mut target, self.node(id), |id| copied[&id])
            };
            copied.insert(id, copy);
        }
        (target, roots.iter().map(|root| copied[root]).collect())
    }

    fn by_row(&self, roots: &[Id]) -> ByRow {
        let order = self.reachable(roots);
        let rows = order.iter().find_map(|&id| match self.node(id) {
            Node::Mean(_, count) => self.value(count),
            _ => None,
        });
        let mut nodes = HashSet::new();
        for &id in order.iter().filter(|id| rows.is_some() && self.varies_by_row(**id)) {
            if self.node(id).operands().all(|o| nodes.contains(&o) || self.value(o).is_some()) {
                nodes.insert(id);
            }
        }
        ByRow { nodes, rows: rows.unwrap_or(0.0) as usize }
    }

    /// The values of `columns` in all rows, and of the means `numbers`, of nodes that depend on the row alone. Row by
    /// row, so that what they are made of takes no memory.
    fn worked_out(
        &self,
        rows: usize,
        columns: Vec<Id>,
        numbers: Vec<Id>,
    ) -> (HashMap<Id, Vec<f64>>, HashMap<Id, f64>) {
        let of = |mean: Id| self.node(mean).operands().next().unwrap_or(mean);
        let wanted: Vec<Id> = columns.iter().copied().chain(numbers.iter().map(|&id| of(id))).collect();
        let order = self.reachable(&wanted);
        let mut now = vec![f64::NAN; self.len()];
        for &id in &order {
            now[id.index()] = self.value(id).unwrap_or(f64::NAN);
        }
        let varying: Vec<Id> = order.into_iter().filter(|&id| self.varies_by_row(id)).collect();
        let mut listed = vec![Vec::with_capacity(rows); columns.len()];
        let mut sums = vec![0.0; numbers.len()];
        for row in 0..rows {
            for &id in &varying {
                let at = |id: Id| now[id.index()];
                now[id.index()] = match self.node(id) {
                    Node::Row(place) => self.columns()[place as usize].value(row),
                    Node::Unary(op, a) => op.eval(at(a)),
                    Node::Binary(op, a, b) => op.eval(at(a), at(b)),
                    Node::Select(c, a, b) => at(if at(c) != 0.0 { a } else { b }),
                    node @ (Node::Const(_) | Node::Input(_) | Node::Mean(..)) => {
                        unreachable!("{node:?} is the same in all rows")
                    }
                };
            }
            columns.iter().zip(&mut listed).for_each(|(id, values)| values.push(now[id.index()]));
            numbers.iter().zip(&mut sums).for_each(|(&id, sum)| *sum += now[of(id).index()]);
        }
        let means = numbers.into_iter().zip(sums.into_iter().map(|sum| sum / rows as f64));
        (columns.into_iter().zip(listed).collect(), means.collect())
    }
}
