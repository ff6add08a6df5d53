//! What goes wrong in a shader without a word is found by the check against f64.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::any_device;
use super::trust::{Mutated, uphill};
use crate::engine::gpu::shader_source;
use crate::error::Error;
use crate::experiment::{Draft, Experiment};
use crate::plan::Plan;

/// A double well: fates, periods and attractors differ from place to place.
const WELLS: &str = "landscape = { variables = ['x'], loss = '(x^2 - 1)^2/4' }
    across = 'x = -1.3 .. 1.3'\nup = 'eta = 0.2 .. 1.2'\nsize = [100, 100]\nsteps = 2000";
/// The learning rate is large for a few steps, in which every fifth orbit changes the well.
const HOPS: &str = "landscape = { variables = ['x', 'y'], loss = '(x^2 - 1)^2/4 + y^2/2' }
    across = 'x = -1.5 .. 1.5'\nup = 'y = -1 .. 1'\neta = [[0, 2.0], [1, 0.2]]\nsize = [100, 100]\nsteps = 2000";

fn experiment(text: &str) -> Experiment {
    Draft::parse(text).unwrap().resolve().unwrap()
}

/// The verdict of the check, and the bits of fates and amplitudes.
fn checked(
    text: &str,
    mutation: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (Result<(), String>, Vec<u64>) {
    let mutated = Mutated::new(mutation);
    let engine = any_device().with_faults(Arc::clone(&mutated) as _);
    let (map, report) = crate::run(&experiment(text), &engine, true, &|_| {}).unwrap();
    let bits = map.fate.iter().map(|&fate| u64::from(fate)).chain(map.amplitude.iter().map(|a| a.to_bits()));
    let verdict = match report.check.unwrap().verdict() {
        Ok(()) => Ok(()),
        Err(Error::Check(message)) => Err(message),
        Err(other) => panic!("{other}"),
    };
    // A mutation that changes nothing would pass for one that is not seen.
    let is_mutation = mutated.changed.load(Ordering::Relaxed) > 0;
    (if is_mutation { verdict } else { verdict.and(Err("nothing was mutated".to_owned())) }, bits.collect())
}

/// The same for what must be found, with the reason.
fn found(text: &str, mutation: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let message = checked(text, mutation).0.unwrap_err();
    assert!(message.contains("away from basin boundaries") && message.contains("do not rely"), "{message}");
    message
}

#[test]
fn a_right_map_passes() {
    for text in [WELLS, HOPS] {
        let (verdict, _) = checked(text, |text| format!("{text}\n// The same.\n"));
        assert_eq!(verdict, Ok(()));
    }
}

#[test]
fn steps_up_the_gradient_are_found() {
    found(WELLS, uphill);
}

/// Every sign in the generated steps, one after the other, in both places where they are written.
#[test]
fn every_wrong_sign_in_the_generated_gradient_is_found() {
    let source = shader_source(&Plan::new(&experiment(WELLS)).unwrap());
    let start = source.find("fn advance(").unwrap();
    let body = &source[start..start + source[start..].find("return").unwrap()];
    let signs: Vec<&str> = body.lines().filter(|line| line.contains(" - ") || line.contains(" + ")).collect();
    assert!(signs.len() >= 2, "{body}");
    let (_, right) = checked(WELLS, |text| format!("{text}\n// The same.\n"));
    for line in signs {
        let wrong = match line.contains(" - ") {
            true => line.replacen(" - ", " + ", 1),
            false => line.replacen(" + ", " - ", 1),
        };
        let line = line.to_owned();
        let (verdict, bits) = checked(WELLS, {
            let line = line.clone();
            move |text| text.replace(&line, &wrong)
        });
        assert!(bits != right && verdict.is_err(), "{line}: {verdict:?}");
    }
}

#[test]
fn swapped_axes_are_found() {
    let [across, up] = ["axes[cell % slice.width]", "axes[slice.width + cell / slice.width]"];
    for text in [WELLS, HOPS] {
        found(text, move |text| text.replace(across, "ACROSS").replace(up, across).replace("ACROSS", up));
    }
}

/// A slice whose steps are left out, though its marks are all there: the first window does not move its lanes.
#[test]
fn a_slice_that_does_nothing_is_found() {
    let part = "let advanced = part(0u, slice.advance);";
    found(HOPS, move |text| {
        text.replace(part, "var advanced = part(0u, slice.advance);\n    if slice.start == 0u {\n        advanced.y = 0u;\n    }")
    });
}

/// A lane that says that it has ended and writes nothing is found before any check.
#[test]
fn an_end_that_is_not_written_is_found() {
    let mutated = Mutated::new(|text: &str| text.replace("write(0u, lane, Bits(word));", ""));
    let engine = any_device().with_faults(mutated);
    let error = crate::run(&experiment(WELLS), &engine, false, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("no end was written"), "{error}");
}
