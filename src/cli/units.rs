//! Numbers and times as people say them.

use std::time::Duration;

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
    match seconds {
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        _ => lasting(Duration::from_secs(seconds.round() as u64)),
    }
}

/// A rate with two digits, in words that people use.
pub fn rounded(rate: f64) -> String {
    match rate {
        rate if rate >= 1e9 => format!("{:.1} G", rate / 1e9),
        rate if rate >= 1e6 => format!("{:.1} M", rate / 1e6),
        rate if rate >= 1e3 => format!("{:.1} k", rate / 1e3),
        rate => format!("{rate:.1}"),
    }
}

/// A time as `3 s`, `2 min 5 s` or `1 h 20 min`.
pub fn lasting(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn rates_and_times_are_as_people_write_them() {
        for (rate, text) in [(0.26, "0.3"), (1234.0, "1.2 k"), (5.67e6, "5.7 M"), (2e9, "2.0 G")] {
            assert_eq!(rounded(rate), text);
        }
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (125, "2 min 5 s"), (4850, "1 h 20 min")] {
            assert_eq!(lasting(Duration::from_secs(seconds)), text);
        }
    }
}
