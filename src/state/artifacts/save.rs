//! Where downloads may be written: names come from a server and must not lead out of the folder chosen.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Bytes of a name that file systems take, with room for what is added to it.
const LONGEST: usize = 200;
/// Names that are devices on Windows, with or without an extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// A name that is one file's on any system, like the one given.
pub fn safe_name(name: &str) -> String {
    let mut safe: String = name.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    safe.truncate(safe.floor_char_boundary(LONGEST));
    // Windows drops dots and blanks at the end; `.` and `..` are folders.
    let kept = safe.trim_end_matches(['.', ' ']).len();
    safe.replace_range(kept.., &"_".repeat(safe.len() - kept));
    let stem = safe.split('.').next().unwrap_or_default().to_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|n| n.len() == 1 && n != "0" && n.parse::<u8>().is_ok())
    };
    if DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt") {
        safe.insert(0, '_');
    }
    if safe.is_empty() { "_".into() } else { safe }
}

fn is_bad(c: char) -> bool {
    c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Gives every file of a folder that is saved a place of its own below it.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: HashSet<String>,
}

impl Places {
    /// Where below the folder an artifact goes. No two go to one place, not even where upper and lower case are
    /// the same.
    pub(super) fn place(&mut self, path: &str) -> PathBuf {
        let mut parts: Vec<String> = path.split('/').map(safe_name).collect();
        let name = parts.pop().unwrap_or_else(|| "_".into());
        let folder: PathBuf = parts.iter().collect();
        let free =
            unused(&name, |name| self.taken.insert(folder.join(name).to_string_lossy().to_lowercase()));
        folder.join(free)
    }
}

/// The name, or the name with a number, for which `take` says that it was free.
pub(super) fn unused(name: &str, mut take: impl FnMut(&str) -> bool) -> String {
    if take(name) {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let mut number = 2_u32;
    loop {
        let numbered = format!("{stem} ({number}){extension}");
        if take(&numbered) {
            return numbered;
        }
        number += 1;
    }
}

/// A name in a folder on disk that nothing has yet.
pub(super) fn unused_in(folder: &Path, name: &str) -> PathBuf {
    folder.join(unused(&safe_name(name), |name| !folder.join(name).exists()))
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use super::*;

    #[test]
    fn names_that_would_lead_elsewhere_are_defused() {
        for (name, safe) in [
            ("a.txt", "a.txt"),
            ("with space & ünicode.md", "with space & ünicode.md"),
            ("..", "__"),
            (".", "_"),
            ("", "_"),
            ("a/b", "a_b"),
            ("..\\..\\x", ".._.._x"),
            ("C:evil", "C_evil"),
            ("x.txt:stream", "x.txt_stream"),
            ("nul", "_nul"),
            ("COM1.txt", "_COM1.txt"),
            ("common.txt", "common.txt"),
            ("a\0b\n", "a_b_"),
            ("dots...", "dots___"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        assert!(safe_name(&"ü".repeat(1000)).len() <= LONGEST);
    }

    #[test]
    fn no_artifact_leaves_the_folder() {
        let mut places = Places::default();
        for path in ["/etc/passwd", "../../x", "a/../../b", "C:\\x", "a//b", "", "..", "\\\\server\\share"] {
            let place = places.place(path);
            assert!(place.components().all(|part| matches!(part, Component::Normal(_))), "{path}: {place:?}");
        }
    }

    #[test]
    fn two_files_never_share_a_place() {
        let mut places = Places::default();
        assert_eq!(places.place("d/a:b.txt"), Path::new("d/a_b.txt"));
        assert_eq!(places.place("d/a_b.txt"), Path::new("d/a_b (2).txt"));
        assert_eq!(places.place("d/A_B.txt"), Path::new("d/A_B (2).txt").with_file_name("A_B (3).txt"));
        assert_eq!(places.place("e/a_b.txt"), Path::new("e/a_b.txt"));
    }
}
