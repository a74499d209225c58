//! Why a served model ended: the line that says it, and what to do about it.

use super::process::End;

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What happened, as a sentence.
    pub what: String,
    /// The line of its output that tells it.
    pub line: Option<String>,
    /// What to do, as a sentence.
    pub advice: String,
}

/// What happened, and what to do.
type Explain = fn(&Case<'_>) -> (String, String);

/// What a line of output means: words that are in it, all of them, in lower case.
const KNOWN: &[(&[&str], Explain)] = &[
    (&["no module named", "mlflow"], no_mlflow),
    (&["no module named"], missing_module),
    (&["uvicorn", "not found"], no_uvicorn),
    (&["no such file or directory: 'uvicorn'"], no_uvicorn),
    (&["address already in use"], port_taken),
    (&["only one usage of each socket address"], port_taken),
    (&["is already in use"], port_taken),
    (&["registered model", "not found"], no_model),
    (&["model version", "not found"], no_model),
    (&["alias", "not found"], no_model),
    (&["logged model", "not found"], no_model),
    (&["resource_does_not_exist"], no_model),
    (&["no such artifact"], no_files),
    (&["error code 401"], refused),
    (&["error code 403"], refused),
    (&["unauthenticated"], refused),
    (&["max retries exceeded"], no_server),
    (&["connection refused"], no_server),
    (&["could not find the pyenv"], no_manager),
    (&["could not find conda"], no_manager),
    (&["pyenv is not available"], no_manager),
    (&["unable to open database file"], no_database),
];

struct Case<'a> {
    line: &'a str,
    port: u16,
    python: &'a str,
}

/// Why a command ended by itself. `lines` is the end of its output, the last line last; `python` the program that ran
/// MLflow; `port` the one it was to listen on.
pub fn diagnose<'a>(
    end: &End,
    lines: impl DoubleEndedIterator<Item = &'a str> + Clone,
    port: u16,
    python: &str,
) -> Diagnosis {
    if let End::NotStarted(reason) = end {
        return Diagnosis {
            what: format!("{python} could not be started: {reason}"),
            line: None,
            advice: "Choose another Python environment, or correct the command".to_owned(),
        };
    }
    // A traceback begins with its cause and ends with the error: what is said last is most to the point.
    for line in lines.clone().rev() {
        let lower = line.to_lowercase();
        let known = KNOWN.iter().find(|(words, _)| words.iter().all(|word| lower.contains(word)));
        if let Some((_, explain)) = known {
            let (what, advice) = explain(&Case { line, port, python });
            return Diagnosis { what, line: Some(line.trim().to_owned()), advice };
        }
    }
    let telling = lines.clone().rev().find(|line| is_error(line));
    let line = telling.or_else(|| lines.rev().find(|line| !line.trim().is_empty()));
    let line = line.map(|line| line.trim().to_owned());
    Diagnosis {
        what: ended(end),
        line,
        advice: "The log says more. Correct the cause and restart it".to_owned(),
    }
}

fn ended(end: &End) -> String {
    match end {
        End::Exited(Some(code)) => format!("It ended with exit code {code}"),
        End::Signal(9) => "It was killed, perhaps for want of memory".to_owned(),
        End::Signal(signal) => format!("It was ended by signal {signal}"),
        End::Lost => "Its watchdog was killed: it may still be running".to_owned(),
        End::Exited(None) | End::NotStarted(_) => "It ended".to_owned(),
    }
}

/// `mlflow.exceptions.MlflowException: …`, `ERROR: …`: at the beginning of a line, as the last of a traceback stands.
fn is_error(line: &str) -> bool {
    let head = line.split_once(':').map_or("", |(head, _)| head);
    let is_name = !head.is_empty() && head.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
    is_name && (head.ends_with("Error") || head.ends_with("Exception") || head == "ERROR" || head == "Error")
}

fn no_mlflow(case: &Case<'_>) -> (String, String) {
    let what = "MLflow is not in this Python environment".to_owned();
    (what, format!("Install it there with “{} -m pip install mlflow”, or choose another", case.python))
}

fn missing_module(case: &Case<'_>) -> (String, String) {
    let module = quoted(case.line).unwrap_or("a module");
    let package = module.split('.').next().unwrap_or(module);
    let advice = format!(
        "Install it there with “{} -m pip install {package}”, or let MLflow make an environment for the model: \
         environment manager virtualenv or uv",
        case.python
    );
    (format!("The model needs {module}, which is not in this Python environment"), advice)
}

fn quoted(line: &str) -> Option<&str> {
    let rest = line.split_once("named ")?.1.trim();
    let name = rest.trim_start_matches(['\'', '"']);
    name.split(['\'', '"', ' ', ';']).next().filter(|name| !name.is_empty())
}

fn no_uvicorn(case: &Case<'_>) -> (String, String) {
    let advice = format!("Install it with “{} -m pip install uvicorn”, or choose another", case.python);
    ("uvicorn, which MLflow serves with, is not in this Python environment".to_owned(), advice)
}

fn port_taken(case: &Case<'_>) -> (String, String) {
    let advice = "Choose another port, or stop what listens there".to_owned();
    (format!("Port {} is taken", case.port), advice)
}

fn no_model(_: &Case<'_>) -> (String, String) {
    let advice =
        "Check its name, its alias or version, and that this is the right tracking server".to_owned();
    ("The model was not found".to_owned(), advice)
}

fn no_files(_: &Case<'_>) -> (String, String) {
    let advice = "Check that this machine can read where the server keeps its artifacts".to_owned();
    ("The model's files were not found".to_owned(), advice)
}

fn refused(_: &Case<'_>) -> (String, String) {
    let advice = "Connect again with a login that may read the model".to_owned();
    ("The tracking server refused the login".to_owned(), advice)
}

fn no_server(_: &Case<'_>) -> (String, String) {
    let advice = "Check that the tracking server runs and can be reached from this machine".to_owned();
    ("The tracking server could not be reached".to_owned(), advice)
}

fn no_manager(_: &Case<'_>) -> (String, String) {
    let advice = "Install it, or choose the environment manager local".to_owned();
    ("The environment manager is not installed".to_owned(), advice)
}

fn no_database(_: &Case<'_>) -> (String, String) {
    let advice = "Check that the database file is still there".to_owned();
    ("The database could not be opened".to_owned(), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Diagnosis {
        diagnose(&End::Exited(Some(1)), text.lines(), 5001, "/venv/bin/python")
    }

    #[test]
    fn what_mlflow_and_python_say_is_told_with_a_way_out() {
        let cases = [
            ("/usr/bin/python3: No module named mlflow", "MLflow is not in", "pip install mlflow"),
            (
                "ModuleNotFoundError: No module named 'sklearn.svm'\n",
                "needs sklearn.svm",
                "pip install sklearn”",
            ),
            (
                "INFO: x\nERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 5001): \
                 address already in use",
                "Port 5001 is taken",
                "another port",
            ),
            (
                "  File \"x.py\"\nmlflow.exceptions.MlflowException: Registered Model with name=Nope not found",
                "not found",
                "its alias",
            ),
            (
                "MlflowException: API request to … failed with exception HTTPConnectionPool: Max retries exceeded",
                "could not be reached",
                "runs",
            ),
            ("/bin/sh: 1: exec: uvicorn: not found", "uvicorn", "pip install uvicorn"),
        ];
        for (log, what, advice) in cases {
            let found = of(log);
            assert!(found.what.contains(what) && found.advice.contains(advice), "{log}: {found:?}");
            assert!(found.line.is_some_and(|line| log.contains(&line)));
        }
    }

    #[test]
    fn an_unknown_error_is_quoted_and_the_exit_code_told() {
        let found = of("Traceback (most recent call last):\n  File \"a.py\"\nValueError: odd\nbye");
        assert_eq!(found.line.as_deref(), Some("ValueError: odd"));
        assert_eq!(found.what, "It ended with exit code 1");
        assert_eq!(of("").line, None);
        let never = diagnose(&End::NotStarted("No such file".to_owned()), [].into_iter(), 1, "/x/python");
        assert!(never.what.contains("/x/python could not be started: No such file"));
    }
}
