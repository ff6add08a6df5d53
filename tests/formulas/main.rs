//! Formulas and their derivatives, against truths from outside the code: automatic differentiation
//! by `num-dual` of losses written in Rust, and of the syntax tree read by an interpreter of its own.

mod data;
mod evaluate;
mod landscapes;
mod limits;
mod messages;
mod native;
mod random;
mod reference;
mod tape;
mod traps;
mod wgsl;
