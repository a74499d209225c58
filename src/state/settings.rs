//! What survives a restart, in a JSON file of our own: versioned, written atomically, never with a secret.
//!
//! Sizes of panels and columns are egui's business and persist with its memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::endpoints::EndpointProfile;
use super::navigation::{Route, TraceScope};
use super::notices::Notices;
use super::tasks::{Polled, Task, Tasks};
use crate::tracking::{StoreInfo, shown_uri};

/// The file's content. Unknown fields of newer versions are dropped, missing ones take their default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Version of this shape.
    pub version: u32,
    /// Light, dark or the system's.
    pub theme: ThemeChoice,
    /// Row height of tables.
    pub density: Density,
    /// Servers, the last used first.
    pub servers: Vec<RecentServer>,
    /// Addresses of served agents, the last used first.
    pub endpoints: Vec<String>,
    /// Conversations are kept on this machine.
    pub keep_conversations: bool,
    /// What else is kept of some of them, and of those that have not answered yet.
    pub profiles: Vec<EndpointProfile>,
    /// The file with the promotion policy, if not `policy.toml` beside this one.
    pub policy_file: Option<String>,
    /// The chat beside whatever is shown.
    pub chat_panel: bool,
    /// The Python that a model was served with last.
    pub python: Option<String>,
    /// The list at the left.
    pub list_shown: bool,
    /// Per server URI: the experiment that was looked at last.
    pub last_experiments: BTreeMap<String, String>,
    /// Per server URI: the workspace that was chosen last.
    pub workspaces: BTreeMap<String, String>,
    /// Per server URI and experiment id: how its table of runs is laid out.
    pub run_tables: BTreeMap<String, RunTableLayout>,
    /// Experiments, as [`experiment_key`] names them, whose traces were looked at last rather than their runs.
    pub traces_tabs: BTreeSet<String>,
    /// About the journal.
    pub journal: JournalSettings,
}

/// What is done with what the journal knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalSettings {
    /// Only the records of the server that is open are shown.
    pub only_this_server: bool,
    /// What others moved is told on the desktop too.
    pub notify_desktop: bool,
    /// After a move a tag of the model tells colleagues of it.
    pub tell_colleagues: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            theme: ThemeChoice::System,
            density: Density::Regular,
            servers: Vec::new(),
            endpoints: Vec::new(),
            keep_conversations: true,
            profiles: Vec::new(),
            policy_file: None,
            chat_panel: false,
            python: None,
            list_shown: true,
            last_experiments: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            run_tables: BTreeMap::new(),
            traces_tabs: BTreeSet::new(),
            journal: JournalSettings::default(),
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// As the desktop is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Row height of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// More rows.
    Compact,
    /// 26 px.
    #[default]
    Regular,
}

/// A server that was connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecentServer {
    /// Without user or password.
    pub uri: String,
    /// The name of the user who logged in, if one was typed; never the password.
    pub user: Option<String>,
}

/// How a table of runs is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunTableLayout {
    /// Columns in order, by their stable key; empty for the default choice.
    pub columns: Vec<String>,
    /// Sort column by its stable key, and whether it descends.
    pub sort: Option<(String, bool)>,
}

const VERSION: u32 = 1;
const MOST_SERVERS: usize = 12;
const MOST_RUN_TABLES: usize = 200;
const FILE_NAME: &str = "settings.json";

impl Settings {
    /// Puts a server first in the list. The sample is no server, and gone when the app is closed.
    pub fn remember_server(&mut self, info: &StoreInfo) {
        if info.sample {
            return;
        }
        let user =
            self.servers.iter().find(|server| server.uri == info.uri).and_then(|server| server.user.clone());
        self.servers.retain(|server| server.uri != info.uri);
        self.servers.insert(0, RecentServer { uri: info.uri.clone(), user });
        self.servers.truncate(MOST_SERVERS);
    }

    /// Puts an endpoint first in the list.
    pub fn remember_endpoint(&mut self, url: &str) {
        self.endpoints.retain(|endpoint| endpoint != url);
        self.endpoints.insert(0, url.to_owned());
        self.endpoints.truncate(MOST_SERVERS);
    }

    /// Keeps whether an experiment's traces were looked at, or its runs.
    pub fn remember_traces_tab(&mut self, key: String, traces: bool) {
        if !traces {
            self.traces_tabs.remove(&key);
        } else if self.traces_tabs.insert(key) && self.traces_tabs.len() > MOST_RUN_TABLES {
            self.traces_tabs.pop_first();
        }
    }

    /// Where an experiment is shown as it was left: its runs or its traces.
    pub fn experiment_route(&self, info: &StoreInfo, experiment_id: &str) -> Route {
        let experiment_id = experiment_id.to_owned();
        if self.traces_tabs.contains(&experiment_key(info, &experiment_id)) {
            Route::Traces(TraceScope::Experiment(experiment_id))
        } else {
            Route::Experiment { experiment_id }
        }
    }

    /// Keeps how an experiment's table is laid out.
    pub fn remember_run_table(&mut self, key: String, layout: RunTableLayout) {
        if self.run_tables.len() >= MOST_RUN_TABLES && !self.run_tables.contains_key(&key) {
            self.run_tables.pop_first();
        }
        self.run_tables.insert(key, layout);
    }
}

/// How settings name an experiment of a store.
pub fn experiment_key(info: &StoreInfo, experiment_id: &str) -> String {
    format!("{}#{experiment_id}", info.settings_key())
}

impl Settings {
    /// Without what older versions kept of addresses: queries and logins. They are gone with the next write.
    fn without_logins(mut self) -> Self {
        for server in std::mem::take(&mut self.servers) {
            let uri = bare(&server.uri);
            if !uri.is_empty() && self.servers.iter().all(|known| known.uri != uri) {
                self.servers.push(RecentServer { uri, ..server });
            }
        }
        let experiments = std::mem::take(&mut self.last_experiments);
        self.last_experiments = experiments.into_iter().map(|(uri, id)| (bare(&uri), id)).collect();
        let tables = std::mem::take(&mut self.run_tables);
        self.run_tables = tables
            .into_iter()
            .map(|(key, layout)| match key.rsplit_once('#') {
                Some((uri, id)) => (format!("{}#{id}", bare(uri)), layout),
                None => (bare(&key), layout),
            })
            .collect();
        self
    }
}

/// The settings with their file: read at start, written off the UI thread when they changed.
pub struct SettingsFile {
    settings: Settings,
    written: Settings,
    path: Option<PathBuf>,
    writing: Option<Task<std::io::Result<()>>>,
}

impl SettingsFile {
    /// Reads `settings.json` in `folder`. A broken file is set aside and its new place is named in the message.
    /// Without a folder nothing is kept.
    pub fn open(folder: Option<PathBuf>) -> (Self, Option<String>) {
        let path = folder.map(|folder| folder.join(FILE_NAME));
        let (settings, message) = match path.as_deref().map(read) {
            None => (Settings::default(), None),
            Some(Ok(settings)) => (settings, None),
            Some(Err(message)) => (Settings::default(), Some(message)),
        };
        // What was kept and must not be is written over soon.
        let written = settings.clone();
        let settings = settings.without_logins();
        (Self { written, settings, path, writing: None }, message)
    }

    /// The present settings.
    pub fn get(&self) -> &Settings {
        &self.settings
    }

    /// Changes the settings; they are written soon.
    pub fn edit(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Writes changes, one write at a time.
    pub fn poll(&mut self, tasks: &Tasks, notices: &mut Notices) {
        if let Some(task) = &mut self.writing {
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready(Err(error)) => {
                    let text =
                        "The settings could not be saved. They hold until Flowdeck is closed".to_owned();
                    notices.failed(text, error.to_string(), None);
                }
                Polled::Ready(Ok(())) | Polled::Lost => {}
            }
            self.writing = None;
        }
        if self.settings == self.written {
            return;
        }
        let Some(path) = self.path.clone() else { return };
        let settings = self.settings.clone();
        self.written = settings.clone();
        self.writing = Some(tasks.spawn_blocking(move || write(&path, &settings)));
    }

    /// Writes what is not yet written, at exit.
    pub fn flush(&mut self) {
        if self.settings != self.written
            && let Some(path) = &self.path
        {
            match write(path, &self.settings) {
                Ok(()) => self.written = self.settings.clone(),
                Err(error) => tracing::warn!(%error, "settings not saved"),
            }
        }
    }
}

fn read(path: &Path) -> Result<Settings, String> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => {
            return Err(format!("{} cannot be read ({error}). Default settings are used", path.display()));
        }
    };
    serde_json::from_slice(&text).map_err(|error| set_aside(path, &error))
}

/// What may be kept of a server's address.
fn bare(uri: &str) -> String {
    if uri.contains(['@', '?', '#']) { shown_uri(uri) } else { uri.to_owned() }
}

fn set_aside(path: &Path, error: &serde_json::Error) -> String {
    let aside = path.with_extension("broken.json");
    match std::fs::rename(path, &aside) {
        Ok(()) => format!("The settings could not be read ({error}). They are kept as {}", aside.display()),
        Err(rename) => format!("{} cannot be read ({error}) nor set aside ({rename})", path.display()),
    }
}

/// Written beside and renamed over: a crash leaves the old file or the new one, never half of one.
fn write(path: &Path, settings: &Settings) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, settings)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, message) = SettingsFile::open(Some(folder.path().join("deeper")));
        assert_eq!(message, None);
        file.edit().theme = ThemeChoice::Light;
        file.edit().remember_endpoint("http://127.0.0.1:5001/invocations");
        file.flush();
        let (again, message) = SettingsFile::open(Some(folder.path().join("deeper")));
        assert_eq!(message, None);
        assert_eq!(again.get(), file.get());
    }

    #[test]
    fn a_broken_file_is_set_aside_with_a_message() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), b"{ \"version\": ").unwrap();
        let (file, message) = SettingsFile::open(Some(folder.path().to_owned()));
        assert_eq!(file.get(), &Settings::default());
        assert!(message.unwrap().contains("settings.broken.json"));
        assert!(folder.path().join("settings.broken.json").exists());
        assert!(!folder.path().join(FILE_NAME).exists());
    }

    #[test]
    fn fields_of_other_versions_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), b"{\"version\":9,\"new\":1,\"theme\":\"dark\"}")
            .unwrap();
        let (file, message) = SettingsFile::open(Some(folder.path().to_owned()));
        assert_eq!(message, None);
        assert_eq!(file.get().theme, ThemeChoice::Dark);
    }

    #[test]
    fn logins_and_queries_of_older_files_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{
            "servers": [
                {"uri": "https://ann:s3cret@mlflow.example.com/base?token=s3cret"}, {"uri": "https://mlflow.example.com/base"},
                {"uri": "http://127.0.0.1:5000"}, {"uri": "sqlite:////home/ann/mlflow.db"}
            ],
            "last_experiments": {"https://mlflow.example.com/base?token=s3cret": "7", "sample": "1"},
            "run_tables": {"https://mlflow.example.com/base?token=s3cret#7": {"columns": ["a"]}, "sample#1": {}}
        }"#;
        std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
        let (mut file, message) = SettingsFile::open(Some(folder.path().to_owned()));
        assert_eq!(message, None);
        let uris: Vec<_> = file.get().servers.iter().map(|server| server.uri.as_str()).collect();
        assert_eq!(
            uris,
            ["https://mlflow.example.com/base", "http://127.0.0.1:5000", "sqlite:////home/ann/mlflow.db"]
        );
        assert_eq!(file.get().last_experiments["https://mlflow.example.com/base"], "7");
        assert_eq!(file.get().last_experiments["sample"], "1");
        assert_eq!(file.get().run_tables["https://mlflow.example.com/base#7"].columns, ["a"]);
        assert!(file.get().run_tables.contains_key("sample#1"));
        file.flush();
        assert!(!std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap().contains("s3cret"));
    }

    #[test]
    fn the_last_server_comes_first_and_once() {
        let mut settings = Settings::default();
        for uri in ["http://a", "http://b", "http://a"] {
            settings.remember_server(&StoreInfo { uri: uri.into(), ..Default::default() });
        }
        let uris: Vec<_> = settings.servers.iter().map(|server| server.uri.as_str()).collect();
        assert_eq!(uris, ["http://a", "http://b"]);
    }
}
