//! The first bytes of a file that is no text.

use std::fmt::Write as _;

/// Bytes that are shown.
const SHOWN: usize = 4096;
/// Bytes a line.
const LINE: usize = 16;

/// Offset, bytes and characters, sixteen bytes a line.
pub(super) fn dump(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let mut out = String::with_capacity(shown.len() * 5);
    for (at, line) in shown.chunks(LINE).enumerate() {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            line.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }).collect();
        // Writing to a string cannot fail.
        writeln!(out, "{:06x}  {:47}  {text}", at * LINE, hex.join(" ")).ok();
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn sixteen_bytes_make_a_line() {
        let dump = super::dump(b"MLflow\0 and more of it");
        let lines: Vec<_> = dump.lines().collect();
        assert_eq!(lines[0], "000000  4d 4c 66 6c 6f 77 00 20 61 6e 64 20 6d 6f 72 65  MLflow· and more");
        assert!(lines[1].starts_with("000010  20 6f 66 20 69 74 "));
        assert!(lines[1].ends_with("   of it"));
        assert!(super::dump(&vec![0; 1_000_000]).len() < 30_000);
    }
}
