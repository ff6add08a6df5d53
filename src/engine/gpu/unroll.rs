//! Loops over the dimensions, written out: a variable that is indexed by a number only known when the
//! shader runs lies in memory, and one with fixed indices in registers.

/// Most dimensions of a state whose loops are written out; of more, the text would be long.
pub const UNROLLED: usize = 16;

/// `text` with every loop `for (var d = 0u; d < BOUND; d++) {` written out `times` times.
///
/// A loop ends at the first line that is indented as it is.
pub fn unrolled(text: &str, bound: &str, times: usize) -> String {
    let head = format!("for (var d = 0u; d < {bound}; d++) {{");
    let mut lines = text.lines();
    let mut out = String::with_capacity(2 * text.len());
    while let Some(line) = lines.next() {
        if line.trim_start() != head {
            out += line;
            out.push('\n');
            continue;
        }
        let indent = &line[..line.len() - head.len()];
        let end = format!("{indent}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        for d in 0..times {
            let copy: Vec<String> = body.iter().map(|line| with_number(line, d)).collect();
            out += &format!("{indent}{{\n{}\n{end}\n", copy.join("\n"));
        }
    }
    out
}

/// The line with a number in the place of the name `d`.
fn with_number(line: &str, number: usize) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        out += before;
        match &word[..end] {
            "d" => out += &format!("{number}u"),
            word => out += word,
        }
        rest = &word[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_written_out_and_nothing_else() {
        let text = "\
fn f() {
    for (var d = 0u; d < DIMS; d++) {
        let side = x[d] - d2 * d;
        if side > 0.0 {
            s += side;
        }
    }
    for (var d = 0u; d < VARIABLES; d++) {
        a[d] = 1;
    }
}
";
        let wanted = "\
fn f() {
    {
        let side = x[0u] - d2 * 0u;
        if side > 0.0 {
            s += side;
        }
    }
    {
        let side = x[1u] - d2 * 1u;
        if side > 0.0 {
            s += side;
        }
    }
    for (var d = 0u; d < VARIABLES; d++) {
        a[d] = 1;
    }
}
";
        assert_eq!(unrolled(text, "DIMS", 2), wanted);
        assert_eq!(unrolled("none", "DIMS", 2), "none\n");
    }
}
