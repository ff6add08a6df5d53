//! Graph to WGSL: the form that formulas run in on the GPU.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, NORM_FLOOR, Unary};

/// The f32 literal nearest to `value`, which must not round to infinity.
pub fn literal(value: f64) -> String {
    format!("{:?}f", value as f32)
}

/// The body of a WGSL function: one `let` per node that `outputs` need, then `epilogue` with the
/// outputs' names.
///
/// `inputs` gives the WGSL expression of each input node.
pub fn function(graph: &Graph, inputs: &[(Id, String)], outputs: &[Id]) -> (String, Vec<String>) {
    let mut names: HashMap<Id, String> = inputs.iter().cloned().collect();
    let mut body = String::new();
    let nodes = graph.reachable(outputs);
    // An expression of literals alone, such as `1.0f / 0.0f`, is evaluated by the WGSL compiler and
    // refused where it is not finite. Of named numbers it is not.
    let is_const = |id: &Id| graph.value(*id).is_some();
    let bare: HashSet<Id> = (nodes.iter().map(|id| graph.node(*id).operands().collect::<Vec<_>>()))
        .filter(|operands| operands.iter().all(is_const))
        .flatten()
        .collect();
    for id in nodes {
        if names.contains_key(&id) {
            continue;
        }
        let of = |id: &Id| names[id].as_str();
        let expression = match graph.node(id) {
            Node::Const(bits) if !bare.contains(&id) => {
                names.insert(id, literal(f64::from_bits(bits)));
                continue;
            }
            Node::Const(bits) => literal(f64::from_bits(bits)),
            Node::Input(place) => panic!("`{}` is not an input", graph.inputs()[place as usize]),
            Node::Unary(op, a) => unary(op, of(&a)),
            Node::Binary(op, a, b) => binary(op, of(&a), of(&b)),
            Node::Select(c, a, b) => format!("select({}, {}, {} != 0.0f)", of(&b), of(&a), of(&c)),
        };
        let name = format!("n{}", id.index());
        let _ = writeln!(body, "    let {name} = {expression};");
        names.insert(id, name);
    }
    let outputs = outputs.iter().map(|id| names[id].clone()).collect();
    (body, outputs)
}

fn unary(op: Unary, a: &str) -> String {
    match op {
        Unary::Neg => format!("-({a})"),
        Unary::Abs => format!("abs({a})"),
        Unary::Sign => format!("sign({a})"),
        Unary::Sqrt => format!("sqrt({a})"),
        // Not `max`, which may hide a NaN.
        Unary::Norm => format!("sqrt(select({a}, {floor}, {a} < {floor}))", floor = literal(NORM_FLOOR)),
        Unary::Exp => format!("m_exp({a})"),
        Unary::Expm1 => format!("m_expm1({a})"),
        Unary::Log => format!("m_log({a})"),
        Unary::Log1p => format!("m_log1p({a})"),
        Unary::Sin => format!("m_sin({a})"),
        Unary::Cos => format!("m_cos({a})"),
        Unary::Tan => format!("m_tan({a})"),
        Unary::Tanh => format!("m_tanh({a})"),
        Unary::Atan => format!("m_atan({a})"),
        Unary::Sigmoid => format!("m_sigmoid({a})"),
        Unary::Softplus => format!("m_softplus({a})"),
    }
}

fn binary(op: Binary, a: &str, b: &str) -> String {
    let compare = |symbol: &str| format!("select(0.0f, 1.0f, {a} {symbol} {b})");
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Sub => format!("{a} - {b}"),
        Binary::Mul => format!("{a} * {b}"),
        Binary::Div => format!("{a} / {b}"),
        Binary::Pow => format!("m_pow({a}, {b})"),
        Binary::Lt => compare("<"),
        Binary::Le => compare("<="),
        Binary::Eq => compare("=="),
        Binary::Ne => compare("!="),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_twin_in_the_shader() {
        use Unary::{
            Abs, Atan, Cos, Exp, Expm1, Log, Log1p, Neg, Norm, Sigmoid, Sign, Sin, Softplus, Sqrt, Tan, Tanh,
        };
        let all = [
            Neg, Abs, Sign, Sqrt, Norm, Exp, Expm1, Log, Log1p, Sin, Cos, Tan, Tanh, Atan, Sigmoid, Softplus,
        ];
        // The list is complete if the last one's number says so.
        assert_eq!(all.len(), Softplus as usize + 1);
        let calls = all.map(|op| unary(op, "a")).into_iter().chain([binary(Binary::Pow, "a", "b")]);
        let mut called: Vec<String> = calls
            .filter(|call| call.starts_with("m_"))
            .map(|call| call.split('(').next().unwrap().to_owned())
            .collect();
        let shader = include_str!("../../shaders/math.wgsl");
        let mut defined: Vec<String> = (shader.lines())
            .filter_map(|line| line.strip_prefix("fn m_"))
            .map(|rest| format!("m_{}", rest.split('(').next().unwrap()))
            .collect();
        called.sort();
        defined.sort();
        assert_eq!(called, defined);
        assert_eq!(called.len(), 12);
    }
}
