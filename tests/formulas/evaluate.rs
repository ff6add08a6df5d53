//! Values of graph nodes, one node after the other in f64.

use std::collections::HashMap;

use gdscope::formula::{Definition, FormulaError, Graph, Id, Node, Scope, lower, parse};

/// The values of `roots` where the quantities have the values in `point`.
pub fn evaluate(graph: &Graph, roots: &[Id], point: &[(&str, f64)]) -> Vec<f64> {
    let mut values: HashMap<Id, f64> = HashMap::new();
    for id in graph.reachable(roots) {
        let value = match graph.node(id) {
            Node::Const(bits) => f64::from_bits(bits),
            Node::Input(place) => {
                let name = &graph.inputs()[place as usize];
                point.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no value of {name}")).1
            }
            Node::Unary(op, a) => op.eval(values[&a]),
            Node::Binary(op, a, b) => op.eval(values[&a], values[&b]),
            Node::Select(c, a, b) => values[if values[&c] != 0.0 { &a } else { &b }],
        };
        values.insert(id, value);
    }
    roots.iter().map(|id| values[id]).collect()
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
        let scope = Scope { definitions: definitions.to_vec(), quantities: None };
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
