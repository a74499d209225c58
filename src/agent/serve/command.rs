//! The command that serves a model.

use std::fmt;
use std::path::{Path, PathBuf};

/// What runs MLflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Launcher {
    /// A Python with MLflow in it.
    Python(PathBuf),
    /// `uv run --with mlflow`: the project of the working folder, with MLflow added.
    UvRun(PathBuf),
    /// `uvx --from mlflow`: MLflow alone, in an environment that uv makes and keeps.
    Uvx(PathBuf),
}

impl Launcher {
    /// The program that is started.
    pub fn program(&self) -> &Path {
        match self {
            Self::Python(program) | Self::UvRun(program) | Self::Uvx(program) => program,
        }
    }

    /// The folder that has to come first on `PATH`.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Python(program) => program.parent().filter(|folder| folder.is_absolute()),
            Self::UvRun(_) | Self::Uvx(_) => None,
        }
    }
}

/// What the model runs in (`--env-manager`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EnvManager {
    /// The environment that MLflow runs in.
    #[default]
    Local,
    /// One that MLflow makes from the model's requirements, with `virtualenv` and `pyenv`.
    Virtualenv,
    /// The same with uv.
    Uv,
    /// The same with conda.
    Conda,
}

impl EnvManager {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Local, Self::Virtualenv, Self::Uv, Self::Conda];

    /// MLflow's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Virtualenv => "virtualenv",
            Self::Uv => "uv",
            Self::Conda => "conda",
        }
    }
}

impl fmt::Display for EnvManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The command as a shell reads it. It holds no login: that is in the environment.
pub fn command_line(launcher: &Launcher, model_uri: &str, port: u16, manager: EnvManager) -> String {
    let program = launcher.program().display().to_string();
    let port = port.to_string();
    let before: &[&str] = match launcher {
        Launcher::Python(_) => &["-m", "mlflow"],
        Launcher::UvRun(_) => &["run", "--with", "mlflow", "python", "-m", "mlflow"],
        Launcher::Uvx(_) => &["--from", "mlflow", "mlflow"],
    };
    let after = ["models", "serve", "-m", model_uri, "-p", &port, "--env-manager", manager.word()];
    let words = std::iter::once(program.as_str()).chain(before.iter().copied()).chain(after);
    // Only a NUL cannot be quoted, which no path and no field holds.
    shlex::try_join(words).unwrap_or_default()
}

/// The words of a command; `None` if a quote is not closed or nothing is there.
pub fn split_command(text: &str) -> Option<Vec<String>> {
    shlex::split(text).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_as_it_was_written() {
        let python = Launcher::Python("/my envs/a'b/bin/python".into());
        let line = command_line(&python, "models:/odd $(name) \"x\"@prod", 5001, EnvManager::Local);
        let words = split_command(&line).unwrap();
        assert_eq!(words[..3], ["/my envs/a'b/bin/python", "-m", "mlflow"]);
        assert_eq!(words[3..7], ["models", "serve", "-m", "models:/odd $(name) \"x\"@prod"]);
        assert_eq!(words[7..], ["-p", "5001", "--env-manager", "local"]);
        assert_eq!(python.folder(), Some(Path::new("/my envs/a'b/bin")));
    }

    #[test]
    fn uv_brings_mlflow_along() {
        let run = command_line(&Launcher::UvRun("uv".into()), "models:/m/1", 5001, EnvManager::Uv);
        assert!(run.starts_with("uv run --with mlflow python -m mlflow models serve"), "{run}");
        let alone = command_line(&Launcher::Uvx("uvx".into()), "models:/m/1", 5001, EnvManager::Uv);
        assert!(alone.starts_with("uvx --from mlflow mlflow models serve"), "{alone}");
    }

    #[test]
    fn half_a_command_is_none() {
        assert_eq!(split_command("python 'app.py"), None);
        assert_eq!(split_command("  "), None);
    }
}
