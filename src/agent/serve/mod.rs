//! Serving a model on this machine: `mlflow models serve`, or any command that opens the port.
//!
//! - [`find`], [`check`]: Python environments of this machine, and whether MLflow is in them;
//! - [`command_line`], [`split_command`]: the command for a [`Launcher`], and as a person edits it;
//! - [`launch`]: runs it under a watchdog ([`supervise`]), which is this program started again with
//!   [`SUPERVISE`]. It ends the whole process group when it is told to, and when the pipe from the app closes: so
//!   nothing is left behind by a crash of the app;
//! - [`Lines`]: what it prints, as lines without control sequences;
//! - [`diagnose`]: why it ended, and what to do.
//!
//! Logins travel in [`Variables`] alone: never in arguments, which every user of a machine can read.

mod command;
mod diagnosis;
mod environments;
mod machine;
mod output;
mod process;
mod supervise;

pub use command::{EnvManager, Launcher, command_line, split_command};
pub use diagnosis::{Diagnosis, diagnose};
pub use environments::{Candidate, Checked, Origin, check, find};
pub use machine::{Machine, first_free_port, is_free};
pub use output::Lines;
pub use process::{Control, End, Event, Launch, Process, Variables, launch};
pub use supervise::{SUPERVISE, supervise};
