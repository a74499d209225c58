//! What the tests stand on: real MLflow servers, a Python process that asks MLflow's own client, a proxy that
//! misbehaves on demand.
//!
//! - [`Servers::shared`]: a seeded `mlflow server` for the whole test binary. Tests that write use names of their own
//!   ([`Servers::make_model`]) or [`Servers::fresh`], a copy of it for themselves.
//! - [`Servers::python`]: what the Python client says of the same store.
//! - [`Servers::serve_minimal`] and its sisters: model servers to talk to.
//! - [`app`]: the whole app in egui's test harness, driven by accessible names; [`board`] and [`chat`] are two of its
//!   screens.
//! - [`long`]: a conversation of thousands of turns.
//! - [`Proxy`]: stands before any of them and delays, cuts, refuses, lies, and counts.
//!
//! Everything is ended with the test process, however that ends (see `tests/python/supervise.py`).

pub mod app;
pub mod board;
pub mod chat;
pub mod long;
mod process;
mod proxy;
mod python;
mod servers;

pub use process::python_exe;
pub use proxy::{Fault, Proxy, Seen};
pub use servers::{Endpoint, Servers};
