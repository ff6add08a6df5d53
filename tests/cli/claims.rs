//! `gdscope verify`.

use super::common::{Place, words};

#[test]
fn json_has_the_agreed_keys() {
    let place = Place::new();
    let ran = place.done(&words("verify --quick --json --engine cpu lemma-4.1 section-6"));
    assert_eq!(ran.err, "");
    let claims: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let claims = claims.as_array().unwrap();
    assert_eq!(claims.len(), 10);
    for claim in claims {
        let mut keys: Vec<&str> = claim.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["cases", "claim", "holds", "note", "paper", "tolerance", "worst"]);
        assert!(claim["claim"].is_string() && claim["paper"].is_string());
        assert!(claim["cases"].as_u64().unwrap() > 0);
        assert!(claim["worst"].as_f64().unwrap() <= claim["tolerance"].as_f64().unwrap());
        assert_eq!(claim["holds"], true);
    }
}

#[test]
fn the_table_says_what_holds() {
    let out = Place::new().done(&words("verify --quick --engine cpu 1")).out;
    let heads: Vec<&str> = out.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(heads, ["claim", "paper", "cases", "worst", "tolerance", "holds"]);
    assert!(out.lines().nth(1).unwrap().ends_with("yes"), "{out}");
}

#[test]
fn a_claim_that_is_named_twice_is_checked_once() {
    let place = Place::new();
    let once = place.done(&words("verify --quick --engine cpu lemma-4.1")).out;
    assert_eq!(place.done(&words("verify --quick --engine cpu 1 lemma-4.1 1")).out, once);
}

#[test]
fn an_unknown_claim_is_a_wrong_request() {
    let ran = Place::new().run(&words("verify lemma-4.2"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("did you mean `lemma-4.1`?"), "{}", ran.err);
}
