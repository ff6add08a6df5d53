//! The paper's figures, each with its settings, and beside each the map that its few trajectories are a
//! sample of.
//!
//! The maps' experiments are the files `experiments/fig-*.toml`; `gdscope map` repeats each of them.

mod chaos;
mod decay;
mod origin;
mod parts;
mod valley;

use crate::error::Result;
use crate::picture::Figure;

/// A picture of a figure.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The name of its file, without ending.
    pub name: String,
    /// What is drawn.
    pub figure: Figure,
    /// The experiments that it shows, as TOML.
    pub experiments: String,
}

/// A figure of the paper: its number, and what computes its pictures while telling what it is at.
#[derive(Clone, Copy, Debug)]
pub struct PaperFigure {
    /// Its number in the paper, such as 4.1.
    pub number: &'static str,
    /// Part of the caption, in a few words.
    pub about: &'static str,
    draw: fn(Progress) -> Result<Vec<Picture>>,
}

/// Is told, in a few words, what is being computed.
pub type Progress<'a> = &'a dyn Fn(&str);

impl PaperFigure {
    /// Every figure that is about trajectories or losses written as formulas.
    pub const ALL: [PaperFigure; 4] = [
        PaperFigure {
            number: "4.1",
            about: "trajectories and losses of subquadratic functions",
            draw: chaos::pictures,
        },
        PaperFigure { number: "4.2", about: "a valley that flattens", draw: valley::pictures },
        PaperFigure { number: "5.1", about: "learning-rate decay over two valleys", draw: decay::pictures },
        PaperFigure { number: "6.1", about: "losses made by training data", draw: origin::pictures },
    ];

    /// Computes the pictures on all cores.
    ///
    /// # Errors
    /// Those of the experiments; none, as they are built in.
    pub fn pictures(&self, progress: Progress) -> Result<Vec<Picture>> {
        (self.draw)(progress)
    }
}
