//! What the paper's theory says, in closed or nearly closed form.

pub mod quasistatic;
