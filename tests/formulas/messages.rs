//! Error messages: the formula, a caret under the fault, and what was expected.

use gdscope::formula::{Graph, Scope, lower, parse, parse_definition};

fn shown(text: &str) -> String {
    let scope = Scope {
        definitions: vec![parse_definition("f(a, b) = a*b").unwrap()],
        quantities: Some(vec!["x1".into(), "x2".into(), "lambda".into()]),
        data: None,
    };
    let lowered = parse(text).and_then(|ast| lower(&mut Graph::default(), &scope, &ast, text));
    lowered.unwrap_err().to_string()
}

#[test]
fn the_caret_stands_under_the_fault() {
    for (text, message) in [
        ("x1 + * x2", "found `*`, expected a number, a name, `-` or `(`\n  x1 + * x2\n       ^"),
        ("x1 +", "the formula ends, expected a number, a name, `-` or `(`\n  x1 +\n      ^"),
        ("2x1", "found `x1`, expected an operator or the end of the formula\n  2x1\n   ^"),
        ("(x1", "the formula ends, expected an operator or `)`\n  (x1\n     ^"),
        ("sin(x1", "the formula ends, expected an operator, `,` or `)`\n  sin(x1\n        ^"),
        (
            "x1 < x2 < 3",
            "comparisons cannot be chained; multiply two of them instead\n  x1 < x2 < 3\n          ^",
        ),
        ("x1 = 2", "found `=`, expected an operator or the end of the formula\n  x1 = 2\n     ^"),
        ("1e999", "this number is too large for a 64-bit float\n  1e999\n  ^"),
        // Tabs and line ends are one blank wide; a character of several bytes is one column.
        ("x1\t+\n?", "found `?`, expected a number, a name, `-` or `(`\n  x1 + ?\n       ^"),
        ("x1 + α*2", "found `α`, expected a number, a name, `-` or `(`\n  x1 + α*2\n       ^"),
        ("x1 − x2", "found `−`, expected an operator or the end of the formula\n  x1 − x2\n     ^"),
        ("x1²", "found `²`, expected an operator or the end of the formula\n  x1²\n    ^"),
        (
            "lamda*x1",
            "unknown name `lamda` (did you mean `lambda`?); known here: x1, x2, lambda\n  lamda*x1\n  ^",
        ),
        ("2*sin", "`sin` is a function; give it arguments: `sin(...)`\n  2*sin\n    ^"),
        ("2*f", "`f` is a function; give it arguments: `f(...)`\n  2*f\n    ^"),
        ("1+f(x1)", "`f` takes 2 arguments, not 1\n  1+f(x1)\n    ^"),
        ("sin(x1, 2)", "`sin` takes 1 argument, not 2\n  sin(x1, 2)\n  ^"),
        ("if(x1, 2)", "`if` takes 3 arguments, not 2\n  if(x1, 2)\n  ^"),
    ] {
        assert_eq!(shown(text), message, "{text}");
    }
    assert!(
        shown("x1 + sine(x2)").starts_with("unknown function `sine` (did you mean `sin`?); known: abs, sign")
    );
    assert!(shown("pi(2)").starts_with("unknown function `pi`"));
}

#[test]
fn a_long_formula_is_cut_around_the_fault() {
    let text = "x1 + ".repeat(1000) + "* x2" + &" + x1".repeat(1000);
    let message = shown(&text);
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() < 130), "{message}");
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().nth(caret), Some('*'));
}

#[test]
fn errors_in_helper_functions_show_the_helper_function() {
    let text = "f(x1) = x1 + zeta";
    let scope = Scope {
        definitions: vec![parse_definition(text).unwrap()],
        quantities: Some(vec!["x1".into()]),
        data: None,
    };
    let error = lower(&mut Graph::default(), &scope, &parse("2*f(x1)").unwrap(), "2*f(x1)").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown name `zeta`; known here: x1\n  f(x1) = x1 + zeta\n               ^"
    );
}
