//! Values of graph nodes, one node after the other in f64.

use std::collections::HashMap;

use std::sync::Arc;

use gdscope::formula::{Binary, Data, Definition, FormulaError, Graph, Id, Node, Scope, lower, parse};

/// What the means of test formulas go through.
pub const COLUMNS: [(&str, [f64; 3]); 2] = [("u", [0.7, -1.3, 2.0]), ("v", [1.0, 0.0, -0.4])];

/// The same, for formulas.
pub fn data() -> Data {
    let listed = COLUMNS.map(|(name, values)| (name.to_owned(), Arc::from(values)));
    Data::new(listed.to_vec(), &[]).unwrap()
}

/// The values of `roots` where the quantities have the values in `point`.
pub fn evaluate(graph: &Graph, roots: &[Id], point: &[(&str, f64)]) -> Vec<f64> {
    evaluate_by(graph, roots, point, false)
}

/// The same, rounded once where a product has a sum for its only user, as a tape does.
pub fn evaluate_fused(graph: &Graph, roots: &[Id], point: &[(&str, f64)]) -> Vec<f64> {
    evaluate_by(graph, roots, point, true)
}

fn evaluate_by(graph: &Graph, roots: &[Id], point: &[(&str, f64)], fused: bool) -> Vec<f64> {
    let mut users: HashMap<Id, usize> = HashMap::new();
    let operands =
        graph.reachable(roots).into_iter().flat_map(|id| graph.node(id).operands().collect::<Vec<_>>());
    operands.chain(roots.iter().copied()).for_each(|id| *users.entry(id).or_default() += 1);
    let factors = |id: Id| match graph.node(id) {
        Node::Binary(Binary::Mul, a, b) => Some((id, [a, b])),
        _ => None,
    };
    // Of a sum: the product in it, the product's factors and sign, the other term and its sign.
    let sum = |id: Id| match graph.node(id) {
        Node::Binary(Binary::Add, a, b) => match factors(b) {
            Some(product) => Some((product, 1.0, a, 1.0)),
            None => factors(a).map(|product| (product, 1.0, b, 1.0)),
        },
        Node::Binary(Binary::Sub, a, b) => match factors(b) {
            Some(product) => Some((product, -1.0, a, 1.0)),
            None => factors(a).map(|product| (product, 1.0, b, -1.0)),
        },
        _ => None,
    };
    // A value for each row, or a single one.
    let mut values: HashMap<Id, Vec<f64>> = HashMap::new();
    let rows = graph.reachable(roots).iter().find_map(|&id| match graph.node(id) {
        Node::Mean(_, count) => Some(graph.value(count).expect("tests fix the number of rows") as usize),
        _ => None,
    });
    for id in graph.reachable(roots) {
        let at = |id: Id, row: usize| *values[&id].get(row).unwrap_or(&values[&id][0]);
        let is_folded = |product: Id| {
            fused && users[&product] == 1 && graph.varies_by_row(product) == graph.varies_by_row(id)
        };
        let folded = sum(id).filter(|((product, _), ..)| is_folded(*product));
        let value = |row: usize| match (graph.node(id), folded) {
            (_, Some(((_, [a, b]), sign, other, other_sign))) => {
                (sign * at(a, row)).mul_add(at(b, row), other_sign * at(other, row))
            }
            (Node::Const(bits), None) => f64::from_bits(bits),
            (Node::Input(place), None) => {
                let name = &graph.inputs()[place as usize];
                point.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no value of {name}")).1
            }
            (Node::Unary(op, a), None) => op.eval(at(a, row)),
            (Node::Binary(op, a, b), None) => op.eval(at(a, row), at(b, row)),
            (Node::Select(c, a, b), None) => at(if at(c, row) != 0.0 { a } else { b }, row),
            (Node::Row(place), None) => graph.columns()[place as usize].value(row),
            (Node::Mean(a, _), None) => values[&a].iter().sum::<f64>() / values[&a].len() as f64,
        };
        let count = if graph.varies_by_row(id) { rows.unwrap() } else { 1 };
        let found = (0..count).map(value).collect();
        values.insert(id, found);
    }
    roots.iter().map(|id| values[id][0]).collect()
}

/// A formula with its gradient and its Hessian-vector product along the quantities `dx`, `dy`, ...
pub struct Derived {
    pub graph: Graph,
    pub loss: Id,
    pub gradient: Vec<Id>,
    pub curvature: Vec<Id>,
}

impl Derived {
    pub fn of(text: &str, variables: &[&str]) -> Self {
        Self::with(text, variables, &[]).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn with(text: &str, variables: &[&str], definitions: &[Definition]) -> Result<Self, FormulaError> {
        let mut graph = Graph::default();
        let scope = Scope { definitions: definitions.to_vec(), quantities: None, data: Some(data()) };
        let loss = lower(&mut graph, &scope, &parse(text)?, text)?;
        let inputs: Vec<Id> = variables.iter().map(|v| graph.input(v)).collect();
        let gradient = graph.gradient(loss, &inputs);
        let seeds: Vec<(Id, Id)> =
            inputs.iter().zip(variables).map(|(&x, v)| (x, graph.input(&format!("d{v}")))).collect();
        let curvature = graph.tangent(&gradient, &seeds);
        Ok(Self { graph, loss, gradient, curvature })
    }

    /// Loss, gradient and Hessian-vector product, in one list.
    pub fn roots(&self) -> Vec<Id> {
        [self.loss].iter().chain(&self.gradient).chain(&self.curvature).copied().collect()
    }

    /// (value, derivative, second derivative) of a formula in `x`.
    pub fn at(&self, x: f64) -> [f64; 3] {
        let values = evaluate(&self.graph, &self.roots(), &[("x", x), ("dx", 1.0)]);
        values.try_into().expect("one variable")
    }
}

/// The value of a formula without names.
pub fn number(text: &str) -> f64 {
    let mut graph = Graph::default();
    let root = lower(&mut graph, &Scope::default(), &parse(text).unwrap(), text).unwrap();
    evaluate(&graph, &[root], &[])[0]
}
