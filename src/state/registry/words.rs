//! Descriptions in one line, for cells and titles; lists in a sentence.

/// The first line that says something.
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The first line of a Markdown text without its marks: a cell has no room for them.
pub fn plain_line(markdown: &str) -> String {
    let line = first_line(markdown).trim_start_matches(['#', '>', ' ']);
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('[') {
        let (before, link) = rest.split_at(start);
        plain.push_str(before);
        let Some((label, after)) = link[1..]
            .split_once("](")
            .filter(|(label, _)| !label.contains('['))
            .and_then(|(label, target)| target.split_once(')').map(|(_, after)| (label, after)))
        else {
            plain.push('[');
            rest = &link[1..];
            continue;
        };
        plain.push_str(label);
        rest = after;
    }
    plain.push_str(rest);
    plain.retain(|c| c != '*' && c != '`');
    plain
}

/// `a`, `a and b`, `a, b and c`
pub fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [before @ .., last] => {
            let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", before.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_left_out_of_one_line() {
        for (markdown, plain) in [
            ("\n## **New** prompt\nmore", "New prompt"),
            ("+10 pp. See [the *report*](http://e/r) now", "+10 pp. See the report now"),
            ("a [b and [c](d)", "a [b and c"),
            ("`code` [x", "code [x"),
            ("", ""),
        ] {
            assert_eq!(plain_line(markdown), plain);
        }
    }
}
