//! The formula graph: every distinct subexpression once.
//!
//! Nodes are hash-consed, so equal expressions share one node and an operand always has a smaller
//! [`Id`] than the node that uses it. The constructors in `simplify.rs` are the only way in.

use std::collections::HashMap;

use super::data::Column;
use super::operation::{Binary, Unary};

/// A node's place in its [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) u32);

impl Id {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The bits of an f64.
    Const(u64),
    /// A named quantity, by its place in [`Graph::inputs`].
    Input(u32),
    /// A function of another node.
    Unary(Unary, Id),
    /// A function of two.
    Binary(Binary, Id, Id),
    /// `if(condition, a, b)`: `a` where the condition is not 0.
    Select(Id, Id, Id),
    /// What a row of the data holds in a column, by its place in [`Graph::columns`].
    Row(u32),
    /// `mean(row in data: a)` over so many rows: the mean of a value that [varies by
    /// row](Graph::varies_by_row), itself the same for all of them.
    Mean(Id, Id),
}

impl Node {
    /// The node's operands, in order.
    pub fn operands(self) -> impl Iterator<Item = Id> {
        let all = match self {
            Node::Const(_) | Node::Input(_) | Node::Row(_) => [None; 3],
            Node::Unary(_, a) => [Some(a), None, None],
            Node::Binary(_, a, b) | Node::Mean(a, b) => [Some(a), Some(b), None],
            Node::Select(c, a, b) => [Some(c), Some(a), Some(b)],
        };
        all.into_iter().flatten()
    }
}

/// Formulas over named quantities, sharing their common subexpressions.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    ids: HashMap<Node, Id>,
    inputs: Vec<String>,
    columns: Vec<Column>,
    /// For each node, see [`Graph::varies_by_row`].
    by_row: Vec<bool>,
}

impl Graph {
    /// The quantity called `name`, made on first use.
    pub fn input(&mut self, name: &str) -> Id {
        let place = self.inputs.iter().position(|n| n == name).unwrap_or_else(|| {
            self.inputs.push(name.to_owned());
            self.inputs.len() - 1
        });
        self.intern(Node::Input(place as u32))
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> Id {
        // One zero: -0 would be a second node that no rule knows.
        let value = if value == 0.0 { 0.0 } else { value };
        self.intern(Node::Const(value.to_bits()))
    }

    /// The value of `column` in the row that a mean has come to.
    pub fn row(&mut self, column: &Column) -> Id {
        let place = self.columns.iter().position(|c| c == column).unwrap_or_else(|| {
            self.columns.push(column.clone());
            self.columns.len() - 1
        });
        self.intern(Node::Row(place as u32))
    }

    /// Whether a node has a value for each row of the data, which only a mean makes one of.
    pub fn varies_by_row(&self, id: Id) -> bool {
        self.by_row[id.index()]
    }

    /// The node `id` stands for.
    pub fn node(&self, id: Id) -> Node {
        self.nodes[id.index()]
    }

    /// The value of a constant node.
    pub fn value(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The names of the quantities, by [`Node::Input`].
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The columns of the data, by [`Node::Row`].
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes that `roots` need, operands before their users.
    pub fn reachable(&self, roots: &[Id]) -> Vec<Id> {
        self.reachable_through(roots, |_| true)
    }

    /// The same, but for what only nodes need that `opens` says no to.
    pub(super) fn reachable_through(&self, roots: &[Id], opens: impl Fn(Id) -> bool) -> Vec<Id> {
        let mut needed = vec![false; self.nodes.len()];
        roots.iter().for_each(|r| needed[r.index()] = true);
        for i in (0..self.nodes.len()).rev() {
            if needed[i] && opens(Id(i as u32)) {
                self.nodes[i].operands().for_each(|o| needed[o.index()] = true);
            }
        }
        (0..self.nodes.len()).filter(|&i| needed[i]).map(|i| Id(i as u32)).collect()
    }

    /// Copies what `roots` need into `target`, with some quantities replaced by nodes of `target`.
    ///
    /// Everything is simplified again on the way, so a parameter that became a number is folded.
    pub fn substitute(
        &self,
        target: &mut Graph,
        roots: &[Id],
        mut replace: impl FnMut(&mut Graph, &str) -> Option<Id>,
    ) -> Vec<Id> {
        let mut copied: HashMap<Id, Id> = HashMap::new();
        for id in self.reachable(roots) {
            let copy = match self.node(id) {
                Node::Input(place) => {
                    let name = &self.inputs[place as usize];
                    replace(target, name).unwrap_or_else(|| target.input(name))
                }
                node => self.copy(target, node, |id| copied[&id]),
            };
            copied.insert(id, copy);
        }
        roots.iter().map(|r| copied[r]).collect()
    }

    /// Builds `node` in `target`, simplified anew; `of` gives its operands there.
    pub(super) fn copy(&self, target: &mut Graph, node: Node, of: impl Fn(Id) -> Id) -> Id {
        match node {
            Node::Input(place) => target.input(&self.inputs[place as usize]),
            Node::Row(place) => target.row(&self.columns[place as usize]),
            _ => target.rebuild(node, of),
        }
    }

    /// `roots` with other nodes for some, which `replace` gives for a node and the map from its operands to what they have
    /// become; the rest is built again.
    pub(super) fn rewritten(
        &mut self,
        roots: &[Id],
        replace: impl Fn(&mut Self, Id, &HashMap<Id, Id>) -> Option<Id>,
    ) -> Vec<Id> {
        let mut rebuilt: HashMap<Id, Id> = HashMap::new();
        for id in self.reachable(roots) {
            let new = replace(self, id, &rebuilt)
                .unwrap_or_else(|| self.rebuild(self.node(id), |operand| rebuilt[&operand]));
            rebuilt.insert(id, new);
        }
        roots.iter().map(|root| rebuilt[root]).collect()
    }

    /// Builds a node of this graph again, simplified anew; `of` gives its operands.
    fn rebuild(&mut self, node: Node, of: impl Fn(Id) -> Id) -> Id {
        match node {
            Node::Const(_) | Node::Input(_) | Node::Row(_) => self.intern(node),
            Node::Unary(op, a) => self.unary(op, of(a)),
            Node::Binary(op, a, b) => self.binary(op, of(a), of(b)),
            Node::Select(c, a, b) => self.select(of(c), of(a), of(b)),
            Node::Mean(a, count) => self.mean(of(a), of(count)),
        }
    }

    /// The node for `node`, made if new; a commuted twin counts as the same.
    pub(super) fn intern(&mut self, node: Node) -> Id {
        if let Some(&id) = self.ids.get(&node) {
            return id;
        }
        if let Node::Binary(op @ (Binary::Add | Binary::Mul | Binary::Eq | Binary::Ne), a, b) = node
            && let Some(&id) = self.ids.get(&Node::Binary(op, b, a))
        {
            return id;
        }
        let id = Id(self.nodes.len() as u32);
        let by_row = match node {
            Node::Row(_) => true,
            Node::Mean(..) => false,
            _ => node.operands().any(|o| self.varies_by_row(o)),
        };
        self.nodes.push(node);
        self.by_row.push(by_row);
        self.ids.insert(node, id);
        id
    }
}
