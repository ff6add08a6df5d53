//! Input from outside, wrong in every way: nothing that reads it may panic, hang or take more than 1 GiB of memory.
//!
//! Each test makes inputs from valid ones by edits that know their structure. As part of all tests it makes a few
//! hundred to some thousands; `PROPTEST_CASES=1000000 cargo test --release --test fuzz csv` makes a million, the
//! same every time, and `PROPTEST_RNG_SEED=7` others.

mod archives;
mod experiments;
mod formulas;
mod guard;
mod pictures;
mod soak;
mod tables;
mod text;
