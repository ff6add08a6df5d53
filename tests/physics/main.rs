//! What gradient descent must do, on every engine: analytic results and published constants.

mod agreement;
mod attractors;
mod budgets;
mod chaos;
mod check;
mod claims;
mod data;
mod engines;
mod f1;
mod f2;
mod fates;
mod measures;
mod momentum;
mod noise;
mod paper;
mod quadratic;
mod settling;
mod sweeps;
mod textbook;
