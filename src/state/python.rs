//! Lines of Python for the clipboard.

use std::fmt::Write as _;

/// A Python string literal.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Writing to a string cannot fail.
            c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Downloads an artifact, a file or a folder.
pub fn download_artifacts(uri: &str) -> String {
    format!("import mlflow\n\npath = mlflow.artifacts.download_artifacts({})\n", string(uri))
}

/// Loads a run.
pub fn get_run(run_id: &str) -> String {
    format!("import mlflow\n\nrun = mlflow.get_run({})\n", string(run_id))
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_are_quoted_as_python_reads_them() {
        assert_eq!(super::string(r#"a "b" \ ü"#), r#""a \"b\" \\ ü""#);
        assert_eq!(super::string("a\nb\u{1}"), r#""a\nb\x01""#);
    }
}
