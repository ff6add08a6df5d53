//! Numbers and times as people say them.

/// A number of steps or the like with three digits that count: 812, 46.4 million, 1.94 billion.
pub fn count(number: f64) -> String {
    const SCALES: [(f64, &str); 4] =
        [(1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand")];
    // What would round to 1000 of one is 1 of the next.
    let scale = SCALES.into_iter().find(|(scale, _)| number >= 0.9995 * scale && number >= 1e4);
    let (value, name) = scale.map_or((number, ""), |(scale, name)| (number / scale, name));
    let decimals = match name {
        "" => 0,
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{name}")
}

/// Seconds: 0.92 s, 12.3 s, 3 min 12 s, 2 h 5 min.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        s if s < 3599.5 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, duration};

    #[test]
    fn numbers_have_three_digits() {
        for (number, text) in [
            (0.0, "0"),
            (812.0, "812"),
            (9_999.0, "9999"),
            (12_340.0, "12.3 thousand"),
            (999_400.0, "999 thousand"),
            (999_600.0, "1.00 million"),
            (46_440_000.0, "46.4 million"),
            (1.936e9, "1.94 billion"),
            (2.5e13, "25.0 trillion"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn times_are_told_in_their_units() {
        for (seconds, text) in [
            (0.004, "0.00 s"),
            (0.92, "0.92 s"),
            (12.34, "12.3 s"),
            (59.97, "1 min 0 s"),
            (192.0, "3 min 12 s"),
            (3599.7, "1 h 0 min"),
            (7500.0, "2 h 5 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
