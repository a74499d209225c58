//! What is kept on disk beside the settings, as far as conversations and the bench keep it alike: a file of JSON Lines for
//! each, named by its id, read and written by a thread of its own.
//!
//! - `thread`: the thread, what it is asked for, and what it has to say;
//! - `folder`: the files, and those that were deleted a moment ago.

mod folder;
#[cfg(test)]
pub(in crate::state) mod testing;
mod thread;

pub(in crate::state) use folder::{Folder, OpenFiles};
pub(in crate::state) use thread::{Inbox, Queue, Teller, Thread};
