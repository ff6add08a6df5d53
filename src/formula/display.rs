//! Graph to text, in the syntax that formulas are written in.

use std::collections::HashMap;
use std::fmt::Write;

use super::data::Column;
use super::graph::{Graph, Id, Node};
use super::operation::{Binary, NORM_FLOOR, Unary};

/// A shared subexpression longer than this many characters is named rather than repeated.
const NAMED: usize = 24;

/// How tightly a piece of text binds; a looser one needs parentheses inside a tighter one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Comparison,
    Sum,
    Product,
    Sign,
    Atom,
}

impl Graph {
    /// The formula of one node, on one line; it repeats what the graph shares, and can be long.
    pub fn text(&self, root: Id) -> String {
        self.write_nodes(&[root], usize::MAX).1.remove(0)
    }

    /// The formulas of `roots`, with long shared parts as `u1 = ...` in the first list.
    pub fn shared_text(&self, roots: &[Id]) -> (Vec<String>, Vec<String>) {
        self.write_nodes(roots, NAMED)
    }

    fn write_nodes(&self, roots: &[Id], named: usize) -> (Vec<String>, Vec<String>) {
        let order = self.reachable(roots);
        let mut uses: HashMap<Id, usize> = HashMap::new();
        for id in &order {
            self.node(*id).operands().for_each(|o| *uses.entry(o).or_default() += 1);
        }
        let mut texts: HashMap<Id, (String, Binding)> = HashMap::new();
        let mut shared = Vec::new();
        for id in order {
            let mut piece = self.piece(id, &texts);
            // A value of each row has no name outside the mean.
            let repeats = uses.get(&id).is_some_and(|&n| n > 1) && !self.varies_by_row(id);
            if piece.0.len() > named && repeats {
                let name = format!("u{}", shared.len() + 1);
                shared.push(format!("{name} = {}", piece.0));
                piece = (name, Binding::Atom);
            }
            texts.insert(id, piece);
        }
        (shared, roots.iter().map(|r| texts[r].0.clone()).collect())
    }

    /// `a, b, ...` of `a^2 + b^2 + ...`, if `id` is such a sum.
    fn squares(&self, id: Id) -> Option<Vec<Id>> {
        let (mut rest, mut parts) = (id, Vec::new());
        loop {
            match self.node(rest) {
                Node::Binary(Binary::Mul, a, b) if a == b => {
                    parts.push(a);
                    parts.reverse();
                    return Some(parts);
                }
                Node::Binary(Binary::Add, more, last) => match self.node(last) {
                    Node::Binary(Binary::Mul, a, b) if a == b => {
                        parts.push(a);
                        rest = more;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn piece(&self, id: Id, texts: &HashMap<Id, (String, Binding)>) -> (String, Binding) {
        let plain = |id: &Id| texts[id].0.as_str();
        let tight = |id: &Id, least: Binding| match &texts[id] {
            (text, binding) if *binding >= least => text.clone(),
            (text, _) => format!("({text})"),
        };
        match self.node(id) {
            Node::Const(bits) => {
                let value = f64::from_bits(bits);
                (number(value), if value < 0.0 { Binding::Sign } else { Binding::Atom })
            }
            Node::Input(place) => (self.inputs()[place as usize].clone(), Binding::Atom),
            Node::Row(place) => match &self.columns()[place as usize] {
                Column::Number => ("row".to_owned(), Binding::Atom),
                Column::Listed { name, .. } => (name.clone(), Binding::Atom),
            },
            Node::Mean(a, _) => (format!("mean(row in data: {})", plain(&a)), Binding::Atom),
            Node::Unary(Unary::Neg, a) => (format!("-{}", tight(&a, Binding::Sign)), Binding::Sign),
            Node::Unary(Unary::Norm, a) => {
                let parts: Option<Vec<&str>> = self.squares(a).map(|p| p.iter().map(plain).collect());
                let text = parts.map(|p| format!("norm({})", p.join(", ")));
                let floored = || format!("sqrt(max({}, {}))", plain(&a), number(NORM_FLOOR));
                (text.unwrap_or_else(floored), Binding::Atom)
            }
            Node::Unary(op, a) => (format!("{}({})", name(op), plain(&a)), Binding::Atom),
            Node::Select(c, a, b) => {
                (format!("if({}, {}, {})", plain(&c), plain(&a), plain(&b)), Binding::Atom)
            }
            Node::Binary(Binary::Mul, a, b) if a == b && texts[&a].1 == Binding::Atom => {
                (format!("{}^2", plain(&a)), Binding::Product)
            }
            Node::Binary(op, a, b) => {
                let (symbol, binding, right) = infix(op);
                let left = match op {
                    Binary::Pow => Binding::Atom,
                    // Comparisons cannot be chained.
                    _ if binding == Binding::Comparison => Binding::Sum,
                    _ => binding,
                };
                let mut text = tight(&a, left);
                let _ = write!(text, "{symbol}{}", tight(&b, right));
                (text, binding)
            }
        }
    }
}

/// The symbol of an operator, how tightly it binds, and how tightly its right side must.
fn infix(op: Binary) -> (&'static str, Binding, Binding) {
    match op {
        Binary::Add => (" + ", Binding::Sum, Binding::Sum),
        Binary::Sub => (" - ", Binding::Sum, Binding::Product),
        Binary::Mul => (" * ", Binding::Product, Binding::Product),
        Binary::Div => (" / ", Binding::Product, Binding::Sign),
        Binary::Pow => ("^", Binding::Product, Binding::Atom),
        Binary::Lt => (" < ", Binding::Comparison, Binding::Sum),
        Binary::Le => (" <= ", Binding::Comparison, Binding::Sum),
        Binary::Eq => (" == ", Binding::Comparison, Binding::Sum),
        Binary::Ne => (" != ", Binding::Comparison, Binding::Sum),
    }
}

fn name(op: Unary) -> &'static str {
    if op == Unary::Round {
        return "round";
    }
    Unary::NAMED.iter().find(|(_, o)| *o == op).map_or("", |(name, _)| name)
}

/// A number in the fewest characters.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-4..1e16 => format!("{value}"),
        _ => format!("{value:e}"),
    }
}
