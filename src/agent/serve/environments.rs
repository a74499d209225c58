//! Which Pythons there are, and whether MLflow is in them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::Launcher;
use super::machine::{Machine, python_in};

/// How long a Python or conda may take to answer; the first start of a cold disk takes seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// Environments that are listed at most.
const MOST: usize = 40;
/// Prints the version of Python, its folder, and MLflow's version, without the seconds that importing MLflow takes.
const ASK: &str = "import sys
print(sys.version.split()[0]); print(sys.prefix)
try: import importlib.metadata as m
except ImportError: sys.exit()
for name in ('mlflow', 'mlflow-skinny'):
    try: print(m.version(name)); break
    except m.PackageNotFoundError: pass";

/// Where an environment was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `VIRTUAL_ENV`
    Active,
    /// `.venv` in the working folder.
    Project,
    /// A conda environment, by its name.
    Conda(String),
    /// A version of pyenv.
    Pyenv(String),
    /// On `PATH`.
    Path,
    /// uv, which makes one.
    Uv,
    /// The user named it.
    Chosen,
}

impl Origin {
    /// What it is, briefly.
    pub fn label(&self) -> String {
        match self {
            Self::Active => "Active environment".to_owned(),
            Self::Project => ".venv of the working folder".to_owned(),
            Self::Conda(name) => format!("conda {name}"),
            Self::Pyenv(version) => format!("pyenv {version}"),
            Self::Path => "Python on PATH".to_owned(),
            Self::Uv => "Made by uv".to_owned(),
            Self::Chosen => "Chosen".to_owned(),
        }
    }
}

/// An environment that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What runs MLflow there.
    pub launcher: Launcher,
    /// Where it was found.
    pub origin: Origin,
}

/// What was found in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// A Python.
    Python {
        /// Its version.
        version: String,
        /// The environment's folder: two names of one environment have the same.
        prefix: PathBuf,
        /// MLflow's version, if it is there.
        mlflow: Option<String>,
    },
    /// uv, which brings the newest MLflow along.
    Uv {
        /// uv's version.
        version: String,
    },
    /// It does not run: why.
    Broken(String),
}

/// Looks for environments, the likeliest first. Reads a few folders and asks conda, if it is there.
pub async fn find(machine: Machine) -> Vec<Candidate> {
    let conda = machine.on_path("conda");
    let conda = conda.or_else(|| machine.folder_of("CONDA_EXE")).filter(|conda| conda.is_file());
    let mut conda_prefixes = Vec::new();
    if let Some(conda) = conda
        && let Ok(text) = ask(&conda, ["info", "--json"]).await
    {
        conda_prefixes = prefixes_of_conda(&text);
    }
    let looked = tokio::task::spawn_blocking(move || look(&machine, conda_prefixes)).await;
    looked.unwrap_or_default()
}

/// `envs` of what `conda info --json` answers.
fn prefixes_of_conda(text: &str) -> Vec<PathBuf> {
    let info: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let list = info.get("envs").and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(|path| path.as_str()).map(PathBuf::from).collect()
}

fn look(machine: &Machine, conda: Vec<PathBuf>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut add = |prefix: PathBuf, origin: Origin| {
        if let Some(python) = python_in(&prefix) {
            found.push(Candidate { launcher: Launcher::Python(python), origin });
        }
    };
    if let Some(active) = machine.folder_of("VIRTUAL_ENV") {
        add(active, Origin::Active);
    }
    if let Some(folder) = &machine.folder {
        add(folder.join(".venv"), Origin::Project);
    }
    for prefix in machine.folder_of("CONDA_PREFIX").into_iter().chain(conda).chain(known_conda(machine)) {
        let name = conda_name(&prefix);
        add(prefix, Origin::Conda(name));
    }
    for version in pyenv_versions(machine) {
        let name = file_name(&version);
        add(version, Origin::Pyenv(name));
    }
    for name in ["python3", "python"] {
        let python = machine.on_path(name);
        found.extend(
            python.map(|python| Candidate { launcher: Launcher::Python(python), origin: Origin::Path }),
        );
    }
    let project = machine.folder.as_ref().is_some_and(|folder| folder.join("pyproject.toml").is_file());
    if let Some(uv) = machine.on_path("uv").filter(|_| project) {
        found.push(Candidate { launcher: Launcher::UvRun(uv), origin: Origin::Uv });
    }
    if let Some(uvx) = machine.on_path("uvx") {
        found.push(Candidate { launcher: Launcher::Uvx(uvx), origin: Origin::Uv });
    }
    let mut seen = HashSet::new();
    found.retain(|candidate| seen.insert(candidate.launcher.clone()));
    found.truncate(MOST);
    found
}

/// Without conda on `PATH`: the usual folders, and the list that conda keeps.
fn known_conda(machine: &Machine) -> Vec<PathBuf> {
    let Some(home) = &machine.home else { return Vec::new() };
    let listed = std::fs::read_to_string(home.join(".conda/environments.txt")).unwrap_or_default();
    let mut found: Vec<PathBuf> =
        listed.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST).map(PathBuf::from).collect();
    for root in ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"] {
        let root = home.join(root);
        found.extend(folders_in(&root.join("envs")));
        found.push(root);
    }
    found
}

fn pyenv_versions(machine: &Machine) -> Vec<PathBuf> {
    let root =
        machine.folder_of("PYENV_ROOT").or_else(|| machine.home.as_ref().map(|home| home.join(".pyenv")));
    let mut versions = root.map(|root| folders_in(&root.join("versions"))).unwrap_or_default();
    // The newest first, as numbers: 3.13 comes before 3.9.
    let numbers = |path: &PathBuf| -> Vec<u32> {
        file_name(path).split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    versions.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
    versions
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// An environment below `envs` has its folder's name, any other is a base.
fn conda_name(prefix: &Path) -> String {
    let in_envs = prefix.parent().is_some_and(|parent| parent.file_name() == Some(OsStr::new("envs")));
    if in_envs { file_name(prefix) } else { "base".to_owned() }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Asks an environment what is in it. Starts its Python once.
pub async fn check(launcher: &Launcher) -> Checked {
    let answer = match launcher {
        Launcher::Python(python) => ask(python, ["-c", ASK]).await,
        Launcher::UvRun(uv) | Launcher::Uvx(uv) => ask(uv, ["--version"]).await,
    };
    let text = match answer {
        Ok(text) => text,
        Err(reason) => return Checked::Broken(reason),
    };
    let mut lines = text.lines().map(|line| line.trim().to_owned());
    match (launcher, lines.next(), lines.next()) {
        (Launcher::Python(_), Some(version), Some(prefix)) if begins_with_digit(&version) => {
            Checked::Python { version, prefix: prefix.into(), mlflow: lines.next() }
        }
        (Launcher::UvRun(_) | Launcher::Uvx(_), Some(version), _) => Checked::Uv { version },
        _ => Checked::Broken("It does not answer as Python does".to_owned()),
    }
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// What a program prints, or why it does not: the last line of its errors.
async fn ask<const N: usize>(program: &Path, arguments: [&str; N]) -> Result<String, String> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err(format!("It gave no answer in {} s", PATIENCE.as_secs())),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| output.status.to_string(), |line| line.trim().chars().take(300).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_python(prefix: &Path) {
        let python = prefix.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        std::fs::create_dir_all(python.parent().unwrap()).unwrap();
        std::fs::write(python, "").unwrap();
    }

    #[test]
    fn environments_are_found_where_tools_put_them_the_likeliest_first() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for prefix in
            ["work/.venv", "active", "miniconda3", "miniconda3/envs/agents", ".pyenv/versions/3.11.7", "c"]
        {
            make_python(&at(prefix));
        }
        std::fs::create_dir_all(at("miniconda3/envs/empty")).unwrap();
        let variables = [("VIRTUAL_ENV", at("active").display().to_string())];
        let machine = Machine {
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            home: Some(home.path().to_owned()),
            folder: Some(at("work")),
        };
        let found = look(&machine, vec![at("c"), at("miniconda3")]);
        let origins: Vec<_> = found.into_iter().map(|candidate| candidate.origin).collect();
        let conda = |name: &str| Origin::Conda(name.to_owned());
        let pyenv = Origin::Pyenv("3.11.7".to_owned());
        assert_eq!(
            origins,
            [Origin::Active, Origin::Project, conda("base"), conda("base"), conda("agents"), pyenv]
        );
    }

    #[test]
    fn conda_tells_its_environments() {
        assert_eq!(prefixes_of_conda(r#"{"envs": ["/a", "/b/envs/c", 4]}"#).len(), 2);
        assert!(prefixes_of_conda("conda: command failed").is_empty());
        assert_eq!(conda_name(Path::new("/b/envs/c")), "c");
    }

    #[tokio::test]
    async fn what_is_no_python_says_why() {
        let missing = check(&Launcher::Python("/nowhere/python".into())).await;
        assert!(matches!(missing, Checked::Broken(_)), "{missing:?}");
    }
}
