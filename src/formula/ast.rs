//! The syntax tree of a formula.

/// A syntax tree; `at` is a byte offset into the formula, for messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Ast {
    /// A literal number.
    Number(f64),
    /// A quantity, a parameter of a helper function, or `pi`.
    Name {
        /// What it is called.
        name: String,
        /// Where it stands.
        at: usize,
    },
    /// `-a`
    Negate(Box<Ast>),
    /// `a ^ b` or a comparison.
    Infix(Infix, Box<Ast>, Box<Ast>),
    /// `a op b op c ...`, from the left; a list, so that a long sum is not a deep tree.
    Chain(Box<Ast>, Vec<(Infix, Ast)>),
    /// `name(arguments)`
    Call {
        /// The function or helper.
        name: String,
        /// Where it stands.
        at: usize,
        /// What it is called with, in order.
        arguments: Vec<Ast>,
    },
    /// `mean(row in data: a)`
    Mean {
        /// Where it stands.
        at: usize,
        /// What is averaged over the rows.
        body: Box<Ast>,
    },
}

impl Ast {
    /// This expression and all that it is made of.
    pub fn parts(&self) -> Vec<&Ast> {
        let (mut found, mut pending) = (Vec::new(), vec![self]);
        while let Some(ast) = pending.pop() {
            pending.extend(ast.children());
            found.push(ast);
        }
        found
    }

    /// The expressions that this one is made of.
    pub(super) fn children(&self) -> Vec<&Ast> {
        match self {
            Ast::Number(_) | Ast::Name { .. } => Vec::new(),
            Ast::Negate(a) | Ast::Mean { body: a, .. } => vec![a],
            Ast::Infix(_, a, b) => vec![a, b],
            Ast::Chain(first, rest) => [&**first].into_iter().chain(rest.iter().map(|(_, a)| a)).collect(),
            Ast::Call { arguments, .. } => arguments.iter().collect(),
        }
    }
}

/// An operator written between its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Infix {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `^`
    Pow,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

/// `name(parameters) = body`, a helper that a landscape defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What it is called by.
    pub name: String,
    /// Names of what it is called with.
    pub parameters: Vec<String>,
    /// What it computes.
    pub body: Ast,
    /// The text it was read from, for messages.
    pub source: String,
}
