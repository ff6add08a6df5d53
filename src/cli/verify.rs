//! `gdscope verify`: the paper's claims, checked.

use std::io::Write;

use clap::Args;

use super::engine::EngineArguments;
use super::printed;
use super::progress::Progress;
use crate::error::{Error, Result};
use crate::experiment::Precision;
use crate::verify::{Claim, Lab, TOPICS, Topic};

/// Check the paper's claims on large ensembles
///
/// One row for each claim: where it is in the paper, on how many cases it was checked, the worst
/// deviation from it and the largest that is tolerated, and whether it holds. The exit code is 1 if
/// one does not.
///
/// CLAIM is lemma-4.1, theorem-4.1, theorem-4.2, theorem-4.3, section-4.4 (the quasistatic motion),
/// remark-4.2, section-5 or section-6, or its number, 1 to 8; without it, all are checked, which takes
/// a few minutes.
///
/// Examples:
///   gdscope verify --quick
///   gdscope verify theorem-4.2 --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Claims to check [default: all]
    #[arg(value_name = "CLAIM")]
    claims: Vec<String>,

    /// Smaller ensembles: all claims in half a minute
    #[arg(long)]
    quick: bool,

    /// Print JSON, with a note on each claim
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut named: Vec<Topic> = Vec::new();
    for name in &arguments.claims {
        let topic = Topic::find(name)?;
        if !named.iter().any(|other| other.name == topic.name) {
            named.push(topic);
        }
    }
    let topics = if named.is_empty() { TOPICS.to_vec() } else { named };
    let engine = arguments.engine.open(Precision::F32)?;
    let lab = Lab { engine: engine.as_ref(), quick: arguments.quick };
    let spinner = Progress::spinner();
    let mut claims = Vec::new();
    for topic in topics {
        spinner.say(format!("checking {}", topic.name));
        claims.extend(topic.check(&lab)?);
    }
    spinner.clear();
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&claims).expect("claims have no keys but strings") + "\n",
        false => table(&claims),
    };
    printed(std::io::stdout().lock().write_all(text.as_bytes()))?;
    match claims.iter().filter(|claim| !claim.holds).count() {
        0 => Ok(()),
        wrong => Err(Error::Claims(wrong, claims.len())),
    }
}

/// The claims in columns, with their notes below.
fn table(claims: &[Claim]) -> String {
    let width =
        |of: fn(&Claim) -> &str| claims.iter().map(|claim| of(claim).chars().count()).max().unwrap_or(0);
    let (claim, paper) = (width(|c| &c.claim), width(|c| c.paper));
    let mut text = format!(
        "{:claim$}  {:paper$}  {:>9} {:>9} {:>9}  holds\n",
        "claim", "paper", "cases", "worst", "tolerance"
    );
    for c in claims {
        let holds = if c.holds { "yes" } else { "NO" };
        text += &format!(
            "{:claim$}  {:paper$}  {:>9} {:>9.2e} {:>9.2e}  {holds}\n",
            c.claim, c.paper, c.cases, c.worst, c.tolerance
        );
    }
    text.push('\n');
    for c in claims {
        text += &format!("{}: {}\n", c.claim, c.note);
    }
    text
}
