//! `~/.databrickscfg`: a section for each profile.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::tracking::{Secret, TrackingError};

/// The file's profiles, by their names.
#[derive(Debug)]
pub(super) struct Profiles {
    path: PathBuf,
    all: Vec<(String, Profile)>,
}

/// What a profile says, as far as it is understood.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// `host`
    pub host: Option<String>,
    /// `token`
    pub token: Option<Secret>,
    /// `username`
    pub username: Option<String>,
    /// `password`
    pub password: Option<Secret>,
    /// `client_id`
    pub client_id: Option<String>,
    /// `auth_type`, such as `databricks-cli`.
    pub auth_type: Option<String>,
    /// `insecure`
    pub insecure: bool,
}

/// A section of the CLI's own.
const SETTINGS: &str = "__settings__";
/// A larger file is none.
const MAX: u64 = 1 << 20;

impl Profiles {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, TrackingError> {
        let shown = path.display();
        let size = std::fs::metadata(path).map(|file| file.len());
        let too_large = size.as_ref().is_ok_and(|size| *size > MAX);
        match size {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(super::nothing_configured(&format!("There is no file {shown}")));
            }
            Err(error) => return Err(unread(&format!("{shown} cannot be read: {error}"))),
            Ok(_) if too_large => return Err(unread(&format!("{shown} is too large"))),
            Ok(_) => {}
        }
        // As in Python's configparser: a backslash in a password is a backslash.
        let options = ini::ParseOption { enabled_escape: false, enabled_quote: false, ..Default::default() };
        let file = ini::Ini::load_from_file_opt(path, options).map_err(|error| match error {
            // The parser may quote the file, and with it a token.
            ini::Error::Parse(error) => {
                unread(&format!("{shown} cannot be read: line {} makes no sense", error.line))
            }
            ini::Error::Io(error) => unread(&format!("{shown} cannot be read: {error}")),
        })?;
        let sections =
            file.iter().filter_map(|(name, section)| Some((name?.to_owned(), Profile::of(section))));
        let mut all: Vec<_> = sections.filter(|(name, _)| name != SETTINGS).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self { path: path.to_owned(), all })
    }

    /// The file, as it is shown.
    pub fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One of them, or what there is instead.
    pub fn get(&self, name: &str) -> Result<&Profile, TrackingError> {
        let found = self.all.iter().find(|(known, _)| known == name);
        found.map(|(_, profile)| profile).ok_or_else(|| {
            let names: Vec<&str> = self.all.iter().map(|(name, _)| name.as_str()).collect();
            let there = match names.as_slice() {
                [] => "It is empty".to_owned(),
                [one] => format!("It has {one}"),
                [first @ .., last] => format!("It has {} and {last}", first.join(", ")),
            };
            unread(&format!("{} has no profile {name}. {there}", self.file()))
        })
    }
}

impl Profile {
    fn of(section: &ini::Properties) -> Self {
        let get = |key: &str| {
            // Python's keys have no case.
            let value = section.iter().find(|(known, _)| known.eq_ignore_ascii_case(key))?.1.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            host: get("host"),
            token: get("token").map(Secret::from),
            username: get("username"),
            password: get("password").map(Secret::from),
            client_id: get("client_id"),
            auth_type: get("auth_type"),
            insecure: get("insecure")
                .is_some_and(|value| matches!(value.to_lowercase().as_str(), "true" | "1")),
        }
    }
}

fn unread(what: &str) -> TrackingError {
    TrackingError::Databricks { what: what.to_owned() }
}
