//! How MLflow is asked: tracking URIs and credentials, one [`Store`] trait, its implementations, typed errors.
//!
//! The only place that knows MLflow's HTTP (`rest/`) and SQL (`sqlite/`). Everything that crosses this border is
//! an entity.

mod artifact_path;
mod connect;
mod credentials;
mod databricks;
mod error;
mod log_history;
mod mlmodel;
mod model_env;
mod prompt_template;
mod python_variables;
pub mod rest;
mod sample;
mod shown;
mod sqlite;
mod store;
mod trace_data;
mod trace_words;
mod uri;

pub use connect::{ConnectRequest, Login, connect};
pub use credentials::{Credentials, Environment, Secret};
pub use databricks::{DatabricksEnvironment, DatabricksUri};
pub use error::{DatabaseFault, ErrorCode, TrackingError};
pub use log_history::logged_folders;
pub use mlmodel::{load_mlmodel, parse_mlmodel};
pub use model_env::{parse_conda_yaml, parse_python_env};
pub use prompt_template::{TemplateError, prompt_template};
pub use python_variables::{PythonVariable, python_variables};
pub use sample::SampleStore;
pub use shown::shown_uri;
pub use store::{
    Answer, ArtifactBody, DatasetQuery, EndpointLogin, ExperimentQuery, ModelQuery, NameQuery, PageStream,
    RunQuery, Store, StoreHealth, StoreInfo, TraceQuery, VersionQuery,
};
pub use trace_words::words_as_json;
pub use uri::{TrackingUri, UriError};
