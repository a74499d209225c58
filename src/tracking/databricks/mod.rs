//! Databricks workspaces, found and logged in to as MLflow's Python client does it
//! (`mlflow/utils/databricks_utils.py`, `mlflow/legacy_databricks_cli/configure/provider.py`).
//!
//! - `uri`: what names a workspace: `databricks`, `databricks://profile`;
//! - `profiles`: `~/.databrickscfg`;
//! - `cli`: tokens of the Databricks CLI, which end after an hour.

pub(super) mod cli;
mod profiles;
mod uri;

use std::path::{Path, PathBuf};

use super::{Credentials, Environment, Login, Secret, TrackingError, TrackingUri};
use cli::CliLogin;
use profiles::{Profile, Profiles};
pub use uri::DatabricksUri;

/// What the environment says of Databricks. A variable that is empty is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabricksEnvironment {
    /// `DATABRICKS_HOST`
    pub host: Option<String>,
    /// `DATABRICKS_TOKEN`
    pub token: Option<Secret>,
    /// `DATABRICKS_USERNAME`
    pub username: Option<String>,
    /// `DATABRICKS_PASSWORD`
    pub password: Option<Secret>,
    /// `DATABRICKS_CONFIG_PROFILE`
    pub profile: Option<String>,
    /// `DATABRICKS_CONFIG_FILE`, else `~/.databrickscfg`.
    pub config_file: Option<PathBuf>,
    /// `DATABRICKS_CLI_PATH`, else the first `databricks` of `PATH`.
    pub cli: Option<PathBuf>,
}

impl DatabricksEnvironment {
    /// Finds what no variable names: the file in the home folder, the CLI on the `PATH`.
    pub(super) fn complete(&mut self, home: Option<&Path>, search_path: Option<&str>) {
        self.config_file = match (self.config_file.take(), home) {
            (Some(file), Some(home)) => {
                Some(file.strip_prefix("~").map_or(file.clone(), |rest| home.join(rest)))
            }
            (Some(file), None) => Some(file),
            (None, home) => home.map(|home| home.join(".databrickscfg")),
        };
        let cli =
            self.cli.take().unwrap_or_else(|| format!("databricks{}", std::env::consts::EXE_SUFFIX).into());
        let folders = search_path.filter(|_| cli.components().count() == 1).map(std::env::split_paths);
        let found = folders.and_then(|mut folders| {
            folders.find_map(|folder| Some(folder.join(&cli)).filter(|program| program.is_file()))
        });
        self.cli = found.or_else(|| Some(cli).filter(|program| program.is_file()));
    }
}

/// A workspace, and how one is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workspace {
    /// Its address.
    pub host: TrackingUri,
    /// The tracking URI that leads here again.
    pub uri: String,
    /// Who is calling.
    pub credentials: Credentials,
    /// Its certificate is not verified (`insecure` of the profile).
    pub insecure_tls: bool,
}

/// Domains of Databricks' own hosts.
const DOMAINS: [&str; 3] = [".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"];

/// Whether a server is a Databricks workspace by its name.
pub(super) fn is_workspace(server: &TrackingUri) -> bool {
    let host = server.host().to_ascii_lowercase();
    server.is_tls() && DOMAINS.iter().any(|domain| host.ends_with(domain))
}

/// Finds the workspace that a URI names. Reads a file, and may run the CLI: not for the UI thread.
///
/// `databricks://profile` looks at that profile alone. `databricks` means the profile of `DATABRICKS_CONFIG_PROFILE` if
/// that is set, else the variables, else the profile `DEFAULT`.
///
/// # Errors
/// [`TrackingError::Databricks`] with what is missing where.
pub(super) fn resolve(
    uri: &DatabricksUri,
    login: &Login,
    environment: &Environment,
) -> Result<Workspace, TrackingError> {
    let known = &environment.databricks;
    let named = uri.profile.as_ref().or(known.profile.as_ref());
    match (named, &known.host) {
        (Some(profile), _) => by_profile(profile, login, known),
        (None, Some(host)) if has_login(known) || *login != Login::Environment => {
            by_variables(host, login, known)
        }
        (None, _) => by_profile(DEFAULT, login, known),
    }
}

/// The profile that is meant where none is named.
const DEFAULT: &str = "DEFAULT";

fn has_login(known: &DatabricksEnvironment) -> bool {
    known.token.is_some() || known.username.is_some() && known.password.is_some()
}

fn by_variables(
    host: &str,
    login: &Login,
    known: &DatabricksEnvironment,
) -> Result<Workspace, TrackingError> {
    let host = read_host(host, "DATABRICKS_HOST")?;
    let in_environment =
        || by_password(known.username.as_ref(), known.password.as_ref(), known.token.as_ref());
    let credentials = typed(login).or_else(in_environment).unwrap_or_default();
    // `databricks` may mean another workspace tomorrow: what is kept under its name would be another's.
    let uri = host.to_string();
    Ok(Workspace { host, uri, credentials, insecure_tls: false })
}

/// The workspace at an address that was entered.
///
/// # Errors
/// [`TrackingError::Databricks`] where there is no login for it.
pub(super) fn at(
    host: TrackingUri,
    credentials: Credentials,
    environment: &Environment,
) -> Result<Workspace, TrackingError> {
    let credentials = match credentials {
        Credentials::None => login_of_variables(&host, &environment.databricks).unwrap_or_default(),
        credentials => credentials,
    };
    if credentials == Credentials::None {
        let what = format!("{} is a Databricks workspace, and wants a token", host.label());
        return Err(TrackingError::Databricks { what });
    }
    Ok(Workspace { uri: host.to_string(), host, credentials, insecure_tls: false })
}

/// A workspace's refusal in words that say who refuses what.
pub(super) fn refused(label: &str, error: TrackingError) -> TrackingError {
    let why = match &error {
        TrackingError::Unauthorized { .. } => String::new(),
        TrackingError::Forbidden { message } | TrackingError::Mlflow { message, status: 403, .. } => {
            let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            format!(": {}", line.trim())
        }
        // Its login page.
        TrackingError::NotMlflow { reason } if reason.contains("redirects to") => format!(": {reason}"),
        _ => return error,
    };
    TrackingError::Databricks { what: format!("{label} refuses the login{why}") }
}

/// The login of the variables, for the workspace that they name alone.
pub(super) fn login_of_variables(server: &TrackingUri, known: &DatabricksEnvironment) -> Option<Credentials> {
    let host = read_host(known.host.as_ref()?, "DATABRICKS_HOST").ok()?;
    (host.to_string() == server.to_string())
        .then(|| by_password(known.username.as_ref(), known.password.as_ref(), known.token.as_ref()))?
}

fn by_profile(name: &str, login: &Login, known: &DatabricksEnvironment) -> Result<Workspace, TrackingError> {
    let no_file = || nothing_configured("No file ~/.databrickscfg was found");
    let file = known.config_file.as_ref().ok_or_else(no_file)?;
    let profiles = Profiles::read(file)?;
    let profile = profiles.get(name)?;
    let host = profile.host.as_deref().ok_or_else(|| TrackingError::Databricks {
        what: format!("The profile {name} in {} names no host", profiles.file()),
    })?;
    let host = read_host(host, &format!("The host of the profile {name}"))?;
    let credentials = match typed(login) {
        Some(credentials) => credentials,
        None => credentials_of(name, profile, &profiles, known)?,
    };
    let uri = format!("databricks://{name}");
    Ok(Workspace { host, uri, credentials, insecure_tls: profile.insecure })
}

fn credentials_of(
    name: &str,
    profile: &Profile,
    profiles: &Profiles,
    known: &DatabricksEnvironment,
) -> Result<Credentials, TrackingError> {
    let by_cli = profile.auth_type.as_deref() == Some("databricks-cli");
    let said = by_password(profile.username.as_ref(), profile.password.as_ref(), profile.token.as_ref());
    if let Some(credentials) = said.filter(|_| !by_cli) {
        return Ok(credentials);
    }
    if by_cli {
        let login = CliLogin::new(name, known.cli.as_deref(), Some(profiles.path()))?;
        return Ok(Credentials::Cli(login));
    }
    let what = match &profile.auth_type {
        Some(other) => format!(
            "The profile {name} in {} logs in by {other}, which needs Databricks' own tools",
            profiles.file()
        ),
        None if profile.client_id.is_some() => format!(
            "The profile {name} in {} logs in as a service principal, which needs Databricks' own tools",
            profiles.file()
        ),
        None => format!("The profile {name} in {} has no token", profiles.file()),
    };
    Err(TrackingError::Databricks { what })
}

/// A login that was typed comes before every other.
pub(super) fn typed(login: &Login) -> Option<Credentials> {
    match login {
        Login::Environment => None,
        Login::Anonymous => Some(Credentials::None),
        Login::Basic { user, password } => {
            Some(Credentials::Basic { user: user.clone(), password: password.clone() })
        }
        Login::Token(token) => Some(Credentials::Bearer(token.clone())),
    }
}

fn by_password(
    user: Option<&String>,
    password: Option<&Secret>,
    token: Option<&Secret>,
) -> Option<Credentials> {
    match (user, password, token) {
        (_, _, Some(token)) => Some(Credentials::Bearer(token.clone())),
        (Some(user), Some(password), None) => {
            Some(Credentials::Basic { user: user.clone(), password: password.clone() })
        }
        _ => None,
    }
}

/// `https` where no scheme is named; what stands behind the host, as in an address copied from the browser, is cut off.
fn read_host(host: &str, whose: &str) -> Result<TrackingUri, TrackingError> {
    let host = host.trim();
    let with_scheme = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let bad = |reason: String| TrackingError::Databricks { what: format!("{whose} is no address: {reason}") };
    let uri = TrackingUri::parse(&with_scheme).map_err(|error| bad(error.to_string()))?;
    if uri.login().is_some() {
        return Err(bad("a login has no place in it".to_owned()));
    }
    if !uri.is_tls() && !uri.is_loopback() {
        return Err(bad("it has to begin with https://".to_owned()));
    }
    Ok(uri.with_path(""))
}

fn nothing_configured(what: &str) -> TrackingError {
    TrackingError::Databricks {
        what: format!("{what}, and DATABRICKS_HOST with DATABRICKS_TOKEN is not set"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
[DEFAULT]
host = https://adb-1.azuredatabricks.net/?o=1
token = s3cret-default

[staging]
host = dbc-2.cloud.databricks.com
username = ann
password = pw\\n#\"x\"

[sso]
host      = https://dbc-3.cloud.databricks.com
auth_type = databricks-cli

[robot]
host = https://dbc-4.cloud.databricks.com
client_id = abc
client_secret = s3cret-robot

[bare]
token = s3cret-bare
";

    fn environment(pairs: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cfg");
        std::fs::write(&file, FILE).unwrap();
        let file = file.display().to_string();
        let own = [("DATABRICKS_CONFIG_FILE", file.as_str()), ("HOME", "/nowhere")];
        let environment =
            Environment::from_pairs(own.iter().chain(pairs).map(|&(name, value)| (name, value.to_owned())));
        (folder, environment)
    }

    fn found(uri: &str, pairs: &[(&str, &str)]) -> Result<Workspace, String> {
        let (_folder, environment) = environment(pairs);
        let uri = DatabricksUri::parse(uri).unwrap().unwrap();
        resolve(&uri, &Login::Environment, &environment).map_err(|error| error.to_string())
    }

    fn bearer(token: &str) -> Credentials {
        Credentials::Bearer(token.into())
    }

    #[test]
    fn a_profile_names_host_and_login() {
        let workspace = found("databricks", &[]).unwrap();
        assert_eq!(workspace.host.to_string(), "https://adb-1.azuredatabricks.net");
        assert_eq!(
            (workspace.uri.as_str(), workspace.credentials),
            ("databricks://DEFAULT", bearer("s3cret-default"))
        );
        let staging = found("databricks://staging/anything", &[]).unwrap();
        assert_eq!(staging.host.to_string(), "https://dbc-2.cloud.databricks.com");
        let ann = Credentials::Basic { user: "ann".into(), password: "pw\\n#\"x\"".into() };
        assert_eq!(staging.credentials, ann);
        let named = found("databricks", &[("DATABRICKS_CONFIG_PROFILE", "staging")]).unwrap();
        assert_eq!(named, staging);
    }

    #[test]
    fn variables_come_before_the_default_profile_and_after_a_named_one() {
        let variables =
            [("DATABRICKS_HOST", "adb-9.azuredatabricks.net"), ("DATABRICKS_TOKEN", "s3cret-env")];
        let workspace = found("databricks", &variables).unwrap();
        assert_eq!(workspace.uri, "https://adb-9.azuredatabricks.net");
        assert_eq!(workspace.credentials, bearer("s3cret-env"));
        assert_eq!(found("databricks://DEFAULT", &variables).unwrap().credentials, bearer("s3cret-default"));
        let half = found("databricks", &variables[..1]).unwrap();
        assert_eq!(half.uri, "databricks://DEFAULT");
        // The variables are for the host that they name alone.
        let (_folder, environment) = environment(&variables);
        let login =
            |server: &str| login_of_variables(&TrackingUri::parse(server).unwrap(), &environment.databricks);
        assert_eq!(login("https://adb-9.azuredatabricks.net/"), Some(bearer("s3cret-env")));
        assert_eq!(login("https://adb-8.azuredatabricks.net"), None);
        assert_eq!(login("http://adb-9.azuredatabricks.net"), None);
    }

    #[test]
    fn a_login_that_was_typed_comes_first() {
        let (_folder, environment) = environment(&[]);
        let uri = DatabricksUri::parse("databricks://bare").unwrap().unwrap();
        assert!(resolve(&uri, &Login::Token("t".into()), &environment).is_err(), "there is no host");
        let uri = DatabricksUri::parse("databricks://sso").unwrap().unwrap();
        let workspace = resolve(&uri, &Login::Token("t".into()), &environment).unwrap();
        assert_eq!(workspace.credentials, bearer("t"));
    }

    #[test]
    fn what_is_missing_is_said_without_a_secret() {
        for (uri, says) in [
            ("databricks://prod", "has no profile prod. It has DEFAULT, bare, robot, sso and staging"),
            ("databricks://bare", "The profile bare in"),
            ("databricks://robot", "logs in as a service principal"),
            ("databricks://sso", "databricks auth login --profile sso"),
        ] {
            let said = found(uri, &[]).unwrap_err();
            assert!(said.contains(says) && !said.contains("s3cret"), "{uri}: {said}");
        }
        let nowhere = Environment::from_pairs([("HOME", "/nowhere")]);
        let uri = DatabricksUri::parse("databricks").unwrap().unwrap();
        let said = resolve(&uri, &Login::Environment, &nowhere).unwrap_err().to_string();
        assert!(said.contains(".databrickscfg") && said.contains("DATABRICKS_TOKEN"), "{said}");
        for host in ["http://dbc-1.cloud.databricks.com", "https://ann:s3cret@h", ""] {
            let said = read_host(host, "It").unwrap_err().to_string();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn workspaces_are_known_by_their_names() {
        let is = |uri: &str| is_workspace(&TrackingUri::parse(uri).unwrap());
        assert!(is("https://dbc-1.cloud.databricks.com") && is("https://1.2.gcp.databricks.com/"));
        assert!(is("adb-1.2.azuredatabricks.net"));
        for other in [
            "http://dbc-1.cloud.databricks.com",
            "https://databricks.com",
            "https://cloud.databricks.com.evil.com",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
