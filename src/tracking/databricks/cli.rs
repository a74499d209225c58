//! Logins of the Databricks CLI (`auth_type = databricks-cli`): `databricks auth token` prints a token that ends after
//! an hour, and gives a new one when it is asked again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::entities::Millis;
use crate::tracking::{Secret, TrackingError};

/// How long the CLI may take: it asks the workspace for a new token.
const PATIENCE: Duration = Duration::from_secs(30);
/// A token that ends sooner is not used any more, in milliseconds.
const MARGIN: Millis = 5 * 60 * 1000;
/// How long a token without an end is used, in milliseconds.
const UNNAMED: Millis = 10 * 60 * 1000;

/// The login of one profile. Clones share the token.
#[derive(Clone)]
pub struct CliLogin {
    program: PathBuf,
    profile: String,
    config_file: Option<PathBuf>,
    held: Arc<Mutex<Option<Held>>>,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    until: Millis,
}

/// What `databricks auth token` prints.
#[derive(Deserialize)]
struct Printed {
    access_token: String,
    expiry: Option<String>,
}

impl CliLogin {
    /// The login of a profile.
    ///
    /// # Errors
    /// [`TrackingError::Databricks`] where the CLI is not installed.
    pub fn new(profile: &str, cli: Option<&Path>, config_file: Option<&Path>) -> Result<Self, TrackingError> {
        let Some(program) = cli else {
            let what = format!(
                "The profile {profile} logs in through the Databricks CLI, which is not installed here. Install it and \
                 run databricks auth login --profile {profile}"
            );
            return Err(TrackingError::Databricks { what });
        };
        Ok(Self {
            program: program.to_owned(),
            profile: profile.to_owned(),
            config_file: config_file.map(Path::to_owned),
            held: Arc::default(),
        })
    }

    /// The token, and until when it holds; a new one from the CLI where the last one is about to end.
    pub async fn token(&self) -> Result<(Secret, Millis), TrackingError> {
        let mut held = self.held.lock().await;
        let now = jiff::Timestamp::now().as_millisecond();
        if let Some(Held { token, until }) = held.clone().filter(|held| held.until - MARGIN > now) {
            return Ok((token, until));
        }
        let (token, until) = self.ask(now).await?;
        *held = Some(Held { token: token.clone(), until });
        Ok((token, until))
    }

    async fn ask(&self, now: Millis) -> Result<(Secret, Millis), TrackingError> {
        let mut command = Command::new(&self.program);
        command.args(["auth", "token", "--profile", &self.profile]).kill_on_drop(true).stdin(Stdio::null());
        if let Some(file) = &self.config_file {
            command.env("DATABRICKS_CONFIG_FILE", file);
        }
        // A login of the environment would be another's.
        for variable in ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_USERNAME", "DATABRICKS_PASSWORD"]
        {
            command.env_remove(variable);
        }
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = match output {
            Err(_elapsed) => return Err(self.failed("it did not answer")),
            Ok(Err(error)) => return Err(self.failed(&error.to_string())),
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let line =
                said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it says nothing more");
            return Err(self.failed(&line.chars().take(200).collect::<String>()));
        }
        let printed: Printed = serde_json::from_slice(&output.stdout)
            .map_err(|_may_quote_the_token| self.failed("its answer makes no sense"))?;
        let until = printed.expiry.and_then(|expiry| expiry.parse::<jiff::Timestamp>().ok());
        let until = until.map_or(now + UNNAMED, jiff::Timestamp::as_millisecond);
        Ok((Secret::from(printed.access_token.trim()), until))
    }

    fn failed(&self, why: &str) -> TrackingError {
        let profile = &self.profile;
        let what = format!("The Databricks CLI gives no token for the profile {profile}: {why}");
        TrackingError::Databricks { what: format!("{what}. Run databricks auth login --profile {profile}") }
    }
}

impl fmt::Debug for CliLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CliLogin").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl PartialEq for CliLogin {
    fn eq(&self, other: &Self) -> bool {
        self.program == other.program && self.profile == other.profile
    }
}

impl Eq for CliLogin {}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in that counts how often it is asked.
    fn cli(folder: &Path, prints: &str) -> CliLogin {
        let program = folder.join("databricks");
        let script = format!(
            "#!/bin/sh\ncd '{}'\necho \"$@ $DATABRICKS_CONFIG_FILE\" >> asked\n{prints}\n",
            folder.display()
        );
        // By another process: a program that is open for writing here, and in every fork of this one, cannot be run.
        let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let written =
            std::process::Command::new("sh").args(["-c", write, "sh", &script]).arg(&program).status();
        assert!(written.unwrap().success());
        CliLogin::new("sso", Some(&program), Some(Path::new("/cfg"))).unwrap()
    }

    fn asked(folder: &Path) -> Vec<String> {
        let asked = std::fs::read_to_string(folder.join("asked")).unwrap();
        asked.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let late = "echo '{\"access_token\": \"s3cret\", \"token_type\": \"Bearer\", \"expiry\": \"2999-01-01T00:00:00Z\"}'";
        let login = cli(folder.path(), late);
        for _ in 0..2 {
            assert_eq!(login.clone().token().await.unwrap().0, Secret::from("s3cret"));
        }
        assert_eq!(asked(folder.path()), ["auth token --profile sso /cfg"]);
        assert!(!format!("{login:?}").contains("s3cret"));

        let folder = tempfile::tempdir().unwrap();
        let ended = late.replace("2999", "2019");
        let login = cli(folder.path(), &ended);
        for _ in 0..2 {
            login.token().await.unwrap();
        }
        assert_eq!(asked(folder.path()).len(), 2);
    }

    #[tokio::test]
    async fn what_the_cli_says_is_passed_on_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let said = cli(folder.path(), "echo 'Error: refresh token is expired' >&2; exit 1").token().await;
        let said = said.unwrap_err().to_string();
        assert!(said.contains("refresh token is expired. Run databricks auth login --profile sso"), "{said}");
        let said = cli(folder.path(), "echo 's3cret, but no JSON'").token().await.unwrap_err().to_string();
        assert!(said.contains("makes no sense") && !said.contains("s3cret"), "{said}");
    }
}
