//! What gradient descent must do, on every engine: analytic results and published constants.

mod agreement;
mod attractors;
mod budgets;
mod certainty;
mod chaos;
mod check;
mod claims;
mod data;
mod engines;
mod examples;
mod f1;
mod f2;
mod fates;
mod measures;
mod momentum;
mod noise;
mod paper;
mod phase;
mod quadratic;
mod schedules;
mod settling;
mod sweeps;
mod textbook;
