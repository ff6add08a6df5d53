//! The formula graph: every distinct subexpression once.
//!
//! Nodes are hash-consed, so equal expressions share one node and an operand always has a smaller
//! [`Id`] than the node that uses it. The constructors in `simplify.rs` are the only way in.

use std::collections::HashMap;

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
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// `if(condition, a, b)`: `a` where the condition is not 0.
    Select(Id, Id, Id),
}

impl Node {
    /// The node's operands, in order.
    pub fn operands(self) -> impl Iterator<Item = Id> {
        let all = match self {
            Node::Const(_) | Node::Input(_) => [None; 3],
            Node::Unary(_, a) => [Some(a), None, None],
            Node::Binary(_, a, b) => [Some(a), Some(b), None],
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
        let mut needed = vec![false; self.nodes.len()];
        roots.iter().for_each(|r| needed[r.index()] = true);
        for i in (0..self.nodes.len()).rev() {
            if needed[i] {
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
                Node::Const(bits) => target.constant(f64::from_bits(bits)),
                Node::Input(place) => {
                    let name = &self.inputs[place as usize];
                    replace(target, name).unwrap_or_else(|| target.input(name))
                }
                Node::Unary(op, a) => target.unary(op, copied[&a]),
                Node::Binary(op, a, b) => target.binary(op, copied[&a], copied[&b]),
                Node::Select(c, a, b) => target.select(copied[&c], copied[&a], copied[&b]),
            };
            copied.insert(id, copy);
        }
        roots.iter().map(|r| copied[r]).collect()
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
        self.nodes.push(node);
        self.ids.insert(node, id);
        id
    }
}
