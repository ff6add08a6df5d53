//! An axis of a map: a named quantity and its range, `x1 = -4 .. 4` or `eta = 0.01 .. 10 : log`.

use std::fmt;
use std::str::FromStr;

use crate::formula::{Graph, Scope, lower, parse};

/// A quantity that is swept along one side of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// An initial coordinate, `eta`, or a parameter.
    pub name: String,
    /// The least value.
    pub from: f64,
    /// The greatest value.
    pub to: f64,
    /// Whether the values are spaced evenly in their logarithm.
    pub log: bool,
}

impl Axis {
    /// The `count` values, ascending, both ends included; a single value is the middle.
    pub fn values(&self, count: u32) -> Vec<f64> {
        let last = f64::from(count.max(2) - 1);
        match count {
            1 => vec![self.between(0.5, last)],
            _ => (0..count).map(|i| self.between(f64::from(i), last)).collect(),
        }
    }

    /// The value at a share of the way from one end to the other.
    pub fn at(&self, share: f64) -> f64 {
        self.between(share, 1.0)
    }

    /// The value number `i` of those from 0 to `last`.
    fn between(&self, i: f64, last: f64) -> f64 {
        // The ends are those that were asked for, to the bit.
        if i == 0.0 || i == last {
            return if i == 0.0 { self.from } else { self.to };
        }
        // The system's own logarithms have other last digits on other systems.
        let (a, b) = if self.log { (libm::log(self.from), libm::log(self.to)) } else { (self.from, self.to) };
        match (a * (last - i) + b * i) / last {
            // Rounding leads out of the range, and what is asked for beyond its ends lies there.
            value if self.log && 0.0 < i && i < last => libm::exp(value).clamp(self.from, self.to),
            value if self.log => libm::exp(value),
            value => value,
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = if self.log { " : log" } else { "" };
        write!(f, "{} = {} .. {}{log}", self.name, self.from, self.to)
    }
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write NAME=FROM..TO, such as x1=-4..4 or eta=0.01..10:log";
        let (name, range) = text.split_once('=').ok_or_else(|| format!("`{text}` is no axis; {form}"))?;
        let (range, log) = match range.split_once(':') {
            None => (range, false),
            Some((range, scale)) => match scale.trim() {
                "log" => (range, true),
                "linear" => (range, false),
                other => return Err(format!("unknown scale `{other}`; use `log` or `linear`")),
            },
        };
        let (from, to) = range.split_once("..").ok_or_else(|| format!("`{text}` has no range; {form}"))?;
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(format!("`{text}` names no quantity; {form}"));
        }
        let axis = Self { name, from: number(from)?, to: number(to)?, log };
        axis.check()?;
        Ok(axis)
    }
}

impl Axis {
    fn check(&self) -> Result<(), String> {
        let Self { name, from, to, log } = self;
        if !(from.is_finite() && to.is_finite()) {
            return Err(format!("the range {from} .. {to} of `{name}` is not finite; give two numbers"));
        }
        if from == to {
            return Err(format!(
                "the range {from} .. {to} of `{name}` is empty; give two different numbers, or fix it \
                 with --set {name}={from}"
            ));
        }
        if from > to {
            return Err(format!("the range {from} .. {to} of `{name}` is inverted; write {to}..{from}"));
        }
        if *log && *from <= 0.0 {
            return Err(format!(
                "a logarithmic axis needs a range above 0, and that of `{name}` is {from} .. {to}; \
                 raise its lower end or drop `:log`"
            ));
        }
        Ok(())
    }
}

/// A number, or a formula of numbers such as `-pi/2`.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    // `inf` and `nan` are read, so that the message can say what is wrong with them.
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let scope = Scope { quantities: Some(Vec::new()), ..Scope::default() };
    let mut graph = Graph::default();
    let value =
        parse(text).and_then(|ast| lower(&mut graph, &scope, &ast, text)).ok().and_then(|id| graph.value(id));
    value.ok_or_else(|| format!("`{text}` is not a number; give one such as 0.5 or -pi/2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_included_and_symmetry_is_exact() {
        let axis: Axis = "x1 = -4 .. 4".parse().unwrap();
        let values = axis.values(1024);
        assert_eq!((values[0], values[1023]), (-4.0, 4.0));
        assert!((0..1024).all(|i| values[i] == -values[1023 - i]));
        assert_eq!(axis.values(1), [0.0]);
        let log: Axis = "eta=0.01..100:log".parse().unwrap();
        let values = log.values(5);
        for (value, expected) in values.iter().zip([0.01, 0.1, 1.0, 10.0, 100.0]) {
            assert!((value / expected - 1.0).abs() < 1e-14);
        }
        for (share, beyond) in [(-0.25, 0.001), (1.25, 1000.0)] {
            assert!((log.at(share) / beyond - 1.0).abs() < 1e-14, "{share}");
        }
        for text in ["eta=0.02..0.1:log", "eta=0.001..100:log", "eta=0.3..0.7:log"] {
            let axis: Axis = text.parse().unwrap();
            let values = axis.values(2);
            assert_eq!((values[0], values[1]), (axis.from, axis.to), "{text}");
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for text in ["x1 = -4 .. 4", "eta = 0.01 .. 10 : log"] {
            assert_eq!(text.parse::<Axis>().unwrap().to_string(), text);
        }
        assert_eq!("x=-pi..pi".parse::<Axis>().unwrap().to, std::f64::consts::PI);
    }

    #[test]
    fn bad_ranges_name_the_remedy() {
        for (text, remedy) in [
            ("x", "write NAME=FROM..TO"),
            ("x=1", "write NAME=FROM..TO"),
            ("=1..2", "names no quantity"),
            ("x=1..1", "--set x=1"),
            ("x=2..1", "write 1..2"),
            ("x=nan..1", "not finite"),
            ("x=0..inf", "not finite"),
            ("x=a..1", "`a` is not a number"),
            ("x=0..1:log", "raise its lower end"),
            ("x=0..1:cubic", "use `log` or `linear`"),
        ] {
            let message = text.parse::<Axis>().unwrap_err();
            assert!(message.contains(remedy), "{text}: {message}");
        }
    }
}
