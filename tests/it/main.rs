//! Flowdeck against real servers: one binary, so that the big crates are linked once.
//!
//! `tests/run` prepares what these tests need (a Python environment, Xvfb) and runs them;
//! [`support`] starts and stops the servers.

#[cfg(test)]
mod servers;
#[cfg(test)]
mod support;
