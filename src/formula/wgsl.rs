//! Graph to WGSL: the form that formulas run in on the GPU.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::data::Column;
use super::graph::{Graph, Id, Node};
use super::operation::{Binary, NORM_FLOOR, Unary};
use super::schedule::{Loop, Step};
use super::tape::BLOCK;

/// The number nearest to `value` in a shader's `Float`, f32 or f64, in which it must not be infinite.
pub fn literal(value: f64) -> String {
    format!("Float({value:?})")
}

/// The body of a WGSL function: one `let` per node that `outputs` need, in loops where they vary by row,
/// and the outputs' names.
///
/// `inputs` gives the WGSL expression of each input node. A column of the data that lists its values is
/// read from the array `data`, column by column. Numbers are of the type `Float`, which the shader has to
/// name: `alias Float = f32;`.
pub fn function(graph: &Graph, inputs: &[(Id, String)], outputs: &[Id]) -> (String, Vec<String>) {
    let mut writer = Writer::new(graph, inputs, outputs);
    for step in graph.schedule(outputs) {
        match step {
            Step::Node(id) => writer.node(id, "    "),
            Step::Rows(rows) => writer.rows(&rows),
        }
    }
    let outputs = outputs.iter().map(|id| writer.names[id].clone()).collect();
    (writer.body, outputs)
}

/// The tables of the columns that list their values, in the order in which `data` holds them.
pub fn tables(graph: &Graph) -> impl Iterator<Item = (usize, &[f64])> {
    let listed = graph.columns().iter().enumerate();
    listed.filter_map(|(place, column)| match column {
        Column::Listed { values, .. } => Some((place, &**values)),
        Column::Number => None,
    })
}

struct Writer<'a> {
    graph: &'a Graph,
    /// What stands for a node.
    names: HashMap<Id, String>,
    /// Numbers that need a name: an expression of literals alone, such as `1.0 / 0.0`, is evaluated by
    /// the WGSL compiler and refused where it is not finite. Of named numbers it is not.
    bare: HashSet<Id>,
    body: String,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, inputs: &[(Id, String)], outputs: &[Id]) -> Self {
        let is_const = |id: &Id| graph.value(*id).is_some();
        let bare = (graph.reachable(outputs).iter())
            .map(|id| graph.node(*id).operands().collect::<Vec<_>>())
            .filter(|operands| operands.iter().all(is_const))
            .flatten()
            .collect();
        Self { graph, names: inputs.iter().cloned().collect(), bare, body: String::new() }
    }

    fn node(&mut self, id: Id, indent: &str) {
        if self.names.contains_key(&id) {
            return;
        }
        let of = |id: &Id| self.names[id].as_str();
        let expression = match self.graph.node(id) {
            Node::Const(bits) if !self.bare.contains(&id) => {
                self.names.insert(id, literal(f64::from_bits(bits)));
                return;
            }
            Node::Const(bits) => literal(f64::from_bits(bits)),
            Node::Input(place) => panic!("`{}` is not an input", self.graph.inputs()[place as usize]),
            Node::Row(place) => match self.graph.columns()[place as usize] {
                Column::Number => "Float(row)".to_owned(),
                Column::Listed { .. } => {
                    let before = tables(self.graph).take_while(|(k, _)| *k < place as usize).count();
                    format!("data[{before}u * DATA_ROWS + row]")
                }
            },
            Node::Mean(_, count) => format!("total{} / {}", id.index(), of(&count)),
            Node::Unary(op, a) => unary(op, of(&a)),
            Node::Binary(op, a, b) => binary(op, of(&a), of(&b)),
            Node::Select(c, a, b) => format!("select({}, {}, {} != 0.0)", of(&b), of(&a), of(&c)),
        };
        let name = format!("n{}", id.index());
        let _ = writeln!(self.body, "{indent}let {name} = {expression};");
        self.names.insert(id, name);
    }

    /// The twin of the tape's loop: sums of blocks of rows are added up.
    fn rows(&mut self, rows: &Loop) {
        let numbers: Vec<usize> = rows.means.iter().map(|mean| mean.index()).collect();
        let declare = |name: &str, indent: &str| {
            numbers
                .iter()
                .fold(String::new(), |text, k| text + &format!("{indent}var {name}{k}: Float = 0.0;\n"))
        };
        self.body += &declare("total", "    ");
        let loop_number = numbers[0];
        let count = match self.graph.value(rows.count) {
            Some(count) => format!("{}u", count as u32),
            None => format!("u32({})", self.names[&rows.count]),
        };
        let _ = write!(
            self.body,
            "    let rows{loop_number} = {count};
    for (var start = 0u; start < rows{loop_number}; start += {BLOCK}u) {{
{blocks}        for (var row = start; row < min(start + {BLOCK}u, rows{loop_number}); row++) {{
",
            blocks = declare("block", "        "),
        );
        for &id in &rows.nodes {
            self.node(id, "            ");
        }
        for (k, &mean) in numbers.iter().zip(&rows.means) {
            let term = &self.names[&self.graph.averaged(mean)];
            let _ = writeln!(self.body, "            block{k} += {term};");
        }
        self.body += "        }\n";
        for k in numbers {
            let _ = writeln!(self.body, "        total{k} += block{k};");
        }
        self.body += "    }\n";
        // Another loop makes its own.
        rows.nodes.iter().for_each(|id| drop(self.names.remove(id)));
    }
}

fn unary(op: Unary, a: &str) -> String {
    match op {
        Unary::Neg => format!("-({a})"),
        Unary::Abs => format!("abs({a})"),
        Unary::Sign => format!("sign({a})"),
        Unary::Sqrt => format!("sqrt({a})"),
        Unary::Round => format!("round({a})"),
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
    let compare = |symbol: &str| format!("select(Float(0.0), 1.0, {a} {symbol} {b})");
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
            Abs, Atan, Cos, Exp, Expm1, Log, Log1p, Neg, Norm, Round, Sigmoid, Sign, Sin, Softplus, Sqrt,
            Tan, Tanh,
        };
        let all = [
            Neg, Abs, Sign, Sqrt, Round, Norm, Exp, Expm1, Log, Log1p, Sin, Cos, Tan, Tanh, Atan, Sigmoid,
            Softplus,
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
