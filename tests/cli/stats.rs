//! Statistics of maps, from the map to the numbers.

use serde_json::Value;

use super::common::{Place, words};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn measured(place: &Place, line: &str) -> Value {
    serde_json::from_str(&place.done(&words(line)).out).unwrap()
}

/// A quadratic converges below eta = 2 / lambda and diverges above: half of this window, along a line.
#[test]
fn a_straight_boundary_from_the_map_to_the_numbers() {
    let place = Place::new();
    place.done(&words(
        "map quadratic --across x=0.5..2 --up eta=0.5..3.5 --size 160x128 --engine cpu --show fate -o out",
    ));
    let before = place.names("out");
    let found = measured(&place, "stats out");
    assert_eq!(
        found["fractions"],
        serde_json::json!({ "attractor 0": 0.5, "diverged": 0.5, "undecided": 0.0 })
    );
    for (key, expected) in [("boundary_dimension", 1.0), ("uncertainty_exponent", 1.0)] {
        assert!((number(&found[key]) - expected).abs() < 1e-9, "{}", found[key]);
        assert!(number(&found[&format!("{key}_error")]) < 1e-9);
    }
    // 128 rows in boxes of 5: the boundary is in those from row 60 on, 4 rows of 5 on one side.
    let expected: f64 = [0.8f64, 0.2].iter().map(|p| -p * p.ln()).sum();
    assert!((number(&found["boundary_basin_entropy"]) - expected).abs() < 1e-12);
    assert!((number(&found["basin_entropy"]) - expected / 25.0).abs() < 1e-12);
    assert_eq!((&found["exceeds_log_2"], &found["wada"]), (&Value::Bool(false), &Value::Null));
    assert!(found["reasons"]["wada"].as_str().unwrap().contains("three basins"));
    let basis = &found["basis"];
    assert_eq!((basis["size"].to_string(), basis["steps"].to_string()), ("[128,160]".into(), "10000".into()));
    assert_eq!((&basis["up"], &basis["entropy_box"]), (&"eta = 0.5 .. 3.5".into(), &5.into()));
    assert_eq!(basis["boundary_dimension_boxes"].to_string(), "[2,8]");
    let basin = &found["basins"][0];
    assert_eq!(
        (&basin["fate"], &basin["period"], &basin["cells"]),
        (&"converged".into(), &1.into(), &10240.into())
    );
    let error = (0.25f64 / 20480.0).sqrt();
    assert!((number(&basin["standard_error"]) - error).abs() < 1e-12);
    assert!(number(&basin["standard_error_of_grid"]) < error / 5.0);
    let resolutions = found["resolutions"].as_array().unwrap();
    let sizes: Vec<String> = resolutions.iter().map(|resolution| resolution["size"].to_string()).collect();
    assert_eq!(sizes, ["[128,160]", "[64,80]"]);
    resolutions.iter().for_each(|r| assert!((number(&r["boundary_dimension"]["value"]) - 1.0).abs() < 1e-9));
    assert!(found["notes"][0].as_str().unwrap().contains("no initial coordinate"));
    // Nothing is written.
    assert_eq!(place.names("out"), before);
}

#[test]
fn json_goes_to_programs_and_a_table_where_it_is_asked_for() {
    let place = Place::new();
    let map = "map --loss '(x^2 - 1)^2/4' --across x=-3..3 --up eta=0.1..3:log --size 96x96 --steps 300 --engine cpu";
    place.done(&words(&format!("{map} --show fate -o out")));
    let json = place.done(&words("stats out")).out;
    assert_eq!(place.done(&words("stats out --json")).out, json);
    let found: Value = serde_json::from_str(&json).unwrap();
    let report: Value = serde_json::from_str(&place.text("out/report.json")).unwrap();
    let fractions = found["fractions"].as_object().unwrap();
    assert!((fractions.values().map(number).sum::<f64>() - 1.0).abs() < 1e-12);
    for attractor in report["attractors"].as_array().unwrap() {
        assert_eq!(fractions[&format!("attractor {}", attractor["id"])], attractor["fraction"]);
    }
    for fate in ["diverged", "undecided"] {
        let share = number(&report["fates"][fate]) / (96.0 * 96.0);
        assert!(share > 0.0 && (number(&fractions[fate]) - share).abs() < 1e-12, "{fate}");
    }
    let notes = found["notes"].to_string();
    assert!(notes.contains("`eta` is logarithmic") && notes.contains("a larger `--steps`"), "{notes}");
    // Undecided cells as a basin: the fractions stay, the entropy does not.
    let counted = measured(&place, "stats out --count-undecided");
    assert_eq!(counted["fractions"].as_object().unwrap().len(), fractions.len());
    assert!(number(&counted["basin_entropy"]) > number(&found["basin_entropy"]));
    assert_eq!(counted["basis"]["undecided_counted"], Value::Bool(true));

    let table = place.done(&words("stats out --table")).out;
    for part in [
        "96 x 96 cells, x = -3 .. 3 across and eta = 0.1 .. 3 : log up, at most 300 steps each",
        "attractor 0      converged        1",
        "boundary entropy Sbb",
        "boundary dimension",
        "uncertainty exponent",
        "Wada property",
        "in boxes of n x n",
        "`eta` is logarithmic",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let both = place.run(&words("stats out --table --json"));
    assert!(both.code == Some(2) && both.err.contains("cannot be used with"), "{both:?}");
}
