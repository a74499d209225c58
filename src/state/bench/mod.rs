//! The bench: sets of prompts, replayed on endpoints, and what came of it.
//!
//! - `set`: prompts, with what is expected of the answers;
//! - `check`: what holds of a good answer, and whether it does;
//! - `result`: a run with everything that came back;
//! - `summary`: a run in figures.

pub mod check;
pub mod result;
pub mod set;
pub mod summary;
