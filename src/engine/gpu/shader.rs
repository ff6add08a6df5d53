//! The shader of a plan: the texts of `shaders/` with the plan's formulas and the shared constants.

use std::fmt::Write;

use super::format::Format;
use super::unroll::{UNROLLED, unrolled};
use crate::descent::{Descent, Normals};
use crate::fate::{self, Fate, Memory};
use crate::formula::{Id, wgsl_function, wgsl_literal, wgsl_tables};
use crate::noise;
use crate::plan::{Plan, Source};

/// Invocations in a workgroup.
pub const WORKGROUP: u32 = 64;

const MATH: &str = include_str!("../../../shaders/math.wgsl");
const NOISE: &str = include_str!("../../../shaders/noise.wgsl");
const FATE: &str = include_str!("../../../shaders/fate.wgsl");
const DENSITY: &str = include_str!("../../../shaders/density.wgsl");
const DESCEND: &str =
    concat!(include_str!("../../../shaders/lanes.wgsl"), "\n", include_str!("../../../shaders/descend.wgsl"));
/// What is the same for every plan.
pub(super) const TEXTS: [&str; 2] = [FATE, DESCEND];

/// The whole WGSL text for `plan`; `cut`: for windows that may take several dispatches.
pub fn source(plan: &Plan, cut: bool) -> String {
    let noise = if plan.descent.normals.is_empty() { String::new() } else { noise() };
    [
        &constants(plan, cut),
        &math(Format(plan.precision)),
        &noise,
        FATE,
        &formulas(plan),
        &by_dimension(plan, DESCEND),
    ]
    .join("\n")
}

/// The float type and its elementary functions.
pub(super) fn math(format: Format) -> String {
    format.wgsl() + MATH
}

/// The generator of normal numbers, with its constants.
pub(super) fn noise() -> String {
    let mut text = String::new();
    for (name, by) in ["ROTATIONS_EVEN", "ROTATIONS_ODD"].into_iter().zip(noise::ROTATIONS) {
        let by = by.map(|bits| format!("{bits}u")).join(", ");
        let _ = writeln!(text, "const {name} = vec4<u32>({by});");
    }
    for (name, value) in [("PARITY", noise::PARITY), ("SPARE_BITS", noise::SPARE_BITS)] {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    for (name, value) in [("UNIT", noise::UNIT), ("TURN_UNIT", std::f64::consts::TAU * noise::UNIT)] {
        let _ = writeln!(text, "const {name}: Float = {};", wgsl_literal(value));
    }
    text + NOISE
}

/// The whole WGSL text that sorts what a plan's trajectories visit into `bins` bins.
pub fn density_source(plan: &Plan, bins: u32) -> String {
    let noise = if plan.descent.normals.is_empty() { String::new() } else { noise() };
    let bins = format!("const BINS: u32 = {bins}u;\n");
    let math = math(Format(plan.precision));
    let density = by_dimension(plan, DENSITY);
    [&constants(plan, false), &bins, &math, &noise, &formulas(plan), &watch(plan), density.as_str()]
        .join("\n")
}

/// The text with its loops over the dimensions written out, if they are few.
fn by_dimension(plan: &Plan, text: &str) -> String {
    let (dims, variables) = (plan.initial.len(), plan.descent.variables);
    match dims <= UNROLLED {
        true => unrolled(&unrolled(text, "DIMS", dims), "VARIABLES", variables),
        false => text.to_owned(),
    }
}

/// A step that observes the state before it, in the place of the loss, and what moves an orbit that enters
/// another column.
fn watch(plan: &Plan) -> String {
    let descent = &plan.descent;
    let roots: Vec<Id> = descent.next.iter().chain(&descent.observed).copied().collect();
    let (body, mut next) = wgsl_function(&descent.graph, &inputs(descent), &roots);
    let observed = next.split_off(descent.next.len()).pop().unwrap_or_else(|| wgsl_literal(0.0));
    // The velocities stay as they are.
    let mut nudge = plan.nudge();
    nudge.resize(descent.state.len(), 0.0);
    let nudge: Vec<String> = nudge.into_iter().map(wgsl_literal).collect();
    format!(
        "\
fn watch(x: Point, q: Quantities, t: u32, cell: u32) -> Advanced {{
{drawn}{body}    return Advanced(Point({next}), {observed});
}}

fn nudge() -> Point {{
    return Point({nudge});
}}
",
        drawn = drawn(plan),
        next = next.join(", "),
        nudge = nudge.join(", "),
    )
}

/// The largest of the variables' sizes.
fn reach(variables: usize) -> String {
    let sizes = (0..variables).map(|d| format!("size_bits(x[{d}])"));
    sizes.reduce(|largest, size| format!("max({largest}, {size})")).unwrap_or_else(|| "Bits(0)".to_owned())
}

/// The normal numbers of a step.
fn drawn(plan: &Plan) -> String {
    let pairs = plan.descent.normals.iter();
    let trajectory = match plan.first {
        0 => "cell".to_owned(),
        first => format!("cell + {first}u"),
    };
    pairs
        .map(|Normals { pair, .. }| {
            format!("    let z{pair} = normals({}u, {trajectory}, t, {pair}u);\n", plan.seed)
        })
        .collect()
}

/// The WGSL names of a descent's inputs.
fn inputs(descent: &Descent) -> Vec<(Id, String)> {
    let named = |ids: &[Id], of: &str| -> Vec<(Id, String)> {
        ids.iter().enumerate().map(|(k, id)| (*id, format!("{of}[{k}]"))).collect()
    };
    let quantity_ids: Vec<Id> = descent.quantities.iter().map(|(_, id)| *id).collect();
    (named(&descent.state, "x").into_iter())
        .chain(named(&descent.tangent, "v"))
        .chain(named(&quantity_ids, "q"))
        .chain([(descent.step, "Float(t)".to_owned())])
        .chain(descent.normals.iter().flat_map(|normals| {
            let of = |part: &str| format!("z{}.{part}", normals.pair);
            normals.inputs.into_iter().zip([of("x"), of("y")]).filter_map(|(id, name)| Some((id?, name)))
        }))
        .collect()
}

/// What both engines share, written once in Rust.
fn constants(plan: &Plan, cut: bool) -> String {
    let mut text = String::from("// Generated by gdscope.\n\n");
    let mut line = |name: &str, kind: &str, value: String| {
        let _ = writeln!(text, "const {name}: {kind} = {value};");
    };
    line("WORKGROUP", "u32", format!("{WORKGROUP}u"));
    line("DIMS", "u32", format!("{}u", plan.initial.len()));
    line("VARIABLES", "u32", format!("{}u", plan.descent.variables));
    for fate in Fate::ALL {
        line(&fate.name().to_uppercase(), "u32", format!("{}u", fate as u8));
    }
    line("CUT", "bool", cut.to_string());
    line("DRIFTS", "bool", plan.drifts.to_string());
    line("TARGETED", "bool", plan.target.is_some().to_string());
    line("TARGET", "Float", wgsl_literal(plan.target.unwrap_or(0.0)));
    line("RUNNING", "u32", "255u".to_owned());
    line("GROWTH_STRIDE", "u32", format!("{}u", fate::GROWTH_STRIDE));
    let [epsilon, least, most] = Format(plan.precision).limits();
    for (name, value) in [
        ("EPSILON", epsilon),
        ("LEAST", least),
        ("FAR", most),
        ("TOLERANCE", plan.rules.tolerance),
        ("ESCAPE", plan.rules.escape.min(most)),
        ("LN_2", std::f64::consts::LN_2),
        ("MATCH", fate::MATCH),
        ("NOISE", fate::NOISE),
        ("RESOLVED", fate::RESOLVED),
        ("JITTER", fate::JITTER),
        ("EVIDENT", fate::EVIDENT),
        ("EVIDENT_SHRINKING", fate::EVIDENT_SHRINKING),
        ("EVIDENT_LEAST", fate::EVIDENT_LEAST),
        ("DRIFT_RETURNS", fate::DRIFT_RETURNS),
        ("WIDER", fate::WIDER),
        ("CAME_BY", fate::CAME_BY),
        ("SCORE_MIN", fate::SCORE_MIN),
        ("SCORE_JITTER", fate::SCORE_JITTER),
        ("GROWTH_ERROR", fate::GROWTH_ERROR),
        ("GROWTH_ROUNDING", fate::GROWTH_ROUNDING),
        ("GROWTH_SURE", fate::GROWTH_SURE),
        ("GROWTH_UNKNOWN", Memory::<f32>::UNKNOWN),
        ("GROWTH_ERRORS", fate::GROWTH_ERRORS),
        ("GROWTH_LEAST", fate::GROWTH_LEAST),
        ("CHAOS_EXTENT", fate::CHAOS_EXTENT),
        ("CHAOS_SHRINKING", fate::CHAOS_SHRINKING),
        ("CHAOS_STEPS", fate::CHAOS_STEPS),
    ] {
        line(name, "Float", wgsl_literal(value));
    }
    text
}

/// The functions made from the landscape's formulas.
fn formulas(plan: &Plan) -> String {
    let descent = &plan.descent;
    let list = |values: Vec<String>| values.join(", ");
    let value = |source: &Source| match source {
        Source::Across => "axes[cell % slice.width]".to_owned(),
        Source::Up => "axes[slice.width + cell / slice.width]".to_owned(),
        Source::Cell(list) => {
            format!("axes[{}u + cell]", plan.across.len() + plan.up.len() + list * plan.cells())
        }
        Source::Value(value) => wgsl_literal(*value),
    };
    let weights = plan.phase_weights().into_iter().map(wgsl_literal).collect();
    let tangent = plan.tangent_start().into_iter().map(wgsl_literal).collect();
    // WGSL has no arrays of length 0.
    let quantities = match plan.quantities.as_slice() {
        [] => vec![wgsl_literal(0.0)],
        sources => sources.iter().map(value).collect(),
    };
    let inputs = inputs(descent);
    let drawn = drawn(plan);
    let noted: Vec<Id> = descent.next.iter().copied().chain(plan.target.map(|_| descent.loss)).collect();
    let (advance, mut next) = wgsl_function(&descent.graph, &inputs, &noted);
    let noted = if plan.target.is_some() { next.pop() } else { None };
    let all: Vec<Id> =
        descent.next.iter().chain(&descent.tangent_next).chain([&descent.loss]).copied().collect();
    let (measure, mut outputs) = wgsl_function(&descent.graph, &inputs, &all);
    let loss = outputs.pop().expect("the loss is the last output");
    let tangent_next = outputs.split_off(plan.initial.len());
    // The columns of the data, one after the other, where the formulas read any.
    let data = match wgsl_tables(&descent.graph).next() {
        None => String::new(),
        Some((_, first)) => format!(
            "const DATA_ROWS: u32 = {}u;\n@group(0) @binding(8) var<storage, read> data: array<Float>;\n",
            first.len()
        ),
    };
    format!(
        "\
{data}
alias Point = array<Float, DIMS>;
alias Quantities = {vector};

struct Advanced {{
    x: Point,
    loss: Float,
}}

struct Measured {{
    x: Point,
    v: Point,
    loss: Float,
}}

const WEIGHTS = Point({weights});

fn weight(d: u32) -> Float {{
    var weights = WEIGHTS;
    return weights[d];
}}

// The largest variable, without its sign, as bits: a NaN is larger than any number.
fn reach_of(x: Point) -> Bits {{
    return {reach};
}}

fn tangent_start() -> Point {{
    return Point({tangent});
}}

fn initial(cell: u32) -> Point {{
    return Point({initial});
}}

fn quantities(cell: u32) -> Quantities {{
    return Quantities({quantities});
}}

// The state after a step; with a target, also the loss before it.
fn advance(x: Point, q: Quantities, t: u32, cell: u32) -> Advanced {{
{drawn}{advance}    return Advanced(Point({next}), {noted});
}}

fn measure(x: Point, v: Point, q: Quantities, t: u32, cell: u32) -> Measured {{
{drawn}{measure}    return Measured(Point({next_again}), Point({tangent_next}), {loss});
}}
",
        vector = if quantities.len() == plan.initial.len() {
            // Where two types are alike, HLSL would have the same function twice.
            "Point".to_owned()
        } else {
            format!("array<Float, {}>", quantities.len())
        },
        reach = reach(descent.variables),
        weights = list(weights),
        tangent = list(tangent),
        initial = list(plan.initial.iter().map(value).collect()),
        quantities = list(quantities),
        next = list(next),
        noted = noted.unwrap_or_else(|| wgsl_literal(0.0)),
        next_again = list(outputs),
        tangent_next = list(tangent_next),
    )
}
