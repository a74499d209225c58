//! Flowdeck against real servers: one binary, so that the big crates are linked once.
//!
//! `tests/run` prepares what these tests need (a Python environment, Xvfb) and runs them;
//! [`support`] starts and stops the servers.

#[cfg(test)]
mod answering;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod attachments;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod bench_datasets;
#[cfg(test)]
mod bench_handed;
#[cfg(test)]
mod board;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod client;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod connecting;
#[cfg(test)]
mod conversations;
#[cfg(unix)]
#[cfg(test)]
mod crash;
#[cfg(test)]
mod databricks;
#[cfg(test)]
mod details;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod life;
#[cfg(test)]
mod long;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod palette;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod registry_life;
#[cfg(test)]
mod run_page;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod side_by_side;
#[cfg(unix)]
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod start;
#[cfg(test)]
mod support;
#[cfg(unix)]
#[cfg(test)]
mod traces;
#[cfg(test)]
mod turn_traces;
#[cfg(test)]
mod window;
#[cfg(test)]
mod workspaces;
