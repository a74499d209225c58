//! Is anything there, and what is it: the probe behind the dot beside an endpoint.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::client::{AgentClient, put_login};
use super::dialect::RequestDialect;
use super::endpoint::Endpoint;
use super::error::AgentError;

/// How long a probe waits for each of its answers.
const PATIENCE: Duration = Duration::from_secs(3);
/// Largest body of a health route that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// More models of one server are not named.
const MOST_MODELS: usize = 5;

/// What stands behind an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// MLflow's `AgentServer`: it streams.
    AgentServer {
        /// `mlflow_version`.
        version: Option<String>,
        /// `agent_api`: `responses` as a rule.
        api: Option<String>,
        /// The model that it names: `model_id` or `model_uri`, which agents may add.
        model: Option<String>,
    },
    /// `mlflow models serve`: it never streams.
    ScoringServer {
        /// What `/version` says.
        version: Option<String>,
    },
    /// MLflow's gateway: `mlflow server` or `mlflow gateway start`, in front of language models.
    Gateway {
        /// What `/version` says.
        version: Option<String>,
    },
    /// A server of language models that lists them on `/models`, as `OpenAI`'s does: vLLM, Ollama, a proxy.
    ModelServer {
        /// Their names, the first few.
        models: Vec<String>,
    },
    /// It accepts connections but answers nothing: a synchronous agent blocks its health route for a whole turn.
    /// Busy is not down.
    Busy,
    /// It wants to know who is asking.
    NeedsToken {
        /// 401 or 403.
        status: u16,
    },
    /// Something answers, but no model server.
    NotAModelServer {
        /// What it seems to be, as a sentence.
        what: String,
    },
    /// A Databricks endpoint: it has no health route, the first question tells.
    Unchecked,
    /// Nothing answers.
    Down(AgentError),
}

impl Health {
    /// Whether a question has a chance.
    pub fn is_up(&self) -> bool {
        !matches!(self, Self::NotAModelServer { .. } | Self::Down(_))
    }

    /// Which dialect it takes, where that follows from what it is.
    pub fn dialect(&self) -> Option<RequestDialect> {
        match self {
            Self::AgentServer { api, .. } => api.as_deref().and_then(RequestDialect::of_agent_api),
            Self::Gateway { .. } | Self::ModelServer { .. } => Some(RequestDialect::ChatCompletions),
            _ => None,
        }
    }

    /// One line for the tooltip of the dot.
    pub fn describe(&self) -> String {
        let with_version = |name: &str, version: &Option<String>| match version {
            Some(version) => format!("{name}, MLflow {version}"),
            None => name.to_owned(),
        };
        match self {
            Self::AgentServer { version, .. } => with_version("AgentServer", version),
            Self::ScoringServer { version } => with_version("Scoring server, does not stream", version),
            Self::Gateway { version } => with_version("MLflow gateway", version),
            Self::ModelServer { models } => match models.as_slice() {
                [] => "Language model server".to_owned(),
                models => format!("Language model server: {}", models.join(", ")),
            },
            Self::Busy => "Busy: connected, but no answer yet".to_owned(),
            Self::NeedsToken { status } => format!("Needs a token (HTTP {status})"),
            Self::NotAModelServer { what } => what.clone(),
            Self::Unchecked => "Databricks endpoint: asked when you send".to_owned(),
            Self::Down(error) => error.to_string(),
        }
    }
}

/// A health and how long it took to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What was found.
    pub health: Health,
    /// How long the whole probe took.
    pub took: Duration,
}

/// One answer of a health route.
struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    fn ok(&self) -> bool {
        self.status == 200
    }

    fn is_page(&self) -> bool {
        self.body.trim_start().starts_with('<')
    }
}

impl AgentClient {
    /// Asks `/agent/info` (200: `AgentServer`), then `/ping` (200: scoring server), then what else it may be. Only
    /// reads; a probe never runs the agent.
    pub async fn probe(&self, endpoint: &Endpoint) -> Probe {
        let started = Instant::now();
        let health = if endpoint.is_databricks() {
            Health::Unchecked
        } else {
            self.look(endpoint).await.unwrap_or_else(|health| health)
        };
        Probe { health, took: started.elapsed() }
    }

    /// Both arms are findings; `Err` ends the search early.
    async fn look(&self, endpoint: &Endpoint) -> Result<Health, Health> {
        if let Some(found) = self.look_for_models(endpoint).await? {
            return Ok(found);
        }
        let info = self.ask(endpoint, "/agent/info").await?;
        if let Some(Value::Object(info_object)) = json_of(&info) {
            let text = |key: &str| info_object.get(key).and_then(Value::as_str).map(str::to_owned);
            if info.ok()
                && (info_object.contains_key("agent_api") || info_object.contains_key("mlflow_version"))
            {
                let model = text("model_id").or_else(|| text("model_uri"));
                return Ok(Health::AgentServer {
                    version: text("mlflow_version"),
                    api: text("agent_api"),
                    model,
                });
            }
        }
        let ping = self.ask(endpoint, "/ping").await?;
        if ping.ok() && !ping.is_page() {
            let version =
                self.ask(endpoint, "/version").await.ok().filter(Answer::ok).as_ref().and_then(version_of);
            return Ok(Health::ScoringServer { version });
        }
        if matches!(ping.status, 401 | 403) || matches!(info.status, 401 | 403) {
            let status = if matches!(ping.status, 401 | 403) { ping.status } else { info.status };
            return Ok(Health::NeedsToken { status });
        }
        let health = self.ask(endpoint, "/health").await?;
        let what = if health.ok() && health.body.trim() == "OK" {
            "This looks like an MLflow tracking server, not a model server".to_owned()
        } else if ping.is_page() || info.is_page() {
            "A web page answers here, not a model server".to_owned()
        } else {
            format!("Something answers (HTTP {} on /ping), but not as a model server", ping.status)
        };
        Ok(Health::NotAModelServer { what })
    }

    /// What stands behind addresses of language models: `…/gateway/…` and `…/chat/completions`.
    async fn look_for_models(&self, endpoint: &Endpoint) -> Result<Option<Health>, Health> {
        if let Some(root) = endpoint.gateway_root() {
            let health = self.ask_at(endpoint, root("/health")).await?;
            if health.ok() && !health.is_page() {
                let version = self.ask_at(endpoint, root("/version")).await.ok();
                return Ok(Some(Health::Gateway {
                    version: version.filter(Answer::ok).as_ref().and_then(version_of),
                }));
            }
            return Ok(
                matches!(health.status, 401 | 403).then_some(Health::NeedsToken { status: health.status })
            );
        }
        if RequestDialect::of_url(endpoint.url()) != Some(RequestDialect::ChatCompletions) {
            return Ok(None);
        }
        let models = self.ask(endpoint, "/models").await?;
        if matches!(models.status, 401 | 403) {
            return Ok(Some(Health::NeedsToken { status: models.status }));
        }
        let listed = json_of(&models).filter(|_| models.ok());
        Ok(listed.as_ref().and_then(names_of).map(|models| Health::ModelServer { models }))
    }

    async fn ask(&self, endpoint: &Endpoint, route: &str) -> Result<Answer, Health> {
        self.ask_at(endpoint, endpoint.sibling(route)).await
    }

    async fn ask_at(&self, endpoint: &Endpoint, url: Url) -> Result<Answer, Health> {
        let started = Instant::now();
        let mut headers = HeaderMap::new();
        put_login(endpoint, &mut headers).map_err(Health::Down)?;
        let http = self.http(endpoint).await.map_err(Health::Down)?;
        let request = http.get(url).headers(headers).timeout(PATIENCE);
        let mut response = request.send().await.map_err(|error| unanswered(&error, endpoint, started))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| unanswered(&error, endpoint, started))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                break;
            }
        }
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// A timeout after the connection stood means busy; everything else is down.
fn unanswered(error: &reqwest::Error, endpoint: &Endpoint, started: Instant) -> Health {
    if error.is_timeout() && !error.is_connect() {
        return Health::Busy;
    }
    Health::Down(AgentError::from_send(error, endpoint.host(), started.elapsed()))
}

fn json_of(answer: &Answer) -> Option<Value> {
    serde_json::from_str(&answer.body).ok()
}

/// The names of the first few models in `{"data": [{"id": …}]}`.
fn names_of(listed: &Value) -> Option<Vec<String>> {
    let models = listed.get("data")?.as_array()?.iter().take(MOST_MODELS);
    let name = |model: &Value| {
        model.get("id").and_then(Value::as_str).filter(|name| name.len() < 200).map(str::to_owned)
    };
    Some(models.filter_map(name).collect())
}

/// A version is one short word that begins with a digit.
fn version_of(answer: &Answer) -> Option<String> {
    let version = answer.body.trim();
    let plausible = version.len() < 40 && version.starts_with(|first: char| first.is_ascii_digit());
    plausible.then(|| version.to_owned())
}
