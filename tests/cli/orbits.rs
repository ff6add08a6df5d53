//! `gdscope orbit` against iterations written by hand.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::common::{Place, words};

/// The header, and the numbers of every row.
fn table(line: &str) -> (String, Vec<Vec<f64>>) {
    let ran = Place::new().done(&words(line));
    assert_eq!(ran.err, "");
    let mut lines = ran.out.lines();
    let header = lines.next().unwrap().to_owned();
    (header, lines.map(|line| line.split(',').map(|v| v.parse().unwrap()).collect()).collect())
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-13 * a.abs().max(b.abs()), "{a} and {b}");
}

#[test]
fn the_quadratic_follows_its_closed_form() {
    for (eta, lambda, x0) in [(0.1_f64, 1.0_f64, 3.0_f64), (1.5, 1.25, -2.0), (2.5, 1.0, 1e-3)] {
        let line = format!("orbit quadratic --eta {eta} --set x={x0} lambda={lambda} --steps 60");
        let (header, rows) = table(&line);
        assert_eq!((header.as_str(), rows.len()), ("t,eta,x,loss,grad_norm,sharpness", 61));
        for (t, row) in rows.iter().enumerate() {
            let x = (1.0 - eta * lambda).powi(t as i32) * x0;
            assert_eq!((row[0], row[1], row[5]), (t as f64, eta, lambda));
            near(row[2], x);
            near(row[3], lambda / 2.0 * x * x);
            near(row[4], lambda * x.abs());
        }
    }
}

/// f1 with the learning rate of each step.
fn follows_f1(line: &str, eta: impl Fn(usize) -> f64) {
    let (_, rows) = table(line);
    let mut x: f64 = -5.0;
    for (t, row) in rows.iter().enumerate() {
        let size = x.abs();
        near(row[1], eta(t));
        // Iterates may differ by the rounding of ln(1 + x) and what descent makes of it.
        assert!((row[2] - x).abs() < 1e-11, "t = {t}: {} and {x}", row[2]);
        assert!((row[3] - ((1.0 + size) * size.ln_1p() - size)).abs() < 1e-10);
        assert!((row[4] - size.ln_1p()).abs() < 1e-10);
        near(row[5], 1.0 / (1.0 + row[2].abs()));
        x -= eta(t) * x.signum() * size.ln_1p();
    }
}

#[test]
fn f1_follows_its_schedule() {
    let schedule = |t: usize| [5.0, 3.0, 1.0][usize::from(t >= 100) + usize::from(t >= 150)];
    follows_f1("orbit f1 --eta 5@0,3@100,1@150 --set x=-5 --steps 200", schedule);
    follows_f1("orbit f1 --eta 1/(1+t/100) --set x=-5 --steps 50", |t| 1.0 / (1.0 + t as f64 / 100.0));
    follows_f1("orbit f1 --eta 0.5 --set x=-5", |_| 0.5);
}

#[test]
fn momentum_follows_a_plain_loop() {
    for (optimizer, looks_ahead) in [("heavy-ball", false), ("nesterov", true)] {
        let line = format!("orbit f1 --optimizer {optimizer} --eta 1+beta --set x=-5 beta=0.5 --steps 60");
        let (header, rows) = table(&line);
        assert_eq!((header.as_str(), rows.len()), ("t,eta,x,loss,grad_norm,sharpness", 61));
        let (mut x, mut v): (f64, f64) = (-5.0, 0.0);
        for (t, row) in rows.iter().enumerate() {
            let size = x.abs();
            assert_eq!((row[0], row[1]), (t as f64, 1.5));
            assert!((row[2] - x).abs() < 1e-13, "t = {t}: {} and {x}", row[2]);
            // Loss, gradient and sharpness are those at x, wherever the step takes its gradient.
            assert!((row[3] - ((1.0 + size) * size.ln_1p() - size)).abs() < 1e-13);
            assert!((row[4] - size.ln_1p()).abs() < 1e-13);
            assert!((row[5] - 1.0 / (1.0 + size)).abs() < 1e-13);
            let at = if looks_ahead { x + 0.5 * v } else { x };
            v = 0.5 * v - 1.5 * at.signum() * at.abs().ln_1p();
            x += v;
        }
    }
}

#[test]
fn several_variables_and_a_landscape_after_the_settings() {
    let (header, rows) = table("orbit --set x1=-3 x2=3 f3 --eta 1 --steps 5");
    assert_eq!((header.as_str(), rows.len()), ("t,eta,x1,x2,loss,grad_norm,sharpness", 6));
    assert_eq!(rows[0][2..4], [-3.0, 3.0]);
    let again = table("orbit f3 --set x1=-3 --set x2=3 --eta 1 --steps 5");
    assert_eq!(again.1, rows);
    let loss = table("orbit --loss (a-x*y)^2/2 --set a=1 x=2 y=0.5 --eta 0.1 --steps 1");
    assert_eq!(
        (loss.0.as_str(), loss.1[1][2..5].to_vec()),
        ("t,eta,x,y,loss,grad_norm,sharpness", vec![2.0, 0.5, 0.0])
    );
}

#[test]
fn a_reader_may_stop_early() {
    let place = Place::new();
    let mut command = place.command(&words("orbit f1 --eta 3 --set x=-5 --steps 1000000"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((line.as_str(), ended.status.code()), ("t,eta,x,loss,grad_norm,sharpness\n", Some(0)));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
