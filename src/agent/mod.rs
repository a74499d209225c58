//! The client of served agents: asks one behind an `/invocations` URL and makes a transcript of whatever comes back.
//!
//! - [`Endpoint`]: the address as typed, its [`Token`], [`Header`]s and [`Tls`]; [`Health`]: what stands behind it.
//! - [`Keyring`]: tokens where the operating system keeps them.
//! - [`RequestDialect`]: the vocabulary in which it is asked, and how that is found out.
//! - [`Message`]: what the user says, with its [`Attachment`]s.
//! - [`history`]: a conversation as the input items of the next turn.
//! - [`Payload`]: the request body in any dialect; [`to_curl`], [`to_python`] and [`to_deployments`]: the same request
//!   for a shell and for scripts.
//! - [`AgentClient`]: posts it; a [`Turn`] reports [`TurnEvent`]s, the last of them a [`TurnReport`].
//! - `sse` and `lenient_json`: bytes to events, text to values, as tolerant as servers are careless.
//! - [`Reader`]: bytes to a [`Transcript`], the one place that knows how answers arrive; chunk borders never change
//!   its result.
//! - [`sample`]: an agent of our own on this machine, to try the chat with.
//! - [`serve`]: models served on this machine, as processes that do not outlive the app.
//! - [`wire`]: items, failures and token counts as plain values.
//!
//! Everything but the client and the probe is pure. This module knows HTTP and JSON, but neither the tracking server
//! nor any widget. What agents send is untrusted: sizes are bounded, nothing panics. Tokens are in no log, no error,
//! no copied command.

mod arrival;
mod attachment;
mod client;
mod copies;
mod custom_inputs;
mod dialect;
mod endpoint;
mod error;
mod headers;
mod health;
pub mod history;
mod inputs_form;
mod keyring;
mod lenient_json;
mod reader;
mod request;
pub mod sample;
pub mod serve;
mod sse;
mod tls;
mod transcript;
pub mod wire;

pub use arrival::Arrival;
pub use attachment::{Attachment, DataUrl, MAX_FILE, MAX_FILES, Message};
pub use client::{AgentClient, Head, Turn, TurnEvent, TurnReport, Wake};
pub use copies::{is_deployment, to_curl, to_deployments, to_python};
pub use custom_inputs::{CustomInputs, CustomInputsError};
pub use dialect::RequestDialect;
pub use endpoint::{Endpoint, Token};
pub use error::AgentError;
pub use headers::Header;
pub use health::{Health, Probe};
pub use inputs_form::{FieldKind, FormRow, InputField, InputsForm};
pub use keyring::{Keyring, KeyringError};
pub use reader::{MAX_BODY, Reader};
pub use request::{Context, Payload, RequestFields, typed_context, typed_custom_inputs};
pub use tls::Tls;
pub use transcript::{Dialect, Outcome, Row, Transcript, UnknownEvent};
