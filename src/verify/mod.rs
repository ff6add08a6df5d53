//! The paper's claims, each checked on a large ensemble: what `gdscope verify` prints.
//!
//! Every topic is a function of what it checks, a landscape and a theory, so that a wrong one can be given
//! and must be found out.

pub mod ensemble;
pub mod flatness;
pub mod lemma_4_1;
pub mod network;
pub mod noise;
pub mod relu;
pub mod scales;
pub mod theorem_4_1;
pub mod theorem_4_2;
pub mod theorem_4_3;

use serde::Serialize;

pub use self::ensemble::Lab;
use crate::error::{Error, Result, nearest};

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// The claim, in a few words.
    pub claim: String,
    /// Where the paper makes it.
    pub paper: &'static str,
    /// Trajectories, points or pairs that it was checked on.
    pub cases: u64,
    /// The largest deviation from it; NaN, in JSON null, where none could be found.
    pub worst: f64,
    /// The largest deviation that rounding, statistics or the claim's own order of accuracy explain.
    pub tolerance: f64,
    /// Whether `worst` is within `tolerance`, and there were cases.
    pub holds: bool,
    /// What `worst` counts, and the numbers behind it.
    pub note: String,
}

impl Claim {
    /// Judges a claim.
    pub fn new(
        claim: impl Into<String>,
        paper: &'static str,
        cases: u64,
        (worst, tolerance): (f64, f64),
        note: impl Into<String>,
    ) -> Self {
        let holds = cases > 0 && worst <= tolerance;
        Self { claim: claim.into(), paper, cases, worst, tolerance, holds, note: note.into() }
    }

    /// A claim that fails before it can be measured.
    pub fn failed(claim: impl Into<String>, paper: &'static str, why: impl Into<String>) -> Self {
        Self::new(claim, paper, 0, (f64::NAN, 0.0), why)
    }
}

/// A part of the paper with the claims that it makes.
#[derive(Clone, Copy)]
pub struct Topic {
    /// What it is called on the command line.
    pub name: &'static str,
    check: fn(&Lab) -> Result<Vec<Claim>>,
}

/// All of them, in the paper's order.
pub const TOPICS: [Topic; 8] = [
    Topic { name: "lemma-4.1", check: lemma_4_1::check },
    Topic { name: "theorem-4.1", check: theorem_4_1::check },
    Topic { name: "theorem-4.2", check: theorem_4_2::check },
    Topic { name: "theorem-4.3", check: theorem_4_3::check },
    Topic { name: "section-4.4", check: flatness::check },
    Topic { name: "remark-4.2", check: noise::check },
    Topic { name: "section-5", check: scales::check },
    Topic { name: "section-6", check: relu::check },
];

impl Topic {
    /// The topic of a name, or of its number from 1.
    ///
    /// # Errors
    /// [`Error::Request`] for a name that there is not.
    pub fn find(name: &str) -> Result<Self> {
        let number = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let found =
            TOPICS.into_iter().enumerate().find(|(k, topic)| topic.name == name || number == Some(*k));
        found.map(|(_, topic)| topic).ok_or_else(|| {
            let hint = nearest(name, TOPICS.iter().map(|topic| topic.name));
            let known = TOPICS.map(|topic| topic.name).join(", ");
            Error::request(format!("claim: nothing is called `{name}`{hint}; there are {known}, or 1 to 8"))
        })
    }

    /// Checks its claims.
    ///
    /// # Errors
    /// [`Error::Device`] if the engine fails; a claim that does not hold is no error.
    pub fn check(&self, lab: &Lab) -> Result<Vec<Claim>> {
        (self.check)(lab)
    }
}
