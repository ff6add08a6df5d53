//! The paper's claims at a small size, on both engines; and that each check finds out what is wrong.

use gdscope::engine::Engine;
use gdscope::engine::cpu::CpuEngine;
use gdscope::landscape::Landscape;
use gdscope::landscape::separable::{rotation, separable};
use gdscope::verify::theorem_4_2::Sum;
use gdscope::verify::{
    Claim, Lab, TOPICS, Topic, flatness, lemma_4_1, network, noise, relu, scales, theorem_4_1, theorem_4_2,
    theorem_4_3,
};

use super::engines::gpu;

/// No claim.
const NONE: [usize; 0] = [];

fn load(name: &str) -> Landscape {
    Landscape::load(name).unwrap()
}

/// Runs a check on the GPU engine and on the CPU.
fn on_both(check: impl Fn(&Lab)) {
    let engines: [Box<dyn Engine>; 2] = [Box::new(gpu()), Box::new(CpuEngine::default())];
    for engine in &engines {
        check(&Lab { engine: engine.as_ref(), quick: true });
    }
}

/// Runs a check on the CPU, for what must be found out.
fn on_cpu(check: impl Fn(&Lab)) {
    check(&Lab { engine: &CpuEngine::default(), quick: true });
}

/// The claims of a topic hold, all `count` of them.
fn hold(topic: &str, count: usize) {
    on_both(|lab| {
        let claims = Topic::find(topic).unwrap().check(lab).unwrap();
        assert_eq!(claims.len(), count);
        for claim in claims {
            assert!(claim.holds && claim.cases > 0 && claim.worst <= claim.tolerance, "{claim:?}");
            assert!(!claim.note.is_empty());
        }
    });
}

/// Which claims do not hold, by their place.
fn broken(claims: &[Claim]) -> Vec<usize> {
    claims.iter().enumerate().filter(|(_, claim)| !claim.holds).map(|(place, _)| place).collect()
}

#[test]
fn topics_are_found_by_name_and_number() {
    for (k, topic) in TOPICS.iter().enumerate() {
        assert_eq!(Topic::find(topic.name).unwrap().name, topic.name);
        assert_eq!(Topic::find(&(k + 1).to_string()).unwrap().name, topic.name);
    }
    for wrong in ["0", "9", "lemma"] {
        assert!(Topic::find(wrong).err().unwrap().is_request());
    }
}

#[test]
fn nothing_checked_and_nothing_found_is_no_success() {
    assert!(Claim::new("", "", 1, (0.5, 0.5), "").holds);
    for (cases, worst) in [(0, 0.0), (1, f64::NAN), (1, 0.6)] {
        assert!(!Claim::new("", "", cases, (worst, 0.5), "").holds);
    }
}

#[test]
fn claim_1_lemma_4_1() {
    hold("lemma-4.1", 2);
    on_cpu(|lab| {
        for loss in ["x^2", "x^2/2 + x^4"] {
            let wrong = Landscape::from_loss(loss, &["x"], Default::default()).unwrap();
            assert_eq!(broken(&lemma_4_1::check_curves(lab, &[wrong]).unwrap()), [0, 1], "{loss}");
        }
    });
}

#[test]
fn claim_2_theorem_4_1() {
    hold("theorem-4.1", 5);
    on_cpu(|lab| {
        // Below, at, told from convergence, above, (4.2).
        let of = |name, scale| broken(&theorem_4_1::check_on(lab, &load(name), scale).unwrap());
        assert_eq!(of("f1", 1.1), [0, 1]);
        assert_eq!(of("f1", 0.9), [1, 2, 3, 4]);
        assert!([3, 4].iter().all(|place| of("f2", 1.0).contains(place)));
    });
}

#[test]
fn claim_3_theorem_4_2() {
    hold("theorem-4.2", 4);
    on_cpu(|lab| {
        let sums = [Sum { n: 3, seed: 4, eta: 2.5 }];
        let of = |landscape: Landscape, seed| {
            let build = |sum: &Sum| Ok((landscape.clone(), rotation(sum.n, seed)));
            broken(&theorem_4_2::check_on(lab, &sums, build).unwrap())
        };
        assert_eq!(of(separable(3, 4), 4), NONE);
        assert_eq!(of(separable(3, 4), 5), [0, 1, 2, 3]);
        let weaker = Landscape { loss: "g1(c1) + g2(c2/2) + g3(c3)".to_owned(), ..separable(3, 4) };
        assert_eq!(of(weaker, 4), [0, 1, 2, 3]);
    });
}

#[test]
fn claim_4_theorem_4_3() {
    hold("theorem-4.3", 4);
    on_cpu(|lab| {
        let claims = theorem_4_3::check_on(lab, "quadratic", &load("quadratic")).unwrap();
        assert_eq!(broken(&claims), [0, 1]);
    });
}

#[test]
fn claim_5_quasistatic_motion() {
    hold("section-4.4", 4);
    on_cpu(|lab| {
        let of = |valley: &Landscape, h| broken(&flatness::check_on(lab, valley, h).unwrap());
        let valley = load("valley");
        assert_eq!(of(&valley, "1/(1 + 0.012*x)"), [0, 1, 3]);
        // The sign of the motion.
        assert_eq!(of(&valley, "1 + 0.01*x"), [0, 1, 3]);
        // Away from the top of a ridge it first gets faster.
        let ridge = Landscape { loss: "f1(x2 / (1 + 0.0001*x1^2))".to_owned(), ..valley };
        assert!(of(&ridge, "1/(1 + 0.0001*x^2)").contains(&2));
    });
}

#[test]
fn claim_6_remark_4_2() {
    hold("remark-4.2", 4);
    on_cpu(|lab| {
        let noise = vec!["0".to_owned(), "1.2 * sigma * eta * sqrt(H(x1))".to_owned()];
        let louder = Landscape { noise, ..load("noisy-valley") };
        assert_eq!(broken(&noise::check_on(lab, &louder).unwrap()), [0, 1, 2, 3]);
    });
}

#[test]
fn claim_7_section_5() {
    hold("section-5", 3);
    on_cpu(|lab| {
        let of = |landscape: &Landscape, decays: &[u32]| {
            broken(&scales::check_on(lab, landscape, decays).unwrap())
        };
        let valleys = load("two-valleys");
        assert_eq!(of(&valleys, &[650, 651]), [2]);
        assert!(of(&valleys, &[300, 750]).contains(&1));
        let mut steeper = valleys;
        steeper.define.iter_mut().for_each(|text| *text = text.replace("0.001", "0.0011"));
        assert!(of(&steeper, &[650, 700, 750]).contains(&0));
    });
}

#[test]
fn claim_8_section_6() {
    hold("section-6", 8);
    on_cpu(homogeneity_and_pieces_can_fail);
}

fn homogeneity_and_pieces_can_fail(lab: &Lab) {
    let one_neuron_less = "1 - relu(w*x + 1) + relu(w*x) - relu(w*x - 1)";
    assert!(relu::piecewise(lab, relu::NETWORK).unwrap().holds);
    assert!(!relu::piecewise(lab, one_neuron_less).unwrap().holds);
    assert!(!relu::population(lab, &load("relu-uniform"), 3.001).unwrap().holds);
    let data = relu::spread_out(7, 1e3).unwrap();
    let higher = Landscape { define: vec!["f(x, w) = min(abs(w*x), 5)".to_owned()], ..data.clone() };
    assert!(!relu::total(lab, &higher).unwrap().holds);
    assert_eq!(broken(&relu::sharpness(&data).unwrap()), NONE);
    assert_eq!(broken(&relu::sharpness(&higher).unwrap()), [0, 1]);
    // Data of like magnitude make no scales.
    assert_eq!(broken(&relu::sharpness(&relu::spread_out(7, 10.0).unwrap()).unwrap()), [1]);
    let of = |power: f64, first| broken(&network::check(lab, |depth| power / depth as f64, first));
    assert_eq!(of(1.0, 1.0), NONE);
    assert_eq!(of(1.01, 1.0), [0]);
    assert_eq!(of(1.0, 1.01), [1, 2]);
}
