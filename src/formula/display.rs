//! Graph to text, in the syntax that formulas are written in.

use std::collections::HashMap;
use std::fmt::Write;

use super::graph::{Binary, Graph, Id, Node, Unary};

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
    /// The formula of one node, on one line.
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
            if piece.0.len() > named && uses.get(&id).is_some_and(|&n| n > 1) {
                let name = format!("u{}", shared.len() + 1);
                shared.push(format!("{name} = {}", piece.0));
                piece = (name, Binding::Atom);
            }
            texts.insert(id, piece);
        }
        (shared, roots.iter().map(|r| texts[r].0.clone()).collect())
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
                (format!("{value}"), if value < 0.0 { Binding::Sign } else { Binding::Atom })
            }
            Node::Input(place) => (self.inputs()[place as usize].clone(), Binding::Atom),
            Node::Unary(Unary::Neg, a) => (format!("-{}", tight(&a, Binding::Sign)), Binding::Sign),
            Node::Unary(op, a) => (format!("{}({})", name(op), plain(&a)), Binding::Atom),
            Node::Select(c, a, b) => {
                (format!("if({}, {}, {})", plain(&c), plain(&a), plain(&b)), Binding::Atom)
            }
            Node::Binary(Binary::Mul, a, b) if a == b && texts[&a].1 == Binding::Atom => {
                (format!("{}^2", plain(&a)), Binding::Product)
            }
            Node::Binary(op, a, b) => {
                let (symbol, binding, right) = infix(op);
                let left = if op == Binary::Pow { Binding::Atom } else { binding };
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
    match op {
        Unary::Neg => "-",
        Unary::Abs => "abs",
        Unary::Sign => "sign",
        Unary::Sqrt | Unary::Norm => "sqrt",
        Unary::Exp => "exp",
        Unary::Expm1 => "expm1",
        Unary::Log => "log",
        Unary::Log1p => "log1p",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Tan => "tan",
        Unary::Tanh => "tanh",
        Unary::Atan => "atan",
        Unary::Sigmoid => "sigmoid",
        Unary::Softplus => "softplus",
    }
}
