//! What the palette finds: everything that has a name, by fuzzy match.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Command;

/// One thing that can be found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is: “command”, “model”, “run”…
    pub kind: &'static str,
    /// Its name; this is matched.
    pub name: String,
    /// More about it: where it is, which keys do it.
    pub detail: String,
    /// What choosing it does.
    pub command: Command,
}

impl Found {
    /// Whether both lead to the same place.
    pub fn leads_where(&self, other: &Self) -> bool {
        matches!((&self.command, &other.command), (Command::Go(one), Command::Go(other)) if one == other)
    }
}

/// The best `most` matches, best first. An empty query keeps the order given.
pub fn find<'a>(items: &'a [Found], query: &str, most: usize) -> Vec<&'a Found> {
    if query.trim().is_empty() {
        return items.iter().take(most).collect();
    }
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize)> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let score = pattern.score(Utf32Str::new(&item.name, &mut buffer), &mut matcher)?;
            Some((score, at))
        })
        .collect();
    scored.sort_by_key(|&(score, at)| (std::cmp::Reverse(score), at));
    scored.into_iter().take(most).map(|(_, at)| &items[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Found {
        Found { kind: "model", name: name.into(), detail: String::new(), command: Command::Refresh }
    }

    #[test]
    fn the_closest_name_comes_first() {
        let items = [item("Churn"), item("MyMinimalAgent_Registered"), item("Minimal")];
        let names: Vec<_> = find(&items, "minag", 9).iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["MyMinimalAgent_Registered"]);
        assert_eq!(find(&items, "", 2).len(), 2);
        assert!(find(&items, "zzz", 9).is_empty());
    }
}
