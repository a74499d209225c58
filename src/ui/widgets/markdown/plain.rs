//! Markdown as plain text, for where there is no room for more than words.

use super::blocks::{Block, Body, Span, blocks};

/// The beginning of a text without Markdown's marks: blocks and rows of tables on lines of their own, cells with a dot
/// between them. Some `most` bytes are read of it.
pub fn plain(text: &str, most: usize) -> String {
    let start = &text[..text.floor_char_boundary(most)];
    let lines = blocks(start).into_iter().filter_map(line);
    lines.collect::<Vec<_>>().join("\n")
}

fn line(block: Block) -> Option<String> {
    let words = match block.body {
        Body::Text(spans) | Body::Heading(_, spans) => words(&spans),
        Body::Code { code, .. } => code.trim_end().to_owned(),
        Body::Table(rows) => rows.iter().map(|row| cells(row)).collect::<Vec<_>>().join("\n"),
        Body::Rule => return None,
    };
    Some(match block.marker {
        Some(marker) => format!("{marker} {words}"),
        None => words,
    })
}

fn words(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

fn cells(row: &[Vec<Span>]) -> String {
    let cells: Vec<String> =
        row.iter().map(|cell| words(cell)).filter(|cell| !cell.trim().is_empty()).collect();
    cells.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_left() {
        let text = "## Status\n**OTIF** fell from `95 %` to [93 %](https://x.y):\n\n- late *trucks*\n- ~~rain~~\n\n1. ask\n\n\
                    | Plant | OTIF |\n|---|---:|\n| **Köln** | 91 |\n\n---\n\n```sql\nselect 1 | 2\n```\n";
        let expected = "Status\nOTIF fell from 95 % to 93 %:\n• late trucks\n• rain\n1. ask\nPlant · OTIF\nKöln · 91\nselect 1 | 2";
        assert_eq!(plain(text, 10_000), expected);
    }

    #[test]
    fn what_is_no_markdown_stays_and_long_texts_are_cut_between_characters() {
        assert_eq!(plain("2 * 3 = 6, a|b, snake_case_name", 100), "2 * 3 = 6, a|b, snake_case_name");
        assert_eq!(plain("aä", 2), "a");
        assert_eq!(plain("", 2), "");
    }
}
