//! Wrong requests: one line that names the flag and the remedy, exit code 2, and nothing written.

use super::common::{Place, words};

/// What is missing from a request that is otherwise right.
const MAP_F1: &str = "map f1 --across x=-1..1 --up eta=0.5..3 --engine cpu --size 4x4 -o out";
const MAP_F3: &str = "map f3 --across x1=-1..1 --up x2=-1..1 --engine cpu --size 4x4 -o out";
const AXES_F1: &str = "--up eta=0.5..3 --engine cpu --size 4x4 -o out";

fn refused_in(place: &Place, arguments: &[&str], parts: &[&str], lines: usize) {
    let ran = place.run(arguments);
    let shown: String = format!("{arguments:?}").chars().take(300).collect();
    assert_eq!(ran.code, Some(2), "{shown}: {ran:?}");
    assert_eq!(ran.out, "", "{shown}");
    assert_eq!(ran.err.lines().count(), lines, "{shown}: {}", ran.err);
    assert!(ran.err.starts_with("gdscope: ") && ran.err.ends_with('\n'), "{shown}: {}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{shown}: `{part}` is not in: {}", ran.err);
    }
    assert!(!place.path("out").exists(), "{shown} has made its directory");
}

fn refused(line: &str, parts: &[&str]) {
    refused_in(&Place::new(), &words(line), parts, 1);
}

/// A wrong formula is shown, with a caret under the fault.
fn formula_refused(line: &str, parts: &[&str]) {
    refused_in(&Place::new(), &words(line), parts, 3);
}

#[test]
fn names() {
    for (line, parts) in [
        ("map f11 --across x=-1..1", ["f11", "did you mean `f1`?"]),
        ("map chaos --across x=-1..1", ["unknown landscape `chaos`", "quadratic, f1"]),
        ("map f1 --across y=-1..1", ["across: nothing is called `y` here; there are", "there are x, eta\n"]),
        (
            "map f1 --across y=-1..1 --set x=1 --eta x",
            ["there are x, eta\n", "across: nothing is called `y`"],
        ),
        ("map f1 --across eta=1..2 --set x=1", ["`eta` is on both axes", "another quantity"]),
    ] {
        refused(&format!("{line} {AXES_F1}"), &parts);
    }
    for (more, parts) in [
        ("--set x=1", ["across: `x` is bound twice", "--set x=..."]),
        ("--set y=1", ["set: nothing is called `y`", "there are x, eta"]),
        ("--eta 1", ["up: `eta` is bound twice", "drop this axis or --eta"]),
        ("--set a=1 --set a=2", ["set: `a` is given twice", "drop one"]),
        ("--set a=1 a=2", ["set: `a` is given twice", "drop one"]),
        ("--set word", ["set: `word` is no setting", "NAME=VALUE"]),
        ("--set =1", ["set: `=1` names nothing", "NAME=VALUE"]),
        ("--set x=a", ["set: `x=a`", "not a number"]),
    ] {
        refused(&format!("{MAP_F1} {more}"), &parts);
    }
    refused(
        "map quadratic --across x=0..1 --set lambda=nan --up eta=1..2 -o out",
        &["`lambda` = NaN", "number"],
    );
    refused(
        "map quadratic --across x=0..1 --set lambda=inf --up eta=1..2 -o out",
        &["`lambda` = inf", "number"],
    );
    refused("map --loss a*x^2 --across x=0..1 --up eta=1..2 -o out", &["`a` has no value", "--set a=NUMBER"]);
    refused("map --loss a*x^2 --across x=0..1 --up y=1..2 --eta 1 -o out", &["up: nothing is called `y`"]);
    refused(&format!("{MAP_F3} --set eta=1"), &["set: give the learning rate with --eta"]);
    refused(&format!("map --loss 3 --across x=0..1 {AXES_F1}"), &["--loss 3: no variable"]);
}

#[test]
fn axes() {
    for (range, parts) in [
        ("1..1", ["across: the range 1 .. 1 of `x` is empty", "--set x=1"]),
        ("1..-1", ["inverted", "write -1..1"]),
        ("1..inf", ["not finite", "give two numbers"]),
        ("nan..1", ["not finite", "give two numbers"]),
        ("-1..1:log", ["above 0", "drop `:log`"]),
        ("0..1:log", ["above 0", "drop `:log`"]),
        ("0..1:cubic", ["unknown scale `cubic`", "`log` or `linear`"]),
        ("1", ["no range", "NAME=FROM..TO"]),
        ("1..1.00000001", ["across: the number format", "--precision f64"]),
        ("0..1e300", ["across: 1e300", "--precision f64"]),
    ] {
        refused(&format!("map f1 --across x={range} {AXES_F1}"), &parts);
    }
    refused(
        "map f1 --across x=0..1 --up eta=0..3 -o out",
        &["up: the learning rate must be above 0", "lower end"],
    );
    refused("map f1 --across x=0..1 --eta 1 -o out", &["no axis `up`", "--up x=-4..4"]);
    refused("map f3 --eta 1 -o out", &["no axis `across`", "--across x1=-4..4"]);
    let wide = "map f1 --across x=-1e308..1e308 --up eta=1..2 --precision f64 -o out";
    refused(wide, &["across: the number format", "another range"]);
}

#[test]
fn numbers() {
    for (more, parts) in [
        ("--size 0x4", ["size: 0x4 has no cells", "1x1"]),
        ("--size 4x0", ["size: 4x0 has no cells", "1x1"]),
        ("--size -4x4", ["--size", "1024x1024"]),
        ("--size 4", ["--size", "1024x1024"]),
        ("--size 4294967296x1", ["--size", "1024x1024"]),
        ("--size 4294967295x4294967295", ["more than 4294967296 cells", "smaller"]),
        ("--size 65536x65537", ["size: 65536x65537", "more than 4294967296 cells"]),
    ] {
        let line = format!("map f1 --across x=-1..1 --up eta=0.5..3 --engine cpu -o out {more}");
        refused(&line, &parts);
    }
    for (more, parts) in [
        ("--steps 0", ["--steps", "1..=16777216"]),
        ("--steps -1", ["--steps", "1..=16777216"]),
        ("--steps 16777217", ["--steps", "1..=16777216"]),
        ("--steps 99999999999999999999", ["--steps", "99999999999999999999"]),
        ("--tolerance 0", ["tolerance: 0 is no distance", "above 0"]),
        ("--tolerance -1", ["tolerance: -1 is no distance", "above 0"]),
        ("--tolerance nan", ["tolerance: NaN is no distance", "above 0"]),
        ("--tolerance 1e-60", ["tolerance: 1e-60", "--precision f64"]),
        ("--escape -1", ["escape: -1 is no distance", "above 0"]),
        ("--escape inf", ["escape: inf is no distance", "above 0"]),
        ("--steps 100 --steps-max 99", ["steps-max: 99 steps", "between the budget, 100"]),
        ("--period-max 1025", ["period-max: periods up to 1025", "between 1 and 1024"]),
        ("--show spirals", ["--show", "possible values: basins"]),
        ("--format gif", ["--format", "possible values: png, svg"]),
        ("--theme blue", ["--theme", "possible values: light, dark"]),
        ("--optimizer adam", ["--optimizer", "possible values: gd, heavy-ball, nesterov"]),
        ("--target nan", ["target: NaN is no loss", "such as 0.01"]),
        ("--target 1e-40", ["target: 1e-40", "--precision f64"]),
        ("--target abc", ["--target", "`abc` is not a number; give one such as 0.5"]),
        ("--seed abc", ["--seed", "give a whole number"]),
        ("--show reach", ["show: `reach` is the first step at a loss", "--target 0.01"]),
        ("--precision f16", ["--precision", "f32, f64"]),
    ] {
        refused(&format!("{MAP_F1} {more}"), &parts);
    }
    refused("orbit f1 --eta 1 --set x=1 --steps 0", &["--steps", "1..=16777216"]);
}

#[test]
fn momentum() {
    for (more, parts) in [
        ("--optimizer heavy-ball", ["optimizer: heavy-ball has no momentum `beta`", "--set beta=0.9"]),
        ("--optimizer nesterov --set beta=1", ["set: the momentum `beta` is 1", "between -1 and 1"]),
        ("--optimizer nesterov --set beta=-1", ["set: the momentum `beta` is -1", "between -1 and 1"]),
        ("--set beta=0.9", ["set: nothing is called `beta`", "--optimizer heavy-ball or nesterov"]),
    ] {
        refused(&format!("{MAP_F1} {more}"), &parts);
    }
    let axis = |range: &str, optimizer: &str| {
        format!("map f1 --across beta={range} --set x=1 {AXES_F1} --optimizer {optimizer}")
    };
    refused(&axis("0..1", "heavy-ball"), &["across: the momentum `beta` is 1", "between -1 and 1"]);
    refused(&axis("-1.5..0.5", "nesterov"), &["across: the momentum `beta` is -1.5", "between -1 and 1"]);
    refused(&axis("0..0.5", "gd"), &["across: nothing is called `beta`", "--optimizer heavy-ball"]);
    refused("orbit f1 --eta 1 --set x=1 --optimizer nesterov", &["no momentum `beta`", "--set beta=0.9"]);
    refused(
        "orbit --loss beta*x^2 --eta 1 --set x=1 beta=0.5 --optimizer nesterov",
        &["optimizer: `beta` is the momentum of nesterov", "rename it"],
    );
}

#[test]
fn noise() {
    refused(&format!("{MAP_F1} --seed 1"), &["seed: the landscape has no noise", "drop the seed"]);
    let noisy = "map noisy-valley --across x1=-1..1 --up x2=-1..1 --eta 0.1 -o out";
    refused(&format!("{noisy} --seed -1"), &["--seed", "-1"]);
    refused(&format!("{noisy} --seed 4294967296"), &["--seed", "4294967295"]);
    for (noise, parts) in [
        ("log(-1)", ["noise: `log(-1)` is NaN", "correct the formula"]),
        ("sqrt(a)", ["noise: `sqrt(a)` is NaN with a = -1", "other values"]),
    ] {
        let place = Place::new();
        let text = format!("variables = ['x']\nparameters = {{ a = 1 }}\nloss = 'x^2'\nnoise = ['{noise}']");
        place.write("noisy.toml", text);
        let line = "map noisy.toml --across x=-1..1 --up a=-1..1 --eta 0.1 -o out";
        refused_in(&place, &words(line), &parts, 1);
    }
}

#[test]
fn learning_rates() {
    for (rate, parts) in [
        ("0", ["eta: the learning rate is 0", "above 0"]),
        ("-1", ["eta: the learning rate is -1", "above 0"]),
        ("nan", ["eta: the learning rate is NaN", "above 0"]),
        ("inf", ["eta: the learning rate is inf", "above 0"]),
        ("1-1", ["eta: the learning rate is 0", "above 0"]),
        ("5@0,0@100", ["eta: the learning rate is 0", "above 0"]),
        ("5@1,3@100", ["eta: the first step", "at 0"]),
        ("5@0,3@100,1@50", ["eta: the steps of a schedule must ascend", "5@0"]),
        ("5@", ["eta: `5@` is no step", "RATE@STEP"]),
        ("1-t/100", ["is 0 at step 100", "stays above 0"]),
        ("1-t/9000", ["eta:", "stays above 0"]),
        ("-1+t/9000", ["is -1 at step 0", "stays above 0"]),
        ("0*t", ["eta:", "above 0"]),
        ("2*eta", ["eta: the formula names `eta` itself", "otherwise"]),
        ("a*2", ["`a` has no value", "--set a=NUMBER"]),
    ] {
        refused(&format!("{MAP_F3} --eta {rate}"), &parts);
    }
    refused_in(
        &Place::new(),
        &[&words(MAP_F3)[..], &["--eta", ""]].concat(),
        &["eta: the formula is empty"],
        1,
    );
    refused(MAP_F3, &["no learning rate", "--eta NUMBER"]);
    refused("map f1 --eta a*(1-t/100) --across a=1..2 --up x=1..2 -o out", &["at step 100"]);
    // Inside an axis, and where both together are wrong.
    let swept = "map f1 --set x=1 --size 65x65 -o out --across a=-1..1 --up b=-1..1 --eta";
    refused(&format!("{swept} a^2+0*b"), &["is 0 at step 0 with a = 0", "another range"]);
    refused(&format!("{swept} (a-b)^2+t/100"), &["is 0 at step 0 with a = -1 and b = -1", "another range"]);
    refused(&format!("{swept} 1-a*b*t/9999"), &["with a = -1 and b = -1", "fewer --steps"]);
    refused("orbit f1 --eta 1-t/100 --set x=1 --steps 101", &["at step 100"]);
    formula_refused(&format!("{MAP_F3} --eta '1 + * t'"), &["eta: found `*`", "\n  1 + * t\n      ^"]);
}

#[test]
fn formulas() {
    let loss = |formula: &str, part: &str| {
        formula_refused(&format!("map --loss '{formula}' --across x=0..1 {AXES_F1}"), &["--loss: ", part]);
    };
    loss("x^2+", "the formula ends");
    loss("frob(x)", "unknown function `frob`");
    loss(&format!("{}x{}", "(".repeat(10_000), ")".repeat(10_000)), "nested more than 200 deep");
    loss(&format!("{}x", "-".repeat(10_000)), "nested more than 200 deep");
}

#[test]
fn engines() {
    let map = "map f1 --across x=-1..1 --up eta=0.5..3 --size 4x4 -o out";
    refused(&format!("{map} --device nonesuch"), &["device: no device is called `nonesuch`", "devices:"]);
    refused(&format!("{map} --engine cpu --device llvm"), &["device: `llvm`", "drop one"]);
    refused(&format!("{map} --engine abacus"), &["--engine", "auto, gpu, cpu"]);
}

#[test]
fn arguments() {
    for (line, parts) in [
        ("map f1 --across x=-1..1 --up eta=0.5..3", ["not provided", "--output <DIR>"]),
        (&format!("{MAP_F1} --frobnicate"), ["--frobnicate", "--help"]),
        (&format!("{MAP_F1} --loss x^2"), ["--loss", "LANDSCAPE|FILE"]),
        ("map --across x=-1..1 --up eta=0.5..3 -o out", ["no landscape", "--loss"]),
        ("frobnicate", ["frobnicate", "--help"]),
        ("landscapes f9", ["unknown landscape `f9`", "did you mean"]),
        ("landscapes --wgsl", ["not provided", "NAME|FILE"]),
        ("render out", ["nothing to draw", "--show"]),
        ("orbit f1 --set x=1", ["no learning rate", "--eta"]),
        ("orbit f1 --eta 1", ["`x` has no value", "--set x=NUMBER"]),
    ] {
        refused(line, &parts);
    }
    // Hints that lead nowhere are not given.
    for line in ["map f1 -x", "map f1 --up -5..5 -o out", "orbit f1 --across x=0..1", "map f1 --frobnicate"] {
        let said = Place::new().run(&words(line)).err;
        assert!(!said.contains("as a value") && !said.contains("similar"), "{said}");
    }
    refused(&format!("{MAP_F1} --devise 0"), &["a similar argument exists: '--device'"]);
    let bare = Place::new().run(&[]);
    assert_eq!((bare.code, bare.out.as_str()), (Some(2), ""));
    assert!(bare.err.contains("Usage: gdscope [OPTIONS] <COMMAND>"));
}
