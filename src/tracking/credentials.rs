//! Who is calling: secrets that no log shows, and the environment that MLflow's Python client reads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::TrackingError;
use super::databricks::DatabricksEnvironment;
use super::databricks::cli::CliLogin;
use crate::entities::Millis;

/// A password or a token. `Debug` and `Display` never show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// What is sent as `Authorization`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// `Basic`
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// `Bearer`
    Bearer(Secret),
    /// `Bearer`, with a token of the Databricks CLI, which gives a new one every hour.
    Cli(CliLogin),
}

impl Credentials {
    /// The user that they name.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Basic { user, .. } => Some(user),
            Self::None | Self::Bearer(_) | Self::Cli(_) => None,
        }
    }

    /// The bearer token, and until when it holds if it ends; none where the login is another, or nobody's.
    pub(in crate::tracking) async fn bearer(
        &self,
    ) -> Result<Option<(Secret, Option<Millis>)>, TrackingError> {
        match self {
            Self::None | Self::Basic { .. } => Ok(None),
            Self::Bearer(token) => Ok(Some((token.clone(), None))),
            Self::Cli(login) => login.token().await.map(|(token, until)| Some((token, Some(until)))),
        }
    }
}

/// What the environment says about the server and the login, as `mlflow/utils/credentials.py` reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `MLFLOW_TRACKING_URI`
    pub tracking_uri: Option<String>,
    /// `MLFLOW_TRACKING_USERNAME`, else `mlflow_tracking_username` of `~/.mlflow/credentials`.
    pub username: Option<String>,
    /// `MLFLOW_TRACKING_PASSWORD`, else `mlflow_tracking_password` of `~/.mlflow/credentials`.
    pub password: Option<Secret>,
    /// `MLFLOW_TRACKING_TOKEN`
    pub token: Option<Secret>,
    /// Who uses this computer, as Python's `getpass.getuser` finds it: `LOGNAME`, `USER`, `LNAME`, `USERNAME`.
    pub os_user: Option<String>,
    /// `MLFLOW_TRACKING_INSECURE_TLS`
    pub insecure_tls: bool,
    /// `MLFLOW_TRACKING_SERVER_CERT_PATH`: PEM file with the only authorities to trust.
    pub server_cert_path: Option<PathBuf>,
    /// `MLFLOW_TRACKING_CLIENT_CERT_PATH`: PEM file with a certificate and its private key.
    pub client_cert_path: Option<PathBuf>,
    /// `MLFLOW_WORKSPACE`
    pub workspace: Option<String>,
    /// `MLFLOW_HTTP_REQUEST_TIMEOUT`
    pub request_timeout: Option<Duration>,
    /// `DATABRICKS_HOST` and what belongs to it.
    pub databricks: DatabricksEnvironment,
}

impl Environment {
    /// Reads this process's environment and `~/.mlflow/credentials`. Blocks on one small file, and looks for Databricks'
    /// CLI on the `PATH`.
    pub fn from_process() -> Self {
        Self::from_pairs(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Reads the given variables; `HOME` (or `USERPROFILE`) among them tells where `.mlflow/credentials` is.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let mut environment = Self::default();
        let (mut home, mut search_path) = (None, None);
        let mut users: [Option<String>; 4] = Default::default();
        for (name, value) in pairs {
            let value: String = value.into();
            if value.trim().is_empty() {
                continue;
            }
            match name.as_ref() {
                "MLFLOW_TRACKING_URI" => environment.tracking_uri = Some(value),
                "MLFLOW_TRACKING_USERNAME" => environment.username = Some(value),
                "MLFLOW_TRACKING_PASSWORD" => environment.password = Some(value.into()),
                "MLFLOW_TRACKING_TOKEN" => environment.token = Some(value.trim().into()),
                "MLFLOW_TRACKING_INSECURE_TLS" => environment.insecure_tls = is_true(&value),
                "MLFLOW_TRACKING_SERVER_CERT_PATH" => environment.server_cert_path = Some(value.into()),
                "MLFLOW_TRACKING_CLIENT_CERT_PATH" => environment.client_cert_path = Some(value.into()),
                "MLFLOW_WORKSPACE" => environment.workspace = Some(value),
                "MLFLOW_HTTP_REQUEST_TIMEOUT" => {
                    environment.request_timeout = value.trim().parse().ok().map(Duration::from_secs);
                }
                "DATABRICKS_HOST" => environment.databricks.host = Some(value),
                "DATABRICKS_TOKEN" => environment.databricks.token = Some(value.trim().into()),
                "DATABRICKS_USERNAME" => environment.databricks.username = Some(value),
                "DATABRICKS_PASSWORD" => environment.databricks.password = Some(value.into()),
                "DATABRICKS_CONFIG_PROFILE" => environment.databricks.profile = Some(value),
                "DATABRICKS_CONFIG_FILE" => environment.databricks.config_file = Some(value.into()),
                "DATABRICKS_CLI_PATH" => environment.databricks.cli = Some(value.into()),
                "PATH" => search_path = Some(value),
                "LOGNAME" => users[0] = Some(value),
                "USER" => users[1] = Some(value),
                "LNAME" => users[2] = Some(value),
                "USERNAME" => users[3] = Some(value),
                "HOME" => home = Some(value),
                "USERPROFILE" => home = home.or(Some(value)),
                _ => {}
            }
        }
        environment.os_user = users.into_iter().flatten().next();
        environment.databricks.complete(home.as_deref().map(Path::new), search_path.as_deref());
        if let Some(home) = home {
            environment.fill_from_file(&Path::new(&home).join(".mlflow").join("credentials"));
        }
        environment
    }

    /// Who acts: the login's user, else the user of this machine.
    pub fn who(&self) -> &str {
        self.username.as_deref().or(self.os_user.as_deref()).unwrap_or("unknown")
    }

    /// User and password if both are there, else the token, else nothing.
    pub fn credentials(&self) -> Credentials {
        match (&self.username, &self.password, &self.token) {
            (Some(user), Some(password), _) => {
                Credentials::Basic { user: user.clone(), password: password.clone() }
            }
            (_, _, Some(token)) => Credentials::Bearer(token.clone()),
            _ => Credentials::None,
        }
    }

    /// Refuses what MLflow refuses: a certificate to check against and not checking at all.
    pub fn check(&self) -> Result<(), TrackingError> {
        if self.insecure_tls && self.server_cert_path.is_some() {
            return Err(TrackingError::Local {
                what:
                    "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH exclude each other: \
                       unset one of them"
                        .to_owned(),
            });
        }
        Ok(())
    }

    fn fill_from_file(&mut self, path: &Path) {
        if !path.is_file() {
            return;
        }
        // As in Python's configparser: a backslash in a password is a backslash.
        let options = ini::ParseOption { enabled_escape: false, enabled_quote: false, ..Default::default() };
        let file = match ini::Ini::load_from_file_opt(path, options) {
            Ok(file) => file,
            Err(error) => {
                // The error may quote the file, and with it a password.
                let line = match error {
                    ini::Error::Parse(error) => error.line,
                    ini::Error::Io(_) => 0,
                };
                tracing::warn!(path = %path.display(), line, "cannot read the MLflow credentials file");
                return;
            }
        };
        let get = |key: &str| file.get_from(Some("mlflow"), key).filter(|value| !value.is_empty());
        self.username = self.username.take().or_else(|| get("mlflow_tracking_username").map(str::to_owned));
        self.password = self.password.take().or_else(|| get("mlflow_tracking_password").map(Secret::from));
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "true" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::from("hunter2");
        assert!(!format!("{secret} {secret:?}").contains("hunter2"));
        let environment = Environment::from_pairs([
            ("MLFLOW_TRACKING_USERNAME", "ann"),
            ("MLFLOW_TRACKING_PASSWORD", "hunter2"),
            ("MLFLOW_TRACKING_TOKEN", "abc123"),
        ]);
        let shown = format!("{environment:?} {:?}", environment.credentials());
        assert!(!shown.contains("hunter2") && !shown.contains("abc123"), "{shown}");
    }

    #[test]
    fn user_and_password_win_over_the_token_and_half_a_login_does_not() {
        let user = Environment::from_pairs([("USERNAME", "d"), ("USER", "b"), ("LNAME", "c")]).os_user;
        assert_eq!(user.as_deref(), Some("b"));
        let full = Environment::from_pairs([
            ("MLFLOW_TRACKING_USERNAME", "ann"),
            ("MLFLOW_TRACKING_PASSWORD", "pw"),
            ("MLFLOW_TRACKING_TOKEN", "t"),
        ]);
        assert_eq!(full.credentials(), Credentials::Basic { user: "ann".into(), password: "pw".into() });
        let half =
            Environment::from_pairs([("MLFLOW_TRACKING_USERNAME", "ann"), ("MLFLOW_TRACKING_TOKEN", "t\n")]);
        assert_eq!(half.credentials(), Credentials::Bearer("t".into()));
        assert_eq!(
            Environment::from_pairs([("MLFLOW_TRACKING_USERNAME", "")]).credentials(),
            Credentials::None
        );
    }

    #[test]
    fn the_credentials_file_fills_what_the_environment_leaves_open() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".mlflow")).unwrap();
        std::fs::write(
            home.path().join(".mlflow/credentials"),
            "[mlflow]\nmlflow_tracking_username = file-user\nmlflow_tracking_password = p\\n#w \"x\"\n",
        )
        .unwrap();
        let home = home.path().to_str().unwrap();
        let environment = Environment::from_pairs([("HOME", home), ("MLFLOW_TRACKING_USERNAME", "env-user")]);
        assert_eq!(environment.username.as_deref(), Some("env-user"));
        assert_eq!(environment.password.as_ref().map(Secret::expose), Some("p\\n#w \"x\""));
    }

    #[test]
    fn who_acts_is_the_login_or_the_user_of_the_machine() {
        let user = Environment::from_pairs([("USERNAME", "w"), ("USER", "u")]);
        assert_eq!(user.who(), "u");
        let login = Environment::from_pairs([("MLFLOW_TRACKING_USERNAME", "ann"), ("LOGNAME", "u")]);
        assert_eq!(login.who(), "ann");
        assert_eq!(Environment::default().who(), "unknown");
    }

    #[test]
    fn not_checking_and_a_certificate_to_check_exclude_each_other() {
        let both = Environment::from_pairs([
            ("MLFLOW_TRACKING_INSECURE_TLS", "TRUE"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem"),
        ]);
        assert!(matches!(both.check(), Err(TrackingError::Local { .. })));
        let one = Environment::from_pairs([
            ("MLFLOW_TRACKING_INSECURE_TLS", "false"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem"),
        ]);
        assert!(!one.insecure_tls && one.check().is_ok());
    }
}
