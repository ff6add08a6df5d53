//! What is descended when speed is measured.

use crate::error::{Error, Result, nearest};
use crate::experiment::{Draft, Experiment, Precision};
use crate::plan::Plan;
use crate::window::windows;

/// A landscape with the rest of its experiment.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    /// The name of the landscape.
    pub landscape: &'static str,
    /// TOML, without size, steps and precision. No trajectory diverges.
    experiment: &'static str,
    /// Whether whole maps are measured too.
    pub is_mapped: bool,
}

/// From one logarithm to a hundred rows a step. The programs in `benches/peers` compute the first three.
pub const CASES: [Case; 5] = [
    Case {
        landscape: "f1",
        experiment: "landscape = 'f1'\nacross = 'eta = 2.5 .. 10'\nup = 'x = -8 .. 8'",
        is_mapped: true,
    },
    Case {
        landscape: "f3",
        experiment: "landscape = 'f3'\nacross = 'x1 = -4 .. 4'\nup = 'x2 = -4 .. 4'\neta = 1",
        is_mapped: true,
    },
    Case {
        landscape: "two-valleys",
        experiment: "landscape = 'two-valleys'\nacross = 'x1 = -30 .. 30'\nup = 'x2 = -4 .. 4'\n\
                     eta = [[0, 2.5], [650, 0.25]]",
        is_mapped: true,
    },
    Case {
        landscape: "separable-8",
        experiment: "landscape = 'separable-8'\nacross = 'x1 = -4 .. 4'\nup = 'x2 = -4 .. 4'\neta = 3\n\
                     set = { x3 = 1, x4 = 1, x5 = 1, x6 = 1, x7 = 1, x8 = 1 }",
        is_mapped: false,
    },
    Case {
        landscape: "relu-data",
        experiment: "landscape = 'relu-data'\nacross = 'eta = 0.1 .. 4'\nup = 'w = -4 .. 4'\nset = { N = 100 }",
        is_mapped: false,
    },
];

impl Case {
    /// The one of this name.
    ///
    /// # Errors
    /// [`Error::Request`] with the names there are.
    pub fn find(name: &str) -> Result<&'static Self> {
        let names = CASES.iter().map(|case| case.landscape);
        CASES.iter().find(|case| case.landscape == name).ok_or_else(|| {
            let hint = nearest(name, names.clone());
            let known = names.collect::<Vec<_>>().join(", ");
            Error::request(format!("`{name}` is not measured{hint}; give some of {known}"))
        })
    }

    /// The whole experiment.
    ///
    /// # Errors
    /// [`Error::Request`] for a size or a number of steps that cannot be.
    pub fn experiment(&self, size: [u32; 2], steps: u32, precision: Precision) -> Result<Experiment> {
        let draft = Draft::parse(self.experiment).map_err(Error::Request)?;
        let rest =
            Draft { size: Some(size), steps: Some(steps), precision: Some(precision), ..Draft::default() };
        draft.overridden(rest).resolve()
    }

    /// A plan in which every trajectory takes all steps, and nothing is observed.
    ///
    /// # Errors
    /// As [`Case::experiment`].
    pub fn steps_plan(&self, size: [u32; 2], steps: u32, precision: Precision) -> Result<Plan> {
        let mut plan = Plan::new(&self.experiment(size, steps, precision)?)?;
        // As if the learning rate changed to the end: then nothing is looked for.
        plan.windows = windows(steps, steps, 0);
        Ok(plan)
    }
}
