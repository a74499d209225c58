//! Indents JSON without reading it: digits, order and duplicate keys stay as they are in the file, Python's `NaN`
//! passes, and a file that was cut or is broken is shown as far as it goes.

/// Deeper nesting is not indented further.
const DEEPEST: usize = 64;
/// An indented text may be this many times as long as it was; what comes after is left as it is.
const GROWTH: usize = 8;

/// Indented JSON.
pub fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    let mut depth = 0;
    let mut rest = text.trim_start();
    let longest = text.len().saturating_mul(GROWTH).saturating_add(4096);
    while let Some(c) = rest.chars().next() {
        if out.len() > longest {
            out.push_str(rest);
            break;
        }
        let mut used = c.len_utf8();
        match c {
            '"' => {
                used = string_end(rest);
                out.push_str(&rest[..used]);
            }
            '{' | '[' => {
                let inner = rest[1..].trim_start();
                out.push(c);
                if inner.starts_with(['}', ']']) {
                    out.push_str(&inner[..1]);
                    used = rest.len() - inner.len() + 1;
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        rest = &rest[used..];
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

/// Where the string that begins here ends, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn json_is_indented_and_otherwise_left_alone() {
        let text = r#"{"b":1.10,"a":[1,NaN,{"x":"a,\"{b"}],"e":{},"f":[ ]}"#;
        let wanted = "{\n  \"b\": 1.10,\n  \"a\": [\n    1,\n    NaN,\n    {\n      \"x\": \"a,\\\"{b\"\n    }\n  ],\n  \"e\": {},\n  \"f\": []\n}";
        assert_eq!(indent(text), wanted);
        assert_eq!(indent(wanted), wanted);
    }

    #[test]
    fn broken_json_is_shown_as_far_as_it_goes() {
        assert_eq!(indent("{\"a\": \"cut"), "{\n  \"a\": \"cut");
        assert_eq!(indent("]]}"), "\n]\n]\n}");
        assert_eq!(indent("\"\\"), "\"\\");
        assert_eq!(indent(""), "");
        // A megabyte of brackets must not become gigabytes of blanks.
        assert!(indent(&"[".repeat(100_000)).len() < 1_000_000);
    }
}
