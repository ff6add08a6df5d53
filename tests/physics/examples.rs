//! What the examples print.

#[path = "../../examples/period_doubling.rs"]
mod period_doubling;

/// The logistic map's cycles double at 3, 1 + sqrt 6, 3.544090, 3.564407 (Strogatz, Nonlinear dynamics, 10.2).
#[test]
fn the_example_finds_where_cycles_double() {
    let found = period_doubling::doublings().unwrap();
    let known = [(1, 2.9), (2, 3.0), (4, 1.0 + 6f64.sqrt()), (8, 3.544_090)];
    assert_eq!(found.len(), known.len(), "{found:?}");
    for ((period, r), (expected, at)) in found.into_iter().zip(known) {
        // Next to a doubling descent is slow: a cycle is found a few columns, of 0.001, later.
        assert!(period == expected && (at - 1e-9..at + 0.006).contains(&r), "{period} at {r}, not {at}");
    }
}
