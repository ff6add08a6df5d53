//! What can be known of the data before anything runs, worked out once in f64.

use std::collections::{HashMap, HashSet};

use super::data::Column;
use super::graph::{Graph, Id, Node};

/// For nodes that depend on the row alone, their values in all rows.
type Known = HashMap<Id, Vec<f64>>;

impl Graph {
    /// Copies `roots` to a graph in which everything that depends on the row alone is a column, and a
    /// mean of such a column a number. Where the number of rows is a quantity, nothing is known yet.
    pub fn tabulate(&self, roots: &[Id]) -> (Graph, Vec<Id>) {
        if self.columns().is_empty() {
            return (self.clone(), roots.to_vec());
        }
        let order = self.reachable(roots);
        let known = self.known_by_row(&order);
        let needed: HashSet<Id> = (order.iter().filter(|id| !known.contains_key(id)))
            .flat_map(|id| self.node(*id).operands())
            .collect();
        let mut target = Graph::default();
        let mut copied: HashMap<Id, Id> = HashMap::new();
        for id in order {
            let copy = match self.node(id) {
                Node::Mean(a, _) if known.contains_key(&a) => {
                    let values = &known[&a];
                    target.constant(values.iter().sum::<f64>() / values.len() as f64)
                }
                Node::Row(_) => self.copy(&mut target, self.node(id), |id| copied[&id]),
                _ if known.contains_key(&id) && !needed.contains(&id) => continue,
                _ if known.contains_key(&id) => {
                    let name = format!("column{}", target.columns().len());
                    target.row(&Column::Listed { name, values: known[&id].as_slice().into() })
                }
                node => self.copy(&mut target, node, |id| copied[&id]),
            };
            copied.insert(id, copy);
        }
        (target, roots.iter().map(|root| copied[root]).collect())
    }

    fn known_by_row(&self, order: &[Id]) -> Known {
        let mut known = Known::new();
        let rows = order.iter().find_map(|&id| match self.node(id) {
            Node::Mean(_, count) => self.value(count),
            _ => None,
        });
        let Some(rows) = rows.map(|rows| rows as usize) else { return known };
        for &id in order.iter().filter(|id| self.varies_by_row(**id)) {
            let node = self.node(id);
            if !node.operands().all(|o| known.contains_key(&o) || self.value(o).is_some()) {
                continue;
            }
            let at = |id: Id, row: usize| {
                known.get(&id).map_or_else(|| self.value(id).unwrap_or(f64::NAN), |v| v[row])
            };
            let value = |row: usize| match node {
                Node::Row(place) => self.columns()[place as usize].value(row),
                Node::Unary(op, a) => op.eval(at(a, row)),
                Node::Binary(op, a, b) => op.eval(at(a, row), at(b, row)),
                Node::Select(c, a, b) => at(if at(c, row) != 0.0 { a } else { b }, row),
                Node::Const(_) | Node::Input(_) | Node::Mean(..) => {
                    unreachable!("{node:?} is the same in all rows")
                }
            };
            let values = (0..rows).map(value).collect();
            known.insert(id, values);
        }
        known
    }
}
