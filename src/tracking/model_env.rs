//! `conda.yaml` and `python_env.yaml`: which packages a packaged model asks for beside its `requirements.txt`.

use serde::Deserialize;
use serde_json::Value;

use super::TrackingError;

/// Requirements that are read at most.
const MOST: usize = 5_000;

/// The lines of a `conda.yaml`, conda's own (`python=3.11.7`) and those for pip
/// (`mlflow/utils/environment.py`, `_mlflow_conda_env`).
pub fn parse_conda_yaml(text: &[u8]) -> Result<Vec<String>, TrackingError> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        dependencies: Vec<Value>,
    }
    let file: File = read(text, "conda.yaml")?;
    let pip = |value: &Value| value.get("pip").and_then(Value::as_array).cloned().unwrap_or_default();
    let lines = file.dependencies.iter().flat_map(|value| match value {
        Value::String(line) => vec![line.clone()],
        other => pip(other).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    });
    Ok(lines.take(MOST).collect())
}

/// The lines of a `python_env.yaml`: Python's version as `python==3.11.7`, then what it is built with, then the rest
/// (`mlflow/utils/environment.py`, `_PythonEnv`).
pub fn parse_python_env(text: &[u8]) -> Result<Vec<String>, TrackingError> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        python: Option<Value>,
        #[serde(default)]
        build_dependencies: Vec<String>,
        #[serde(default)]
        dependencies: Vec<String>,
    }
    let file: File = read(text, "python_env.yaml")?;
    let python = file.python.map(|version| match version {
        Value::String(version) => format!("python=={version}"),
        other => format!("python=={other}"),
    });
    Ok(python.into_iter().chain(file.build_dependencies).chain(file.dependencies).take(MOST).collect())
}

fn read<T: serde::de::DeserializeOwned>(text: &[u8], name: &str) -> Result<T, TrackingError> {
    serde_saphyr::from_slice(text).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().next().unwrap_or("it is no YAML").to_owned();
        TrackingError::NotMlflow { reason: format!("{name} cannot be read: {why}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_read_as_mlflow_writes_them() {
        let conda = b"channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=24.0\n- pip:\n  - mlflow==3.17.2\n  - pandas==2.3\nname: mlflow-env\n";
        assert_eq!(
            parse_conda_yaml(conda).unwrap(),
            ["python=3.11.7", "pip<=24.0", "mlflow==3.17.2", "pandas==2.3"]
        );
        let env = b"python: 3.11.7\nbuild_dependencies:\n- pip==24.0\n- setuptools\ndependencies:\n- -r requirements.txt\n";
        assert_eq!(
            parse_python_env(env).unwrap(),
            ["python==3.11.7", "pip==24.0", "setuptools", "-r requirements.txt"]
        );
    }

    #[test]
    fn what_is_something_else_is_an_error() {
        assert!(parse_conda_yaml(b"- [").is_err());
        assert!(parse_python_env(b"just words").is_err());
    }
}
