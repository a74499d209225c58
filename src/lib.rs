//! Flowdeck: a native desktop app for MLflow tracking servers. Browse, promote, try.
//!
//! | module | what lives there | may import |
//! |---|---|---|
//! | [`entities`] | what MLflow holds, as plain values | nothing of ours |
//! | [`tracking`] | how a store is asked: URIs, credentials, the `Store` trait, REST, SQLite | `entities` |
//! | [`agent`] | the Responses client: endpoints, SSE, the reader that makes a transcript | nothing of ours |
//! | [`state`] | what the app knows and decides, without a window | `tracking`, `agent`, `entities` |
//! | [`theme`] | colours, sizes, fonts, icons | nothing of ours |
//! | [`ui`] | what is drawn | `state`, `theme` and what they speak of |
//! | [`app`] | owns everything; the one place where commands are applied | all |
//!
//! Invariants, held by `tests/it/architecture.rs`: imports run one way, from the last row to the first. egui is
//! known to `app`, `ui` and `theme` alone; HTTP, JSON and SQL to `tracking` and `agent` (and the settings file)
//! alone; `tracking` and `agent` do not know each other. ARCHITECTURE.md says why.

pub mod agent;
pub mod app;
pub mod entities;
pub mod state;
pub mod theme;
pub mod tracking;
pub mod ui;
