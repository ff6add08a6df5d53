//! Formula text to syntax tree.
//!
//! Grammar, loosest binding first: comparison (not chained), `+ -`, `* /`, unary minus, `^` (to the
//! right, so `-x^2` is `-(x^2)` and `2^-3` works), then numbers, names, calls, parentheses and
//! `mean(row in data: expression)`.

use winnow::Parser;
use winnow::ascii::float;
use winnow::combinator::{alt, opt, peek};
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};
use winnow::token::{any, take_while};

use super::ast::{Ast, Definition, Infix};
use super::error::FormulaError;

/// Longest formula accepted, in bytes.
pub const MAX_SOURCE: usize = 64 * 1024;
/// Deepest nesting of parentheses, calls, signs and powers accepted.
pub const MAX_DEPTH: usize = 200;

type Input<'i> = Stateful<LocatingSlice<&'i str>, usize>;
type Parsed<T> = winnow::ModalResult<T, Fault>;

/// A message and the number of bytes that were left when it arose.
#[derive(Clone, Debug)]
struct Fault {
    message: String,
    at: usize,
}

impl<'i> winnow::error::ParserError<Input<'i>> for Fault {
    type Inner = Self;
    fn from_input(input: &Input<'i>) -> Self {
        Self { message: String::new(), at: input.current_token_start() }
    }
    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

impl<'i> winnow::error::AddContext<Input<'i>> for Fault {}

/// Parses an expression.
///
/// # Errors
/// [`FormulaError`] with what was expected and where; also for text beyond [`MAX_SOURCE`] or nesting
/// beyond [`MAX_DEPTH`].
pub fn parse(source: &str) -> Result<Ast, FormulaError> {
    run(source, |input| {
        let ast = comparison(input)?;
        end(input, "an operator or the end of the formula")?;
        Ok(ast)
    })
}

/// Parses a definition such as `f(x, y) = x + y`.
///
/// # Errors
/// As [`parse`].
pub fn parse_definition(source: &str) -> Result<Definition, FormulaError> {
    run(source, |input| {
        let (name, _) = name_or(input, "the name of the function that is defined")?;
        expect(input, "(", "`(` and the function's parameters")?;
        let mut parameters = Vec::new();
        loop {
            let (parameter, at) = name_or(input, "a parameter's name")?;
            if parameters.contains(&parameter) {
                return fault(format!("parameter `{parameter}` is given twice"), at);
            }
            parameters.push(parameter);
            if symbol(",", input).is_none() {
                break;
            }
        }
        expect(input, ")", "`,` or `)`")?;
        expect(input, "=", "`=` and the function's formula")?;
        let body = comparison(input)?;
        end(input, "an operator or the end of the formula")?;
        Ok(Definition { name, parameters, body, source: source.to_owned() })
    })
}

fn run<T>(source: &str, parser: impl FnOnce(&mut Input<'_>) -> Parsed<T>) -> Result<T, FormulaError> {
    if source.len() > MAX_SOURCE {
        let message =
            format!("the formula is {} bytes long; at most {MAX_SOURCE} are accepted", source.len());
        return Err(FormulaError::new(message, &source.chars().take(40).collect::<String>(), 0));
    }
    let mut input = Stateful { input: LocatingSlice::new(source), state: 0 };
    parser(&mut input).map_err(|e| {
        let fault = e.into_inner().expect("formulas are never parsed in pieces");
        FormulaError::new(fault.message, source, fault.at)
    })
}

fn fault<T>(message: impl Into<String>, at: usize) -> Parsed<T> {
    Err(winnow::error::ErrMode::Cut(Fault { message: message.into(), at }))
}

fn skip_space(input: &mut Input<'_>) {
    let _: Parsed<&str> = take_while(0.., char::is_whitespace).parse_next(input);
}

/// Takes `text` if it comes next.
fn symbol(text: &'static str, input: &mut Input<'_>) -> Option<usize> {
    skip_space(input);
    let at = input.current_token_start();
    let taken: Parsed<Option<&str>> = opt(text).parse_next(input);
    taken.ok().flatten().map(|_| at)
}

/// What stands at the cursor, in words.
fn found(input: &mut Input<'_>) -> (String, usize) {
    skip_space(input);
    let at = input.current_token_start();
    let next: Parsed<char> = peek(any).parse_next(input);
    let words = match next {
        Ok(c) if c.is_alphanumeric() => {
            let word: String = input.input.chars().take_while(|c| c.is_alphanumeric()).take(20).collect();
            format!("found `{word}`")
        }
        Ok(c) => format!("found `{c}`"),
        Err(_) => "the formula ends".to_owned(),
    };
    (words, at)
}

fn unexpected<T>(input: &mut Input<'_>, expected: &str) -> Parsed<T> {
    let (found, at) = found(input);
    fault(format!("{found}, expected {expected}"), at)
}

fn expect(input: &mut Input<'_>, text: &'static str, expected: &str) -> Parsed<()> {
    match symbol(text, input) {
        Some(_) => Ok(()),
        None => unexpected(input, expected),
    }
}

fn end(input: &mut Input<'_>, expected: &str) -> Parsed<()> {
    skip_space(input);
    if input.eof_offset() == 0 { Ok(()) } else { unexpected(input, expected) }
}

fn name(input: &mut Input<'_>) -> Option<(String, usize)> {
    skip_space(input);
    let at = input.current_token_start();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let taken: Parsed<&str> = (take_while(1, first), take_while(0.., rest)).take().parse_next(input);
    taken.ok().map(|text| (text.to_owned(), at))
}

fn name_or(input: &mut Input<'_>, expected: &str) -> Parsed<(String, usize)> {
    match name(input) {
        Some(found) => Ok(found),
        None => unexpected(input, expected),
    }
}

/// Runs `parser` one level deeper.
fn nested<T>(input: &mut Input<'_>, parser: impl FnOnce(&mut Input<'_>) -> Parsed<T>) -> Parsed<T> {
    if input.state >= MAX_DEPTH {
        let at = input.current_token_start();
        return fault(
            format!("the formula is nested more than {MAX_DEPTH} deep; give its parts names with `define`"),
            at,
        );
    }
    input.state += 1;
    let result = parser(input);
    input.state -= 1;
    result
}

fn comparison(input: &mut Input<'_>) -> Parsed<Ast> {
    let left = sum(input)?;
    let Some((op, _)) = comparison_operator(input) else { return Ok(left) };
    let right = sum(input)?;
    if let Some((_, at)) = comparison_operator(input) {
        return fault("comparisons cannot be chained; multiply two of them instead", at);
    }
    Ok(Ast::Infix(op, left.into(), right.into()))
}

fn comparison_operator(input: &mut Input<'_>) -> Option<(Infix, usize)> {
    use Infix::{Eq, Ge, Gt, Le, Lt, Ne};
    // Longer spellings first: `<=` must not be taken for `<`.
    [("<=", Le), (">=", Ge), ("==", Eq), ("!=", Ne), ("<", Lt), (">", Gt)]
        .into_iter()
        .find_map(|(text, op)| symbol(text, input).map(|at| (op, at)))
}

fn sum(input: &mut Input<'_>) -> Parsed<Ast> {
    left_associative(input, &[("+", Infix::Add), ("-", Infix::Sub)], product)
}

fn product(input: &mut Input<'_>) -> Parsed<Ast> {
    left_associative(input, &[("*", Infix::Mul), ("/", Infix::Div)], signed)
}

fn left_associative(
    input: &mut Input<'_>,
    operators: &[(&'static str, Infix)],
    operand: fn(&mut Input<'_>) -> Parsed<Ast>,
) -> Parsed<Ast> {
    let first = operand(input)?;
    let mut rest = Vec::new();
    while let Some(&(_, op)) = operators.iter().find(|(text, _)| symbol(text, input).is_some()) {
        rest.push((op, operand(input)?));
    }
    Ok(if rest.is_empty() { first } else { Ast::Chain(first.into(), rest) })
}

fn signed(input: &mut Input<'_>) -> Parsed<Ast> {
    if symbol("-", input).is_some() {
        return nested(input, |input| Ok(Ast::Negate(signed(input)?.into())));
    }
    power(input)
}

fn power(input: &mut Input<'_>) -> Parsed<Ast> {
    let base = atom(input)?;
    if symbol("^", input).is_some() {
        let exponent = nested(input, signed)?;
        return Ok(Ast::Infix(Infix::Pow, base.into(), exponent.into()));
    }
    Ok(base)
}

fn atom(input: &mut Input<'_>) -> Parsed<Ast> {
    if symbol("(", input).is_some() {
        let inner = nested(input, comparison)?;
        expect(input, ")", "an operator or `)`")?;
        return Ok(inner);
    }
    if let Some((name, at)) = name(input) {
        if symbol("(", input).is_none() {
            return Ok(Ast::Name { name, at });
        }
        if name == "mean" {
            let body = nested(input, mean)?.into();
            return Ok(Ast::Mean { at, body });
        }
        let arguments = nested(input, arguments)?;
        expect(input, ")", "an operator, `,` or `)`")?;
        return Ok(Ast::Call { name, at, arguments });
    }
    number(input)
}

/// What stands between `mean(` and the end of its parenthesis, which is taken.
fn mean(input: &mut Input<'_>) -> Parsed<Ast> {
    for (word, expected) in [
        ("row", "`mean(row in data: expression)`"),
        ("in", "`in` as in `mean(row in data: expression)`"),
        ("data", "`data` as in `mean(row in data: expression)`"),
    ] {
        let start = input.checkpoint();
        if name(input).is_none_or(|(found, _)| found != word) {
            input.reset(&start);
            return unexpected(input, expected);
        }
    }
    expect(input, ":", "`:` as in `mean(row in data: expression)`")?;
    let body = comparison(input)?;
    expect(input, ")", "an operator or `)`")?;
    Ok(body)
}

fn arguments(input: &mut Input<'_>) -> Parsed<Vec<Ast>> {
    let mut arguments = vec![comparison(input)?];
    while symbol(",", input).is_some() {
        arguments.push(comparison(input)?);
    }
    Ok(arguments)
}

fn number(input: &mut Input<'_>) -> Parsed<Ast> {
    skip_space(input);
    let start = input.checkpoint();
    let at = input.current_token_start();
    // `float` alone would also take a sign and the words `nan` and `inf`.
    let first: Parsed<char> = peek(alt(('.', winnow::token::one_of('0'..='9')))).parse_next(input);
    let value: Parsed<f64> =
        if first.is_ok() { float.parse_next(input) } else { return operand_missing(input) };
    match value {
        Ok(value) if value.is_finite() => Ok(Ast::Number(value)),
        Ok(_) => fault("this number is too large for a 64-bit float", at),
        Err(_) => {
            input.reset(&start);
            operand_missing(input)
        }
    }
}

fn operand_missing<T>(input: &mut Input<'_>) -> Parsed<T> {
    unexpected(input, "a number, a name, `-` or `(`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> (String, usize) {
        let e = parse(source).unwrap_err();
        (e.message, e.at)
    }

    #[test]
    fn precedence() {
        let same = |a: &str, b: &str| {
            let strip = |text: &str| format!("{:?}", parse(text).unwrap()).replace(char::is_numeric, "");
            assert_eq!(strip(a), strip(b), "{a} against {b}");
        };
        same("-x^2", "-(x^2)");
        same("2^3^4", "2^(3^4)");
        same("a + b*c < d", "(a + (b*c)) < d");
        assert!(matches!(parse("a-b-c*d").unwrap(), Ast::Chain(_, rest) if rest.len() == 2));
        same("2^-3", "2^(-3)");
        assert_eq!(parse("1.5e-3").unwrap(), Ast::Number(1.5e-3));
        assert_eq!(parse(".5").unwrap(), Ast::Number(0.5));
    }

    #[test]
    fn messages_say_where_and_what() {
        assert_eq!(error("(a - x"), ("the formula ends, expected an operator or `)`".into(), 6));
        assert_eq!(error("2x"), ("found `x`, expected an operator or the end of the formula".into(), 1));
        assert_eq!(error("a + * b"), ("found `*`, expected a number, a name, `-` or `(`".into(), 4));
        assert_eq!(error(""), ("the formula ends, expected a number, a name, `-` or `(`".into(), 0));
        assert_eq!(error("1 < x < 2").1, 6);
        assert!(error("1e999").0.contains("too large"));
        let shown = parse("a + * b").unwrap_err().to_string();
        assert!(shown.ends_with("\n  a + * b\n      ^"), "{shown}");
    }

    #[test]
    fn deep_or_long_formulas_are_refused() {
        for source in [
            "(".repeat(10_000) + "x" + &")".repeat(10_000),
            "-".repeat(10_000) + "x",
            "2^".repeat(10_000) + "x",
            "sin(".repeat(10_000) + "x" + &")".repeat(10_000),
        ] {
            assert!(error(&source).0.contains("nested more than 200 deep"));
        }
        assert!(error(&"x+".repeat(40_000)).0.contains("bytes long"));
    }

    #[test]
    fn definitions() {
        let d = parse_definition("f(a, b) = a + b").unwrap();
        assert_eq!((d.name.as_str(), d.parameters.len()), ("f", 2));
        assert!(parse_definition("f(a, a) = a").unwrap_err().message.contains("twice"));
        assert!(parse_definition("f = 1").unwrap_err().message.contains("`(`"));
    }
}
