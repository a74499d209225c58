//! Packages that a model needs, and which way their versions moved.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

use super::line::{Cell, Change, Line, Section};

/// Package, under its normalised name, and what is asked of it: `==3.17.2`, `>=2,<4`, an address, or nothing.
pub type Requirements = BTreeMap<String, String>;

/// Longest requirement that is kept, in bytes.
const LONGEST: usize = 1_000;

/// Adds the requirements of lines as pip and conda write them; comments and pip's options are left out. What was
/// asked of a package before is replaced.
pub fn add_requirements<'a>(to: &mut Requirements, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        if let Some((name, spec)) = parse(line) {
            to.insert(name, spec);
        }
    }
}

/// The packages of a `requirements.txt`, line by line; a line that ends with `\` goes on.
pub fn add_requirements_txt(to: &mut Requirements, text: &str) {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    add_requirements(to, joined.lines());
}

fn parse(line: &str) -> Option<(String, String)> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with(['#', '-']) || line.len() > LONGEST {
        return None;
    }
    let line = line.split(" --").next().unwrap_or_default().trim();
    let end =
        line.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || rest.starts_with([':', '/', '+']) {
        // A bare address: it is its own name.
        return Some((line.to_owned(), String::new()));
    }
    let spec: String = rest.trim().to_owned();
    // conda's `python=3.11.7` means what pip's `==` does.
    let spec = match spec.strip_prefix('=') {
        Some(version) if !version.starts_with('=') => format!("=={version}"),
        _ => spec,
    };
    Some((normalised(name), spec))
}

/// PEP 503: `Scikit_Learn` and `scikit-learn` are one package.
fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    normal
}

/// A line for every package of either side.
pub fn requirement_lines(from: &Requirements, to: &Requirements) -> Vec<Line> {
    let names: std::collections::BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names.into_iter().map(|name| line(name, from.get(name), to.get(name))).collect()
}

fn line(name: &str, from: Option<&String>, to: Option<&String>) -> Line {
    let cell = |spec: Option<&String>| match spec {
        None => Cell::Missing,
        Some(spec) if spec.is_empty() => Cell::Text("any".into()),
        Some(spec) => Cell::Text(spec.strip_prefix("==").unwrap_or(spec).to_owned()),
    };
    let mut line = Line::new(Section::Requirements, name, cell(from), cell(to));
    if let (Some(from), Some(to)) = (from, to)
        && line.change == Change::Changed
    {
        line.change = match (pinned(from), pinned(to)) {
            (Some(from), Some(to)) if to > from => Change::Up,
            (Some(from), Some(to)) if to < from => Change::Down,
            (Some(_), Some(_)) => Change::Same,
            _ => Change::Changed,
        };
    }
    line
}

/// The one version that a requirement allows.
fn pinned(spec: &str) -> Option<Version> {
    let spec = spec.split(';').next().unwrap_or_default();
    // Extras stand before the version.
    let spec = spec.rsplit(']').next().unwrap_or_default();
    let specifiers = VersionSpecifiers::from_str(spec.trim()).ok()?;
    let mut all = specifiers.iter();
    let only = all.next().filter(|_| all.len() == 0)?;
    (only.operator() == &pep440_rs::Operator::Equal).then(|| only.version().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Requirements {
        let mut requirements = Requirements::new();
        add_requirements_txt(&mut requirements, text);
        requirements
    }

    #[test]
    fn requirements_are_read_as_pip_writes_them() {
        let read = of(
            "# header\nmlflow==3.17.2\nScikit_Learn[x] >=1.2,<2  # why\n--index-url https://e/\n-r more.txt\n\n\
                       torch==2.1 ; python_version<'3.12' \\\n  --hash=sha256:aa\npandas\ngit+https://e/x.git@main\n\
                       own @ https://e/own.whl\npython=3.11.7\n",
        );
        let shown: Vec<_> = read.iter().map(|(name, spec)| format!("{name}|{spec}")).collect();
        assert_eq!(
            shown,
            [
                "git+https://e/x.git@main|",
                "mlflow|==3.17.2",
                "own|@ https://e/own.whl",
                "pandas|",
                "python|==3.11.7",
                "scikit-learn|[x] >=1.2,<2",
                "torch|==2.1 ; python_version<'3.12'",
            ]
        );
    }

    #[test]
    fn pins_move_up_and_down() {
        let from =
            of("mlflow==3.9\nnumpy==2.1.0\npandas==2.0\nold==1\nsame==1.0\nrange>=1\nrc==1.0rc1\nx[a]==1");
        let to = of("mlflow==3.17\nnumpy==1.26.4\npandas\nnew==1\nsame==1.0.0\nrange>=2\nrc==1.0\nx[a]==2");
        let changes: Vec<_> =
            requirement_lines(&from, &to).into_iter().map(|line| (line.name, line.change)).collect();
        let named = |name: &str| changes.iter().find(|(n, _)| n == name).unwrap().1;
        assert_eq!(named("mlflow"), Change::Up, "17 is more than 9");
        assert_eq!(named("numpy"), Change::Down);
        assert_eq!(named("pandas"), Change::Changed);
        assert_eq!(named("range"), Change::Changed);
        assert_eq!(named("old"), Change::Removed);
        assert_eq!(named("new"), Change::Added);
        assert_eq!(named("same"), Change::Same, "1.0 is 1.0.0");
        assert_eq!(named("rc"), Change::Up, "a release comes after its candidates");
        assert_eq!(named("x"), Change::Up);
    }
}
