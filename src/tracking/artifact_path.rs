//! Paths below an artifact root: nothing in them may lead out of it.

use super::TrackingError;

/// A path that stays inside of its root, without a slash at its end; else an error with a sentence.
pub(super) fn checked(path: &str) -> Result<&str, TrackingError> {
    clean(path).ok_or_else(|| TrackingError::Local {
        what: format!("{} does not lie inside of the artifacts", path.escape_debug()),
    })
}

/// A path without anything that leads out of its root, or out of a folder on disk it is saved to.
pub(super) fn clean(path: &str) -> Option<&str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let part_is_clean = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    (path.is_empty() || path.split('/').all(part_is_clean)).then_some(path)
}

/// `folder/path`, where either may be empty.
pub(super) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["..", "a/../b", "/etc/passwd", "a//b", "./a", "a/.", "..\\x", "C:\\x", "a\0b", "//"] {
            assert!(checked(path).is_err(), "{path}");
        }
        for path in ["", "a", "a/b c/ü.md", "a/", "..a", "with \"quotes\" 'n `ticks`"] {
            assert!(checked(path).is_ok(), "{path}");
        }
    }
}
