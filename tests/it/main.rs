//! Flowdeck against real servers: one binary, so that the big crates are linked once.
//!
//! `tests/run` prepares what these tests need (a Python environment, Xvfb) and runs them;
//! [`support`] starts and stops the servers.

#[cfg(test)]
mod client;
#[cfg(test)]
mod connecting;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod support;
