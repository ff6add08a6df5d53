//! Syntax tree to graph: names become quantities, calls become nodes, helper functions are expanded.

use std::collections::HashMap;

use super::ast::{Ast, Definition, Infix};
use super::data::{self, Column, Data, GENERATORS, Origin};
use super::error::FormulaError;
use super::graph::{Graph, Id};
use super::operation::{Binary, Unary};
use super::syntax::MAX_DEPTH;
use crate::error::nearest;

/// Most syntax nodes that one formula may expand to, helper functions included.
pub const MAX_NODES: usize = 200_000;

/// Deepest nesting that one formula may expand to, helper functions included.
const MAX_LEVELS: usize = 3 * MAX_DEPTH;

/// The built-in functions that are not one node, with their number of arguments; `norm` takes any.
const COMPOSED: [(&str, Option<usize>); 5] =
    [("min", Some(2)), ("max", Some(2)), ("relu", Some(1)), ("if", Some(3)), ("norm", None)];

/// The words that are written like a function but are none.
const MEAN: &str = "mean";

/// The names of the built-in functions, each with its number of arguments.
fn built_in() -> impl Iterator<Item = (&'static str, Option<usize>)> {
    Unary::NAMED.into_iter().map(|(name, _)| (name, Some(1))).chain(COMPOSED)
}

/// Whether `name` is a built-in function or constant, and so cannot name anything else.
pub fn is_reserved(name: &str) -> bool {
    name == "pi" || name == MEAN || GENERATORS.contains(&name) || built_in().any(|(n, _)| n == name)
}

/// What formulas may refer to besides the built-in functions.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Helper functions, in order of definition; each may use the ones before it.
    pub definitions: Vec<Definition>,
    /// Accepted quantities; with `None`, any name becomes a quantity.
    pub quantities: Option<Vec<String>>,
    /// What `mean(row in data: ...)` goes through.
    pub data: Option<Data>,
}

/// Adds the formula `ast`, read from `source`, to `graph`.
///
/// # Errors
/// [`FormulaError`] for an unknown name or function, a wrong number of arguments, or an expansion
/// beyond [`MAX_NODES`].
pub fn lower(graph: &mut Graph, scope: &Scope, ast: &Ast, source: &str) -> Result<Id, FormulaError> {
    let mut lowering = Lowering::new(graph, scope);
    lowering.expression(ast, source, &HashMap::new(), scope.definitions.len())
}

impl Scope {
    /// Whether every helper function has a name of its own and makes sense, called or not.
    ///
    /// # Errors
    /// [`FormulaError`], as [`lower`].
    pub fn check(&self) -> Result<(), FormulaError> {
        for (place, Definition { name, parameters, body, source }) in self.definitions.iter().enumerate() {
            let taken = match name {
                _ if is_reserved(name) => "is built in",
                _ if self.definitions[..place].iter().any(|d| d.name == *name) => "is defined twice",
                _ if self.quantities.as_ref().is_some_and(|q| q.contains(name)) => "is a quantity",
                _ => "",
            };
            if !taken.is_empty() {
                return Err(FormulaError::new(format!("`{name}` {taken}; choose another name"), source, 0));
            }
            let mut graph = Graph::default();
            let locals = parameters.iter().map(|p| (p.as_str(), graph.input(p))).collect();
            let mut lowering = Lowering::new(&mut graph, self);
            lowering.expression(body, source, &locals, place)?;
        }
        Ok(())
    }
}

struct Lowering<'a> {
    graph: &'a mut Graph,
    scope: &'a Scope,
    /// Syntax nodes that may still come.
    budget: usize,
    /// How deep in the expansion this is.
    levels: usize,
    /// Whether this is the formula of a column of the data.
    in_column: bool,
}

impl<'a> Lowering<'a> {
    fn new(graph: &'a mut Graph, scope: &'a Scope) -> Self {
        Self { graph, scope, budget: MAX_NODES, levels: 0, in_column: false }
    }

    /// `visible`: how many of the definitions may be called here.
    fn expression(
        &mut self,
        ast: &Ast,
        source: &str,
        locals: &HashMap<&str, Id>,
        visible: usize,
    ) -> Result<Id, FormulaError> {
        if self.levels >= MAX_LEVELS {
            let message = format!(
                "the formula expands to more than {MAX_LEVELS} levels; call fewer functions in each other"
            );
            return Err(FormulaError::new(message, source, 0));
        }
        self.levels += 1;
        let result = self.node(ast, source, locals, visible);
        self.levels -= 1;
        result
    }

    fn node(
        &mut self,
        ast: &Ast,
        source: &str,
        locals: &HashMap<&str, Id>,
        visible: usize,
    ) -> Result<Id, FormulaError> {
        self.budget = self.budget.checked_sub(1).ok_or_else(|| {
            let message = format!("the formula expands to more than {MAX_NODES} nodes; make it smaller");
            FormulaError::new(message, source, 0)
        })?;
        match ast {
            Ast::Number(value) => Ok(self.graph.constant(*value)),
            Ast::Name { name, at } => self.name(name, *at, source, locals),
            Ast::Negate(a) => {
                let a = self.expression(a, source, locals, visible)?;
                Ok(self.graph.neg(a))
            }
            Ast::Infix(op, a, b) => {
                let a = self.expression(a, source, locals, visible)?;
                let b = self.expression(b, source, locals, visible)?;
                Ok(self.infix(*op, a, b))
            }
            Ast::Chain(first, rest) => {
                let mut total = self.expression(first, source, locals, visible)?;
                for (op, operand) in rest {
                    let operand = self.expression(operand, source, locals, visible)?;
                    total = self.infix(*op, total, operand);
                }
                Ok(total)
            }
            Ast::Call { name, at, arguments } => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.expression(argument, source, locals, visible)?);
                }
                self.call(name, &values, source, *at, visible)
            }
            Ast::Mean { at, body } => self.mean(body, *at, source, locals, visible),
        }
    }

    /// `mean(row in data: body)`, in whose body the columns have names.
    fn mean(
        &mut self,
        body: &Ast,
        at: usize,
        source: &str,
        locals: &HashMap<&str, Id>,
        visible: usize,
    ) -> Result<Id, FormulaError> {
        let scope = self.scope;
        let Some(data) = &scope.data else {
            let message =
                "there is no data here; give columns: --data x=1,2,3, or data = { x = [1, 2, 3] } in a file";
            return Err(FormulaError::new(message, source, at));
        };
        if self.in_column {
            return Err(FormulaError::new("a column of the data cannot use a mean over it", source, at));
        }
        let mut names = locals.clone();
        for (name, column) in self.columns(data)? {
            if names.insert(name, column).is_some_and(|taken| taken != column) {
                let message =
                    format!("`{name}` is a column of the data; call the function's argument otherwise");
                return Err(FormulaError::new(message, source, at));
            }
        }
        let body = self.expression(body, source, &names, visible)?;
        let rows = data.rows(self.graph);
        Ok(self.graph.mean(body, rows))
    }

    /// The columns of the data, by name.
    fn columns<'d>(&mut self, data: &'d Data) -> Result<Vec<(&'d str, Id)>, FormulaError> {
        let mut listed = HashMap::new();
        let mut columns = Vec::new();
        for (name, origin) in &data.columns {
            let id = match origin {
                Origin::Listed(values) => {
                    let column = Column::Listed { name: name.clone(), values: values.clone() };
                    let id = self.graph.row(&column);
                    listed.insert(name.as_str(), id);
                    id
                }
                Origin::Formula { ast, source } => {
                    self.in_column = true;
                    let id = self.expression(ast, source, &listed, self.scope.definitions.len());
                    self.in_column = false;
                    id?
                }
            };
            columns.push((name.as_str(), id));
        }
        Ok(columns)
    }

    fn infix(&mut self, op: Infix, a: Id, b: Id) -> Id {
        let (op, a, b) = match op {
            Infix::Add => (Binary::Add, a, b),
            Infix::Sub => (Binary::Sub, a, b),
            Infix::Mul => (Binary::Mul, a, b),
            Infix::Div => (Binary::Div, a, b),
            Infix::Pow => (Binary::Pow, a, b),
            Infix::Lt => (Binary::Lt, a, b),
            Infix::Le => (Binary::Le, a, b),
            Infix::Gt => (Binary::Lt, b, a),
            Infix::Ge => (Binary::Le, b, a),
            Infix::Eq => (Binary::Eq, a, b),
            Infix::Ne => (Binary::Ne, a, b),
        };
        self.graph.binary(op, a, b)
    }

    fn name(
        &mut self,
        name: &str,
        at: usize,
        source: &str,
        locals: &HashMap<&str, Id>,
    ) -> Result<Id, FormulaError> {
        if let Some(&local) = locals.get(name) {
            return Ok(local);
        }
        if name == "pi" {
            return Ok(self.graph.constant(std::f64::consts::PI));
        }
        if self.scope.data.as_ref().is_some_and(|data| data.names().any(|n| n == name)) {
            let message = format!("`{name}` is a column of the data; use it inside `mean(row in data: ...)`");
            return Err(FormulaError::new(message, source, at));
        }
        let unread = self.scope.data.iter().flat_map(|data| &data.unread);
        if let Some((_, reason)) = unread.into_iter().find(|(column, _)| column == name)
            && !self.scope.quantities.as_ref().is_some_and(|q| q.iter().any(|q| q == name))
        {
            return Err(FormulaError::new(reason.clone(), source, at));
        }
        if is_reserved(name) || self.scope.definitions.iter().any(|d| d.name == name) {
            let message = format!("`{name}` is a function; give it arguments: `{name}(...)`");
            return Err(FormulaError::new(message, source, at));
        }
        if let Some(quantities) = &self.scope.quantities
            && !quantities.iter().any(|q| q == name)
        {
            let columns = self.scope.data.iter().flat_map(Data::names);
            let known: Vec<&str> = quantities.iter().map(String::as_str).chain(columns).collect();
            let hint = nearest(name, known.iter().copied());
            let message = format!("unknown name `{name}`{hint}; known here: {}", known.join(", "));
            return Err(FormulaError::new(message, source, at));
        }
        Ok(self.graph.input(name))
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Id],
        source: &str,
        at: usize,
        visible: usize,
    ) -> Result<Id, FormulaError> {
        if let (Some(data), &[a, b, _]) = (&self.scope.data, arguments)
            && self.in_column
            && GENERATORS.contains(&name)
        {
            let rows = data.rows(self.graph);
            let generate = if name == "linspace" { data::linspace } else { data::logspace };
            return Ok(generate(self.graph, a, b, rows));
        }
        let defined = self.scope.definitions[..visible].iter().rposition(|d| d.name == name);
        let expected = match (defined, built_in().find(|(n, _)| *n == name)) {
            (Some(place), _) => self.scope.definitions[place].parameters.len(),
            (None, Some((_, count))) => count.unwrap_or(arguments.len()),
            (None, None) => return Err(self.unknown_function(name, source, at, visible)),
        };
        if arguments.len() != expected {
            let plural = if expected == 1 { "" } else { "s" };
            let message = format!("`{name}` takes {expected} argument{plural}, not {}", arguments.len());
            return Err(FormulaError::new(message, source, at));
        }
        if let Some(place) = defined {
            let scope = self.scope;
            let Definition { parameters, body, source, .. } = &scope.definitions[place];
            let locals = parameters.iter().map(String::as_str).zip(arguments.iter().copied()).collect();
            return self.expression(body, source, &locals, place);
        }
        Ok(self.builtin(name, arguments))
    }

    /// `min`, `max` and `relu` are choices: a tie takes the second argument, so relu's derivative
    /// at its kink is 0.
    fn builtin(&mut self, name: &str, arguments: &[Id]) -> Id {
        let g = &mut *self.graph;
        match (name, arguments) {
            ("norm", parts) => g.norm(parts),
            ("if", &[condition, a, b]) => g.select(condition, a, b),
            ("min", &[a, b]) => {
                let less = g.binary(Binary::Lt, a, b);
                g.select(less, a, b)
            }
            ("max", &[a, b]) => {
                let greater = g.binary(Binary::Lt, b, a);
                g.select(greater, a, b)
            }
            ("relu", &[a]) => {
                let zero = g.constant(0.0);
                let positive = g.binary(Binary::Lt, zero, a);
                g.select(positive, a, zero)
            }
            (_, &[a]) => {
                let (_, op) =
                    Unary::NAMED.into_iter().find(|(n, _)| *n == name).expect("`call` knows the name");
                g.unary(op, a)
            }
            _ => unreachable!("`call` has counted the arguments of `{name}`"),
        }
    }

    fn unknown_function(&self, name: &str, source: &str, at: usize, visible: usize) -> FormulaError {
        if GENERATORS.contains(&name) {
            let message =
                format!("`{name}` makes a column of the data; use it there: data = {{ x = \"...\" }}");
            return FormulaError::new(message, source, at);
        }
        if self.scope.definitions[visible..].iter().any(|d| d.name == name) {
            let message = format!("`{name}` is used before it is defined; functions cannot call themselves");
            return FormulaError::new(message, source, at);
        }
        let known: Vec<&str> = (built_in().map(|(n, _)| n))
            .chain(self.scope.definitions.iter().map(|d| d.name.as_str()))
            .collect();
        let hint = nearest(name, known.iter().copied());
        let message = format!("unknown function `{name}`{hint}; known: {}", known.join(", "));
        FormulaError::new(message, source, at)
    }
}
