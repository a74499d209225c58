//! The lines that ARCHITECTURE.md draws, held by reading the sources.

use std::path::{Path, PathBuf};

/// Module, and the modules of ours that it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("entities", &[]),
    ("tracking", &["entities"]),
    ("agent", &["entities"]),
    ("theme", &[]),
    ("state", &["tracking", "agent", "entities"]),
    ("ui", &["state", "theme", "tracking", "agent", "entities"]),
    ("app", &["ui", "state", "theme", "tracking", "agent", "entities"]),
];

/// Crate, and the modules that may know it.
const CRATES: &[(&str, &[&str])] = &[
    ("egui", &["app", "ui", "theme", "main"]),
    ("eframe", &["app", "main"]),
    ("egui_extras", &["ui", "theme"]),
    ("egui_plot", &["ui"]),
    ("egui_table", &["ui"]),
    ("reqwest", &["tracking", "agent"]),
    (
        "serde_json",
        &[
            "tracking",
            "agent",
            "state/settings",
            "state/policy",
            "state/chat/shelf",
            "state/journal",
            "state/bench",
            "state/evidence",
        ],
    ),
    ("serde_json_path", &["state/bench"]),
    ("serde_saphyr", &["tracking"]),
    ("hyper", &["agent"]),
    ("process_wrap", &["agent"]),
    ("rusqlite", &["tracking"]),
    ("tar", &["tracking"]),
    ("similar", &["state/compare"]),
    ("sha2", &["state/compare", "agent/attachment"]),
    ("pep440_rs", &["state/compare"]),
    ("rfd", &["app"]),
    ("toml", &["state/policy"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// Unit tests may know what the code beside them may not.
fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

/// Code without comments, and without the unit tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().map(|line| {
        match line.find("//") {
            Some(at) if !line[..at].contains('"') => &line[..at],
            _ => line,
        }
    })
}

fn mentions(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let layer = file.split(['/', '.']).next().unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else { continue };
        for (number, line) in code(&text).enumerate() {
            for (other, _) in LAYERS {
                if *other != layer && !allowed.contains(other) && mentions(line, &format!("crate::{other}")) {
                    broken.push(format!("{file}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "imports against the grain:\n{}", broken.join("\n"));
}

#[test]
fn crates_stay_where_they_belong() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        for (krate, homes) in CRATES {
            if is_test(&file) || homes.iter().any(|home| file.starts_with(home)) {
                continue;
            }
            for (number, line) in code(&text).enumerate() {
                if mentions(line, &format!("{krate}::")) {
                    broken.push(format!("{file}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "crates outside their module:\n{}", broken.join("\n"));
}

#[test]
fn files_fit_in_one_head() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > 700)
        .collect();
    assert!(long.is_empty(), "look for the seam: {long:?}");
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(file, _)| file).collect();
    assert!(silent.is_empty(), "no `//!`: {silent:?}");
}

#[test]
fn colours_live_in_the_theme() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        if file.starts_with("theme") {
            continue;
        }
        for (number, line) in code(&text).enumerate() {
            if ["Color32::from_", "Color32::RED", "Color32::WHITE", "Color32::BLACK", "FontId::new"]
                .iter()
                .any(|colour| line.contains(colour))
            {
                broken.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "colours and fonts outside theme/:\n{}", broken.join("\n"));
}
