//! In which order a graph is computed: single values, and loops over the rows of the data.

use std::collections::HashSet;

use super::graph::{Graph, Id, Node};

/// What is computed next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A node that is the same for all rows.
    Node(Id),
    Rows(Loop),
}

/// A pass through the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// How many rows.
    pub count: Id,
    /// What is computed in every row, operands before their users.
    pub nodes: Vec<Id>,
    /// The means that the loop adds up; each is a step of its own later, which divides.
    pub means: Vec<Id>,
}

impl Loop {
    /// What the loop reads that all rows share.
    pub fn shared<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = Id> + 'a {
        (self.nodes.iter().flat_map(|id| graph.node(*id).operands()))
            .filter(|id| !graph.varies_by_row(*id))
            .chain([self.count])
    }
}

impl Graph {
    /// What the mean `id` is a mean of.
    pub(super) fn averaged(&self, id: Id) -> Id {
        match self.node(id) {
            Node::Mean(a, _) => a,
            node => unreachable!("{node:?} is no mean"),
        }
    }

    /// The steps that compute `roots`. Means that do not build on each other share a loop.
    pub fn schedule(&self, roots: &[Id]) -> Vec<Step> {
        let order = self.reachable(roots);
        // How many means lie one inside the other at and below a node.
        let mut depth = vec![0usize; self.len()];
        for &id in &order {
            let below = self.node(id).operands().map(|o| depth[o.index()]).max().unwrap_or(0);
            depth[id.index()] = below + usize::from(matches!(self.node(id), Node::Mean(..)));
        }
        let deepest = order.iter().map(|id| depth[id.index()]).max().unwrap_or(0);
        let mut steps = Vec::new();
        for level in 0..=deepest {
            let at_level = |id: &&Id| depth[id.index()] == level;
            let shared = order.iter().filter(at_level).filter(|id| !self.varies_by_row(**id));
            steps.extend(shared.map(|&id| Step::Node(id)));
            let means: Vec<Id> = (order.iter().copied())
                .filter(|id| depth[id.index()] == level + 1 && matches!(self.node(*id), Node::Mean(..)))
                .collect();
            if let Some(&first) = means.first() {
                steps.push(Step::Rows(self.rows_loop(first, means)));
            }
        }
        steps
    }

    /// The numbers of rows of the loops that compute `roots`, one for each.
    pub fn row_counts(&self, roots: &[Id]) -> Vec<Id> {
        let loops = self.schedule(roots).into_iter().filter_map(|step| match step {
            Step::Rows(rows) => Some(rows.count),
            Step::Node(_) => None,
        });
        loops.collect()
    }

    fn rows_loop(&self, first: Id, means: Vec<Id>) -> Loop {
        let Node::Mean(_, count) = self.node(first) else { unreachable!("a loop is made of means") };
        let mut needed: HashSet<Id> = means.iter().map(|&mean| self.averaged(mean)).collect();
        let last = needed.iter().max().map_or(0, |id| id.0);
        for id in (0..=last).rev().map(Id) {
            if needed.contains(&id) {
                needed.extend(self.node(id).operands().filter(|o| self.varies_by_row(*o)));
            }
        }
        let mut nodes: Vec<Id> = needed.into_iter().collect();
        nodes.sort();
        Loop { count, nodes, means }
    }
}
