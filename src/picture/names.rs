//! Names and numbers as a paper would print them.

const GREEK: [(&str, char); 25] = [
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("eps", 'ε'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("iota", 'ι'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("nu", 'ν'),
    ("xi", 'ξ'),
    ("omicron", 'ο'),
    ("pi", 'π'),
    ("rho", 'ρ'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("upsilon", 'υ'),
    ("phi", 'φ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
];

/// The name of a quantity with Greek letters and subscripts: `eta` is η, `x1` is x₁.
pub fn quantity(name: &str) -> String {
    let mut pretty = String::new();
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
        } else {
            pretty.push_str(&symbol(&word));
            pretty.push(letter);
            word.clear();
        }
    }
    pretty + &symbol(&word)
}

/// One word: a letter or Greek name, perhaps with an index, becomes a symbol.
fn symbol(word: &str) -> String {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let index = &word[stem.len()..];
    let stem = if index.is_empty() { stem } else { stem.trim_end_matches('_') };
    let greek = GREEK.iter().find(|(name, _)| *name == stem);
    let letter = match greek {
        Some((_, letter)) => letter.to_string(),
        None if stem.chars().count() == 1 => stem.to_owned(),
        None => return word.to_owned(),
    };
    let low = |digit: char| char::from_u32('₀' as u32 + digit as u32 - '0' as u32);
    letter + &index.chars().filter_map(low).collect::<String>()
}

/// A number with superscript digits, for exponents.
fn superscript(number: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(raised).collect()
}

/// `value` with a fixed number of decimals and a true minus sign; zero has no sign.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().any(|c| ('1'..='9').contains(&c)) => format!("−{digits}"),
        Some(digits) => digits.to_owned(),
        None => text,
    }
}

/// `value` as a multiple of the power of ten `exponent`, such as 2.5×10⁻⁴.
pub fn scientific(value: f64, exponent: i32, decimals: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // Two steps: ten to a large negative power alone would be zero.
    let half = exponent / 2;
    let mantissa = value / 10f64.powi(half) / 10f64.powi(exponent - half);
    match fixed(mantissa, decimals) {
        one if one == "1" => format!("10{}", superscript(exponent)),
        mantissa => format!("{mantissa}×10{}", superscript(exponent)),
    }
}

/// The exponent of the leading digit of a number that is not zero.
pub fn magnitude(value: f64) -> i32 {
    // The small addition keeps exact powers of ten from falling one short.
    (value.abs().log10() + 1e-9).floor() as i32
}

/// `value` with all its digits.
pub fn exact(value: f64) -> String {
    if value == 0.0 || (-3..6).contains(&magnitude(value)) {
        return value.to_string().replace('-', "−");
    }
    let digits = format!("{value:e}");
    let mantissa = digits.split('e').next().unwrap_or_default();
    scientific(value, magnitude(value), mantissa.split('.').nth(1).map_or(0, str::len))
}

/// `value` with three significant digits, trailing zeros left out.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let exponent = magnitude(value);
    if !(-3..6).contains(&exponent) {
        return scientific(value, exponent, 2);
    }
    let text = fixed(value, (2 - exponent).max(0) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// `value` with the digits that tell it from others `step` away, trailing zeros kept.
pub fn stepped(value: f64, step: f64) -> String {
    if value.abs() < 1e-6 * step {
        return fixed(0.0, 0);
    }
    let (exponent, last_digit) = (magnitude(value), magnitude(step) - 1);
    match (-4..7).contains(&exponent.max(last_digit)) {
        true => fixed(value, (-last_digit).max(0) as usize),
        false => scientific(value, exponent, (exponent - last_digit).clamp(0, 15) as usize),
    }
}

/// A share of the whole as a percentage that never rounds to nothing or to everything.
pub fn percent(part: u64, whole: u64) -> String {
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    if part == whole {
        "100 %".to_owned()
    } else if part > 0 && share < 0.05 {
        "<0.1 %".to_owned()
    } else if part < whole && share >= 99.95 {
        ">99.9 %".to_owned()
    } else {
        format!("{share:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_replace_plain_names() {
        let cases = [
            ("eta", "η"),
            ("x1", "x₁"),
            ("x_12", "x₁₂"),
            ("beta2", "β₂"),
            ("learning rate", "learning rate"),
            ("log(eta)", "log(η)"),
            ("layer1", "layer1"),
            ("2", "2"),
            ("", ""),
        ];
        for (name, pretty) in cases {
            assert_eq!(quantity(name), pretty);
        }
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (1.618_034, "1.62"),
            (-0.25, "−0.25"),
            (1234.0, "1234"),
            (2.5e-7, "2.50×10⁻⁷"),
            (100.0, "100"),
            (0.001, "0.001"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        for (value, text) in [(0.125, "0.125"), (-0.012345, "−0.012345"), (1.25e-9, "1.25×10⁻⁹"), (0.0, "0")]
        {
            assert_eq!(exact(value), text);
        }
        assert_eq!(scientific(1e-12, -12, 0), "10⁻¹²");
        assert_eq!(scientific(3e-320, -320, 0), "3×10⁻³²⁰");
        assert_eq!(fixed(-0.001, 1), "0.0");
    }

    #[test]
    fn steps_can_be_told_apart() {
        for (value, step, text) in [
            (0.35, 0.05, "0.350"),
            (-1e-17, 0.05, "0"),
            (3.500_025, 2.5e-5, "3.500025"),
            (1200.0, 100.0, "1200"),
            (2.5e-7, 1e-8, "2.50×10⁻⁷"),
        ] {
            assert_eq!(stepped(value, step), text);
        }
    }

    #[test]
    fn percentages_tell_something_from_nothing() {
        assert_eq!(percent(0, 10), "0.0 %");
        assert_eq!(percent(1, 100_000), "<0.1 %");
        assert_eq!(percent(99_999, 100_000), ">99.9 %");
        assert_eq!(percent(10, 10), "100 %");
        assert_eq!(percent(631, 1000), "63.1 %");
    }
}
