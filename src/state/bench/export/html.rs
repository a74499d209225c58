//! A page that needs nothing else: no script, no picture, nothing loaded. Everything that an agent, a server or a file
//! said is escaped.

use std::ops::Range;

use super::words::{self, Page};
use crate::state::bench::result::{BenchRun, Cell};
use crate::state::compare::differing_words;
use crate::state::format;

const STYLE: &str = include_str!("report.css");

pub(super) fn text(run: &BenchRun, base: usize) -> String {
    let mut out = Page::default();
    let title = escaped(&run.name);
    out.push("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    // Whatever slipped through: a browser loads nothing and runs nothing here.
    out.push("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.push("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push(&format!("<title>Bench: {title}</title>\n<style>\n{STYLE}</style></head>\n<body>\n"));
    out.push(&format!("<h1>{title}</h1>\n"));
    let ended =
        run.ended.map_or_else(|| "not ended".to_owned(), |at| format!("ended {}", format::exact_time(at)));
    out.push(&format!(
        "<p class=\"weak\">Bench of {} · {} · started {} · {ended}</p>\n",
        escaped(&run.set.name),
        format::counted(run.rows(), "prompt", "prompts"),
        format::exact_time(run.started),
    ));
    figures(&mut out, run, base);
    table(&mut out, run, base);
    out.push("<p class=\"weak\">Made with Flowdeck</p>\n</body></html>\n");
    out.text()
}

fn figures(out: &mut Page, run: &BenchRun, base: usize) {
    out.push("<h2>Summary</h2>\n<table class=\"summary\"><thead><tr><th></th>");
    for (at, column) in run.columns.iter().enumerate() {
        let is_base =
            if at == base && run.columns.len() > 1 { " <span class=\"weak\">base</span>" } else { "" };
        out.push(&format!("<th scope=\"col\">{}{is_base}</th>", escaped(&words::title(column))));
    }
    out.push("</tr></thead><tbody>\n<tr><th scope=\"row\">Who</th>");
    for column in &run.columns {
        out.push(&format!("<td>{}</td>", escaped(&words::who(column))));
    }
    out.push("</tr>\n");
    let columns: Vec<_> = (0..run.columns.len()).map(|column| words::figures(run, base, column)).collect();
    for at in 0..columns.first().map_or(0, Vec::len) {
        out.push(&format!("<tr><th scope=\"row\">{}</th>", columns[0][at].0));
        for figures in &columns {
            out.push(&format!("<td>{}</td>", escaped(&figures[at].1)));
        }
        out.push("</tr>\n");
    }
    out.push("</tbody></table>\n");
}

fn table(out: &mut Page, run: &BenchRun, base: usize) {
    out.push("<h2>Answers</h2>\n<table class=\"answers\"><thead><tr><th scope=\"col\">Prompt</th>");
    for column in &run.columns {
        out.push(&format!("<th scope=\"col\">{}</th>", escaped(&words::title(column))));
    }
    out.push("</tr></thead><tbody>\n");
    for (row, case) in run.set.cases.iter().enumerate() {
        out.push(&format!("<tr><td><pre>{}</pre>", escaped(case.prompt.text())));
        if !case.expected.is_empty() {
            out.push(&format!("<p class=\"weak\">Expected: {}</p>", escaped(&case.expected)));
        }
        out.push("</td>");
        for at in 0..run.columns.len() {
            answer(out, run, row, base, at);
        }
        out.push("</tr>\n");
    }
    out.push("</tbody></table>\n");
}

fn answer(out: &mut Page, run: &BenchRun, row: usize, base: usize, at: usize) {
    let Some(cell) = run.cell(row, at) else {
        out.push("<td class=\"weak\">not asked</td>");
        return;
    };
    let verdict = words::verdict(Some(cell));
    let class = if verdict == "passed" { "good" } else { "bad" };
    let changes = words::changes(words::beside(run, row, base, at));
    out.push(&format!("<td><p><b class=\"{class}\">{verdict}</b>"));
    if !changes.is_empty() {
        out.push(&format!(" <span class=\"changes\">{changes}</span>"));
    }
    out.push(&format!(" <span class=\"weak\">{}</span></p>", facts(cell)));
    let other = (at != base).then(|| run.cell(row, base)).flatten().filter(|base| base.failure.is_none());
    out.push(&format!("<pre>{}</pre>", marked(&cell.answer, other.map(|cell| cell.answer.as_str()))));
    if cell.cut {
        out.push("<p class=\"weak\">Cut here: the answer is longer</p>");
    }
    if let Some(failure) = &cell.failure {
        out.push(&format!("<p class=\"bad\">{}</p>", escaped(failure)));
    }
    for verdict in cell.verdicts.iter().filter(|verdict| !verdict.passed) {
        out.push(&format!("<p class=\"bad\">{}</p>", escaped(&verdict.why)));
    }
    if !cell.note.is_empty() {
        out.push(&format!("<p>{}</p>", escaped(&cell.note)));
    }
    out.push("</td>");
}

/// Time, tokens, tools, and what a person thinks of it.
fn facts(cell: &Cell) -> String {
    let mut facts = vec![format::duration(i64::try_from(cell.total_ms).unwrap_or(i64::MAX))];
    facts.extend(cell.usage.map(|usage| format!("{} tokens", format::count(usage.total as usize))));
    if !cell.calls.is_empty() {
        facts.push(format!("calls {}", cell.tools().join(", ")));
    }
    let mark = words::mark(cell.mark);
    if !mark.is_empty() {
        facts.push(format!("marked {mark}"));
    }
    escaped(&facts.join(" · "))
}

/// An answer with the words marked that the base's does not have, line by line.
fn marked(answer: &str, base: Option<&str>) -> String {
    let Some(base) = base else { return escaped(answer) };
    let mut old = base.lines();
    let lines = answer.lines().map(|line| {
        let old = old.next().unwrap_or_default();
        if old == line {
            return escaped(line);
        }
        let [_, new] = differing_words(old, line);
        if new.is_empty() && old.is_empty() {
            return format!("<mark>{}</mark>", escaped(line));
        }
        with_marks(line, &new)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn with_marks(line: &str, marks: &[Range<u32>]) -> String {
    let mut out = Page::default();
    let mut at = 0;
    for range in marks {
        let (start, end) = (range.start as usize, range.end as usize);
        out.push(&escaped(&line[at..start]));
        out.push(&format!("<mark>{}</mark>", escaped(&line[start..end])));
        at = end;
    }
    out.push(&escaped(&line[at..]));
    out.text()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
