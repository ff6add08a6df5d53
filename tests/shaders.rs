//! Every shader that gdscope writes is valid WGSL, and can be said in SPIR-V, MSL and HLSL; no GPU is
//! needed to know that.

use std::io::Write;
use std::process::{Command, Stdio};

use gdscope::engine::gpu::{
    ceiling_source, density_layout, density_source, known_answers_source, shader_source, slice_layout,
};
use gdscope::experiment::{Axis, Draft, EtaKey, LandscapeKey, Optimizer, PhaseKeys, Precision};
use gdscope::landscape::Landscape;
use gdscope::plan::Plan;
use naga::back::{hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use rayon::prelude::*;

/// Losses that use every function of formulas, besides the built-in landscapes.
const LOSSES: [&str; 7] = [
    "exp(x) + expm1(y) + log(2 + sin(x)) + log1p(abs(y)) + cos(x*y)",
    "tan(x) + tanh(y) + atan(x) + sigmoid(x) + softplus(y) + relu(x - y)",
    "min(x, y) + max(x, 2*y)^2 + sign(x)*y + sqrt(abs(x)) + abs(y)^1.5 + norm(x, y, 1)^x",
    "if(x < y, x^2, if(x >= 2*y, y^2, if(x == 0, 1, if(x != 1, x*y, 3e-30))))",
    "x^10 + y^-2 + 2^x + 1e30*x + 1e-30*y - -x",
    "x^2/2",
    // More variables than loops are written out for.
    "(x1*x2 - 1)^2 + norm(x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20)",
];

/// Ways to spread a landscape's quantities over the axes, and learning rates.
const SPREADS: [(&str, &str, &str); 4] = [
    ("V0 = -1 .. 1", "eta = 0.1 .. 4", ""),
    ("eta = 0.1 .. 4 : log", "V0 = -1 .. 1", ""),
    ("V0 = -1 .. 1", "decay = 0.1 .. 0.9", "if(t < 100, 1, decay^(t/100))"),
    ("V0 = -1 .. 1", "step = 10 .. 90", "if(t < step, 5, 0.1*exp(-t/1000))"),
];

/// A plan for a landscape with its first variable on an axis and the others at 0.5.
fn plan(
    body: &Landscape,
    (across, up, eta): (&str, &str, &str),
    (optimizer, more): (Optimizer, &[(&str, f64)]),
) -> Plan {
    let axis = |text: &str| text.replace("V0", &body.variables[0]);
    let named = |text: &str| text.parse::<Axis>().unwrap().name;
    let (across, up) = (axis(across), axis(up));
    let draft = Draft {
        landscape: Some(LandscapeKey::Table(body.clone())),
        eta: (!eta.is_empty()).then(|| EtaKey::Text(eta.to_owned())),
        set: (body.variables.iter().filter(|v| ![named(&across), named(&up)].contains(v)))
            .map(|v| (v.clone(), 0.5))
            .chain(more.iter().map(|(name, value)| ((*name).to_owned(), *value)))
            .collect(),
        optimizer: Some(optimizer),
        // Half of the shaders note the first step at a loss.
        target: eta.is_empty().then_some(0.25),
        across: Some(across),
        up: Some(up),
        ..Draft::default()
    };
    Plan::new(&draft.resolve().unwrap()).unwrap()
}

/// The plan of a phase diagram of a landscape.
fn phase_plan(body: &Landscape, (optimizer, more): (Optimizer, &[(&str, f64)]), observe: &str) -> Plan {
    let range = if observe == "amplitude" { "0.001 .. 10 : log" } else { "-1 .. 1" };
    let draft = Draft {
        landscape: Some(LandscapeKey::Table(body.clone())),
        set: more.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        optimizer: Some(optimizer),
        across: Some("eta = 0.1 .. 4".to_owned()),
        size: Some([64, 100]),
        phase: Some(PhaseKeys {
            observe: Some(observe.to_owned()),
            range: Some(range.to_owned()),
            ..PhaseKeys::default()
        }),
        ..Draft::default()
    };
    let experiment = draft.resolve_phase().unwrap();
    Plan::of_phase(&experiment, experiment.bins().as_ref()).unwrap()
}

/// The optimisers, with what they need set.
const OPTIMIZERS: [(Optimizer, &[(&str, f64)]); 3] =
    [(Optimizer::Gd, &[]), (Optimizer::HeavyBall, &[("beta", 0.9)]), (Optimizer::Nesterov, &[("beta", 0.9)])];

/// Every shader, with its name and its precision.
fn shaders() -> Vec<(String, Precision, String)> {
    let built_in = Landscape::names().map(|name| (name.to_owned(), Landscape::load(name).unwrap()));
    let names: Vec<String> = (1..=20).map(|k| format!("x{k}")).chain(["x", "y"].map(str::to_owned)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made =
        LOSSES.map(|loss| (loss.to_owned(), Landscape::from_loss(loss, &names, Default::default()).unwrap()));
    let mut shaders = Vec::new();
    let mut in_both = |name: String, plan: Plan, source: &dyn Fn(&Plan) -> String| {
        for precision in [Precision::F32, Precision::F64] {
            shaders.push((name.clone(), precision, source(&Plan { precision, ..plan.clone() })));
        }
    };
    for (name, body) in built_in.chain(made) {
        for spread in SPREADS {
            for optimizer in OPTIMIZERS {
                let name = format!("{name}, {} {}, {:?}", spread.1, spread.2, optimizer.0);
                in_both(name, plan(&body, spread, optimizer), &shader_source);
            }
        }
        for (optimizer, observe) in
            OPTIMIZERS.into_iter().zip(["amplitude", "loss*eta + t", "log(grad_norm)"])
        {
            let plan = phase_plan(&body, optimizer, observe);
            in_both(format!("{name}, density of {observe}"), plan, &|plan| density_source(plan, 100));
        }
    }
    let data = Landscape::load("relu-data").unwrap();
    let rows = plan(&data, ("V0 = -1 .. 1", "N = 1 .. 900", "0.1"), OPTIMIZERS[0]);
    in_both("relu-data, any number of rows".to_owned(), rows, &shader_source);
    for (name, body) in ["f1", "f3", "relu-data"].map(|name| (name, Landscape::load(name).unwrap())) {
        // The kernel that benchmarks compare with.
        let naive = |plan: &Plan| shader_source(plan) + include_str!("../benches/naive/naive.wgsl");
        in_both(format!("{name}, naive"), plan(&body, SPREADS[0], OPTIMIZERS[0]), &naive);
    }
    for precision in [Precision::F32, Precision::F64] {
        shaders.push(("ceiling".to_owned(), precision, ceiling_source(precision)));
        shaders.push(("known answers".to_owned(), precision, known_answers_source(precision)));
    }
    shaders
}

fn validate(source: &str, precision: Precision) -> Result<(naga::Module, ModuleInfo), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let capabilities = match precision {
        Precision::F32 => Capabilities::empty(),
        Precision::F64 => Capabilities::FLOAT64 | Capabilities::SHADER_INT64,
    };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    let info = validator.validate(&module).map_err(|e| e.emit_to_string(source))?;
    Ok((module, info))
}

/// What the translations complain about: into three languages, of which only SPIR-V has f64 in wgpu.
fn translate(module: &naga::Module, info: &ModuleInfo, precision: Precision) -> Result<(), String> {
    let words =
        spv::write_vec(module, info, &spv::Options::default(), None).map_err(|e| format!("SPIR-V: {e}"))?;
    spirv_val(&words).map_err(|e| format!("spirv-val: {e}"))?;
    if precision == Precision::F64 {
        return if words.len() > 100 { Ok(()) } else { Err("the translation is empty".to_owned()) };
    }
    let options = msl::Options { lang_version: (2, 0), ..msl::Options::default() };
    let (metal, _) = msl::write_string(module, info, &options, &msl::PipelineOptions::default())
        .map_err(|e| format!("MSL: {e}"))?;
    let mut text = String::new();
    let (options, pipeline) = (hlsl::Options::default(), hlsl::PipelineOptions::default());
    let written = hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None);
    written.map_err(|e| format!("HLSL: {e}"))?;
    let types = || text.lines().filter(|line| line.starts_with("typedef "));
    if let Some(twice) = types().find(|line| types().filter(|other| other == line).count() > 1) {
        return Err(format!("HLSL: defined twice, which no compiler of DirectX takes: {twice}"));
    }
    match words.len() > 100 && metal.contains("kernel") && text.contains("numthreads(64, 1, 1)") {
        true => Ok(()),
        false => Err("a translation is empty".to_owned()),
    }
}

/// What the validator of the Khronos Group says of a module in SPIR-V.
fn spirv_val(words: &[u32]) -> Result<(), String> {
    let mut command = Command::new("spirv-val");
    command.args(["--target-env", "vulkan1.1", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().map_err(|e| {
        format!("{e}; these tests need it: install spirv-tools (Debian, Ubuntu, Fedora, Homebrew) or the Vulkan SDK")
    })?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    // It may have seen enough before the end.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(&bytes));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()),
    }
}

#[test]
fn a_wrong_module_is_refused_by_the_validator() {
    let (_, precision, source) = shaders().swap_remove(0);
    let (module, info) = validate(&source, precision).unwrap();
    let mut words = spv::write_vec(&module, &info, &spv::Options::default(), None).unwrap();
    spirv_val(&words).unwrap();
    // The bound of the ids, which is too low then.
    words[3] /= 2;
    assert!(spirv_val(&words).is_err());
}

#[test]
fn all_are_valid_and_translate() {
    let shaders = shaders();
    let landscapes = Landscape::names().count() + LOSSES.len();
    assert_eq!(shaders.len(), 2 * (landscapes * (SPREADS.len() + 1) * OPTIMIZERS.len() + 1 + 3 + 2));
    let complaints: Vec<String> = shaders
        .par_iter()
        .filter_map(|(name, precision, source)| {
            let judged =
                validate(source, *precision).and_then(|(module, info)| translate(&module, &info, *precision));
            judged.err().map(|complaint| format!("{name}, {precision:?}: {complaint}"))
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn f64_is_an_extension() {
    let module = naga::front::wgsl::parse_str(&ceiling_source(Precision::F64)).unwrap();
    assert!(Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module).is_err());
}

#[test]
fn a_wrong_shader_is_refused() {
    let (_, precision, source) = shaders().swap_remove(0);
    let broken = [
        source.replace("return Point(", "return Pint("),
        source.replace("= advance(point, q, t, cell);", "= advance(point, q, f32(t), cell);"),
        source.replacen("let n", "let 7n", 1),
    ];
    for broken in broken {
        assert!(broken != source, "nothing was broken");
        assert!(validate(&broken, precision).is_err());
    }
}

#[test]
fn the_slice_has_the_same_layout_on_both_sides() {
    // Names and offsets as naga computes them, against the Rust structs'.
    let density = density_source(&phase_plan(&Landscape::load("f1").unwrap(), OPTIMIZERS[0], "x"), 8);
    for (source, layout) in [(&shaders()[0].2, slice_layout()), (&density, density_layout())] {
        let (module, _) = validate(source, Precision::F32).unwrap();
        let (_, slice) = module.types.iter().find(|(_, t)| t.name.as_deref() == Some("Slice")).unwrap();
        let naga::TypeInner::Struct { members, span } = &slice.inner else { panic!("`Slice` is no struct") };
        let found: Vec<(&str, u32)> =
            members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), m.offset)).collect();
        assert_eq!(found, layout);
        assert_eq!(*span as usize, 4 * layout.len());
    }
}
