//! What this machine offers: variables, folders, ports.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// Where Python environments are looked for.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Environment variables.
    pub variables: HashMap<String, String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The working folder.
    pub folder: Option<PathBuf>,
}

impl Machine {
    /// This one, as this process sees it.
    pub fn this() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            home: std::env::home_dir(),
            folder: std::env::current_dir().ok(),
        }
    }

    /// A folder that a variable names.
    pub(super) fn folder_of(&self, variable: &str) -> Option<PathBuf> {
        self.variables.get(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The first program of this name on `PATH`.
    pub(super) fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get("PATH")?;
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(path).map(|folder| folder.join(&file)).find(|file| file.is_file())
    }
}

/// The Python of an environment's folder, if there is one.
pub(super) fn python_in(prefix: &Path) -> Option<PathBuf> {
    let places: &[&str] =
        if cfg!(windows) { &["Scripts/python.exe", "python.exe"] } else { &["bin/python", "bin/python3"] };
    places.iter().map(|place| prefix.join(place)).find(|python| python.is_file())
}

/// Whether nobody listens on a port of this machine.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The first free port from `first` on that is not in `taken`.
pub fn first_free_port(first: u16, taken: &[u16]) -> Option<u16> {
    (first..=u16::MAX).find(|port| !taken.contains(port) && is_free(*port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_somebody_listens_on_is_passed_over() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        assert!(first_free_port(port, &[]).is_none_or(|free| free > port));
        let next = first_free_port(port, &[]);
        assert_ne!(first_free_port(port, &next.into_iter().collect::<Vec<_>>()), next);
    }
}
